# ruff: noqa: SIM905 - word lists read better as text
"""Normalise customers and suppliers: names, telephones, mail, numbers and addresses become keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from engine.resolve import words as w
from engine.resolve.table import Table
from engine.resolve.text import code_key, fold, plain_vowels, undot, words

_EXTENSION = re.compile(r"(?:ext|extn|x|app|poste|dw|kl)\.?\s*\d+\s*$|/\s*\d{1,2}$", re.IGNORECASE)
_DIGITS = re.compile(r"\D+")
_MAIL = re.compile(r"[a-z0-9._%+'-]+@([a-z0-9.-]+[a-z0-9])")
_SUFFIX = re.compile(r"\(\s*\d{1,2}\s*\)\s*$")
_MASK = re.compile(r"[xX*•]{2,}")
_CODE = re.compile(r"[A-Za-z]{0,8}[-/ _.]?\d{3,}[A-Za-z0-9]*")
_WEB = re.compile(r"^(?:https?://)?(?:www\.)?([a-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Name:
    """A normalised name: token texts of each spelling, legal forms, markers and codes inside it."""

    spellings: tuple[str, ...]
    forms: tuple[str, ...]
    blocked: bool
    placeholder: bool
    codes: tuple[str, ...]


def _tokens(text: str) -> tuple[list[str], list[str], list[str]]:
    kept: list[str] = []
    forms: list[str] = []
    codes: list[str] = []
    found = words(text)
    for at, raw in enumerate(found):
        token = raw
        if len(token) > 1 or at:
            form = w.LEGAL_FORMS.get(token)
            if form and kept and len(token) > 1:
                forms.append(form)
                continue
            if token in w.CONNECTORS and (len(token) > 1 or (at and len(found[at - 1]) > 1)):
                continue
        if token[-1].isdigit() or token[0].isdigit():
            digits = sum(c.isdigit() for c in token)
            if digits >= 5 or (digits >= 3 and len(token) - digits >= 2):
                codes.append(code_key(token))
                continue
            if digits == len(token):
                token = token.lstrip("0") or "0"
                if kept and kept[-1] in w.NUMBER_WORDS:
                    kept.pop()
            kept.append(token)
            continue
        kept.append(plain_vowels(token))
    return _join_letters(kept), forms, codes


def _join_letters(tokens: list[str]) -> list[str]:
    out: list[str] = []
    single = False
    for token in tokens:
        alone = len(token) == 1 and token.isalpha()
        if alone and single:
            out[-1] += token
        else:
            out.append(token)
        single = alone
    return out


def normalise_name(raw: str) -> Name:
    """Take a written name apart; see ``Name``."""
    text = fold(raw)
    blocked = False
    if w.BLOCKED.search(text):
        blocked = True
        text = w.BLOCKED.sub(" ", text)
    for pattern, plain in w.REPLACED:
        text = pattern.sub(plain, text)
    text = undot(_SUFFIX.sub("", text)).replace("'", "")
    spellings: list[str] = []
    forms: list[str] = []
    codes: list[str] = []
    for part in w.SECOND_NAME.split(text):
        kept, part_forms, part_codes = _tokens(part)
        if kept:
            spellings.append(" ".join(kept))
        forms += part_forms
        codes += part_codes
    return Name(
        tuple(dict.fromkeys(spellings)),
        tuple(sorted(set(forms) - {"ltd", "co"} or set(forms))),
        blocked,
        _placeholder(text, blocked),
        tuple(codes),
    )


def _placeholder(text: str, blocked: bool) -> bool:  # noqa: FBT001 - a plain fact of the text
    bare = " ".join(words(text))
    if not bare:
        return True
    if not w.PLACEHOLDER.search(bare):
        return False
    rest = words(w.PLACEHOLDER.sub(" ", bare))
    return all(t in w.PLACEHOLDER_REST or t.isdigit() or len(t) <= 3 for t in rest) and (
        blocked or len(rest) <= 3
    )


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
    lines: list[str] = field(default_factory=list)


def _cut_widths(values: Sequence[str]) -> set[int]:
    """Field widths at which names were cut: lengths far more frequent than the lengths before."""
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


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    found = [v for v in values if v]
    return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))


def _names(table: Table, roles: dict[str, str], out: Facts) -> None:
    n = len(table)
    columns = _cells(table, roles, "name")
    alternatives = _cells(table, roles, "name_alt")
    cache: dict[str, Name] = {}
    widths = _cut_widths(columns[0]) if columns else set()
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
        out.cut.append(bool(row) and len(row[0]) in widths)
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


def _addresses(table: Table, roles: dict[str, str], out: Facts) -> None:
    n = len(table)
    lines, posts = _cells(table, roles, "line"), _cells(table, roles, "postal")
    countries, cities = _cells(table, roles, "country"), _cells(table, roles, "city")
    for row, post, country, city in zip(
        _zip(lines, n), _zip(posts, n), _zip(countries, n), _zip(cities, n), strict=True
    ):
        streets: list[str] = []
        boxes: list[str] = []
        codes = [code_key(v.split("-")[0] if v[:5].isdigit() else v) for v in post if v]
        texts: list[str] = []
        where: list[str] = [
            c for v in country if v and (c := w.COUNTRIES.get(fold(v).replace(".", "")))
        ]
        for raw in row:
            if not raw:
                continue
            text = fold(raw)
            if text in w.COUNTRIES:
                where.append(w.COUNTRIES[text])
                continue
            if (m := w.BOX.search(text)) is not None:
                boxes.append(m.group(1).replace(" ", "").lstrip("0"))
                text = text[: m.start()] + " , " + text[m.end() :]
            found = words(text)
            streets += _street_keys(found)
            codes += [t.lstrip("0") for t in found if t.isdigit() and 4 <= len(t) <= 6]
            texts.append(" ".join(found))
        town = [" ".join(words(fold(v))) for v in city if v]
        out.street.append(_distinct(streets))
        out.box.append(_distinct(boxes))
        out.post.append(_distinct(codes))
        out.country.append(_distinct(where))
        texts = list(dict.fromkeys(texts + town))
        out.lines.append(" | ".join(plain_vowels(t) for t in texts))


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


def prepare(table: Table, roles: dict[str, str]) -> Facts:
    """All facts of one side, except places, which need the towns of both sides."""
    out = Facts()
    _names(table, roles, out)
    _contacts(table, roles, out)
    _numbers(table, roles, out)
    _addresses(table, roles, out)
    out.area = [
        _distinct(
            t for t in text.split() if len(t) > 3 and t not in w.STREET_WORDS and not t[0].isdigit()
        )
        for text in out.lines
    ]
    return out
