"""Alerts: raised once, told to whom the rule names, over when the cause is gone; rules kept in the admin site."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from engine.errors import AccessDenied
from studio.accounts.models import User
from studio.catalog.wiring import note_fault, note_success
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.flows.models import Delivery, InboxItem
from studio.monitor.models import Alert, AlertRule
from studio.monitor.watch import ensure_rules, watch
from studio.triage.models import Case
from studio.webhooks.actions import add
from studio.webhooks.models import Endpoint, Event

pytestmark = pytest.mark.django_db
AsPerson = Callable[[User], Client]
LONG_AGO = timedelta(days=3)


def rule(world: Any, kind: str, **changes: Any) -> AlertRule:
    found = next(r for r in ensure_rules(world.workspace) if r.kind == kind)
    AlertRule.objects.filter(pk=found.pk).update(**changes)
    found.refresh_from_db()
    return found


def age(model: Any) -> None:
    model.objects.update(created_at=timezone.now() - LONG_AGO)


@pytest.fixture
def broken(world: Any) -> Any:
    """The books refuse our sign-in since three days."""
    note_fault(world.books, AccessDenied(system="qbo", call="sign in"))
    age(Case)
    return world


@pytest.mark.promise("F05")
def test_an_alert_is_raised_once_mailed_to_its_people_and_over_with_its_cause(
    broken: Any, ivo: User
) -> None:
    User.objects.filter(pk=ivo.pk).update(email="ivo@example.com")

    assert watch() == 1
    assert watch() == 0

    assert [(m.to, "Harbour Books" in m.subject) for m in mail.outbox] == [
        (["ivo@example.com"], True)
    ]
    alert = Alert.objects.get()
    assert (alert.state, alert.over_at) == ("sent", None)
    note_success(broken.books.__class__.objects.get(pk=broken.books.pk))
    watch()
    alert.refresh_from_db()
    assert alert.over_at is not None


def test_what_comes_back_is_a_new_alert(broken: Any) -> None:
    watch()
    Alert.objects.update(over_at=timezone.now())

    assert watch() == 1


def test_an_outage_shorter_than_the_threshold_is_none(broken: Any) -> None:
    rule(broken, "connection", threshold=60 * 24 * 4)

    assert watch() == 0


def test_a_rule_that_is_off_raises_nothing_and_ends_what_it_raised(broken: Any) -> None:
    watch()
    rule(broken, "connection", on=False)

    watch()

    assert Alert.objects.get().over_at is not None


def test_a_mail_server_that_is_away_does_not_lose_an_alert(broken: Any, monkeypatch: Any) -> None:
    rule(broken, "connection", audience="boss@example.com")

    def away(*args: Any, **kwargs: Any) -> None:
        raise OSError("no route")

    with monkeypatch.context() as patch:
        patch.setattr("studio.accounts.letters.EmailMessage.send", away)
        watch()
    assert Alert.objects.get().trouble == "no route"
    Alert.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    watch()

    assert [m.to for m in mail.outbox] == [["boss@example.com"]]
    assert Alert.objects.get().trouble == ""


def test_programs_that_listen_are_told(broken: Any, integrator: Actor) -> None:
    add(integrator, broken.workspace, "Pager", "http://127.0.0.1:1/", ["alert.raised"])

    watch()

    event = Event.objects.get()
    assert (event.key, event.data["alert"]) == ("alert.raised", "connection")


def test_a_webhook_that_was_switched_off_is_said(world: Any, integrator: Actor) -> None:
    add(integrator, world.workspace, "Pager", "http://127.0.0.1:1/", ["flow.paused"])
    Endpoint.objects.update(state="failed", why="410 gone")

    watch()

    assert Alert.objects.get().sentence == "The webhook Pager was switched off: 410 gone"


def test_records_that_do_not_move_are_said_and_those_of_a_paused_flow_are_not(world: Any) -> None:
    world.order("1001")
    world.poll()
    age(InboxItem)

    watch()
    assert Alert.objects.get().sentence == "1 record has not moved for 60 minutes."

    world.flow.__class__.objects.update(state="paused")
    watch()
    assert Alert.objects.get().over_at is not None


def test_postings_that_wait_for_approval_are_said(world: Any) -> None:
    world.order("1001")
    world.poll()
    world.work()
    Delivery.objects.update(state="held")
    age(Delivery)

    watch()

    assert "1 posting has waited for approval for 24 hours." in [
        a.sentence for a in Alert.objects.all()
    ]


def test_overdue_exceptions_are_counted_and_the_count_is_kept_fresh(world: Any) -> None:
    rule(world, "overdue", threshold=2)
    for number, terms in (("1001", "45"), ("1002", "46"), ("1003", "47")):
        world.order(number, Terms=terms)
    world.run()
    due = timezone.now() - LONG_AGO
    keys = list(Case.objects.values_list("pk", flat=True))

    Case.objects.filter(pk=keys[0]).update(due_at=due)
    assert watch() == 0
    Case.objects.filter(pk=keys[1]).update(due_at=due)
    assert watch() == 1
    Case.objects.filter(pk=keys[2]).update(due_at=due)
    assert watch() == 0
    assert Alert.objects.get().sentence == "3 exceptions are overdue."


def test_the_first_page_shows_it_until_somebody_sees_to_it(
    world: Any, ivo: User, olga: User, as_person: AsPerson
) -> None:
    world.order("1001", Terms="45")
    world.run()
    Case.objects.update(due_at=timezone.now() - LONG_AGO)
    watch()
    seen = reverse("monitor:alert-seen", args=[Alert.objects.get().uuid])
    words = "1 exception is overdue."

    assert words in as_person(olga).get("/").content.decode()
    assert seen not in as_person(olga).get("/").content.decode()
    assert as_person(olga).post(seen).status_code == 403
    assert seen in as_person(ivo).get("/").content.decode()
    assert as_person(ivo).post(seen).status_code == 302

    assert Alert.objects.get().acknowledged_by == "Ivo Marsh"
    assert seen not in as_person(ivo).get("/").content.decode()
    assert watch() == 0


# --- the admin site ---------------------------------------------------------------------------------


@pytest.fixture
def admin(ada: User, as_person: AsPerson) -> Client:
    User.objects.filter(pk=ada.pk).update(is_superuser=True, is_staff=True)
    return as_person(User.objects.get(pk=ada.pk))


def test_a_rule_is_changed_with_history_and_a_line_in_the_trail(world: Any, admin: Client) -> None:
    held = rule(world, "stuck")
    place = reverse("admin:monitor_alertrule_change", args=[held.pk])
    assert "after so many minutes" in admin.get(place).content.decode()

    said = admin.post(place, {"on": "on", "threshold": "30", "audience": "a@b.com, c@d.com"})

    held.refresh_from_db()
    assert said.status_code == 302
    assert (held.threshold, held.audience) == (30, "a@b.com, c@d.com")
    assert held.history.get().history_user.username == "ada"
    line = AuditEvent.objects.get(key="alert.rule_changed")
    assert line.data["changed"]["threshold"] == [60, 30]
    assert admin.get(reverse("admin:monitor_alertrule_history", args=[held.pk])).status_code == 200


@pytest.mark.parametrize("audience", ["integrater", "a@b", "a@b.com; c@d.com"])
def test_an_audience_that_is_nobody_is_refused(audience: str, world: Any, admin: Client) -> None:
    held = rule(world, "stuck")
    place = reverse("admin:monitor_alertrule_change", args=[held.pk])

    said = admin.post(place, {"on": "on", "threshold": "30", "audience": audience})

    assert said.status_code == 200
    assert "neither a mail address nor a role" in said.content.decode()


def test_rules_are_neither_added_nor_deleted_and_alerts_only_read(
    broken: Any, admin: Client
) -> None:
    watch()
    held, alert = rule(broken, "stuck"), Alert.objects.get()

    assert admin.get(reverse("admin:monitor_alertrule_changelist")).status_code == 200
    assert admin.get(reverse("admin:monitor_alertrule_add")).status_code == 403
    gone = reverse("admin:monitor_alertrule_delete", args=[held.pk])
    assert admin.post(gone, {"post": "yes"}).status_code == 403
    assert admin.get(reverse("admin:monitor_alert_changelist")).status_code == 200
    shown = reverse("admin:monitor_alert_change", args=[alert.pk])
    assert admin.post(shown, {"sentence": "all is well"}).status_code == 403
