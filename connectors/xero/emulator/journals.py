"""Manual journals: balanced, drafted or posted, voided by their reversal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.xero.emulator import ledger, money
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import RefusedError
from connectors.xero.emulator.money import ZERO

_MOVES = {
    "DRAFT": {"DRAFT", "POSTED", "DELETED"},
    "POSTED": {"POSTED", "VOIDED"},
}
_CONTROL = {"DEBTORS", "CREDITORS"}


def _lines(
    books: Books, raw: dict[str, Any], amounts: str, *, posted: bool
) -> tuple[list[Doc], list[str]]:
    faults: list[str] = []
    warnings: list[str] = []
    made = []
    for sent in raw.get("JournalLines") or []:
        line: Doc = {
            "LineAmount": money.cents(sent.get("LineAmount") or ZERO),
            "Description": sent.get("Description"),
            "Tracking": sent.get("Tracking", []),
            "IsBlank": False,
        }
        code = sent.get("AccountCode", "")
        account = books.account(code, sent.get("AccountID", ""))
        if account is None and code and not posted:
            warnings.append(
                f"Account code '{code}' has been removed as it does not match a recognised account."
            )
        elif (
            account is None or account["Type"] == "BANK" or account.get("SystemAccount") in _CONTROL
        ):
            faults.append(f"Account code '{code}' is not a valid code for this document")
        else:
            line.update(AccountID=account["AccountID"], AccountCode=account.get("Code"))
        rate = _rate(books, sent, amounts, line, faults)
        money.line_tax(line, rate, amounts)
        made.append(line)
    if len(made) < 2:
        faults.append("A manual journal must have at least two journal lines")
    if faults:
        raise RefusedError(*dict.fromkeys(faults))
    return made, warnings


def _rate(books: Books, sent: Doc, amounts: str, line: Doc, faults: list[str]) -> Decimal:
    kind = sent.get("TaxType") or "NONE"
    if amounts.lower() == "notax":
        kind = "NONE"
    rate = books.tax_rate(kind)
    if rate is None or rate["Status"] != "ACTIVE":
        faults.append(
            f"The TaxType code {kind} does not exist or cannot be used for this type of transaction."
        )
        return Decimal(0)
    line["TaxType"] = kind
    return Decimal(rate["EffectiveRate"])


def _check_balance(lines: list[Doc], amounts: str) -> None:
    def gross(line: Doc) -> Decimal:
        tax = line["TaxAmount"] if amounts.lower() == "exclusive" else ZERO
        return Decimal(line["LineAmount"] + tax)

    debits = sum((gross(x) for x in lines if x["LineAmount"] > 0), ZERO)
    credit = sum((gross(x) for x in lines if x["LineAmount"] < 0), ZERO)
    if debits + credit:
        raise RefusedError(f"The total debits ({debits}) must equal total credits ({credit})")


def _post(books: Books, doc: Doc, *, back: bool = False) -> None:
    rows = []
    tax = ZERO
    for one in doc["JournalLines"]:
        account = books.account(key=one["AccountID"])
        if account is None:
            continue
        inside = one["TaxAmount"] if doc["LineAmountTypes"].lower() == "inclusive" else ZERO
        rows.append(
            ledger.line(account, one["LineAmount"] - inside, Description=one["Description"])
        )
        tax += one["TaxAmount"]
    if tax:
        rows.append(ledger.line(books.system_account("GST"), tax))
    if back:
        rows = ledger.reversed_lines(rows)
    ledger.post(books, ("MANJOURNAL", doc["ManualJournalID"]), doc["Date"], rows, doc["Narration"])


def save(books: Books, raw: dict[str, Any], *, put: bool, key: str | None = None) -> Doc:
    """Create, change, void or delete one manual journal.

    Raises:
        MissingError: the identifier is unknown.
        RefusedError: the vendor's messages.
    """
    wanted = key or (None if put else raw.get("ManualJournalID"))
    held = books.get("ManualJournal", wanted) if wanted else None
    before = held["Status"] if held else "DRAFT"
    status = raw.get("Status") or before
    if status not in _MOVES.get(before, set()) or (held is None and status == "DELETED"):
        raise RefusedError("Manual journal not of valid status for modification")
    base: Doc = held or {
        "ManualJournalID": books.new_id(),
        "Date": books.today().isoformat(),
        "LineAmountTypes": "NoTax",
        "ShowOnCashBasisReports": True,
        "HasAttachments": False,
        "JournalLines": [],
    }
    kept = ("Narration", "Date", "LineAmountTypes", "Url", "ShowOnCashBasisReports")
    made = {**base, **{k: raw[k] for k in kept if k in raw}, "Status": status}
    made.pop("Warnings", None)
    if not made.get("Narration"):
        raise RefusedError("Narration must be specified")
    books.check_open(made["Date"])
    if status in {"VOIDED", "DELETED"}:
        if before == "POSTED":
            _post(books, base, back=True)
        return books.save("ManualJournal", made)
    if "JournalLines" in raw or held is None:
        lines, warnings = _lines(books, raw, made["LineAmountTypes"], posted=status == "POSTED")
        made["JournalLines"] = lines
        if warnings:
            made["Warnings"] = [{"Message": w} for w in warnings]
    _check_balance(made["JournalLines"], made["LineAmountTypes"])
    if status == "POSTED":
        if before == "POSTED":
            _post(books, base, back=True)
        _post(books, made)
    return books.save("ManualJournal", made, created=held is None)
