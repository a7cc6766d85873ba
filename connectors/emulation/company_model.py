"""The words of the sample company: frozen descriptions that know no vendor.

A *party*, *item* or *order* is what the manufacturer's ERP says. A *twin* is the same thing as a
bookkeeper typed it into the accounting books: other names, other codes, shortened, moved, retired.
Money, prices, quantities and rates are ``Decimal``; dates are ``date``; codes are text without
padding (each seed pads as its system does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from connectors.emulation.company_books import (
    LedgerJournal,
    OpenDocument,
    Receipt,
    Settled,
    SupplierInvoice,
)

Books = Literal["qbo", "xero"]
ItemKind = Literal["stock", "non_stock", "service"]
LineKind = Literal["stock", "non_stock", "freight", "misc", "comment"]
CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    """Half-up rounding to two places, the rule of the ERP."""
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address; ``country`` is an ISO 3166 alpha-2 code."""

    line1: str
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A payment term; ``twin_name`` is how the books spell it (empty: the books lack it)."""

    code: str
    name: str
    due_days: int
    discount_percent: Decimal = Decimal(0)
    discount_days: int = 0
    twin_name: str = ""


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code; ``rate`` in percent.

    ``twin_code`` and ``twin_name`` are the sales tax code in the books, ``twin_purchase_code`` the
    one on purchases (empty where the books have none).
    """

    code: str
    name: str
    rate: Decimal
    twin_code: str = ""
    twin_name: str = ""
    twin_purchase_code: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """A ledger account, and what it is called in the books (empty twin: not there).

    ``kind``: asset, bank, receivable, payable, stock, liability, tax, equity, income, cost, expense.
    """

    code: str
    name: str
    kind: str
    twin_code: str = ""
    twin_name: str = ""


@dataclass(frozen=True, slots=True)
class ProductClass:
    """A class of goods and the ledger codes its sales, costs and stock go to."""

    code: str
    name: str
    income_account: str
    cost_account: str
    stock_account: str = ""


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency; ``rate`` = units of base currency for one unit of this one."""

    code: str
    name: str
    rate: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Branch:
    """A sales branch."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Salesperson:
    """Somebody who sells, inside one branch."""

    code: str
    name: str
    branch: str


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A place where goods lie."""

    code: str
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank account of the division; ``account`` is its ledger code."""

    code: str
    name: str
    currency: str
    account: str
    number: str


@dataclass(frozen=True, slots=True)
class CustomField:
    """A field that the customer's administrator added.

    Attributes:
        form: ``customer``, ``supplier``, ``item``, ``order`` or ``order_line``.
        name: six-character field name (SYSPRO's limit).
        column: column name in the custom form table.
        prompt: what people read.
        kind: ``alpha``, ``numeric`` or ``date``.
        length: characters or digits.
        decimals: digits after the point.
    """

    form: str
    name: str
    column: str
    prompt: str
    kind: Literal["alpha", "numeric", "date"] = "alpha"
    length: int = 30
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class PartyTwin:
    """A party as the books hold it; ``how`` names the divergence for readers of the data."""

    name: str
    code: str = ""
    email: str = ""
    phone: str = ""
    contact: str = ""
    billing: Place | None = None
    tax_number: str = ""
    terms: str = ""
    currency: str = ""
    active: bool = True
    notes: str = ""
    how: str = "same"


@dataclass(frozen=True, slots=True)
class Party:
    """A customer or supplier of one division as the ERP holds it.

    ``twins`` are its records in the books: none (only in the ERP), one, or two (a duplicate).
    ``tax`` is ``taxable`` or ``exempt``. ``ship_to`` are named delivery addresses by code.
    """

    index: int
    role: Literal["customer", "supplier"]
    code: str
    name: str
    short_name: str
    billing: Place
    contact: str
    email: str
    phone: str
    currency: str
    terms: str
    tax_code: str
    branch: str
    salesperson: str = ""
    books: Books | None = None
    twins: tuple[PartyTwin, ...] = ()
    ship_to: tuple[tuple[str, str, Place], ...] = ()
    credit_limit: Decimal = Decimal(0)
    on_hold: bool = False
    tax: str = "taxable"
    tax_number: str = ""
    group: str = ""
    account: str = ""
    added: date = date(2020, 1, 1)
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ItemTwin:
    """An item as the books hold it; unit prices per stock unit, accounts are ERP ledger codes."""

    code: str
    name: str
    description: str = ""
    kind: ItemKind = "stock"
    price: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    income_account: str = ""
    cost_account: str = ""
    stock_account: str = ""
    taxable: bool = True
    active: bool = True
    how: str = "same"


@dataclass(frozen=True, slots=True)
class Item:
    """A stock code; ``factor`` stock units are in one alternate unit (1 where there is none)."""

    index: int
    code: str
    name: str
    long_name: str
    kind: ItemKind
    unit: str
    alternate_unit: str
    factor: Decimal
    product_class: str
    tax_code: str
    price: Decimal
    cost: Decimal
    warehouse: str
    on_hand: Decimal
    supplier: str = ""
    barcode: str = ""
    discontinued: bool = False
    books: Books | None = None
    twins: tuple[ItemTwin, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of a sales order.

    ``quantity`` counts ``unit``; ``price`` is per ``price_unit``; ``price_quantity`` is the quantity
    in that unit. Freight and miscellaneous lines have quantity 1 and their charge as price.
    """

    number: int
    kind: LineKind
    description: str
    item: str = ""
    quantity: Decimal = Decimal(0)
    unit: str = ""
    price: Decimal = Decimal(0)
    price_unit: str = ""
    price_quantity: Decimal = Decimal(0)
    discount_percent: Decimal = Decimal(0)
    discount_value: Decimal = Decimal(0)
    tax_code: str = ""
    tax_rate: Decimal = Decimal(0)
    product_class: str = ""
    warehouse: str = ""
    cost: Decimal = Decimal(0)

    @property
    def net(self) -> Decimal:
        """Line amount before tax, after percentage and value discount, in cents."""
        gross = self.price_quantity * self.price
        return cents(gross * (100 - self.discount_percent) / 100 - self.discount_value)


@dataclass(frozen=True, slots=True)
class SalesOrder:
    r"""A sales order of one division.

    ``status`` is the ERP's letter: 1 open, 4 in warehouse, 8 ready to invoice, 9 complete, S
    suspense, ``\`` cancelled. ``completed`` is set exactly for status 9. ``payment_method`` is set
    on cash sales. ``story`` says which peculiarity the order carries, empty for an ordinary one.
    """

    index: int
    number: str
    division: str
    books: Books
    customer: str
    customer_po: str
    ordered: date
    ship_by: date
    status: str
    completed: date | None
    invoice_number: str
    currency: str
    rate: Decimal
    terms: str
    branch: str
    salesperson: str
    warehouse: str
    lines: tuple[OrderLine, ...]
    ship_to: Place
    ship_to_name: str = ""
    ship_to_code: str = ""
    instructions: str = ""
    email: str = ""
    cash_sale: bool = False
    payment_method: str = ""
    story: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)

    @property
    def net(self) -> Decimal:
        """Sum of the lines before tax."""
        return sum((line.net for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """Tax as the ERP computes it: per rate on the sum of the document, half up."""
        sums: dict[Decimal, Decimal] = {}
        for line in self.lines:
            sums[line.tax_rate] = sums.get(line.tax_rate, Decimal(0)) + line.net
        return sum((cents(net * rate / 100) for rate, net in sums.items()), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """Total with tax."""
        return self.net + self.tax


__all__ = [
    "CENT",
    "Account",
    "Bank",
    "Books",
    "Branch",
    "Currency",
    "CustomField",
    "Item",
    "ItemKind",
    "ItemTwin",
    "LedgerJournal",
    "LineKind",
    "OpenDocument",
    "OrderLine",
    "Party",
    "PartyTwin",
    "Place",
    "ProductClass",
    "Receipt",
    "SalesOrder",
    "Salesperson",
    "Settled",
    "SupplierInvoice",
    "TaxCode",
    "Term",
    "Warehouse",
    "cents",
]
