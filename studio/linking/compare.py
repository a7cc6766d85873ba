"""Two records beside each other: which fields agree, down to the word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_WORD = re.compile(r"\w+|\s+|[^\w\s]+")
_FIRST = [
    "code",
    "name",
    "legal_name",
    "description",
    "tax_number",
    "email",
    "phone",
    "mobile",
    "billing.line1",
    "billing.line2",
    "billing.city",
    "billing.region",
    "billing.postal_code",
    "billing.country",
    "unit",
    "barcode",
    "product_class",
    "price",
    "terms",
    "currency",
    "contact_name",
    "website",
]
_MOST = 10
_ENOUGH = 5
_QUIET = {"role", "active"}
# Each system gives its own: that they differ says nothing against a pair.
_OWN = {"code"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of both records; ``agrees`` is None where the field says nothing about the pair."""

    name: str
    left: SafeString
    right: SafeString
    agrees: bool | None


def compared(left: dict[str, Any], right: dict[str, Any]) -> list[Compared]:
    """The fields that either record has, the telling ones first."""
    a, b = dict(_flat(left)), dict(_flat(right))
    names = sorted(
        (a.keys() | b.keys()) - _QUIET,
        key=lambda n: (_FIRST.index(n) if n in _FIRST else len(_FIRST), n),
    )
    rows = [_one(n, a.get(n, ""), b.get(n, "")) for n in names]
    both = [r for n, r in zip(names, rows, strict=True) if r.agrees is not None or _names(n, a, b)]
    # What only one side knows says little once there is enough to compare.
    return (both if len(both) >= _ENOUGH else rows)[:_MOST]


def _names(name: str, a: dict[str, str], b: dict[str, str]) -> bool:
    """Whether a field calls both records by what their own systems call them."""
    return name in _OWN and name in a and name in b


def _one(name: str, left: str, right: str) -> Compared:
    agrees = None if not left or not right else _same(left, right)
    label = name.replace("_", " ").replace(".", " · ")
    if name in _OWN and not agrees:
        return Compared(label, marked(left, ""), marked(right, ""), None)
    return Compared(label, marked(left, right), marked(right, left), agrees)


def _folded(text: str) -> str:
    return "".join(w.casefold() for w in re.findall(r"\w+", text))


def _same(left: str, right: str) -> bool:
    """The same text, or the same amount however many zeros a system writes behind it."""
    if _folded(left) == _folded(right):
        return True
    # A code with leading zeros is no amount: one side must have decimals.
    numbers = _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right) and "." in left + right
    return bool(numbers) and Decimal(left) == Decimal(right)


def marked(text: str, other: str) -> SafeString:
    """The text with each word marked as shared or as differing; plain where there is no other."""
    if not text:
        return SafeString("–")
    if not other:
        return format_html("{}", text)
    shared = {w.casefold() for w in re.findall(r"\w+", other)}
    whole = _same(text, other)

    def piece(token: str) -> SafeString:
        if not re.match(r"\w", token):
            return format_html("{}", token)
        same = whole or token.casefold() in shared
        style = "token-same" if same else "token-differs"
        return format_html('<span class="{}">{}</span>', style, token)

    return format_html_join("", "{}", ((piece(t),) for t in _WORD.findall(text)))


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        if value:
            yield path, ", ".join(str(v) for v in value)
    elif value not in (None, ""):
        yield path, "yes" if value is True else "no" if value is False else str(value)
