"""Keeping one record equal on two sides: a three-way merge per field against what was agreed last.

Each side keeps a base of its own, because a side may hold the same thing in its own way (cut to its
length, written in capitals): a field was *changed* on a side when it differs from that side's base, and
a difference that nobody touched since the two first met is left alone. Values are plain JSON scalars
(exact numbers as text) and compared as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.schema.model import JsonValue

Values = Mapping[str, JsonValue]


class Owner(StrEnum):
    """Who decides about a field.

    LEFT and RIGHT: that side's value stands, a change on the other side is put right. NEWEST: the later
    change stands. ASK: a change on one side is taken over, changes on both are a person's call.
    APART: each side keeps its own.
    """

    LEFT = "left"
    RIGHT = "right"
    NEWEST = "newest"
    ASK = "ask"
    APART = "apart"


class Side(StrEnum):
    """One of the two systems."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Why(StrEnum):
    """How a field came to its value."""

    SAME = "same"
    CHANGED = "changed"
    OWNER = "owner"
    NEWEST = "newest"
    CHOSEN = "chosen"
    UNTOUCHED = "untouched"
    APART = "apart"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Version:
    """What one side says.

    Attributes:
        now: path -> value.
        base: the same when the sides were last brought together; None: they meet for the first time.
        at: path -> ISO time (UTC) of the side's last change of the field, where known.
    """

    now: Values
    base: Values | None = None
    at: Mapping[str, str] = field(default_factory=dict)

    def changed(self, path: str) -> bool:
        """Whether the side changed the field since the sides were last brought together."""
        return self.base is not None and self.now.get(path) != self.base.get(path)


@dataclass(frozen=True, slots=True)
class Merged:
    """One field of the golden record.

    Attributes:
        path: canonical path.
        value: what stands; of a conflict, the value of the left.
        side: whose value it is; None where both say the same.
        why: how it came about.
        write: the side that has to be changed to ``value``, if any.
    """

    path: str
    value: JsonValue
    side: Side | None
    why: Why
    write: Side | None = None


def merge(
    left: Version,
    right: Version,
    owners: Mapping[str, Owner],
    chosen: Mapping[str, Side] | None = None,
    *,
    align: bool = False,
) -> list[Merged]:
    """Bring two versions of one record together.

    Args:
        left: what the left side says.
        right: what the right side says.
        owners: path -> who decides; only these fields are looked at.
        chosen: path -> side whose value a person took.
        align: at the first meeting the owner's value is written to the other side; otherwise
            differences stay until somebody touches the field.

    Returns:
        One entry per owned field, in the order of ``owners``.
    """
    picked = chosen or {}
    return [
        _field(path, owner, left, right, picked.get(path), align=align)
        for path, owner in owners.items()
    ]


def _field(
    path: str, owner: Owner, left: Version, right: Version, pick: Side | None, *, align: bool
) -> Merged:
    mine, theirs = left.now.get(path), right.now.get(path)

    def stands(side: Side, why: Why) -> Merged:
        return Merged(path, mine if side is Side.LEFT else theirs, side, why, side.other)

    def stays(why: Why) -> Merged:
        side = Side.RIGHT if owner is Owner.RIGHT else Side.LEFT
        return Merged(path, mine if side is Side.LEFT else theirs, side, why)

    if mine == theirs:
        return Merged(path, mine, None, Why.SAME)
    if pick is not None:
        return stands(pick, Why.CHOSEN)
    if owner is Owner.APART:
        return stays(Why.APART)
    first = align and left.base is None and right.base is None
    touched = left.changed(path) or right.changed(path)
    if not (touched or (first and owner in (Owner.LEFT, Owner.RIGHT))):
        return stays(Why.UNTOUCHED)
    side, why = _decided(path, owner, left, right)
    return stands(side, why) if side is not None else stays(why)


def _decided(path: str, owner: Owner, left: Version, right: Version) -> tuple[Side | None, Why]:
    """Whose value of a touched field stands; None where only a person can say."""
    if owner in (Owner.LEFT, Owner.RIGHT):
        return Side(str(owner)), Why.OWNER
    ours, others = left.changed(path), right.changed(path)
    if ours != others:
        return (Side.LEFT if ours else Side.RIGHT), Why.CHANGED
    at, other_at = left.at.get(path, ""), right.at.get(path, "")
    if owner is Owner.NEWEST and at and other_at and at != other_at:
        return (Side.LEFT if at > other_at else Side.RIGHT), Why.NEWEST
    return None, Why.CONFLICT


def differing(
    wanted: Mapping[str, JsonValue], held: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """What has to be said so that ``held`` becomes ``wanted``: objects by member, arrays whole.

    A member that ``wanted`` lacks is cleared with an empty text (a list with an empty one), which
    every target understands.
    """
    found: dict[str, JsonValue] = {}
    for name in (*wanted, *(n for n in held if n not in wanted)):
        new, old = wanted.get(name), held.get(name)
        if isinstance(new, dict | None) and isinstance(old, dict | None) and (new or old):
            inner = differing(new or {}, old or {})
            if inner:
                found[name] = inner
        elif new != old:
            found[name] = ([] if isinstance(old, list) else "") if new is None else new
    return found
