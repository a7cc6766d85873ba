"""The first page: what is red there can be mended by somebody."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_a_connection_that_was_ended_on_purpose_is_no_alarm(client, world, ana) -> None:
    client.force_login(ana)
    world.books.state, world.books.paused_reason = "broken", "The sign-in is over."
    world.books.save()
    assert "The sign-in is over." in client.get("/").content.decode()

    world.books.state, world.books.paused_reason = "ended", "We changed banks."
    world.books.save()

    assert "We changed banks." not in client.get("/").content.decode()


def test_who_cannot_sign_in_again_is_told_whom_to_ask(as_person, world, ana, ivo) -> None:
    world.books.state, world.books.paused_reason = "broken", "Reconnect the connection."
    world.books.save()
    page = f"/connections/{world.books.uuid}/"

    nobodys = as_person(ana).get("/").content.decode()
    assert f"Ask {ivo} to sign in again." in nobodys
    assert f"Ask {ivo} to sign in again." in as_person(ana).get(page).content.decode()
    assert "to sign in again." not in as_person(ivo).get("/").content.decode()

    world.books.owner = ivo
    world.books.save()
    assert f"Ask {ivo}, who owns the connection" in as_person(ana).get("/").content.decode()

    # An owner who may not do it any more helps nobody.
    ivo.memberships.update(role="auditor")
    said = as_person(ana).get("/").content.decode()
    assert f"Ask {ivo}" not in said
    assert "sign in again" in said
