"""Proof that two sides tie: named differences that add up to the residual to the cent.

For each business document there are at most three amounts: in the source, in our ledger and read
back from the target. The residual is source minus target; every document that contributes to it
gets exactly one name, and what is left without a name is ``unexplained`` (the page is red then).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal("0.00")


class Name(StrEnum):
    """Why a document contributes to the residual."""

    CASE = "case"
    IN_FLIGHT = "in_flight"
    ROUNDING = "rounding"
    MOVED_PERIOD = "moved_period"
    CHANGED_AT_TARGET = "changed_at_target"
    DELETED_AT_TARGET = "deleted_at_target"
    CHANGED_AT_SOURCE = "changed_at_source"
    POSTED_OTHERWISE = "posted_otherwise"
    LEFT_OUT = "left_out"
    DUPLICATE = "duplicate"
    NOT_OURS = "not_ours"
    CLOSED_WITHOUT_POSTING = "closed_without_posting"
    # Of what is still open of a document (see ``balances``).
    BEFORE_START = "before_start"
    OUT_OF_SCOPE = "out_of_scope"
    UNLINKED_PARTY = "unlinked_party"
    OTHER_PARTY = "other_party"
    DRAFT_AT_TARGET = "draft_at_target"
    PAYMENT_CASE = "payment_case"
    PAYMENT_IN_FLIGHT = "payment_in_flight"
    SETTLED_AT_SOURCE = "settled_at_source"
    SETTLED_AT_TARGET = "settled_at_target"
    CREDIT_UNAPPLIED = "credit_unapplied"
    RECEIPT_UNAPPLIED = "receipt_unapplied"
    OUTSIDE_FLOWS = "outside_flows"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Position:
    """One business document in the three places; None means that the place does not have it.

    Attributes:
        key: business key, e.g. the order number.
        source: amount in the source.
        sent: amount our ledger says we sent and the target confirmed.
        asked: amount of the source record that the posting was made of; None where that is not known.
        targets: amounts of all documents at the target that carry this key.
        state: ``posted``, ``case``, ``in_flight``, ``void`` or empty when the ledger has no row.
        source_here: the source dates it in the period that is compared.
        sent_here: we sent it with a day of that period.
        targets_here: the same of each amount in ``targets``; None where no period is compared.
        tolerance: greatest lawful rounding difference between source and sent.
        left_out: the record is at the source as it was posted, but the filter in force excludes it.
        reason: why the amounts differ, where that is known beforehand.
    """

    key: str
    source: Decimal | None
    sent: Decimal | None
    targets: tuple[Decimal, ...] = ()
    state: str = ""
    source_here: bool = True
    sent_here: bool = True
    targets_here: tuple[bool, ...] | None = None
    tolerance: Decimal = ZERO
    asked: Decimal | None = None
    left_out: bool = False
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A named part of the residual."""

    key: str
    name: Name
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Residual:
    """The whole comparison of one measure in one currency."""

    source: Decimal
    ledger: Decimal
    target: Decimal
    differences: tuple[Difference, ...]

    @property
    def residual(self) -> Decimal:
        """Source minus target."""
        return self.source - self.target

    @property
    def unexplained(self) -> Decimal:
        """The part of the residual without a lawful name: LOST counts as unexplained."""
        named = sum((d.amount for d in self.differences if d.name is not Name.LOST), ZERO)
        return self.residual - named

    @property
    def lost(self) -> Decimal:
        """How much has no lawful name, by volume: an invoice and a credit note do not excuse each other."""
        return sum((abs(d.amount) for d in self.differences if d.name is Name.LOST), ZERO)


def _explain(one: Position) -> list[Difference]:
    """The parts that one document contributes; they add up to source minus all its targets, in the period."""
    if one.reason is not None:
        source = one.source if one.source is not None else ZERO
        return [Difference(one.key, one.reason, source - sum(one.targets, ZERO))]
    here = one.targets_here or (True,) * len(one.targets)
    copies = list(zip(one.targets, here, strict=True))[1:]
    found = [Difference(one.key, Name.DUPLICATE, -amount) for amount, in_it in copies if in_it]
    target = one.targets[0] if one.targets else None
    target_here = target is not None and here[0]
    if one.source is None:
        return found + (_without_source(one, target) if target is not None and target_here else [])
    if one.source_here:
        # What else differs is told where the source has the document, so that it is told once.
        found += _main(one, one.source, target)
    if target is not None and one.source_here != target_here:
        moved = target if one.source_here else -target
        found.append(Difference(one.key, Name.MOVED_PERIOD, moved))
    return found


def _without_source(one: Position, target: Decimal) -> list[Difference]:
    """Ours and posted: gone or changed at the source since, or left out by a newer filter; else a stranger's."""
    ours = Name.LEFT_OUT if one.left_out else Name.CHANGED_AT_SOURCE
    name = ours if one.sent is not None else Name.NOT_OURS
    # While it is being taken back it is neither: the difference will end by itself, or has a case.
    name = {"case": Name.CASE, "in_flight": Name.IN_FLIGHT}.get(one.state, name)
    return [Difference(one.key, name, -target)]


def _main(one: Position, source: Decimal, target: Decimal | None) -> list[Difference]:
    """What of a source document differs at its first target, whenever that is dated."""
    if target is None:
        return [Difference(one.key, _absent(one), source)]
    found: list[Difference] = []
    sent = one.sent if one.sent is not None else target
    asked = _asked(one, source, sent)
    if source != asked:
        found.append(Difference(one.key, Name.CHANGED_AT_SOURCE, source - asked))
    if asked != sent:
        small = abs(asked - sent) <= one.tolerance
        name = Name.ROUNDING if small else Name.POSTED_OTHERWISE
        found.append(Difference(one.key, name, asked - sent))
    if sent != target:
        found.append(Difference(one.key, Name.CHANGED_AT_TARGET, sent - target))
    return found


def _asked(one: Position, source: Decimal, sent: Decimal) -> Decimal:
    """The amount that was to be posted; where nobody knows it any more, what was sent or rounded to it."""
    if one.asked is not None:
        return one.asked
    return source if abs(source - sent) <= one.tolerance else sent


def _absent(one: Position) -> Name:
    """Why a source document has no counterpart."""
    names = {
        "case": Name.CASE,
        "in_flight": Name.IN_FLIGHT,
        "void": Name.CLOSED_WITHOUT_POSTING,
        "posted": Name.DELETED_AT_TARGET,
    }
    return names.get(one.state, Name.LOST)


def _here(one: Position) -> list[Decimal]:
    """The amounts at the target that are dated in the period."""
    here = one.targets_here or (True,) * len(one.targets)
    return [amount for amount, in_it in zip(one.targets, here, strict=True) if in_it]


def compare(positions: Iterable[Position]) -> Residual:
    """Compare all documents of one measure and currency."""
    rows: Sequence[Position] = list(positions)
    differences = [d for one in rows for d in _explain(one) if d.amount != 0]
    return Residual(
        source=sum((p.source for p in rows if p.source is not None and p.source_here), ZERO),
        ledger=sum((p.sent for p in rows if p.sent is not None and p.sent_here), ZERO),
        target=sum((t for p in rows for t in _here(p)), ZERO),
        differences=tuple(differences),
    )
