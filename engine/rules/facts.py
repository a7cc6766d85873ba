"""What rules need to know besides the record: the target's capabilities and the neighbours there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from engine.canon.tax import TaxModel


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """Capabilities and settings of a target, as plain values; no rule knows a vendor.

    Attributes:
        label: how sentences call the target.
        number_length: greatest length of a document number, or None.
        unique_numbers: kinds of documents whose numbers are unique there.
        lock_date: last closed day (ISO), or empty. Documents must be dated after it.
        soft_lock_date: last day closed for most people, or empty; posting needs an approver.
        max_lines: most lines of a document, or None.
        min_lines: fewest lines of a document.
        model: how it computes tax and totals, or None where it takes what is sent.
        tolerance: greatest difference of totals the company accepts.
        lengths: canonical path -> greatest number of characters.
        forbidden: canonical path -> characters that must not occur.
        required: canonical paths that must have a value, by kind of document.
        currencies: active ISO currencies, or empty where all are.
        base_currency: ISO code, or empty.
        amount_limit: largest amount it can store, or None.
        discounts: kinds of documents whose lines may carry a discount.
        negative_lines: whether lines may be negative.
        amount_is_product: line amount must be quantity x price to the cent.
    """

    label: str = "The target"
    number_length: int | None = None
    unique_numbers: frozenset[str] = frozenset()
    lock_date: str = ""
    soft_lock_date: str = ""
    max_lines: int | None = None
    min_lines: int = 1
    model: TaxModel | None = None
    tolerance: Decimal = Decimal("0.05")
    lengths: Mapping[str, int] = field(default_factory=dict)
    forbidden: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, frozenset[str]] = field(default_factory=dict)
    currencies: frozenset[str] = frozenset()
    base_currency: str = ""
    amount_limit: Decimal | None = None
    discounts: frozenset[str] | None = None
    negative_lines: bool = True
    amount_is_product: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """Something a document refers to. The kind is stored, never guessed from the code.

    Attributes:
        kind: canonical kind (``item``, ``account``, ``customer``, …).
        code: code on our side.
        label: name as last seen; kept when the record is deactivated.
        active: may be used on new documents.
        currency: fixed currency, or empty.
        on_hold: blocked for new business.
        credit_limit: most the party may owe, or None.
        owed: what the party owes now, in the base currency.
        where: the system that keeps it, as people call it.
    """

    kind: str
    code: str
    label: str = ""
    active: bool = True
    currency: str = ""
    on_hold: bool = False
    credit_limit: Decimal | None = None
    owed: Decimal = Decimal(0)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Twin:
    """A document at the target that may be the same; ``same_number`` or else only alike."""

    key: str
    number: str
    date: str
    gross: Decimal
    same_number: bool


class Neighbours(Protocol):
    """What is known about other records, from read data; no call is made by rules."""

    def reference(self, kind: str, code: str) -> Reference | None:
        """The record of that kind and code, or None when it is not known."""
        ...

    def twins(self, kind: str, number: str, party: str, date: str, gross: Decimal) -> list[Twin]:
        """Documents at the target with the number, or with party, amount and nearly the date."""
        ...


class NoNeighbours:
    """Nothing is known; rules that need neighbours stay silent."""

    def reference(self, kind: str, code: str) -> Reference | None:
        """Always None."""
        return None

    def twins(self, kind: str, number: str, party: str, date: str, gross: Decimal) -> list[Twin]:
        """Always empty."""
        return []
