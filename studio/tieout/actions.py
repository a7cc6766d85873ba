"""Running a tie-out: read both sides live, put our ledger between, name every cent."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.http.jsontext import load
from engine.canon.totals import Sums, complete, sums_of
from engine.ports import Connector, SourceRecord
from engine.runtime.residual import Difference as Named
from engine.runtime.residual import Name, Position, Residual, compare
from studio.accounts.roles import TIE_OUT
from studio.catalog.wiring import PATIENCE_APART, opened
from studio.core.action import Actor, acting
from studio.flows.amounts import amount_at, amounts_of
from studio.flows.bundle import Bundle, Sides, bundle_of, context_of
from studio.flows.comparing import is_comparing
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.places import first
from studio.flows.poll import HISTORY
from studio.flows.rehearsal.caution import BRANCHES
from studio.flows.reversal import ENDED
from studio.flows.reversal import STEPS as TAKE_BACK
from studio.flows.splitting import Answer, answers_to
from studio.flows.steps import Surroundings, walk
from studio.tieout.aside import BEFORE, Aside, told
from studio.tieout.models import Difference, TieOut

PAGE = 200
MEASURES = ("gross", "net", "tax")
# Differences that somebody must put right or answer for: the books are not what the source says.
RED = {
    "lost", "duplicate", "changed_at_target", "deleted_at_target", "posted_otherwise", "tax_apart",
}  # fmt: skip
IN_FLIGHT = ("new", "working", "waiting", "done")


@dataclass(slots=True)
class Row:
    """One business document in the three places, with all measures, each place with its own day."""

    key: str
    currency: str = ""
    on: date | None = None
    source: dict[str, Decimal] | None = None
    sent: dict[str, Decimal] | None = None
    sent_on: date | None = None
    targets: list[dict[str, Decimal]] = field(default_factory=list)
    targets_on: list[date | None] = field(default_factory=list)
    state: str = ""
    subject: str = ""
    lines: int = 1
    asked: dict[str, Decimal] | None = None
    left_out: bool = False
    record: str = ""


def every(connector: Connector, entity: str) -> Iterator[SourceRecord]:
    """All records of an entity, page by page."""
    cursor = ""
    while True:
        page = connector.changes(entity, cursor=cursor, limit=PAGE)
        yield from page.records
        if not page.more:
            return
        cursor = page.cursor


@dataclass(slots=True)
class Gathered:
    """Both sides of a flow with our ledger between them, and what the flow leaves out of the source."""

    rows: list[Row]
    asides: list[Aside]
    design: dict[str, Any]


def gather(flow: Flow) -> Gathered:
    """Read source and target live and lay our ledger between them."""
    version = flow.versions.filter(state="published").first()
    if version is None:
        raise ValidationError(_("Publish the flow before it can be tied out."))
    if is_comparing(version.content["design"]):
        raise ValidationError(_("This flow compares quantities: see the stock levels."))
    bundle = bundle_of(version)
    rows: dict[str, Row] = {}
    reader = Reader(bundle, context_of(flow))
    with opened(flow.source, patience=PATIENCE_APART) as source:
        names, asides = _from_source(flow, reader, source, rows)
    keys = _from_ledger(flow, rows, names)
    _as_posted(flow, reader, rows, asides.keys())
    with opened(flow.target, patience=PATIENCE_APART) as target:
        _from_target(bundle, target, rows, keys)
    # What is posted all the same is a difference with a name.
    left = [one for key, one in asides.items() if key not in rows]
    return Gathered(list(rows.values()), left, bundle.design)


class Reader:
    """What a source record says, by the version in force."""

    def __init__(self, bundle: Bundle, sides: Sides) -> None:
        self._bundle, self._sides = bundle, sides
        self._around = Surroundings(sides.inbound, sides.outbound)
        self.entity = str(bundle.design["trigger"]["entity"])

    def read(self, key: str, data: dict[str, Any]) -> tuple[str, Row | Aside]:
        """Business key of a record, and its row, or what it is where the flow does not want the record."""
        bundle, inbound = self._bundle, self._sides.inbound
        read = complete(dict(bundle.inbound.apply(data, inbound).record), bundle.document)
        walked = walk(bundle.document, bundle.steps, read, self._around)
        document = walked.document
        route = bundle.route.apply(document, inbound).record
        name = str(route.get("business_key") or key)
        lines, sums = document.get("lines"), sums_of(document, bundle.document)
        currency, on = str(document.get("currency") or ""), _day(document.get("date"))
        if walked.stopped or not route.get("entity"):
            code = walked.log[-1].step if walked.stopped else BRANCHES
            return name, Aside(name, currency, on, sums.gross, code)
        return name, Row(
            key=name,
            currency=currency,
            on=on,
            source={"net": sums.net, "tax": sums.tax, "gross": sums.gross},
            lines=len(lines) if isinstance(lines, list) and lines else 1,
        )


def _day(said: Any) -> date | None:
    """The day of a date or moment in ISO form; None where it is none."""
    try:
        return date.fromisoformat(str(said or "")[:10])
    except ValueError:
        return None


def _from_source(
    flow: Flow, reader: Reader, source: Connector, rows: dict[str, Row]
) -> tuple[dict[str, str], dict[str, Aside]]:
    """Fill in what the source has; returns record key -> business key, and what the flow leaves out."""
    names: dict[str, str] = {}
    asides: dict[str, Aside] = {}
    history = _history(flow)
    # The newest version of a record counts; a poll may return it more than once.
    for record in every(source, reader.entity):
        key, row = reader.read(record.key, dict(record.data))
        asides.pop(key, None)
        if record.key in history:
            if not record.deleted:
                asides[key] = _before(row)
            continue
        names[record.key] = key
        rows.pop(key, None)
        if record.deleted:
            continue
        if isinstance(row, Aside):
            asides[key] = row
        else:
            rows[key] = row
    return names, asides


def _before(row: Row | Aside) -> Aside:
    """A document from before the flow began, unless its filter leaves it out anyway."""
    if isinstance(row, Aside):
        return row
    gross = row.source["gross"] if row.source else Decimal(0)
    return Aside(row.key, row.currency, row.on, gross, BEFORE)


def _as_posted(flow: Flow, reader: Reader, rows: dict[str, Row], excluded: Collection[str]) -> None:
    """Where source and ledger differ: what the record said when it was posted, by the version in force.

    Only that tells apart what changed at the source, what came out otherwise when it was posted, and
    what nothing happened to but a newer filter leaves out.
    """
    apart = [r.key for r in rows.values() if r.sent is not None and r.source != r.sent]
    posts = Delivery.objects.filter(flow=flow, step="post", state="done").select_related("item")
    for start in range(0, len(apart), PAGE):
        for delivery in posts.filter(business_key__in=apart[start : start + PAGE]):
            row = rows[delivery.business_key]
            _, then = reader.read(delivery.item.key, load(delivery.item.payload)["data"])
            row.asked = then.source if isinstance(then, Row) else None
            row.left_out = isinstance(then, Aside) and row.key in excluded


def _history(flow: Flow) -> set[str]:
    """Records that were there before the flow began and that nobody sent through since."""
    newest: dict[str, str] = {}
    for item in InboxItem.objects.filter(flow=flow).order_by("pk").only("key", "state", "why"):
        newest[item.key] = f"{item.state}:{item.why}"
    return {key for key, said in newest.items() if said == f"filtered:{HISTORY}"}


def _from_ledger(
    flow: Flow, rows: dict[str, Row], names: dict[str, str]
) -> dict[tuple[str, str], str]:
    """Lay deliveries and parked items into the rows; returns (entity, target key) -> business key."""
    keys: dict[tuple[str, str], str] = {}
    items = InboxItem.objects.filter(flow=flow).order_by("pk")
    for item in items.iterator():
        row = rows.get(names.get(item.key) or _item_key(item))
        if row is None or item.state in ("unchanged", "filtered"):
            continue
        row.subject = f"inbox:{item.uuid}"
        row.state = {"parked": "case", "void": "void"}.get(item.state, "in_flight")
    posts = Delivery.objects.filter(flow=flow, step="post").exclude(state__in=ENDED)
    for delivery in posts.select_related("item").iterator():
        row = rows.setdefault(
            delivery.business_key, Row(key=delivery.business_key, currency=delivery.currency)
        )
        row.subject = f"delivery:{delivery.uuid}"
        row.on = row.on or delivery.document_on
        if delivery.state == "done":
            row.state = "posted"
            row.sent = {"net": delivery.net, "tax": delivery.tax, "gross": delivery.gross}
            row.currency = row.currency or delivery.currency
            row.sent_on = delivery.document_on
            row.record = f"inbox:{delivery.item.uuid}"
            keys[(delivery.entity, delivery.target_key)] = delivery.business_key
        else:
            row.state = "case" if delivery.state == "parked" else "in_flight"
    ending = Delivery.objects.filter(flow=flow, step__in=TAKE_BACK).exclude(
        state__in=("done", *ENDED)
    )
    for key, state in ending.values_list("business_key", "state"):
        # Posted, gone at the source, and not taken back yet.
        if key in rows:
            rows[key].state = "case" if state == "parked" else "in_flight"
    return keys


def _item_key(item: InboxItem) -> str:
    return str(item.canonical.get("order_number") or item.canonical.get("number") or item.key)


def _from_target(
    bundle: Bundle, target: Connector, rows: dict[str, Row], keys: dict[tuple[str, str], str]
) -> None:
    references = _references(bundle.version.flow_id, rows)
    for entity, plan in bundle.design["entities"].items():
        newest: dict[str, SourceRecord] = {r.key: r for r in every(target, entity)}
        for parts in _documents(list(newest.values()), plan):
            data: dict[str, Any] = dict(parts[0].data)
            # A document of several records is known by its reference alone.
            known = None if plan.get("sum") else keys.get((entity, parts[0].key))
            known = known or references.get(str(first(data, plan["reference"]) or ""))
            if known is None or parts[0].deleted:
                # Other people's documents are none of ours; a deleted one is no longer there.
                continue
            each = [_amounts(part, plan) for part in parts]
            gross, tax = (sum((getattr(s, n) for s in each), Decimal(0)) for n in ("gross", "tax"))
            net = sum((s.net for s in each), Decimal(0))
            rows[known].targets.append({"gross": gross, "tax": tax, "net": net})
            rows[known].targets_on.append(_day(first(data, str(plan.get("date") or ""))))


def _documents(records: list[SourceRecord], plan: dict[str, Any]) -> list[list[SourceRecord]]:
    """Records that make one document: each by itself, or (``sum``) all of one reference."""
    if not plan.get("sum"):
        return [[record] for record in records]
    together: dict[str, list[SourceRecord]] = defaultdict(list)
    only: dict[str, str] = plan.get("only", {})
    for record in records:
        data: dict[str, Any] = dict(record.data)
        if all(str(first(data, path) or "") == value for path, value in only.items()):
            together[str(first(data, plan["reference"]) or "")].append(record)
    return list(together.values())


def _amounts(record: SourceRecord, plan: dict[str, Any]) -> Sums:
    """The amounts of one record: a discount is settled but was not paid; a receipt counts negative."""
    data: dict[str, Any] = dict(record.data)
    if "tax" in plan or "net" in plan:
        return amounts_of(data, plan)
    gross = amount_at(data, plan["gross"]) or Decimal(0)
    if plan.get("discount"):
        gross -= amount_at(data, plan["discount"]) or Decimal(0)
    gross = -gross if plan.get("negate") else gross
    return Sums(gross, gross, Decimal(0))


def _references(flow_id: int, rows: dict[str, Row]) -> dict[str, str]:
    """Reference at the target -> business key; a copy made behind our back carries it too."""
    found = {row.key: row.key for row in rows.values()}
    posts = Delivery.objects.filter(flow_id=flow_id, step="post")
    for reference in posts.filter(state="reversed").values_list("reference", flat=True):
        # It was taken back: it and its opposite make nothing together.
        found.pop(reference, None)
    found.update(posts.filter(state="done").values_list("reference", "business_key"))
    return found


@dataclass(frozen=True, slots=True)
class Period:
    """The days that are compared; a document without a day belongs to every period."""

    since: date | None = None
    until: date | None = None

    def holds(self, day: date | None) -> bool:
        """Whether a day is one of the period's."""
        return day is None or (
            (self.since is None or day >= self.since) and (self.until is None or day <= self.until)
        )

    def source(self, row: Row) -> bool:
        """Whether the source dates a document in it."""
        return self.holds(row.on)

    def sent(self, row: Row) -> bool:
        """Whether it was sent with a day of it."""
        return self.holds(row.sent_on or row.on)

    def targets(self, row: Row) -> tuple[bool, ...]:
        """The same of each of the target's documents; one that says no day has the one it was sent with."""
        return tuple(self.holds(day or row.sent_on or row.on) for day in row.targets_on)

    def touches(self, row: Row) -> bool:
        """Whether any place has the document in it."""
        return self.source(row) or any(self.targets(row)) or (bool(row.sent) and self.sent(row))


def _position(row: Row, measure: str, period: Period) -> Position:
    return Position(
        key=row.key,
        source=row.source[measure] if row.source else None,
        sent=row.sent[measure] if row.sent else None,
        targets=tuple(t[measure] for t in row.targets),
        state=row.state,
        source_here=period.source(row),
        sent_here=period.sent(row),
        targets_here=period.targets(row),
        tolerance=Decimal("0.01") * max(row.lines, 1),
        asked=row.asked[measure] if row.asked else None,
        left_out=row.left_out,
    )


def run_tieout(
    actor: Actor, flow: Flow, *, since: date | None = None, until: date | None = None
) -> list[TieOut]:
    """Compare source, ledger and target for a flow; one result per currency, in the order of ``lead``.

    Each place counts what it dates in the period itself: a document that the books have in another month is
    named in both months.

    Args:
        actor: who asks.
        flow: with a published version.
        since: first document date, or None for all.
        until: last document date, or None for all.

    Raises:
        ValidationError: the last day is before the first.
    """
    actor.require(TIE_OUT)
    if since and until and since > until:
        raise ValidationError({"until": _("The last day is before the first.")})
    period = Period(since, until)
    gathered = gather(flow)
    rows = [r for r in gathered.rows if period.touches(r)]
    currencies: dict[str, list[Row]] = defaultdict(list)
    asides: dict[str, list[Aside]] = defaultdict(list)
    for row in rows:
        # A document that names no currency is in the company's own.
        currencies[row.currency or flow.source.currency].append(row)
    for one in gathered.asides:
        if period.holds(one.on):
            asides[one.currency or flow.source.currency].append(one)
    left = {currency: told(some, gathered.design) for currency, some in asides.items()}
    with acting(actor, TIE_OUT, "tieout.run", f"flow:{flow.uuid}") as line:
        found = [
            _store(flow, c, currencies[c], period, left.get(c, []))
            for c in dict.fromkeys([*currencies, *left])
        ]
        TieOut.objects.filter(pk__in=[t.pk for t in found]).update(run=uuid.uuid4())
        line.data = {
            "flow": flow.name,
            "green": all(t.green for t in found),
            "since": str(since or ""),
            "until": str(until or ""),
        }
        _confirm(flow, rows)
    return sorted(found, key=lead)


def lead(tie: TieOut) -> tuple[bool, bool, str]:
    """The order of the currencies of a flow: what is red, the company's own, the others by name."""
    return tie.green, tie.currency != tie.flow.source.currency, tie.currency


def _confirm(flow: Flow, rows: list[Row]) -> None:
    """Documents read back with the amount that the record has are confirmed.

    The ledger keeps what the target took, which may be another amount than the record's: a document
    that came out otherwise was read back, but it is not equal.
    """
    seen = [
        r.key for r in rows if r.sent and r.targets and r.targets[0]["gross"] == r.sent["gross"]
    ]
    posts = Delivery.objects.filter(flow=flow, step="post", state="done", business_key__in=seen)
    posts.filter(confirmed_at__isnull=True, item__amount=F("gross")).update(
        confirmed_at=timezone.now()
    )


def _store(
    flow: Flow, currency: str, rows: list[Row], period: Period, aside: list[dict[str, Any]]
) -> TieOut:
    results: dict[str, Residual] = {
        m: compare(_position(r, m, period) for r in rows) for m in MEASURES
    }
    gross = results["gross"]
    totals: dict[str, Any] = {
        place: {m: str(getattr(results[m], place)) for m in MEASURES}
        for place in ("source", "ledger", "target")
    }
    totals["source"]["count"] = sum(r.source is not None and period.source(r) for r in rows)
    totals["ledger"]["count"] = sum(r.sent is not None and period.sent(r) for r in rows)
    totals["target"]["count"] = sum(sum(period.targets(r)) for r in rows)
    totals["aside"] = aside
    by_key = {r.key: r for r in rows}
    otherwise = [d for d in gross.differences if d.name is Name.POSTED_OTHERWISE]
    answers = answers_to(by_key[d.key].record for d in otherwise)
    answered = {
        d.key: answer
        for d in otherwise
        if (answer := answers.get(by_key[d.key].record)) and answer.covers(d.amount)
    }
    red = [
        d
        for d in gross.differences
        if str(d.name) in RED and not (d.name is Name.POSTED_OTHERWISE and d.key in answered)
    ]
    taxes = _tax_apart(results)
    with transaction.atomic():
        tie = TieOut.objects.create(
            flow=flow,
            period_from=period.since,
            period_to=period.until,
            currency=currency,
            totals=totals,
            residual=gross.residual,
            unexplained=gross.lost,
            green=not red and not any(kind in RED for kind, *_ in taxes),
        )
        Difference.objects.bulk_create(
            Difference(
                tieout=tie,
                kind=str(d.name),
                label=f"{d.key}",
                record_key=d.key,
                subject=by_key[d.key].subject,
                amount=amount,
                detail=detail,
            )
            for d in gross.differences
            for amount, detail in _named(d, by_key[d.key], answered)
        )
        Difference.objects.bulk_create(
            Difference(
                tieout=tie,
                kind=kind,
                label=key,
                record_key=key,
                subject=by_key[key].subject,
                detail={"tax": str(tax)},
            )
            for kind, key, tax in taxes
        )
    return tie


def _tax_apart(results: Mapping[str, Residual]) -> list[tuple[str, str, Decimal]]:
    """Documents with the same gross amount on both sides of which the tax differs: kind, key, source less target.

    They move nothing of the difference, but do not tie; what is rounded lawfully stays rounding.
    """
    told = {d.key for d in results["gross"].differences}
    found: dict[str, Decimal] = defaultdict(Decimal)
    rounded: dict[str, bool] = defaultdict(lambda: True)
    for one in results["tax"].differences:
        if one.key not in told:
            found[one.key] += one.amount
            rounded[one.key] &= one.name is Name.ROUNDING
    return [
        ("rounding" if rounded[key] else "tax_apart", key, tax)
        for key, tax in found.items()
        if tax != 0
    ]


def _named(
    difference: Named, row: Row, answered: Mapping[str, Answer]
) -> list[tuple[Decimal, dict[str, str]]]:
    """A difference as it is written down: whole, or in the parts somebody answered for."""
    if difference.name is Name.MOVED_PERIOD:
        here, there = row.on, row.targets_on[0] or row.sent_on
        days = (
            {"source_on": here.isoformat(), "target_on": there.isoformat()}
            if here and there
            else {}
        )
        return [(difference.amount, days)]
    answer = answered.get(difference.key) if difference.name is Name.POSTED_OTHERWISE else None
    if answer is None:
        return [(difference.amount, {})]
    return [
        (part.amount, {"by": answer.by, "reason": part.reason})
        for part in answer.of(difference.amount)
    ]
