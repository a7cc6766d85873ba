"""What a pair looks like among the others: rivals, reciprocity, neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats, Side
from engine.schema.paths import parent as parent_path

CONTEXT: tuple[tuple[str, str], ...] = (
    ("below_best_for_target", "distance to the target's best candidate"),
    ("below_best_for_source", "distance to the source's best target"),
    ("mutual_best", "each is the other's best"),
    ("neighbours", "what the neighbours of the target resemble"),
    ("rank_for_target", "place among the target's candidates"),
    ("rank_for_source", "place among the source's targets"),
    ("share_for_target", "share of the target's plausibility"),
    ("share_for_source", "share of the source's plausibility"),
    ("share_for_both", "share when every source and target is given away about once"),
)


ROUNDS = 12
SHARPNESS = 1.0


def places(group: npt.NDArray[np.int64], score: Floats) -> Floats:
    """Each pair's place inside its group, 0 for the best score."""
    order = np.lexsort((-score, group))
    sorted_group = group[order]
    first = np.r_[True, sorted_group[1:] != sorted_group[:-1]]
    starts = np.flatnonzero(first)
    place = np.empty(len(group), dtype=np.float32)
    place[order] = np.arange(len(group)) - starts[np.cumsum(first) - 1]
    return place


def _gaps(group: npt.NDArray[np.int64], size: int, score: Floats) -> Floats:
    """How far each pair is below the best of its group; 0 for the best itself."""
    best = np.full(size, -1e9, dtype=np.float32)
    np.maximum.at(best, group, score)
    out: Floats = score - best[group]
    return out


def _share(group: npt.NDArray[np.int64], size: int, gap: Floats) -> Floats:
    """Softmax of the gaps inside each group."""
    raised = np.exp(gap)
    total = np.bincount(group, weights=raised, minlength=size)
    return np.asarray(raised / np.maximum(total[group], 1e-9), dtype=np.float32)


def balanced(p: Pairs, base: Floats) -> Floats:
    """Plausibility after rows and columns were scaled to sum to one in turn (Sinkhorn).

    It is what a one-to-one assignment would make of the pairs, softly: a pair whose source is
    wanted more elsewhere loses, and so does one whose target is.
    """
    share = np.exp(SHARPNESS * (base - base.max(initial=-1e9)).astype(np.float64)) + 1e-9
    for _ in range(ROUNDS):
        share /= np.maximum(np.bincount(p.i, share, len(p.left))[p.i], 1e-12)
        share /= np.maximum(np.bincount(p.j, share, len(p.right))[p.j], 1e-12)
    return np.asarray(share, dtype=np.float32)


def _source_groups(side: Side) -> npt.NDArray[np.int64]:
    """Sources of one block: same entity, same object around them, same first word."""
    names: dict[tuple[str, ...], int] = {}
    return np.array(
        [
            names.setdefault(
                (o.entity, *o.above, *(o.words[:1] if not o.above else ())), len(names)
            )
            for o in side.leaves
        ],
        dtype=np.int64,
    )


def _target_groups(side: Side) -> npt.NDArray[np.int64]:
    names: dict[tuple[str, str], int] = {}
    return np.array(
        [names.setdefault((o.entity, parent_path(o.field.path)), len(names)) for o in side.leaves],
        dtype=np.int64,
    )


def _neighbours(p: Pairs, base: Floats) -> Floats:
    """How well the source's block suits the target's siblings, against the block that suits best."""
    blocks, homes = _source_groups(p.left), _target_groups(p.right)
    many, few = int(blocks.max(initial=0)) + 1, int(homes.max(initial=0)) + 1
    best = np.zeros((len(p.right), many), dtype=np.float32)
    np.maximum.at(best, (p.j, blocks[p.i]), base)
    total = np.zeros((few, many), dtype=np.float32)
    np.add.at(total, homes, best)
    count = np.bincount(homes, minlength=few).astype(np.float32)
    others = np.maximum(count[homes] - 1, 1)[:, None]
    without = (total[homes] - best) / others
    without[count[homes] < 3] = 0.0
    relative = without - without.max(axis=1, keepdims=True)
    return np.asarray(relative[p.j, blocks[p.i]], dtype=np.float32)


def surround(p: Pairs, base: Floats) -> Floats:
    """The context columns, shape ``(pairs, len(CONTEXT))``.

    Args:
        p: the pairs; all pairs of a target should be among them.
        base: a first impression of each pair, in log-odds.
    """
    likely = 1.0 / (1.0 + np.exp(-np.clip(base, -20, 20)))
    gap_target, gap_source = _gaps(p.j, len(p.right), base), _gaps(p.i, len(p.left), base)
    mutual = (gap_target >= -1e-6) & (gap_source >= -1e-6)
    columns = (
        np.maximum(gap_target, -8.0),
        np.maximum(gap_source, -8.0),
        mutual.astype(np.float32),
        _neighbours(p, likely.astype(np.float32)),
        np.log1p(places(p.j, base)),
        np.log1p(places(p.i, base)),
        _share(p.j, len(p.right), gap_target),
        _share(p.i, len(p.left), gap_source),
        balanced(p, base),
    )
    return np.stack(columns, axis=1).astype(np.float32)
