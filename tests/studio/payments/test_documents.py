"""Credit notes and supplier invoices of the ERP in the books: never by themselves, never twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.syspro.emulator.keys import stored as stored_as
from studio.flows.models import Delivery
from studio.linking.models import Link
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from tests.studio.payments.bills import supplier

pytestmark = pytest.mark.django_db


def credit(books, number: str) -> None:
    """A completed credit note of one line without stock: freight and goods, no tax."""
    emulator: Any = books.running["syspro"].emulator
    company = books.erp.company
    code, _ = books.customer()
    stored, exempt = number.zfill(20), emulator.company.of(company).tables.exempt_tax
    header = next(iter(emulator.documents(f"{company}.SorMaster", "")))
    row = {k: v for k, v in header.items() if k != "TimeStamp"} | {
        "SalesOrder": stored, "OrderStatus": "9", "DocumentType": "C", "Customer": stored_as("Customer", code),
        "LastInvoice": number.zfill(20), "DateLastInvPrt": "2026-06-20", "CashCredit": "CR",
        "Currency": books.erp.currency, "ExchangeRate": Decimal(1),
    }  # fmt: skip
    lines = [
        {"SalesOrder": stored, "SalesOrderLine": n, "LineType": kind, "NComment": text,
         "NMscChargeValue": Decimal(value), "NMscTaxCode": exempt, "NMscChargeQty": Decimal(1)}
        for n, (kind, text, value) in enumerate((("4", "Carriage", "9.50"), ("5", "Goodwill", "20.25")), start=1)
    ]  # fmt: skip
    emulator.load({f"{company}.SorMaster": [row], f"{company}.SorDetail": lines})


def bill(books, code: str, number: str, gross: str) -> None:
    """A supplier's invoice in the ERP, untaxed."""
    data = {"Supplier": code, "InvoiceDate": "2026-06-20", "DueDate": "2026-07-20",
            "OrigInvValue": Decimal(gross), "Distribution": [{"GlCode": "10-6100", "Value": Decimal(gross)}]}  # fmt: skip
    books.make(books.erp, "ApInvoice", data, number)


def expense(books) -> str:
    where = {"AccountType": "Expense"} if books.books.system == "qbo" else {"Type": "EXPENSE"}
    found = books.find(books.books, "Account", **where)[0]
    return found.key if books.books.system == "qbo" else str(found.data["Code"])


@pytest.mark.golden(24)
def test_a_customer_credit_waits_for_an_approval_in_quickbooks(qbo_books, accountant) -> None:
    books = qbo_books
    flow = books.go_live("credits-to-qbo")
    item = books.find(books.books, "Item")[0].key
    for kind in ("freight", "misc"):
        books.lookup(books.books, "charge_items", kind, item)
    credit(books, "777001")

    books.run()
    assert not books.posts()
    case = books.case()
    assert (flow.ladder, case.case_class, case.amount) == ("approve", "approval", Decimal("29.75"))
    assert not books.running["qbo"].emulator.documents("CreditMemo", "777001")
    apply_remedy(accountant, case, "approve", {"reason": "agreed with the customer"})
    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross) == ("done", Decimal("29.75")), post.last_error
    assert len(books.running["qbo"].emulator.documents("CreditMemo", "777001")) == 1
    assert Link.objects.get(kind="credit_note", active=True).left_code == "777001"


@pytest.mark.golden(24)
def test_a_customer_credit_is_only_a_draft_in_xero(xero_books) -> None:
    books = xero_books
    books.go_live("credits-to-xero")
    for kind in ("freight", "misc"):
        books.lookup(books.books, "charge_accounts", kind, "200")
    exempt = books.running["syspro"].emulator.company.of(books.erp.company).tables.exempt_tax
    books.lookup(books.books, "tax_codes", exempt, "NONE")
    credit(books, "777002")

    books.run()

    (post,) = books.posts()
    assert post.state == "done", post.last_error
    (made,) = books.running["xero"].emulator.documents("CreditNote", "777002")
    assert (made["Status"], Decimal(str(made["Total"]))) == ("DRAFT", Decimal("29.75"))


@pytest.mark.golden(10)
def test_two_suppliers_may_have_the_same_number_but_one_bill_is_never_entered_twice(
    xero_books,
) -> None:
    books = xero_books
    flow = books.go_live("bills-to-xero")
    one, two = supplier(books, 0)[0], supplier(books, 1)[0]
    for code in (one, two):
        books.lookup(books.books, "bill_accounts", code, expense(books))
    bill(books, one, "INV-77", "120.00")
    bill(books, two, "INV-77", "80.00")
    books.run()
    flow.cursors.update(value="")
    Delivery.objects.filter(step="post").update(state="unknown")

    books.run()

    made = books.running["xero"].emulator.documents("Invoice", "INV-77")
    assert sorted(Decimal(str(d["Total"])) for d in made) == [Decimal(80), Decimal(120)]
    assert [p.state for p in books.posts()] == ["done", "done"], [
        p.last_error for p in books.posts()
    ]


@pytest.mark.golden(10)
def test_a_bill_that_a_person_entered_already_is_a_question(xero_books) -> None:
    books = xero_books
    books.go_live("bills-to-xero")
    code, key = supplier(books)
    books.lookup(books.books, "bill_accounts", code, expense(books))
    body = {"Type": "ACCPAY", "Status": "AUTHORISED", "Contact": {"ContactID": key}, "Date": "2026-06-20",
            "DueDate": "2026-07-20", "InvoiceNumber": "INV-78", "LineAmountTypes": "NoTax",
            "LineItems": [{"Description": "x", "Quantity": Decimal(1), "UnitAmount": Decimal("99.00"),
                           "AccountCode": expense(books)}]}  # fmt: skip
    books.make(books.books, "Invoice", body, "INV-78")
    bill(books, code, "INV-78", "120.00")

    books.run()

    assert [p.state for p in books.posts()] == ["parked"]
    assert Case.objects.get(state__in=OPEN_STATES).case_class == "duplicate"
    assert len(books.running["xero"].emulator.documents("Invoice", "INV-78")) == 1


def test_a_supplier_invoice_becomes_a_bill_in_quickbooks(qbo_books) -> None:
    books = qbo_books
    books.go_live("bills-to-qbo")
    code, _ = supplier(books)
    books.lookup(books.books, "bill_accounts", code, expense(books))
    bill(books, code, "SI-500", "150.00")

    books.run()

    (post,) = books.posts()
    assert (post.state, post.gross) == ("done", Decimal("150.00")), post.last_error
    assert Link.objects.get(kind="bill", active=True).left_code == f"{code}|SI-500"
