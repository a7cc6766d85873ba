"""Signals from meaning: vectors of texts, and the accounting concepts that they speak of."""

from __future__ import annotations

import numpy as np

from engine.propose.pairing import Pairs, dot
from engine.propose.prepare import Floats
from engine.propose.words import vocabulary


def meaning_of_names(p: Pairs) -> Floats:
    """Vectors of the two names."""
    return dot(p, p.left.name, p.right.name)


def meaning_of_own(p: Pairs) -> Floats:
    """Vectors of the names' own words, without the objects around them."""
    return dot(p, p.left.own, p.right.own)


def meaning_of_labels(p: Pairs) -> Floats:
    """Vectors of the labels, or of the names as they stand."""
    return dot(p, p.left.label, p.right.label)


def meaning_of_fields(p: Pairs) -> Floats:
    """Vectors of entity, field, type, meaning and samples."""
    return dot(p, p.left.full, p.right.full)


def meaning_of_notes(p: Pairs) -> Floats:
    """Vectors of the two descriptions."""
    return dot(p, p.left.note, p.right.note)


def meaning_across(p: Pairs) -> Floats:
    """One side's description against the other's name, the better way."""
    return np.maximum(dot(p, p.left.note, p.right.name), dot(p, p.left.name, p.right.note))


def concept(p: Pairs) -> Floats:
    """Both speak of the same accounting concept."""
    return dot(p, p.left_concepts, p.right_concepts)


def _related() -> Floats:
    """Concepts by concepts: 1 on the diagonal, less where one can stand in for the other."""
    names = list(vocabulary().concepts)
    table = np.eye(len(names), dtype=np.float32)
    for a, b, weight in vocabulary().relations:
        table[names.index(a), names.index(b)] = table[names.index(b), names.index(a)] = weight
    return table


def concept_related(p: Pairs) -> Floats:
    """What one speaks of can stand in for what the other speaks of."""
    return np.minimum(dot(p, p.left_concepts @ _related(), p.right_concepts), 1.0)


def concept_of_note(p: Pairs) -> Floats:
    """What the source's description speaks of can stand in for what the target speaks of."""
    return np.minimum(dot(p, p.left_note_concepts @ _related(), p.right_concepts), 1.0)


def concept_note_note(p: Pairs) -> Floats:
    """What both descriptions speak of."""
    return np.minimum(dot(p, p.left_note_concepts @ _related(), p.right_note_concepts), 1.0)


def concept_first(p: Pairs) -> Floats:
    """The most likely concept of both is the same one."""
    same = p.left_concepts.argmax(1)[p.i] == p.right_concepts.argmax(1)[p.j]
    found: Floats = same.astype(np.float32)
    return found
