"""From signals to probabilities: leads, the second look, and trees that score as they explain."""

from __future__ import annotations

import numpy as np
import pytest

from connectors.ai.hash_embedder import HashEmbedder
from engine.propose.contrast import leads
from engine.propose.leaves import leaves_of
from engine.propose.prepare import prepare
from engine.propose.ranking import FEATURES, all_pairs, compared, shipped_model, with_context
from engine.propose.review import KEPT, REVIEW_FEATURES, review_features, settled
from engine.propose.sampling import rare_values, value_overlap
from engine.propose.scorer import combination, probability
from engine.propose.signals import measure
from engine.schema.model import EntitySchema, FieldSchema, SystemSchema
from engine.schema.profile import profile

EMBEDDER = HashEmbedder()
TREE = {
    # 0: x0 <= 1 ? (1: x1 <= 0 ? a : b) : c
    "depth": 2,
    "nodes": [[0, 1.0, 1, 4, 0.0], [1, 0.0, 2, 3, 0.0], [-1.0], [0.5], [2.0]],
}
LINE = {"mean": [0.0, 0.0], "scale": [1.0, 1.0], "weight": [0.0, 0.0], "bias": 0.0}
RAW = {"features": ["a", "b"], "linear": LINE, "trees_bias": 0.0, "trees": [TREE]}


def _entity(**columns: list[str]) -> EntitySchema:
    return EntitySchema(
        "t", fields=tuple(FieldSchema(n, profile=profile(v)) for n, v in columns.items())
    )


def _pairs(left: EntitySchema, right: EntitySchema):
    sides = [
        prepare(leaves_of(SystemSchema("s", entities=(one,)), ["t"]), EMBEDDER)
        for one in (left, right)
    ]
    return all_pairs(sides[0], sides[1], EMBEDDER)


def test_a_lead_is_measured_against_the_best_other_of_the_group() -> None:
    group = np.array([0, 0, 0, 1, 2, 2])
    found = leads(group, np.array([0.9, 0.4, 0.6, 0.5, 0.3, 0.3], dtype=np.float32))
    assert found.tolist() == pytest.approx([0.3, -0.5, -0.3, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("row", "leaf"), [((1.0, 0.0), -1.0), ((0.0, 0.1), 0.5), ((1.1, -5.0), 2.0)]
)
def test_a_tree_scores_the_leaf_that_walking_reaches(row: tuple[float, float], leaf: float) -> None:
    made = combination(RAW)
    x = np.array([row], dtype=np.float32)
    assert made.forest.score(x).tolist() == [leaf]
    parts, prior = made.forest.parts(x)
    assert float(parts.sum()) + prior == pytest.approx(leaf)


def test_the_shipped_trees_say_what_they_score() -> None:
    model = shipped_model()
    rng = np.random.default_rng(7)
    x = rng.normal(size=(50, len(FEATURES))).astype(np.float32)
    parts, prior = model.pair.parts(x)
    assert np.allclose(parts.sum(axis=1) + prior, model.pair.score(x), atol=1e-3)


def test_a_tree_with_more_leaves_than_bits_is_refused() -> None:
    nodes: list[list[float]] = []
    for k in range(30):
        nodes += [[0, float(k), 2 * k + 1, 2 * k + 2, 0.0], [0.0]]
    with pytest.raises(ValueError, match="more than 8"):
        combination(RAW | {"trees": [{"depth": 30, "nodes": [*nodes, [0.0]]}]})


def test_a_value_that_every_field_has_says_little() -> None:
    p = _pairs(
        _entity(a=["yes", "no"], b=["yes", "no"], c=["glioma", "sarcoma"]),
        _entity(x=["yes", "no"], y=["no", "yes"], z=["sarcoma", "glioma"]),
    )
    equal, rare = (np.zeros((3, 3)), np.zeros((3, 3)))
    equal[p.i, p.j], rare[p.i, p.j] = value_overlap(p), rare_values(p)
    assert equal[0, 0] == equal[2, 2] == 1.0
    assert rare[2, 2] > rare[0, 0] > rare[0, 2] == 0.0


def test_the_second_look_sees_the_best_pairs_of_every_target_and_knows_who_leads() -> None:
    many = {f"amount_{k}": ["1"] for k in range(12)}
    p = _pairs(_entity(city=["Rome"], **many), _entity(town=["Rome"], amount=["1"]))
    signals = measure(p)
    x = with_context(p, signals, compared(p, signals), shipped_model().base)
    scores = np.linspace(3.0, -3.0, len(p)).astype(np.float32)
    about, kept = review_features(p, scores, x, FEATURES)
    assert about.shape == (2 * KEPT, len(REVIEW_FEATURES))
    assert np.bincount(p.j[kept]).tolist() == [KEPT, KEPT]
    best = {int(p.j[k]): int(k) for k in reversed(kept)}
    assert all(scores[k] == scores[p.j == t].max() for t, k in best.items())
    lead = about[:, REVIEW_FEATURES.index("lead_for_target")]
    place = about[:, REVIEW_FEATURES.index("place_for_target")]
    assert ((lead > 0) == (place == 0)).all()


def test_the_first_look_keeps_a_part_in_the_order_and_none_in_the_probabilities() -> None:
    entity = _entity(a=["1"], b=["2"], c=["3"])
    p = _pairs(entity, entity)
    kept = np.flatnonzero(p.j < 2)
    of = p.j[kept]
    about = np.zeros((len(kept), len(REVIEW_FEATURES)), dtype=np.float32)
    second = np.zeros(len(kept), dtype=np.float32)
    score = REVIEW_FEATURES.index("score")
    # The second look hardly tells the first two apart, the first look clearly; of the other target's it does.
    second[of == 0], about[of == 0, score] = [1.0, 0.9, -3.0], [0.0, 4.0, 3.0]
    second[of == 1], about[of == 1, score] = [-1.0, -2.0, -6.0], [0.0, 1.0, 2.0]
    found = settled(p, kept, about, second)
    assert found[of == 0].tolist() == pytest.approx(
        probability(second[of == 0])[[1, 0, 2]].tolist()
    )
    assert found[of == 1].tolist() == pytest.approx(probability(second[of == 1]).tolist())
