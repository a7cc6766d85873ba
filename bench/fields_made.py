"""Training tasks fabricated from generated tables: one table cut in two, names and values disturbed.

This is how a proposer learns what sample values say, without looking at any public set: columns of
invented business data (people, places, codes, money, days, choices, texts), split by rows or by
columns, with names abbreviated, prefixed, stripped of vowels or replaced, and values mistyped.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.fields_data import Task, task_from

SEED = 20261121
_SYLLABLES = [
    "ba",
    "co",
    "da",
    "fe",
    "gi",
    "ho",
    "ju",
    "ka",
    "le",
    "mi",
    "no",
    "pu",
    "ra",
    "se",
    "ti",
    "vo",
    "wa",
    "xe",
    "yo",
    "zu",
    "tran",
    "mer",
    "lin",
    "ster",
    "port",
    "ham",
]
_NOUNS = [
    "customer",
    "order",
    "product",
    "supplier",
    "payment",
    "account",
    "shipment",
    "invoice",
    "employee",
    "vehicle",
    "patient",
    "sample",
    "school",
    "student",
    "course",
    "project",
    "region",
    "station",
    "sensor",
    "contract",
    "policy",
    "claim",
    "property",
    "building",
    "agency",
    "library",
    "book",
    "author",
    "artist",
    "album",
    "track",
    "film",
    "city",
    "county",
    "species",
    "habitat",
    "water",
    "energy",
    "road",
    "bridge",
]
_FACETS = [
    "name",
    "code",
    "type",
    "status",
    "date",
    "amount",
    "price",
    "cost",
    "quantity",
    "weight",
    "length",
    "city",
    "country",
    "region",
    "address",
    "postcode",
    "phone",
    "email",
    "description",
    "notes",
    "category",
    "level",
    "score",
    "rate",
    "percent",
    "year",
    "month",
    "count",
    "total",
    "start_date",
    "end_date",
    "created_by",
    "owner",
    "manager",
    "contact",
    "latitude",
    "longitude",
    "version",
    "source",
    "format",
    "unit",
    "title",
    "gender",
    "age",
    "income",
    "group",
    "class",
    "currency",
    "reference",
    "number",
]
_WORDS = [
    "red",
    "blue",
    "large",
    "small",
    "steel",
    "wooden",
    "electric",
    "annual",
    "monthly",
    "standard",
    "special",
    "local",
    "national",
    "heavy",
    "light",
    "first",
    "second",
    "main",
    "central",
    "northern",
    "southern",
    "export",
    "import",
    "repair",
    "rental",
    "retail",
    "whole",
    "cold",
]

Maker = Callable[[random.Random], str]


def _name(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 3))).capitalize()


def _pool(rng: random.Random, size: int, make: Maker) -> Maker:
    values = [make(rng) for _ in range(size)]
    return lambda r: r.choice(values)


def _maker(facet: str, rng: random.Random) -> Maker:
    low, width = rng.choice((0, 1, 10, 100, 1000, 50_000)), rng.choice((5, 20, 100, 1000, 90_000))
    if facet in (
        "amount",
        "price",
        "cost",
        "weight",
        "length",
        "rate",
        "percent",
        "income",
        "total",
        "score",
    ):
        digits = rng.choice((1, 2, 2, 3))
        return lambda r: f"{low + r.random() * width:.{digits}f}"
    if facet in ("quantity", "count", "age", "level", "number", "version"):
        return lambda r: str(low + r.randint(0, width))
    if facet == "year":
        return lambda r: str(r.randint(1970, 2026))
    if facet in ("latitude", "longitude"):
        return lambda r: f"{r.uniform(-90, 90):.5f}"
    if "date" in facet or facet == "month":
        mark = rng.choice("-/.")
        return lambda r: mark.join(
            (f"{r.randint(1990, 2026)}", f"{r.randint(1, 12):02}", f"{r.randint(1, 28):02}")
        )
    if facet in ("code", "reference", "postcode"):
        head = rng.choice(("", "A", "INV-", "C", "XK", "P/"))
        size = rng.randint(3, 7)
        return lambda r: head + "".join(r.choice("0123456789") for _ in range(size))
    if facet == "phone":
        return lambda r: f"+{r.randint(1, 99)} {r.randint(100, 999)} {r.randint(1000, 9999)}"
    if facet == "email":
        return lambda r: f"{_name(r)}@{_name(r)}.com".lower()
    if facet in ("description", "notes", "title", "address"):
        return lambda r: " ".join(
            r.choice((_name(r), r.choice(_WORDS))) for _ in range(r.randint(3, 8))
        )
    if facet in ("name", "owner", "manager", "contact", "created_by"):
        return lambda r: f"{_name(r)} {_name(r)}"
    if facet in ("city", "country", "region"):
        return _pool(rng, rng.randint(5, 40), _name)
    return _pool(
        rng, rng.randint(2, 8), lambda r: r.choice((r.choice(_WORDS), _name(r), r.choice("ABCDYN")))
    )


def _typo(rng: random.Random, value: str) -> str:
    if len(value) < 3:
        return value
    at = rng.randrange(len(value))
    other = rng.choice("abcdefghijklmnopqrstuvwxyz0123456789")
    return value[:at] + rng.choice((other, "", value[at] + other)) + value[at + 1 :]


def _disturbed(rng: random.Random, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        return _typo(rng, value) if rng.random() < 0.8 else value
    return (
        f"{number * rng.uniform(0.9, 1.1):.2f}"
        if "." in value
        else str(int(number * rng.uniform(0.9, 1.1)))
    )


@dataclass(frozen=True, slots=True)
class Habit:
    """How one side abbreviates: the same for all its names, as people do.

    Attributes:
        vowels: the letters that are left out.
        first: whether a name's first letter stays whatever it is.
        least, most: letters that are kept of a word.
        capitals: whether kept beginnings are written with capitals.
    """

    vowels: str
    first: bool
    least: int
    most: int
    capitals: bool


def _habit(rng: random.Random) -> Habit:
    least = rng.choice((1, 1, 2, 2, 3))
    return Habit(
        rng.choice(("aeiou", "aeiouy")), rng.random() < 0.6, least, least + rng.randint(1, 3),
        rng.random() < 0.5,
    )  # fmt: skip


def _short(rng: random.Random, name: str, habit: Habit) -> str:
    parts = [p[: rng.randint(habit.least, habit.most)] for p in _words(name)]
    return "".join(p.capitalize() if habit.capitals else p for p in parts)


def _words(name: str) -> list[str]:
    return [w for w in re.split(r"[_ ()]+", name.lower()) if w]


def _without_vowels(name: str, habit: Habit) -> str:
    plain = re.sub(r"[_ ]+", "", name.lower())
    kept = 1 if habit.first else 0
    return plain[:kept] + "".join(c for c in plain[kept:] if c not in habit.vowels) or plain


def _renamed(rng: random.Random, name: str, way: str, habit: Habit) -> str:
    if way == "same":
        return name
    if way == "short":
        return _short(rng, name, habit)
    if way == "vowels":
        return _without_vowels(name, habit)
    if way == "camel":
        return "".join(p.capitalize() for p in _words(name))
    return rng.choice((name[:4], f"{name[0]}{name[-2:]}", _name(rng).lower()[:4]))


def _family(rng: random.Random) -> dict[str, Maker]:
    """Many columns of one kind that only their names tell apart: flags, shares, scores."""
    suffix = rng.choice(("flag", "share", "score", "target", "(yes/no)", "(rank)", "issue", ""))
    make = rng.choice(
        (
            lambda r: r.choice("01"),
            lambda r: r.choice("012"),
            lambda r: r.choice(("yes", "no", "")),
            lambda r: f"{r.random() * 100:.1f}",
            lambda r: str(r.randint(0, 100)),
        )
    )
    out: dict[str, Maker] = {}
    for _ in range(rng.randint(6, 24)):
        words = [rng.choice(_WORDS), rng.choice(_NOUNS), rng.choice(("of", "for", "and", "")),
                 rng.choice((*_NOUNS, ""))]  # fmt: skip
        chosen = [w for w in words[rng.randint(0, 1) :] if w]
        out["_".join([*chosen, suffix] if suffix else chosen)] = make
    return out


def _columns(rng: random.Random, subject: str) -> dict[str, Maker]:
    out: dict[str, Maker] = {f"{subject}_id": lambda r: str(r.randint(1, 99_999))}
    wanted = rng.randint(8, 22)
    while len(out) < wanted:
        facet = rng.choice(_FACETS)
        whose = rng.choice((subject, rng.choice(_NOUNS), ""))
        name = f"{whose}_{facet}" if whose else facet
        out.setdefault(name, _maker(facet, rng))
    return out | (_family(rng) if rng.random() < 0.35 else {})


def _written(rng: random.Random) -> Callable[[str], str]:
    """How the untouched side writes its names."""
    return rng.choice(
        (
            lambda name: name,
            lambda name: name.replace("_", " ").capitalize(),
            lambda name: "".join(p.capitalize() for p in name.split("_")),
        )
    )


def fabricate(number: int) -> dict[str, Any]:
    """One task in the format of the public sets."""
    rng = random.Random(SEED + number)
    subject = rng.choice(_NOUNS)
    columns = _columns(rng, subject)
    rows = [{n: make(rng) for n, make in columns.items()} for _ in range(60)]
    shared_rows = rng.choice((0, 20, 40))
    upper, lower = rows[:40], rows[40 - shared_rows :]
    names = list(columns)
    rng.shuffle(names)
    keep = rng.choice((1.0, 1.0, 0.6, 0.4, 0.15))
    common = names[: max(1, int(keep * len(names)))]
    rest = names[len(common) :]
    half = len(rest) // 2
    left, right = common + rest[:half], common + rest[half:]
    way = rng.choice(
        ("same", "same", "short", "short", "vowels", "vowels", "camel", "noise", "mixed")
    )
    noisy = rng.random() < 0.5
    prefix = rng.choice(("", f"{subject}s_"))
    prefixed = rng.choice((1.0, 0.9))
    habit, written = _habit(rng), _written(rng)

    def spoken(name: str) -> str:
        chosen = rng.choice(("same", "short", "vowels", "noise")) if way == "mixed" else way
        head = prefix if rng.random() < prefixed else ""
        return head + _renamed(rng, written(name), chosen, habit)

    def side(
        chosen: list[str], part: list[dict[str, str]], *, change: bool
    ) -> list[dict[str, Any]]:
        fields, seen = [], set()
        for name in chosen:
            known = spoken(name) if change else written(name)
            while known in seen:
                known += "x"
            seen.add(known)
            values = [row[name] for row in part]
            if change and noisy:
                values = [_disturbed(rng, v) for v in values]
            if rng.random() < 0.04:
                values = []
            fields.append(
                {"id": known, "name": known, "path": known, "type": "string", "of": name,
                 "values": list(dict.fromkeys(values))[:15]}
            )  # fmt: skip
        rng.shuffle(fields)
        return fields

    source, target = side(left, upper, change=False), side(right, lower, change=True)
    if rng.random() < 0.5:
        source, target = target, source
    by_name = {f["of"]: f["id"] for f in target}
    gold = [[f["id"], by_name[f["of"]]] for f in source if f["of"] in by_name]
    return {"task": f"made-{number}", "source": source, "target": target, "gold": gold}


def made_tasks(count: int = 120) -> list[Task]:
    """Fabricated tasks."""
    return [task_from(fabricate(n), "made") for n in range(count)]
