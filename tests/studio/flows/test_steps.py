"""What the canvas shows is what happens: each kind of step changes what a record becomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from engine.errors import RemoteUnavailable
from studio.accounts.models import Membership, User
from studio.flows.deliver import policy_of
from studio.flows.models import Delivery, FlowVersion, InboxItem, Notice
from studio.flows.notices import send_notices
from studio.flows.sweep import poll_due
from studio.flows.triggers import is_due
from studio.linking.models import Party
from studio.mapping.models import LookupRow, LookupTable
from studio.triage.models import Case

pytestmark = pytest.mark.django_db

FILTER = {"id": "f", "kind": "filter", "when": 'status = "completed"'}


def redesign(world: Any, **changes: Any) -> None:
    """Put another design in force; the version stands for one that was published with it."""
    content = world.version.content
    design = {**content["design"], **changes}
    FlowVersion.objects.filter(pk=world.version.pk).update(content={**content, "design": design})


def test_a_lookup_step_changes_the_document_before_it_is_mapped(world) -> None:
    table = LookupTable.objects.create(
        workspace=world.workspace, connection=world.books, name="reps", label="Terms of reps"
    )
    LookupRow.objects.create(table=table, source="Bayside", target="30")
    step = {"id": "l", "kind": "lookup", "to": "terms", "table": "reps", "field": "party_name"}
    redesign(world, steps=[FILTER, step])
    world.order("1001", Terms="99")

    world.run()

    assert world.target.creates[0].data["SalesTermRef"] == {"value": "3"}
    assert [ran["words"] for ran in world.item("1001").log][:2] == ["lets it pass", "terms is 30"]


def test_a_lookup_step_without_a_row_asks_for_it(world) -> None:
    LookupTable.objects.create(
        workspace=world.workspace, connection=world.books, name="reps", label="Terms of reps"
    )
    step = {"id": "l", "kind": "lookup", "to": "lines[].account", "table": "reps", "field": "lines[].description"}  # fmt: skip
    redesign(world, steps=[step])
    world.order("1001")

    world.run()

    case = world.case()
    assert case.sentence == "“Vice” is not in the table “Terms of reps” of Harbour Books yet."
    assert case.field == "lines[0].account"
    assert not Delivery.objects.exists()


def test_a_calculated_field_is_what_the_next_step_sees(world) -> None:
    steps = [
        {"id": "c", "kind": "set", "to": "memo", "from": 'CONCAT("SO ", order_number)'},
        {"id": "f", "kind": "filter", "when": 'memo = "SO 1001"', "label": "Only 1001"},
    ]
    redesign(world, steps=steps)
    world.order("1001")
    world.order("1002")

    world.run()

    assert world.item("1001").state == "done"
    assert world.item("1002").why == (
        "does not meet “Only 1001”: needed: memo is “SO 1001”; found: memo “SO 1002”"
    )


def test_lines_are_combined_and_the_total_stays(world) -> None:
    redesign(world, steps=[FILTER, {"id": "a", "kind": "aggregate", "by": ["description"]}])
    lines = [{"Line": n, "Text": "Vice", "Net": Decimal("10.05")} for n in (1, 2, 3)]
    world.order("1001", Lines=lines)

    world.run()

    sent = world.target.creates[0].data
    assert [x["Amount"] for x in sent["Line"]] == [Decimal("30.15")]
    assert world.post("1001").gross == Decimal("30.15")
    assert "3 lines became 1" in world.item("1001").log[1]["words"]


def test_a_rule_that_blocks_parks_the_record_with_its_sentence(world) -> None:
    rule = {
        "id": "limit",
        "kind": "rule",
        "holds": "gross_total < 500",
        "severity": "block",
        "sentence": "Order {order_number} is above the limit of 500.",
        "path": "gross_total",
    }
    redesign(world, steps=[FILTER, rule])
    world.order("1001", Net=Decimal("600.00"))
    world.order("1002")

    world.run()

    assert world.item("1002").state == "done"
    assert world.case().sentence == "Order 1001 is above the limit of 500."


def test_a_person_lets_a_record_pass_the_flows_own_rule(world, ana, actor_of) -> None:
    from studio.triage.actions import apply_remedy

    rule = {"id": "limit", "kind": "rule", "holds": "gross_total < 500", "severity": "block"}
    redesign(world, steps=[rule])
    world.order("1001", Net=Decimal("600.00"))
    world.run()

    apply_remedy(actor_of(ana), world.case(), "let_pass", {"reason": "agreed by phone"})
    world.run()

    assert world.post("1001").state == "done"


def test_a_rule_that_warns_lets_the_record_go_on(world) -> None:
    rule = {"id": "limit", "kind": "rule", "holds": "gross_total < 50", "severity": "warn", "sentence": "Large."}  # fmt: skip
    redesign(world, steps=[rule])
    world.order("1001")

    world.run()

    assert world.post("1001").state == "done"
    assert world.item("1001").log[0] == {"step": "limit", "words": "Large.", "tone": "warn"}


def test_a_built_in_rule_can_be_softened(world) -> None:
    Party.objects.filter(connection=world.erp, code="BAY").update(data={"on_hold": True})
    world.order("1001")
    world.run()
    assert world.item("1001").state == "parked"

    redesign(world, builtin={"credit": "warn"})
    world.order("1002")
    world.run()

    assert world.item("1002").state == "done"


def test_a_record_that_meets_no_branch_is_left_out(world) -> None:
    branches = [{"when": "gross_total > 500", "entity": "Invoice", "label": "Large"}]
    redesign(world, branches=branches)
    world.order("1001")
    world.order("1002", Net=Decimal("600.00"))

    world.run()

    assert world.item("1001").why == (
        "meets the condition of no branch: “Large” needed: gross total is more than “500”; "
        "found: gross total “100.00”"
    )
    assert world.item("1002").state == "done"


def test_a_filter_names_only_what_does_not_hold_with_the_value_found(world) -> None:
    when = 'AND(status = "completed", gross_total > 500, NOT(ISBLANK(reference)))'
    redesign(world, steps=[{"id": "f", "kind": "filter", "when": when}])
    world.order("1001")

    world.run()

    said = world.item("1001")
    assert said.why == (
        "does not meet the flow's filter: needed: gross total is more than “500”; found: gross "
        "total “100.00” · needed: reference is filled in; found: reference is empty"
    )
    assert said.log[0]["words"].startswith("stops it here: needed: gross total is more than “500”")


def test_a_condition_that_rows_cannot_say_still_names_what_was_found(world) -> None:
    redesign(world, steps=[{"id": "f", "kind": "filter", "when": "gross_total > net_total"}])
    world.order("1001")

    world.run()

    assert world.item("1001").why.endswith(
        "needed: gross_total > net_total; found: gross total “100.00”, net total “100.00”"
    )


def test_a_rule_without_a_sentence_says_its_condition_and_what_was_found(world) -> None:
    rule = {"id": "limit", "kind": "rule", "holds": "gross_total < 50", "severity": "block"}
    redesign(world, steps=[rule])
    world.order("1001")

    world.run()

    assert world.case().sentence == (
        "A rule of this flow is not met: gross total is less than “50”; found: gross total “100.00”."
    )


def test_a_posted_record_that_leaves_the_flow_is_told_by_which_condition(world) -> None:
    world.order("1001")
    world.run()
    world.order("1001", Status="1")
    world.run()

    assert world.case(code="left-the-flow").sentence.endswith(
        "It does not meet the flow's filter: needed: status is “completed”; found: status “open”."
    )


def test_the_flows_own_retry_rule_decides_when_to_ask_a_person(world) -> None:
    redesign(world, retry={"give_up_after": 2, "first_seconds": 30, "cap_seconds": 60})
    world.order("1001")
    world.target.faults = [RemoteUnavailable(system="qbo", call="create Invoice")] * 2
    world.poll()
    world.work()

    world.send()
    wait = (world.post("1001").not_before - timezone.now()).total_seconds()
    assert 10 < wait <= 30
    assert not Case.objects.exists()
    world.send()

    assert world.case().code == RemoteUnavailable.code


def test_the_usual_retry_rule_holds_where_none_is_drawn() -> None:
    assert policy_of({}).give_up_after == 12
    assert policy_of({"retry": {"factor": 3}}).factor == 3.0


def test_people_are_told_and_a_burst_is_one_mail(world, ana) -> None:
    User.objects.filter(pk=ana.pk).update(email="ana@example.com")
    told = {"id": "n", "on": "held", "to": "accountant", "at_least": "100"}
    redesign(world, notify=[told])
    for number in ("1001", "1002"):
        world.order(number, Terms="45")
    world.order("1003", Terms="45", Net=Decimal("1.00"))
    world.run()
    world.run()

    assert send_notices() == 2
    assert send_notices() == 0

    assert [m.to for m in mail.outbox] == [["ana@example.com"]]
    assert mail.outbox[0].subject == "Orders to invoices: 2 records wait for a person"
    assert "Order 1001" in mail.outbox[0].body
    assert set(Notice.objects.values_list("state", flat=True)) == {"sent"}


def test_a_notice_for_people_without_an_address_is_shown_in_the_studio(world, ana) -> None:
    redesign(world, notify=[{"id": "n", "on": "posted", "to": "accountant"}])
    world.order("1001")
    world.run()

    send_notices()

    notice = Notice.objects.get()
    assert notice.words == "Order 1001 was posted as 1001."
    assert notice.state == "shown"
    assert Membership.objects.filter(role="accountant").exists()
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_asked_again(world, ana, monkeypatch) -> None:
    User.objects.filter(pk=ana.pk).update(email="ana@example.com")
    redesign(world, notify=[{"id": "n", "on": "posted", "to": "accountant"}])
    world.order("1001")
    world.run()

    def away(*_: object) -> None:
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr("studio.accounts.letters.EmailMessage.send", away)
    assert send_notices() == 0
    assert Notice.objects.get().trouble == "no mail server"
    monkeypatch.undo()
    Notice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert send_notices() == 1


def test_a_draft_never_changes_what_production_reads(world) -> None:
    world.flow.design = {**world.flow.design, "trigger": {"kind": "manual", "entity": "Nothing"}}
    world.flow.save()
    world.order("1001")

    assert poll_due() == 1
    world.run()

    assert world.post("1001").state == "done"


MORNING = {"kind": "schedule", "entity": "SorMaster", "at": ["06:00"], "days": ["wed"]}


@pytest.mark.parametrize(
    ("trigger", "last", "due"),
    [
        ({"kind": "poll", "every_seconds": 60}, "2026-11-25T08:59:30", False),
        ({"kind": "poll", "every_seconds": 60}, "2026-11-25T08:58:30", True),
        ({"kind": "webhook"}, "2026-11-25T08:50:00", False),
        ({"kind": "webhook"}, "2026-11-25T08:40:00", True),
        ({"kind": "manual"}, "2026-11-01T00:00:00", False),
        (MORNING, "2026-11-25T05:59:00", True),
        (MORNING, "2026-11-25T06:00:30", False),
        (MORNING, "2026-11-24T12:00:00", True),
    ],
)
def test_each_trigger_has_its_time(world, trigger, last, due) -> None:
    redesign(world, trigger={"entity": "SorMaster", **trigger})
    world.version.refresh_from_db()
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)

    assert is_due(world.version, datetime.fromisoformat(last).replace(tzinfo=UTC), now) is due


def test_a_connection_outside_its_hours_is_left_alone(world) -> None:
    world.order("1001")
    later = timezone.now() + timedelta(hours=2)
    world.erp.allowed_hours = f"{later:%H:%M}-{later + timedelta(minutes=30):%H:%M}"
    world.erp.save()

    assert poll_due() == 0
    world.poll()

    assert not InboxItem.objects.exists()
    assert world.erp.rests_until() is not None
