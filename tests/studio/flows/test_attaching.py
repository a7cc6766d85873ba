"""The source document beside what was posted: a step of its own that never touches the posting."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from connectors.http.jsontext import load
from engine.errors import (
    AccessDenied,
    OutcomeUnknown,
    PermissionMissing,
    RemoteRejected,
    RemoteUnavailable,
    ValueRefused,
)
from engine.ports import Action, Draft, Receipt
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.flows import attaching as attaching_module
from studio.flows.attaching import put_beside
from studio.flows.deliver import count_as_posted
from studio.flows.design_diff import differences
from studio.flows.designer import canvas_of
from studio.flows.designs import shipped
from studio.flows.files import attached_words
from studio.flows.ledger import claim_delivery
from studio.flows.models import Delivery, Flow
from studio.flows.problems import examine
from studio.flows.rehearsal.run import ask, claim, run
from studio.flows.reposting import take_back_and_post_again
from studio.flows.source_paper import file_name, line_of, paper_of
from studio.flows.trial import Trial
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedies_for
from tests.studio.world import World

pytestmark = pytest.mark.django_db
REFUSED = {"system": "qbo", "call": "upload Attachable", "detail": "No such file type."}


@pytest.fixture
def attaching(world: World) -> World:
    """The world whose flow attaches the source document."""
    design = {**world.flow.design, "attach": "source"}
    world.flow.design = design
    world.flow.save()
    world.version.content = {**world.version.content, "design": design}
    world.version.save()
    return world


def file(number: str = "1001") -> Delivery:
    return Delivery.objects.get(business_key=number, step="attach")


def test_a_posting_is_followed_by_its_source_document(attaching: World) -> None:
    attaching.order("1001")

    attaching.run()

    post, sent = attaching.post("1001"), file()
    assert (sent.state, sent.follows_id, sent.entity) == ("done", post.pk, "Attachable")
    [held] = attaching.target.files
    assert (held.entity, held.key, held.kind) == ("Invoice", post.target_key, "application/pdf")
    assert held.content.startswith(b"%PDF")
    assert held.name == sent.reference
    digest = hashlib.sha256(held.content).hexdigest()
    assert attached_words(sent) == (
        f"attached: {held.name}, {len(held.content):,} bytes, sha256 {digest}"
    )
    assert not Case.objects.exists()


def test_a_flow_that_does_not_ask_for_it_attaches_nothing(world: World) -> None:
    world.order("1001")
    world.run()
    assert world.post("1001").state == "done"
    assert not Delivery.objects.filter(step="attach").exists()


def test_a_document_that_a_person_entered_gets_its_paper_too(attaching: World) -> None:
    attaching.order("1001")
    attaching.target.faults = [RemoteRejected(system="qbo", call="create Invoice")]
    attaching.run()

    taken = count_as_posted(attaching.post("1001"), Receipt("Invoice", "77", "1001", "0"))
    attaching.send()

    assert taken
    assert [f.key for f in attaching.target.files] == ["77"]


@pytest.mark.golden(11)
@pytest.mark.promise("U07")
def test_golden_11_a_failing_upload_never_touches_the_posting_and_is_tried_again_alone(
    attaching: World,
) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [
        RemoteUnavailable(system="qbo", call="upload Attachable"),
        ValueRefused(**REFUSED),
    ]

    attaching.run()
    assert (attaching.post("1001").state, attaching.item("1001").state) == ("done", "done")
    assert file().state == "ready"
    attaching.send()

    assert file().state == "parked"
    assert (attaching.post("1001").state, attaching.item("1001").state) == ("done", "done")
    attaching.run()
    assert len(attaching.target.creates) == 1
    Delivery.objects.filter(step="attach").update(state="ready")
    attaching.send()
    assert file().state == "done"
    assert (len(attaching.target.creates), len(attaching.target.files)) == (1, 1)


@pytest.mark.golden(7)
def test_an_upload_without_an_answer_is_looked_up_before_anything_is_sent_again(
    attaching: World,
) -> None:
    attaching.order("1001")
    attaching.target.late_files = [OutcomeUnknown(system="qbo", call="upload Attachable")]

    attaching.run()
    assert file().state == "unknown"
    attaching.send()

    assert file().state == "done"
    assert (len(attaching.target.files), attaching.target.file_look_ups) == (1, 1)
    assert file().tries.last().outcome == "replayed"


def test_an_upload_that_never_arrived_is_sent_again_with_the_same_bytes(attaching: World) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [OutcomeUnknown(system="qbo", call="upload Attachable")]

    attaching.run()
    before = paper_of(_said(file()))
    attaching.send()

    [sent] = attaching.target.files
    assert sent.content == before
    assert sent.idempotency_key == file().idempotency_key


def _said(delivery: Delivery) -> dict[str, Any]:
    said: dict[str, Any] = load(delivery.payload)
    return said


def test_a_fault_in_making_the_paper_is_a_case_of_the_file_and_never_touches_the_posting(
    attaching: World, accountant: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(posted: Delivery) -> dict[str, Any]:
        raise KeyError(posted.business_key)

    with monkeypatch.context() as patch:
        patch.setattr(attaching_module, "said_about", broken)
        attaching.order("1001")
        attaching.run()
    assert (attaching.post("1001").state, file().state) == ("done", "parked")
    case = Case.objects.get()
    assert case.sentence.startswith("The source document is not attached to ")

    apply_remedy(accountant, case, "attach_again", {})
    attaching.send()

    assert file().state == "done"
    assert [f.name for f in attaching.target.files] == [file().reference]


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ({"debit": "0.00", "credit": "100.00"}, "-100.00"),
        ({"debit": "0", "credit": "7"}, "-7"),
        ({"debit": "12.50", "credit": "0.00"}, "12.50"),
        ({"net_amount": "3.00", "debit": "9"}, "3.00"),
        ({}, ""),
    ],
)
def test_a_line_of_a_journal_is_a_debit_or_a_credit(line: dict[str, str], amount: str) -> None:
    assert line_of(1, line)[-1] == amount


def test_a_dead_workers_upload_is_looked_up_first(attaching: World) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [RemoteUnavailable(system="qbo", call="upload Attachable")]
    attaching.run()
    Delivery.objects.filter(step="attach").update(not_before=None)
    dead = claim_delivery(attaching.books.pk)
    assert dead is not None
    put_beside(dead, attaching.target)
    Delivery.objects.filter(pk=dead.delivery.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )

    attaching.send()

    assert file().state == "done"
    assert (len(attaching.target.files), attaching.target.file_look_ups) == (1, 1)


def test_the_paper_says_where_everything_comes_from_and_is_the_same_bytes(attaching: World) -> None:
    attaching.order("1001", Name="Bayside & <Sons>")
    attaching.run()
    said = _said(file())

    assert said["money"] == {"net": "100.00", "tax": "0.00", "gross": "100.00", "currency": "USD"}
    assert said["hash"] == attaching.item("1001").payload_hash
    assert ["Name", "Bayside & <Sons>"] in said["record"]
    assert [row[1] for row in said["lines"]] == ["Vice"]
    assert any("Ivo Marsh" in by for _, by in said["approved"])
    assert paper_of(said) == paper_of(said)
    assert paper_of({**said, "number": "1002"}) != paper_of(said)


def test_long_texts_many_fields_and_the_next_process_make_no_difference(
    attaching: World,
) -> None:
    lines = [{"Line": n, "Text": f"Part {n}", "Net": Decimal("1.00")} for n in range(1, 201)]
    attaching.order("1001", Name="long words " * 5000, Lines=lines)
    attaching.run()

    said = _said(file())
    assert (len(said["lines"]), len(said["record"]), said["left_out"] > 100) == (200, 400, True)
    raw = paper_of(said)
    assert raw == attaching.target.files[0].content
    script = (
        "import sys, django; django.setup(); from connectors.http.jsontext import load; "
        "from studio.flows.source_paper import paper_of; "
        "sys.stdout.buffer.write(paper_of(load(sys.stdin.buffer.read())))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", script], input=file().payload.encode(), capture_output=True,
        check=True, env=environment,
    )  # fmt: skip
    assert done.stdout == raw


def test_a_name_is_plain_and_says_which_content_it_is() -> None:
    assert file_name("Bill A/7+<Ö>", "0a1b2c3d") == "Bill A_7____ (0a1b2c3d).pdf"
    assert len(file_name("x" * 400, "0a1b2c3d")) < 100


def test_a_refused_file_is_a_case_of_its_own_with_two_buttons(
    attaching: World, ana, actor_of
) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [ValueRefused(**REFUSED)]
    attaching.run()

    case = attaching.case(state__in=OPEN_STATES)
    assert (case.code, case.subject) == ("not-attached", f"delivery:{file().uuid}")
    assert "No such file type." in case.sentence
    assert case.cause_label.startswith("Source documents are not attached in Harbour Books")
    assert [r.label for r in remedies_for(case)] == ["Try again", "Close without attaching"]

    apply_remedy(actor_of(ana), case, "attach_again", {})
    attaching.send()

    assert file().state == "done"
    case.refresh_from_db()
    assert case.state not in OPEN_STATES
    assert (len(attaching.target.creates), len(attaching.target.files)) == (1, 1)


def test_a_file_may_be_left_away_with_a_reason(attaching: World, ana, actor_of) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [ValueRefused(**REFUSED)]
    attaching.run()

    values = {"reason": "the paper is filed elsewhere"}
    case = attaching.case()
    with pytest.raises(ValidationError):
        apply_remedy(actor_of(ana), case, "leave_file", {"reason": ""})
    apply_remedy(actor_of(ana), case, "leave_file", values)
    attaching.run()

    assert (file().state, file().last_error) == ("void", values["reason"])
    assert attaching.post("1001").state == "done"
    case.refresh_from_db()
    assert case.closed_reason == values["reason"]
    assert not attaching.target.files


def test_what_is_missing_for_files_alone_never_rests_the_connection(attaching: World) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [
        PermissionMissing(system="xero", call="attach to Invoice"),
    ]
    attaching.run()

    books = Connection.objects.get(pk=attaching.books.pk)
    assert (books.state, books.resting()) == ("live", False)
    assert file().state == "parked"
    attaching.order("1002")
    attaching.run()
    assert attaching.post("1002").state == "done"


def test_uploads_that_are_down_do_not_rest_the_connection_but_a_lost_sign_in_does(
    attaching: World,
) -> None:
    attaching.order("1001")
    down = RemoteUnavailable(system="qbo", call="upload Attachable")
    attaching.target.file_faults = [down] * 8
    attaching.run()
    for _ in range(7):
        attaching.send()
    assert not Connection.objects.get(pk=attaching.books.pk).resting()
    attaching.target.file_faults = [AccessDenied(system="qbo", call="upload Attachable")]
    attaching.send()
    assert Connection.objects.get(pk=attaching.books.pk).state == "broken"
    assert file().state == "ready"


def test_a_file_tried_often_enough_asks_a_person_and_goes_on(attaching: World) -> None:
    attaching.order("1001")
    down = RemoteUnavailable(system="qbo", call="upload Attachable")
    attaching.target.file_faults = [down] * 30
    attaching.run()
    for _ in range(14):
        attaching.send()

    case = attaching.case()
    assert (case.code, file().state) == ("not-attached", "ready")
    attaching.target.file_faults = []
    attaching.send()
    case.refresh_from_db()
    assert (case.state, file().state) == ("auto_closed", "done")


class TestTakenBack:
    """A posting that goes back takes its file along; the next posting gets one of its own."""

    @pytest.fixture(autouse=True)
    def ends(self, attaching: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def act(draft: Draft, action: Action) -> Receipt:
            attaching.target.created[:] = [
                r for r in attaching.target.created if r.key != draft.key
            ]
            return Receipt(draft.entity, draft.key)

        monkeypatch.setattr(attaching.target, "act", act)

    def test_a_file_that_waits_is_left_away_and_its_case_closed(
        self, attaching: World, ana, actor_of
    ) -> None:
        attaching.order("1001")
        attaching.target.file_faults = [ValueRefused(**REFUSED)]
        attaching.run()
        assert attaching.case().state in OPEN_STATES
        first = file()

        take_back_and_post_again(actor_of(ana), attaching.item("1001"), "wrong account")

        first.refresh_from_db()
        assert first.state == "void"
        assert not Case.objects.filter(state__in=OPEN_STATES).exists()
        attaching.send()
        attaching.run()
        living = Delivery.objects.get(step="post", state="done")
        files = Delivery.objects.filter(step="attach").exclude(pk=first.pk)
        assert [(f.follows_id, f.state) for f in files] == [(living.pk, "done")]
        assert [f.key for f in attaching.target.files] == [living.target_key]

    def test_a_file_on_its_way_while_the_posting_goes_back_is_no_case(
        self, attaching: World, ana, actor_of
    ) -> None:
        attaching.order("1001")

        def attach(sent: object) -> Receipt:
            del attaching.target.attach  # the next call is the usual one
            take_back_and_post_again(actor_of(ana), attaching.item("1001"), "wrong account")
            raise RemoteRejected(**REFUSED)

        attaching.target.attach = attach
        attaching.run()

        assert Delivery.objects.filter(step="attach").earliest("pk").state == "void"
        assert not Case.objects.filter(state__in=OPEN_STATES).exists()


def test_people_and_programs_see_what_was_attached(attaching: World, client, ana) -> None:
    attaching.order("1001")
    attaching.run()
    client.force_login(ana)
    sent, post = file(), attaching.post("1001")

    journey = client.get(reverse("flows:item", args=[post.item.uuid])).content.decode()
    explained = client.get(reverse("flows:explain", args=[post.uuid])).content.decode()

    assert sent.basis["sha256"] in journey
    assert f"{sent.basis['bytes']:,} bytes" in journey
    assert sent.reference in explained
    assert sent.basis["sha256"] in explained


def test_a_rehearsal_counts_what_would_be_attached_and_sends_nothing(
    attaching: World, client, ivo, actor_of
) -> None:
    attaching.order("1001")
    attaching.order("1002")
    attaching.order("1003", Status="1")
    asked = claim(ask(actor_of(ivo), attaching.flow).pk)
    assert asked is not None

    done = run(asked)

    assert (done.error, done.totals["attached"]) == ("", 2)
    assert not attaching.target.files
    assert not Delivery.objects.exists()
    client.force_login(ivo)
    page = client.get(reverse("flows:rehearsal", args=[done.uuid])).content.decode()
    assert "2 source documents would be attached in Harbour Books" in page


def test_the_delivery_step_says_whether_it_attaches(world: World, client, ivo) -> None:
    client.force_login(ivo)
    panel = client.get("/flows/orders/steps/deliver/").content.decode()
    assert "Attach the source document" in panel

    for said, kept in (("source", "source"), ("", None)):
        world.flow.refresh_from_db()
        form = {"do": "change", "step": "deliver", "revision": world.flow.revision, "attach": said}
        client.post("/flows/orders/edit/", form)
        world.flow.refresh_from_db()
        assert world.flow.design.get("attach") == kept

    world.flow.refresh_from_db()
    form = {"do": "change", "step": "deliver", "revision": world.flow.revision, "attach": "photo"}
    answer = client.post("/flows/orders/edit/", form, follow=True).content.decode()
    assert "Choose whether the source document is attached." in answer
    world.flow.refresh_from_db()
    assert "attach" not in world.flow.design


def test_the_designer_says_it_in_a_sentence_and_the_comparison_names_it(attaching: World) -> None:
    design = attaching.flow.design
    canvas = canvas_of(attaching.flow, design, examine(attaching.flow, design), Trial())
    deliver = canvas.node("deliver")
    assert deliver is not None
    assert "The source document goes beside it as PDF." in deliver.words
    without = {k: v for k, v in design.items() if k != "attach"}
    there, back = differences(without, design), differences(design, without)
    assert [(d.step, d.words) for d in there] == [("deliver", "The source document is attached")]
    assert [d.words for d in back] == ["Nothing is attached any more"]


def test_what_takes_no_files_refuses_to_compile_with_the_way_out(
    attaching: World, client, ivo
) -> None:
    flow = attaching.flow
    assert not [p for p in examine(flow, flow.design).problems if p.step == "deliver"]
    branches = [{"when": "TRUE", "entity": "Customer", "label": "All"}]
    [refused] = [
        p
        for p in examine(flow, {**flow.design, "branches": branches}).problems
        if p.step == "deliver"
    ]
    assert refused.refuses
    assert refused.sentence == (
        "Harbour Books keeps no files that we can put beside Customer, so the source document cannot be "
        "attached."
    )
    assert refused.ways[0].values["attach"] == ""
    [odd] = [
        p for p in examine(flow, {**flow.design, "attach": "photo"}).problems if p.step == "deliver"
    ]
    assert "only the source document" in odd.sentence
    Connection.objects.filter(pk=attaching.books.pk).update(system="syspro")
    flow = Flow.objects.get(pk=flow.pk)
    assert [p for p in examine(flow, flow.design).problems if p.step == "deliver" and p.refuses]
    flow.design.pop("attach")
    flow.save()
    client.force_login(ivo)
    panel = client.get("/flows/orders/steps/deliver/").content.decode()
    assert "keeps no files beside Invoice" in panel
    assert 'name="attach"' not in panel


def test_only_supplier_invoices_attach_as_shipped() -> None:
    asking = {d["key"] for d in shipped() if d.get("attach")}
    assert asking == {"bills-to-qbo", "bills-to-xero"}


def test_the_case_page_shows_the_record_and_both_buttons(attaching: World, client, ana) -> None:
    attaching.order("1001")
    attaching.target.file_faults = [ValueRefused(**REFUSED)]
    attaching.run()
    client.force_login(ana)

    page = client.get(reverse("triage:case", args=[attaching.case().uuid])).content.decode()

    assert "Try again" in page
    assert "Close without attaching" in page
    assert "Attach to Harbour Books" in page
    assert "Bayside" in page
    assert "Use another value" not in page
