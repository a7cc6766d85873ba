"""Reading what is open: asked for by people or by the clock, carried out by a worker, kept as rows."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from engine.errors import RemoteFault, StudioError
from studio.accounts.models import Workspace, machine
from studio.accounts.roles import TIE_OUT
from studio.catalog.models import Connection
from studio.catalog.wiring import PATIENCE_APART, opened
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.flows.ledger import lease
from studio.flows.models import Flow
from studio.tieout.actions import RED
from studio.tieout.balances.cash import read_cash
from studio.tieout.balances.ledger import known, pairs_of
from studio.tieout.balances.pairing import Line, Pairing, Party, joined
from studio.tieout.balances.sides import read_side
from studio.tieout.models import (
    Balance,
    CashBalance,
    OpenDifference,
    OpenDocument,
    PartyBalance,
    Reading,
)

log = logging.getLogger(__name__)
# What somebody must put right or answer for, besides what a tie-out calls so.
TO_ANSWER = RED | {"other_party", "settled_at_source", "settled_at_target"}
# Readings of a pair that are kept with every document; sums of older ones are not worth their rows.
KEPT = 10
# Older than this, the clock asks for a new one; sooner where the last could not be carried out.
FRESH, AGAIN = timedelta(hours=24), timedelta(hours=1)
OPEN_STATES = ("waiting", "reading")
ZERO = Decimal(0)


def pairs(workspace: Workspace) -> list[tuple[Connection, Connection]]:
    """Companies whose open balances can be compared: those between which flows make documents."""
    found = pairs_of(Flow.between.filter(workspace=workspace))
    companies = Connection.objects.in_bulk({pk for pair in found for pk in pair})
    return [(companies[source], companies[target]) for source, target in sorted(found)]


def ask(actor: Actor, workspace: Workspace) -> list[Reading]:
    """Have the balances of every pair of companies read; one that is being read is not asked twice.

    Raises:
        DecisionRefused: no flow makes documents yet, so there is nothing to compare.
    """
    actor.require(TIE_OUT)
    between = pairs(workspace)
    if not between:
        raise DecisionRefused(
            "No flow posts invoices, credit notes or bills yet, so there is nothing to compare.",
            "Publish a flow first.",
        )
    with acting(actor, TIE_OUT, "balances.asked", f"workspace:{workspace.uuid}") as line:
        made = [_asked(actor, workspace, pair) for pair in between]
        line.data = {"pairs": len(made)}
    return made


def _asked(actor: Actor, workspace: Workspace, pair: tuple[Connection, Connection]) -> Reading:
    reading, _ = Reading.objects.get_or_create(
        source=pair[0],
        target=pair[1],
        state__in=OPEN_STATES,
        defaults={"workspace": workspace, "asked_by": actor.name, "state": "waiting"},
    )
    nudge("tieout.read_balances", reading.pk)
    return reading


def due() -> int:
    """Wake what waits or was left behind, and ask anew where the last look is a day old or failed."""
    now = timezone.now()
    left = Q(state="waiting") | Q(state="reading", lease_until__lt=now)
    for pk in Reading.objects.filter(left).values_list("pk", flat=True):
        nudge("tieout.read_balances", pk)
    recent = (Q(created_at__gt=now - FRESH) & ~Q(state="failed")) | Q(created_at__gt=now - AGAIN)
    count = 0
    for workspace in Workspace.objects.all():
        seen = Reading.objects.filter(recent, workspace=workspace)
        fresh = set(seen.values_list("source_id", "target_id"))
        for pair in pairs(workspace):
            if (pair[0].pk, pair[1].pk) not in fresh:
                _asked(machine(workspace, "the clock", TIE_OUT), workspace, pair)
                count += 1
    return count


def claim(pk: int) -> Reading | None:
    """Take a reading for this worker; one whose worker died is begun again."""
    now = timezone.now()
    free = Q(state="waiting") | Q(state="reading", lease_until__lt=now)
    mine = Reading.objects.filter(free, pk=pk)
    if not mine.update(state="reading", lease_until=now + lease()):
        return None
    return Reading.objects.select_related("workspace", "source", "target").get(pk=pk)


def read(reading: Reading) -> Reading:
    """Carry out a claimed reading. What was read before stays in force where it fails."""
    try:
        lines = {area: _lines(reading, area) for area in _areas(reading)}
        accounts = read_cash(reading)
        with transaction.atomic():
            for area, found in lines.items():
                _store(reading, area, found)
            CashBalance.objects.bulk_create(accounts)
            _end(reading, "ready", "")
            _forget(reading)
    except StudioError as error:
        _end(reading, "failed", f"{_said(reading, error)} Read again when the system answers.")
    except Exception as error:
        log.exception("reading %s", reading.uuid)
        _end(reading, "failed", f"The studio met a fault of its own ({type(error).__name__}).")
    return reading


def _said(reading: Reading, error: StudioError) -> str:
    """The sentence of a fault, with the company's name instead of the vendor's."""
    if isinstance(error, RemoteFault):
        names = {c.system: c.name for c in (reading.source, reading.target)}
        error.system = names.get(error.system, error.system)
    return str(error)


def _end(reading: Reading, state: str, error: str) -> None:
    reading.state, reading.error, reading.lease_until = state, error, None
    reading.read_at = timezone.now()
    reading.save()


def _areas(reading: Reading) -> list[str]:
    flows = Flow.objects.filter(source=reading.source, target=reading.target)
    return sorted(pairs_of(flows).get((reading.source_id, reading.target_id), ()))


def _lines(reading: Reading, area: str) -> list[Line]:
    """Read both companies; the ledger last, so that nothing posted meanwhile is missing in it."""
    source, target = reading.source, reading.target

    def alive() -> None:
        Reading.objects.filter(pk=reading.pk).update(lease_until=timezone.now() + lease())

    with opened(source, patience=PATIENCE_APART) as here:
        ours = read_side(here, source.system, area, alive)
    with opened(target, patience=PATIENCE_APART) as there:
        theirs = read_side(there, target.system, area, alive)
    return Pairing(source, target, known(source, target, area)).lines(ours, theirs)


# --- rows -------------------------------------------------------------------------------------------


def _store(reading: Reading, area: str, lines: Sequence[Line]) -> None:
    currencies: dict[str, list[tuple[Party, list[Line]]]] = defaultdict(list)
    for party, currency, group in joined(lines):
        currencies[currency].append((party, group))
    if not currencies:
        currencies[reading.source.currency] = []
    for currency, parties in currencies.items():
        every = [line for _, group in parties for line in group]
        balance = Balance.objects.create(
            reading=reading,
            area=area,
            currency=currency,
            source_open=_sum(line.here for line in every),
            target_open=_sum(line.there for line in every),
            source_unapplied=_sum(
                -(line.here or ZERO) for line in every if _on_account(line, here=True)
            ),
            target_unapplied=_sum(
                -(line.there or ZERO) for line in every if _on_account(line, here=False)
            ),
            unexplained=_sum(abs(line.residual.unexplained) for line in every),
            named=_named(every),
            green=_green(every),
        )
        for party, group in parties:
            _store_party(balance, party, group)


def _on_account(line: Line, *, here: bool) -> bool:
    """Money that pays no document: receipts left it over at the source, payments hold it at the target."""
    if here:
        one = line.source
        return (
            one is not None and one.kind == "credit_note" and not one.record and bool(one.receipts)
        )
    return line.target is not None and line.target.kind == "money"


def _store_party(balance: Balance, party: Party, lines: Sequence[Line]) -> None:
    row = PartyBalance.objects.create(
        balance=balance,
        label=party.label[:200],
        source_code=party.code[:200],
        target_key=party.key,
        source_open=_sum(line.here for line in lines),
        target_open=_sum(line.there for line in lines),
        documents=len(lines),
        apart=sum(bool(line.residual.differences) for line in lines),
        green=_green(lines),
    )
    documents = OpenDocument.objects.bulk_create(
        OpenDocument(
            party=row,
            kind="money" if _on_account(line, here=True) else line.kind,
            source_number=line.source.number if line.source else "",
            target_number=line.target.number if line.target else "",
            target_key=line.target.key if line.target else "",
            on=line.on,
            source_open=line.here,
            target_open=line.there,
            on_account=_on_account(line, here=True) or _on_account(line, here=False),
            subject=line.subject,
        )
        for line in lines
    )
    OpenDifference.objects.bulk_create(
        OpenDifference(
            document=document,
            kind=str(one.name),
            record_key=one.key,
            subject=line.subject_of(one),
            amount=one.amount,
        )
        for document, line in zip(documents, lines, strict=True)
        for one in line.residual.differences
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((a for a in amounts if a is not None), ZERO)


def _named(lines: Iterable[Line]) -> dict[str, str]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        for one in line.residual.differences:
            sums[str(one.name)] += one.amount
    return {name: str(amount) for name, amount in sorted(sums.items())}


def _green(lines: Iterable[Line]) -> bool:
    differences = (one for line in lines for one in line.residual.differences)
    return not any(str(one.name) in TO_ANSWER for one in differences)


def _forget(reading: Reading) -> None:
    """Only the last readings of a pair are kept, and of those that failed only the last."""
    mine = Reading.objects.filter(source=reading.source, target=reading.target)
    old = mine.filter(state="ready").order_by("-pk").values_list("pk", flat=True)[KEPT:]
    Reading.objects.filter(pk__in=list(old)).delete()
    mine.filter(state="failed", pk__lt=reading.pk).delete()
