# ruff: noqa: SIM905 - word lists read better as text
"""Normalise customers and suppliers: names, telephones, mail, numbers and addresses become keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from engine.resolve import words as w
from engine.resolve.party_names import Name, normalise_name
from engine.resolve.table import Table
from engine.resolve.text import code_key, fold, plain_vowels, words

_EXTENSION = re.compile(r"(?:ext|extn|x|app|poste|dw|kl)\.?\s*\d+\s*$|/\s*\d{1,2}$", re.IGNORECASE)
_DIGITS = re.compile(r"\D+")
_MAIL = re.compile(r"[a-z0-9._%+'-]+@([a-z0-9.-]+[a-z0-9])")
_MASK = re.compile(r"[xX*•]{2,}")
_CODE = re.compile(r"[A-Za-z]{0,8}[-/ _.]?\d{3,}[A-Za-z0-9]*")
_WEB = re.compile(r"^(?:https?://)?(?:www\.)?([a-z0-9.-]+)")


def phone_key(raw: str) -> str:
    """The last eight digits of a telephone number without extension; empty if it is too short."""
    digits = _DIGITS.sub("", _EXTENSION.sub("", raw.replace("(0)", "")))
    return digits[-8:] if len(digits) >= 6 else ""


@dataclass(slots=True)
class Facts:
    """Keys per record, one list entry per record; the lists hold distinct texts."""

    names: list[tuple[str, ...]] = field(default_factory=list)
    forms: list[tuple[str, ...]] = field(default_factory=list)
    blocked: list[bool] = field(default_factory=list)
    placeholder: list[bool] = field(default_factory=list)
    cut: list[bool] = field(default_factory=list)
    phone: list[tuple[str, ...]] = field(default_factory=list)
    email: list[tuple[str, ...]] = field(default_factory=list)
    domain: list[tuple[str, ...]] = field(default_factory=list)
    tax: list[tuple[str, ...]] = field(default_factory=list)
    tax_near: list[tuple[str, ...]] = field(default_factory=list)
    tax_tail: list[tuple[str, ...]] = field(default_factory=list)
    number: list[tuple[str, ...]] = field(default_factory=list)
    street: list[tuple[str, ...]] = field(default_factory=list)
    box: list[tuple[str, ...]] = field(default_factory=list)
    post: list[tuple[str, ...]] = field(default_factory=list)
    area: list[tuple[str, ...]] = field(default_factory=list)
    place: list[tuple[str, ...]] = field(default_factory=list)
    country: list[tuple[str, ...]] = field(default_factory=list)
    code: list[tuple[str, ...]] = field(default_factory=list)
    person: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[tuple[str, ...]] = field(default_factory=list)


def cut_widths(table: Table, roles: dict[str, str]) -> set[int]:
    """Field widths at which names were cut: lengths far more frequent than the lengths before."""
    values = next(iter(_cells(table, roles, "name")), ())
    count = Counter(len(v) for v in values if len(v) >= 18)
    widths: set[int] = set()
    for length, n in count.items():
        around = (count[length - 2] + count[length - 3] + count[length - 4]) / 3
        if length >= 20 and n > 1.8 * around + 3 and count[length + 2] < 0.6 * n:
            widths |= {length, length - 1}
    return widths


def _cells(table: Table, roles: dict[str, str], role: str) -> list[Sequence[str]]:
    return [values for name, values in table.columns.items() if roles.get(name) == role]


def _zip(columns: list[Sequence[str]], n: int) -> Iterable[tuple[str, ...]]:
    return zip(*columns, strict=True) if columns else iter([()] * n)


def _distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    found = [v for v in values if v]
    return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))


def _names(table: Table, roles: dict[str, str], widths: Collection[int], out: Facts) -> None:
    n = len(table)
    columns = _cells(table, roles, "name")
    alternatives = _cells(table, roles, "name_alt")
    cache: dict[str, Name] = {}
    inside: list[tuple[str, ...]] = []
    for row in _zip(columns + alternatives, n):
        found: list[Name] = []
        for raw in dict.fromkeys(row):
            if raw:
                name = cache.get(raw)
                if name is None:
                    name = cache[raw] = normalise_name(raw)
                found.append(name)
        out.names.append(_distinct(s for name in found for s in name.spellings)[:4])
        out.forms.append(_distinct(f for name in found for f in name.forms))
        out.blocked.append(any(name.blocked for name in found[:1]))
        out.placeholder.append(bool(found) and found[0].placeholder)
        out.cut.append(bool(columns) and len(row[0]) in widths)
        inside.append(_distinct(c for name in found for c in name.codes))
    codes = [*_cells(table, roles, "code"), table.keys]
    notes = _cells(table, roles, "note")
    for at, (row, note) in enumerate(zip(_zip(codes, n), _zip(notes, n), strict=True)):
        keys = [code_key(v) for v in row if v] + list(inside[at])
        keys += [code_key(m) for text in note if text for m in _CODE.findall(text)]
        out.code.append(_distinct(k for k in keys if 3 <= len(k) <= 20))


def _contacts(table: Table, roles: dict[str, str], out: Facts) -> None:
    n = len(table)
    for row in _zip(_phone_columns(table, roles), n):
        out.phone.append(_distinct(phone_key(v) for v in row if v))
    mails, webs = _cells(table, roles, "email"), _cells(table, roles, "web")
    for row, web in zip(_zip(mails, n), _zip(webs, n), strict=True):
        found = [m for v in row if "@" in v for m in _MAIL.finditer(v.lower())]
        out.email.append(_distinct(m.group() for m in found))
        sites = [m.group(1) for v in web if v and (m := _WEB.match(v.lower()))]
        out.domain.append(_distinct([m.group(1) for m in found] + sites))
    for row in _zip(_cells(table, roles, "person"), n):
        out.person.append(
            _distinct(t for v in row if v for t in words(fold(v)) if len(t) > 2 and t not in _DESK)
        )


_DESK = frozenset(
    "accounts account dept department creditors debtors payable the accountant mr mrs ms dr attention attn".split()
)


def _phone_columns(table: Table, roles: dict[str, str]) -> list[Sequence[str]]:
    """Telephone columns; area and country code columns of the same slot are put in front."""
    out: list[Sequence[str]] = []
    for name, values in table.columns.items():
        if roles.get(name) == "phone":
            slot = name.rsplit(".", 1)[0]
            areas = [
                table.columns[other]
                for role in ("phone_country", "phone_area")
                for other in table.columns
                if "." in name and roles.get(other) == role and other.rsplit(".", 1)[0] == slot
            ]
            if areas:
                values = ["".join(v) if v[-1] else "" for v in zip(*areas, values, strict=True)]  # noqa: PLW2901
            out.append(values)
    return out


def _numbers(table: Table, roles: dict[str, str], out: Facts) -> None:
    n = len(table)
    for row in _zip(_cells(table, roles, "tax"), n):
        full: list[str] = []
        near: list[str] = []
        tail: list[str] = []
        for raw in row:
            if not raw:
                continue
            digits = _DIGITS.sub("", raw)
            if len(digits) >= 3:
                tail.append(code_key("1" + "".join(c for c in raw if c.isalnum()))[-4:])
            if len(digits) >= 6 and not _MASK.search(raw):
                full.append(digits)
                near += [digits[:7], "s" + "".join(sorted(digits))]
        out.tax.append(_distinct(full))
        out.tax_near.append(_distinct(near))
        out.tax_tail.append(_distinct(tail))
    others = _cells(table, roles, "bank") + _cells(table, roles, "reg")
    for row in _zip(others, n):
        out.number.append(_distinct(d[-8:] for v in row if v and len(d := _DIGITS.sub("", v)) >= 6))


def _street_keys(found: list[str]) -> list[str]:
    keys: list[str] = []
    for at, token in enumerate(found):
        if not token[0].isdigit() or len(token) > 5:
            continue
        number = token.rstrip("abcdef")
        for step in (1, -1):
            for far in (1, 2, 3):
                k = at + step * far
                if not 0 <= k < len(found) or found[k][0].isdigit():
                    break
                word = found[k]
                if len(word) > 2 and word not in w.STREET_WORDS:
                    keys.append(f"{number}|{plain_vowels(w.STREET_TAIL.sub('', word))[:8]}")
                    break
    return keys


class _Cell(NamedTuple):
    """One cell of an address, taken apart once however many records carry it."""

    country: str | None
    boxes: tuple[str, ...]
    streets: tuple[str, ...]
    codes: tuple[str, ...]
    text: str | None


def _cell(raw: str) -> _Cell:
    text = fold(raw)
    if text in w.COUNTRIES:
        return _Cell(w.COUNTRIES[text], (), (), (), None)
    boxes: tuple[str, ...] = ()
    found = words(text)
    numbered = any(c.isdigit() for c in text)
    if numbered and _MAY_BE_BOX(text) and (m := w.BOX.search(text)) is not None:
        boxes = (m.group(1).replace(" ", "").lstrip("0"),)
        found = words(text[: m.start()] + " , " + text[m.end() :])
    streets = tuple(_street_keys(found)) if numbered else ()
    codes = [t.lstrip("0") for t in found if t.isdigit() and 4 <= len(t) <= 6] if numbered else ()
    return _Cell(None, boxes, streets, tuple(codes), plain_vowels(" ".join(found)))


_MAY_BE_BOX = re.compile(r"box|post|posbus|apar|apdo|bp|bag|sak|skr|casilla|cp").search


@lru_cache(maxsize=4096)
def _country(raw: str) -> str | None:
    return w.COUNTRIES.get(fold(raw).replace(".", ""))


@lru_cache(maxsize=65536)
def _town(raw: str) -> str:
    return plain_vowels(" ".join(words(fold(raw))))


def _addresses(table: Table, roles: dict[str, str], out: Facts) -> None:
    n = len(table)
    lines, posts = _cells(table, roles, "line"), _cells(table, roles, "postal")
    countries, cities = _cells(table, roles, "country"), _cells(table, roles, "city")
    cells: dict[str, _Cell] = {}
    for row, post, country, city in zip(
        _zip(lines, n), _zip(posts, n), _zip(countries, n), _zip(cities, n), strict=True
    ):
        streets: list[str] = []
        boxes: list[str] = []
        codes = [code_key(v.split("-")[0] if v[:5].isdigit() else v) for v in post if v]
        texts: list[str] = []
        where = [_country(v) for v in country if v]
        for raw in row:
            if raw:
                cell = cells.get(raw)
                if cell is None:
                    cell = cells[raw] = _cell(raw)
                where.append(cell.country)
                boxes += cell.boxes
                streets += cell.streets
                codes += cell.codes
                if cell.text is not None:
                    texts.append(cell.text)
        texts += [_town(v) for v in city if v]
        out.street.append(_distinct(streets))
        out.box.append(_distinct(boxes))
        out.post.append(_distinct(codes))
        out.country.append(_distinct(where))
        out.lines.append(tuple(dict.fromkeys(texts)))


def towns(table: Table, roles: dict[str, str]) -> Counter[str]:
    """How often each text stands in a column for towns, folded, without numbers and regions."""
    count: Counter[str] = Counter()
    for values in _cells(table, roles, "city"):
        for raw, n in Counter(values).items():
            if raw:
                text = " ".join(
                    t for t in words(fold(raw.split(",")[0].split("(")[0])) if not t.isdigit()
                )
                if len(text) > 2 and text.count(" ") <= 4:
                    count[plain_vowels(text)] += n
    return count


def prepare(table: Table, roles: dict[str, str], widths: Collection[int]) -> Facts:
    """All facts of one side, except places, which need the towns of both sides."""
    out = Facts()
    _names(table, roles, widths, out)
    _contacts(table, roles, out)
    _numbers(table, roles, out)
    _addresses(table, roles, out)
    out.area = [
        _distinct(
            t
            for text in row
            for t in text.split()
            if len(t) > 3 and t not in w.STREET_WORDS and not t[0].isdigit()
        )
        for row in out.lines
    ]
    return out
