"""The second look: a target's best candidates seen next to each other, to say how likely each is.

The first score speaks of a pair alone; whether it is right also depends on how clearly it leads, on
who else wants the same source, on how its neighbours fare and on whether such a target takes a value
at all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.propose.abstain import TARGET_FEATURES, about_targets
from engine.propose.context import balanced, places
from engine.propose.contrast import SCHEMAS, leads
from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats
from engine.propose.scorer import probability
from engine.schema.paths import parent as parent_path

KEPT = 8
FIRST_LOOK = 0.25
"""The first look's part in the order of a target's candidates; the second look has the rest."""
_TAKEN = (
    "same_words",
    "like_words",
    "path_words",
    "meaning_of_names",
    "meaning_of_own",
    "meaning_of_fields",
    "meaning_across",
    "concept",
    "concept_related",
    "type_fit",
    "side_conflict",
    "role_conflict",
    "extra_qualifiers",
    "missing_qualifiers",
    "enum_overlap",
    "main_entity",
    "home_fit",
    "letters_in_order",
    "samples_equal",
    "samples_rare",
    "samples_spelling",
    "samples_range",
    "neighbours",
    *(name for name, _ in SCHEMAS),
)
REVIEW_FEATURES: tuple[str, ...] = (
    "score",
    "score_squared",
    "lead_for_target",
    "lead_for_source",
    "place_for_target",
    "place_for_source",
    "share_of_both",
    "best_of_target",
    "best_of_source",
    "margin_of_target",
    "neighbours_found",
    "others_found",
    "source_busy",
    *TARGET_FEATURES,
    *(f"pair_{name}" for name in _TAKEN),
)


def _homes(p: Pairs) -> npt.NDArray[np.int64]:
    """The number of the object that each target stands in."""
    known: dict[tuple[str, str], int] = {}
    keys = ((o.entity, parent_path(o.field.path)) for o in p.right.leaves)
    return np.array([known.setdefault(k, len(known)) for k in keys], dtype=np.int64)


def _best(group: npt.NDArray[np.int64], size: int, scores: Floats) -> Floats:
    best = np.full(size, -12.0, dtype=np.float32)
    np.maximum.at(best, group, scores)
    return best


def _neighbours_found(p: Pairs, best: Floats) -> tuple[Floats, float]:
    """Mean plausibility of the other targets of the same object, and of all targets."""
    found = 1.0 / (1.0 + np.exp(-best))
    home = _homes(p)
    total = np.bincount(home, weights=found)[home] - found
    count = np.bincount(home)[home] - 1
    mean = float(found.mean()) if len(found) else 0.0
    return np.where(count > 0, total / np.maximum(count, 1), mean), mean


def review_features(
    p: Pairs, scores: Floats, x: Floats, names: tuple[str, ...]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """One row for each of the best pairs of every target, and which pairs these are.

    Args:
        p: the pairs.
        scores: log-odds of each pair after the first look.
        x: signals and context of each pair.
        names: names of the columns of ``x``.

    Returns:
        Rows of ``REVIEW_FEATURES`` and the positions of their pairs, at most ``KEPT`` for a target,
        grouped by target, best first.
    """
    clipped = np.clip(scores, -12.0, 12.0)
    place = places(p.j, scores)
    order = np.lexsort((place, p.j))
    kept = order[place[order] < KEPT]
    of_target, of_source = _best(p.j, len(p.right), clipped), _best(p.i, len(p.left), clipped)
    lead = leads(p.j, clipped)
    first = place == 0
    margin = np.zeros(len(p.right), dtype=np.float32)
    margin[p.j[first]] = lead[first]
    busy = np.bincount(p.i[first], minlength=len(p.left)).astype(np.float32)
    neighbours, mean = _neighbours_found(p, of_target)
    i, j = p.i[kept], p.j[kept]
    own = (
        clipped[kept],
        np.sign(clipped[kept]) * clipped[kept] ** 2 / 5,
        lead[kept],
        leads(p.i, clipped)[kept],
        np.log1p(place[kept]),
        np.log1p(places(p.i, scores)[kept]),
        balanced(p, clipped)[kept],
        of_target[j],
        of_source[i],
        margin[j],
        neighbours[j],
        np.full(len(kept), mean),
        np.log1p(np.maximum(busy[i] - first[kept], 0)),
    )
    about = about_targets(p.right, p.right_concepts)[j]
    taken = x[kept][:, [names.index(n) for n in _TAKEN]]
    return np.hstack([np.stack(own, axis=1), about, taken]).astype(np.float32), kept


def settled(p: Pairs, kept: npt.NDArray[np.int64], about: Floats, second: Floats) -> Floats:
    """The probability that each kept pair is right: the second look's, in the order of both looks.

    The second look learns above all whether a target takes a value. How a target's candidates stand to
    each other it learns from few, so there the first look keeps a part. The probabilities of a target
    stay the same; only which candidate has which may change.

    Args:
        p: the pairs.
        kept: the best pairs of every target, of :func:`review_features`.
        about: their rows.
        second: what the second look makes of each row, in log-odds.
    """
    first = about[:, REVIEW_FEATURES.index("score")]
    both = FIRST_LOOK * first + (1 - FIRST_LOOK) * second
    targets = p.j[kept]
    out = np.empty(len(kept), dtype=np.float32)
    out[np.lexsort((-both, targets))] = probability(second)[np.lexsort((-second, targets))]
    return out
