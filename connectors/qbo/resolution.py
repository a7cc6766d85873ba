"""What Intuit's refusals mean in our words, and how to read their two spellings.

Codes and texts: Intuit's error-code page and recorded bodies (reference, section 10).
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from connectors.http.jsontext import JsonError, load
from connectors.http.resolution import (
    ResolutionTable,
    Rule,
    Said,
    busy,
    failed_inside,
    plain,
    unavailable,
    with_defaults,
)
from connectors.qbo.facts import SYSTEM, THROTTLE_WAIT
from engine.errors import (
    AccessDenied,
    DuplicateAtTarget,
    PeriodClosed,
    PermissionMissing,
    RecordMissing,
    ReferenceUnknown,
    RemoteFault,
    RemoteRejected,
    RemoteUnavailable,
    StaleVersion,
    SurpriseAnswer,
    ValueRefused,
)

_GROUPS = {
    "names": "party",
    "accounts": "account",
    "items": "item",
    "klasses": "class",
    "departments": "branch",
    "terms": "term",
    "taxcode": "tax_code",
    "taxrate": "tax_code",
    "taxagency": "tax_agency",
    "currency": "currency",
    "paymentmethod": "payment_method",
}
_ELEMENT = re.compile(r":\s*(\w+) element id (\S+) not found", re.IGNORECASE)
_HOLDER = re.compile(r"(?:TxnId|Id)=(\d+)")
_NUMBER = re.compile(r"DocNumber=(.+?) is assigned")
_VALUES = [
    "2010",
    "2030",
    "2040",
    "2050",
    "2060",
    "2070",
    "2080",
    "2090",
    "2100",
    "2110",
    "2120",
    "2140",
    "2150",
    "2160",
    "2170",
    "2180",
    "2190",
    "2200",
    "2210",
    "2220",
    "2230",
    "2240",
    "2290",
    "3000",
    "6070",
    "6100",
]


def read_fault(response: httpx.Response, first: Said) -> Said:
    """What a failed answer says; an HTML or empty body leaves only the status."""
    trace = response.headers.get("intuit_tid", "")
    try:
        body = load(response.content)
    except JsonError:
        return _with(first, trace=trace)
    return said_of(body, first, trace)


def said_of(body: Any, first: Said, trace: str = "") -> Said:
    """The first error of a ``Fault`` (or gateway ``fault``); the others are joined to its detail."""
    errors = fault_errors(body)
    if not errors:
        return _with(first, trace=trace)
    main = errors[0]
    more = [str(_pick(e, "Detail") or "") for e in errors[1:]]
    return _with(
        first,
        code=str(_pick(main, "code") or "").lstrip("0"),
        message=str(_pick(main, "Message") or ""),
        detail=" / ".join(x for x in (str(_pick(main, "Detail") or ""), *more) if x),
        field=str(_pick(main, "element") or ""),
        trace=trace,
    )


def fault_errors(body: Any) -> list[dict[str, Any]]:
    """The error members of a body in either spelling, empty where it holds no fault."""
    fault = _pick(body, "Fault") if isinstance(body, dict) else None
    errors = _pick(fault, "Error") if isinstance(fault, dict) else None
    return [e for e in errors or () if isinstance(e, dict)] if isinstance(errors, list) else []


def _pick(values: dict[str, Any], name: str) -> Any:
    return values.get(name, values.get(name[:1].lower() + name[1:]))


def _with(said: Said, **more: Any) -> Said:
    values = {f: getattr(said, f) for f in said.__dataclass_fields__}
    return Said(**(values | more))


def _reference(said: Said) -> RemoteFault:
    match = _ELEMENT.search(said.detail)
    kind = _GROUPS.get(match.group(1).lower(), match.group(1).lower()) if match else "record"
    value = match.group(2) if match else said.field
    return ReferenceUnknown(**said.base(), kind=kind, value=value)


def _duplicate_name(said: Said) -> RemoteFault:
    match = _HOLDER.search(said.detail)
    return DuplicateAtTarget(
        **said.base(), value="the name", existing_key=match.group(1) if match else ""
    )


def _duplicate_number(said: Said) -> RemoteFault:
    holder, number = _HOLDER.search(said.detail), _NUMBER.search(said.detail)
    return DuplicateAtTarget(
        **said.base(),
        value=number.group(1) if number else "the document number",
        existing_key=holder.group(1) if holder else "",
    )


def _missing_field(said: Said) -> RemoteFault:
    found = re.search(r"Required parameter (\S+) is missing", said.detail)
    field = said.field or (found.group(1) if found else "")
    return ValueRefused(**(said.base() | {"field": field or "a required field"}))


def _value(said: Said) -> RemoteFault:
    return ValueRefused(**(said.base() | {"field": said.field or "a field"}))


def _surprise(said: Said) -> RemoteFault:
    return SurpriseAnswer(**(said.base() | {"field": "the request"}), expected="accepted")


RULES: tuple[Rule, ...] = (
    Rule(busy("minute", THROTTLE_WAIT), code=("3001",), why="throttle; also with HTTP 400 and 200"),
    Rule(busy("minute", THROTTLE_WAIT), status=(429,), why="the status alone decides"),
    Rule(plain(AccessDenied), status=(401,), why="3200: token missing, expired or revoked"),
    Rule(plain(AccessDenied), code=("100", "110", "120", "3200", "3202"), why="authentication"),
    Rule(
        plain(AccessDenied), code=("3100",), why="wrong keys for this company, or access was ended"
    ),
    Rule(plain(AccessDenied), code=("6190",), why="the subscription has ended"),
    Rule(plain(PermissionMissing), code=("5020", "5030"), why="user or subscription may not"),
    Rule(
        plain(RemoteUnavailable), code=("130", "140", "150"), why="company moved or in maintenance"
    ),
    Rule(plain(RecordMissing), code=("610",), why="a missing record is HTTP 400 here, not 404"),
    Rule(_reference, code=("2500",), why="a reference to an unknown or inactive record"),
    Rule(_reference, code=("6250",), why="customer missing or inactive in a sale"),
    Rule(plain(StaleVersion), code=("5010",), why="SyncToken is not the current one"),
    Rule(_duplicate_name, code=("6240",), why="names are one space over three lists"),
    Rule(_duplicate_number, code=("6140",), why="document number in use"),
    Rule(_duplicate_name, code=("630",), why="duplicate object"),
    Rule(plain(PeriodClosed), code=("6200", "6210"), why="date on or before the closing date"),
    Rule(_missing_field, code=("2020",), why="required parameter missing"),
    Rule(_value, code=tuple(_VALUES), why="format, length, enumeration or arithmetic of a value"),
    Rule(_surprise, code=("4000", "4001"), why="our query was not understood: a bug or a change"),
    Rule(unavailable, code=("4002",), why="query processing failed on their side"),
    Rule(failed_inside, code=("10000",), why="application error: may have taken effect"),
    Rule(
        plain(RemoteUnavailable),
        code=("1000", "1010", "1020"),
        why="failed on their side, not done",
    ),
    Rule(plain(RemoteRejected), code=("500",), why="the entity has no such operation"),
    Rule(plain(RemoteRejected), code=("600",), why="request id used for something else"),
)

TABLE: ResolutionTable = with_defaults(SYSTEM, RULES, read_fault)
"""Resolves every failed answer of QuickBooks Online."""
