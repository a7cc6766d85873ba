"""Drift: what changed between two looks at a system, how bad it is, and what to map instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from engine.schema.model import (
    EntitySchema,
    FieldSchema,
    FieldType,
    SystemSchema,
    ValueProfile,
    Visibility,
)
from engine.schema.paths import tokens

FILL_MOVED = 0.3
VALUES_KEPT = 0.3
ENOUGH = 0.45
# Types whose values come from a list, and fields of text that is written, whatever stands there today.
_LISTED = {FieldType.ENUM, FieldType.REFERENCE, FieldType.BOOLEAN}
_WRITTEN = {
    "description",
    "desc",
    "memo",
    "note",
    "notes",
    "comment",
    "comments",
    "text",
    "remark",
    "name",
    "reference",
}
_CODE = re.compile(r"\S{1,20}")


class Embedder(Protocol):
    """What of ``engine.ports.Embedder`` is needed here; ports stand above the schema."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One unit vector per text, shape ``(len(texts), dimensions)``."""
        ...


class Risk(StrEnum):
    """What a change does to mappings that use the field."""

    HARMLESS = "harmless"
    RISKY = "risky"
    BREAKING = "breaking"


class ChangeKind(StrEnum):
    """The kinds of changes that are told apart."""

    ENTITY_ADDED = "entity_added"
    ENTITY_REMOVED = "entity_removed"
    FIELD_ADDED = "field_added"
    FIELD_REMOVED = "field_removed"
    FIELD_HIDDEN = "field_hidden"
    FIELD_SHOWN = "field_shown"
    TYPE_CHANGED = "type_changed"
    SHORTENED = "shortened"
    LENGTHENED = "lengthened"
    SCALE_REDUCED = "scale_reduced"
    NOW_REQUIRED = "now_required"
    NO_LONGER_REQUIRED = "no_longer_required"
    NOW_READ_ONLY = "now_read_only"
    NOW_WRITABLE = "now_writable"
    VALUE_REMOVED = "value_removed"
    VALUE_ADDED = "value_added"
    REFERENCE_CHANGED = "reference_changed"
    DESCRIPTION_CHANGED = "description_changed"
    FILL_MOVED = "fill_moved"
    VALUES_MOVED = "values_moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one field or entity.

    Attributes:
        kind: what happened.
        risk: how bad it is.
        entity: the entity.
        path: the field; empty for an entity.
        before: the old fact as text.
        after: the new fact as text.
        sentence: the change for people.
    """

    kind: ChangeKind
    risk: Risk
    entity: str
    path: str = ""
    before: str = ""
    after: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Remap:
    """A field that can take the place of one that went away."""

    entity: str
    path: str
    score: float
    sentence: str


# a type that holds every value of the other
_WIDER = {
    (FieldType.INTEGER, FieldType.DECIMAL),
    (FieldType.INTEGER, FieldType.STRING),
    (FieldType.DECIMAL, FieldType.STRING),
    (FieldType.BOOLEAN, FieldType.STRING),
    (FieldType.DATE, FieldType.DATETIME),
    (FieldType.DATE, FieldType.STRING),
    (FieldType.DATETIME, FieldType.STRING),
    (FieldType.ENUM, FieldType.STRING),
    (FieldType.REFERENCE, FieldType.STRING),
}


def compare(before: SystemSchema, after: SystemSchema) -> list[Change]:
    """The changes between two snapshots of one system, breaking ones first.

    Whether a change is breaking is judged for mappings that read or write the field; who uses the
    field at all is the caller's knowledge.
    """
    found: list[Change] = []
    old = {e.name: e for e in before.entities}
    new = {e.name: e for e in after.entities}
    found.extend(
        _entity(name, ChangeKind.ENTITY_REMOVED, Risk.BREAKING, "is gone")
        for name in old.keys() - new.keys()
    )
    found.extend(
        _entity(name, ChangeKind.ENTITY_ADDED, Risk.HARMLESS, "is new")
        for name in new.keys() - old.keys()
    )
    for name in old.keys() & new.keys():
        found += _entities(old[name], new[name])
    order = (Risk.BREAKING, Risk.RISKY, Risk.HARMLESS)
    return sorted(found, key=lambda c: (order.index(c.risk), c.entity, c.path, c.kind))


def _entity(name: str, kind: ChangeKind, risk: Risk, what: str) -> Change:
    return Change(kind, risk, name, sentence=f"The entity {name} {what}.")


def _entities(before: EntitySchema, after: EntitySchema) -> Iterator[Change]:
    old = {f.path: f for f in before.fields}
    new = {f.path: f for f in after.fields}
    for path in old.keys() - new.keys():
        yield Change(
            ChangeKind.FIELD_REMOVED, Risk.BREAKING, before.name, path, old[path].type.value, "",
            f"{before.name}.{path} is gone.",
        )  # fmt: skip
    for path in new.keys() - old.keys():
        needed = new[path].required and not new[path].read_only
        yield Change(
            ChangeKind.FIELD_ADDED,
            Risk.BREAKING if needed else Risk.HARMLESS,
            before.name,
            path,
            "",
            new[path].type.value,
            f"{before.name}.{path} is new{' and must be filled' if needed else ''}.",
        )
    for path in old.keys() & new.keys():
        for rule in _RULES:
            for kind, risk, was, now, what in rule(old[path], new[path]):
                yield Change(
                    kind, risk, before.name, path, was, now, f"{before.name}.{path} {what}."
                )


Found = tuple[ChangeKind, Risk, str, str, str]


def _seen(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    gone = (Visibility.HIDDEN, Visibility.MISSING)
    if a.visibility not in gone and b.visibility in gone:
        words = "can no longer be seen by this operator"
        yield ChangeKind.FIELD_HIDDEN, Risk.BREAKING, a.visibility, b.visibility, words
    if a.visibility in gone and b.visibility not in gone:
        yield ChangeKind.FIELD_SHOWN, Risk.HARMLESS, a.visibility, b.visibility, "can be seen again"


def _type(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    if a.type is not b.type:
        risk = Risk.RISKY if (a.type, b.type) in _WIDER else Risk.BREAKING
        yield ChangeKind.TYPE_CHANGED, risk, a.type, b.type, f"was {a.type} and is {b.type} now"


def _size(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    was, now = a.length or 10**9, b.length or 10**9
    before, after = str(a.length or ""), str(b.length or "")
    if now < was:
        longest = max(p.longest if (p := one.profile) else 0 for one in (a, b))
        cut = longest > now
        words = f"holds {now} characters now" + (f"; values of {longest} are in use" if cut else "")
        yield ChangeKind.SHORTENED, Risk.BREAKING if cut else Risk.RISKY, before, after, words
    if now > was:
        yield ChangeKind.LENGTHENED, Risk.HARMLESS, before, after, "holds more characters now"
    if a.scale is not None and b.scale is not None and b.scale < a.scale:
        words = f"keeps {b.scale} decimals instead of {a.scale}"
        yield ChangeKind.SCALE_REDUCED, Risk.RISKY, str(a.scale), str(b.scale), words


def _needs(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    if b.required and not a.required:
        yield ChangeKind.NOW_REQUIRED, Risk.BREAKING, "optional", "required", "must be filled now"
    if a.required and not b.required:
        words = "may be left empty now"
        yield ChangeKind.NO_LONGER_REQUIRED, Risk.HARMLESS, "required", "optional", words
    if b.read_only and not a.read_only:
        words = "can no longer be written"
        yield ChangeKind.NOW_READ_ONLY, Risk.BREAKING, "writable", "read-only", words
    if a.read_only and not b.read_only:
        yield ChangeKind.NOW_WRITABLE, Risk.HARMLESS, "read-only", "writable", "can be written now"


def _values(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    old, new = dict(a.enum), dict(b.enum)
    if old and new:
        for code in old.keys() - new.keys():
            words = f"no longer takes the value “{code}”"
            yield ChangeKind.VALUE_REMOVED, Risk.BREAKING, code, "", words
        for code in new.keys() - old.keys():
            yield ChangeKind.VALUE_ADDED, Risk.RISKY, "", code, f"takes the new value “{code}”"


def _meaning(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    if a.references != b.references and (a.references or b.references):
        words = f"points at {b.references or 'nothing'} instead of {a.references or 'nothing'}"
        yield ChangeKind.REFERENCE_CHANGED, Risk.RISKY, a.references, b.references, words
    if a.description != b.description and a.description and b.description:
        alike = fuzz.token_set_ratio(a.description, b.description)
        risk = Risk.HARMLESS if alike >= 60 else Risk.RISKY
        yield (
            ChangeKind.DESCRIPTION_CHANGED,
            risk,
            a.description,
            b.description,
            "is described in other words",
        )


def _content(a: FieldSchema, b: FieldSchema) -> Iterator[Found]:
    """Semantic drift: the field is there, but what is in it has moved."""
    if not (a.profile and b.profile and a.profile.rows and b.profile.rows):
        return
    was, now = a.profile.filled / a.profile.rows, b.profile.filled / b.profile.rows
    if abs(was - now) >= FILL_MOVED:
        words = f"is filled in {now:.0%} of the records, before in {was:.0%}"
        yield ChangeKind.FILL_MOVED, Risk.RISKY, f"{was:.2f}", f"{now:.2f}", words
    if (
        _lists_codes(a, a.profile)
        and b.profile.samples
        and shared_values(a.profile, b.profile) < VALUES_KEPT
    ):
        before, after = ", ".join(a.profile.samples[:5]), ", ".join(b.profile.samples[:5])
        words = f"holds other values now ({after}; before {before})"
        yield ChangeKind.VALUES_MOVED, Risk.RISKY, before, after, words


def _lists_codes(field: FieldSchema, seen: ValueProfile) -> bool:
    """Whether a field takes its values from a list, so that other values say that the list is another.

    What people or postings write into a field, numbers and days are others with every record and say nothing.
    """
    if not 0 < seen.distinct <= len(seen.samples):
        return False
    if field.enum or field.references or field.type in _LISTED:
        return True
    if field.type is not FieldType.STRING or field.key or _WRITTEN & set(tokens(field.path)):
        return False
    return seen.filled >= 2 * seen.distinct and all(map(_CODE.fullmatch, seen.samples))


_RULES: tuple[Callable[[FieldSchema, FieldSchema], Iterator[Found]], ...] = (
    _seen,
    _type,
    _size,
    _needs,
    _values,
    _meaning,
    _content,
)


def shared_values(a: ValueProfile | None, b: ValueProfile | None) -> float:
    """Share of the smaller sample that the other has too; 0 without samples."""
    if not (a and b and a.samples and b.samples):
        return 0.0
    one, two = set(a.samples), set(b.samples)
    return len(one & two) / min(len(one), len(two))


def remap(
    gone: FieldSchema,
    entity: str,
    after: SystemSchema,
    *,
    embedder: Embedder,
    taken: Sequence[str] = (),
    count: int = 5,
) -> list[Remap]:
    """Fields of the new snapshot that can take the place of one that went away.

    Args:
        gone: the field as it was, with its profile where one was taken.
        entity: its entity; only that entity's fields are considered.
        after: the new snapshot.
        embedder: turns texts into vectors.
        taken: paths that had been there before; they count less, since they meant something else.
        count: how many to propose.

    Returns:
        Best first, only those with a score of at least 0.45.
    """
    home = after.entity(entity)
    if home is None:
        return []
    rivals = [f for f in home.fields if f.path != gone.path]
    if not rivals:
        return []
    texts = [_spoken(gone), *(_spoken(f) for f in rivals)]
    vectors = embedder.embed(texts)
    near = vectors[1:] @ vectors[0]
    scored = [
        _replacement(gone, f, float(n), known=f.path in taken)
        for f, n in zip(rivals, near, strict=True)
    ]
    best = sorted(scored, key=lambda r: (-r[0], r[1].path))[:count]
    return [Remap(entity, f.path, round(s, 3), why) for s, f, why in best if s >= ENOUGH]


def _spoken(one: FieldSchema) -> str:
    return " ".join((*tokens(one.path), "·", one.label, one.description)).strip()


def _replacement(
    gone: FieldSchema, other: FieldSchema, near: float, *, known: bool
) -> tuple[float, FieldSchema, str]:
    name = fuzz.token_sort_ratio(" ".join(tokens(gone.path)), " ".join(tokens(other.path))) / 100
    values = shared_values(gone.profile, other.profile)
    have_values = bool(gone.profile and gone.profile.samples and other.profile)
    fits = gone.type is other.type or (gone.type, other.type) in _WIDER
    score = 0.45 * name + 0.55 * max(near, 0.0)
    if have_values:
        score = 0.5 * score + 0.5 * values
    score *= (1.0 if fits else 0.6) * (0.7 if known else 1.0)
    parts = [f"name {name:.2f} alike", f"meaning {max(near, 0.0):.2f}"]
    if have_values:
        parts.append(f"{values:.0%} of the values the same")
    parts.append("same type" if gone.type is other.type else f"{gone.type} becomes {other.type}")
    text = ", ".join(parts)
    return score, other, text[0].upper() + text[1:] + "."
