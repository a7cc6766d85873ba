"""Payments: created or deleted, never changed; they move the balance of what they pay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import documents, ledger
from connectors.xero.emulator.books import KEYS, NUMBERS, Books
from connectors.xero.emulator.documents import CREDIT_NOTE, INVOICE, balance
from connectors.xero.emulator.errors import RefusedError
from connectors.xero.emulator.money import ZERO, cents

_TARGETS = ("Invoice", "CreditNote", "Prepayment", "Overpayment")
_TYPES = {
    ("Invoice", True): "ACCRECPAYMENT",
    ("Invoice", False): "ACCPAYPAYMENT",
    ("CreditNote", True): "ARCREDITPAYMENT",
    ("CreditNote", False): "APCREDITPAYMENT",
    ("Overpayment", True): "AROVERPAYMENTPAYMENT",
    ("Overpayment", False): "APOVERPAYMENTPAYMENT",
    ("Prepayment", True): "ARPREPAYMENTPAYMENT",
    ("Prepayment", False): "APPREPAYMENTPAYMENT",
}
_NOT_APPROVED = "Payments can only be made against Authorised documents"
_TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"


def is_sales(doc: Doc) -> bool:
    """Whether a document is on the receivable side."""
    return doc["Type"] in {"ACCREC", "ACCRECCREDIT"} or doc["Type"].startswith("RECEIVE")


def outstanding(entity: str, doc: Doc) -> Decimal:
    """What may still be paid or refunded."""
    return Decimal(doc["AmountDue"] if entity == "Invoice" else doc["RemainingCredit"])


def settle(books: Books, entity: str, doc: Doc) -> Doc:
    """Recompute a paid document's balance and store it."""
    if entity == "Invoice":
        balance(doc, INVOICE)
    elif entity == "CreditNote":
        balance(doc, CREDIT_NOTE)
    else:
        paid = sum((p["Amount"] for p in (*doc["Payments"], *doc["_applied"])), ZERO)
        doc["RemainingCredit"] = doc["Total"] - paid
        if doc["Status"] in documents.LIVE:
            doc["Status"] = "PAID" if doc["RemainingCredit"] <= 0 else "AUTHORISED"
    return books.save(entity, doc)


def _target(books: Books, raw: dict[str, Any]) -> tuple[str, Doc]:
    for entity in _TARGETS:
        sent = raw.get(entity)
        if not sent:
            continue
        if sent.get(KEYS[entity]):
            return entity, books.get(entity, sent[KEYS[entity]])
        number = sent.get(NUMBERS.get(entity, ""), "")
        same = books.numbered(entity, number) if number else []
        live = [d for d in same if d["Status"] not in {"DELETED", "VOIDED"}]
        if live:
            return entity, live[0]
        raise RefusedError(f"{entity} could not be found")
    for name, entity in (("InvoiceNumber", "Invoice"), ("CreditNoteNumber", "CreditNote")):
        if raw.get(name):
            return _target(books, {entity: {name: raw[name]}})
    raise RefusedError("A payment must have a valid Invoice, CreditNote, Prepayment or Overpayment")


def _bank(books: Books, raw: dict[str, Any]) -> Doc:
    sent = raw.get("Account") or {}
    code = sent.get("Code") or raw.get("Code") or ""
    account = books.account(code, sent.get("AccountID", ""))
    if account is None or account["Status"] != "ACTIVE":
        raise RefusedError("Account must be valid.")
    if account["Type"] != "BANK" and not account.get("EnablePaymentsToAccount"):
        raise RefusedError("Account type is invalid for making a payment to/from")
    return account


def create(books: Books, raw: dict[str, Any], batch: str | None = None) -> Doc:
    """Record one payment.

    Raises:
        MissingError: the document's identifier is unknown.
        RefusedError: the vendor's messages.
    """
    if raw.get("PaymentID"):
        raise RefusedError("Payment not of valid status for modification")
    entity, target = _target(books, raw)
    amount = cents(raw.get("Amount") or ZERO)
    faults = []
    if amount <= 0:
        faults.append("Payment amount must be greater than zero")
    if target["Status"] != "AUTHORISED":
        faults.append(_NOT_APPROVED)
    if amount > outstanding(entity, target):
        faults.append(_TOO_MUCH)
    day = raw.get("Date") or books.today().isoformat()
    account: Doc | None = None
    for check in (lambda: books.check_open(day), lambda: _bank(books, raw)):
        try:
            account = check() or account
        except RefusedError as error:
            faults += error.messages
    if faults or account is None:
        raise RefusedError(*faults)
    return _record(books, raw, (entity, target), account, amount, day, batch)


def _record(
    books: Books,
    raw: dict[str, Any],
    paid: tuple[str, Doc],
    account: Doc,
    amount: Decimal,
    day: str,
    batch: str | None,
) -> Doc:
    entity, target = paid
    sales = is_sales(target)
    rate = raw.get("CurrencyRate") or target.get("CurrencyRate") or Decimal("1.0")
    made: Doc = {
        "PaymentID": books.new_id(),
        "Date": day,
        "Amount": amount,
        "BankAmount": _bank_amount(books, account, target, amount, rate),
        "CurrencyRate": rate,
        "Reference": raw.get("Reference"),
        "PaymentType": _TYPES[entity, sales],
        "Status": "AUTHORISED",
        "IsReconciled": bool(raw.get("IsReconciled")),
        "HasAccount": True,
        "Account": {"AccountID": account["AccountID"]},
        entity: {KEYS[entity]: target[KEYS[entity]]},
        "HasValidationErrors": False,
    }
    if batch:
        made["BatchPaymentID"] = batch
    entry = {k: made[k] for k in ("PaymentID", "Date", "Amount", "Reference", "CurrencyRate")}
    settle(books, entity, {**target, "Payments": [*target["Payments"], entry]})
    _post(books, made, entity, target, account, back=False)
    return books.save("Payment", made)


def _bank_amount(
    books: Books, account: Doc, target: Doc, amount: Decimal, rate: Decimal
) -> Decimal:
    currency = account.get("CurrencyCode") or books.base_currency
    return amount if currency == target["CurrencyCode"] else ledger.to_base(amount, rate)


def _post(books: Books, made: Doc, entity: str, target: Doc, account: Doc, *, back: bool) -> None:
    sales = is_sales(target)
    incoming = sales == (entity == "Invoice")
    value = ledger.to_base(made["Amount"], made["CurrencyRate"])
    booked = ledger.to_base(made["Amount"], target.get("CurrencyRate"))
    sign = 1 if incoming else -1
    control = books.system_account("DEBTORS" if sales else "CREDITORS")
    rows = [ledger.line(account, sign * value), ledger.line(control, -sign * booked)]
    if value != booked:
        gain = books.system_account("REALISEDCURRENCYGAIN")
        rows.append(ledger.line(gain, sign * (booked - value)))
    if back:
        rows = ledger.reversed_lines(rows)
    source = (made["PaymentType"], made["PaymentID"])
    ledger.post(books, source, made["Date"], rows, made.get("Reference") or "")


def delete(books: Books, held: Doc, *, of_batch: bool = False) -> Doc:
    """Take a payment back; what it paid is open again.

    Raises:
        RefusedError: already deleted, reconciled, batched, or its day is locked.
    """
    if held["Status"] == "DELETED":
        raise RefusedError("Payment not of valid status for modification")
    if held.get("IsReconciled"):
        raise RefusedError("This payment has been reconciled and cannot be deleted")
    if held.get("BatchPaymentID") and not of_batch:
        raise RefusedError("Payments within a batch cannot be deleted.")
    books.check_open(held["Date"])
    entity = next(e for e in _TARGETS if held.get(e))
    target = books.get(entity, held[entity][KEYS[entity]])
    left = [p for p in target["Payments"] if p["PaymentID"] != held["PaymentID"]]
    settle(books, entity, {**target, "Payments": left})
    account = books.get("Account", held["Account"]["AccountID"])
    _post(books, held, entity, target, account, back=True)
    return books.save("Payment", {**held, "Status": "DELETED"})


def change(books: Books, key: str, raw: dict[str, Any]) -> Doc:
    """``POST /Payments/{id}``: only ``Status: DELETED`` is possible."""
    held = books.get("Payment", key)
    if raw.get("Status") != "DELETED":
        raise RefusedError("Payment not of valid status for modification")
    return delete(books, held)


def create_batch(books: Books, raw: dict[str, Any]) -> Doc:
    """A batch of payments through one bank account."""
    sent = raw.get("Payments") or []
    if not sent:
        raise RefusedError("A batch payment must have at least one payment")
    account = _bank(books, raw)
    key = books.new_id()
    day = raw.get("Date") or books.today().isoformat()
    made = [
        create(books, {**one, "Account": {"AccountID": account["AccountID"]}, "Date": day}, key)
        for one in sent
    ]
    sides = {p["PaymentType"] for p in made}
    if len(sides) > 1:
        raise RefusedError("A batch must hold either receipts or payments")
    total = sum((p["Amount"] for p in made), ZERO)
    return books.save(
        "BatchPayment",
        {
            **{k: raw[k] for k in ("Reference", "Narrative", "Details", "Particulars") if k in raw},
            "BatchPaymentID": key,
            "Account": {"AccountID": account["AccountID"]},
            "Date": day,
            "Type": "RECBATCH" if sides == {"ACCRECPAYMENT"} else "PAYBATCH",
            "Status": "AUTHORISED",
            "TotalAmount": total,
            "IsReconciled": False,
            "Payments": [
                {"PaymentID": p["PaymentID"], "Invoice": p["Invoice"], "Amount": p["Amount"]}
                for p in made
            ],
        },
    )


def delete_batch(books: Books, key: str, raw: dict[str, Any]) -> Doc:
    """Take a whole batch back."""
    held = books.get("BatchPayment", key)
    if raw.get("Status") != "DELETED" or held["Status"] == "DELETED":
        raise RefusedError("BatchPayment not of valid status for modification")
    for one in held["Payments"]:
        delete(books, books.get("Payment", one["PaymentID"]), of_batch=True)
    return books.save("BatchPayment", {**held, "Status": "DELETED"})
