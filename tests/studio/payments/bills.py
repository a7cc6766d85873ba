"""Bills on both sides and their payments in the books, as people enter them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.ports import Receipt
from tests.studio.payments.books import DAY, Books


def supplier(books: Books, index: int = 0, currency: str = "") -> tuple[str, str]:
    """A supplier in both systems: code in the ERP, key in the books; linked."""
    company: Any = books.running["syspro"].emulator
    division = company.company.of(books.erp.company)
    wanted = currency or division.currency
    who = [
        s
        for s in division.suppliers
        if len(s.twins) == 1 and s.twins[0].active and not s.on_hold and s.currency == wanted
    ][index]
    field, entity = (
        ("DisplayName", "Vendor") if books.books.system == "qbo" else ("Name", "Contact")
    )
    key = books.find(books.books, entity, **{field: who.twins[0].name})[0].key
    books.link("supplier", who.code, key)
    return who.code, key


def bill(
    books: Books,
    gross: str,
    *,
    link: bool = True,
    index: int = 0,
    currency: str = "",
    rate: str = "1",
) -> tuple[str, str]:
    """An open bill in both systems; its code (supplier and number) in the ERP and its key in the books."""
    code, key = supplier(books, index, currency)
    books.number += 1
    number = f"SI-{books.number}"
    data = {"Supplier": code, "InvoiceDate": DAY, "DueDate": "2026-07-20", "OrigInvValue": Decimal(gross),
            "Distribution": [{"GlCode": "10-6100", "Value": Decimal(gross)}]}  # fmt: skip
    made = books.make(books.erp, "ApInvoice", data, number)
    if rate != "1":
        emulator: Any = books.running["syspro"].emulator
        emulator.edit(
            f"{books.erp.company}.ApInvoice", _stored(made.key), {"ConvRate": Decimal(rate)}
        )
    if books.books.system == "qbo":
        account = books.find(books.books, "Account", AccountType="Expense")[0].key
        line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": Decimal(gross),
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}}}  # fmt: skip
        body: dict[str, Any] = {
            "VendorRef": {"value": key},
            "TxnDate": DAY,
            "DocNumber": number,
            "Line": [line],
        }
        entered = books.make(books.books, "Bill", body, number)
    else:
        expense = books.find(books.books, "Account", Type="EXPENSE")[0].data["Code"]
        body = {"Type": "ACCPAY", "Status": "AUTHORISED", "Contact": {"ContactID": key}, "Date": DAY,
                "DueDate": DAY, "InvoiceNumber": number, "LineAmountTypes": "NoTax",
                "LineItems": [{"Description": "Goods", "Quantity": Decimal(1), "UnitAmount": Decimal(gross),
                               "AccountCode": expense}]}  # fmt: skip
        if currency:
            body |= {"CurrencyCode": currency, "CurrencyRate": round(1 / Decimal(rate), 6)}
        entered = books.make(books.books, "Invoice", body, number)
    if link:
        books.link("bill", f"{code}|{number}", entered.key)
    return f"{code}|{number}", entered.key


def _stored(key: str) -> str:
    party, _, number = key.partition("|")
    return f"{party.zfill(15) if party.isdigit() else party}|{number}"


def credit(books: Books, gross: str, *, link: bool = True) -> tuple[str, str]:
    """A supplier's credit note in both systems (QuickBooks: a vendor credit)."""
    code, key = supplier(books)
    books.number += 1
    number = f"SC-{books.number}"
    data = {"Supplier": code, "InvoiceDate": DAY, "OrigInvValue": -Decimal(gross),
            "Distribution": [{"GlCode": "10-6100", "Value": Decimal(gross)}]}  # fmt: skip
    books.make(books.erp, "ApInvoice", data, number)
    account = books.find(books.books, "Account", AccountType="Expense")[0].key
    line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": Decimal(gross),
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": account}}}  # fmt: skip
    body = {"VendorRef": {"value": key}, "TxnDate": DAY, "DocNumber": number, "Line": [line]}
    entered = books.make(books.books, "VendorCredit", body, number)
    if link:
        books.link("credit_note", f"{code}|{number}", entered.key)
    return f"{code}|{number}", entered.key


def left(books: Books, code: str) -> Decimal:
    """What the ERP still owes on a bill."""
    (row,) = [
        r
        for r in books.find(books.erp, "ApInvoice", Supplier=code.partition("|")[0])
        if r.key == code
    ]
    return Decimal(str(row.data["MthInvBal1"]))


def pay(books: Books, *shares: tuple[str, str], total: str = "", kind: str = "Bill") -> Receipt:
    """A cheque in QuickBooks: ``(key, amount)`` of bills; a key that begins with ``C`` is a credit."""
    lines = [
        {
            "Amount": Decimal(a),
            "LinkedTxn": [
                {"TxnId": k.removeprefix("C"), "TxnType": "VendorCredit" if k[0] == "C" else kind}
            ],
        }
        for k, a in shares
    ]
    paid = sum((Decimal(a) * (-1 if k[0] == "C" else 1) for k, a in shares), Decimal(0))
    bank = books.find(books.books, "Account", AccountType="Bank")[0].key
    books.number += 1
    body = {"VendorRef": {"value": supplier(books)[1]}, "TotalAmt": Decimal(total) if total else paid,
            "TxnDate": DAY, "PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": bank}},
            "DocNumber": f"{books.number}", "Line": lines}  # fmt: skip
    return books.make(books.books, "BillPayment", body, f"{books.number}")
