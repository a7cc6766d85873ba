"""Spend and receive money, over- and prepayments born of it, transfers between banks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import contacts, ledger, lines, stock
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import RefusedError
from connectors.xero.emulator.money import ZERO, cents

_WRITABLE = {"RECEIVE", "SPEND", "RECEIVE-OVERPAYMENT", "SPEND-OVERPAYMENT",
             "RECEIVE-PREPAYMENT", "SPEND-PREPAYMENT"}  # fmt: skip
_LOCKED = "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement."


def _bank(books: Books, sent: dict[str, Any] | None) -> Doc:
    given = sent or {}
    account = books.account(given.get("Code", ""), given.get("AccountID", ""))
    if account is None or account["Type"] != "BANK" or account["Status"] != "ACTIVE":
        raise RefusedError("Invalid Bank Account")
    return account


def save(
    books: Books, raw: dict[str, Any], *, put: bool, key: str | None = None, unit_places: int = 2
) -> Doc:
    """Create, change or delete one bank transaction.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    wanted = key or (None if put else raw.get("BankTransactionID"))
    held = books.get("BankTransaction", wanted) if wanted else None
    if held is not None:
        return _update(books, held, raw, unit_places)
    kind = raw.get("Type")
    if kind not in _WRITABLE:
        raise RefusedError("Bank transaction type must be specified")
    account = _bank(books, raw.get("BankAccount"))
    contact = contacts.of_document(books, raw.get("Contact"))
    currency = account.get("CurrencyCode") or books.base_currency
    made: Doc = {
        "BankTransactionID": books.new_id(),
        "Type": kind,
        "Contact": {"ContactID": contact["ContactID"]},
        "BankAccount": {"AccountID": account["AccountID"]},
        "Date": raw.get("Date") or books.today().isoformat(),
        "Reference": raw.get("Reference"),
        "IsReconciled": bool(raw.get("IsReconciled")),
        "Url": raw.get("Url"),
        "CurrencyCode": currency,
        "CurrencyRate": raw.get("CurrencyRate") or books.rate_of(currency),
        "LineAmountTypes": raw.get("LineAmountTypes") or "Exclusive",
        "Status": "AUTHORISED",
        "HasAttachments": False,
    }
    _fill(books, made, raw, unit_places)
    _post(books, made)
    if "-" in kind:
        _born(books, made, "Overpayment" if kind.endswith("OVERPAYMENT") else "Prepayment")
    return books.save("BankTransaction", made)


def _fill(books: Books, made: Doc, raw: dict[str, Any], unit_places: int) -> None:
    books.check_open(made["Date"])
    sent = raw.get("LineItems")
    if not sent:
        raise RefusedError("One or more line items must be specified")
    over = made["Type"].endswith("OVERPAYMENT")
    if over:
        made["LineAmountTypes"] = "NoTax"
    sales = made["Type"].startswith("RECEIVE")
    rules = lines.Rules(sales, made["LineAmountTypes"], not over, unit_places, discounts=False)
    made["LineItems"], totals = lines.build(books, sent, rules)
    if totals.total <= 0:
        raise RefusedError("The total of a bank transaction must be greater than zero")
    made.update(SubTotal=totals.sub_total, TotalTax=totals.total_tax, Total=totals.total)


def _post(books: Books, doc: Doc, *, back: bool = False) -> None:
    sign = 1 if doc["Type"].startswith("RECEIVE") else -1
    bank = books.get("Account", doc["BankAccount"]["AccountID"])
    rate = doc["CurrencyRate"]
    if "-" in doc["Type"]:
        control = books.system_account("DEBTORS" if sign > 0 else "CREDITORS")
        value = ledger.to_base(doc["Total"], rate)
        rows = [ledger.line(bank, sign * value), ledger.line(control, -sign * value)]
    else:
        rows = ledger.document_lines(books, doc, control="DEBTORS", sign=sign)
        rows[0] = ledger.line(bank, rows[0]["NetAmount"])
    if back:
        rows = ledger.reversed_lines(rows)
    rows += stock.move(books, doc, goods_in=sign < 0, back=back, backorders=False)
    source = ("CASHREC" if sign > 0 else "CASHPAID", doc["BankTransactionID"])
    ledger.post(books, source, doc["Date"], rows, doc.get("Reference") or "")


def _born(books: Books, doc: Doc, entity: str) -> None:
    """The over- or prepayment that a bank transaction creates."""
    key = books.new_id()
    doc[f"{entity}ID"] = key
    kept = ("Type", "Contact", "Date", "LineAmountTypes", "LineItems", "SubTotal", "TotalTax",
            "Total", "CurrencyCode", "CurrencyRate", "Reference")  # fmt: skip
    books.save(
        entity,
        {
            **{k: doc[k] for k in kept},
            f"{entity}ID": key,
            "Status": "AUTHORISED",
            "RemainingCredit": doc["Total"],
            "Payments": [],
            "Allocations": [],
            "_applied": [],
            "HasAttachments": False,
        },
    )


def _update(books: Books, held: Doc, raw: dict[str, Any], unit_places: int) -> Doc:
    if held["Status"] != "AUTHORISED":
        raise RefusedError("Bank transaction not of valid status for modification")
    if held["IsReconciled"]:
        raise RefusedError(_LOCKED)
    books.check_open(held["Date"])
    if raw.get("Status") == "DELETED":
        _check_unused(books, held)
        _post(books, held, back=True)
        return books.save("BankTransaction", {**held, "Status": "DELETED"})
    if "-" in held["Type"]:
        raise RefusedError("Bank transaction not of valid status for modification")
    sent: Doc = {k: raw[k] for k in ("Date", "Reference", "Url", "IsReconciled") if k in raw}
    made = {**held, **sent}
    _post(books, held, back=True)
    _fill(books, made, {"LineItems": held["LineItems"], **raw}, unit_places)
    _post(books, made)
    return books.save("BankTransaction", made)


def _check_unused(books: Books, held: Doc) -> None:
    for entity in ("Overpayment", "Prepayment"):
        if held.get(f"{entity}ID"):
            born = books.get(entity, held[f"{entity}ID"])
            if born["Payments"] or born["_applied"]:
                raise RefusedError(f"{entity} not of valid status for modification")
            books.save(entity, {**born, "Status": "VOIDED", "RemainingCredit": ZERO})


def transfer(books: Books, raw: dict[str, Any]) -> Doc:
    """Move money between two bank accounts."""
    source, target = (
        _bank(books, raw.get("FromBankAccount")),
        _bank(books, raw.get("ToBankAccount")),
    )
    amount = cents(raw.get("Amount") or ZERO)
    if amount <= 0 or source["AccountID"] == target["AccountID"]:
        raise RefusedError("A transfer needs an amount and two different bank accounts")
    day = raw.get("Date") or books.today().isoformat()
    books.check_open(day)
    halves = [
        _half(books, kind, account, amount, day)
        for kind, account in (("SPEND-TRANSFER", source), ("RECEIVE-TRANSFER", target))
    ]
    made: Doc = {
        "BankTransferID": books.new_id(),
        "FromBankAccount": {"AccountID": source["AccountID"]},
        "ToBankAccount": {"AccountID": target["AccountID"]},
        "Amount": amount,
        "Date": day,
        "Reference": raw.get("Reference"),
        "CurrencyRate": Decimal("1.0"),
        "FromBankTransactionID": halves[0],
        "ToBankTransactionID": halves[1],
        "FromIsReconciled": False,
        "ToIsReconciled": False,
        "HasAttachments": False,
        "Status": "AUTHORISED",
        "CreatedDateUTC": books.stamp(),
    }
    rows = [ledger.line(source, -amount), ledger.line(target, amount)]
    ledger.post(books, ("TRANSFER", made["BankTransferID"]), day, rows)
    return books.save("BankTransfer", made)


def _half(books: Books, kind: str, account: Doc, amount: Decimal, day: str) -> str:
    currency = account.get("CurrencyCode") or books.base_currency
    made: Doc = {
        "BankTransactionID": books.new_id(),
        "Type": kind,
        "BankAccount": {"AccountID": account["AccountID"]},
        "Date": day,
        "IsReconciled": False,
        "CurrencyCode": currency,
        "CurrencyRate": books.rate_of(currency),
        "LineAmountTypes": "NoTax",
        "LineItems": [],
        "SubTotal": amount,
        "TotalTax": ZERO,
        "Total": amount,
        "Status": "AUTHORISED",
        "HasAttachments": False,
    }
    return str(books.save("BankTransaction", made)["BankTransactionID"])


def delete_transfer(books: Books, raw: dict[str, Any], key: str | None = None) -> Doc:
    """``POST /BankTransfers``: only ``Status: DELETED`` is possible."""
    held = books.get("BankTransfer", key or raw.get("BankTransferID") or "")
    if raw.get("Status") != "DELETED" or held["Status"] == "DELETED":
        raise RefusedError("BankTransfer not of valid status for modification")
    books.check_open(held["Date"])
    source = books.get("Account", held["FromBankAccount"]["AccountID"])
    target = books.get("Account", held["ToBankAccount"]["AccountID"])
    rows = [ledger.line(source, held["Amount"]), ledger.line(target, -held["Amount"])]
    ledger.post(books, ("TRANSFER", held["BankTransferID"]), held["Date"], rows)
    for half in ("FromBankTransactionID", "ToBankTransactionID"):
        books.save("BankTransaction", {**books.get("BankTransaction", held[half]), "Status": "DELETED"})  # fmt: skip
    return books.save("BankTransfer", {**held, "Status": "DELETED"})
