"""Customers kept equal on both sides: owners, conflicts, echoes, closings, and nothing made twice."""

from __future__ import annotations

import pytest
from django.urls import reverse

from engine.errors import OutcomeUnknown, RemoteRejected
from studio.flows.models import Delivery, Golden, InboxItem
from studio.linking.models import Link
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case

pytestmark = pytest.mark.django_db


def said(kept) -> list[tuple[str, dict]]:
    return [(verb, dict(d.data)) for verb, d in (*kept.left.writes, *kept.right.writes)]


@pytest.mark.promise("F31", "P03")
def test_a_field_of_the_source_changes_the_target_by_that_field_only(kept) -> None:
    kept.customer()

    kept.left.put("ArCustomer", "BAY", Name="Bayside Marine")
    kept.run()

    assert said(kept) == [("update", {"DisplayName": "Bayside Marine"})]
    update = Delivery.objects.get(step="update", state="done")
    assert update.trace["DisplayName"]["reads"] == [["name", "Bayside Marine"]]
    assert Golden.objects.get().right["name"] == "Bayside Marine"


@pytest.mark.golden(30)
@pytest.mark.promise("F09")
def test_our_own_write_that_comes_back_is_recognised_and_writes_nothing(kept) -> None:
    kept.customer()
    kept.left.put("ArCustomer", "BAY", Phone="2")
    kept.run(1)

    kept.run(3)

    assert said(kept) == [("update", {"Tel": "2"})]
    back = InboxItem.objects.filter(flow=kept.reverse).latest("pk")
    assert (back.state, back.why) == ("unchanged", "our own write coming back")


@pytest.mark.promise("F09")
def test_a_change_at_the_target_goes_to_the_source_where_the_target_may_say_it(kept) -> None:
    kept.customer()

    kept.right.put("Customer", "58", Mail="b@bay.example")
    kept.run()

    assert said(kept) == [("update", {"Email": "b@bay.example"})]
    assert kept.left.rows["BAY"].data["Email"] == "b@bay.example"


def test_a_field_that_belongs_to_the_source_is_put_right_at_the_target(kept) -> None:
    kept.customer()

    kept.right.put("Customer", "58", Town="York")
    kept.run()

    assert kept.right.rows["58"].data["Town"] == "Leeds"
    assert said(kept) == [("update", {"Town": "Leeds"})]


def test_changes_of_different_fields_on_both_sides_both_arrive(kept) -> None:
    kept.customer()

    kept.left.put("ArCustomer", "BAY", Phone="2")
    kept.right.put("Customer", "58", Mail="b@bay.example")
    kept.run()

    left, right = kept.left.rows["BAY"].data, kept.right.rows["58"].data
    assert (left["Phone"], left["Email"]) == (right["Tel"], right["Mail"]) == ("2", "b@bay.example")
    assert not Case.objects.exists()


def test_the_newest_of_two_changes_stands_where_the_owner_is_the_newest(kept) -> None:
    kept.customer()

    kept.left.put("ArCustomer", "BAY", Email="left@bay.example")
    kept.right.log.append(kept.right.log[-1])
    kept.right.put("Customer", "58", Mail="right@bay.example")
    kept.run()

    assert kept.left.rows["BAY"].data["Email"] == "right@bay.example"
    assert not Case.objects.exists()


def both_changed(kept) -> Case:
    kept.customer()
    kept.left.put("ArCustomer", "BAY", Phone="2")
    kept.right.put("Customer", "58", Tel="3")
    kept.run()
    return kept.case()


@pytest.mark.promise("F09")
def test_a_field_changed_on_both_sides_is_one_case_and_no_write(kept) -> None:
    case = both_changed(kept)

    assert not said(kept)
    assert (case.code, case.case_class, case.field) == ("both-changed", "conflict", "phone")
    assert case.sentence == (
        "Bayside: phone was changed on both sides since it was last the same. "
        "Harbour ERP says “2”, Books says “3”; neither owns the field, so a person decides."
    )


@pytest.mark.parametrize(
    ("button", "expected"), [("keep_left", "2"), ("keep_right", "3"), ("keep_left_record", "2"),
                             ("keep_right_record", "3")]
)  # fmt: skip
def test_the_button_takes_one_side_and_both_say_the_same(
    kept, ana, actor_of, button, expected
) -> None:
    case = both_changed(kept)

    apply_remedy(actor_of(ana), case, button, {})
    kept.run()

    assert kept.left.rows["BAY"].data["Phone"] == kept.right.rows["58"].data["Tel"] == expected
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


def test_fields_are_answered_one_by_one(kept, ana, actor_of) -> None:
    kept.forward.design["owners"]["fields"]["email"] = "ask"
    kept.forward.save()
    kept.publish()
    kept.customer()
    kept.left.put("ArCustomer", "BAY", Phone="2", Email="l@bay.example")
    kept.right.put("Customer", "58", Tel="3", Mail="r@bay.example")
    kept.run()
    assert Case.objects.filter(state__in=OPEN_STATES).count() == 2

    for field, button in (("phone", "keep_left"), ("email", "keep_right")):
        case = Case.objects.get(state__in=OPEN_STATES, field=field)
        apply_remedy(actor_of(ana), case, button, {})
        kept.run()

    data = kept.left.rows["BAY"].data
    assert (data["Phone"], data["Email"]) == ("2", "r@bay.example")
    assert kept.right.rows["58"].data["Tel"] == "2"


def test_a_conflict_names_the_owner_and_leads_to_the_shared_record_and_its_owners(
    kept, ana, as_person
) -> None:
    kept.forward.design["owners"]["fields"]["email"] = "ask"
    kept.forward.save()
    kept.publish()
    kept.customer()
    kept.left.put("ArCustomer", "BAY", Email="l@bay.example")
    kept.right.put("Customer", "58", Mail="r@bay.example")
    kept.run()
    case = Case.objects.get(state__in=OPEN_STATES)
    golden = Golden.objects.get()
    client = as_person(ana)

    page = client.get(f"/exceptions/{case.uuid}/").content.decode()

    assert case.sentence.endswith("neither owns the field, so a person decides.")
    assert case.audience == "owner"
    assert "for the data owner, an accountant" in page
    for address in (
        reverse("flows:shared-record", args=[golden.uuid]),
        reverse("flows:owners", args=[kept.forward.key]),
    ):
        assert f'href="{address}"' in page
        assert client.get(address).status_code == 200
    # Who is said to act finds it, and may.
    assert case.sentence.split(":")[0] in client.get("/exceptions/?role=owner").content.decode()
    assert apply_remedy(ana.memberships.get().actor(), case, "keep_left", {})


def test_differences_of_two_records_that_meet_stay_until_somebody_touches_them(kept) -> None:
    kept.left.put("ArCustomer", "BAY", Customer="BAY", Name="Bayside", City="Leeds", Phone="1")
    kept.right.put("Customer", "58", DisplayName="BAYSIDE LTD", Town="Leeds", Tel="1", Active=True)
    kept.link("BAY", "58")

    kept.run()

    assert not said(kept)
    assert Golden.objects.get().merged["name"]["why"] == "untouched"


def test_records_that_meet_are_aligned_where_the_design_says_so(kept) -> None:
    kept.forward.design["keeps"]["first"] = "align"
    kept.forward.save()
    kept.publish()
    kept.left.put("ArCustomer", "BAY", Customer="BAY", Name="Bayside", City="Leeds", Phone="1")
    kept.right.put("Customer", "58", DisplayName="BAYSIDE LTD", Town="Leeds", Tel="1", Active=True)
    kept.link("BAY", "58")

    kept.run()

    assert said(kept) == [("update", {"DisplayName": "Bayside"})]


def test_what_the_target_cuts_off_is_not_written_again_and_again(kept) -> None:
    kept.right.longest = 10
    kept.customer()

    kept.left.put("ArCustomer", "BAY", Name="Bayside Marine Supplies")
    kept.run(5)

    assert [verb for verb, _ in said(kept)] == ["update"]
    assert kept.right.rows["58"].data["DisplayName"] == "Bayside Ma"
    assert kept.left.rows["BAY"].data["Name"] == "Bayside Marine Supplies"


def test_an_update_whose_answer_never_came_is_seen_at_the_target_and_not_sent_again(kept) -> None:
    kept.customer()
    kept.right.late = [kept.fault(OutcomeUnknown)]

    kept.left.put("ArCustomer", "BAY", Name="Bayside Marine")
    kept.run()

    assert said(kept) == [("update", {"DisplayName": "Bayside Marine"})]
    assert (
        Delivery.objects.get(step="update", basis__want={"name": "Bayside Marine"}).state == "done"
    )


def test_a_change_made_at_the_target_after_the_decision_is_decided_anew(kept) -> None:
    from studio.flows.pump import pump_flow

    kept.customer()
    kept.left.put("ArCustomer", "BAY", Phone="2")
    from studio.flows.poll import poll

    poll(kept.forward)
    pump_flow(kept.forward.pk)
    kept.right.put("Customer", "58", Tel="3")
    kept.run()

    assert kept.case().code == "both-changed"
    assert not said(kept)


def test_a_refused_update_is_a_case_and_goes_again_when_told(kept, ana, actor_of) -> None:
    kept.customer()
    kept.right.faults = [kept.fault(RemoteRejected)]
    kept.left.put("ArCustomer", "BAY", Phone="2")
    kept.run()
    assert Delivery.objects.filter(step="update", state="parked").count() == 1

    apply_remedy(actor_of(ana), kept.case(), "again", {})
    kept.run()

    assert kept.right.rows["58"].data["Tel"] == "2"
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


# --- closing and deleting -------------------------------------------------------------------------


def test_a_customer_deleted_at_the_source_is_deactivated_at_the_target(kept) -> None:
    kept.customer()

    kept.left.put("ArCustomer", "BAY", deleted=True)
    kept.run()

    assert said(kept) == [("deactivate", {})]
    assert kept.right.rows["58"].data["Active"] is False
    assert not Case.objects.exists()


def test_a_customer_that_comes_back_at_the_source_is_reactivated(kept) -> None:
    kept.customer()
    kept.left.put("ArCustomer", "BAY", deleted=True)
    kept.run()

    kept.left.put("ArCustomer", "BAY", Customer="BAY", Name="Bayside", Email="a@bay.example",
                  Phone="1", City="Leeds")  # fmt: skip
    kept.run()

    assert [verb for verb, _ in said(kept)] == ["deactivate", "reactivate"]
    assert kept.right.rows["58"].data["Active"] is True


@pytest.mark.golden(15)
def test_one_customer_made_inactive_and_another_deleted_at_the_target_are_both_noticed(
    kept,
) -> None:
    kept.customer("BAY", "58")
    kept.customer("COV", "59", Name="Cove", Email="c@cove.example")

    kept.right.put("Customer", "58", Active=False)
    kept.right.put("Customer", "59", deleted=True)
    kept.run()

    cases = Case.objects.filter(state__in=OPEN_STATES)
    assert sorted(c.evidence["state"] for c in cases) == ["deleted", "inactive"]
    assert not said(kept)


@pytest.mark.golden(20)
def test_a_customer_deleted_at_the_target_is_not_created_again_and_a_case_asks(kept) -> None:
    kept.keep(unlinked="create")
    kept.customer()
    kept.right.put("Customer", "58", deleted=True)
    kept.run()

    kept.left.put("ArCustomer", "BAY", Phone="9")
    kept.run()

    assert not said(kept)
    assert {c.code for c in Case.objects.filter(state__in=OPEN_STATES)} == {"closed-by-a-person"}


@pytest.mark.golden(20)
def test_a_customer_that_somebody_closed_is_never_written_to(kept) -> None:
    kept.customer()
    kept.right.put("Customer", "58", Active=False)
    kept.left.put("ArCustomer", "BAY", Phone="9")
    kept.run()

    assert not said(kept)
    assert {c.code for c in Case.objects.filter(state__in=OPEN_STATES)} == {"closed-by-a-person"}


@pytest.mark.parametrize(
    ("button", "verbs"),
    [("reopen", ["reactivate", "update"]), ("accept", []), ("follow", ["deactivate"])],
)
def test_a_person_says_what_becomes_of_a_closed_customer(
    kept, ana, actor_of, button, verbs
) -> None:
    kept.left.active = "Held"
    kept.customer()
    kept.right.put("Customer", "58", Active=False)
    kept.run()

    apply_remedy(actor_of(ana), kept.case(), button, {"reason": "closed for good"})
    kept.left.put("ArCustomer", "BAY", Phone="9")
    kept.run()

    assert [verb for verb, _ in said(kept)] == verbs
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


# --- records without a counterpart ------------------------------------------------------------------


def test_a_customer_without_a_counterpart_is_a_question_by_default(kept) -> None:
    kept.left.put("ArCustomer", "NEW", Customer="NEW", Name="Newcomer")

    kept.run()

    case = kept.case()
    assert (case.code, case.evidence["code"]) == ("missing_link", "NEW")
    assert not said(kept)


def test_where_the_policy_is_create_a_new_customer_is_compared_first_and_made_once(kept) -> None:
    kept.keep(unlinked="create")
    kept.left.put("ArCustomer", "NEW", Customer="NEW", Name="Newcomer")
    kept.run()
    assert (kept.item(kept.forward).state, said(kept)) == ("new", [])

    kept.compared()
    kept.run()

    assert [verb for verb, _ in said(kept)] == ["create"]
    golden = Golden.objects.get()
    assert (golden.left["name"], golden.right["name"]) == ("Newcomer", "Newcomer")
    assert kept.item(kept.forward).state == "unchanged"


@pytest.mark.promise("E09", "U03")
def test_nothing_is_created_beside_a_near_twin(kept, ana, actor_of) -> None:
    kept.keep(unlinked="create")
    kept.left.put("ArCustomer", "NEW", Customer="NEW", Name="Bayside Newcomer")
    kept.run()
    kept.compared()
    kept.twin("NEW", "77", 0.9)
    kept.run()
    case = kept.case()
    assert (case.case_class, "Bay Side (strong, 90%)" in case.sentence) == ("duplicate", True)
    assert not said(kept)

    kept.right.put("Customer", "77", DisplayName="Bay Side", Active=True)
    apply_remedy(actor_of(ana), case, "link", {"target": "77"})
    kept.run()

    assert Link.objects.get(left_code="NEW").right_key == "77"
    assert [verb for verb, _ in said(kept) if verb == "create"] == []


def test_two_customers_linked_to_one_record_are_a_case_and_no_tug_of_war(kept) -> None:
    kept.customer()
    kept.left.put("ArCustomer", "BAY2", Customer="BAY2", Name="Bayside Two")
    kept.link("BAY2", "58")

    kept.run()

    assert not said(kept)
    assert Case.objects.get(state__in=OPEN_STATES).code == "shared-record"
