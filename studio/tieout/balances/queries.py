"""Reads of open balances: the last look at each pair of companies, and sums for the home page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from studio.accounts.models import Workspace
from studio.tieout.balances.actions import OPEN_STATES
from studio.tieout.models import AREAS, Balance, CashBalance, Reading


@dataclass(slots=True)
class Look:
    """Two companies: what was read last, and what is being read or went wrong since.

    Attributes:
        reading: the last that was carried out; None before the first.
        balances: of that reading.
        waiting: one that is under way.
        failed: the last one, where it could not be carried out.
    """

    reading: Reading | None = None
    balances: list[Balance] = field(default_factory=list)
    waiting: Reading | None = None
    failed: Reading | None = None

    @property
    def any(self) -> Reading | None:
        """Any of its readings, for the names of the companies."""
        return self.reading or self.waiting or self.failed


def looks(workspace: Workspace) -> list[Look]:
    """The last look at every pair of companies; two queries."""
    found: dict[tuple[int, int], Look] = {}
    readings = Reading.objects.filter(workspace=workspace).select_related("source", "target")
    for one in readings.order_by("-pk"):
        look = found.setdefault((one.source_id, one.target_id), Look())
        if one.state in OPEN_STATES:
            look.waiting = look.waiting or one
        elif one.state == "ready":
            look.reading = look.reading or one
        elif look.reading is None:
            look.failed = look.failed or one
    last = {look.reading.pk: look for look in found.values() if look.reading}
    for balance in Balance.objects.filter(reading__in=last):
        look = last[balance.reading_id]
        look.balances.append(balance)
    for look in last.values():
        look.balances = in_order(look.balances, look.reading)
    return sorted(found.values(), key=lambda look: str(look.any.source) if look.any else "")


def in_order(balances: Iterable[Balance], reading: Reading | None) -> list[Balance]:
    """Receivables before payables, the company's own currency before the others."""
    own = reading.source.currency if reading else ""
    areas = [area for area, _label in AREAS]
    return sorted(balances, key=lambda b: (areas.index(b.area), b.currency != own, b.currency))


def cash_rows(seen: Iterable[Look]) -> list[CashBalance]:
    """Bank accounts of the last looks; one query."""
    last = [look.reading for look in seen if look.reading]
    rows = CashBalance.objects.filter(reading__in=last)
    return list(rows.select_related("reading__source", "reading__target"))


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount in a currency, in the books and at the source."""

    currency: str
    target: Decimal
    source: Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """What customers owe and what they paid without saying for what, over all books.

    Attributes:
        receivable: by currency, the workspace's own first; without those in which nothing is open.
        unapplied: likewise.
        read_at: when the oldest of the figures was read; None before the first look.
        waiting: a look is under way.
        failed: why the last look of a pair did not succeed; empty where it did.
        green: every difference has a name that nobody has to answer for.
    """

    receivable: tuple[Sum, ...] = ()
    unapplied: tuple[Sum, ...] = ()
    read_at: datetime | None = None
    waiting: bool = False
    failed: str = ""
    green: bool = True


def money(workspace: Workspace) -> Money:
    """The figures of the home page, from the last looks; two queries."""
    seen = looks(workspace)
    owed: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    spare: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    counted = [b for look in seen for b in look.balances if b.area == "receivable"]
    for one in counted:
        for sums, target, source in (
            (owed, one.target_open, one.source_open),
            (spare, one.target_unapplied, one.source_unapplied),
        ):
            sums[one.currency][0] += target
            sums[one.currency][1] += source
    moments = [look.reading.read_at for look in seen if look.reading and look.reading.read_at]
    return Money(
        receivable=_sums(owed, workspace.base_currency),
        unapplied=_sums(spare, workspace.base_currency),
        read_at=min(moments, default=None),
        waiting=any(look.waiting for look in seen),
        failed=next((look.failed.error for look in seen if look.failed), ""),
        green=all(one.green for one in counted),
    )


def _sums(found: dict[str, list[Decimal]], own: str) -> tuple[Sum, ...]:
    rows = [Sum(currency, *amounts) for currency, amounts in found.items() if any(amounts)]
    return tuple(sorted(rows, key=lambda s: (s.currency != own, -abs(s.target), s.currency)))
