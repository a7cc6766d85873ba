"""A change of a schema that hits what runs is one case, for the integrator, until nothing is hit."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from django.utils import timezone

from studio.catalog import actions
from studio.catalog.models import Connection, SchemaSnapshot
from studio.catalog.schemas import SCHEMA
from studio.core.action import Actor
from studio.flows.drift_cases import look_again
from studio.flows.models import FlowVersion
from studio.mapping.models import MappingVersion
from studio.triage.actions import apply_remedy, assign
from studio.triage.models import OPEN_STATES, Case
from studio.triage.ways import ways_for
from tests.studio.world import BOOKS, ERP

pytestmark = pytest.mark.django_db


def fields(schema: Any, **changes: Any) -> Any:
    """The picture with one field of its entity otherwise: other facts, or None where it went away."""
    content = SCHEMA.dump_python(schema, mode="json")
    entity = content["entities"][0]
    entity["fields"] = [
        f | (changes.get(f["path"]) or {})
        for f in entity["fields"]
        if changes.get(f["path"], {}) is not None
    ]
    return SCHEMA.validate_python(content)


@pytest.fixture
def look(world: Any, integrator: Actor, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Look at a system as a person does; the fake shows the picture that is given."""

    def made(connection: Connection, picture: Any) -> SchemaSnapshot:
        fake = world.source if connection == world.erp else world.target
        monkeypatch.setattr(fake, "snapshot", lambda sample: picture, raising=False)
        return actions.introspect(integrator, connection)

    return made


def drifted() -> Case:
    return Case.objects.get(code="schema-drift")


def publish_anew(world: Any, swap: dict[str, str]) -> None:
    """The flow runs with a mapping that reads other fields from now on."""
    old = MappingVersion.objects.get(mapping__connection=world.erp)
    document = json.loads(_swapped(old.document, swap))
    new = MappingVersion.objects.create(
        mapping=old.mapping, number=2, document=document, content_hash="5" * 64
    )
    pin = {"version": new.pk, "number": 2, "hash": new.content_hash}
    FlowVersion.objects.filter(pk=world.version.pk).update(state="retired")
    FlowVersion.objects.create(
        flow=world.flow,
        number=2,
        content={**world.version.content, "inbound": pin},
        content_hash="6" * 64,
        state="published",
        published_by="Ivo Marsh",
        published_at=timezone.now(),
    )


def _swapped(document: Any, swap: dict[str, str]) -> str:
    said = json.dumps(document)
    for old, new in swap.items():
        said = said.replace(f'"{old}"', f'"{new}"')
    return said


def test_a_field_that_goes_away_under_a_running_flow_is_a_case_with_change_hits_and_a_way(
    world, look, ivo, integrator, as_person
) -> None:
    look(world.erp, fields(ERP, Terms=None))

    case = drifted()
    assert (case.case_class, case.audience, case.severity) == ("schema", "integrator", "block")
    assert "Terms" in case.sentence
    (change,) = case.evidence["changes"]
    assert (change["path"], change["risk"]) == ("Terms", "breaking")
    assert change["kind"] == "field_removed"
    assert any("terms = Terms" in hit["words"] for hit in change["hits"])
    client = as_person(ivo)
    page = html.unescape(client.get(f"/exceptions/{case.uuid}/").content.decode())
    ((way, address),) = ways_for(integrator, case)
    assert str(way.label) == "See it as a draft"
    assert address == f"/connections/{world.erp.uuid}/drift/?before=1&after=2"
    assert f'href="{address}"' in page
    assert "terms = Terms" in page
    shown = client.get(address).context
    assert (shown["before"].number, shown["after"].number) == (1, 2)


def test_a_change_nobody_uses_or_that_does_no_harm_is_no_case(world, look) -> None:
    look(world.erp, fields(ERP, Name={"max_length": 60}))
    world.flow.state = "draft"
    world.flow.save()
    look(world.erp, fields(ERP, Terms=None))

    assert not Case.objects.exists()


def test_a_field_that_must_be_filled_now_hits_the_mapping_that_leaves_it_empty(world, look) -> None:
    content = SCHEMA.dump_python(BOOKS, mode="json")
    content["entities"][0]["fields"].append(
        {**content["entities"][0]["fields"][0], "path": "PrivateNote", "label": "Note"}
    )
    look(world.books, SCHEMA.validate_python(content))
    assert not Case.objects.exists()

    content["entities"][0]["fields"][-1]["required"] = True
    content["entities"][0]["fields"][0]["required"] = True
    look(world.books, SCHEMA.validate_python(content))

    (change,) = drifted().evidence["changes"]
    assert change["path"] == "PrivateNote"
    assert "nothing fills PrivateNote" in change["hits"][0]["words"]


def test_looks_that_follow_add_to_the_case_and_open_no_other(world, look) -> None:
    look(world.erp, fields(ERP, Terms=None))
    look(world.erp, fields(ERP, Terms=None))
    look(world.erp, fields(ERP, Terms=None, Name=None))

    case = drifted()
    assert {c["path"] for c in case.evidence["changes"]} == {"Terms", "Name"}
    assert (case.evidence["before"], case.evidence["after"]) == (1, 3)


def test_it_ends_by_itself_when_the_change_is_gone(world, look) -> None:
    look(world.erp, fields(ERP, Terms=None))
    look(world.erp, ERP)

    case = drifted()
    assert (case.state, case.closed_by) == ("auto_closed", "machine")
    assert case.closed_reason == "Nothing that runs is hit any more."


def test_it_ends_by_itself_once_the_flow_runs_with_another_field(world, look) -> None:
    look(world.erp, fields(ERP, Terms={"path": "TermsCode"}))
    assert look_again() == 0

    publish_anew(world, {"Terms": "TermsCode"})

    assert look_again() == 1
    assert drifted().state == "auto_closed"


def test_a_flow_that_is_published_without_putting_it_right_leaves_the_case(world, look) -> None:
    look(world.erp, fields(ERP, Terms=None))

    publish_anew(world, {})

    assert look_again() == 0
    assert drifted().state in OPEN_STATES
    # Looked at once for what was published, not at every sweep.
    seen = drifted().seen_count
    look_again()
    assert drifted().seen_count == seen


def test_it_ends_although_somebody_was_given_it_after_the_publishing(
    world, look, integrator, ivo
) -> None:
    look(world.erp, fields(ERP, Terms={"path": "TermsCode"}))
    publish_anew(world, {"Terms": "TermsCode"})
    assign(integrator, drifted(), ivo)

    assert look_again() == 1


def test_it_ends_once_the_flow_that_it_hit_runs_no_more(world, look) -> None:
    look(world.erp, fields(ERP, Terms=None))
    world.flow.state = "draft"
    world.flow.save()

    assert look_again() == 1


def test_an_integrator_closes_it_with_a_reason_and_the_next_look_does_not_ask_again(
    world, look, integrator
) -> None:
    look(world.erp, fields(ERP, Terms=None))

    apply_remedy(integrator, drifted(), "keep_as_is", {"reason": "Terms are not used any more."})
    look(world.erp, fields(ERP, Terms=None, OrderDate={"label": "Day"}))

    case = drifted()
    assert (case.state, case.closed_reason) == ("accepted", "Terms are not used any more.")
