"""GENTJL adds, maintains, posts and cancels ledger journals (3.13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connectors.syspro.emulator.answers import BusinessError, Piece, counter, document, tag
from connectors.syspro.emulator.context import Context
from connectors.syspro.emulator.items import (
    Options,
    amount,
    day,
    needed,
    open_period,
    row_or_error,
    run,
)
from connectors.syspro.emulator.tables import Row
from connectors.syspro.facts import by_name
from connectors.syspro.xml import Node

ZERO = Decimal(0)
PERIODS = 12
_NOT_POSTED, _HELD, _POSTED, _CANCELLED = "N", "H", "P", "C"


def account_of(ctx: Context, item: Node, name: str = "LedgerCode") -> str:
    """The ledger code an element names.

    Raises:
        BusinessError: blank or unknown.
    """
    code = needed(item, name)
    row = ctx.db.get("GenMaster", ctx.company.id, code)
    row_or_error(row, name, code, 990070, "Ledger code")
    return code


def journal(ctx: Context, data: Node, parameters: Node | None) -> str:
    """Run GENTJL."""
    options = Options(parameters)
    whole = options.value("ApplyIfEntireDocumentValid", "N") == "Y"
    results = run(ctx, data.all("Item"), lambda i: _journal(ctx, i, options), options, whole=whole)
    made, good, bad = [], 0, 0
    for item, result in zip(data.all("Item"), results, strict=True):
        lines = len(item.all("JournalDetails"))
        good, bad = (good, bad + lines) if result.error else (good + lines, bad)
        inner = (result.error.wrapped(),) if result.error else tuple(result.pieces)
        made.append(tag("Item", inner))
    refused = sum(1 for r in results if r.error)
    status = (
        tag("JournalsProcessed", counter(len(results) - refused)),
        tag("JournalsInvalid", counter(refused)),
        tag("PostingsProcessed", counter(good)),
        tag("PostingsInvalid", counter(bad)),
    )
    return document("postgljournal", [*made, tag("StatusOfItems", status)])


def _journal(ctx: Context, item: Node, options: Options) -> Sequence[Piece]:
    kind = (item.value("JournalType") or "N").upper()
    if kind not in dict(_types()):
        raise BusinessError("JournalType", kind, 990043, f"Journal type '{kind}' invalid")
    if options.value("ActionType", "A") == "M":
        return _maintained(ctx, item)
    dated = day(ctx, item, "JournalDate")
    year, period = _period(ctx, item, dated)
    number = ctx.db.next("gl_journal", 1000)
    header: Row = {
        "GlYear": year,
        "GlPeriod": period,
        "GlJournal": number,
        "JournalDate": dated.isoformat(),
        "JnlPostingType": kind,
        "Source": item.value("SourceCode") or "JE",
        "Operator": ctx.operator.code,
        "Reference": item.value("JournalReference")[:30],
        "Notation": item.value("Notation"),
    }
    return _kept(ctx, header, _entries(ctx, item), item)


def _types() -> tuple[tuple[str, str], ...]:
    return by_name("GenJournalCtl")["JnlPostingType"].enum


def _period(ctx: Context, item: Node, dated: date) -> tuple[int, int]:
    year = int(amount(item, "PostingYear", str(dated.year), decimals=0))
    period = int(amount(item, "PostingPeriod", str(dated.month), decimals=0))
    if not 1 <= period <= PERIODS:
        words = f"Posting period '{item.value('PostingPeriod')}' must be from 1 to {PERIODS}"
        raise BusinessError("PostingPeriod", item.value("PostingPeriod"), 990077, words)
    open_period(ctx, "PostingPeriod", date(year, period, 28))
    return year, period


def _entries(ctx: Context, item: Node) -> list[Row]:
    """The lines as rows without their journal."""
    made: list[Row] = []
    for line in item.all("JournalDetails"):
        dated = day(ctx, line, "Date") if line.value("Date") else day(ctx, item, "JournalDate")
        made.append(
            {
                "GlCode": account_of(ctx, line),
                "EntryDate": dated.isoformat(),
                "Reference": line.value("Reference")[:30],
                "Comment": line.value("Comment")[:50],
                "EntryValue": amount(line, "EntryAmount"),
            }
        )
    total = sum((row["EntryValue"] for row in made), ZERO)
    if not made or total != 0:
        words = f"Journal does not balance; it is out by {total}"
        raise BusinessError("EntryAmount", str(total), 990075, words)
    return made


def _kept(ctx: Context, header: Row, entries: list[Row], item: Node) -> Sequence[Piece]:
    """Store a journal in the state that its flags ask for; a posted one moves the balances."""
    status = _POSTED if item.value("PostJournal", "N").upper() == "Y" else _NOT_POSTED
    if item.value("HoldJournal").upper() == "Y":
        status = _HELD
    debit = sum((row["EntryValue"] for row in entries if row["EntryValue"] > 0), ZERO)
    kept = {
        **header,
        "NumOfEntries": len(entries),
        "DebitAmount": debit,
        "CreditAmount": debit,
        "JnlStatus": status,
        "Authorised": "Y" if item.value("AuthorizeJournal").upper() == "A" else "N",
    }
    if status == _POSTED:
        kept |= {"PostedBy": ctx.operator.code, "PostDate": ctx.today()}
    ctx.db.put("GenJournalCtl", kept)
    for n, row in enumerate(entries, start=1):
        ctx.db.put("GenJournalDetail", {**_key(ctx, header, n), **row, "Source": kept["Source"]})
        if status == _POSTED:
            _move(ctx, str(row["GlCode"]), row["EntryValue"])
    return (tag("Transaction", _told(kept)),)


def _key(ctx: Context, header: Row, number: int) -> Row:
    return {
        "Company": ctx.company.id,
        "GlYear": header["GlYear"],
        "GlPeriod": header["GlPeriod"],
        "Journal": header["GlJournal"],
        "EntryNumber": number,
    }


def _move(ctx: Context, code: str, value: Decimal) -> None:
    account = ctx.db.get("GenMaster", ctx.company.id, code)
    if account is not None:
        now = Decimal(str(account.get("CurrentBalance") or 0))
        ctx.db.change("GenMaster", account, CurrentBalance=now + value)


def _maintained(ctx: Context, item: Node) -> Sequence[Piece]:
    """Action M: replace the lines of a journal that is not posted, post it, hold it, cancel it."""
    number = int(amount(item, "JournalNumber", needed(item, "JournalNumber"), decimals=0))
    dated = day(ctx, item, "JournalDate")
    year, period = _period(ctx, item, dated)
    held = row_or_error(
        ctx.db.get("GenJournalCtl", year, period, number),
        "JournalNumber",
        item.value("JournalNumber"),
        990078,
        "Journal",
    )
    if held["JnlStatus"] in (_POSTED, _CANCELLED):
        words = f"Journal '{number}' is posted or cancelled and cannot be maintained"
        raise BusinessError("JournalNumber", str(number), 990079, words)
    if item.value("CancelJournal").upper() == "Y":
        kept = ctx.db.change("GenJournalCtl", held, JnlStatus=_CANCELLED)
        return (tag("Transaction", _told(kept)),)
    old = [
        row
        for row in ctx.db.where("GenJournalDetail", "Journal", str(number))
        if (row["GlYear"], row["GlPeriod"]) == (year, period)
    ]
    names = ("GlCode", "EntryDate", "Reference", "Comment", "EntryValue")
    entries = [{n: row.get(n, "") for n in names} for row in old]
    if item.all("JournalDetails"):
        for row in old:
            ctx.db.delete("GenJournalDetail", row)
        entries = _entries(ctx, item)
    return _kept(ctx, held, entries, item)


def _told(kept: Row) -> list[Piece]:
    key = (
        tag("GlYear", str(kept["GlYear"])),
        tag("GlPeriod", f"{kept['GlPeriod']:02d}"),
        tag("GlJournal", counter(int(kept["GlJournal"]), 5)),
    )
    total = f"{kept['DebitAmount']:.2f}".rjust(15)
    return [
        tag("Key", key),
        tag("JournalDate", str(kept["JournalDate"])),
        tag("NumOfEntries", counter(int(kept["NumOfEntries"]))),
        tag("DebitAmount", total),
        tag("CreditAmount", total),
        tag("JnlPostingType", str(kept.get("JnlPostingType") or "N")),
        tag("Jnlstatus", str(kept["JnlStatus"])),
        tag("Authorised", str(kept.get("Authorised") or "N")),
    ]
