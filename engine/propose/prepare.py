"""One side of a proposal, made ready: leaf fields with their texts and vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.ports import Embedder
from engine.propose.leaves import GENERIC, Leaf
from engine.propose.words import prose
from engine.schema.model import FieldSchema
from engine.schema.paths import leaf as leaf_name
from engine.schema.paths import tokens

Floats = npt.NDArray[np.floating[Any]]


def _no_vectors() -> Floats:
    return np.empty((0, 0), np.float32)


@dataclass(slots=True)
class Side:
    """All leaves of one side and what is computed once for each.

    Attributes:
        leaves: the fields.
        value_texts: samples or allowed values, empty where none are known.
        name: unit vectors of parent and own words.
        own: of the own words alone.
        label: of the label as people read it, or the name split but not spelled out.
        full: of entity, name, type, meaning, samples.
        note: of the description, or the name where there is none.
        value: of ``value_texts``.
    """

    leaves: tuple[Leaf, ...]
    value_texts: tuple[str, ...]
    name: Floats = field(default_factory=_no_vectors)
    own: Floats = field(default_factory=_no_vectors)
    label: Floats = field(default_factory=_no_vectors)
    full: Floats = field(default_factory=_no_vectors)
    note: Floats = field(default_factory=_no_vectors)
    value: Floats = field(default_factory=_no_vectors)

    def __len__(self) -> int:
        return len(self.leaves)


def _samples(one: FieldSchema) -> tuple[str, ...]:
    if one.profile and one.profile.samples:
        return one.profile.samples
    return tuple(f"{code} {meaning}".strip() for code, meaning in one.enum)


def name_text(leaf: Leaf) -> str:
    """The field named in a few words, with its entity where its own words are too general."""
    near = leaf.above[-3:]
    own = [w for w in leaf.words if not w.isdigit() or len(leaf.words) > 1]
    general = set(own) <= GENERIC
    front = leaf.owner if general and not near else ()
    return " ".join(dict.fromkeys([*front, *near, *leaf.words]))


def label_text(leaf: Leaf) -> str:
    """What people read: the label, or the name split into its words but not spelled out."""
    return leaf.field.label.lower() or " ".join(tokens(leaf_name(leaf.field.path)))


def prepare(leaves: Sequence[Leaf], embedder: Embedder) -> Side:
    """Words to texts to vectors, one call to the embedder for all texts."""
    names = [name_text(one) for one in leaves]
    values = tuple(", ".join(_samples(one.field)[:8])[:200] for one in leaves)
    texts = {
        "name": names,
        "own": [" ".join(one.words) for one in leaves],
        "label": [label_text(one) for one in leaves],
        "full": [
            " · ".join(
                p for p in (" ".join(one.owner), n, one.field.type.value, one.note, v[:80]) if p
            )
            for one, n, v in zip(leaves, names, values, strict=True)
        ],
        "note": [one.note or n for one, n in zip(leaves, names, strict=True)],
        "value": list(values),
    }
    side = Side(tuple(leaves), values)
    distinct = list(dict.fromkeys(t for column in texts.values() for t in column))
    vectors = np.asarray(embedder.embed(distinct), dtype=np.float32)
    row = {text: k for k, text in enumerate(distinct)}
    for attribute, column in texts.items():
        setattr(side, attribute, vectors[[row[t] for t in column]] if column else vectors[:0])
    return side


def word_weights(sides: Sequence[Side]) -> dict[str, float]:
    """Inverse document frequency of every word over the fields of all sides, between 0.15 and 1."""
    seen: Counter[str] = Counter()
    total = 0
    for side in sides:
        for one in side.leaves:
            total += 1
            seen.update(set(one.words) | set(one.above) | set(one.said))
            seen.update(prose(one.note))
    scale = np.log(1 + total)
    return {w: float(np.clip(np.log((1 + total) / n) / scale, 0.15, 1.0)) for w, n in seen.items()}
