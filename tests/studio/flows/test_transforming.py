"""From a value that was not accepted to the field that makes it, or to somebody who may change it."""

from __future__ import annotations

import html
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied

from engine.errors import RemoteRejected
from engine.issue import Issue
from studio.accounts.models import Membership
from studio.flows import trial
from studio.flows.actions import item_of
from studio.flows.bundle import bundle_of
from studio.flows.models import InboxItem
from studio.flows.parties import ask_for_party
from studio.flows.transforming import address_of, record_of
from studio.flows.work import park
from studio.linking.models import Party
from studio.mapping.models import Mapping, MappingRow, MappingVersion
from studio.monitor.waiting import waiting_for
from studio.triage.actions import apply_remedy, comment
from studio.triage.letters import send_letters, write
from studio.triage.models import Case, ClassOwner
from studio.triage.remedies import remedies_for
from studio.triage.ways import ways_for

pytestmark = pytest.mark.django_db


def refused(world: Any, field: str) -> Case:
    """An order whose document the target refuses because of one field."""
    world.order("1001", Name="Bayside Marine")
    world.target.faults = [
        RemoteRejected(system="qbo", call="create Invoice", detail="too long", field=field)
    ]
    world.run()
    return Case.objects.get()


def row(world: Any, direction: str, path: str, expression: str) -> MappingRow:
    return MappingRow.objects.create(
        mapping=Mapping.objects.get(direction=direction),
        target_path=path,
        state="approved",
        expression=expression,
    )


def test_the_button_leads_to_the_field_in_review_with_this_record_as_the_example(
    world, ivo, integrator, as_person
) -> None:
    outbound = row(world, "outbound", "Line[].Description", "line.description")
    number = row(world, "outbound", "DocNumber", "number")
    case = refused(world, "DocNumber")
    client = as_person(ivo)

    ((way, address),) = ways_for(integrator, case)
    on_case = html.unescape(client.get(f"/exceptions/{case.uuid}/").content.decode())
    review = client.get(address)
    page = html.unescape(review.content.decode())

    assert str(way.label) == "Change the transformation"
    assert f'href="{address}"' in on_case
    assert review.context["chosen"] == str(number.uuid)
    assert f"row-{number.uuid}" in page
    assert f"row-{outbound.uuid}" not in page
    # What the field makes of this very record, and the way back.
    assert "= 1001" in page
    assert case.record_label in page
    assert f"/exceptions/{case.uuid}/" in page
    # An answer to a decision on the row is made of the same record.
    assert client.get(address, HTTP_HX_REQUEST="true").context["sample"] == case.record_label


def test_a_value_of_our_own_document_leads_to_where_the_record_is_understood(
    world, integrator
) -> None:
    name = row(world, "inbound", "party_name", "Name")
    case = refused(world, "party_name")

    assert str(name.uuid) in address_of(case)
    assert str(name.mapping.uuid) in address_of(case)


def test_a_vendors_word_for_a_field_finds_the_row_below_it(world) -> None:
    customer = row(world, "outbound", "CustomerRef.value", "party")

    assert str(customer.uuid) in address_of(refused(world, "CustomerRef"))


def test_a_record_that_cannot_be_created_is_named_and_leads_to_what_makes_it(
    world, ivo, integrator, as_person, monkeypatch
) -> None:
    order = row(world, "outbound", "Title", "memo")
    mapping = Mapping.objects.create(
        workspace=world.workspace, connection=world.books, direction="outbound", entity="Customer",
        document="party", snapshot=world.books.snapshots.get(), frame={},
    )  # fmt: skip
    version = MappingVersion.objects.create(
        mapping=mapping, number=1, document={}, content_hash="5" * 64, state="published"
    )
    title = MappingRow.objects.create(
        mapping=mapping, target_path="Title", state="approved", expression="name"
    )
    world.version.content["creates"] = {
        "customer": {"version": version.pk, "number": 1, "entity": "Customer", "reference": "Title"}
    }
    world.version.save()
    Party.objects.create(
        connection=world.erp, kind="customer", key="NEW", code="NEW", label="Valley Creek Builders",
        data={"name": "Valley Creek Builders", "code": "NEW"},
    )  # fmt: skip
    world.order("1001", Customer="NEW")
    world.run()
    fault = Issue("too_long", "Title", "“Valley Creek Builders” has 21 characters, 16 are allowed.")
    made = SimpleNamespace(apply=lambda *_a, **_k: SimpleNamespace(issues=[fault], record={}))
    monkeypatch.setattr("studio.flows.parties.load_compiled", lambda _v: made)

    item = world.item("1001")
    asked = ask_for_party(item, bundle_of(world.version), "customer", "NEW")
    assert isinstance(asked, Issue)
    park(item, [asked])

    case = Case.objects.get(code="too_long")
    assert case.sentence == (
        "Customer Valley Creek Builders (NEW) cannot be created in Harbour Books. Its field Title: "
        "“Valley Creek Builders” has 21 characters, 16 are allowed."
    )
    address = address_of(case)
    assert str(title.uuid) in address
    assert str(order.uuid) not in address
    # The example is the customer, not the order.
    assert record_of(case, mapping) == {"name": "Valley Creek Builders", "code": "NEW"}
    assert as_person(ivo).get(address).status_code == 200


def test_a_field_that_a_step_fills_leads_to_the_step_with_the_record_and_back(
    world, ivo, as_person
) -> None:
    step = {"id": "s1", "kind": "set", "to": "memo", "from": "number"}
    world.version.content["design"] = {**world.version.content["design"], "steps": [step]}
    world.version.save()
    world.flow.design = world.version.content["design"]
    world.flow.save()

    case = refused(world, "memo")
    item = item_of(case)
    assert item is not None
    # More came in since than the choices hold.
    for n in range(trial.RECORDS + 1):
        world.order(f"2{n:03}")
    world.run()

    address = address_of(case)
    assert address == f"/flows/orders/steps/s1/?record=inbox-{item.pk}"
    assert_back_from(as_person(ivo).get(address), item, case)


def test_a_step_that_the_draft_dropped_leads_to_the_flow(world, ivo, as_person) -> None:
    step = {"id": "s1", "kind": "set", "to": "memo", "from": "number"}
    world.version.content["design"] = {**world.version.content["design"], "steps": [step]}
    world.version.save()

    case = refused(world, "memo")
    item = item_of(case)
    assert item is not None
    assert address_of(case) == f"/flows/orders/?record=inbox-{item.pk}"
    assert_back_from(as_person(ivo).get(address_of(case)), item, case)


def assert_back_from(answer: Any, item: InboxItem, case: Case) -> None:
    page = html.unescape(answer.content.decode())
    assert f'<option value="inbox-{item.pk}" selected>' in page
    assert f'href="/exceptions/{case.uuid}/">Back to the case of {case.record_label}' in page


def test_a_field_nobody_knows_leads_nowhere_and_asks_nobody(world, integrator) -> None:
    case = refused(world, "Whatever")

    assert ways_for(integrator, case) == []
    assert "ask_integrator" not in {r.key for r in remedies_for(case)}


def test_who_may_not_map_asks_an_integrator_in_one_click(world, ana, ivo, as_person) -> None:
    row(world, "outbound", "DocNumber", "number")
    ClassOwner.objects.create(workspace=world.workspace, case_class="value", person=ivo)
    case = refused(world, "DocNumber")
    case.assignee = None
    case.save()
    ivo.email = "ivo@harbour.example"
    ivo.save()
    client = as_person(ana)
    page = html.unescape(client.get(f"/exceptions/{case.uuid}/").content.decode())

    # As the page has it, without choosing or typing anything.
    assert "Change the transformation" not in page
    assert 'value="ivo" checked' in page
    question = "Please change how “DocNumber” is made: "
    assert question in page
    text = f"{question}{case.sentence}"
    client.post(f"/exceptions/{case.uuid}/fix/ask_integrator/", {"person": "ivo", "text": text})
    send_letters()

    case.refresh_from_db()
    assert (case.assignee, case.state) == (ivo, "in_work")
    assert case.notes.get(kind="comment").text == text
    (letter,) = mail.outbox
    assert letter.to == ["ivo@harbour.example"]
    assert text in letter.body
    assert f"/exceptions/{case.uuid}/" in letter.body
    # Asking twice would be the same question.
    assert "ask_integrator" not in {r.key for r in remedies_for(case)}


def test_who_was_asked_sees_it_on_home_answers_and_tries_again(
    world, accountant, integrator, ivo, as_person
) -> None:
    row(world, "outbound", "DocNumber", "number")
    case = refused(world, "DocNumber")
    words = lambda: [w.words for w in waiting_for(integrator, world.workspace)]  # noqa: E731
    assert not [w for w in words() if "asks for you" in w]
    with pytest.raises(PermissionDenied):
        comment(integrator, case, "Not mine.")

    apply_remedy(accountant, case, "ask_integrator", {"person": "integrator", "text": "Please."})
    case.refresh_from_db()

    assert (case.assignee, case.audience) == (None, "integrator")
    assert "1 record asks for you" in words()
    client = as_person(ivo)
    home = html.unescape(client.get("/").content.decode())
    assert "/exceptions/?role=integrator&who=nobody" in home
    client.post(f"/exceptions/{case.uuid}/comment/", {"text": "Shortened it."})
    assert case.notes.filter(author="Ivo Marsh", text="Shortened it.").exists()
    client.post(f"/exceptions/{case.uuid}/fix/again/", {"how": "current"})
    world.run()
    assert world.post("1001").state == "done"


def test_after_publishing_the_way_leads_to_the_flow_and_then_to_try_again(
    world, ivo, ana, as_person
) -> None:
    outbound = row(world, "outbound", "DocNumber", "number")
    case = refused(world, "DocNumber")
    case.assignee = ivo
    case.save()
    address = f"/mappings/{outbound.mapping.uuid}/publishing/?case={case.uuid}"
    client = as_person(ivo)

    version = outbound.mapping.versions.get()
    newer = outbound.mapping.versions.create(
        number=2, document=version.document, content_hash="2" * 64, state="published"
    )
    page = html.unescape(client.get(address).content.decode())
    assert "“Orders to invoices” runs with the earlier version" in page
    assert f"/exceptions/{case.uuid}/fix/again/" not in page

    newer.delete()
    context = client.get(address).context
    assert context["follows"] is None
    assert context["may_try_again"]
    # The accountant who reads along may try it as well; who only reads may not.
    assert as_person(ana).get(address).context["may_try_again"]
    Membership.objects.filter(user=ana).update(role="auditor")
    assert not as_person(ana).get(address).context["may_try_again"]


def test_a_label_of_two_lines_is_one_line_in_the_mail(world) -> None:
    letter = write(
        refused(world, "Name"),
        "ivo@example.org",
        "Ana asks about 1001\r\nBcc: x@example.org",
        "Why?",
    )

    assert letter.subject == "Ana asks about 1001 Bcc: x@example.org"
