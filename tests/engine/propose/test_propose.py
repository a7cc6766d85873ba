from __future__ import annotations

import math

import pytest

from connectors.ai.hash_embedder import HashEmbedder
from engine.canon.fields import canonical_schema
from engine.propose import FieldProposal, Method, Options, propose_fields, word_for
from engine.propose.through import canonical_entity, propose_through
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

F = FieldSchema
SOURCE = SystemSchema(
    "erp",
    entities=(
        EntitySchema(
            "ClientFile",
            "Customer",
            (
                F("ClientCode", length=15, key=True, description="Customer account code"),
                F("ClientName", length=50, description="Trading name of the customer"),
                F("TelNo", length=20, description="Main telephone number"),
                F("EmailAddr", length=80),
                F("OpenDate", type=FieldType.DATE, description="Date the account was opened"),
                F("OnStop", type=FieldType.ENUM, length=1, enum=(("Y", "yes"), ("N", "no"))),
                F("CurrCode", length=3, references="CurrencyTable.Code"),
                F("Adr1", length=40), F("Adr2", length=40), F("Adr3", length=40),
                F("Adr4", length=40), F("Adr5", length=40),
            ),
        ),
    ),
)  # fmt: skip
TARGET = SystemSchema(
    "cloud",
    entities=(
        EntitySchema(
            "Customer",
            "Customer",
            (
                F("Id", read_only=True),
                F("CustomerName", length=30),
                F("Telephone", length=30),
                F("Email", length=100),
                F("Address.City", length=60),
                F("Address.Country", length=60),
                F("Currency", references="Currency"),
                F("Hold", type=FieldType.BOOLEAN),
            ),
        ),
    ),
)


def proposals(**more: object) -> dict[str, FieldProposal]:
    found = propose_fields(
        SOURCE, ["ClientFile"], TARGET, "Customer", embedder=HashEmbedder(), **more
    )
    return {p.path: p for p in found}


def test_abbreviations_and_synonyms_find_the_counterpart() -> None:
    found = proposals()
    assert found["CustomerName"].candidates[0].path == "ClientName"
    assert found["Telephone"].candidates[0].path == "TelNo"
    assert found["Email"].candidates[0].path == "EmailAddr"


def test_the_third_of_five_address_lines_is_the_city_when_there_is_no_city() -> None:
    found = proposals()
    assert found["Address.City"].candidates[0].path == "Adr3"
    assert found["Address.Country"].candidates[0].path == "Adr5"


def test_a_field_the_target_assigns_itself_gets_no_candidate_and_says_why() -> None:
    one = proposals()["Id"]
    assert one.candidates == ()
    assert one.reason == "The target assigns this field itself."
    assert one.no_counterpart == 1.0


def test_every_target_field_has_one_proposal_in_the_targets_order() -> None:
    assert list(proposals()) == [f.path for f in TARGET.entities[0].fields]


def test_there_are_at_most_five_candidates_best_first() -> None:
    for one in proposals().values():
        sure = [c.confidence for c in one.candidates]
        assert len(sure) <= 5
        assert sure == sorted(sure, reverse=True)


def test_the_waterfall_adds_up_to_the_confidence_that_is_shown() -> None:
    for one in proposals().values():
        for candidate in one.candidates:
            story = candidate.waterfall
            assert story.prior + sum(s.change for s in story.steps) == pytest.approx(
                story.final, abs=0.01
            )
            assert 1 / (1 + math.exp(-story.final)) == pytest.approx(candidate.confidence, abs=0.01)


def test_each_candidate_says_one_sentence_and_a_step_shows_the_two_values() -> None:
    best = proposals()["Telephone"].candidates[0]
    assert best.sentence.endswith(".")
    assert "text of 20 characters fits 30" in best.sentence
    assert any(s.source_value and s.target_value for s in best.waterfall.steps)


def test_what_people_approved_before_is_certain_and_what_they_rejected_is_not_proposed_first() -> (
    None
):
    memory = {
        ("Customer", "Telephone"): {("ClientFile", "ClientCode"): 3, ("ClientFile", "TelNo"): -1}
    }
    best = proposals(memory=memory)["Telephone"].candidates[0]
    assert (best.path, best.method, best.word) == ("ClientCode", Method.MEMORY, "certain")


def test_the_expression_cuts_looks_up_and_converts() -> None:
    found = proposals()
    made = {p: found[p].candidates[0].expression for p in ("CustomerName", "Hold")}
    assert made["CustomerName"]["formula"] == "LEFT(ClientName, 30)"
    by_path = {c.path: c.expression for c in found["Currency"].candidates}
    assert by_path["CurrCode"]["formula"] == "CurrCode"
    flags = {c.path: c.expression for c in found["Hold"].candidates}
    assert flags["OnStop"]["formula"] == 'OnStop = "Y"'


def test_an_unknown_entity_is_named() -> None:
    with pytest.raises(KeyError, match="Nowhere"):
        propose_fields(SOURCE, ["Nowhere"], TARGET, "Customer", embedder=HashEmbedder())


def test_without_explanations_the_confidences_are_the_same() -> None:
    plain = proposals(options=Options(explain=False))
    for path, one in proposals().items():
        assert [c.confidence for c in one.candidates] == [
            c.confidence for c in plain[path].candidates
        ]


def test_an_empty_source_proposes_nothing() -> None:
    empty = SystemSchema("none", entities=(EntitySchema("E"),))
    found = propose_fields(empty, ["E"], TARGET, "Customer", embedder=HashEmbedder())
    assert all(p.candidates == () for p in found)


def test_both_directions_work_with_the_canonical_model() -> None:
    canon = canonical_schema()
    inward = propose_fields(SOURCE, ["ClientFile"], canon, "party", embedder=HashEmbedder())
    outward = propose_fields(canon, ["party"], TARGET, "Customer", embedder=HashEmbedder())
    assert {p.path: p for p in inward}["phone"].candidates[0].path == "TelNo"
    assert {p.path: p for p in outward}["Email"].candidates[0].path == "email"


def test_the_way_through_the_canonical_model_is_less_sure_than_the_direct_one() -> None:
    found = propose_through(SOURCE, ["ClientFile"], TARGET, "Customer", embedder=HashEmbedder())
    email = next(p for p in found if p.path == "Email").candidates[0]
    assert (email.path, email.method) == ("EmailAddr", Method.CANONICAL)
    assert email.confidence < 1


@pytest.mark.parametrize(
    ("name", "label", "expected"),
    [
        ("Vendor", "", "party"),
        ("Bill", "", "bill"),
        ("Invoice", "", "invoice"),
        ("InvMaster", "Stock item", "item"),
    ],
)
def test_an_entity_is_recognised_as_a_canonical_document(
    name: str, label: str, expected: str
) -> None:
    assert canonical_entity(EntitySchema(name, label)) == expected


@pytest.mark.parametrize(
    ("confidence", "word"),
    [
        (0.95, "certain"),
        (0.949, "strong"),
        (0.8, "strong"),
        (0.5, "possible"),
        (0.3, "guess"),
        (0.29, ""),
    ],
)
def test_the_word_changes_at_the_bands(confidence: float, word: str) -> None:
    assert word_for(confidence) == word
