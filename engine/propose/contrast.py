"""How far a pair is ahead of its rivals in single signals, and what the two schemas are like.

A similarity of 0.6 is much in one pair of schemas and little in another. What carries over is by how
much a pair beats the next best source of its target and the next best target of its source.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats, Side

CONTRASTED: tuple[str, ...] = (
    "like_words",
    "path_words",
    "spelling",
    "meaning_of_own",
    "meaning_of_labels",
    "meaning_of_fields",
    "meaning_across",
    "concept_related",
    "letters_in_order",
    "rare_letters",
    "skeletons",
    "word_beginnings",
    "samples_rare",
    "samples_words",
    "samples_spelling",
)
SCHEMAS: tuple[tuple[str, str], ...] = (
    ("sampled", "how many fields of both sides have samples"),
    ("described", "how many fields of both sides are described"),
    ("measured", "how many fields of both sides have a length"),
    ("nested", "how deep the paths are"),
    ("many_sources", "how many source fields there are"),
    ("many_targets", "how many target fields there are"),
)


def contrast_names() -> tuple[str, ...]:
    """Names of the columns of :func:`contrast`."""
    return tuple(f"{n}_{way}" for n in CONTRASTED for way in ("ahead", "ahead_for_source"))


def leads(group: npt.NDArray[np.int64], score: Floats) -> Floats:
    """Score minus the best other score of the same group; 0 where there is no other."""
    order = np.lexsort((-score, group))
    grouped = group[order]
    first = np.r_[True, grouped[1:] != grouped[:-1]]
    starts = np.flatnonzero(first)
    sizes = np.diff(np.r_[starts, len(order)])
    at = np.cumsum(first) - 1
    second = order[np.minimum(starts + 1, len(order) - 1)]
    rival = np.where(first, score[second][at], score[order[starts]][at])
    rival = np.where(sizes[at] > 1, rival, score[order])
    out = np.empty(len(score), dtype=np.float32)
    out[order] = score[order] - rival
    return out


def contrast(p: Pairs, signals: Floats, names: tuple[str, ...]) -> Floats:
    """Leads of every contrasted signal, for the target and for the source in turn."""
    out = np.empty((len(p), 2 * len(CONTRASTED)), dtype=np.float32)
    for n, name in enumerate(CONTRASTED):
        score = signals[:, names.index(name)]
        out[:, 2 * n] = leads(p.j, score)
        out[:, 2 * n + 1] = leads(p.i, score)
    return out


def _nature(side: Side) -> Floats:
    fields = [one.field for one in side.leaves]
    rows = [
        (bool(f.profile), bool(f.description), bool(f.length), f.path.count(".")) for f in fields
    ]
    table: Floats = np.array(rows, dtype=np.float32).reshape(-1, 4).mean(axis=0)
    return table


def schemas(p: Pairs) -> Floats:
    """What both schemas are like, the same for every pair."""
    both = 0.5 * (_nature(p.left) + _nature(p.right))
    row = np.r_[both, np.log1p(len(p.left)), np.log1p(len(p.right))]
    return np.tile(row.astype(np.float32), (len(p), 1))
