"""Canonical documents as pydantic models; the single description of the middle hop.

Field metadata carries what proposals need: ``description`` (meaning) and, in
``json_schema_extra={"synonyms": [...]}``, other words people use for it. ``engine.canon.fields``
turns these classes into an ordinary ``SystemSchema`` so that mappings treat the canonical model like
any other system. Dates are ``YYYY-MM-DD`` text in records; ``date`` here validates them.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


def said(meaning: str, *synonyms: str, **more: Any) -> Any:
    """A field with its meaning and the other words people use for it; optional unless ``...``."""
    return Field(
        default=more.pop("default", None),
        description=meaning,
        json_schema_extra={"synonyms": list(synonyms), **more.pop("extra", {})},
        **more,
    )


class Canon(BaseModel):
    """Base of all canonical documents: closed, immutable, typed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Address(Canon):
    """A postal address."""

    line1: str | None = said("First line: building or street", "street", "address 1")
    line2: str | None = said("Second line", "address 2")
    line3: str | None = said("Third line or locality", "address 3", "suburb")
    city: str | None = said("Town or city", "town", "locality")
    region: str | None = said("State, province or county", "state", "province", "county")
    postal_code: str | None = said("Postal code", "zip", "postcode")
    country: str | None = said("Country name or ISO code", "nation")


class Party(Canon):
    """A customer or a supplier."""

    code: str | None = said("Code of the party in the ERP", "account code", "customer number")
    name: str | None = said("Trading name", "company name", "display name")
    legal_name: str | None = said("Registered name", "full name")
    role: Literal["customer", "supplier"] | None = said("Whether we sell to it or buy from it")
    contact_name: str | None = said("Person to speak to", "contact", "attention")
    first_name: str | None = said("Given name of the person to speak to", "given name")
    last_name: str | None = said("Family name of the person to speak to", "surname", "family name")
    email: str | None = said("Mail address", "e-mail")
    phone: str | None = said("Main telephone", "telephone")
    alternate_phone: str | None = said("Second telephone", "other phone")
    mobile: str | None = said("Mobile telephone", "cell")
    fax: str | None = said("Fax number")
    website: str | None = said("Web address", "url", "homepage")
    billing: Address | None = said("Address invoices go to", "bill to", "sold to", "postal address")
    shipping: Address | None = said("Address goods go to", "ship to", "delivery address")
    currency: str | None = said("ISO currency the party trades in", "currency code")
    terms: str | None = said("Payment terms code", "terms", "due days")
    tax_number: str | None = said("Tax registration number", "VAT number", "ABN", "EIN")
    tax_code: str | None = said("Default tax code", "tax status")
    tax_exempt: bool | None = said("Exempt from sales tax", "taxable")
    credit_limit: Decimal | None = said("Most we lend the party", "credit limit")
    active: bool | None = said("False once closed", "status", "archived")
    on_hold: bool | None = said("Credit or payment block", "hold")
    price_level: str | None = said("Price list the party buys at", "price code")
    account: str | None = said("Default ledger account", "gl code")
    group: str | None = said("Class or group of the party", "customer class", "type")
    notes: str | None = said("Free text", "memo", "comment")
    custom: dict[str, Any] | None = said("Fields without a home of their own")


class Item(Canon):
    """Something we sell or buy: stocked, not stocked, or a service."""

    code: str | None = said("Stock code", "sku", "item number", "product code")
    name: str | None = said("Short name", "item name")
    description: str | None = said("Text on sales documents", "sales description")
    purchase_description: str | None = said("Text on purchase documents")
    kind: Literal["stock", "non_stock", "service", "kit"] | None = said("How it is kept", "type")
    unit: str | None = said("Unit it is stocked in", "uom", "unit of measure")
    alternate_unit: str | None = said("Other unit it is sold in", "alternate uom")
    units_per_alternate: Decimal | None = said(
        "Stock units in one alternate unit", "conversion factor"
    )
    barcode: str | None = said("Bar code", "EAN", "UPC")
    product_class: str | None = said("Class that decides accounts", "product group", "category")
    price: Decimal | None = said("List price per stock unit", "selling price", "unit price", "rate")
    cost: Decimal | None = said("Cost per stock unit", "unit cost", "purchase price")
    sold: bool | None = said("May be sold", "is sold")
    purchased: bool | None = said("May be bought", "is purchased")
    taxable: bool | None = said("Sales tax applies")
    tax_code: str | None = said("Tax code on sales", "output tax")
    purchase_tax_code: str | None = said("Tax code on purchases", "input tax")
    income_account: str | None = said("Account sales go to", "revenue account")
    expense_account: str | None = said("Account cost goes to", "cogs account")
    asset_account: str | None = said("Account stock value sits in", "inventory account")
    on_hand: Decimal | None = said("Quantity on hand", "stock level", "quantity")
    reorder_point: Decimal | None = said("Quantity at which to reorder", "minimum stock")
    supplier: str | None = said("Usual supplier", "preferred vendor")
    active: bool | None = said("False once discontinued", "status")
    custom: dict[str, Any] | None = said("Fields without a home of their own")


class TaxLine(Canon):
    """Tax of one code on a document."""

    tax_code: str | None = said("Tax code")
    net_amount: Decimal | None = said("Amount the tax is on")
    tax_amount: Decimal | None = said("Tax")


class Line(Canon):
    """One line of a sales or purchase document."""

    number: int | None = said("Line number", "line")
    kind: Literal["stock", "non_stock", "freight", "misc", "comment"] | None = said(
        "What the line is"
    )
    item: str | None = said("Item code", "stock code", "product")
    description: str | None = said("Text of the line", "line text")
    quantity: Decimal | None = said("Quantity in ``unit``", "qty")
    unit: str | None = said("Unit of the quantity", "uom")
    unit_price: Decimal | None = said("Price per ``unit``, before discount", "price", "rate")
    discount_percent: Decimal | None = said("Discount in percent", "discount rate")
    discount_amount: Decimal | None = said(
        "Discount as money, off the whole line", "discount value"
    )
    net_amount: Decimal | None = said("Line amount before tax, after discount", "amount", "value")
    tax_code: str | None = said("Tax code")
    tax_rate: Decimal | None = said("Tax rate in percent", "tax percent")
    tax_amount: Decimal | None = said("Tax on the line")
    account: str | None = said("Ledger account", "gl code")
    warehouse: str | None = said("Warehouse goods came from", "location")
    product_class: str | None = said("Class for analysis", "segment")
    order_number: str | None = said("Order the line belongs to")
    order_line: int | None = said("Line of that order")
    custom: dict[str, Any] | None = said("Fields without a home of their own")


class Document(Canon):
    """What all documents share."""

    number: str | None = said("Document number", "reference number", "doc number")
    date: dt.date | None = said("Document date", "transaction date", "issue date")
    due_date: dt.date | None = said("Date payment is due", "due")
    party: str | None = said("Code of the customer or supplier", "customer", "supplier", "vendor")
    party_name: str | None = said("Name of the customer or supplier")
    currency: str | None = said("ISO currency", "currency code")
    rate: Decimal | None = said("Base currency per one of the document's currency", "exchange rate")
    terms: str | None = said("Payment terms code")
    reference: str | None = said("The other side's reference", "purchase order number", "your ref")
    memo: str | None = said("Note on the document", "comment", "private note")
    message: str | None = said("Text the customer reads", "customer memo")
    branch: str | None = said("Branch, department or location", "department")
    salesperson: str | None = said("Salesperson", "rep")
    area: str | None = said("Sales area", "region", "territory")
    tax_inclusive: bool | None = said("Amounts include tax", "gross prices")
    net_total: Decimal | None = said("Total before tax", "subtotal")
    tax_total: Decimal | None = said("Total tax", "tax amount")
    gross_total: Decimal | None = said("Total with tax", "total", "amount due")
    status: str | None = said("State in the source's words made canonical", "order status")
    custom: dict[str, Any] | None = said("Fields without a home of their own")


class SalesOrder(Document):
    """A customer's order; when completed it becomes an invoice or a receipt."""

    order_number: str | None = said("Order number", "sales order")
    billing: Address | None = said("Address the invoice goes to", "bill to")
    shipping: Address | None = said("Address goods go to", "ship to", "delivery address")
    ship_date: dt.date | None = said("Date goods left", "despatch date")
    ship_via: str | None = said("Carrier", "shipping method", "delivery method")
    invoice_number: str | None = said("Last invoice number", "invoice")
    paid: bool | None = said("Paid when it was placed (cash sale)", "payment status")
    payment_method: str | None = said("How it was paid", "payment type")
    freight: Decimal | None = said(
        "Freight charged, before tax", "shipping charge", "delivery charge"
    )
    lines: list[Line] | None = said("Order lines", "items")
    taxes: list[TaxLine] | None = said("Tax by code")


class Invoice(SalesOrder):
    """A sales invoice as issued."""

    balance: Decimal | None = said("Still to be paid", "open amount", "amount due")


class CreditNote(SalesOrder):
    """A credit to a customer."""

    invoice_number: str | None = said(
        "The credit note's own number, not that of the invoice it credits",
        "credit note number",
        extra={"key": True},
    )
    applies_to: str | None = said("Invoice it credits", "original invoice")
    balance: Decimal | None = said("Still to be used", "remaining credit")


class Allocation(Canon):
    """How much of a payment goes to one document."""

    document: str | None = said("Document number paid", "invoice")
    document_kind: Literal["invoice", "credit_note", "bill", "journal"] | None = said("What it is")
    amount: Decimal | None = said("Amount applied, in the document's currency", "applied")
    discount: Decimal | None = said("Settlement discount taken", "discount")
    written_off: Decimal | None = said("Small difference that is closed with it", "adjustment")


class Payment(Document):
    """Money received from a customer or paid to a supplier."""

    direction: Literal["received", "paid"] | None = said("In or out")
    amount: Decimal | None = said("Amount paid, in its currency", "payment value")
    unapplied: Decimal | None = said("Not applied to any document", "on account")
    method: str | None = said("How it was paid", "payment type", "cheque")
    bank_account: str | None = said("Bank account it went through", "deposit to", "bank code")
    allocations: list[Allocation] | None = said("Documents paid", "applied to")


class Bill(Document):
    """A supplier's invoice."""

    supplier_number: str | None = said("Supplier's own document number", "supplier invoice")
    lines: list[Line] | None = said("Lines")
    taxes: list[TaxLine] | None = said("Tax by code")
    balance: Decimal | None = said("Still to be paid", "open amount")


class JournalLine(Canon):
    """One posting."""

    account: str | None = said("Ledger account", "gl code")
    debit: Decimal | None = said("Debit amount, positive or zero", "dr")
    credit: Decimal | None = said("Credit amount, positive or zero", "cr")
    description: str | None = said("Text", "narration")
    tax_code: str | None = said("Tax code")
    party: str | None = said("Customer or supplier on a control account")
    branch: str | None = said("Branch or department")


class Journal(Document):
    """A general-ledger journal; debits equal credits."""

    period: str | None = said("Fiscal period, ``YYYY-PP``", "ledger period")
    source: str | None = said("Where it came from", "journal source")
    debit_total: Decimal | None = said("Sum of the debits", "total debits")
    credit_total: Decimal | None = said("Sum of the credits", "total credits")
    lines: list[JournalLine] | None = said("Postings", "entries")


class Account(Canon):
    """A ledger account."""

    code: str | None = said("Account code", "gl code", "account number")
    name: str | None = said("Account name", "description")
    kind: str | None = said(
        "asset, liability, equity, income, expense, bank, receivable, payable", "type"
    )
    currency: str | None = said("ISO currency")
    tax_code: str | None = said("Default tax code")
    active: bool | None = said("False once closed")
    balance: Decimal | None = said("Current balance")


class TaxCode(Canon):
    """A tax code with its rate."""

    code: str | None = said("Tax code")
    name: str | None = said("Name", "description")
    rate: Decimal | None = said("Rate in percent", "tax rate")
    active: bool | None = said("False once retired")


class Term(Canon):
    """A payment term."""

    code: str | None = said("Terms code")
    name: str | None = said("Name", "description")
    due_days: int | None = said("Days until due", "net days")
    discount_percent: Decimal | None = said("Settlement discount")
    discount_days: int | None = said("Days the discount is open")
    active: bool | None = said("False once retired")


class Price(Canon):
    """What a party pays for an item."""

    item: str | None = said("Item code")
    party: str | None = said("Customer code")
    unit: str | None = said("Unit")
    currency: str | None = said("ISO currency")
    price: Decimal | None = said("Price per unit")
    from_quantity: Decimal | None = said("From this quantity on")


class WarehouseLevel(Canon):
    """How much of an item lies in one warehouse."""

    warehouse: str | None = said("Warehouse", "location", "site")
    on_hand: Decimal | None = said("On hand", "quantity on hand")
    allocated: Decimal | None = said("Promised to orders")
    unit_cost: Decimal | None = said("Cost per unit")


class StockLevel(Canon):
    """How much of an item a system says there is, in all and per warehouse; what an adjustment says."""

    item: str | None = said("Item code", "stock code", "sku")
    name: str | None = said("Item name", "description")
    product_class: str | None = said("Class that decides accounts", "product group")
    tracked: bool | None = said("False where the system keeps no quantity of the item")
    unit: str | None = said("Unit of the quantities", "stocking unit", "uom")
    on_hand: Decimal | None = said("On hand, in all warehouses", "quantity on hand", "stock level")
    allocated: Decimal | None = said("Promised to orders")
    unit_cost: Decimal | None = said("Cost per unit", "average cost")
    value: Decimal | None = said("Value of what is on hand", "stock value")
    currency: str | None = said("ISO currency of the cost", "currency code")
    warehouses: list[WarehouseLevel] | None = said("Quantities per warehouse", "locations")
    number: str | None = said("Number of the adjustment")
    date: dt.date | None = said("Day of the comparison", "count date")
    booked: Decimal | None = said("On hand at the other side when the two were compared")
    difference: Decimal | None = said("What the other side lacks, or has too much where negative")
    difference_value: Decimal | None = said("Value of the difference")


DOCUMENTS: dict[str, type[Canon]] = {
    "party": Party,
    "item": Item,
    "sales_order": SalesOrder,
    "invoice": Invoice,
    "credit_note": CreditNote,
    "payment": Payment,
    "bill": Bill,
    "journal": Journal,
    "account": Account,
    "tax_code": TaxCode,
    "term": Term,
    "price": Price,
    "stock_level": StockLevel,
}
