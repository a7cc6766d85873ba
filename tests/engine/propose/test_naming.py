from __future__ import annotations

import numpy as np
import pytest

from connectors.ai.hash_embedder import HashEmbedder
from engine.propose.context import CONTEXT, surround
from engine.propose.leaves import leaves_of
from engine.propose.naming import (
    beginnings,
    letters_in_order,
    rare_letters,
    skeletons,
    word_beginnings,
)
from engine.propose.pairing import Pairs
from engine.propose.prepare import prepare
from engine.propose.ranking import all_pairs
from engine.schema.model import EntitySchema, FieldSchema, SystemSchema

EMBEDDER = HashEmbedder()


def _pairs(left: list[str], right: list[str]) -> Pairs:
    sides = []
    for names in (left, right):
        fields = tuple(FieldSchema(n) for n in names)
        schema = SystemSchema("s", entities=(EntitySchema("t", fields=fields),))
        sides.append(prepare(leaves_of(schema, ["t"]), EMBEDDER))
    return all_pairs(sides[0], sides[1], EMBEDDER)


def _table(p: Pairs, scores: np.ndarray) -> np.ndarray:
    out = np.zeros((len(p.left), len(p.right)))
    out[p.i, p.j] = scores
    return out


LEFT = ["branch_name", "fiscal_year", "amount_spent", "country_name"]
SHORT = ["boats_CounNam", "boats_FisY", "boats_BraNam", "boats_AmSpe"]
RIGHT_ONES = [2, 1, 3, 0]


def test_a_prefix_that_every_sibling_carries_is_left_out_of_the_name() -> None:
    assert _pairs(LEFT, SHORT).bare[1] == ["counnam", "fisy", "branam", "amspe"]


def test_a_name_cut_to_a_few_letters_is_found_by_their_order() -> None:
    p = _pairs(LEFT, SHORT)
    assert _table(p, letters_in_order(p)).argmax(axis=1).tolist() == RIGHT_ONES


def test_a_name_without_its_vowels_is_found() -> None:
    p = _pairs(LEFT, ["cntrynm", "fsclyr", "brnchnm", "mntspnt"])
    assert _table(p, skeletons(p)).argmax(axis=1).tolist() == RIGHT_ONES


@pytest.mark.parametrize(
    ("short", "words", "score"),
    [
        ("cournam", ("country", "region", "name"), 1.0),
        ("ai", ("assay", "id"), 1.0),
        ("disis", ("disability", "issues", "marker"), 0.5 + 0.5 * 2 / 3),
        ("namc", ("country", "name"), 0.0),
        ("couxnam", ("country", "name"), 0.0),
    ],
)
def test_a_name_made_of_beginnings_must_use_all_its_letters_in_order(
    short: str, words: tuple[str, ...], score: float
) -> None:
    assert beginnings(short, words) == pytest.approx(score)


def test_a_name_made_of_beginnings_is_found_whichever_side_is_short() -> None:
    p = _pairs(LEFT, SHORT)
    assert _table(p, word_beginnings(p)).argmax(axis=1).tolist() == RIGHT_ONES
    p = _pairs(SHORT, LEFT)
    assert _table(p, word_beginnings(p)).argmax(axis=0).tolist() == RIGHT_ONES


def test_letters_that_every_name_has_count_less_than_rare_ones() -> None:
    p = _pairs(["amount_zloty", "amount_gross"], ["amount_zl", "amount_gr", "amount_x"])
    found = _table(p, rare_letters(p))
    assert found[0, 0] > found[0, 2] + 0.1
    assert found[0].argmax() == 0
    assert found[1].argmax() == 1


def test_a_source_that_suits_another_target_better_leaves_its_share_to_the_rest() -> None:
    p = _pairs(["a", "b"], ["x", "y"])
    likely = np.array([[4.0, 3.5], [3.0, -3.0]], dtype=np.float32)
    column = [name for name, _ in CONTEXT].index("share_for_both")
    share = _table(p, surround(p, likely[p.i, p.j])[:, column])
    assert share[0, 1] > share[0, 0]
    assert np.allclose(share.sum(axis=0), 1.0, atol=1e-3)
