"""Two records beside each other: which fields agree, down to the word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from engine.resolve.words import LEGAL_FORMS
from studio.catalog.models import Code, Connection
from studio.linking.models import Party

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
    "contact_name",
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
    "website",
]
_MOST = 12
_ENOUGH = 5
_QUIET = {"role", "active"}
# Codes of lists that each company keeps itself -> the list that says what they mean.
_LISTS = {"terms": "term", "tax_code": "tax_code", "purchase_tax_code": "tax_code"}
# Each system gives its own: that they differ says nothing against a pair.
_OWN = {"code", *_LISTS}
# Fields in which a legal form may stand, as a word or as its letters.
_NAMES = {"name", "legal_name"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of both records; ``agrees`` is None where the field says nothing about the pair."""

    name: str
    left: SafeString
    right: SafeString
    agrees: bool | None


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the codes of one company's lists mean: (list, code) -> words."""

    words: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def spoken(self, kind: str, code: str) -> str:
        """The code, with what it means where that is known."""
        said = self.words.get((kind, code), "")
        return f"{code} {said}" if said and said != code else code


def meanings_of(connections: Iterable[Connection]) -> dict[int, Meanings]:
    """Of each connection what the codes mean that its customers, suppliers and items carry."""
    found: dict[int, dict[tuple[str, str], str]] = {}
    codes = Code.objects.filter(connection__in=connections, kind__in=set(_LISTS.values()))
    for one in codes.only("connection_id", "kind", "key", "label"):
        found.setdefault(one.connection_id, {})[one.kind, one.key] = one.label
    return {connection: Meanings(words) for connection, words in found.items()}


def beside(left: Party, right: Party, known: Mapping[int, Meanings]) -> list[Compared]:
    """Two records field by field, codes with what they mean; ``known`` as of :func:`meanings_of`."""
    first, second = (known.get(p.connection_id, Meanings()) for p in (left, right))
    return compared(left.data, right.data, (first, second))


def compared(
    left: dict[str, Any],
    right: dict[str, Any],
    meanings: tuple[Meanings, Meanings] = (Meanings(), Meanings()),
) -> list[Compared]:
    """The fields that either record has, the telling ones first.

    Args:
        left: the one record, canonical.
        right: the other.
        meanings: what the codes of each side mean.
    """
    a, b = dict(_flat(left)), dict(_flat(right))
    for one, known in zip((a, b), meanings, strict=True):
        one.update({n: known.spoken(_LISTS[n], one[n]) for n in one.keys() & _LISTS.keys()})
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
    plain = _formed if name in _NAMES else str.casefold
    if agrees is False:
        agrees = _same(_each(left, plain), _each(right, plain))
    return Compared(label, marked(left, right, plain), marked(right, left, plain), agrees)


def _formed(word: str) -> str:
    """A word of a name; of a legal form its letters, however it is written."""
    return LEGAL_FORMS.get(word.casefold(), word.casefold())


def _each(text: str, plain: Callable[[str], str]) -> str:
    return " ".join(plain(w) for w in re.findall(r"\w+", text))


def _folded(text: str) -> str:
    return "".join(w.casefold() for w in re.findall(r"\w+", text))


def _same(left: str, right: str) -> bool:
    """The same text, or the same amount however many zeros a system writes behind it."""
    if _folded(left) == _folded(right):
        return True
    # A code with leading zeros is no amount: one side must have decimals.
    numbers = _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right) and "." in left + right
    return bool(numbers) and Decimal(left) == Decimal(right)


def marked(text: str, other: str, plain: Callable[[str], str] = str.casefold) -> SafeString:
    """The text with each word marked as shared or as differing; plain where there is no other.

    Args:
        text: what is shown.
        other: what stands on the other side.
        plain: a word as it is compared.
    """
    if not text:
        return SafeString("–")
    if not other:
        return format_html("{}", text)
    shared = {plain(w) for w in re.findall(r"\w+", other)}
    whole = _same(text, other)

    def piece(token: str) -> SafeString:
        if not re.match(r"\w", token):
            return format_html("{}", token)
        same = whole or plain(token) in shared
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
