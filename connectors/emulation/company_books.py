"""The sample company's documents from before the integration: invoices, receipts, bills, journals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A sales document from before the integration: in both the ERP's ledger and the books.

    ``kind`` is ``invoice`` or ``credit_note`` (amounts positive in both). ``in_books`` is False for
    the few the bookkeeper forgot. ``twin_number`` is its number in the books.
    """

    number: str
    customer: str
    kind: Literal["invoice", "credit_note"]
    dated: date
    due: date
    currency: str
    rate: Decimal
    net: Decimal
    tax: Decimal
    balance: Decimal
    tax_code: str
    customer_po: str = ""
    terms: str = ""
    product_class: str = ""
    twin_number: str = ""
    in_books: bool = True

    @property
    def gross(self) -> Decimal:
        """Total with tax."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Settled:
    """Part of a payment that went to one document."""

    document: str
    amount: Decimal
    discount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money from a customer; ``amount`` = settled amounts + ``unapplied``."""

    reference: str
    customer: str
    dated: date
    currency: str
    amount: Decimal
    method: str
    bank: str
    settled: tuple[Settled, ...]
    unapplied: Decimal = Decimal(0)
    in_books: bool = True


@dataclass(frozen=True, slots=True)
class SupplierInvoice:
    """A supplier's invoice with its ledger distribution ``(account, net amount)``."""

    number: str
    supplier: str
    dated: date
    due: date
    currency: str
    rate: Decimal
    net: Decimal
    tax: Decimal
    balance: Decimal
    tax_code: str
    terms: str
    distribution: tuple[tuple[str, Decimal], ...]
    in_books: bool = True

    @property
    def gross(self) -> Decimal:
        """Total with tax."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class LedgerJournal:
    """A balanced ledger journal; amounts signed, debit positive."""

    number: str
    dated: date
    reference: str
    memo: str
    lines: tuple[tuple[str, str, Decimal], ...]
    in_books: bool = True
