"""The first page: what is red there can be mended by somebody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from studio.core.loading import loading
from studio.mapping.models import Mapping

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


def test_pages_say_that_the_sample_company_is_still_being_loaded(
    as_person, world, ana, settings, tmp_path
) -> None:
    settings.VAR_DIR, settings.SANDBOX = tmp_path, True
    said = "The sample company is still being loaded."
    her = as_person(ana)

    with loading():
        assert all(said in her.get(page).content.decode() for page in ("/", "/mappings/"))
        settings.SANDBOX = False
        assert said not in her.get("/").content.decode()
        settings.SANDBOX = True

    assert said not in her.get("/").content.decode()


def test_home_says_that_proposals_are_still_being_made(as_person, world, ivo) -> None:
    his, said = as_person(ivo), "The fields of 1 mapping are still being proposed"
    Mapping.objects.update(proposed_at=timezone.now())
    assert said not in his.get("/").content.decode()

    one = Mapping.objects.first()
    Mapping.objects.filter(pk=one.pk).update(proposed_at=None)
    assert said in his.get("/").content.decode()

    # What nobody proposed for in half an hour was refused; its mapping says so.
    Mapping.objects.filter(pk=one.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert said not in his.get("/").content.decode()
