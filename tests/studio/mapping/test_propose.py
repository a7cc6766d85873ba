from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from connectors.ai.hash_embedder import HashEmbedder
from engine.propose import Method
from engine.propose.expression import TABLES as NAMED
from engine.propose.proposal import FieldCandidate, Waterfall
from studio.catalog.models import Code, Connection, SchemaSnapshot
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.mapping import candidates as module
from studio.mapping.actions import (
    decide,
    ensure_lookup_tables,
    ensure_mappings,
    propose,
    propose_lookup_values,
)
from studio.mapping.actions.propose import objection
from studio.mapping.candidates import Candidate, merged
from studio.mapping.models import LookupTable, Mapping, MappingRow
from studio.mapping.values import TABLES
from tests.studio.mapping.conftest import candidate

MakeRow = Callable[..., MappingRow]


def similar(expression: str, confidence: float) -> Candidate:
    return Candidate(expression, confidence, "Similarity", f"{expression} looks alike.")


Offers = dict[tuple[str, str], list[Candidate]]


@pytest.fixture
def found() -> Offers:
    """What the proposer would find; the studio's part is what is tested here."""
    return {}


def run(actor: Actor, mapping: Mapping, offers: Offers | None = None) -> None:
    propose(actor, mapping, HashEmbedder(), find=lambda *_: offers or {})  # type: ignore[arg-type]


def test_the_shipped_mappings_of_both_sides_become_rows_to_review_and_none_is_approved(
    integrator: Actor, erp: Connection, books: Connection
) -> None:
    made = ensure_mappings(integrator, erp, books)

    assert {(m.connection_id, m.direction) for m in made} == {
        (erp.pk, "inbound"),
        (erp.pk, "outbound"),
        (books.pk, "inbound"),
        (books.pk, "outbound"),
        # Masters and payments go back to the ERP.
        (erp.pk, "outbound"),
    }
    outbound = [m for m in made if m.direction == "outbound"]
    other = {erp.pk: books, books.pk: erp}
    assert all(list(m.fed_by.all()) == [other[m.connection_id]] for m in outbound)
    assert not MappingRow.objects.exists()
    assert [m.pk for m in ensure_mappings(integrator, erp, books)] == [m.pk for m in made]


def test_a_shipped_row_is_a_candidate_with_its_own_sentence_and_never_an_approval(
    integrator: Actor, inbound: Mapping, found: Offers
) -> None:
    run(integrator, inbound, found)

    row = inbound.rows.get(target_path="name")
    best = row.candidates[0]
    assert row.state == "open"
    assert best["method"] == "Rule"
    assert best["sentence"].startswith("Shipped mapping for ArCustomer → party, checked")


def test_a_shipped_row_that_does_not_fit_this_schema_says_so_and_is_doubtful(
    integrator: Actor, inbound: Mapping, found: Offers
) -> None:
    run(integrator, inbound, found)

    doubtful = [
        r.candidates[0]
        for r in inbound.rows.all()
        if r.candidates and r.candidates[0]["confidence"] < 0.5
    ]
    assert doubtful
    assert all("does not fit this schema" in c["sentence"] for c in doubtful)


@pytest.mark.golden(16)
def test_what_a_person_decided_binds_and_the_machine_may_only_object(
    integrator: Actor,
    inbound: Mapping,
    make_row: MakeRow,
    found: Offers,
) -> None:
    row = make_row("notes", candidate("Name", 0.9), candidate("Email", 0.3))
    decide(integrator, row, "approved", candidate=1)
    found["", "notes"] = [similar("Telephone", 0.95)]

    run(integrator, inbound, found)

    row.refresh_from_db()
    assert (row.state, row.expression) == ("approved", "Email")
    assert [c["expression"] for c in row.candidates] == ["Name", "Email"]
    assert "Telephone" in row.objection
    assert "Your decision stays" in row.objection


def test_the_machine_is_silent_where_it_agrees_or_doubts(make_row: MakeRow) -> None:
    row = make_row("name", state="approved", expression="Name")

    assert objection(row, [similar("Name", 0.99)]) == ""
    assert objection(row, [similar("Email", 0.6)]) == ""
    assert objection(row, [similar("Email", 0.9), similar("Name", 0.85)]) == ""
    assert objection(row, [similar("Email", 0.9), similar("Name", 0.2)])


def test_proposing_again_refreshes_open_rows_and_keeps_them_single(
    integrator: Actor, inbound: Mapping, found: Offers
) -> None:
    run(integrator, inbound, found)
    first = inbound.rows.count()
    found["", "notes"] = [similar("Telephone", 0.7)]

    run(integrator, inbound, found)

    assert inbound.rows.count() == first
    assert inbound.rows.get(target_path="notes").confidence == 0.7
    assert inbound.runs.count() == 2
    assert AuditEvent.objects.filter(key="mapping.proposed").count() == 2


def test_a_fitting_shipped_row_stands_before_what_merely_looks_alike() -> None:
    shipped = Candidate("TRIM(Name)", module.SHIPPED_FITS, "Rule", "Shipped.")

    ranked = merged(shipped, [similar("Name", 0.99), similar("Email", 0.4)])

    assert [c.expression for c in ranked] == ["TRIM(Name)", "Name", "Email"]
    assert ranked[1].confidence < ranked[0].confidence


@pytest.mark.parametrize("shipped", [None, Candidate("Name", 0.97, "Rule", "Shipped.")])
def test_the_same_expression_is_offered_once_as_sure_as_its_surest(
    shipped: Candidate | None,
) -> None:
    twice = [
        similar("line.MDiscValue", 0.9),
        similar("Email", 0.8),
        similar("line.MDiscValue", 0.74),
    ]

    said = [(c.expression, c.confidence) for c in merged(shipped, twice) if c is not shipped]

    assert said == [("line.MDiscValue", 0.9), ("Email", 0.8)]


def test_agreement_of_both_is_one_candidate_with_both_reasons() -> None:
    shipped = Candidate("Name", module.SHIPPED_FITS, "Rule", "Shipped.")

    ranked = merged(shipped, [similar("Name", 0.99)])

    assert len(ranked) == 1
    assert ranked[0].confidence == 0.99
    assert ranked[0].sentence == "Shipped. Name looks alike."


def test_a_connection_nobody_looked_at_is_refused_with_the_fix(
    integrator: Actor, inbound: Mapping
) -> None:
    SchemaSnapshot.objects.all().delete()
    inbound.refresh_from_db()

    with pytest.raises(DecisionRefused, match="never looked at"):
        run(integrator, inbound)


def test_codes_of_the_feeding_connection_are_proposed_and_take_no_effect(
    integrator: Actor, erp: Connection, books: Connection, outbound: Mapping, terms: LookupTable
) -> None:
    Code.objects.create(connection=erp, kind="term", key="30", code="30", label="NET 30 DAYS")
    stranger = Connection.objects.create(workspace=erp.workspace, system="syspro", name="Other")
    Code.objects.create(connection=stranger, kind="term", key="99", code="99", label="NET 99")

    still_open = propose_lookup_values(integrator, books)

    proposal = terms.proposals.get()
    assert (proposal.source, proposal.candidates[0]["label"]) == ("30", "Net 30")
    assert still_open >= 1
    assert not terms.rows.exists()


def test_no_code_below_the_weakest_band_is_offered_and_every_one_has_its_parts(
    integrator: Actor, erp: Connection, books: Connection, outbound: Mapping, terms: LookupTable
) -> None:
    listed = {"30": ("NET 30 DAYS", "30"), "60": ("Net 60 days", "60"), "CO": ("Cash", "0")}
    for key, (label, days) in listed.items():
        detail = {"days": days}
        Code.objects.create(
            connection=erp, kind="term", key=key, code=key, label=label, detail=detail
        )
    Code.objects.filter(connection=books, key="1").update(detail={"days": "30"})
    Code.objects.filter(connection=books, key="2").update(detail={"days": "0"})

    propose_lookup_values(integrator, books)

    offered = [(p, c) for p in terms.proposals.all() for c in p.candidates]
    assert {p.source for p, _c in offered} == {"30", "CO"}
    for proposal, one in offered:
        assert one["confidence"] >= 0.30
        assert one["word"]
        odds = sum(bar["effect"] for bar in one["waterfall"])
        assert 1 / (1 + math.exp(-odds)) == pytest.approx(one["confidence"], abs=0.002)
        assert [bar["label"] for bar in one["waterfall"]] == ["prior", "words", "days"], proposal
    nothing = terms.proposals.get(source="60")
    assert (nothing.candidates, nothing.confidence) == ([], 0.0)


def test_a_table_is_made_for_every_name_that_is_looked_up(
    integrator: Actor, books: Connection
) -> None:
    names = {t.name for t in ensure_lookup_tables(integrator, books)}

    assert {"terms", "tax_codes", "income_accounts"} <= names
    assert len(ensure_lookup_tables(integrator, books)) == len(names)


def test_every_table_the_proposer_names_is_one_the_studio_keeps() -> None:
    assert set(NAMED.values()) <= TABLES.keys()


def test_a_field_that_needs_a_table_nobody_keeps_is_a_doubtful_hint_with_the_reason() -> None:
    sure = similar('LOOKUP("ship_method", via)', 0.93)
    why = "A table of translations is needed for this: there is none for “ship method”."
    expression = {"formula": sure.expression, "table": "ship_method", "doubt": why}
    one = FieldCandidate(
        "order",
        "via",
        0.93,
        "strong",
        Method.SIMILARITY,
        "Looks alike.",
        Waterfall(0, (), 2.6),
        expression,
    )

    doubtful = module._runnable(sure, one, frozenset({"terms"}))
    kept = module._runnable(sure, one, frozenset({"ship_method"}))

    assert doubtful is not None
    assert doubtful.confidence <= module.NEEDS_MORE
    assert doubtful.sentence.startswith(why)
    assert kept == sure


def test_approving_a_known_table_makes_it_and_an_unknown_one_is_left_to_people(
    integrator: Actor, outbound: Mapping, make_row: MakeRow
) -> None:
    for path, table in (("SalesTermRef.value", "terms"), ("PrintOnCheckName", "ship_method")):
        row = make_row(path, candidate(f'LOOKUP("{table}", terms)', 0.9), mapping=outbound)
        decide(integrator, row, "approved")

    made = LookupTable.objects.get(connection=outbound.connection)
    assert (made.name, made.code_kind) == ("terms", "term")
