"""Secrets, budgets and lanes in rows that all processes share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone

from connectors.http.budget import Limits
from connectors.http.evidence import Exchange as Seen
from engine.errors import RemoteBusy, RemoteUnavailable
from studio.catalog.models import Budget, Connection, Exchange, Lane
from studio.catalog.services import StoredBudget, StoredEvidence, evidence_about, lane
from studio.catalog.wiring import BREAK_AFTER, budget_of, note_fault, note_success, services_of
from studio.core.templatetags.studio import written
from studio.core.vault import seal, unseal
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


@pytest.mark.promise("F06")
def test_a_secret_is_unreadable_at_rest_and_comes_back(settings) -> None:
    settings.VAULT_KEYS = ["one"]
    sealed = seal({"client_secret": "hush"})

    assert b"hush" not in sealed
    assert unseal(sealed) == {"client_secret": "hush"}


@pytest.mark.promise("F10")
def test_an_old_key_still_opens_after_rotation_and_new_seals_use_the_new_one(settings) -> None:
    settings.VAULT_KEYS = ["old"]
    before = seal({"a": "1"})
    settings.VAULT_KEYS = ["new", "old"]
    assert unseal(before) == {"a": "1"}

    after = seal(unseal(before))
    settings.VAULT_KEYS = ["new"]

    assert unseal(after) == {"a": "1"}
    with pytest.raises(ImproperlyConfigured) as refusal:
        unseal(before)
    assert "STUDIO_VAULT_KEYS" in str(refusal.value)


def test_two_processes_never_take_the_same_call_of_a_budget(world) -> None:
    limits = Limits(per_day=3)
    one = StoredBudget(world.books.pk, "qbo", limits, longest=0.0)
    other = StoredBudget(world.books.pk, "qbo", limits, longest=0.0)

    for budget in (one, other, one):
        with budget.take(human=True):
            pass

    with pytest.raises(RemoteBusy), other.take(human=True):
        pass
    assert one.left()["day"] == "0 of 3 left"
    assert Budget.objects.get().version >= 3


@pytest.mark.promise("E01")
def test_calls_with_a_limit_of_their_own_are_counted_apart_and_by_all_workers(
    world, settings
) -> None:
    settings.REDIS_URL = ""  # the counts in rows; tests/connectors/http knows those in Redis
    first, second = services_of(world.books), services_of(world.books)
    assert first.apart is not None
    assert second.apart is not None
    calls = budget_of(world.books)
    with first.apart("batch").take(), calls.take():
        pass
    with second.apart("batch").take():
        pass

    held = {b.name: b.state["used"] for b in Budget.objects.filter(connection=world.books)}
    assert held == {"": 1, "batch": 2}


def test_a_vendors_lower_count_is_believed(world) -> None:
    budget = StoredBudget(world.books.pk, "qbo", Limits(per_day=5000), longest=0.0)

    budget.note_remaining("day", 12)

    assert budget.left()["day"] == "12 of 5000 left"


def test_a_lane_is_held_by_one_and_freed_by_a_dead_holder(world) -> None:
    with lane("operator"):
        with pytest.raises(RemoteUnavailable), lane("operator", patience=0.0):
            pass
        Lane.objects.update(until=timezone.now() - timedelta(seconds=1))
        with lane("operator", patience=0.0):
            held = Lane.objects.get().holder
    assert held
    assert Lane.objects.get().until is None


@pytest.mark.promise("E04", "E10")
def test_an_outage_rests_the_connection_once_and_an_answer_ends_it(world) -> None:
    gone = RemoteUnavailable(system="qbo", call="read")
    for _ in range(BREAK_AFTER + 2):
        note_fault(world.books, gone)
    world.books.refresh_from_db()
    assert world.books.resting()
    assert Case.objects.count() == 1

    note_success(world.books)

    world.books.refresh_from_db()
    assert not world.books.resting()
    assert Case.objects.get().state == "auto_closed"


def _seen(status: int) -> Seen:
    return Seen(
        at=timezone.now(),
        system="qbo",
        call="read",
        method="GET",
        url="http://x",
        status=status,
        seconds=0.1,
        request="",
        response="",
        trace="",
    )


@pytest.mark.promise("F27")
def test_a_quiet_read_is_not_kept_but_a_failed_one_and_a_deliverys_are(world) -> None:
    sink = StoredEvidence(world.books.pk)
    sink.record(_seen(200))
    sink.record(_seen(500))
    with evidence_about("delivery:1"):
        sink.record(_seen(200))

    assert list(Exchange.objects.values_list("subject", "status")) == [
        ("", 500),
        ("delivery:1", 200),
    ]


def test_the_case_of_a_limit_says_when_work_goes_on_and_leads_to_the_buttons_of_the_connection(
    world, ivo, as_person
) -> None:
    note_fault(world.books, RemoteBusy(system="qbo", call="read", scope="day", wait_seconds=7200.0))
    case = Case.objects.get()
    until = Connection.objects.get(pk=world.books.pk).paused_until
    assert until is not None

    page = as_person(ivo).get(reverse("triage:case", args=[case.uuid])).content.decode()

    assert f"<mark>{written(until)}</mark>" in page
    leads = reverse("catalog:connection", args=[world.books.uuid])
    assert f'<a href="{leads}">Test it or sign in again</a>' in page
    there = as_person(ivo).get(leads).content.decode()
    assert "Test</button>" in there
    assert "Sign in again</a>" in there
