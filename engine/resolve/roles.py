# ruff: noqa: SIM905 - word lists read better as text
"""Recognise what the columns of a table mean from their headings and from the shape of the values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from engine.resolve.table import Table

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_PHONE = re.compile(r"^[+(0-9][\d\s().+/-]{5,}\d")
_SAMPLE = 400


def heading_words(name: str) -> list[str]:
    """``BillAddr.PostalCode`` becomes ``bill addr postal code``."""
    return [w.lower() for w in _CAMEL.findall(name)]


_PARTY: list[tuple[str, frozenset[str]]] = [
    ("email", frozenset("email mail emails".split())),
    (
        "phone",
        frozenset(
            "phone phones telephone tel telefon telefoon mobile cell fax ddi freeform".split()
        ),
    ),
    ("web", frozenset("web website url uri www homepage".split())),
    (
        "ignore",
        frozenset(
            "parent master fully qualified balance currency curr date time utc created updated".split()
        ),
    ),
    ("tax", frozenset("tax vat resale gst abn ein tin btw ust nif cif siret nip ssn".split())),
    ("bank", frozenset("bank iban".split())),
    ("postal", frozenset("postal postcode zip plz".split())),
    ("city", frozenset("city town ort plaats ville ciudad suburb".split())),
    ("region", frozenset("region state province county subdivision division".split())),
    ("country", frozenset("country nationality".split())),
    ("person", frozenset("given first family surname contact firstname lastname".split())),
    ("name_alt", frozenset("attention".split())),
    (
        "line",
        frozenset("addr address street line line1 line2 line3 line4 address1 address2".split()),
    ),
    ("ignore", frozenset("short store".split())),
    ("name", frozenset("name company trading remit chname".split())),
    ("note", frozenset("note notes memo comment comments remark remarks".split())),
    ("code", frozenset("account acct code number no ref reference".split())),
    (
        "ignore",
        frozenset(
            "class branch area status active hold job type id credit vendor1099 supplier customer".split()
        ),
    ),
]
_ITEM: list[tuple[str, frozenset[str]]] = [
    (
        "ignore",
        frozenset(
            "date time utc created updated parent fully qualified pref tariff country mass qty quantity hold".split()
        ),
    ),
    (
        "ignore",
        frozenset(
            "purchased sold tracked sub active type category conv mul supplier vendor status".split()
        ),
    ),
    ("cost", frozenset("cost".split())),
    ("price", frozenset("price".split())),
    ("uom", frozenset("uom measure".split())),
    ("text", frozenset("description desc name title".split())),
    (
        "code",
        frozenset(
            "code sku stock part mpn alternate ean barcode upc gtin user draw ref number key office".split()
        ),
    ),
    ("group", frozenset("class group".split())),
]


def _filled(values: Sequence[str]) -> list[str]:
    return list(islice((v for v in values if v), _SAMPLE))


def _share(values: Sequence[str], test: Callable[[str], object]) -> float:
    return sum(1 for v in values if test(v)) / len(values) if values else 0.0


def _by_heading(name: str, rules: list[tuple[str, frozenset[str]]]) -> str:
    found = set(heading_words(name))
    joined = "".join(heading_words(name))
    if {"company", "number"} <= found or {"registration"} & found or {"tax", "exempt"} <= found:
        return "reg"
    if {"business", "number"} <= found:
        return "tax"
    if "country" in found and "phone" in joined:
        return "phone_country"
    if "area" in found and "phone" in joined:
        return "phone_area"
    if {"family", "name"} <= found or {"last", "name"} <= found:
        return "person"
    if "last" in found:
        return "ignore"
    for role, heads in rules:
        if found & heads:
            return role
    return ""


def _by_values(values: list[str], rules: list[tuple[str, frozenset[str]]]) -> str:
    if _share(values, lambda v: "@" in v) > 0.5:
        return "email"
    if _share(values, lambda v: v.lower().startswith(("http", "www."))) > 0.5:
        return "web"
    if (
        _share(values, _PHONE.match) > 0.7
        and _share(values, lambda v: sum(c.isdigit() for c in v) >= 7) > 0.7
    ):
        return "phone"
    if _share(values, lambda v: any(c.isalpha() for c in v)) > 0.8 and len(set(values)) > 0.5 * len(
        values
    ):
        return "text" if rules is _ITEM else "name"
    return "ignore"


def recognise(table: Table, kind: str) -> dict[str, str]:
    """Column name to role; the key column has the role ``key``, empty columns none."""
    rules = _ITEM if kind == "item" else _PARTY
    roles: dict[str, str] = {}
    for name, values in table.columns.items():
        if name == table.key:
            roles[name] = "key"
            continue
        sample = _filled(values)
        if not sample:
            continue
        roles[name] = _by_heading(name, rules) or _by_values(sample, rules)
    return roles


_OF_PARTIES = frozenset("email phone postal city region line tax person country".split())
_OF_ITEMS = frozenset("cost price uom group".split())
_ENOUGH = 2


def headings_of_another_kind(table: Table, kind: str) -> list[str]:
    """Headings that say that the records are no ``kind``: several of theirs and none of its own; else none.

    Whatever is in a file, something in it is alike: postal codes are read as sizes of items.
    """
    parties = [n for n in table.columns if _by_heading(n, _PARTY) in _OF_PARTIES]
    items = [n for n in table.columns if _by_heading(n, _ITEM) in _OF_ITEMS]
    strange, own = (parties, items) if kind == "item" else (items, parties)
    return strange if len(strange) >= _ENOUGH and not own else []


def name_column(table: Table, kind: str) -> str | None:
    """The column by which people know a record, the first one that reads like a name."""
    wanted = "text" if kind == "item" else "name"
    return next((name for name, role in recognise(table, kind).items() if role == wanted), None)


def _is_key(values: Sequence[str]) -> bool:
    """Whether a column is filled and unique in every record; most are found out by their beginning."""
    head = list(islice(iter(values), _SAMPLE))
    if not head or not all(head) or len(set(head)) < len(head):
        return False
    seen = set(values)
    return "" not in seen and len(seen) == len(values)


def key_column(columns: Mapping[str, Sequence[str]]) -> str | None:
    """The first column that is filled and unique in every record, key-like headings preferred.

    The first column of all is taken where it is a key, whatever its heading.
    """
    names = list(columns)
    likely = {"id", "key", "code", "number", "no", "guid", "customer", "supplier"}
    named = [n for n in names if set(heading_words(n)) & likely]
    order = dict.fromkeys([*names[:1], *named, *names])
    return next((n for n in order if _is_key(columns[n])), None)
