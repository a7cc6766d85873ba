"""From two schemas to ranked, calibrated pairs; everything here is numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.ports import Embedder
from engine.propose.concepts import concepts, note_concepts
from engine.propose.context import CONTEXT, surround
from engine.propose.contrast import SCHEMAS, contrast, contrast_names, schemas
from engine.propose.leaves import Leaf, party_word, speaking_of
from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats, Side, prepare
from engine.propose.review import REVIEW_FEATURES, review_features, settled
from engine.propose.scorer import Linear, Model, model_from, read_model_file
from engine.propose.signals import FEATURES_VERSION, SIGNALS, measure

SIGNAL_NAMES: tuple[str, ...] = tuple(row.name for row in SIGNALS)
FEATURES: tuple[str, ...] = (
    *SIGNAL_NAMES,
    *(name for name, _ in CONTEXT),
    *contrast_names(),
    *(name for name, _ in SCHEMAS),
)
WHOLE = 60_000
SHORTLIST = 24
MODEL_FILE = Path(__file__).with_name("model.json")


@cache
def shipped_model(path: Path = MODEL_FILE) -> Model:
    """The model that comes with the program; read once in a process, for its trees take a while."""
    return model_from(
        read_model_file(path), pair=FEATURES, review=REVIEW_FEATURES, version=FEATURES_VERSION
    )


@dataclass(slots=True)
class Ranked:
    """Scored pairs.

    Attributes:
        pairs: the pairs.
        x: signals, context and contrast, one row per pair.
        kept: the best pairs of each target after the first look.
        likely: probability that each of them is right.
    """

    pairs: Pairs
    x: Floats
    kept: npt.NDArray[np.int64]
    likely: Floats

    def top(self, count: int = 5) -> dict[int, list[tuple[int, float]]]:
        """For each target position its best pairs with their probability, best first."""
        targets = self.pairs.j[self.kept]
        out: dict[int, list[tuple[int, float]]] = {}
        for n in np.lexsort((-self.likely, targets)):
            row = out.setdefault(int(targets[n]), [])
            if len(row) < count:
                row.append((int(self.kept[n]), float(self.likely[n])))
        return out


def compared(p: Pairs, signals: Floats) -> Floats:
    """What signals say next to each other, whatever the model: leads, and the two schemas."""
    return np.hstack([contrast(p, signals, SIGNAL_NAMES), schemas(p)])


def with_context(p: Pairs, signals: Floats, beside: Floats, base: Linear) -> Floats:
    """The columns of ``FEATURES``.

    Args:
        p: the pairs.
        signals: what :func:`engine.propose.signals.measure` found.
        beside: what :func:`compared` made of it.
        base: the first, linear impression that context is measured with.
    """
    first = base.parts(signals).sum(axis=1) + base.bias
    return np.hstack([signals, surround(p, np.asarray(first, dtype=np.float32)), beside])


def all_pairs(left: Side, right: Side, embedder: Embedder) -> Pairs:
    """Every source with every target, or for large sides each target's most promising sources."""
    a = concepts(left, embedder), note_concepts(left, embedder)
    b = concepts(right, embedder), note_concepts(right, embedder)
    if len(left) * len(right) <= WHOLE or len(left) <= SHORTLIST:
        i, j = np.meshgrid(np.arange(len(left)), np.arange(len(right)), indexing="ij")
        return Pairs(left, right, (i.ravel(), j.ravel()), a, b)
    return Pairs(left, right, _shortlist(left, right, a[0], b[0]), a, b)


def _shortlist(
    left: Side, right: Side, a: Floats, b: Floats
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    near = right.full @ left.full.T + right.name @ left.name.T + 0.7 * (b @ a.T)
    top = np.argpartition(-near, SHORTLIST, axis=1)[:, :SHORTLIST]
    return top.ravel(), np.repeat(np.arange(len(right)), SHORTLIST)


def both_spoken(
    left: Sequence[Leaf], right: Sequence[Leaf]
) -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
    """Both sides with contacts read as the party that the other side is about."""
    mine, other = party_word(left), party_word(right)
    return speaking_of(left, other or mine), speaking_of(right, mine or other)


def rank(
    left: Sequence[Leaf], right: Sequence[Leaf], embedder: Embedder, model: Model | None = None
) -> Ranked:
    """Score and judge all pairs of two lists of leaves."""
    model = model or shipped_model()
    left, right = both_spoken(left, right)
    pairs = all_pairs(prepare(left, embedder), prepare(right, embedder), embedder)
    signals = measure(pairs)
    x = with_context(pairs, signals, compared(pairs, signals), model.base)
    about, kept = review_features(pairs, model.pair.score(x), x, FEATURES)
    return Ranked(pairs, x, kept, settled(pairs, kept, about, model.review.score(about)))
