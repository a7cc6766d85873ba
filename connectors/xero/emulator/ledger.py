"""The general ledger: every posting becomes an immutable journal in base currency."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.money import ZERO, cents


def line(account: Doc, amount: Decimal, **more: Any) -> Doc:
    """A journal line on an account; debit positive."""
    return {
        "AccountID": account["AccountID"],
        "AccountCode": account.get("Code"),
        "AccountType": account["Type"],
        "AccountName": account["Name"],
        "NetAmount": amount,
        "GrossAmount": amount + more.get("TaxAmount", ZERO),
        "TaxAmount": more.get("TaxAmount", ZERO),
        **{k: v for k, v in more.items() if k != "TaxAmount" and v},
    }


def post(
    books: Books, source: tuple[str, str], day: str, lines: list[Doc], reference: str = ""
) -> None:
    """Append one journal for ``source`` (type, id); zero journals are left out.

    A difference that rounding to base currency left goes to the rounding account.
    """
    rest = sum((one["NetAmount"] for one in lines), ZERO)
    if rest:
        lines = [*lines, line(books.system_account("ROUNDING"), -rest)]
    if all(not one["NetAmount"] for one in lines):
        return
    kind, key = source
    number = books.store.next("journal")
    made = {
        "JournalID": books.new_id(),
        "JournalNumber": number,
        "JournalDate": day[:10],
        "CreatedDateUTC": books.stamp(),
        "Reference": reference or None,
        "SourceID": key,
        "SourceType": kind,
        "JournalLines": [
            {"JournalLineID": books.new_id(), **one, "TrackingCategories": []} for one in lines
        ],
    }
    books.store.put("Journal", f"{number:012d}", made)


def to_base(amount: Decimal, rate: Decimal | None) -> Decimal:
    """Document currency to base: Xero's rate is foreign units for one base unit."""
    return cents(amount / rate) if rate else amount


def document_lines(books: Books, doc: Doc, *, control: str, sign: int) -> list[Doc]:
    """Journal lines of a sales or purchase document; ``sign`` 1 debits the control account."""
    rate = doc.get("CurrencyRate")
    inclusive = str(doc["LineAmountTypes"]).lower() == "inclusive"
    made = [line(books.system_account(control), sign * to_base(doc["Total"], rate))]
    for one in doc["LineItems"]:
        account = books.account(key=one["AccountID"]) if one.get("AccountID") else None
        if account is None:
            continue
        tax = one.get("TaxAmount", ZERO)
        net = one["LineAmount"] - (tax if inclusive else ZERO)
        made.append(
            line(
                account,
                -sign * to_base(net, rate),
                TaxAmount=-sign * to_base(tax, rate),
                TaxType=one.get("TaxType"),
                Description=one.get("Description"),
            )
        )
    if doc["TotalTax"]:
        made.append(line(books.system_account("GST"), -sign * to_base(doc["TotalTax"], rate)))
    return made


def reversed_lines(lines: list[Doc]) -> list[Doc]:
    """The same lines with the signs turned."""
    return [
        {**one, **{k: -one[k] for k in ("NetAmount", "GrossAmount", "TaxAmount")}} for one in lines
    ]
