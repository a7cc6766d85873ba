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
