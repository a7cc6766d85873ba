"""Whether a target has a counterpart at all: what the target itself tells about that."""

from __future__ import annotations

import numpy as np

from engine.propose.leaves import GENERIC, Leaf
from engine.propose.prepare import Floats, Side
from engine.propose.words import prose, vocabulary
from engine.schema.model import FieldType

_SYSTEM = (
    "system id",
    "validation",
    "attachment",
    "template",
    "created at",
    "changed at",
    "origin",
    "print status",
    "rounding",
    "markup",
    "created by",
    "edi",
    "serial",
)
_IDS = frozenset({"id", "guid", "uuid", "identifier", "token"})
_SHY = frozenset(
    [
        "internal",
        "assigned",
        "computed",
        "calculated",
        "read",
        "readonly",
        "deprecated",
        "flag",
        "system",
        "response",
        "returned",
        "helper",
        "undocumented",
        "only",
        "request",
        "version",
        "lock",
    ]
)
_NATIONAL = frozenset(
    [
        "india",
        "indian",
        "france",
        "french",
        "gst",
        "canada",
        "canadian",
        "australia",
        "australian",
        "uk",
        "us",
        "usa",
        "nz",
        "zealand",
        "national",
        "locale",
        "country",
        "region",
        "state",
        "edition",
        "1099",
        "tpar",
    ]
)

TARGET_FEATURES: tuple[str, ...] = (
    "target_required",
    "target_reference",
    "target_flag",
    "target_enum",
    "target_date",
    "target_number",
    "target_depth",
    "target_array",
    "target_identifier",
    "target_system",
    "target_shy",
    "target_national",
    "target_general",
    "target_has_note",
    "note_length",
)


def _target(one: Leaf, system: float) -> list[float]:
    note = set(prose(one.note)) | set(one.note.lower().split())
    kind = one.field.type
    return [
        one.field.required,
        bool(one.field.references) or one.wrapped,
        kind is FieldType.BOOLEAN,
        bool(one.field.enum),
        kind in (FieldType.DATE, FieldType.DATETIME),
        kind in (FieldType.DECIMAL, FieldType.INTEGER),
        one.field.path.count("."),
        "[]" in one.field.path,
        bool(_IDS & set(one.words[-1:])) and not one.field.references,
        system,
        len(_SHY & note) / 2,
        bool(_NATIONAL & note),
        set(one.words) <= GENERIC,
        bool(one.note),
        min(len(note), 24) / 12,
    ]


def about_targets(side: Side, concepts: Floats) -> Floats:
    """What each target tells, shape ``(targets, len(TARGET_FEATURES))``.

    Args:
        side: the targets.
        concepts: how strongly each speaks of each concept.
    """
    columns = [k for k, c in enumerate(vocabulary().concepts) if c in _SYSTEM]
    system = concepts[:, columns].max(axis=1, initial=0.0)
    rows = [_target(one, float(s)) for one, s in zip(side.leaves, system, strict=True)]
    return np.array(rows, dtype=np.float32).reshape(len(side), len(TARGET_FEATURES))
