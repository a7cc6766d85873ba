"""A new address of a connection: tested before it counts, agreed by a second person where flows use it, in the trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from engine.errors import RemoteUnavailable
from engine.ports import Health
from studio.catalog import moving
from studio.catalog.models import Connection, Move
from studio.core.models import AuditEvent
from studio.flows.models import Flow

pytestmark = pytest.mark.django_db
NEW = "https://books.example.com"


@pytest.fixture
def tested(world: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were tested."""
    asked: list[str] = []

    class Answering:
        def __init__(self, place: Connection) -> None:
            self.place = place

        def __enter__(self) -> Answering:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def check(self) -> Health:
            asked.append(self.place.base_url)
            if "dead" in self.place.base_url:
                raise RemoteUnavailable(system="Harbour Books", call="check")
            if "other" in self.place.base_url:
                return Health(ok=False, detail="Another operator answers.")
            return Health(ok=True, who="Harbour, as studio")

    monkeypatch.setattr(moving, "opened", Answering)
    return asked


def form(connection: Connection, **changes: str) -> dict[str, str]:
    return {
        "name": connection.name,
        "base_url": connection.base_url,
        "company": connection.company,
        "currency": connection.currency,
        "network_path": "direct",
    } | changes


def save(client: Any, connection: Connection, **changes: str) -> Any:
    address = f"/connections/{connection.uuid}/settings/"
    return client.post(address, form(connection, **changes), follow=True)


def test_a_new_address_is_tested_and_waits_for_a_second_person(
    world, tested, ivo, ana, as_person
) -> None:
    old = world.books.base_url
    client, page = as_person(ivo), f"/connections/{world.books.uuid}/"

    said = save(client, world.books, base_url=NEW, allowed_hours="06:00-22:00").content.decode()
    world.books.refresh_from_db()

    assert tested == [NEW]
    # The rest takes effect at once, money is sent where it was.
    assert (world.books.base_url, world.books.allowed_hours) == (old, "06:00-22:00")
    assert "used once a second person agrees" in said
    assert f"to use {NEW} instead of {old}" in said
    assert "answers as Harbour, as studio" in said
    assert "Agree, use the new address" not in said
    assert "Agree, use the new address" in as_person(ana).get(page).content.decode()

    move, agreed = f"{page}move/{Move.objects.get().uuid}/", {"verdict": "agree"}
    assert as_person(ivo).post(move, agreed).status_code == 403
    as_person(ana).post(move, agreed)
    world.books.refresh_from_db()

    assert world.books.base_url == NEW
    assert tested == [NEW, NEW]
    trail = as_person(ana).get("/audit/").content.decode()
    assert f"asked to reach Harbour Books at {NEW} instead of {old}" in trail
    assert f"agreed to reach Harbour Books at {NEW} instead of {old}, as Ivo Marsh asked" in trail
    assert "allowed hours from – to 06:00-22:00" in trail


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://dead.example.com", "was tested and does not serve"),
        ("https://other.example.com", "Another operator answers."),
    ],
)
def test_an_address_that_does_not_serve_is_refused_at_its_field(
    address, why, world, tested, ivo, as_person
) -> None:
    old = world.books.base_url

    answer = save(as_person(ivo), world.books, base_url=address, allowed_hours="06:00-22:00")

    world.books.refresh_from_db()
    assert answer.status_code == 422
    assert why in answer.context["form"].errors["base_url"][0]
    assert (world.books.base_url, world.books.allowed_hours) == (old, "")
    assert not Move.objects.exists()


def test_what_no_flow_uses_is_tested_and_counts_at_once(world, tested, ivo, as_person) -> None:
    Flow.objects.all().delete()
    Connection.objects.update(checked_at="2026-11-01T00:00:00Z")

    save(as_person(ivo), world.books, base_url=NEW)

    world.books.refresh_from_db()
    assert (world.books.base_url, tested) == (NEW, [NEW])


def test_the_second_person_is_one_who_answers_for_money_or_connects(
    world, tested, ivo, ada, olga, as_person
) -> None:
    save(as_person(ivo), world.books, base_url=NEW)
    page = f"/connections/{world.books.uuid}/move/{Move.objects.get().uuid}/"

    for verdict in ("agree", "drop"):
        assert as_person(olga).post(page, {"verdict": verdict}).status_code == 403
    as_person(ada).post(page, {"verdict": "agree"})

    world.books.refresh_from_db()
    assert world.books.base_url == NEW


def test_it_is_tested_again_when_it_is_agreed(world, tested, integrator, accountant) -> None:
    move = moving.change(integrator, world.books, {"base_url": NEW})
    assert move is not None
    Move.objects.update(after="https://dead.example.com")
    move.refresh_from_db()

    with pytest.raises(ValidationError, match="does not serve"):
        moving.agree(accountant, move)

    world.books.refresh_from_db()
    assert "dead" not in world.books.base_url
    assert Move.objects.get().state == "waiting"


def test_who_asked_takes_it_back_and_nobody_decides_twice(
    world, tested, ivo, ana, as_person, accountant
) -> None:
    old = world.books.base_url
    save(as_person(ivo), world.books, base_url=NEW)
    page = f"/connections/{world.books.uuid}/move/{Move.objects.get().uuid}/"

    as_person(ivo).post(page, {"verdict": "drop"})
    late = as_person(ana).post(page, {"verdict": "agree"}, follow=True)

    world.books.refresh_from_db()
    assert world.books.base_url == old
    assert "Somebody decided this meanwhile." in late.content.decode()
    assert AuditEvent.objects.get(key="connection.move_dropped").actor == "Ivo Marsh"


def test_a_later_address_overtakes_the_one_that_waits(world, tested, integrator) -> None:
    moving.change(integrator, world.books, {"base_url": "https://first.example.com"})
    moving.change(integrator, world.books, {"base_url": NEW})

    assert [(m.after, m.state) for m in Move.objects.all()] == [
        (NEW, "waiting"),
        ("https://first.example.com", "overtaken"),
    ]


def test_another_company_under_a_flow_is_refused(world, tested, ivo, as_person) -> None:
    save(as_person(ivo), world.books, company="Elsewhere")

    with pytest.raises(ValidationError, match="of its own"):
        moving.keep_company(world.books, "Elsewhere")
    world.books.refresh_from_db()
    assert world.books.company == "Har"
