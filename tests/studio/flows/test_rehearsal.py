from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.http.jsontext import load
from engine.errors import RemoteUnavailable
from engine.ports import SourceRecord
from engine.runtime.idempotency import content_hash
from studio.accounts.models import User
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecisionRefused
from studio.flows import drafts
from studio.flows.actions import publish_flow
from studio.flows.edits import add
from studio.flows.models import Delivery, FlowVersion, InboxItem, Planned, Rehearsal
from studio.flows.rehearsal.caution import caution_of
from studio.flows.rehearsal.changed import dropped_by
from studio.flows.rehearsal.narrowed import narrowed
from studio.flows.rehearsal.run import ask, claim, run
from studio.flows.rehearsal.sign import check_reality, sign
from studio.flows.rehearsal.standing import newest_of_draft, superseded, waits_for
from studio.flows.rehearsal.target import TargetNow
from studio.flows.rehearsal.totals import Totals
from studio.flows.sweep import sweep
from studio.mapping.models import LookupRow, MappingVersion
from studio.triage.models import Case

pytestmark = pytest.mark.django_db


@pytest.fixture
def prepared(world: Any) -> Any:
    """The world before it went live: the same version, not published yet."""
    world.flow.state = "draft"
    world.flow.save()
    world.flow.versions.all().delete()
    return world


def rehearse(world: Any, actor: Actor, **more: str) -> Rehearsal:
    asked = claim(ask(actor, world.flow, **more).pk)
    assert asked is not None
    done = run(asked)
    assert done.error == ""
    return done


def read(done: Rehearsal) -> Rehearsal:
    """The rehearsal and its flow as they are stored now."""
    return Rehearsal.objects.select_related("flow", "version").get(pk=done.pk)


def outcomes(done: Rehearsal) -> dict[str, str]:
    return dict(done.plan.values_list("key", "outcome"))


@pytest.mark.promise("U03")
def test_every_outcome_is_planned_and_nothing_is_written(prepared, integrator) -> None:
    world = prepared
    world.target.created = []
    world.target.records["Invoice"] = [
        SourceRecord("Invoice", "7", "1", {"DocNumber": "1003", "TotalAmt": Decimal("99.00")})
    ]
    world.order("1001")
    world.order("1002", Terms="45")
    world.order("1003", Net=Decimal("99.00"))
    world.order("1004", Status="1")

    done = rehearse(world, integrator)

    assert outcomes(done) == {
        "1001": "create",
        "1002": "refused",
        "1003": "would_duplicate",
        "1004": "filtered",
    }
    assert done.plan.get(key="1003").twin == {"key": "7", "number": "1003", "gross": "99.00"}
    assert "45" in done.plan.get(key="1002").why
    assert not world.target.creates
    assert not InboxItem.objects.exists()
    assert not Delivery.objects.exists()
    assert not Case.objects.exists()


def test_totals_by_party_and_month_add_up_to_what_would_be_created(prepared, integrator) -> None:
    world = prepared
    world.order("1001", Net=Decimal("10.10"))
    world.order("1002", Net=Decimal("20.20"), OrderDate="2026-10-31", Name="Cove")
    world.order("1003", Terms="45")

    totals = rehearse(world, integrator).totals

    assert totals["outcomes"]["create"] == {"count": 2, "money": {"USD": "30.30"}}
    assert totals["outcomes"]["refused"]["count"] == 1
    assert totals["groups"]["period"] == [
        ["2026-10", "USD", "20.20", 1],
        ["2026-11", "USD", "10.10", 1],
    ]
    assert totals["groups"]["party"] == [
        ["Cove", "USD", "20.20", 1],
        ["Bayside", "USD", "10.10", 1],
    ]
    assert [(n, money) for _, n, money in totals["reasons"]] == [(1, {"USD": "100.00"})]


def test_every_reason_of_a_refused_record_is_told_and_grouped_with_its_money(
    prepared, integrator, client: Client, ivo
) -> None:
    world = prepared
    world.order("1001", Terms="45", Customer="COB", Net=Decimal("40.00"))
    world.order("1002", Terms="45", Net=Decimal("60.00"))
    world.order("1003", Terms="45", Net=Decimal("5.00"), Currency="EUR")

    done = rehearse(world, integrator)

    terms, customer = "“45” is not in the table", "“COB”"
    both = done.plan.get(key="1001").reasons
    assert len(both) == 2
    assert any(customer in said for said in both)
    groups = [(n, money) for said, n, money in done.totals["reasons"] if terms in said]
    assert groups == [(3, {"USD": "100.00", "EUR": "5.00"})]
    groups = [(n, money) for said, n, money in done.totals["reasons"] if customer in said]
    assert groups == [(1, {"USD": "40.00"})]
    client.force_login(ivo)
    page = client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()
    row = page[page.index(">Order 1001<") :].split("</tr>")[0]
    assert row.count("<li>") == 2
    row = page[page.index(">Order 1002<") :].split("</tr>")[0]
    assert terms in row


def test_many_causes_of_one_kind_are_one_row_that_leads_to_where_they_are_settled(
    prepared, integrator, client: Client, ivo
) -> None:
    world = prepared
    for n in range(4):
        world.order(f"100{n}", Customer=f"NEW{n}", Net=Decimal("10.00"))
    world.order("1009", Terms="45")

    done = rehearse(world, integrator)

    client.force_login(ivo)
    page = client.get(f"/flows/rehearsals/{done.uuid}/")
    together, alone = page.context["reasons"]
    assert together.said == f"4 customers are linked to nothing in {world.books} yet."
    assert (together.count, together.money) == (4, {"USD": "40.00"})
    assert together.url == "/matches/?kind=customer"
    assert [said for said in together.parts if "NEW2" in said]
    assert "“45”" in alone.said
    assert alone.url == f"/values/?table={world.terms.uuid}"


def test_who_goes_live_without_a_signature_is_told_so(
    prepared, integrator, client: Client, ivo
) -> None:
    world = prepared
    world.flow.design = world.flow.design | {"risk": "records"}
    world.flow.save()
    world.order("1001")

    done = rehearse(world, integrator)

    client.force_login(ivo)
    page = client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()
    assert "Go live without a signature" in page
    assert "Go live as signed" not in page


def test_a_rehearsal_from_before_reasons_had_money_is_still_shown(
    prepared, integrator, client: Client, ivo
) -> None:
    prepared.order("1001", Terms="45")
    done = rehearse(prepared, integrator)
    done.totals["reasons"] = [["“45” is unknown", 1]]
    done.save()
    client.force_login(ivo)

    assert "“45” is unknown" in client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()


def test_lines_are_added_up_by_account_and_tax_code_as_the_design_says(
    prepared, integrator
) -> None:
    world = prepared
    world.flow.refresh_from_db()
    plan = world.flow.design["entities"]["Invoice"]
    plan["lines"] = {
        "path": "Line",
        "amount": "Amount",
        "tax_code": "Description",
        "account_of": {"path": "Description", "entity": "Item", "account": "Account"},
    }
    world.flow.save()
    world.target.records["Item"] = [SourceRecord("Item", "Vice", "1", {"Account": "4000"})]
    lines = [
        {"Line": 1, "Text": "Vice", "Net": Decimal("1.50")},
        {"Line": 2, "Text": "Saw", "Net": Decimal("2.25")},
    ]
    world.order("1001", Lines=lines)

    groups = rehearse(world, integrator).totals["groups"]

    assert groups["account"] == [["", "USD", "2.25", 1], ["4000", "USD", "1.50", 1]]
    assert groups["tax_code"] == [["Saw", "USD", "2.25", 1], ["Vice", "USD", "1.50", 1]]


def test_what_is_posted_already_is_unchanged_and_a_later_change_shows_its_fields(
    world, integrator
) -> None:
    world.order("1001")
    world.order("1002")
    world.run()
    world.order("1002", Net=Decimal("120.00"))

    done = rehearse(world, integrator)

    assert outcomes(done) == {"1001": "unchanged", "1002": "refused"}
    changed = done.plan.get(key="1002")
    assert changed.code == "changed-after-posting"
    assert ["gross_total", "100.00", "120.00"] in changed.diff
    assert InboxItem.objects.filter(key="1002").count() == 1


def test_only_documents_from_the_chosen_day_or_what_is_new_or_what_is_stored(
    world, integrator
) -> None:
    world.order("1001", OrderDate="2026-10-31")
    world.order("1002")
    world.poll()
    world.order("1003")

    assert set(outcomes(rehearse(world, integrator, since="2026-11-01"))) == {"1002", "1003"}
    assert set(outcomes(rehearse(world, integrator, reads="new"))) == {"1003"}
    assert set(outcomes(rehearse(world, integrator, reads="stored"))) == {"1001", "1002"}


def test_a_source_that_does_not_answer_fails_the_rehearsal_with_its_sentence(
    prepared, integrator, monkeypatch
) -> None:
    world = prepared

    def down(*_: Any, **__: Any) -> Any:
        raise RemoteUnavailable(system="Harbour ERP", call="changes")

    monkeypatch.setattr(world.source, "changes", down)
    asked = claim(ask(integrator, world.flow).pk)

    done = run(asked)

    assert done.state == "failed"
    assert "Harbour ERP" in done.error


def test_a_rehearsal_whose_worker_died_is_begun_again_by_the_sweep(prepared, integrator) -> None:
    world = prepared
    world.order("1001")
    asked = ask(integrator, world.flow)
    assert claim(asked.pk) is not None
    assert claim(asked.pk) is None
    Rehearsal.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    sweep()
    again = claim(asked.pk)

    assert again is not None
    assert outcomes(run(again)) == {"1001": "create"}


ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "Net": st.decimals("0.01", "9999.99", places=2),
            "Terms": st.sampled_from(["30", "45"]),
            "Status": st.sampled_from(["9", "1"]),
            "OrderDate": st.sampled_from(["2026-11-02", "2026-12-24"]),
            "Customer": st.sampled_from(["BAY", "NOBODY"]),
        }
    ),
    max_size=8,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(orders=ORDERS)
def test_a_live_run_right_after_intends_exactly_what_was_rehearsed(
    world, integrator, orders
) -> None:
    for model in (Rehearsal, Case):
        model.objects.all().delete()
    Delivery.objects.exclude(follows=None).delete()
    Delivery.objects.all().delete()
    InboxItem.objects.all().delete()
    world.flow.cursors.all().delete()
    world.source.records.clear()
    world.target.records.clear()
    world.target.created.clear()
    for number, changes in enumerate(orders):
        world.order(f"{number:04}", **changes)

    done = rehearse(world, integrator)
    world.run()

    planned = set(done.plan.filter(outcome="create").values_list("key", "intent"))
    lived = {
        (d.business_key, content_hash([d.step, d.entity, d.business_key, load(d.payload)]))
        for d in Delivery.objects.exclude(step="write_back")
    }
    assert planned == lived
    assert set(done.plan.filter(outcome="refused").values_list("key", flat=True)) == set(
        InboxItem.objects.filter(state="parked").values_list("key", flat=True)
    )


# --- signing and going live -------------------------------------------------------------------------


def test_a_version_that_moves_money_goes_live_only_with_anothers_signature(
    prepared, integrator, accountant
) -> None:
    world = prepared
    world.order("1001")
    with pytest.raises(DecisionRefused, match="nobody has signed"):
        publish_flow(integrator, world.flow)
    done = rehearse(world, integrator)
    said = "waits for the signature of an accountant: Ana Keller"
    with pytest.raises(ValidationError, match=said):
        sign(integrator, done, content_hash=done.content_hash)
    with pytest.raises(DecisionRefused) as refused:
        publish_flow(integrator, world.flow)
    assert "its rehearsal is not signed yet" in refused.value.sentence
    assert said in refused.value.fix

    sign(accountant, done, content_hash=done.content_hash)
    version = publish_flow(integrator, world.flow)

    assert (version.state, version.signed_by) == ("published", accountant.name)
    assert version.rehearsal_hash == done.content_hash
    world.run()
    assert world.post("1001").state == "done"


def test_who_prepared_it_cannot_sign_it_even_with_the_right_to(prepared, integrator) -> None:
    world = prepared
    both = Actor(
        integrator.name,
        "owner",
        integrator.permissions | {"approve"},
        integrator.user_id,
        integrator.workspace_key,
    )
    done = rehearse(world, both)

    with pytest.raises(ValidationError, match="four eyes"):
        sign(both, done, content_hash=done.content_hash)


def test_a_token_of_who_prepared_it_is_no_second_person(prepared, integrator) -> None:
    both = replace(integrator, permissions=integrator.permissions | {"approve"})
    done = rehearse(prepared, both)
    token = replace(both, name=f"token: loader ({both.name})")

    with pytest.raises(ValidationError, match="four eyes"):
        sign(token, done, content_hash=done.content_hash)


def test_an_auditor_cannot_rehearse_nor_sign(prepared, integrator, olga, actor_of) -> None:
    world = prepared
    done = rehearse(world, integrator)
    with pytest.raises(ValidationError):
        sign(actor_of(olga), done, content_hash=done.content_hash)
    with pytest.raises(PermissionDenied):
        publish_flow(actor_of(olga), world.flow)


def test_a_rehearsal_is_superseded_by_a_newer_one_of_its_version_and_cannot_be_signed(
    prepared, integrator, accountant, client: Client, ana
) -> None:
    world = prepared
    world.order("1001")
    older = rehearse(world, integrator)
    failed = ask(integrator, world.flow)
    Rehearsal.objects.filter(pk=failed.pk).update(state="failed")
    assert superseded(older) is None
    newer = rehearse(world, integrator)

    with pytest.raises(ValidationError, match="newer rehearsal of this version"):
        sign(accountant, older, content_hash=older.content_hash)

    client.force_login(ana)
    page = client.get(f"/flows/rehearsals/{older.uuid}/").content.decode()
    assert "Superseded" in page
    assert f'href="/flows/rehearsals/{newer.uuid}/">Open the newest rehearsal' in page
    assert "Sign this rehearsal" not in page
    assert 'href="#sign"' not in page
    client.post(f"/flows/rehearsals/{older.uuid}/sign/", {"hash": older.content_hash})
    older.refresh_from_db()
    assert older.signed_at is None
    listed = client.get(f"/flows/{world.flow.key}/rehearsals/").content.decode()
    assert listed.count("Superseded") == 1
    assert listed.count("Waits for a signature") == 1
    sign(accountant, newer, content_hash=newer.content_hash)
    # What is signed stays so when somebody looks once more.
    rehearse(world, integrator)
    newer.refresh_from_db()
    assert superseded(newer) is None


def test_a_rehearsal_is_superseded_when_the_draft_or_a_mapping_changed(
    prepared, integrator, accountant, client: Client, ana, ivo
) -> None:
    world = prepared
    world.order("1001")
    done = rehearse(world, integrator)
    drafts.edit(integrator, world.flow, world.flow.revision, lambda design: add(design, "rule"))

    with pytest.raises(ValidationError, match="was changed since this was rehearsed"):
        sign(accountant, read(done), content_hash=done.content_hash)
    client.force_login(ana)
    page = client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()
    assert "Rehearse again" in page
    assert "Sign this rehearsal" not in page
    assert "waits for your signature" not in client.get("/").content.decode()

    drafts.undo(integrator, world.flow)
    assert superseded(read(done)) is None
    one = MappingVersion.objects.get(mapping__direction="outbound")
    MappingVersion.objects.create(
        mapping=one.mapping,
        number=2,
        document={**one.document, "note": "another"},
        content_hash="2" * 64,
        published_by="I",
    )
    MappingVersion.objects.filter(pk=one.pk).update(state="retired")
    assert superseded(read(done)) is not None


def test_the_flow_and_the_rehearsal_say_for_whom_they_wait(
    prepared, integrator, accountant, client: Client, ana, ivo
) -> None:
    world = prepared
    world.order("1001")
    done = rehearse(world, integrator)
    said = "It waits for the signature of an accountant: Ana Keller."

    client.force_login(ivo)
    flow = client.get(f"/flows/{world.flow.key}/").content.decode()
    assert said in flow
    assert f"/flows/rehearsals/{done.uuid}/" in flow
    assert said in client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()
    answer = client.post(f"/flows/{world.flow.key}/publish/", follow=True).content.decode()
    assert said in answer
    sign(accountant, done, content_hash=done.content_hash)
    assert "Ana Keller signed it" in client.get(f"/flows/{world.flow.key}/").content.decode()
    # Looked at once more, it is signed all the same; once it is live, it is history.
    rehearse(world, integrator)
    assert "Ana Keller signed it" in client.get(f"/flows/{world.flow.key}/").content.decode()
    publish_flow(integrator, world.flow)
    drafts.edit(integrator, world.flow, world.flow.revision, lambda design: add(design, "rule"))
    assert superseded(read(done)) is None


def test_where_nobody_may_sign_that_is_said(prepared, integrator) -> None:
    prepared.order("1001")
    done = rehearse(prepared, integrator)

    assert "there is none here" in waits_for(done)


def test_signing_what_would_post_nothing_is_a_conscious_act(
    prepared, integrator, accountant, client: Client, ana
) -> None:
    world = prepared
    world.order("1001", Status="1", Net=Decimal("40.00"))
    world.order("1002", Status="1", Net=Decimal("60.00"))
    done = rehearse(world, integrator)
    assert done.totals["left_out"] == [["filter", 2, {"USD": "100.00"}]]

    with pytest.raises(ValidationError, match="Say that you know it"):
        sign(accountant, done, content_hash=done.content_hash)
    client.force_login(ana)
    page = " ".join(client.get(f"/flows/rehearsals/{done.uuid}/").content.decode().split())
    assert "It would post nothing. 2 of the 2 records it read (100 %) are left out" in page
    assert "“Filter” lets only those pass where status is “completed”." in page
    assert f'href="/flows/{world.flow.key}/steps/filter/">Look at the condition' in page
    asked = {"hash": done.content_hash, "share": "0"}
    client.post(f"/flows/rehearsals/{done.uuid}/sign/", asked)
    done.refresh_from_db()
    assert done.signed_at is None
    client.post(f"/flows/rehearsals/{done.uuid}/sign/", asked | {"aware": "yes"})
    done.refresh_from_db()
    assert done.signed_at is not None
    line = AuditEvent.objects.get(key="flow.rehearsal_signed")
    assert line.data["caution"].startswith("It would post nothing.")


def test_a_look_from_a_day_on_says_what_is_earlier_and_cannot_be_signed(
    prepared, integrator, accountant, client: Client, ana
) -> None:
    world = prepared
    world.order("1001", Net=Decimal("40.00"), OrderDate="2026-10-01")
    world.order("1002", Net=Decimal("1060.00"), OrderDate="2026-10-02")
    world.order("1003", Status="1", OrderDate="2026-10-03")
    whole = rehearse(world, integrator)
    look = rehearse(world, integrator, since="2099-01-01")

    said = narrowed(look)
    assert "documents dated from 1 Jan 2099 on" in said
    assert "2 earlier ones would be written, too: 1,100.00 USD." in said
    with pytest.raises(ValidationError, match="rehearse without a day"):
        sign(accountant, look, content_hash=look.content_hash, aware=True)
    client.force_login(ana)
    page = " ".join(client.get(f"/flows/rehearsals/{look.uuid}/").content.decode().split())
    assert "Only a look" in page
    assert "2 earlier ones would be written, too: 1,100.00 USD." in page
    assert "would post nothing" not in page
    assert "Sign this rehearsal" not in page
    assert superseded(whole) is None, "a look takes the place of nothing"
    assert newest_of_draft(world.flow) == whole


def test_what_is_only_stored_is_not_signed_either(prepared, integrator, accountant) -> None:
    prepared.order("1001")
    prepared.poll()
    done = rehearse(prepared, integrator, reads="stored")

    with pytest.raises(ValidationError, match="rehearse what the source has"):
        sign(accountant, done, content_hash=done.content_hash)


def test_a_signature_under_a_look_of_earlier_days_lets_nothing_go_live(
    prepared, integrator, accountant
) -> None:
    world = prepared
    world.order("1001", OrderDate="2026-10-01")
    look = rehearse(world, integrator, since="2099-01-01")
    Rehearsal.objects.filter(pk=look.pk).update(signed_by="Ana Keller", signed_at=timezone.now())

    with pytest.raises(DecisionRefused, match="nobody has signed what it will do"):
        check_reality(integrator, world.flow, look.version)


def test_where_many_are_refused_or_meet_no_branch_that_is_said_and_signed_all_the_same(
    prepared, integrator, accountant
) -> None:
    world = prepared
    world.flow.design["branches"][0]["when"] = 'currency = "USD"'
    world.flow.save()
    world.order("1001")
    world.order("1002", Terms="45")
    world.order("1003", Currency="EUR")

    done = rehearse(world, integrator)
    caution = caution_of(done)

    assert caution is not None
    assert not caution.nothing
    assert caution.sentence == "2 of the 3 records it read (67 %) are left out or refused."
    said = [(row.count, row.said) for row in caution.reasons]
    assert (1, "They meet the condition of no branch: currency is “USD”.") in said
    assert any("45" in words for _n, words in said)
    sign(accountant, done, content_hash=done.content_hash)


def test_a_rehearsal_that_posts_most_of_what_it_read_warns_of_nothing(prepared, integrator) -> None:
    for number in ("1001", "1002"):
        prepared.order(number)
    prepared.order("1003", Status="1")

    assert caution_of(rehearse(prepared, integrator)) is None


def test_a_plan_that_is_not_the_one_shown_cannot_be_signed(
    prepared, integrator, accountant
) -> None:
    world = prepared
    world.order("1001")
    done = rehearse(world, integrator)
    with pytest.raises(ValidationError, match="not the plan"):
        sign(accountant, done, content_hash="0" * 64)
    done.plan.update(intent="0" * 64)
    with pytest.raises(ValidationError, match="not the plan"):
        sign(accountant, done, content_hash=done.content_hash)


def signed(world: Any, integrator: Actor, accountant: Actor, **more: Any) -> FlowVersion:
    done = rehearse(world, integrator)
    sign(accountant, done, content_hash=done.content_hash, **more)
    return done.version


def test_records_that_came_since_go_along_or_not_as_the_signature_says(
    prepared, integrator, accountant
) -> None:
    world = prepared
    world.order("1001")
    version = signed(world, integrator, accountant, allow_new=False)
    world.order("1002")

    with pytest.raises(DecisionRefused, match="1 records came since"):
        check_reality(integrator, world.flow, version)

    version = signed(world, integrator, accountant, allow_new=True)
    world.order("1003")
    check_reality(integrator, world.flow, version)
    assert Rehearsal.objects.filter(kind="check").first().totals["delta"]["new"] == 1


def test_going_live_is_refused_when_a_signed_write_is_another_now(
    prepared, integrator, accountant
) -> None:
    world = prepared
    world.order("1001")
    world.order("1002")
    signed(world, integrator, accountant)
    LookupRow.objects.update(target="4")

    with pytest.raises(DecisionRefused, match="2 writes are different"):
        publish_flow(integrator, world.flow)

    world.flow.refresh_from_db()
    assert world.flow.state == "draft"
    assert not FlowVersion.objects.filter(state="published").exists()


def test_a_share_of_changes_can_be_allowed_when_signing(prepared, integrator, accountant) -> None:
    world = prepared
    for number in ("1001", "1002", "1003", "1004"):
        world.order(number)
    signed(world, integrator, accountant, share="25")
    world.order("1004", Net=Decimal("101.00"))

    assert publish_flow(integrator, world.flow).state == "published"


def test_a_changed_mapping_needs_a_new_signature(prepared, integrator, accountant) -> None:
    world = prepared
    world.order("1001")
    signed(world, integrator, accountant)
    publish_flow(integrator, world.flow)
    one = MappingVersion.objects.get(mapping__direction="outbound")
    document = {**one.document, "note": "another"}
    MappingVersion.objects.create(
        mapping=one.mapping, number=2, document=document, content_hash="2" * 64, published_by="I"
    )
    MappingVersion.objects.filter(pk=one.pk).update(state="retired")

    with pytest.raises(DecisionRefused, match="nobody has signed"):
        publish_flow(integrator, world.flow)


# --- pages ------------------------------------------------------------------------------------------


def test_the_page_shows_totals_groups_records_and_takes_the_signature(
    prepared, integrator, client: Client, ivo: User, ana: User
) -> None:
    world = prepared
    world.order("1001")
    world.order("1002", Terms="45")
    client.force_login(ivo)
    answer = client.post(f"/flows/{world.flow.key}/rehearse/", {"reads": "live", "since": ""})
    assert b"Waiting for a worker" in client.get(answer.url).content
    asked = claim(Rehearsal.objects.get().pk)
    assert asked is not None
    done = run(asked)

    client.force_login(ana)
    part = client.get(answer.url, headers={"HX-Request": "true"}).content.decode()
    badge = part.split('id="rehearsal-state" hx-swap-oob="true"')[1]
    assert "Waits for a signature" in badge
    assert "Waiting" not in part
    assert 'href="#sign"' in part
    shown = client.get(answer.url).content.decode()
    assert shown.count('id="rehearsal-state"') == 1
    assert shown.index("Would be created") < shown.index("Why records would be refused")
    assert shown.index("Why records would be refused") < shown.index(">Order 1001<")
    only = client.get(f"{answer.url}?outcome=refused").content.decode()
    assert ">Order 1001<" not in only
    client.post(f"{answer.url}sign/", {"hash": done.content_hash, "share": "0", "allow_new": "yes"})
    signed = client.get(answer.url).content.decode()
    assert f"Signed by {ana}" in signed.split('id="rehearsal-state"')[1].split("</p>")[0]
    assert 'href="#sign"' not in signed
    client.force_login(ivo)
    assert "Go live as signed" in client.get(answer.url).content.decode()
    assert f"Signed by {ana}" in client.get(f"/flows/{world.flow.key}/rehearsals/").content.decode()

    client.force_login(ivo)
    client.post(f"/flows/{world.flow.key}/publish/")
    world.flow.refresh_from_db()
    assert world.flow.state == "live"


def test_who_signs_sees_each_changed_step_before_and_after_and_the_way_to_the_comparison(
    world, integrator, client: Client, ana
) -> None:
    earlier = world.flow.versions.get()
    world.order("1001")
    world.flow.design["filter"] = 'order_number = "1001"'
    world.flow.save()
    done = rehearse(world, integrator)
    client.force_login(ana)

    page = client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()

    head, rows = page.split('id="changed"')[1].split("<tbody>", 1)
    assert f"What it changes against version {earlier.number}" in head
    address = f"/flows/{world.flow.key}/compare/?before={earlier.number}&amp;after="
    assert f'{address}{done.version.number}"' in head
    before, after = rows.split("</tr>")[0].split("<td>")[1:3]
    assert "1001" in after
    assert "1001" not in before
    assert "the condition" in rows.split("</tr>")[0]
    assert client.get(f"{address}{done.version.number}".replace("&amp;", "&")).status_code == 200


def test_an_account_that_the_line_does_not_name_is_said_to_be_the_items(
    prepared, integrator, client: Client, ana
) -> None:
    world = prepared
    world.flow.refresh_from_db()
    world.flow.design["entities"]["Invoice"]["lines"] = {
        "path": "Line",
        "amount": "Amount",
        "account_of": {"path": "Description", "entity": "Item", "account": "Account"},
    }
    world.flow.save()
    world.order("1001", Lines=[{"Line": 1, "Text": "Saw", "Net": Decimal("2.25")}])
    done = rehearse(world, integrator)
    client.force_login(ana)

    page = client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()

    assert "as the item says" in page
    assert "as Harbour Books decides: the line says none" in page


def test_of_a_first_version_it_is_said_that_nothing_is_in_force_yet(
    prepared, integrator, client: Client, ana
) -> None:
    done = rehearse(prepared, integrator)
    client.force_login(ana)

    page = client.get(f"/flows/rehearsals/{done.uuid}/").content.decode()

    assert "nothing of this flow is in force yet" in page


def test_the_note_of_a_version_outlives_the_way_through_a_signature(prepared, ana, ivo) -> None:
    world, client = prepared, Client()
    world.order("1001")
    client.force_login(ivo)
    client.post(f"/flows/{world.flow.key}/publish/", {"note": "terms by table"})
    assert 'value="terms by table"' in client.get(f"/flows/{world.flow.key}/").content.decode()
    answer = client.post(f"/flows/{world.flow.key}/rehearse/", {"reads": "live", "since": ""})
    asked = claim(Rehearsal.objects.get().pk)
    assert asked is not None
    signed = {"hash": run(asked).content_hash, "share": "0", "allow_new": "yes"}
    signer = Client()
    signer.force_login(ana)
    signer.post(f"{answer.url}sign/", signed)

    client.post(f"/flows/{world.flow.key}/publish/")

    assert world.flow.versions.get(state="published").note == "terms by table"
    assert "terms by table" not in client.get(f"/flows/{world.flow.key}/steps/").content.decode()


def test_a_day_that_is_none_is_said_and_nothing_is_rehearsed(world, client: Client, ivo) -> None:
    client.force_login(ivo)
    answer = client.post(f"/flows/{world.flow.key}/rehearse/", {"since": "Monday"}, follow=True)
    assert b"YYYY-MM-DD" in answer.content
    assert not Rehearsal.objects.exists()


@pytest.mark.parametrize(("code", "woken"), [("45", 2), ("30", 0)])
def test_codes_a_rehearsal_met_are_looked_up(
    prepared, integrator, monkeypatch, code, woken
) -> None:
    said: list[tuple[Any, ...]] = []
    monkeypatch.setattr("studio.flows.rehearsal.run.nudge", lambda *one: said.append(one))
    prepared.order("1001", Terms=code)

    rehearse(prepared, integrator)

    asked = [key for task, *key in said if task == "mapping.propose_values"]
    assert len(asked) == woken
    if woken:
        assert asked == [[prepared.books.pk], [prepared.erp.pk]]


def test_a_record_held_up_today_that_the_version_lets_go_is_named_before_the_signature(
    world, integrator, ana, as_person
) -> None:
    world.order("1001", Terms="45", Net=Decimal("300.00"))
    world.run()
    step = {"id": "f1", "kind": "filter", "when": "gross_total > 500"}
    world.flow.design = {**world.flow.design, "steps": [step]}
    world.flow.save()

    done = read(rehearse(world, integrator))
    page = as_person(ana).get(reverse("flows:rehearsal", args=[done.uuid])).content.decode()

    assert [one.key for one in dropped_by(done)] == ["1001"]
    assert "is held up today would be left out by this version, and never be posted" in " ".join(
        page.split()
    )


def test_reasons_that_are_not_told_or_told_twice_are_said_to_be(prepared, integrator) -> None:
    world = prepared
    for number, terms in (("1001", "41"), ("1002", "42"), ("1003", "43")):
        world.order(number, Terms=terms)
    world.order("1004", Terms="41", Customer="COB")
    world.order("1005", Customer="ELM")

    caution = caution_of(rehearse(world, integrator))

    assert caution is not None
    assert caution.untold == 2
    assert caution.twice


def test_parties_that_documents_need_are_told_apart_from_the_records_read(
    prepared, integrator, ana, as_person
) -> None:
    prepared.order("1001")
    done = rehearse(prepared, integrator)
    Rehearsal.objects.filter(pk=done.pk).update(totals={**done.totals, "needed": 2})

    page = as_person(ana).get(reverse("flows:rehearsal", args=[done.uuid])).content.decode()

    assert "they come on top of the 1 records read" in " ".join(page.split())


def test_a_row_that_creates_a_party_is_counted_as_needed(world) -> None:
    rows = [
        Planned(outcome="create", step="create_customer", key="58", intent="x", label="Bayside"),
        Planned(outcome="create", step="post", key="1001", intent="y", label="Order 1001"),
    ]
    totals = Totals(world.books, world.flow.design, TargetNow())

    totals.add(rows)

    assert totals.plain()["needed"] == 1
    assert totals.plain()["outcomes"]["create"]["count"] == 2
