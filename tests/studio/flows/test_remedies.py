"""What a person does about a case, and what it heals."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from engine.errors import DuplicateAtTarget, RemoteRejected, RemoteUnavailable
from engine.ports import Receipt
from studio.catalog.models import Code
from studio.core.models import AuditEvent
from studio.flows.models import Delivery, FlowVersion
from studio.linking.models import Link, Pair, Party
from studio.linking.owed import Owed
from studio.mapping.models import LookupRow, Mapping, ValueProposal
from studio.triage.actions import apply_remedy, apply_to_many
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import Input, remedies_for, remedy

pytestmark = pytest.mark.django_db


def open_cases() -> int:
    return Case.objects.filter(state__in=OPEN_STATES).count()


def test_one_lookup_row_heals_every_record_of_the_same_cause(world, accountant) -> None:
    for number in ("1001", "1002", "1003"):
        world.order(number, Terms="45")
    world.order("1004", Terms="77")
    world.run()
    assert open_cases() == 4

    case = Case.objects.filter(evidence__code="45").first()
    said = apply_remedy(accountant, case, "add_lookup", {"target": "4"})
    world.run()

    assert "3 records" in said
    assert LookupRow.objects.get(source="45").target_label == "Net 60"
    assert sorted(d.reference for d in world.target.creates) == ["1001", "1002", "1003"]
    assert open_cases() == 1
    assert Case.objects.filter(state="fixed").exists()


@pytest.mark.promise("U03", "E02")
def test_linking_a_customer_posts_its_orders(world, accountant) -> None:
    Party.objects.create(connection=world.erp, kind="customer", key="COB", code="COB", label="Cobb")
    Party.objects.create(
        connection=world.books, kind="customer", key="61", code="61", label="Cobb & Sons"
    )
    world.order("1001", Customer="COB", Name="Cobb")
    world.run()

    apply_remedy(accountant, world.case(), "link", {"target": "61"})
    world.run()

    assert world.target.creates[0].data["CustomerRef"]["value"] == "61"
    assert open_cases() == 0


def test_what_a_case_proposes_has_word_percent_and_method(world) -> None:
    cobb = Party.objects.create(
        connection=world.erp, kind="customer", key="COB", code="COB", label="Cobb"
    )
    sons = Party.objects.create(
        connection=world.books, kind="customer", key="61", code="61", label="Cobb & Sons"
    )
    Pair.objects.create(
        kind="customer", left=cobb, right=sons, probability=0.87,
        word="strong", method="Similarity", sentence="Name 0.93 alike.",
    )  # fmt: skip
    best = {"key": "4", "confidence": 0.91, "word": "strong", "method": "Rule"}
    ValueProposal.objects.create(table=world.terms, source="45", candidates=[best], confidence=0.91)
    world.order("1001", Customer="COB", Terms="45")
    world.run()

    hints = {
        c.value: c.hint
        for case in Case.objects.all()
        for r in remedies_for(case)
        if r.key in ("link", "add_lookup")
        for c in r.inputs[0].choices(case, "")
    }
    assert hints["61"] == "strong 87% Similarity · Name 0.93 alike."
    assert hints["4"] == "proposed: strong 91% Rule"
    assert hints["3"] == ""


def linking(case: Case) -> Input:
    """What the case asks for where a record is to be linked."""
    return next(r for r in remedies_for(case) if r.key == "link").inputs[0]


def test_a_candidate_that_is_inactive_there_is_shown_as_that(world) -> None:
    east = Party.objects.create(
        connection=world.erp, kind="customer", key="E", code="E", label="Eastgate"
    )
    there = Party.objects.create(
        connection=world.books, kind="customer", key="17", label="Eastgate Schools", active=False,
    )  # fmt: skip
    Pair.objects.create(
        kind="customer", left=east, right=there, probability=1, word="certain", method="Rule"
    )
    world.order("1001", Customer="E")
    world.run()
    asked = linking(Case.objects.get(evidence__code="E"))

    for text in ("", "eastgate"):
        (choice,) = asked.choices(Case.objects.get(), text)
        assert choice.value == "17"
        assert choice.hint.startswith(
            "inactive there: once it is linked it can be made active here"
        )
    assert asked.initial(Case.objects.get()) == ""


def test_two_candidates_that_are_nearly_as_sure_are_told_apart_by_a_person(world) -> None:
    ours = Party.objects.create(
        connection=world.erp, kind="customer", key="C", code="C", label="Cobalt"
    )
    for key, town, probability in (("1", "Tulsa", 1.0), ("2", "Reno", 0.99)):
        there = Party.objects.create(
            connection=world.books, kind="customer", key=key, label="Cobalt Bend",
            data={"billing": {"line1": "1 Main St", "city": town}},
        )  # fmt: skip
        Pair.objects.create(kind="customer", left=ours, right=there, probability=probability)
    world.order("1001", Customer="C")
    world.run()
    case = Case.objects.get(evidence__code="C")
    asked = linking(case)

    assert [c.hint.split(" · ")[0] for c in asked.choices(case, "")] == [
        "1 Main St, Tulsa", "1 Main St, Reno",
    ]  # fmt: skip
    assert asked.initial(case) == ""
    Pair.objects.filter(right__key="2").update(probability=0.6)
    assert asked.initial(case) == "1"


def test_what_is_open_there_tells_candidates_apart(world, monkeypatch) -> None:
    ours = Party.objects.create(
        connection=world.erp, kind="customer", key="C", code="C", label="Cobalt"
    )
    for key in ("1", "2"):
        there = Party.objects.create(
            connection=world.books, kind="customer", key=key, label="Cobalt Bend"
        )
        Pair.objects.create(
            kind="customer", left=ours, right=there, probability=0.5 + int(key) / 10
        )
    owed = Owed(timezone.now(), ((Decimal("12.50"), "USD"),))
    monkeypatch.setattr(
        "studio.flows.remedies.owed_of",
        lambda workspace, kind, parties: {p.pk: owed for p in parties if p.key == "1"},
    )
    world.order("1001", Customer="C")
    world.run()
    case = world.case()

    hints = {c.value: c.hint for c in linking(case).choices(case, "")}
    assert "open there: 12.50 USD" in hints["1"]
    assert "open there" not in hints["2"]


def test_two_that_are_both_strong_are_rivals_however_far_apart(world) -> None:
    ours = Party.objects.create(
        connection=world.erp, kind="customer", key="C", code="C", label="Cobalt"
    )
    for key, probability in (("1", 0.99), ("2", 0.85)):
        there = Party.objects.create(
            connection=world.books, kind="customer", key=key, label="Cobalt Bend"
        )
        Pair.objects.create(kind="customer", left=ours, right=there, probability=probability)
    world.order("1001", Customer="C")
    world.run()

    assert linking(world.case()).initial(world.case()) == ""


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("lines[0].net_amount", "1.234", "can be read as 1.234 or as 1,234"),
        ("lines[0].net_amount", "a lot", "is not a number"),
        ("date", "2026-02-30", "a day the calendar does not have"),
    ],
)
def test_another_value_is_of_the_kind_its_field_is_and_says_one_thing(
    world, accountant, field, value, said
) -> None:
    world.order("1001", Terms="45")
    world.run()
    Case.objects.update(field=field, case_class="value")

    with pytest.raises(ValidationError, match=said):
        apply_remedy(accountant, world.case(), "edit", {"value": value})
    assert world.item("1001").overrides == {}


def test_a_link_to_nobody_is_refused_and_the_case_stays(world, accountant) -> None:
    world.order("1001", Customer="COB")
    world.run()
    case = Case.objects.get(evidence__code="COB")

    with pytest.raises(ValidationError):
        apply_remedy(accountant, case, "link", {"target": "999"})

    assert open_cases() == Case.objects.count()


def test_a_record_can_be_closed_without_posting_but_not_without_a_reason(world, accountant) -> None:
    world.order("1001", Terms="45")
    world.run()

    with pytest.raises(ValidationError):
        apply_remedy(accountant, world.case(), "void", {"reason": " "})
    apply_remedy(accountant, world.case(), "void", {"reason": "entered by hand"})
    world.run()

    assert world.item("1001").state == "void"
    assert (world.case().state, world.case().closed_reason) == ("void", "entered by hand")
    assert not world.target.creates


def entered_by_hand(world, total: str) -> None:
    world.order("1001")
    data = {"TotalAmt": Decimal(total), "DocNumber": "1001"}
    world.target.created.append(Receipt("Invoice", "77", "1001", "0", data))
    world.target.faults = [
        DuplicateAtTarget(system="qbo", call="create Invoice", value="1001", vendor_code="6140")
    ]
    # Its own look-up cannot see what a person entered a moment later.
    world.target.find_by_reference = lambda *_: None
    world.run()


@pytest.mark.parametrize("said", ["77", " 1001 "])
def test_a_document_entered_by_hand_counts_as_the_posting(world, accountant, said) -> None:
    entered_by_hand(world, "100.00")

    apply_remedy(accountant, world.case(), "adopt", {"key": said, "reason": "entered by hand"})
    world.send()

    posted = world.post("1001")
    assert (posted.state, posted.target_key, posted.target_number) == ("done", "77", "1001")
    assert Link.objects.filter(kind="sales_order", left_code="1001", right_key="77").exists()
    assert [d.data for d in world.source.updates] == [{"InvoiceDocId": "77"}]
    assert open_cases() == 0


@pytest.mark.parametrize(
    ("said", "complaint"), [("77", "says 55.00"), ("78", "has no Invoice with the key or number")]
)
def test_only_a_document_that_is_there_with_this_total_counts(
    world, accountant, said, complaint
) -> None:
    entered_by_hand(world, "55.00")

    with pytest.raises(ValidationError, match=complaint):
        apply_remedy(accountant, world.case(), "adopt", {"key": said, "reason": "entered by hand"})

    assert (world.post("1001").state, world.post("1001").target_key) == ("parked", "")
    assert open_cases() == 1


def test_another_value_is_used_at_every_later_try(world, accountant) -> None:
    world.order("1001")
    world.target.faults = [
        RemoteRejected(system="qbo", call="create Invoice", detail="no", field="memo")
    ]
    world.run()

    apply_remedy(accountant, world.case(), "edit", {"value": "short"})
    world.run()

    assert world.item("1001").canonical["memo"] == "short"
    assert world.post("1001").state == "done"


def test_a_place_of_the_target_cannot_be_edited_in_our_document(world) -> None:
    world.order("1001", Terms="45")
    world.run()

    case = world.case()
    assert case.field == "SalesTermRef.value"
    assert "edit" not in {r.key for r in remedies_for(case)}


def test_a_settled_case_cannot_be_fixed_again(world, accountant) -> None:
    world.order("1001", Terms="45")
    world.run()
    case = world.case()
    apply_remedy(accountant, case, "void", {"reason": "by hand"})

    with pytest.raises(ValidationError):
        apply_remedy(accountant, world.case(), "again", {})


def test_an_integrator_may_not_post_on_another_day(world, ivo, actor_of) -> None:
    from engine.errors import PeriodClosed

    world.order("1001")
    world.target.faults = [PeriodClosed(system="qbo", call="create Invoice", date="2026-11-02")]
    world.run()

    with pytest.raises(PermissionDenied):
        apply_remedy(
            actor_of(ivo), world.case(), "move_date", {"date": "2026-12-01", "reason": "x"}
        )


def test_a_bulk_fix_leaves_one_audit_line_for_each_case(world, accountant) -> None:
    for number in ("1001", "1002"):
        world.order(number, Terms="45")
    world.run()

    done, left = apply_to_many(accountant, Case.objects.all(), "void", {"reason": "old year"})

    assert (done, left) == (2, [])
    lines = AuditEvent.objects.filter(key="case.void")
    assert lines.count() == 2
    assert len({line.bulk for line in lines}) == 1


def test_replaying_while_it_is_under_way_sends_nothing_twice(world, accountant) -> None:
    world.order("1001", Terms="45")
    world.run()
    case = world.case()
    apply_remedy(accountant, case, "add_lookup", {"target": "4"})

    apply_remedy(accountant, world.case(), "again", {})
    world.run(times=2)

    assert len(world.target.creates) == 1
    assert Delivery.objects.filter(step="post").count() == 1


@pytest.fixture
def unknown_customer(world):
    """An order of a customer that the source keeps and that is linked to nothing."""
    Party.objects.create(connection=world.erp, kind="customer", key="COB", code="COB", label="Cobb")
    world.order("1001", Customer="COB", Name="Cobb")
    world.run()
    return world


PLAN = {"customer": {"entity": "Customer", "document": "party", "reference": "DisplayName"}}


def test_a_case_says_why_it_cannot_be_created_and_who_changes_that(
    unknown_customer, ana, as_person
) -> None:
    world, case = unknown_customer, unknown_customer.case()

    def page() -> str:
        return html.unescape(as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode())

    assert "“Create it there” is not possible yet" in page()
    assert "does not say how a customer is created in Harbour Books" in page()

    world.flow.design = {**world.flow.design, "creates": PLAN}
    world.flow.save()
    assert "(party to Customer) is not published. A person in the role Integrator" in page()

    mapping = Mapping.objects.create(
        workspace=world.workspace, connection=world.books, direction="outbound", entity="Customer",
        document="party", snapshot=world.books.snapshots.get(), frame={},
    )  # fmt: skip
    made = mapping.versions.create(number=1, document={}, content_hash="2" * 64, state="published")
    assert "was published after version 1 of Orders to invoices, which runs without it" in page()

    content = {**world.version.content, "creates": {"customer": {"version": made.pk}}}
    FlowVersion.objects.filter(pk=world.version.pk).update(content=content)
    assert "is not possible yet" not in page()
    assert "create" in [r.key for r in remedies_for(case)]
    # What cannot be pressed as it stands (nobody is proposed to link to) does not stand open first.
    assert re.findall(r'class="remedy" open>\s*<summary>([^<]+?)\s*<', page()) == [
        "Create it there"
    ]

    Party.objects.filter(connection=world.erp, key="COB").delete()
    assert "Harbour ERP keeps no customer “COB” that was read" in page()


def test_what_is_created_there_is_read_again_first_and_without_an_answer_is_as_it_was(
    unknown_customer, accountant, monkeypatch
) -> None:
    world, case = unknown_customer, unknown_customer.case()
    asked: list[str] = []

    def answers(party: Party) -> None:
        asked.append(party.code)
        Party.objects.filter(pk=party.pk).update(label="Cobb & Sons")

    def silent(party: Party) -> None:
        asked.append(party.code)
        raise RemoteUnavailable(system="syspro", call="read ArCustomer")

    create = remedy("create")
    assert create is not None
    for how in (answers, silent):
        monkeypatch.setattr("studio.flows.remedies.read_again", how)
        assert "will be created" in create.run(accountant, case, {})

    assert asked == ["COB", "COB"]
    assert Party.objects.get(connection=world.erp, code="COB").label == "Cobb & Sons"


def test_who_may_not_press_a_button_is_told_who_may(unknown_customer, olga, as_person) -> None:
    case = unknown_customer.case()

    page = as_person(olga).get(f"/exceptions/{case.uuid}/").content.decode()

    assert "A colleague in the role Integrator or Accountant may." in page
    assert "Assign" not in page


def test_what_a_fix_heals_leaves_out_records_that_wait_for_something_else(
    world, ana, as_person
) -> None:
    world.order("1001", Terms="45")
    world.order("1002", Terms="45", Customer="COB", Name="Cobb & Sons")
    world.run()
    first, second = Case.objects.filter(code="missing_lookup").order_by("pk")
    other = Case.objects.get(code="missing_link")
    assert other.subject == second.subject

    alone = as_person(ana).get(f"/exceptions/{first.uuid}/").content.decode()
    twice = as_person(ana).get(f"/exceptions/{second.uuid}/").content.decode()

    assert "heals 1 record" in alone
    assert "of 2; the others wait for something else, too" in alone
    assert "This record waits for something else, too:" not in alone
    assert "This record waits for something else, too:" in twice
    assert f'href="/exceptions/{other.uuid}/"' in twice


def test_a_fix_that_heals_nothing_by_itself_says_so(world, ana, as_person) -> None:
    for number in ("1001", "1002"):
        world.order(number, Terms="45", Customer="COB", Name="Cobb & Sons")
    world.run()
    case = Case.objects.filter(code="missing_lookup").first()

    page = as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()

    assert "2 records need it; each waits for something else, too" in page
    assert "heals 0" not in page


def test_a_tax_code_of_another_rate_is_asked_about_on_the_case(world, ana, as_person) -> None:
    world.terms.code_kind = "tax_code"
    world.terms.save()
    Mapping.objects.get(direction="outbound").fed_by.add(world.erp)
    Code.objects.create(connection=world.erp, kind="term", key="45", detail={"rate": "5"})
    Code.objects.create(
        connection=world.books, kind="tax_code", key="9", label="20% VAT", detail={"rate": "20"}
    )
    world.order("1001", Terms="45")
    world.run()
    case, client = world.case(), as_person(ana)
    page = f"/exceptions/{case.uuid}/"
    assert "Another rate is meant" not in client.get(page).content.decode()

    client.post(f"{page}fix/add_lookup/", {"target": "9"})
    asked = client.get(page).content.decode()

    assert "“45” is 5 % in Harbour ERP, “20% VAT” is 20 % in Harbour Books." in asked
    assert "Another rate is meant: use it" in asked
    assert not LookupRow.objects.filter(source="45").exists()
    client.post(f"{page}fix/add_lookup/", {"target": "9", "aware": "yes"})
    assert LookupRow.objects.get(source="45").target == "9"


def test_a_record_that_is_inactive_at_the_target_is_proposed_and_found(
    world, accountant, ana, as_person
) -> None:
    """Nothing else can be created under its code, so it has to be possible to choose it."""
    Party.objects.create(connection=world.erp, kind="customer", key="COB", code="COB", label="Cobb")
    for key, code, label, active in (
        ("71", "COB", "Cobb (old)", False),
        ("72", "", "Cobbler", True),
    ):
        Party.objects.create(
            connection=world.books, kind="customer", key=key, code=code, label=label, active=active
        )
    world.order("1001", Customer="COB", Name="Cobb")
    world.run()
    case = Case.objects.get(evidence__code="COB")
    client = as_person(ana)

    page = client.get(f"/exceptions/{case.uuid}/").content.decode()
    found = client.get(f"/exceptions/{case.uuid}/choices/link/target/?q=cobb").content.decode()

    assert "inactive there: once it is linked it can be made active here" in page
    assert "None is proposed" not in page
    # A person chooses it, nothing is chosen beforehand.
    assert " checked" not in page.split("Cobb (old)")[0].split("Is the same as")[-1]
    assert found.index("Cobbler") < found.index("Cobb (old)")

    apply_remedy(accountant, case, "link", {"target": "71"})
    assert Link.objects.get(kind="customer", left_code="COB").right_key == "71"
