"""What Xero's refusals mean: status, then words (xero.md sections 10 and 11)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.http.jsontext import JsonError, load
from connectors.http.resolution import (
    ResolutionTable,
    Rule,
    Said,
    plain,
    unavailable,
    with_defaults,
)
from connectors.xero.facts import CONCURRENT_WAIT, SYSTEM
from engine.errors import (
    AccessDenied,
    DuplicateAtTarget,
    PeriodClosed,
    PermissionMissing,
    RecordMissing,
    ReferenceUnknown,
    RemoteBusy,
    RemoteFault,
    RemoteRejected,
    StaleVersion,
    ValueRefused,
)


class NotModifiedError(RemoteFault):
    """304: nothing changed since (tolerated although unverified, xero.md section 7)."""


_NOWHERE = "It does not exist there, or something it refers to does not."
_DAY_WAIT = 3600.0
_SCOPES = {"minute": "minute", "day": "day", "concurrent": "concurrent", "appminute": "app", "app-minute": "app"}  # fmt: skip
_QUOTED = re.compile(r"[‘'\"“]([^'\"’”]{1,100})[’'\"”]")
_LOCK = re.compile(r"currently set at (\d{1,2}-\w{3}-\d{4})", re.IGNORECASE)
_TAX = re.compile(r"TaxType code '?([A-Z0-9]+)'?", re.IGNORECASE)
_NAME = re.compile(r"contact name (.+?) is already assigned", re.IGNORECASE)


def _quoted(said: Said, pattern: re.Pattern[str] = _QUOTED) -> str:
    found = pattern.search(f"{said.message} {said.detail}")
    return found[1] if found else ""


def _reference(
    kind: str, field: str = "", pattern: re.Pattern[str] = _QUOTED, does: str = "does not know"
) -> Callable[[Said], RemoteFault]:
    def make(said: Said) -> RemoteFault:
        given = {**said.base(), "field": said.field or field}
        return ReferenceUnknown(**given, kind=kind, value=_quoted(said, pattern), does=does)

    return make


def _duplicate(pattern: re.Pattern[str] = _QUOTED) -> Callable[[Said], RemoteFault]:
    def make(said: Said) -> RemoteFault:
        return DuplicateAtTarget(**said.base(), value=_quoted(said, pattern))

    return make


_LONG = re.compile(r"The field (\w+)")
_NO_MEMBER = re.compile(r"is not a valid (\w+)")


def _closed(said: Said) -> RemoteFault:
    text = _quoted(said, _LOCK)
    with contextlib.suppress(ValueError):  # else the vendor's own words will do
        text = datetime.strptime(text, "%d-%b-%Y").replace(tzinfo=UTC).date().isoformat()
    return PeriodClosed(**said.base(), date=text)


def _value(field: str) -> Callable[[Said], RemoteFault]:
    def make(said: Said) -> RemoteFault:
        return ValueRefused(**{**said.base(), "field": said.field or field})

    return make


def _named(pattern: re.Pattern[str]) -> Callable[[Said], RemoteFault]:
    """A refused value whose field the message names."""

    def make(said: Said) -> RemoteFault:
        field = said.field or _quoted(said, pattern)
        return ValueRefused(**{**said.base(), "field": field})

    return make


def _limit(said: Said) -> RemoteFault:
    """The three limits told apart: seconds for the minute, until reset for the day, a moment else."""
    scope = _SCOPES.get(said.code.lower(), "minute")
    wait = {"day": _DAY_WAIT, "concurrent": CONCURRENT_WAIT}.get(scope, 60.0)
    return RemoteBusy(
        **said.base(), scope=scope, wait_seconds=said.wait if said.wait is not None else wait
    )


RULES: tuple[Rule, ...] = (
    Rule(plain(NotModifiedError), status=(304,), why="xero.md 7, unverified"),
    Rule(_limit, status=(429,), why="X-Rate-Limit-Problem: minute, day, concurrent, appminute"),
    Rule(plain(PermissionMissing), status=(401, 403), words="insufficient_scope", why="xero.md 3"),
    Rule(plain(PermissionMissing), status=(401, 403), words="insufficent_scope", why="xero.md 3"),
    Rule(plain(PermissionMissing), status=(403,), words="not permitted", why="xero.md 10"),
    Rule(plain(AccessDenied), status=(401, 403), why="xero.md 10: token, or tenant disconnected"),
    Rule(unavailable, status=(503,), why="xero.md 10: maintenance, organisation offline"),
    Rule(_closed, status=(400,), words="lock date", why="xero.md 11"),
    Rule(_duplicate(_NAME), status=(400,), words="already assigned to another contact", why="xero.md 11"),
    Rule(_duplicate(), status=(400,), words="must be unique", why="xero.md 11: Invoice #, order number"),
    Rule(_duplicate(), status=(400,), words="please enter a unique", why="xero.md 11: accounts"),
    Rule(_duplicate(), status=(400,), words="already exists", why="xero.md 11: items"),
    Rule(_reference("tax code", "TaxType", _TAX), status=(400,), words="taxtype", why="xero.md 11"),
    Rule(_reference("account", "AccountCode"), status=(400,), words="account code", why="xero.md 11"),
    Rule(_reference("account", "AccountCode"), status=(400,), words="account must be valid", why="xero.md 11"),
    Rule(_reference("bank account", "Account"), status=(400,), words="account type is invalid", why="xero.md 11"),
    Rule(_reference("bank account", "BankAccount"), status=(400,), words="invalid bank account", why="xero.md 19"),
    Rule(_reference("tax code", "TaxType"), status=(400,), words="tax rate must be valid", why="xero.md 11"),
    Rule(_reference("item", "ItemCode"), status=(400,), words="item code", why="emulator, unverified words"),
    Rule(_reference("currency", "CurrencyCode"), status=(400,), words="not subscribed to currency", why="xero.md 11"),
    Rule(_reference("customer", "Contact", does="refuses"), status=(400,), words="has been archived", why="xero.md 11"),
    Rule(_reference("customer", "Contact", does="refuses"), status=(400,), words="archived contact", why="xero.md 11"),
    Rule(_reference("customer", "Contact"), status=(400,), words="to identify the contact", why="xero.md 11"),
    Rule(_reference("tracking option", "Tracking"), status=(400,), words="tracking option", why="unverified words"),
    Rule(plain(RecordMissing), status=(400,), words="could not be found", why="xero.md 11"),
    Rule(plain(StaleVersion), status=(400,), words="not of valid status", why="xero.md 11"),
    Rule(plain(StaleVersion), status=(400,), words="against authorised documents", why="xero.md 11"),
    Rule(plain(StaleVersion), status=(400,), words="status change is invalid", why="xero.md 11"),
    Rule(_value("Amount"), status=(400,), words="exceeds the amount", why="xero.md 11: payments"),
    Rule(_value("LineAmount"), status=(400,), words="does not match the", why="xero.md 15.2"),
    Rule(_value("JournalLines"), status=(400,), words="must equal total credits", why="xero.md 11"),
    Rule(_value("EmailAddress"), status=(400,), words="email address", why="xero.md 11"),
    Rule(_named(_LONG), status=(400,), words="characters or fewer", why="xero.md 23"),
    Rule(_named(_NO_MEMBER), status=(400,), words="is not a valid", why="enumerations"),
    Rule(plain(RemoteRejected), status=(400,), why="xero.md 10: any other validation"),
)  # fmt: skip


def messages(element: dict[str, Any]) -> list[str]:
    """The validation messages of one element, those of its lines included."""
    found = [str(e.get("Message", "")) for e in element.get("ValidationErrors") or ()]
    for line in (*(element.get("LineItems") or ()), *(element.get("JournalLines") or ())):
        if isinstance(line, dict):
            found += [str(e.get("Message", "")) for e in line.get("ValidationErrors") or ()]
    return [m for m in dict.fromkeys(found) if m]


def _read(response: httpx.Response, said: Said) -> Said:
    header = response.headers.get("www-authenticate", "")
    trace = response.headers.get("xero-correlation-id", "")
    if response.status_code == 429:
        code = response.headers.get("x-rate-limit-problem", "")
        return replace(said, code=code, message=f"{code or 'call'} limit reached", trace=trace)
    if response.status_code == 404:
        return replace(said, message=_NOWHERE, trace=trace)
    try:
        body = load(response.content)
    except JsonError:
        text = (
            response.text[:300] if "text/plain" in response.headers.get("content-type", "") else ""
        )
        return replace(said, message=text or f"HTTP {response.status_code}", trace=trace)
    if not isinstance(body, dict):
        return replace(said, trace=trace)
    words = [m for e in body.get("Elements") or () if isinstance(e, dict) for m in messages(e)]
    detail = "; ".join(words) or str(body.get("Detail") or "")
    if header:
        detail = f"{detail} {header}".strip()
    number = body.get("ErrorNumber")
    return replace(
        said,
        code=str(number) if number is not None else "",
        message=str(body.get("Message") or body.get("Title") or "") if not words else "",
        detail=detail,
        trace=trace,
    )


TABLE: ResolutionTable = with_defaults(SYSTEM, RULES, _read)


def judge_element(call: str, element: dict[str, Any]) -> RemoteFault:
    """The error for one refused element of a bulk write."""
    words = "; ".join(messages(element)) or "refused without a reason"
    return TABLE.judge(Said(system=SYSTEM, call=call, status=400, code="10", detail=words))
