"""What is still open of a document in two systems, taken apart so that every difference gets a name.

What is open is the total less what was settled. A difference of two open amounts is therefore a difference
of totals (the document is not the same on both sides) or of settlements (it was paid on one side only).
Both become positions of ``residual``, whose sums are the open amounts again: there is one arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.runtime.residual import ZERO, Name, Position


@dataclass(frozen=True, slots=True)
class Open:
    """One document as one system holds it; what we owe or give back is negative on both."""

    total: Decimal
    left: Decimal

    @property
    def settled(self) -> Decimal:
        """What was paid, credited or applied of it."""
        return self.total - self.left


@dataclass(frozen=True, slots=True)
class Pending:
    """A settlement that the target has and the source does not have yet, signed like the document."""

    key: str
    amount: Decimal
    name: Name


@dataclass(frozen=True, slots=True)
class Document:
    """One document beside its counterpart.

    Attributes:
        key: how people name it.
        source: as the source holds it; None where it does not.
        target: as the target holds it; None where it does not.
        state: what the ledger says of its posting, as in ``Position``.
        sent: total that the ledger says we sent, signed.
        asked: total of the source record that the posting was made of, signed.
        tolerance: greatest lawful rounding difference of the totals.
        reason: why it is in one system only, where the ledger's state does not say it.
        gives: a credit or money on account: what is open of it is used, not paid.
        pending: settlements under way from the target to the source.
    """

    key: str
    source: Open | None = None
    target: Open | None = None
    state: str = ""
    sent: Decimal | None = None
    asked: Decimal | None = None
    tolerance: Decimal = ZERO
    reason: Name | None = None
    gives: bool = False
    pending: Sequence[Pending] = ()


def positions(one: Document) -> list[Position]:
    """Positions whose sources add up to what is open at the source, and targets to what is open there."""
    source, target = one.source, one.target
    if source is None or target is None:
        here = source.left if source else None
        there = (target.left,) if target else ()
        ours = target.left if target and one.sent is not None else one.sent
        return [Position(one.key, here, ours, there, one.state, reason=one.reason)]
    if source.left == target.left:
        return [Position(one.key, source.left, target.left, (target.left,), "posted")]
    return [
        Position(
            one.key,
            source.total,
            one.sent,
            (target.total,),
            one.state,
            tolerance=one.tolerance,
            asked=one.asked,
        ),
        *_settlements(one, source, target),
    ]


def _settlements(one: Document, source: Open, target: Open) -> list[Position]:
    """What was settled on both sides, what is on its way, and what only one side knows."""
    found = [Position(p.key, None, None, (-p.amount,), reason=p.name) for p in one.pending]
    apart = target.settled - source.settled - sum((p.amount for p in one.pending), ZERO)
    both = source.settled + min(apart, ZERO)
    if both:
        found.append(Position(one.key, -both, -both, (-both,), "posted"))
    if apart > 0:
        name = Name.CREDIT_UNAPPLIED if one.gives else Name.SETTLED_AT_TARGET
        found.append(Position(one.key, None, None, (-apart,), reason=name))
    if apart < 0:
        name = Name.CREDIT_UNAPPLIED if one.gives else Name.SETTLED_AT_SOURCE
        found.append(Position(one.key, apart, None, (), reason=name))
    return found


def cash(key: str, source: Decimal, target: Decimal, moves: Sequence[Pending]) -> list[Position]:
    """Positions of a bank account whose balance both systems say.

    Args:
        key: the account, as people name it.
        source: its balance at the source.
        target: its balance at the target.
        moves: what came in (or, negative, went out) at the target and is not at the source yet.
    """
    moved = sum((one.amount for one in moves), ZERO)
    both = target - moved
    found = [Position(key, both, both, (both,), "posted")]
    found += [Position(one.key, None, None, (one.amount,), reason=one.name) for one in moves]
    if source != both:
        # Opening balances and what people enter on one side: no system says which entries these are.
        found.append(Position(key, source - both, None, (), reason=Name.OUTSIDE_FLOWS))
    return found
