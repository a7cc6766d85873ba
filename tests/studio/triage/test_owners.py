"""Who has a class of cases from the start, and what the numbers beside the queue count."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from engine.errors import CaseClass
from studio.accounts.addresses import addresses
from studio.accounts.models import Membership
from studio.core.models import AuditEvent
from studio.monitor.sentences import sentence
from studio.triage.models import Case, ClassOwner

pytestmark = pytest.mark.django_db


def owned(workspace: Any, **owner: Any) -> ClassOwner:
    return ClassOwner.objects.create(
        workspace=workspace, case_class=CaseClass.MISSING_REFERENCE, **owner
    )


def unknown_term(world: Any) -> Case:
    world.order("1001", Terms="45")
    world.run()
    return Case.objects.get()


def test_a_new_case_of_a_class_with_an_owner_is_assigned_and_not_yet_in_work(world, ana) -> None:
    owned(world.flow.workspace, person=ana)

    case = unknown_term(world)

    assert (case.assignee, case.state) == (ana, "open")
    assert (
        case.notes.get(kind="assigned").text == "Given to Ana Keller, who has cases of this class."
    )


def test_an_owner_who_left_or_may_only_read_gets_no_case(world, ana) -> None:
    owned(world.flow.workspace, person=ana)
    Membership.objects.filter(user=ana).update(role="auditor")

    assert unknown_term(world).assignee is None


def test_a_customers_buyer_is_nobodys_colleague(world, ana, bea, as_person) -> None:
    bea.email = "bea@customer.example"
    bea.save()
    owner = owned(world.flow.workspace, person=bea)
    case = unknown_term(world)
    client = as_person(ana)

    assert case.assignee is None
    with pytest.raises(ValidationError, match="is not in this workspace"):
        owner.clean()
    assert "Bea Lindt" not in client.get("/exceptions/").content.decode()
    assert "Bea Lindt" not in client.get(f"/exceptions/{case.uuid}/").content.decode()
    client.post(f"/exceptions/{case.uuid}/assign/", {"person": "bea"})
    case.refresh_from_db()
    assert case.assignee is None
    # Nor is any message about our work sent to one.
    assert addresses(world.flow.workspace_id, "buyer") == []


def test_a_class_given_to_a_role_is_found_by_who_can_act(world, ana, as_person) -> None:
    owned(world.flow.workspace, role="integrator")

    case = unknown_term(world)

    client = as_person(ana)
    assert (case.audience, case.assignee) == ("integrator", None)
    assert "“45”" in client.get("/exceptions/?role=integrator").content.decode()
    assert "“45”" not in client.get("/exceptions/?role=approver").content.decode()


def test_the_same_trouble_again_stays_with_whom_it_was_given_to(world, ana) -> None:
    case = unknown_term(world)
    owned(world.flow.workspace, person=ana)

    world.item("1001").__class__.objects.filter(state="parked").update(state="new")
    world.run()

    case.refresh_from_db()
    assert (case.seen_count > 1, case.assignee) == (True, None)


def test_owners_are_set_in_the_admin_site_with_an_audit_line(
    workspace, ana, olga, admin_client
) -> None:
    address = "/admin/triage/classowner/"
    form = {"workspace": workspace.pk, "case_class": "period", "person": olga.pk, "role": ""}

    refused = admin_client.post(f"{address}add/", form).content.decode()
    empty = admin_client.post(f"{address}add/", {**form, "person": ""}).content.decode()
    kept = admin_client.post(f"{address}add/", {**form, "person": ana.pk})

    assert "may only read there" in refused
    assert "Name a person, or who can act." in empty
    assert kept.status_code == 302
    line = AuditEvent.objects.get(key="exceptions.owner_set")
    assert sentence(line) == "gave new cases of “Period closed” to Ana Keller"

    admin_client.post(f"{address}{ClassOwner.objects.get().pk}/delete/", {"post": "yes"})
    assert AuditEvent.objects.filter(key="exceptions.owner_dropped").exists()
    assert not ClassOwner.objects.exists()


def test_the_page_says_that_facets_count_cases_and_the_head_counts_records(
    world, ana, as_person
) -> None:
    unknown_term(world)

    page = as_person(ana).get("/exceptions/").content.decode()

    assert "These count cases: a record with two causes is two cases" in page
    assert "1 record is held up" in page
