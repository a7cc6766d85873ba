"""How a payment settles open documents, in the document's currency and in the base currency.

The amount applied is what was paid, never the document's total. Both residuals are followed: a
document may be settled in one currency and still be open in the other by an exchange difference; then
a currency-difference line closes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.canon.money import ZERO, round_half_up, spoken
from engine.errors import CaseClass, Severity
from engine.issue import Fix, Issue
from engine.schema.model import JsonValue


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A document that is still open, in its own currency and in the base currency.

    ``gives``: a credit note; what is used of it is spent by the other shares. Amounts are positive.
    """

    document: str
    currency: str
    open_amount: Decimal
    open_base: Decimal
    gives: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """What a person or the other system wants applied to a document."""

    document: str
    amount: Decimal
    discount: Decimal = ZERO
    written_off: Decimal = ZERO

    @property
    def settled(self) -> Decimal:
        """What it takes off the document."""
        return self.amount + self.discount + self.written_off


@dataclass(frozen=True, slots=True)
class Applied:
    """What a payment does to one document.

    Attributes:
        document: document number.
        amount: paid, in the document's currency.
        discount: settlement discount and small differences, in the document's currency.
        amount_base: paid, in the base currency at the payment's rate.
        currency_difference: base amount that closes the document; positive is a gain.
        left: still open in the document's currency.
        left_base: still open in the base currency.
    """

    document: str
    amount: Decimal
    discount: Decimal
    amount_base: Decimal
    currency_difference: Decimal
    left: Decimal
    left_base: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """The whole payment: applied, not applied, and what is wrong with it."""

    applied: tuple[Applied, ...]
    unapplied: Decimal
    issues: tuple[Issue, ...]


def settle(
    amount: Decimal,
    currency: str,
    rate: Decimal,
    items: Sequence[OpenItem],
    shares: Sequence[Share],
) -> Settlement:
    """Apply a payment to documents.

    Args:
        amount: paid, in ``currency``.
        currency: ISO code of the payment.
        rate: base currency per one of ``currency`` on the payment's date.
        items: open documents of the party.
        shares: how much goes to which document.

    Returns:
        What is applied, the rest on account, and issues for shares that cannot be applied.
    """
    known = {i.document: i for i in items}
    left = {i.document: (i.open_amount, i.open_base) for i in items}
    applied: list[Applied] = []
    issues: list[Issue] = []
    rest = amount
    for index, share in enumerate(shares):
        path = f"allocations[{index}]"
        item = known.get(share.document)
        fault = _fault(share, item, currency, left, rest, path)
        if fault is not None or item is None:
            issues += [fault] if fault else []
            continue
        done = _apply(share, rate, *left[share.document])
        left[share.document] = (done.left, done.left_base)
        applied.append(done)
        rest += share.amount if item.gives else -share.amount
    return Settlement(tuple(applied), rest, tuple(issues))


def _apply(share: Share, rate: Decimal, opened: Decimal, opened_base: Decimal) -> Applied:
    settled, off = share.settled, share.discount + share.written_off
    left = opened - settled
    base = round_half_up(share.amount * rate)
    # The part of the document's base value that is settled, at the document's own rate.
    part = opened_base if not left else round_half_up(opened_base * settled / opened)
    discount_base = round_half_up(part * off / settled) if settled else ZERO
    difference = base + discount_base - part
    return Applied(share.document, share.amount, off, base, difference, left, opened_base - part)


def closing_line(item: OpenItem, tolerance: Decimal) -> Applied | None:
    """A currency-difference line for a document with a residual in one currency only.

    Returns None where both currencies are open (a real debt) or the residual is above the tolerance.
    """
    foreign, base = item.open_amount, item.open_base
    if bool(foreign) == bool(base) or abs(foreign or base) > tolerance:
        return None
    return Applied(item.document, foreign, ZERO, ZERO, -base, ZERO, ZERO)


def _fault(
    share: Share,
    item: OpenItem | None,
    currency: str,
    left: dict[str, tuple[Decimal, Decimal]],
    rest: Decimal,
    path: str,
) -> Issue | None:
    if item is None:
        sentence = f"Document {share.document} is not open for this party."
        fixes: tuple[Fix, ...] = (
            Fix("search", "Search the document"),
            Fix("hold", "Hold as unapplied"),
        )
        return _issue("document_unknown", path, sentence, share, fixes)
    if item.currency != currency:
        sentence = f"Document {item.document} is in {item.currency}, the payment in {currency}."
        return _issue("other_currency", path, sentence, share, (Fix("hold", "Hold as unapplied"),))
    opened = left[item.document][0]
    if share.settled > opened:
        sentence = f"{spoken(share.settled, currency)} is more than the {spoken(opened, currency)} open on {item.document}."
        fixes = (*_part(opened, currency), Fix("hold", "Hold as unapplied"))
        return _issue("over_applied", path, sentence, share, fixes, left=opened)
    if share.amount > rest and not item.gives:
        sentence = (
            f"{spoken(share.amount, currency)} for {item.document} is more than the "
            f"{spoken(rest, currency)} left of the payment."
        )
        fixes = (*_part(rest, currency), Fix("hold", "Hold as unapplied"))
        return _issue("payment_used_up", path, sentence, share, fixes, left=rest)
    return None


def _part(left: Decimal, currency: str) -> tuple[Fix, ...]:
    return (Fix("part", f"Apply {spoken(left, currency)}"),) if left > 0 else ()


def _issue(
    code: str,
    path: str,
    sentence: str,
    share: Share,
    fixes: tuple[Fix, ...],
    *,
    left: Decimal | None = None,
) -> Issue:
    evidence: dict[str, JsonValue] = {"document": share.document, "amount": share.amount}
    if left is not None:
        evidence["left"] = left
    return Issue(
        code, path, sentence, Severity.BLOCK, CaseClass.PAYMENT, evidence=evidence, fixes=fixes
    )


def remainders(settlement: Settlement, limit: Decimal) -> tuple[Issue, ...]:
    """Questions about what a payment leaves open: seldom meant where it is this little.

    Args:
        settlement: what the payment does.
        limit: remainders above it are ordinary part payments and not asked about.
    """
    found: list[Issue] = []
    fixes: tuple[Fix, ...]
    for index, one in enumerate(settlement.applied):
        if not one.left and not one.left_base:
            continue
        item = OpenItem(one.document, "", one.left, one.left_base)
        evidence: dict[str, JsonValue] = {
            "document": one.document, "left": one.left, "left_base": one.left_base,
        }  # fmt: skip
        if closing_line(item, limit) is not None:
            sentence = (
                f"{one.document} is settled in one currency only: {spoken(one.left)} stays open in "
                f"its own, {spoken(one.left_base)} in the base currency."
            )
            fixes = (Fix("difference", "Close it as a currency difference"),)
            code = "currency_residual"
        elif ZERO < one.left <= limit:
            sentence = f"{spoken(one.left)} would stay open on {one.document}."
            fixes = (Fix("discount", "Take it as discount"), Fix("accept", "Leave it open"))
            code = "short_paid"
        else:
            continue
        found.append(
            Issue(
                code,
                f"allocations[{index}]",
                sentence,
                Severity.BLOCK,
                CaseClass.PAYMENT,
                evidence=evidence,
                fixes=fixes,
            )
        )
    return tuple(found)
