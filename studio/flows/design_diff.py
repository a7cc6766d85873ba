"""Two designs beside each other: in words, and as text line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml

from studio.flows.conditions import changed_lines, in_words
from studio.flows.edits import LISTS, called, normal
from studio.flows.files import is_asked
from studio.flows.pins import Pins, changed_pins

CONDITIONS = ("when", "holds")
NAMES = {
    "when": "the condition", "holds": "what must hold", "to": "the field it fills", "from": "the calculation",
    "by": "what must be equal", "every_seconds": "seconds between looks", "kind": "how it starts",
    "at": "the times", "give_up_after": "the number of tries", "first_seconds": "the first pause",
    "cap_seconds": "the longest pause", "factor": "the growth of the pauses", "label": "the name",
    "table": "the table", "field": "the code", "otherwise": "the value for unknown codes",
    "severity": "what a breach does", "fields": "the fields", "entity": "the document", "on": "the event",
    "mapping": "the version of the mapping",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; ``tone`` is good for added, bad for removed, warn for changed.

    ``what`` it is about, with how it reads before and after; a side is empty where there is nothing of it.
    """

    step: str
    words: str
    tone: str
    what: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class TextRow:
    """One line of both texts; an empty side has no such line."""

    left: str
    right: str
    tone: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What changed between two designs, in the order of the canvas."""
    one, two = normal(before), normal(after)
    found = list(_settings("trigger", one, two))
    found += _settings("understand", one, two)
    for name in ("steps", "branches"):
        found += _rows(name, one, two)
    for name in ("references", "builtin", "retry", "write_back"):
        found += _single(name, one, two)
    if is_asked(one) != is_asked(two):
        words = (
            "The source document is attached" if is_asked(two) else "Nothing is attached any more"
        )
        tone = "good" if is_asked(two) else "bad"
        found.append(Difference("deliver", words, tone, what=words))
    found += _rows("notify", one, two)
    known = {
        "trigger",
        "understand",
        "references",
        "builtin",
        "retry",
        "write_back",
        "attach",
        *LISTS.values(),
    }
    for name in sorted((one.keys() | two.keys()) - known):
        for place, was, now in _leaves((name,), one.get(name), two.get(name)):
            what = _sentence(": ".join(place).replace("_", " "))
            said = _value(place[-1], was), _value(place[-1], now)
            words = f"{what} was {said[0]} and is {said[1]}"
            found.append(Difference(name, words, "warn", what, *map(_bare, said)))
    return found


def _leaves(
    place: tuple[str, ...], was: Any, now: Any
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Where two settings differ, as deep down as both have names, with what stands there."""
    if was == now:
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for name in [*was, *(n for n in now if n not in was)]:
            yield from _leaves((*place, str(name)), was.get(name), now.get(name))
    else:
        yield place, was, now


def mapping_differences(before: Pins, after: Pins) -> list[Difference]:
    """Mappings that run in another version, though the design says the same."""
    return [
        Difference(
            "understand",
            f"{_sentence(one.words)} was version {one.number} and is version {two.number}",
            "warn",
            _sentence(one.words),
            f"version {one.number}",
            f"version {two.number}",
        )
        for one, two in changed_pins(before, after)
    ]


def _rows(name: str, one: dict[str, Any], two: dict[str, Any]) -> Iterator[Difference]:
    old = {row["id"]: row for row in one.get(name, [])}
    new = {row["id"]: row for row in two.get(name, [])}
    for key in old.keys() - new.keys():
        title = _sentence(called(one, key))
        yield Difference(key, f"{title} is gone", "bad", title, _held(old[key]))
    for key, row in new.items():
        title = _sentence(called(two, key))
        if key not in old:
            yield Difference(key, f"{title} is new{_said(row)}", "good", title, "", _held(row))
        else:
            yield from _changed(key, title, old[key], row)
    kept_old, kept_new = [k for k in old if k in new], [k for k in new if k in old]
    if kept_old != kept_new:
        was = ", then ".join(called(one, k) for k in kept_old)
        order = ", then ".join(called(two, k) for k in kept_new)
        yield Difference(kept_new[0], f"The order is now: {order}", "warn", "The order", was, order)


def _single(name: str, one: dict[str, Any], two: dict[str, Any]) -> Iterator[Difference]:
    key = "check" if name == "builtin" else name
    title = _sentence(called(two, key))
    if bool(one.get(name)) != bool(two.get(name)):
        is_new = bool(two.get(name))
        tone = "good" if is_new else "bad"
        yield Difference(key, f"{title} is {'new' if is_new else 'gone'}", tone, title)
    elif one.get(name):
        yield from _changed(key, title, one[name], two[name])


def _settings(name: str, one: dict[str, Any], two: dict[str, Any]) -> Iterator[Difference]:
    yield from _changed(name, _sentence(called(two, name)), one.get(name, {}), two.get(name, {}))


def _changed(
    key: str, title: str, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[Difference]:
    for name in [*old, *(n for n in new if n not in old)]:
        was, now = old.get(name), new.get(name)
        if was != now and name != "id":
            what = f"{title}: {NAMES.get(name, name.replace('_', ' '))}"
            if name in CONDITIONS and (lines := changed_lines(str(was or ""), str(now or ""))):
                yield _asked(key, what, *lines)
                continue
            old_said, new_said = _value(name, was), _value(name, now)
            words = f"{what} was {old_said} and is {new_said}"
            yield Difference(key, words, "warn", what, _bare(old_said), _bare(new_said))


def _asked(key: str, what: str, gone: str, new: str) -> Difference:
    """What of a condition changed; the lines that stayed are not said again."""
    if not gone:
        words = f"{what} also asks “{new}”"
    elif not new:
        words = f"{what} does not ask “{gone}” any more"
    else:
        words = f"{what} asked “{gone}” and asks “{new}”"
    return Difference(key, words, "warn", what, gone, new)


def _value(name: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return "not set"
    if name in CONDITIONS:
        return f"“{in_words(str(value))}”"
    if isinstance(value, dict):
        return ", ".join(
            f"{k} {v['policy'] if isinstance(v, dict) and 'policy' in v else v}"
            for k, v in value.items()
        )
    return ", ".join(map(str, value)) if isinstance(value, list) else f"“{value}”"


def _bare(said: str) -> str:
    """Without the marks that keep it apart from a sentence around it."""
    return said.removeprefix("“").removesuffix("”") if said.startswith("“") else said


def _said(row: dict[str, Any]) -> str:
    held = _held(row)
    return f": {held}" if held else ""


def _held(row: dict[str, Any]) -> str:
    """The condition of a step or branch in words; empty where it has none."""
    condition = next((row[n] for n in CONDITIONS if row.get(n)), "")
    return in_words(condition) if condition else ""


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def as_text(design: Mapping[str, Any]) -> str:
    """The design as YAML, the way shipped flows are written."""
    made: str = yaml.safe_dump(normal(design), sort_keys=False, allow_unicode=True, width=100)
    return made


def side_by_side(before: str, after: str) -> list[TextRow]:
    """Both texts line by line."""
    left, right = before.splitlines(), after.splitlines()
    rows: list[TextRow] = []
    for tag, a, b, c, d in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [TextRow(x, x, "") for x in left[a:b]]
            continue
        old, new = left[a:b], right[c:d]
        for n in range(max(len(old), len(new))):
            was, now = (old[n] if n < len(old) else ""), (new[n] if n < len(new) else "")
            rows.append(TextRow(was, now, "warn" if was and now else "bad" if was else "good"))
    return rows
