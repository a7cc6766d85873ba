"""Changes of a draft design as pure functions: add, remove, move, change. They store nothing.

A design is plain JSON. Before it is changed it is brought into one form, in which every part that can
be moved or commented on has a name: document steps, branches and notices carry an ``id``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from studio.flows.fields_of_steps import read_form
from studio.flows.steps import KINDS, steps_of

Design = dict[str, Any]
LISTS = {**dict.fromkeys(KINDS, "steps"), "branch": "branches", "notify": "notify"}
SINGLE = ("retry", "write_back")
PALETTE = (*KINDS, "branch", "retry", "notify", "write_back")
_FRESH: dict[str, dict[str, Any]] = {
    "filter": {"when": ""},
    "lookup": {"table": "", "side": "target", "field": "", "to": ""},
    "set": {"to": "", "from": ""},
    "aggregate": {"by": ["item", "unit_price"]},
    "rule": {"holds": "", "severity": "block", "sentence": ""},
    "branch": {"when": "", "label": ""},
    "notify": {"on": "held", "to": "accountant"},
    "retry": {"first_seconds": 1, "factor": 2, "cap_seconds": 300, "give_up_after": 12},
    "write_back": {"fields": {}},
}


def normal(design: Mapping[str, Any]) -> Design:
    """The design in the form that edits work on; what it says stays the same."""
    made: Design = copy.deepcopy(dict(design))
    made["steps"] = steps_of(made)
    made.pop("filter", None)
    made.setdefault("understand", {})
    for name, letter in (("branches", "b"), ("notify", "n")):
        rows = made.get(name, [])
        for row in rows:
            row.setdefault("id", _free(letter, rows))
    return made


def _free(letter: str, rows: list[dict[str, Any]]) -> str:
    taken = {row.get("id") for row in rows}
    return next(i for n in range(1, len(rows) + 2) if (i := f"{letter}{n}") not in taken)


def place(design: Design, key: str) -> tuple[str, int]:
    """The list a part stands in and its position there; ``("", -1)`` for parts that stand alone."""
    for name in ("steps", "branches", "notify"):
        for position, row in enumerate(design.get(name, [])):
            if row.get("id") == key:
                return name, position
    return "", -1


def part(design: Design, key: str) -> dict[str, Any]:
    """The part called ``key``.

    Raises:
        ValidationError: there is none.
    """
    name, position = place(design, key)
    if name:
        found: dict[str, Any] = design[name][position]
        return found
    if isinstance(design.get(key), dict):
        alone: dict[str, Any] = design[key]
        return alone
    raise ValidationError(_("This step is not in the draft any more. Look at the flow again."))


def add(design: Design, kind: str, after: str = "") -> tuple[Design, str, str]:
    """Add a step of a kind.

    Args:
        design: the draft in normal form.
        kind: one of ``PALETTE``.
        after: key of the step it shall follow, where that is in the same list.

    Returns:
        The new design, the key of the new step, and the change in words.

    Raises:
        ValidationError: there is no such step, or there can be only one.
    """
    if kind not in PALETTE:
        raise ValidationError(_("There is no step “%(kind)s”.") % {"kind": kind})
    made, fresh = copy.deepcopy(design), copy.deepcopy(_FRESH[kind])
    words = f"added {TITLES[kind]}"
    if kind in SINGLE:
        if made.get(kind):
            raise ValidationError(_("The flow has %(what)s already.") % {"what": TITLES[kind]})
        if kind == "write_back":
            fresh["entity"] = made["trigger"]["entity"]
        made[kind] = fresh
        return made, kind, words
    name = LISTS[kind]
    rows = made.setdefault(name, [])
    letter = {"steps": "s", "branches": "b", "notify": "n"}[name]
    fresh["id"] = _free(letter, rows)
    if name == "steps":
        fresh["kind"] = kind
    if kind == "branch":
        fresh["entity"] = rows[-1]["entity"]
    home, position = place(made, after)
    # What catches everything stays last, so a new branch goes before it.
    last = len(rows) - 1 if kind == "branch" else len(rows)
    rows.insert(position + 1 if home == name and position + 1 <= last else last, fresh)
    return made, fresh["id"], words


def remove(design: Design, key: str) -> tuple[Design, str]:
    """Take a step out; returns the design and the change in words.

    Raises:
        ValidationError: it is not there, or the flow cannot do without it.
    """
    made = copy.deepcopy(design)
    words = f"removed {called(made, key)}"
    name, position = place(made, key)
    if name == "branches" and len(made["branches"]) == 1:
        raise ValidationError(_("The last branch stays: without one, nothing could be posted."))
    if name:
        del made[name][position]
    elif key in SINGLE and key in made:
        del made[key]
    else:
        raise ValidationError(_("A flow cannot do without this step."))
    return made, words


def move(design: Design, key: str, *, by: int = 0, before: str = "") -> tuple[Design, str]:
    """Move a step within its list, by places or before another one (``end`` for the last place).

    Raises:
        ValidationError: it cannot be moved there.
    """
    made = copy.deepcopy(design)
    name, position = place(made, key)
    if not name:
        raise ValidationError(_("This step has a fixed place."))
    rows = made[name]
    row = rows.pop(position)
    if before:
        home, there = place(made, before)
        if before != "end" and home != name:
            rows.insert(position, row)
            raise ValidationError(_("It can only be moved among steps of its own group."))
        rows.insert(len(rows) if before == "end" else there, row)
    else:
        rows.insert(max(0, min(len(rows), position + by)), row)
    return made, f"moved {called(made, key)}"


def change(design: Design, key: str, values: Mapping[str, Any]) -> tuple[Design, str]:
    """Give a step other settings, as its form says them.

    Raises:
        ValidationError: a value cannot be used.
    """
    made = copy.deepcopy(design)
    if key == "check":
        made["builtin"] = read_form("check", made.get("builtin", {}), values, made)
    elif key == "deliver":
        said = read_form("deliver", {"attach": made.pop("attach", "")}, values, made)
        made |= {name: value for name, value in said.items() if value}
    elif key in ("trigger", "references"):
        made = {**made, **read_form(key, made, values, made)}
    else:
        found = part(made, key)
        fresh = read_form(kind_of(made, key), found, values, made)
        found.clear()
        found.update(fresh)
    return made, f"changed {called(made, key)}"


def kind_of(design: Design, key: str) -> str:
    """The kind of the step called ``key``."""
    name, position = place(design, key)
    if name == "steps":
        return str(design["steps"][position]["kind"])
    return {"branches": "branch", "notify": "notify"}.get(name, key)


TITLES = {
    "trigger": "the trigger",
    "understand": "how records are understood",
    "filter": "a filter",
    "lookup": "a lookup",
    "set": "a calculation",
    "aggregate": "combining of lines",
    "rule": "a rule",
    "branch": "a branch",
    "references": "the references",
    "check": "the checks",
    "deliver": "the delivery",
    "retry": "a retry rule",
    "notify": "a notice",
    "write_back": "the write-back",
    "compares": "the comparison",
}


def called(design: Design, key: str) -> str:
    """A step as sentences name it."""
    name, position = place(design, key)
    label = str(design[name][position].get("label") or "") if name else ""
    title = TITLES.get(kind_of(design, key), key)
    return f"{title} “{label}”" if label else title
