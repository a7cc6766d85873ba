"""Home lists what the reader may decide, and nothing of it as “nothing”."""

from __future__ import annotations

from typing import Any

import pytest

from studio.flows.models import Rehearsal
from studio.flows.rehearsal.run import ask, claim, run
from studio.linking.models import Pair, Party
from studio.mapping.models import Mapping, MappingRow, ValueProposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(world: Any, ivo: Any, actor_of: Any) -> Any:
    """One open field, code and match, and a rehearsal that moves money."""
    MappingRow.objects.create(
        mapping=Mapping.objects.get(direction="inbound"), target_path="notes", confidence=0.9
    )
    ValueProposal.objects.create(table=world.terms, source="45")
    left = Party.objects.create(connection=world.erp, kind="customer", key="C", code="C", label="C")
    right = Party.objects.create(connection=world.books, kind="customer", key="7", label="C Ltd")
    Pair.objects.create(kind="customer", left=left, right=right, probability=0.9, word="strong")
    world.order("1001")
    world.flow.design = {**world.flow.design, "business_key": "number"}
    world.flow.save()
    asked = claim(ask(actor_of(ivo), world.flow).pk)
    assert asked is not None
    world.rehearsal = run(asked)
    return world


def test_each_role_sees_what_it_may_decide_with_the_way_there(
    busy: Any, ivo: Any, ana: Any, olga: Any, ada: Any, as_person: Any
) -> None:
    pages = {p.username: as_person(p).get("/").content.decode() for p in (ivo, ana, olga, ada)}

    assert 'href="/mappings/">1 field to review</a>' in pages["ivo"]
    assert 'href="/values/">1 code to translate</a>' in pages["ivo"]
    assert 'href="/matches/?kind=customer">1 customer to match</a>' in pages["ana"]
    sign = f'href="/flows/rehearsals/{busy.rehearsal.uuid}/">A rehearsal of'
    assert sign in pages["ana"]
    assert sign not in pages["ivo"]
    assert "field to review" not in pages["ana"]
    assert "1 code to translate" in pages["ada"]
    assert "to match" not in pages["ada"]
    assert "Nothing waits for you." in pages["olga"]
    for person in ("ivo", "ana", "ada"):
        assert "Nothing waits for you." not in pages[person]


def test_a_signed_rehearsal_waits_for_who_publishes(
    busy: Any, ivo: Any, ana: Any, as_person: Any
) -> None:
    place = f"/flows/rehearsals/{busy.rehearsal.uuid}/"
    as_person(ana).post(
        f"{place}sign/", {"hash": busy.rehearsal.content_hash, "share": "0", "allow_new": "yes"}
    )
    assert Rehearsal.objects.get().signed_at

    assert "is signed and can go live" in as_person(ivo).get("/").content.decode()
    assert "waits for your signature" not in as_person(ana).get("/").content.decode()


def test_held_up_records_wait_for_who_works_the_queue(
    world: Any, ana: Any, ivo: Any, as_person: Any
) -> None:
    world.order("1001", Terms="45")
    world.run()

    assert 'href="/exceptions/">1 record is held up</a>' in as_person(ana).get("/").content.decode()
    assert "is held up</a>" not in as_person(ivo).get("/").content.decode()
