"""The admin site shows when flows run and whom they tell, and keeps what makes a run suspect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.core.models import AuditEvent
from studio.flows.alarm import judge_runs
from studio.flows.models import Notice, Run, RunAlarm
from studio.triage.models import Case

pytestmark = pytest.mark.django_db
LIMITS = {"too_much": "on", "times": "3", "least": "2"}


@pytest.fixture
def admin(ada: User, as_person: Callable[[User], Client]) -> Client:
    User.objects.filter(pk=ada.pk).update(is_superuser=True, is_staff=True)
    return as_person(User.objects.get(pk=ada.pk))


def add(admin: Client, world: Any, **limits: str) -> Any:
    return admin.post(reverse("admin:flows_runalarm_add"), {"flow": world.flow.pk, **limits})


def test_a_flow_says_when_it_starts_whom_it_tells_and_where_that_is_changed(
    world: Any, admin: Client
) -> None:
    design = world.version.content["design"]
    design["trigger"] = {
        "kind": "schedule", "entity": "SorMaster", "at": ["06:00"], "days": ["mon"],
        "zone": "Europe/London",
    }  # fmt: skip
    design["notify"] = [{"id": "n1", "on": "held", "to": "accountant", "at_least": "500"}]
    world.version.save()

    listed = admin.get(reverse("admin:flows_flow_changelist")).content.decode()
    shown = admin.get(reverse("admin:flows_flow_change", args=[world.flow.pk])).content.decode()

    assert "at 06:00 (mon, Europe/London)" in listed
    assert "accountant: records that wait for a person, from 500" in shown
    assert 'href="/flows/orders/"' in shown
    assert "more than 10 times the usual" in shown


def test_a_flow_is_not_changed_here(world: Any, admin: Client) -> None:
    place = reverse("admin:flows_flow_change", args=[world.flow.pk])

    assert admin.post(place, {"state": "paused"}).status_code == 403
    assert admin.get(reverse("admin:flows_flow_add")).status_code == 403


def test_what_makes_a_run_suspect_is_kept_with_its_history_and_in_the_trail(
    world: Any, admin: Client
) -> None:
    assert add(admin, world, **LIMITS).status_code == 302
    own = RunAlarm.objects.get()
    place = reverse("admin:flows_runalarm_change", args=[own.pk])
    assert admin.post(place, {**LIMITS, "times": "5"}).status_code == 302

    own.refresh_from_db()
    assert (own.nothing, own.times) == (False, 5)
    assert [h.history_user.username for h in own.history.all()] == ["ada", "ada"]
    line = AuditEvent.objects.filter(key="flow.alarm_changed").first()
    assert line is not None
    assert (line.actor, line.data["before"]["times"], line.data["after"]["times"]) == (
        *("Ada Brook", 3, 5),
    )
    history = reverse("admin:flows_runalarm_history", args=[own.pk])
    assert admin.get(history).status_code == 200


@pytest.mark.parametrize("times", ["1", "1001", "-3", "often"])
def test_limits_that_make_no_sense_are_refused(times: str, world: Any, admin: Client) -> None:
    assert add(admin, world, **{**LIMITS, "times": times}).status_code == 200
    assert not RunAlarm.objects.exists()


def test_a_flow_whose_alarm_for_empty_runs_is_off_raises_none(world: Any, admin: Client) -> None:
    add(admin, world, **LIMITS)
    for number in range(20):
        world.order(f"10{number:02}", Status="done")
    world.run()

    assert judge_runs() == 0
    assert not Case.objects.exists()


def test_a_lower_limit_notices_more(world: Any, admin: Client) -> None:
    add(admin, world, **LIMITS)
    for number in range(5):
        world.order(f"10{number:02}")
        world.run()
        judge_runs()
    for number in range(4):
        world.order(f"20{number:02}")
    world.run()

    assert judge_runs() == 1
    assert "4 records were read where 1 are usual" in Run.objects.latest("pk").suspect


def test_who_is_staff_without_being_allowed_changes_nothing(
    world: Any, ada: User, as_person: Callable[[User], Client]
) -> None:
    assert add(as_person(ada), world, **LIMITS).status_code == 403
    assert not RunAlarm.objects.exists()


def test_messages_of_flows_are_read_here(world: Any, admin: Client) -> None:
    world.order("1001")
    world.run()
    Notice.objects.create(
        flow=world.flow, item=world.item("1001"), step="n1", event="held", audience="accountant",
        words="Order 1001 waits", trouble="mail server away",
    )  # fmt: skip

    page = admin.get(reverse("admin:flows_notice_changelist")).content.decode()

    assert "mail server away" in page


def test_a_connection_changed_here_leaves_the_line_its_own_page_leaves(
    world: Any, admin: Client
) -> None:
    place = reverse("admin:catalog_connection_change", args=[world.books.pk])
    held = {"name": world.books.name, "network_path": "direct", "limits": "{}"}

    assert admin.post(place, {**held, "allowed_hours": "at night"}).status_code == 200
    assert admin.post(place, {**held, "allowed_hours": "06:00-22:00"}).status_code == 302

    world.books.refresh_from_db()
    assert world.books.allowed_hours == "06:00-22:00"
    line = AuditEvent.objects.get(key="connection.changed")
    assert line.actor == "Ada Brook"
    assert line.data["changed"] == {"allowed_hours": ["", "06:00-22:00"]}
