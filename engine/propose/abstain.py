"""Whether a target has a counterpart at all: what is known about a target and its best candidate."""

from __future__ import annotations

import numpy as np

from engine.propose.pairing import Pairs
from engine.propose.prepare import GENERIC, Floats, Leaf
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

JUDGE_FEATURES: tuple[str, ...] = (
    "score",
    "margin",
    "margin_third",
    "score_squared",
    "neighbours_found",
    "others_found",
    "source_busy",
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
    "best_same_words",
    "best_meaning",
    "best_type_fit",
    "best_side_conflict",
    "best_concept",
    "best_extra",
    "best_missing",
    "best_enum",
    "best_samples",
)
_TAKEN = (
    "same_words",
    "meaning_of_fields",
    "type_fit",
    "side_conflict",
    "concept",
    "extra_qualifiers",
    "missing_qualifiers",
    "enum_overlap",
    "samples_equal",
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


def judge_features(
    p: Pairs, scores: Floats, x: Floats, names: tuple[str, ...]
) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """One row for each target that has candidates, and the pair that is its best candidate.

    Args:
        p: the pairs.
        scores: log-odds of each pair.
        x: signals and context of each pair.
        names: names of the columns of ``x``.
    """
    order = np.lexsort((-scores, p.j))
    targets = p.j[order]
    first = np.flatnonzero(np.r_[True, targets[1:] != targets[:-1]]) if len(order) else order
    best = order[first]
    size = np.diff(np.r_[first, len(order)])

    def nth(n: int) -> Floats:
        at = order[np.minimum(first + n, first + size - 1)]
        found: Floats = scores[at]
        return found

    top = scores[best]
    system_columns = [k for k, c in enumerate(vocabulary().concepts) if c in _SYSTEM]
    system = p.right_concepts[:, system_columns].max(axis=1, initial=0.0)
    homes: dict[tuple[str, str], int] = {}
    home = np.array(
        [
            homes.setdefault((o.entity, o.field.path.rpartition(".")[0]), len(homes))
            for o in p.right.leaves
        ]
    )[p.j[best]]
    found = 1.0 / (1.0 + np.exp(-top))
    total = np.bincount(home, weights=found, minlength=len(homes))[home] - found
    count = np.bincount(home, minlength=len(homes))[home] - 1
    neighbours = np.where(count > 0, total / np.maximum(count, 1), found.mean())
    busy = np.bincount(p.i[best], minlength=len(p.left))[p.i[best]]
    taken = [names.index(n) for n in _TAKEN]
    about = np.array([_target(p.right.leaves[b], system[b]) for b in p.j[best]], dtype=np.float32)
    own = np.stack(
        [
            top,
            top - nth(1),
            top - nth(2),
            np.sign(top) * top**2 / 5,
            neighbours,
            np.full(len(best), found.mean()),
            np.log1p(busy - 1),
        ],
        axis=1,
    )
    out: Floats = np.hstack([own, about.reshape(len(best), -1), x[best][:, taken]]).astype(
        np.float32
    )
    return out, best
