from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.core.action import Actor, NotPermitted
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.learning import actions
from studio.learning.models import Opinion
from studio.learning.opinions import record_of, suggestions
from studio.mapping.actions import accept_within, decide
from studio.mapping.calibrated import rescore
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.opinions import ask_about, reapply
from tests.connectors.ai.conftest import stub
from tests.studio.mapping.conftest import candidate

__all__ = ["stub"]
MakeRow = Callable[..., MappingRow]
AsPerson = Callable[[User], Client]
# Fields of a party, each with the field of the customer that fills it.
RIGHT = {"code": "Customer", "name": "Name", "phone": "Telephone", "email": "Email"}


@pytest.fixture
def model(stub: Any, settings: Any) -> Any:
    """A language model that answers over loopback; it knows what is right."""
    settings.AI_API_KEY, settings.AI_BASE_URL, settings.AI_MODEL = "k-secret", stub.url, "small-1"

    def choose(question: dict[str, Any]) -> int:
        wanted = RIGHT.get(question["target"]["field"], "Email")
        numbers = {c["formula"]: c["number"] for c in question["candidates"]}
        return int(numbers.get(wanted, 0))

    stub.choose = choose
    return stub


@pytest.fixture
def open_row(make_row: MakeRow) -> MappingRow:
    return make_row(
        "contact_name",
        candidate("Name", 0.6, word="possible"),
        candidate("Email", 0.55, word="possible"),
    )


@pytest.fixture
def known(make_row: MakeRow, integrator: Actor, inbound: Mapping) -> list[MappingRow]:
    """Fourteen rows that a person decided: what the model is controlled with."""
    paths = [*RIGHT] * 4
    rows = [
        make_row(
            path, candidate(RIGHT[path], 0.8), candidate("CreditLimit", 0.3), alternative=n // 4
        )
        for n, path in enumerate(paths[:14])
    ]
    for row in rows:
        decide(integrator, row, "approved")
    return rows


def asked(row: MappingRow) -> Opinion:
    said = actions.ask(row.mapping.workspace, "field", row.uuid, "Ivo Marsh")
    assert said is not None
    row.refresh_from_db()
    return said


def test_a_model_without_a_record_is_heard_and_moves_nothing(
    model: Any, open_row: MappingRow
) -> None:
    before = open_row.candidates
    said = asked(open_row)

    assert (said.choice is not None, said.answer, said.reason) == (True, "Email", "because")
    assert open_row.candidates == before
    [told] = suggestions(open_row.mapping.workspace, "field", [open_row.uuid]).values()
    assert (told.weight, told.missing) == (0.0, 12)


def test_what_people_decided_controls_it_and_its_record_weighs_the_opinion(
    model: Any, known: list[MappingRow], open_row: MappingRow
) -> None:
    asked(open_row)

    assert Opinion.objects.filter(control=True).count() == 14
    record = record_of(open_row.mapping.workspace, "field")
    assert (record.asked, record.right) == (14, 14)
    name, email = open_row.candidates
    assert email["confidence"] > 0.9
    assert name["confidence"] < 0.2
    bar = email["waterfall"][-1]
    assert (bar["label"], bar["detail"]) == ("language model", "it chose this one")
    assert bar["effect"] > 1
    assert open_row.confidence == email["confidence"]
    assert open_row.state == "open"


def test_a_model_that_is_mostly_wrong_moves_nothing(
    model: Any, known: list[MappingRow], open_row: MappingRow
) -> None:
    model.choose = lambda question: 0 if question["target"]["field"] in RIGHT else 1
    before = open_row.candidates
    asked(open_row)

    assert record_of(open_row.mapping.workspace, "field").right == 0
    assert open_row.candidates == before


def test_what_nobody_looked_at_is_no_control(
    model: Any, make_row: MakeRow, integrator: Actor, open_row: MappingRow
) -> None:
    rows = [make_row(path, candidate(RIGHT[path], 0.99)) for path in RIGHT]
    accept_within(integrator, MappingRow.objects.filter(pk__in=[r.pk for r in rows]), 1)
    asked(open_row)

    assert not Opinion.objects.filter(control=True).exists()
    assert record_of(open_row.mapping.workspace, "field").asked == 0


def test_asking_again_sends_nothing_and_moves_nothing_twice(
    model: Any, known: list[MappingRow], open_row: MappingRow
) -> None:
    asked(open_row)
    once, sent = open_row.candidates, len(model.asked)

    assert asked(open_row).cached
    reapply(open_row.mapping)
    open_row.refresh_from_db()

    assert len(model.asked) == sent
    assert open_row.candidates == once


def test_an_opinion_outlives_a_calibration_and_a_new_proposal(
    model: Any, known: list[MappingRow], open_row: MappingRow
) -> None:
    before = open_row.candidates
    asked(open_row)
    once = open_row.candidates

    rescore(open_row.mapping.workspace, "field:similarity")
    open_row.refresh_from_db()
    assert open_row.candidates == once
    MappingRow.objects.filter(pk=open_row.pk).update(candidates=before, confidence=0.6)
    reapply(open_row.mapping)
    open_row.refresh_from_db()
    assert open_row.candidates == once


def test_values_are_masked_and_the_answer_is_data(model: Any, open_row: MappingRow) -> None:
    MappingRow.objects.filter(pk=open_row.pk).update(
        target_path="terms", candidates=[candidate("TermsCode", 0.6), candidate("Name", 0.5)]
    )
    asked(MappingRow.objects.select_related("mapping").get(pk=open_row.pk))

    [sent] = model.asked
    data = json.loads(sent["messages"][-1]["content"])
    told = {c["formula"]: c.get("samples") for c in data["candidates"]}
    assert told["TermsCode"] == ["99", "aaa"]
    assert "COD" not in json.dumps(data)


def test_without_a_key_or_a_right_nothing_is_asked(
    integrator: Actor, auditor: Actor, open_row: MappingRow, settings: Any
) -> None:
    settings.AI_API_KEY = ""
    with pytest.raises(DecisionRefused, match="No language model"):
        ask_about(integrator, open_row)
    with pytest.raises(NotPermitted):
        ask_about(auditor, open_row)


def test_a_used_up_budget_is_said(
    model: Any, integrator: Actor, open_row: MappingRow, settings: Any
) -> None:
    asked(open_row)
    settings.AI_MONTHLY_TOKENS = 100

    with pytest.raises(DecisionRefused, match="budget"):
        ask_about(integrator, open_row)


def test_a_model_that_fails_says_why_and_is_no_answer(model: Any, open_row: MappingRow) -> None:
    model.behave = "nonsense"
    said = asked(open_row)

    assert (said.choice, said.answer) == (None, "")
    assert "agreed form" in said.reason


def test_the_page_asks_and_shows_the_opinion_as_a_suggestion(
    model: Any,
    known: list[MappingRow],
    open_row: MappingRow,
    ivo: User,
    olga: User,
    as_person: AsPerson,
) -> None:
    url = reverse("mapping:row-ask", args=[open_row.uuid])
    explain = reverse("mapping:row-explain", args=[open_row.uuid])
    client = as_person(ivo)

    def part(who: Client) -> str:
        return who.get(explain, headers={"HX-Request": "true"}).content.decode()

    assert url in part(client)
    assert url not in part(as_person(olga))
    assert "is being asked about contact_name" in client.post(url, follow=True).content.decode()
    assert AuditEvent.objects.filter(key="learning.asked", actor="Ivo Marsh").count() == 1
    asked(open_row)

    text = part(client)
    assert "Suggestion of the language model:" in text
    assert "<q>because</q>" in text
    assert "right in 14 of 14 answers here, so it moves the odds by" in text
    assert "suggested by the language model" in text
    address = reverse("mapping:review", args=[open_row.mapping.uuid])
    assert "chip-machine" in client.get(address).content.decode()


def test_the_page_asks_the_database_as_often_for_many_opinions_as_for_few(
    model: Any,
    known: list[MappingRow],
    make_row: MakeRow,
    inbound: Mapping,
    ivo: User,
    as_person: AsPerson,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, address = as_person(ivo), reverse("mapping:review", args=[inbound.uuid])

    def count(more: int) -> int:
        for _n in range(more):
            asked(
                make_row(
                    "contact_name",
                    candidate("Name", 0.6),
                    alternative=100 + inbound.rows.count(),
                )
            )
        with CaptureQueriesContext(connection) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    count(1)
    assert count(6) <= count(1)
