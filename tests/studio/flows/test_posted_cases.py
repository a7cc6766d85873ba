"""A case about a document that is posted already: what puts it right, and what is not offered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from connectors import registry
from engine.errors import RemoteRejected
from engine.ports import Action, Draft, Receipt
from studio import flows
from studio.core.models import AuditEvent
from studio.flows.models import Delivery
from studio.monitor.sentences import sentence
from studio.tieout.actions import run_tieout
from studio.triage.actions import apply_remedy, apply_to_many
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedies_for

pytestmark = pytest.mark.django_db
SHIPPED = Path(flows.__file__).parent / "shipped"


def can_void(world: Any) -> list[str]:
    """The books void documents; returns the keys that were voided, in order."""
    voided: list[str] = []

    def act(draft: Draft, action: Action) -> Receipt:
        assert action is Action.VOID
        voided.append(draft.key)
        world.target.records[draft.entity] = [
            replace(r, deleted=True) if r.key == draft.key else r
            for r in world.target.records[draft.entity]
        ]
        return Receipt(draft.entity, draft.key, draft.reference)

    world.target.act = act
    return voided


def posted_wrong(world: Any, *numbers: str, total: str = "1670.60") -> None:
    """Orders of 1706.14 that came out with another total at the target."""
    world.target.total = lambda draft: Decimal(total)
    for number in numbers:
        world.order(number, Net=Decimal("1706.14"))
    world.run()


def buttons(case: Case) -> set[str]:
    return {r.key for r in remedies_for(case)}


def test_the_sentence_says_both_amounts_with_currency_and_separators(world) -> None:
    posted_wrong(world, "1001")

    assert world.case().sentence == (
        "Harbour Books computed 1,670.60 USD where Harbour ERP says 1,706.14 USD (1001)."
    )


def test_a_document_posted_with_a_wrong_total_is_voided_there_and_posted_again(
    world, accountant
) -> None:
    voided = can_void(world)
    posted_wrong(world, "1001")
    wrong = world.post("1001")
    world.target.total = lambda draft: draft.data["TotalAmt"]

    said = apply_remedy(accountant, world.case(), "repost", {"reason": "tax row corrected"})
    world.run(times=2)

    assert "1001 is being voided in Harbour Books" in said
    assert voided == [wrong.target_key]
    posts = Delivery.objects.filter(step="post").order_by("pk")
    assert [(p.state, p.gross) for p in posts] == [
        ("reversed", Decimal("1670.60")),
        ("done", Decimal("1706.14")),
    ]
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()
    line = AuditEvent.objects.get(key="delivery.taken_back")
    assert (line.data["number"], line.data["reason"]) == ("1001", "tax row corrected")


def test_the_newest_version_of_the_record_is_what_is_posted_again(world, accountant) -> None:
    can_void(world)
    posted_wrong(world, "1001")
    # Our own write-back changed the record at the source: a newer version, nothing to do for it.
    world.order("1001", Net=Decimal("1706.14"), InvoiceDocId="100")
    world.run()
    world.target.total = lambda draft: draft.data["TotalAmt"]

    apply_remedy(accountant, world.case(), "repost", {"reason": "corrected"})
    world.run(times=2)

    assert [r.data["TotalAmt"] for r in world.target.records["Invoice"] if not r.deleted] == [
        Decimal("1706.14")
    ]
    assert world.item("1001").state == "done"


def test_what_the_target_cannot_void_is_deleted_there(world, accountant, monkeypatch) -> None:
    """QuickBooks voids invoices and no bills: taking a bill back is deleting it."""
    ended: list[Action] = []
    void = can_void(world)

    def act(draft: Draft, action: Action) -> Receipt:
        ended.append(action)
        return voids(draft, Action.VOID)

    voids, world.target.act = world.target.act, act
    only_payments = replace(registry.capabilities("qbo"), voids=frozenset({"Payment"}))
    monkeypatch.setattr("studio.flows.sending.capabilities", lambda system: only_payments)
    posted_wrong(world, "1001")
    world.target.total = lambda draft: draft.data["TotalAmt"]

    apply_remedy(accountant, world.case(), "repost", {"reason": "corrected"})
    world.run(times=2)

    assert (ended, len(void)) == ([Action.DELETE], 1)
    assert world.item("1001").state == "done"


def test_voiding_needs_a_reason_and_the_right(world, accountant, olga, actor_of) -> None:
    voided = can_void(world)
    posted_wrong(world, "1001")

    with pytest.raises(ValidationError, match="Reason is needed"):
        apply_remedy(accountant, world.case(), "repost", {"reason": " "})
    with pytest.raises(PermissionDenied):
        apply_remedy(actor_of(olga), world.case(), "repost", {"reason": "x"})
    world.run()

    assert (voided, world.post("1001").state) == ([], "done")


def test_what_changes_nothing_about_a_posted_document_is_not_offered(world) -> None:
    posted_wrong(world, "1001")

    assert {"repost", "accept"} <= buttons(world.case())
    assert not {"void", "edit"} & buttons(world.case())


def test_a_target_that_refuses_to_void_is_a_case_and_trying_again_voids(world, accountant) -> None:
    voided = can_void(world)
    can = world.target.act

    def refuses(draft: Draft, action: Action) -> Receipt:
        raise RemoteRejected(system="qbo", call="void Invoice", detail="It is paid in part.")

    world.target.act = refuses
    posted_wrong(world, "1001")
    world.target.total = lambda draft: draft.data["TotalAmt"]
    apply_remedy(accountant, world.case(), "repost", {"reason": "corrected"})
    world.run()
    refused = Case.objects.exclude(code="total-differs").get()
    assert "paid in part" in refused.sentence
    assert {"leave_posted", "again"} <= buttons(refused)

    world.target.act = can
    apply_remedy(accountant, refused, "again", {})
    world.run(times=2)

    assert len(voided) == 1
    assert [p.state for p in Delivery.objects.filter(step="post").order_by("pk")] == [
        "reversed",
        "done",
    ]


def test_leaving_a_posted_document_keeps_the_question_about_its_amount(world, accountant) -> None:
    def refuses(draft: Draft, action: Action) -> Receipt:
        raise RemoteRejected(system="qbo", call="void Invoice", detail="It is paid in part.")

    world.target.act = refuses
    posted_wrong(world, "1001")
    apply_remedy(accountant, world.case(), "repost", {"reason": "corrected"})
    world.run()

    refused = Case.objects.exclude(code="total-differs").get()
    said = apply_remedy(accountant, refused, "leave_posted", {"reason": "credited by hand"})

    assert said == "Closed. 1001 stays in Harbour Books as it is."
    assert world.case(state__in=OPEN_STATES).code == "total-differs"
    assert Delivery.objects.get(step="void").state == "void"


def test_an_order_deleted_after_posting_can_be_voided_there(world, accountant) -> None:
    voided = can_void(world)
    world.order("1001")
    world.run()
    world.order("1001", deleted=True)
    world.run()
    assert "void" not in buttons(world.case())

    apply_remedy(accountant, world.case(), "take_back", {"reason": "cancelled"})
    world.run(times=2)

    assert (len(voided), len(world.target.creates)) == (1, 1)
    assert world.post("1001").state == "reversed"
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()


def test_another_value_names_the_field_it_changes(world, ana, as_person) -> None:
    world.order("1001")
    world.target.faults = [
        RemoteRejected(system="qbo", call="create Invoice", detail="no", field="lines[0].tax_code")
    ]
    world.run()

    page = as_person(ana).get(f"/exceptions/{world.case().uuid}/").content.decode()

    assert "Line 1, tax code, for this record only" in page


@pytest.mark.parametrize("key", ["again", "again_all"])
def test_trying_posted_documents_again_is_refused_with_what_to_press_instead(
    world, accountant, key
) -> None:
    posted_wrong(world, "1001", "1002")
    case = Case.objects.get(record_label="Order 1001")
    assert key not in buttons(case)

    with pytest.raises(ValidationError) as refused:
        apply_remedy(accountant, case, key, {})

    said = " ".join(refused.value.messages)
    assert said.startswith(
        "Order 1001 is posted in Harbour Books as 1001, and what is posted is not"
    )
    assert "“Void it there and post it again”" in said
    assert "“Accept with a reason”" in said
    assert not AuditEvent.objects.filter(key__startswith="case.").exists()
    assert set(Case.objects.values_list("state", flat=True)) == {"open"}


def test_closing_many_without_posting_says_which_are_posted(world, accountant) -> None:
    posted_wrong(world, "1001")

    done, left = apply_to_many(accountant, Case.objects.all(), "void", {"reason": "old"})

    assert done == 0
    assert "is posted in Harbour Books as 1001 already; it cannot be closed without" in left[0]
    assert "“Void it there and post it again”" in left[0]


def test_trying_all_of_a_cause_counts_what_was_sent_and_audits_a_try(world, accountant) -> None:
    for number in ("1001", "1002"):
        world.order(number, Terms="45")
    world.run()

    said = apply_remedy(accountant, Case.objects.first(), "again_all", {})

    assert said == "Tried again. 2 records sent through again."
    line = sentence(AuditEvent.objects.get(key="case.again_all"))
    assert line.startswith("tried again a case of Order 100")
    assert "fixed" not in line


# --- what pages say of such a document --------------------------------------------------------------


def record_page(world: Any, client: Any) -> str:
    return client.get(f"/flows/records/{world.item('1001').uuid}/").content.decode()


def test_a_document_with_another_total_is_never_shown_as_read_back_and_equal(
    world, accountant, ana, as_person
) -> None:
    posted_wrong(world, "1001")
    run_tieout(accountant, world.flow)

    page = record_page(world, as_person(ana))

    assert world.post("1001").confirmed_at is None
    assert "Read back and equal" not in page
    # In the head and beside the answer: both amounts, each with the place where it stands.
    assert page.count("1,670.60 USD in Harbour Books, 1,706.14 USD in Harbour ERP") == 2


def test_a_reading_back_noted_earlier_tells_both_amounts(world, ana, as_person) -> None:
    posted_wrong(world, "1001")
    Delivery.objects.filter(step="post").update(confirmed_at=timezone.now())

    page = record_page(world, as_person(ana))

    assert "Read back and equal" not in page
    assert "Read back: 1,670.60 USD in Harbour Books" in page


def test_a_document_with_the_same_total_is_read_back_and_equal(
    world, accountant, ana, as_person
) -> None:
    world.order("1001")
    world.run()
    run_tieout(accountant, world.flow)

    assert "Read back and equal" in record_page(world, as_person(ana))


@pytest.mark.parametrize(
    "key", ["orders-to-qbo", "orders-to-xero", "credits-to-qbo", "credits-to-xero"]
)
def test_a_shipped_flow_numbers_what_it_posts_again_anew(key: str) -> None:
    """A voided document keeps its number in QuickBooks and Xero, so the same one is refused."""
    design = yaml.safe_load((SHIPPED / f"{key}.yaml").read_text(encoding="utf-8"))

    assert [plan.get("again") for plan in design["entities"].values()] == [True] * len(
        design["entities"]
    )


def test_what_was_voided_is_posted_again_under_a_number_of_its_own(world, accountant) -> None:
    design = {**world.version.content["design"]}
    design["entities"] = {k: {**v, "again": True} for k, v in design["entities"].items()}
    world.version.content = {**world.version.content, "design": design}
    world.version.save()
    can_void(world)
    posted_wrong(world, "1001")
    world.target.total = lambda draft: None

    apply_remedy(
        accountant, world.case(code="total-differs"), "repost", {"reason": "discount twice"}
    )
    world.run(times=3)

    posts = Delivery.objects.filter(step="post").order_by("pk")
    assert [(p.state, p.reference) for p in posts] == [("reversed", "1001"), ("done", "1001/2")]


# --- a difference with several reasons --------------------------------------------------------------

PARTS = {
    "reason_1": "freight is billed apart",
    "amount_1": "30.00",
    "reason_2": "discount agreed by telephone",
    "amount_2": "7.54",
    "reason_3": "stamp duty",
    "amount_3": "-2.00",
    "reason_4": "",
    "amount_4": "",
}


def test_a_difference_is_split_over_several_reasons_with_an_audit_line(world, accountant) -> None:
    posted_wrong(world, "1001")

    said = apply_remedy(accountant, world.case(), "split", PARTS)

    case = world.case()
    assert said.startswith(
        "The difference of 35.54 USD is split: 30.00 USD freight is billed apart;"
    )
    assert (case.state, case.closed_by) == ("accepted", "Ana Keller")
    assert "-2.00 USD stamp duty" in case.closed_reason
    line = AuditEvent.objects.get(key="case.split")
    assert line.data["values"]["amount_2"] == "7.54"
    assert "30.00 USD freight is billed apart" in sentence(line)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount_2": "7.53"}, "0.01 USD is left over"),
        ({"amount_2": "7.55"}, "-0.01 USD is left over"),
        ({"amount_2": "7.540001"}, "to the cent"),
        ({"amount_2": "NaN"}, "is no amount"),
        ({"amount_2": "1E+999999"}, "is no amount"),
        ({"amount_2": "0"}, "is no amount"),
        ({"reason_3": ""}, "Row 3 needs both a reason and an amount"),
        ({"reason_2": " "}, "Reason 2 is needed"),
    ],
)
def test_parts_that_do_not_make_the_difference_are_refused_whole(
    world, accountant, changes, why
) -> None:
    posted_wrong(world, "1001")

    with pytest.raises(ValidationError, match=why):
        apply_remedy(accountant, world.case(), "split", {**PARTS, **changes})

    case = world.case()
    assert (case.state, "parts" in case.evidence) == ("open", False)
    assert not AuditEvent.objects.filter(key="case.split").exists()


def test_splitting_is_for_who_may_approve(world, ivo, actor_of) -> None:
    posted_wrong(world, "1001")

    with pytest.raises(PermissionDenied):
        apply_remedy(actor_of(ivo), world.case(), "split", PARTS)


def test_a_split_is_offered_for_nothing_but_a_total_that_differs(world) -> None:
    world.order("1001", Terms="45")
    world.run()

    assert "split" not in buttons(world.case())


def test_splitting_leaves_the_other_questions_of_the_record_open(world, accountant) -> None:
    posted_wrong(world, "1001")
    world.order("1001", deleted=True)
    world.run()

    apply_remedy(accountant, world.case(code="total-differs"), "split", PARTS)

    assert [c.code for c in Case.objects.filter(state__in=OPEN_STATES)] == ["deleted-at-source"]


def test_a_refused_split_comes_back_with_what_was_typed(world, ana, as_person) -> None:
    posted_wrong(world, "1001")
    client, address = as_person(ana), f"/exceptions/{world.case().uuid}/"

    refused = client.post(f"{address}fix/split/", {**PARTS, "amount_2": "7.00"}, follow=True)

    page = refused.content.decode()
    assert "0.54 USD is left over" in page
    assert 'value="discount agreed by telephone"' in page
    assert 'value="7.00"' in page
    assert 'value="7.00"' not in client.get(address).content.decode()


def test_explain_names_the_parts_of_the_difference(world, accountant, ana, as_person) -> None:
    posted_wrong(world, "1001")
    apply_remedy(accountant, world.case(), "split", PARTS)

    page = (
        as_person(ana).get(f"/flows/deliveries/{world.post('1001').uuid}/explain/").content.decode()
    )

    assert "Why the total is another" in page
    assert all(PARTS[f"reason_{n}"] in page for n in (1, 2, 3))
