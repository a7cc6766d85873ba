"""The sample company: one manufacturer-distributor group, the same for every system's emulator.

Two divisions: EDU1 (United States, dollars) keeps its books in QuickBooks Online, EDU2 (United
Kingdom, sterling with customers in euro) in Xero. Size S is small enough to review by hand; size L
has 50,000 customers, 20,000 items and 200,000 orders per division, orders made one at a time.
The same size and seed always give the same company.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from connectors.emulation import company_items, company_ledger, company_orders, company_parties
from connectors.emulation.company_model import (
    CustomField,
    Item,
    ItemTwin,
    LedgerJournal,
    OpenDocument,
    Party,
    PartyTwin,
    Receipt,
    SalesOrder,
    SupplierInvoice,
)
from connectors.emulation.company_tables import CUSTOM_FIELDS, UK, US, Tables

Size = Literal["S", "L"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How many of each a division has."""

    customers: int
    suppliers: int
    items: int
    orders: int
    documents: int
    bills: int
    journals: int


_SCALES: dict[tuple[str, str], Scale] = {
    ("S", "EDU1"): Scale(36, 14, 46, 40, 28, 10, 16),
    ("S", "EDU2"): Scale(26, 11, 36, 40, 24, 8, 12),
    ("L", "EDU1"): Scale(50_000, 500, 20_000, 200_000, 2_000, 400, 50_000),
    ("L", "EDU2"): Scale(50_000, 500, 20_000, 200_000, 2_000, 400, 50_000),
}


class Division:
    """One legal entity of the group: a company in the ERP with its own books.

    Everything is computed on first use and kept; orders are computed each time.
    """

    def __init__(self, tables: Tables, scale: Scale, seed: int) -> None:
        self.tables = tables
        self.scale = scale
        self.seed = seed
        self.id = tables.id
        self.name = tables.name
        self.books = tables.books
        self.currency = tables.currency
        self.custom_fields: tuple[CustomField, ...] = CUSTOM_FIELDS

    @cached_property
    def _parties(self) -> tuple[tuple[Party, ...], tuple[Party, ...]]:
        taken: set[str] = set()
        made = {
            role: [
                company_parties.party(self.tables, role, index, self.seed) for index in range(many)
            ]
            for role, many in self._role_counts()
        }
        return (
            company_parties.with_unique_twins(made["customer"], taken),
            company_parties.with_unique_twins(made["supplier"], taken),
        )

    def _role_counts(self) -> tuple[tuple[company_parties.Role, int], ...]:
        return ("customer", self.scale.customers), ("supplier", self.scale.suppliers)

    @property
    def customers(self) -> tuple[Party, ...]:
        """Customers in the ERP."""
        return self._parties[0]

    @property
    def suppliers(self) -> tuple[Party, ...]:
        """Suppliers in the ERP."""
        return self._parties[1]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """Stock codes and services in the ERP."""
        return company_items.with_unique_twins(
            [company_items.item(self.tables, n, self.seed) for n in range(self.scale.items)]
        )

    @cached_property
    def books_only_customers(self) -> tuple[PartyTwin, ...]:
        """Customers that only the books know."""
        return company_parties.strangers(self.tables, "customer", 5, 70_000, self.seed)

    @cached_property
    def books_only_suppliers(self) -> tuple[PartyTwin, ...]:
        """Suppliers that only the books know."""
        return company_parties.strangers(self.tables, "supplier", 3, 48_000, self.seed)

    @cached_property
    def books_only_items(self) -> tuple[ItemTwin, ...]:
        """Items that only the books know."""
        return company_items.strangers(self.tables, 4, 1)

    @cached_property
    def documents(self) -> tuple[OpenDocument, ...]:
        """Sales invoices and credit notes from before the integration."""
        return tuple(
            company_ledger.documents(self.tables, self.customers, self.scale.documents, self.seed)
        )

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        """Payments on those documents."""
        return tuple(company_ledger.receipts(self.tables, self.documents))

    @cached_property
    def supplier_invoices(self) -> tuple[SupplierInvoice, ...]:
        """Bills of suppliers."""
        return tuple(
            company_ledger.supplier_invoices(
                self.tables, self.suppliers, self.scale.bills, self.seed
            )
        )

    @cached_property
    def journals(self) -> tuple[LedgerJournal, ...]:
        """Ledger journals."""
        return company_ledger.journals(self.tables, self.scale.journals, self.seed)

    def order(self, index: int) -> SalesOrder:
        """The sales order ``index``, 0 <= index < ``scale.orders``."""
        return company_orders.order(self.tables, self.customers, self.items, index, self.seed)

    def orders(self) -> Iterator[SalesOrder]:
        """All sales orders, one at a time."""
        return (self.order(index) for index in range(self.scale.orders))


class Begun(Division):
    """A company whose books were opened and that has typed nothing yet: settings, and no records."""

    def __init__(self, tables: Tables, seed: int) -> None:
        super().__init__(tables, Scale(0, 0, 0, 0, 0, 0, 0), seed)

    @cached_property
    def books_only_customers(self) -> tuple[PartyTwin, ...]:
        """None."""
        return ()

    @cached_property
    def books_only_suppliers(self) -> tuple[PartyTwin, ...]:
        """None."""
        return ()

    @cached_property
    def books_only_items(self) -> tuple[ItemTwin, ...]:
        """None."""
        return ()


class Company:
    """The group: ``us`` with books in QuickBooks Online, ``uk`` with books in Xero.

    ``us_begun`` and ``uk_begun`` have books of their own there and are in no ERP yet.
    """

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.us = Division(US, _SCALES[size, "EDU1"], seed)
        self.uk = Division(UK, _SCALES[size, "EDU2"], seed)
        self.us_begun = Begun(replace(US, id="NEW1", name="Halden Outlet Inc"), seed)
        self.uk_begun = Begun(replace(UK, id="NEW2", name="Halden Outlet (UK) Ltd"), seed)

    @property
    def divisions(self) -> tuple[Division, Division]:
        """Both legal entities."""
        return self.us, self.uk

    def of(self, name: str) -> Division:
        """The division by ERP company id (``EDU1``) or by its books (``qbo``, ``xero``).

        Raises:
            KeyError: there is no such division.
        """
        for one in self.divisions:
            if name in (one.id, one.books):
                return one
        raise KeyError(name)


def build(size: Size = "S", seed: int = 1) -> Company:
    """The sample company of that size; cheap, everything inside is computed on first use."""
    return Company(size, seed)
