"""From two schemas to ranked, calibrated pairs; everything here is numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.ports import Embedder
from engine.propose.abstain import JUDGE_FEATURES, judge_features
from engine.propose.context import CONTEXT, surround
from engine.propose.pairing import Pairs
from engine.propose.prepare import (
    Floats,
    Leaf,
    Side,
    concepts,
    note_concepts,
    party_word,
    prepare,
    speaking_of,
)
from engine.propose.scorer import Linear, Model, model_from, probability, read_model_file
from engine.propose.signals import FEATURES_VERSION, SIGNALS, measure

FEATURES: tuple[str, ...] = (*(row.name for row in SIGNALS), *(name for name, _ in CONTEXT))
WHOLE = 60_000
SHORTLIST = 24
MODEL_FILE = Path(__file__).with_name("model.json")


def shipped_model(path: Path = MODEL_FILE) -> Model:
    """The model that comes with the program."""
    return model_from(
        read_model_file(path), pair=FEATURES, judge=JUDGE_FEATURES, version=FEATURES_VERSION
    )


@dataclass(slots=True)
class Ranked:
    """Scored pairs.

    Attributes:
        pairs: the pairs.
        x: signals and context, one row per pair.
        scores: log-odds of each pair.
        best: the best pair of each target that has candidates.
        judged: probability that this best pair is right.
    """

    pairs: Pairs
    x: Floats
    scores: Floats
    best: npt.NDArray[np.int64]
    judged: Floats

    def top(self, count: int = 5) -> dict[int, list[tuple[int, float]]]:
        """For each target position its best pairs with their confidence, best first."""
        order = np.lexsort((-self.scores, self.pairs.j))
        sure = {int(self.pairs.j[b]): float(q) for b, q in zip(self.best, self.judged, strict=True)}
        head = {int(self.pairs.j[b]): float(self.scores[b]) for b in self.best}
        out: dict[int, list[tuple[int, float]]] = {}
        for k in order:
            target = int(self.pairs.j[k])
            row = out.setdefault(target, [])
            if len(row) < count:
                fall = float(np.exp(min(0.0, float(self.scores[k]) - head[target])))
                share = 1.0 if not row else min(0.9, fall)
                row.append((int(k), sure[target] * share))
        return out


def features(p: Pairs, base: Linear) -> Floats:
    """Signals and context of all pairs, in the order of ``FEATURES``.

    Args:
        p: the pairs.
        base: the first, linear impression that context is measured with.
    """
    signals = measure(p)
    return with_context(p, signals, base)


def with_context(p: Pairs, signals: Floats, base: Linear) -> Floats:
    """Signals that were measured already, with the context they give each other."""
    first = base.parts(signals).sum(axis=1) + base.bias
    return np.hstack([signals, surround(p, np.asarray(first, dtype=np.float32))])


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
    x = features(pairs, model.base)
    scores = model.pair.score(x)
    about, best = judge_features(pairs, scores, x, FEATURES)
    return Ranked(pairs, x, scores, best, probability(model.judge.score(about)))
