# ruff: noqa: SIM905 - word lists read better as text
"""Normalise items: codes in all their spellings, words, numbers with units, packs, prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.resolve import quantities
from engine.resolve import words as w
from engine.resolve.table import Table
from engine.resolve.text import code_key, fold, plain_vowels

_SEPARATOR = re.compile(r"[\s\-/_.]+")
_REPLACED_BY = re.compile(
    r"\b(?:superseded by|replaced by|use instead|see|ersetzt durch|vervangen door|use)\s+\S+|\*+obs\*+|\(superseded\)|^\s*(?:disc|old|obs)\s"
)
_SUFFIX = re.compile(r"\s*(?:\(\d\)|\(dup\)|\bold|\*)\s*$")
_INSIDE = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-/_.]*\d[A-Za-z0-9\-/_.]*")
_STOP = frozenset(
    "the of for and with und mit fur pour avec met voor con para de per id a x".split()
)


@dataclass(slots=True)
class Facts:
    """Keys per item, one list entry per record."""

    words: list[tuple[str, ...]] = field(default_factory=list)
    numbers: list[tuple[tuple[str, ...], ...]] = field(default_factory=list)
    pack: list[tuple[str, ...]] = field(default_factory=list)
    code: list[tuple[str, ...]] = field(default_factory=list)
    loose: list[tuple[str, ...]] = field(default_factory=list)
    inside: list[tuple[str, ...]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    compact: list[tuple[str, ...]] = field(default_factory=list)
    price: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    placeholder: list[bool] = field(default_factory=list)
    cut: list[bool] = field(default_factory=list)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v))


def _columns(table: Table, roles: dict[str, str], role: str) -> list[Sequence[str]]:
    return [v for n, v in table.columns.items() if roles.get(n) == role]


def loose_keys(raw: str) -> list[str]:
    """Other spellings of a code: without a short prefix, without a trailing ``00``."""
    parts = [p for p in _SEPARATOR.split(raw.upper()) if p]
    out: list[str] = []
    if len(parts) > 1:
        if len(parts[0]) <= 4 and parts[0].isalpha():
            out.append(code_key("".join(parts[1:])))
        if parts[-1].strip("0") == "" or (len(parts[-1]) == 1 and parts[-1].isdigit()):
            out.append(code_key("".join(parts[:-1])))
    return [k for k in out if len(k) >= 3]


def _amount(values: tuple[str, ...]) -> float:
    for text in values:
        try:
            amount = float(
                text.replace(",", "") if text.count(".") == 1 else text.replace(",", ".")
            )
        except ValueError:
            continue
        if amount > 0:
            return amount
    return 0.0


def _texts(row: tuple[str, ...]) -> list[str]:
    """Distinct texts of a record, those that are the cut beginning of another left out."""
    found = sorted(
        {_SUFFIX.sub("", _REPLACED_BY.sub(" ", fold(v))).strip() for v in row if v},
        key=len,
        reverse=True,
    )
    kept: list[str] = []
    for text in found:
        if text and not any(other.startswith(text) for other in kept):
            kept.append(text)
    return kept


def codes(table: Table, roles: dict[str, str]) -> list[tuple[str, ...]]:
    """Codes of every record in one spelling: the key, unless it is a GUID, and all code columns."""
    columns = _columns(table, roles, "code")
    rows: Iterable[tuple[str, ...]] = zip(*columns, strict=True) if columns else [()] * len(table)
    out = []
    for key, row in zip(table.keys, rows, strict=True):
        given = row if _opaque(key) else (key, *row)
        out.append(_distinct(code_key(v) for v in given if v and len(v) <= 34))
    return out


_REFERENCE = re.compile(r"\(?\b(?:p/n|part no\.?|ref\.?|mpn|oem)\s*[:#]?\s*[a-z0-9][\w\-/.]*\)?")
_HEAD_CODE = re.compile(r"^\s*[a-z]{2,6}-?\d{5,}\b(?=\s+\S)")
_TAIL_CODE = re.compile(r"\s-\s[a-z]{1,4}-?\d{4,}[a-z0-9\-/]*$")


def without_codes(text: str, known: set[str]) -> str:
    """Folded item text without codes: known ones at the beginning or inside, references, part numbers."""
    text = _TAIL_CODE.sub("", _REFERENCE.sub(" ", text))
    taken, size = "", 0
    for at, c in enumerate(text[:40]):
        if c.isalnum():
            taken += c.upper()
        ends = at + 1 >= len(text) or not text[at + 1].isalnum()
        if (
            ends
            and len(taken) > 4
            and taken.lstrip("0") in known
            and any(x.isdigit() for x in taken)
        ):
            size = at + 1
    text = text[size:]
    for found in _INSIDE.findall(text):
        keys = [code_key(found), *loose_keys(found)]
        if len(found) > 4 and not found.isdigit() and any(k in known for k in keys):
            text = text.replace(found, " ")
    return _HEAD_CODE.sub(" ", text)


def _is_code(taken: str, known: set[str]) -> bool:
    size = len(taken)
    return size > 4 and taken.lstrip("0") in known and (size > 6 or any(c.isdigit() for c in taken))


def prepare(table: Table, roles: dict[str, str], known: set[str]) -> Facts:
    """All facts of one side; ``known`` are the codes of both sides, which are taken out of texts."""
    out = Facts()
    n = len(table)
    texts, codes = _columns(table, roles, "text"), _columns(table, roles, "code")
    prices, costs = _columns(table, roles, "price"), _columns(table, roles, "cost")
    if not prices:
        costs, prices = [], costs
    empty: list[tuple[str, ...]] = [()] * n
    code_rows = list(zip(*codes, strict=True)) if codes else empty
    cache: dict[str, quantities.Text] = {}
    for key, row, code_row in zip(
        table.keys, zip(*texts, strict=True) if texts else empty, code_rows, strict=True
    ):
        given = [key, *code_row] if not _opaque(key) else list(code_row)
        out.code.append(_distinct(code_key(v) for v in given if v and len(v) <= 34))
        out.loose.append(_distinct(k for v in given if v and len(v) <= 34 for k in loose_keys(v)))
        kept = _texts(row)
        parts = []
        for text in kept:
            if text not in cache:
                cache[text] = quantities.take_apart(without_codes(text, known))
            parts.append(cache[text])
        out.words.append(
            _distinct(plain_vowels(t) for p in parts for t in p.words if t not in _STOP)[:14]
        )
        out.numbers.append(tuple(dict.fromkeys(q for p in parts for q in p.numbers))[:9])
        out.pack.append(_distinct(p.pack for p in parts))
        out.text.append(" ".join(sorted(out.words[-1])))
        out.inside.append(
            _distinct(
                code_key(m)
                for v in dict.fromkeys(row)
                if v
                for m in _INSIDE.findall(v)
                if len(m) >= 4
            )
        )
        out.compact.append(_distinct(code_key(v)[:32] for v in row if v))
        bare = " ".join(re.findall(r"[a-z0-9]+", " ".join(kept)))
        out.placeholder.append(
            bool(w.PLACEHOLDER.search(bare)) and len(bare) < 40 and not out.numbers[-1]
        )
        out.cut.append(bool(row) and max(len(v) for v in row) in (29, 30, 49, 50))
    out.price = [_amount(r) for r in (zip(*prices, strict=True) if prices else empty)]
    out.cost = [_amount(r) for r in (zip(*costs, strict=True) if costs else empty)]
    return out


def _opaque(key: str) -> bool:
    """GUIDs and bare record numbers of the system say nothing about the article."""
    return len(key) == 36 and key.count("-") == 4


def embedded(own: Facts, other: Facts) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Codes of one side that stand at the beginning of a text of the other side.

    Returns one list per side, to be compared as key sets: a record's own codes and the codes of the
    other side found in its texts.
    """
    result = []
    for a, b in ((own, other), (other, own)):
        known = {k for found in b.code for k in found if len(k) >= 4}
        rows: list[tuple[str, ...]] = []
        for compact, inside in zip(a.compact, a.inside, strict=True):
            hits = [k for k in inside if k in known]
            for text in compact:
                for size in range(min(len(text), 28), 4, -1):
                    if _is_code(text[:size], known):
                        hits.append(text[:size])
                        break
            rows.append(_distinct(hits))
        result.append(rows)
    return result[0], result[1]
