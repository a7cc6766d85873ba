"""Control totals of a batch: what the source states, what we sent, what the target answered.

A source that states sums and a number of lines for each record (a journal header) is held to its word:
a record whose lines say otherwise is not sent. All records of one batch are added up in three places,
and a batch ties when the three agree and nothing of it is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from connectors.http.jsontext import load
from engine.canon.money import spoken
from engine.errors import CaseClass
from engine.issue import Issue
from engine.schema.model import Record
from studio.flows.amounts import amounts_of
from studio.flows.models import Delivery, FlowVersion, InboxItem, Run
from studio.flows.places import first

ZERO = Decimal(0)
CENT = Decimal("0.01")
SIDES = ("debit", "credit")
# States of an item that is not to be posted: it belongs to no total.
ASIDE = ("filtered", "unchanged")


def stated(design: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    """What a source record states about itself, by the design's ``control``; empty without one."""
    plan: Mapping[str, str] = design.get("control", {})
    found = {name: first(dict(data), path) for name, path in plan.items()}
    return {name: str(value) for name, value in found.items() if value not in (None, "")}


def against_control(control: Mapping[str, str], document: Record) -> list[Issue]:
    """Whether a document has the sums and the number of lines that its source states."""
    if not control:
        return []
    lines = document.get("lines")
    count = len(lines) if isinstance(lines, list) else 0
    found: dict[str, Decimal] = {"lines": Decimal(count)}
    for side in SIDES:
        found[side] = Decimal(str(document.get(f"{side}_total") or 0))
    wrong = [
        f"{name} {_said(name, found[name])} instead of {_said(name, Decimal(value))}"
        for name, value in control.items()
        if name in found and found[name] != Decimal(value)
    ]
    if not wrong:
        return []
    return [
        Issue(
            code="control-total",
            path="lines",
            sentence=f"What was read is not what the source states: {', '.join(wrong)}. "
            "Lines may be hidden from the operator; read it again or ask who keeps it.",
            case_class=CaseClass.AMOUNT,
            evidence={"stated": dict(control), "cause": "lines"},
        )
    ]


@dataclass(frozen=True, slots=True)
class Control:
    """Count and both sides of a batch in one place."""

    count: int = 0
    debit: Decimal = ZERO
    credit: Decimal = ZERO

    def plus(self, debit: Decimal, credit: Decimal) -> Control:
        """With one record more."""
        return Control(self.count + 1, self.debit + debit, self.credit + credit)

    def plain(self) -> dict[str, Any]:
        """As a JSON column keeps it."""
        return {k: str(v) if isinstance(v, Decimal) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch in the three places.

    Attributes:
        source: as the source's headers state it.
        ledger: what was sent and confirmed.
        target: what the target says it holds, from its answers.
        left: records that are neither posted nor set aside.
    """

    source: Control
    ledger: Control
    target: Control
    left: int

    @property
    def ties(self) -> bool:
        """Whether all three places agree and nothing is left."""
        return not self.left and self.source == self.ledger == self.target


def _sum(rows: Iterable[tuple[Decimal, Decimal]]) -> Control:
    total = Control()
    for debit, credit in rows:
        total = total.plus(debit.quantize(CENT), credit.quantize(CENT))
    return total


def batch_of(run: Run) -> Batch:
    """Add up one batch."""
    items = list(
        InboxItem.objects.filter(run=run)
        .exclude(state__in=ASIDE)
        .values_list("pk", "control", "amount", "net", "state")
    )
    posts = list(
        Delivery.objects.filter(item__run=run, step="post", state="done").only(
            "entity", "gross", "net", "receipt", "version_id", "item_id"
        )
    )
    posted = {p.item_id for p in posts}
    versions = FlowVersion.objects.in_bulk({p.version_id for p in posts})
    plans = {pk: v.content["design"]["entities"] for pk, v in versions.items()}
    answered = [amounts_of(load(p.receipt), plans[p.version_id][p.entity]) for p in posts]
    return Batch(
        source=_sum(
            (Decimal(c.get("debit", amount)), Decimal(c.get("credit", net)))
            for _, c, amount, net, _ in items
        ),
        ledger=_sum((p.gross, p.net) for p in posts),
        target=_sum((a.gross, a.net) for a in answered),
        left=sum(pk not in posted for pk, *_ in items),
    )


def settle(run: Run) -> Batch:
    """The totals of a batch; kept once it ties, because then nothing of it can change any more."""
    if run.totals:
        kept = {k: _read(run.totals[k]) for k in ("source", "ledger", "target")}
        return Batch(**kept, left=0)
    found = batch_of(run)
    if found.ties and found.source.count:
        places = {k: getattr(found, k).plain() for k in ("source", "ledger", "target")}
        Run.objects.filter(pk=run.pk).update(totals=places, tied_at=timezone.now())
    return found


def _read(plain: Mapping[str, Any]) -> Control:
    return Control(int(plain["count"]), Decimal(plain["debit"]), Decimal(plain["credit"]))


def _said(name: str, value: Decimal) -> str:
    """A number of lines is no amount."""
    return f"{value:f}" if name == "lines" else spoken(value)
