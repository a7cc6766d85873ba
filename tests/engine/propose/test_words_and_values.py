from __future__ import annotations

import pytest

from engine.propose.ranking import FEATURES, MODEL_FILE, shipped_model
from engine.propose.scorer import ModelMismatchError, model_from, read_model_file
from engine.propose.values import map_values
from engine.propose.words import spelled, unglue


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CustNo", ("customer", "number")),
        ("InvAddr2", ("invoice", "address", "2")),
        ("duedate", ("due", "date")),
        ("QtyOnHand", ("quantity", "on", "hand")),
        ("PayTrmCd", ("pay", "trm", "cd")),
        ("Branches", ("branch",)),
        ("EMail", ("email",)),
        ("PricePerUnit", ("price", "unit")),
    ],
)
def test_a_name_is_spelled_out(name: str, words: tuple[str, ...]) -> None:
    assert spelled(name) == words


def test_an_unknown_word_stays_whole() -> None:
    assert unglue("zyxwvu") == ("zyxwvu",)


def test_terms_are_matched_by_their_days() -> None:
    found = map_values([("30", "30 days net"), ("07", "7 days")], [("A", "Net 7"), ("B", "Net 30")])
    assert [(m.source, m.target) for m in found] == [("30", "B"), ("07", "A")]


def test_a_code_with_another_rate_is_never_the_counterpart() -> None:
    found = map_values([("V15", "VAT 15%")], [("V20", "VAT 20%")])
    assert found[0].target == ""


def test_equal_codes_match_whatever_their_words_say() -> None:
    assert map_values([("EA", "single")], [("ea", "each"), ("BX", "box")])[0].target == "ea"


def test_a_model_for_other_features_refuses_to_load() -> None:
    raw = read_model_file(MODEL_FILE)
    with pytest.raises(ModelMismatchError, match="train again"):
        model_from(raw, pair=FEATURES[:-1], review=(), version=1)


def test_the_shipped_model_is_read_once_in_a_process() -> None:
    assert shipped_model() is shipped_model()


def test_the_shipped_model_says_what_it_was_trained_on() -> None:
    assert shipped_model().training["sets"]["own"]["right pairs"] > 100
