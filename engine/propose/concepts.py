"""Which accounting concepts a field speaks of, by vectors and by words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.ports import Embedder
from engine.propose.prepare import Floats, Side
from engine.propose.words import spelled, vocabulary


def concept_phrases() -> tuple[tuple[str, str], ...]:
    """Every concept with each of its phrases."""
    return tuple((c, p) for c, phrases in vocabulary().concepts.items() for p in phrases)


def note_concepts(side: Side, embedder: Embedder) -> Floats:
    """Like :func:`concepts`, but from the description alone; a row of zeros without one."""
    out = concepts(side, embedder, note=True)
    out[[not one.note for one in side.leaves]] = 0.0
    return out


def concepts(
    side: Side, embedder: Embedder, *, sharpness: float = 14.0, note: bool = False
) -> Floats:
    """How strongly each leaf speaks of each concept: rows of unit length, shape (leaves, concepts).

    Two readings are mixed: vectors of name and full text against the phrase, and words of the
    phrase found in the name. With ``note`` only the description is read.
    """
    pairs = concept_phrases()
    phrases = np.asarray(embedder.embed([p for _, p in pairs]), dtype=np.float32)
    if note:
        score = np.maximum(side.note @ phrases.T, 0.0)
    else:
        near = np.maximum(0.55 * side.name @ phrases.T + 0.45 * side.full @ phrases.T, 0.0)
        score = 0.6 * near + 0.4 * _phrase_words(side, [p for _, p in pairs])
    names = list(dict.fromkeys(c for c, _ in pairs))
    starts = [next(k for k, (c, _) in enumerate(pairs) if c == n) for n in names]
    best = np.maximum.reduceat(score, starts, axis=1)
    top = best.max(axis=1, keepdims=True) if len(side) else best
    sharp = np.exp(sharpness * (best - top)) * np.clip(top, 0.05, 1.0)
    unit: Floats = (sharp / np.linalg.norm(sharp, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _phrase_words(side: Side, phrases: Sequence[str]) -> Floats:
    """Dice overlap of the words of names (own words and one level above) and of phrases."""
    group = vocabulary().group
    bags = [{group.get(w, w) for w in (*one.above[-2:], *one.words)} for one in side.leaves]
    wanted = [{group.get(w, w) for w in spelled(p)} - {"of", "the", "to"} for p in phrases]
    index = {w: k for k, w in enumerate(sorted(set().union(*bags, *wanted)))} if bags else {}
    left = np.zeros((len(bags), len(index)), np.float32)
    right = np.zeros((len(wanted), len(index)), np.float32)
    for matrix, rows in ((left, bags), (right, wanted)):
        for r, words in enumerate(rows):
            matrix[r, [index[w] for w in words if w in index]] = 1.0
    both = left @ right.T
    total = left.sum(1)[:, None] + right.sum(1)[None, :]
    out: Floats = 2 * both / np.maximum(total, 1.0)
    return out
