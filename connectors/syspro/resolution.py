"""From SYSPRO's words to the one error tree (reference 4; numbers without a public source marked)."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import Any

import httpx

from connectors.http.resolution import (
    Maker,
    Rule,
    Said,
    busy,
    plain,
    unavailable,
    with_defaults,
)
from connectors.syspro.facts import tables
from connectors.syspro.xml import Node
from engine.errors import (
    AccessDenied,
    DuplicateAtTarget,
    PeriodClosed,
    PermissionMissing,
    RecordMissing,
    ReferenceUnknown,
    RemoteFault,
    RemoteRejected,
    ValueRefused,
)

_QUOTED = re.compile(r"'([^']{1,60})'")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_KINDS = {
    "customer": "customer",
    "supplier": "supplier",
    "stockcode": "item",
    "warehouse": "warehouse",
    "taxcode": "tax code",
    "stocktaxcode": "tax code",
    "termscode": "term",
    "invoiceterms": "term",
    "ledgercode": "account",
    "glcode": "account",
    "branch": "branch",
    "salesperson": "salesperson",
    "currency": "currency",
    "bank": "bank",
    "productclass": "product class",
    "nsproductclass": "product class",
    "area": "area",
    "invoice": "invoice",
    "formtype": "custom form",
}


def _quoted(said: Said) -> str:
    found = _QUOTED.search(said.detail or said.message)
    return found.group(1) if found else ""


def _unknown(said: Said) -> RemoteFault:
    kind = _KINDS.get(said.field.lower(), "record")
    return ReferenceUnknown(**said.base(), kind=kind, value=_quoted(said))


def _duplicate(said: Said) -> RemoteFault:
    return DuplicateAtTarget(**said.base(), value=_quoted(said))


def _closed(said: Said) -> RemoteFault:
    found = _DATE.search(said.detail)
    return PeriodClosed(**said.base(), date=found.group(0) if found else "")


def _refused(said: Said) -> RemoteFault:
    base: dict[str, Any] = said.base()
    return ValueRefused(**base) if said.field else RemoteRejected(**base)


def _not_found(said: Said) -> RemoteFault:
    if said.field.lower() in ("salesorder", "key"):
        return RecordMissing(**said.base())
    return _unknown(said)


RULES: tuple[Rule, ...] = (
    Rule(unavailable, words="supplied userid is invalid", why="1.2: session ended, nothing done"),
    Rule(plain(AccessDenied), words="invalid operator", why="1.2: logon refused"),
    Rule(plain(AccessDenied), words="invalid company", why="1.7: logon refused"),
    Rule(busy("concurrent", 60.0), words="already logged in", why="1.8: one session per operator"),
    Rule(busy("concurrent", 60.0), words="users exceeded", why="1.8: licences exhausted"),
    Rule(unavailable, words="unable to read the syspro base directory", why="1.2: host set-up"),
    Rule(plain(PermissionMissing), code=("100000",), why="1.2: object missing or not licensed"),
    Rule(plain(PermissionMissing), words="denied", why="240096: operator security"),
    Rule(_duplicate, words="duplicate", why="120001, and duplicate purchase order or invoice"),
    Rule(_closed, words="period", why="4.3: posting to a closed period; text unverified"),
    Rule(_not_found, words="not found", why="240004 and its siblings"),
    Rule(_unknown, words="not stocked", why="240008"),
    Rule(_refused, why="any other message names the element in error"),
)


def _read(response: httpx.Response, said: Said) -> Said:
    return replace(said, detail=response.text[:500])


TABLE = with_defaults("syspro", (), _read)
"""What a non-200 answer means: only the host itself answers so."""

_JUDGE: tuple[Rule, ...] = RULES


def judge(said: Said) -> RemoteFault:
    """The error for what SYSPRO said."""
    maker: Maker = next(rule.makes for rule in _JUDGE if rule.fits(said))
    return maker(said)


def text_fault(text: str, call: str, *, safe: bool) -> RemoteFault | None:
    """The error of a plain-text answer, or None where the text is no error."""
    head = text.strip()[:500]
    lower = head.lower()
    if not lower.startswith("error") and "e.net exception" not in lower[:200]:
        return None
    code = re.search(r"\b(\d{6})\b", head)
    said = Said(
        system="syspro",
        call=call,
        status=200,
        code=code.group(1) if code else "",
        detail=head.removeprefix("ERROR:").strip(),
        safe=safe,
    )
    return judge(said)


@cache
def _proper() -> dict[str, str]:
    """Column names by their lower-case form, because setup objects answer in lower case."""
    return {c.name.lower(): c.name for t in tables().values() for c in t.columns}


def element_faults(root: Node, call: str) -> list[RemoteFault]:
    """One error for each element that was answered with ErrorNumber or ErrorDescription."""
    made: list[RemoteFault] = []
    for node in root.walk():
        number = node.value("ErrorNumber")
        words = node.value("ErrorDescription")
        if number or words:
            said = Said(
                system="syspro",
                call=call,
                status=200,
                code=number.lstrip("0"),
                detail=words or f"message {number}",
                field=_proper().get(node.name, node.tag),
                safe=False,
            )
            made.append(judge(said))
    return made


_COUNTERS = (
    "ItemsInvalid", "RecordsInvalid", "InvalidItems", "ItemsRejectedWithWarnings",
    "JournalsInvalid", "PostingsInvalid",
)  # fmt: skip


_TROUBLE = re.compile(
    "<(?:errornumber|errordescription|validationstatus|" + "|".join(_COUNTERS) + ")[ />]",
    re.IGNORECASE,
)


def suspicious(text: str) -> bool:
    """Whether an answer has an element that may say that something was refused."""
    return _TROUBLE.search(text) is not None


def rejected(root: Node) -> str:
    """The counter or status by which the whole document was refused, or empty."""
    for name in _COUNTERS:
        for node in root.anywhere(name):
            if node.text.strip("0 "):
                return f"{name} {node.text}"
    for node in root.anywhere("ValidationStatus"):
        if node.value("Status").lower() == "failed":
            return "ValidationStatus Failed"
    return ""


def warnings(root: Node) -> list[str]:
    """Warnings that did not stop the document."""
    return [n.text for n in root.anywhere("WarningDescription") if n.text]
