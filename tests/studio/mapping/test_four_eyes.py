from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from engine.errors import MappingRefused
from studio.accounts.models import Membership, User, Workspace
from studio.core.action import Actor, NotPermitted
from studio.core.models import AuditEvent
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping import repeats as decisions
from studio.mapping.actions import (
    accept_within,
    confirm,
    confirm_many,
    decide,
    publish,
    send_back,
    undo_row,
)
from studio.mapping.models import Decision, Mapping, MappingRow
from studio.mapping.queries import field_decisions
from studio.mapping.risk import class_of
from tests.studio.mapping.conftest import candidate

MakeRow = Callable[..., MappingRow]
AsPerson = Callable[[User], Client]


@pytest.fixture
def other_integrator(workspace: Workspace) -> Actor:
    user = User.objects.create_user("ida", password="ida-sandbox", display_name="Ida Holm")
    return Membership.objects.create(user=user, workspace=workspace, role="integrator").actor()


@pytest.fixture
def tax(make_row: MakeRow, integrator: Actor) -> MappingRow:
    """An approved row that decides tax."""
    row = make_row("tax_code", candidate("TermsCode", 0.97), candidate("Name", 0.5))
    decide(integrator, row, "approved")
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("document", "path", "kind", "said"),
    [
        ("sales_order", "lines[].net_amount", "decimal", "amount"),
        ("sales_order", "lines[].quantity", "decimal", "amount"),
        ("sales_order", "lines[].discount_percent", "decimal", "amount"),
        ("journal", "lines[].debit", "decimal", "amount"),
        ("sales_order", "lines[].tax_code", "string", "tax"),
        ("sales_order", "LineAmountTypes", "string", "tax"),
        ("sales_order", "TxnTaxDetail.TotalTax", "decimal", "tax"),
        ("item", "IncomeAccountRef.value", "string", "account"),
        ("bill", "LineItems[].AccountCode", "string", "account"),
        ("payment", "Allocations[].GlCode", "string", "account"),
        ("sales_order", "CustomerRef.value", "string", "party"),
        ("bill", "Contact.ContactID", "string", "party"),
        ("bill", "party", "string", "party"),
        ("sales_order", "party_name", "string", ""),
        ("sales_order", "DocNumber", "string", ""),
        ("sales_order", "ShipAddr.City", "string", ""),
        ("party", "tax_number", "string", ""),
        ("party", "AccountNumber", "string", ""),
        ("party", "credit_limit", "decimal", ""),
        ("party", "contact_name", "string", ""),
        ("sales_order", "memo", "string", ""),
    ],
)
def test_what_decides_money_is_known_by_its_name(
    document: str, path: str, kind: str, said: str
) -> None:
    assert class_of(Mapping(document=document), path, "", kind) == said


def test_what_decides_money_is_not_published_before_a_second_person_confirmed_it(
    integrator: Actor, accountant: Actor, inbound: Mapping, tax: MappingRow, make_row: MakeRow
) -> None:
    decide(integrator, make_row("name", candidate("Name", 0.9)), "approved")

    with pytest.raises(MappingRefused, match="Only Ivo Marsh has looked at it"):
        publish(integrator, inbound)
    confirm(accountant, tax)

    version = publish(integrator, inbound)
    assert version.approvals["tax_code"]["by"] == "Ivo Marsh"
    assert version.approvals["tax_code"]["second"] == "Ana Keller"
    assert version.approvals["name"]["second"] == ""


def test_who_approved_it_does_not_confirm_it_by_name_or_by_token(
    integrator: Actor, tax: MappingRow
) -> None:
    token = Actor(
        "token: nightly (Ivo Marsh)", "integrator", integrator.permissions, integrator.user_id
    )

    for actor in (integrator, token):
        with pytest.raises(DecisionRefused, match="four eyes"):
            confirm(actor, tax)
    tax.refresh_from_db()
    assert tax.seconded_by == ""


def test_another_integrator_may_an_auditor_may_not(
    auditor: Actor, other_integrator: Actor, tax: MappingRow
) -> None:
    with pytest.raises(NotPermitted):
        confirm(auditor, tax)

    assert confirm(other_integrator, tax).seconded_by == "Ida Holm"


def test_a_new_decision_has_to_be_confirmed_anew_and_an_undo_brings_the_old_names_back(
    integrator: Actor, accountant: Actor, tax: MappingRow
) -> None:
    confirm(accountant, tax)
    at = tax.seconded_at

    decide(integrator, tax, "approved", candidate=1)
    assert (tax.risk, tax.seconded_by, tax.seconded_at) == ("tax", "", None)

    undo_row(integrator, tax)
    tax.refresh_from_db()
    assert (tax.expression, tax.seconded_by, tax.seconded_at) == ("TermsCode", "Ana Keller", at)


def test_the_decision_and_the_trail_carry_both_names(accountant: Actor, tax: MappingRow) -> None:
    confirm(accountant, tax)

    assert Decision.objects.get().seconded_by == "Ana Keller"
    line = AuditEvent.objects.get(key="mapping.confirmed")
    assert (line.actor, line.data["approved_by"]) == ("Ana Keller", "Ivo Marsh")


def test_only_what_was_seen_is_confirmed(
    integrator: Actor, accountant: Actor, tax: MappingRow
) -> None:
    seen = tax.revision
    decide(integrator, MappingRow.objects.get(pk=tax.pk), "approved", candidate=1)

    fresh = MappingRow.objects.select_related("mapping").get(pk=tax.pk)
    with pytest.raises(DecidedMeanwhile):
        confirm(accountant, fresh, revision=seen)


def test_many_are_confirmed_singly_and_what_is_left_is_named(
    integrator: Actor, accountant: Actor, tax: MappingRow, make_row: MakeRow
) -> None:
    plain = make_row("name", candidate("Name", 0.9))
    decide(integrator, plain, "approved")

    result = confirm_many(accountant, [tax, plain])

    assert result.done == [tax]
    assert "1 confirmed, 1 left because: There is nothing to confirm on name." in result.sentence


def test_ticked_rows_are_sent_back_singly_with_one_reason(
    integrator: Actor, tax: MappingRow, make_row: MakeRow, ana: User, as_person: AsPerson
) -> None:
    account, plain = (
        make_row("account", candidate("Acc", 0.9)),
        make_row("name", candidate("Name", 0.9)),
    )
    for row in (account, plain):
        decide(integrator, row, "approved")
        row.refresh_from_db()
    page = f"/mappings/{tax.mapping.uuid}/send-back/"
    ticked = [f"{row.uuid}:{row.revision}" for row in (tax, account, plain)]
    client = as_person(ana)

    silent = client.post(page, {"tick": ticked, "reason": " "}, follow=True).content.decode()
    nothing = client.post(page, {"reason": "wrong"}, follow=True).content.decode()
    said = client.post(
        page, {"tick": ticked, "reason": "wrong sheet"}, follow=True
    ).content.decode()

    assert "Say in a few words why you send it back." in silent
    assert "Tick some rows first" in nothing
    assert "2 sent back, 1 left because: There is nothing to confirm on name." in said
    rows = {r.target_path: (r.state, r.reason) for r in MappingRow.objects.all()}
    assert rows["tax_code"] == rows["account"] == ("open", "wrong sheet")
    assert rows["name"][0] == "approved"
    lines = AuditEvent.objects.filter(key="mapping.sent_back")
    assert len({line.bulk for line in lines}) == 1
    assert {line.data["target"] for line in lines} == {"tax_code", "account"}


def test_what_is_sent_back_is_open_again_with_its_candidates_and_the_reason(
    integrator: Actor, accountant: Actor, tax: MappingRow
) -> None:
    offered, at = tax.candidates, tax.decided_at

    send_back(accountant, tax, "  The terms are no tax code ")

    tax.refresh_from_db()
    assert (tax.state, tax.expression, tax.decided_by) == ("open", "", "")
    assert (tax.candidates, tax.method) == (offered, "Similarity")
    assert (tax.sent_back_by, tax.reason) == ("Ana Keller", "The terms are no tax code")
    line = AuditEvent.objects.get(key="mapping.sent_back")
    assert (line.actor, line.data["approved_by"], line.data["expression"], line.data["reason"]) == (
        "Ana Keller",
        "Ivo Marsh",
        "TermsCode",
        "The terms are no tax code",
    )

    decide(integrator, tax, "approved", candidate=1)
    assert (tax.sent_back_by, tax.sent_back_at, tax.reason) == ("", None, "")
    undo_row(integrator, tax)
    tax.refresh_from_db()
    assert (tax.state, tax.sent_back_by, tax.reason) == (
        "open",
        "Ana Keller",
        "The terms are no tax code",
    )
    undo_row(integrator, tax)
    tax.refresh_from_db()
    assert (tax.state, tax.expression, tax.decided_by, tax.decided_at, tax.sent_back_by) == (
        "approved",
        "TermsCode",
        "Ivo Marsh",
        at,
        "",
    )


def test_who_approved_it_or_gives_no_reason_or_only_reads_sends_nothing_back(
    integrator: Actor, accountant: Actor, auditor: Actor, tax: MappingRow
) -> None:
    token = Actor(
        "token: nightly (Ivo Marsh)", "integrator", integrator.permissions, integrator.user_id
    )
    for actor in (integrator, token):
        with pytest.raises(DecisionRefused, match="four eyes"):
            send_back(actor, tax, "wrong")
    with pytest.raises(DecisionRefused, match="Say in a few words"):
        send_back(accountant, tax, "  ")
    with pytest.raises(NotPermitted):
        send_back(auditor, tax, "wrong")
    confirm(accountant, tax)
    with pytest.raises(DecisionRefused, match="nothing to confirm"):
        send_back(accountant, tax, "too late")
    tax.refresh_from_db()
    assert (tax.state, tax.seconded_by) == ("approved", "Ana Keller")


def test_only_what_was_seen_is_sent_back(
    integrator: Actor, accountant: Actor, tax: MappingRow
) -> None:
    seen = tax.revision
    decide(integrator, MappingRow.objects.get(pk=tax.pk), "approved", candidate=1)

    fresh = MappingRow.objects.select_related("mapping").get(pk=tax.pk)
    with pytest.raises(DecidedMeanwhile):
        send_back(accountant, fresh, "wrong", revision=seen)


def test_what_was_sent_back_is_not_accepted_unseen_and_is_no_decision_that_stands(
    integrator: Actor, accountant: Actor, workspace: Workspace, tax: MappingRow
) -> None:
    assert len(decisions.keys(workspace)) == len(field_decisions(workspace)) == 1
    send_back(accountant, tax, "The terms are no tax code")

    result = accept_within(integrator, MappingRow.objects.filter(pk=tax.pk), 5)

    assert result.done == []
    assert "1 was sent back" in result.sentence
    assert (decisions.keys(workspace), field_decisions(workspace)) == ([], [])


def test_who_approved_it_sees_at_home_in_the_list_and_on_the_row_why_it_came_back(
    inbound: Mapping, tax: MappingRow, ivo: User, ana: User, olga: User, as_person: AsPerson
) -> None:
    url = reverse("mapping:row-send-back", args=[tax.uuid])
    back = reverse("mapping:review", args=[inbound.uuid]) + "?state=sent_back"
    assert as_person(olga).post(url, {"reason": "no"}).status_code == 403
    assert "Say in a few words" in as_person(ana).post(url, follow=True).content.decode()

    said = as_person(ana).post(
        url, {"reason": "No tax code", "revision": tax.revision}, follow=True
    )

    assert "tax_code is sent back; Ivo Marsh sees why." in said.content.decode()
    his = as_person(ivo)
    home = his.get("/").content.decode()
    assert "1 field was sent back by a second person" in home
    assert back in home
    assert "was sent back by a second person" not in as_person(ana).get("/").content.decode()
    assert back in his.get(reverse("mapping:mappings")).content.decode()
    row = his.get(back).content.decode()
    assert "Sent back by Ana Keller" in row
    assert "No tax code" in row
    assert "Ivo Marsh had approved <code>TermsCode</code>" in " ".join(row.split())


def test_the_list_of_mappings_leads_to_what_wants_a_second_person(
    inbound: Mapping, tax: MappingRow, ana: User, as_person: AsPerson
) -> None:
    said = as_person(ana).get(reverse("mapping:mappings")).content.decode()

    review = reverse("mapping:review", args=[inbound.uuid])
    assert f'<a href="{review}?state=unconfirmed">1 to confirm</a>' in said


def test_all_that_one_may_confirm_are_ticked_at_once_and_confirmed_with_a_line_each(
    inbound: Mapping,
    tax: MappingRow,
    make_row: MakeRow,
    other_integrator: Actor,
    ana: User,
    as_person: AsPerson,
) -> None:
    amount = make_row("total", candidate("Total", 0.9), target_type="decimal")
    decide(other_integrator, amount, "approved")
    page = reverse("mapping:review", args=[inbound.uuid]) + "?state=unconfirmed"
    as_ida = as_person(User.objects.get(username="ida"))

    listed = as_ida.get(page).content.decode()
    assert " checked" not in listed
    # Who accepts what somebody else approved would be the one who approved it.
    assert "Accept ticked" not in listed
    assert as_ida.get(page + "&tick=all").content.decode().count(" checked") == 1
    hers = as_person(ana)
    assert hers.get(page + "&tick=all").content.decode().count(" checked") == 2
    ticks = [f"{row.uuid}:{row.revision}" for row in inbound.rows.all()]
    url = reverse("mapping:confirm", args=[inbound.uuid])
    left = as_ida.post(url, {"tick": ticks}, follow=True).content.decode()
    assert "1 confirmed, 1 left because: Who approved it is not the second person" in left
    assert "1 confirmed, 1 left" in hers.post(url, {"tick": ticks}, follow=True).content.decode()
    lines = AuditEvent.objects.filter(key="mapping.confirmed")
    assert sorted(line.data["target"] for line in lines) == ["tax_code", "total"]


def test_the_page_says_who_must_look_and_lets_that_person_confirm(
    inbound: Mapping, tax: MappingRow, ivo: User, ana: User, olga: User, as_person: AsPerson
) -> None:
    address = reverse("mapping:review", args=[inbound.uuid]) + "?state=unconfirmed"
    url = reverse("mapping:row-confirm", args=[tax.uuid])

    mine = as_person(ivo).get(address).content.decode()
    theirs = as_person(ana).get(address).content.decode()

    for text in (mine, theirs):
        assert "four eyes: tax" in text
        assert "It decides tax: an accountant, or an integrator other than Ivo Marsh" in text
    assert url not in mine
    keys = "<kbd>b</kbd> send back"
    assert (keys in " ".join(mine.split()), keys in " ".join(theirs.split())) == (False, True)
    assert url in theirs
    assert as_person(olga).post(url).status_code == 403
    done = as_person(ana).post(url, {"revision": tax.revision}, follow=True).content.decode()
    assert "tax_code is confirmed: TermsCode." in done
    tax.refresh_from_db()
    assert tax.seconded_by == "Ana Keller"


def test_what_stands_in_the_way_leads_to_the_confirmation_and_not_to_an_editor(
    ivo: User, ana: User, as_person: AsPerson, inbound: Mapping, tax: MappingRow
) -> None:
    place = reverse("mapping:publishing", args=[inbound.uuid])
    way = f"?state=unconfirmed#row-{tax.uuid}"

    mine = as_person(ivo).get(place).content.decode()
    hers = as_person(ana).get(place).content.decode()

    assert f'{way}">See the row</a>' in mine
    assert f'{way}">Confirm it</a>' in hers
    assert "ask=own" not in mine


def test_an_accountant_confirms_what_is_ticked(
    inbound: Mapping, tax: MappingRow, ana: User, as_person: AsPerson
) -> None:
    url = reverse("mapping:confirm", args=[inbound.uuid])

    said = as_person(ana).post(url, {"tick": f"{tax.uuid}:{tax.revision}"}, follow=True)

    assert "1 confirmed." in said.content.decode()


def test_who_is_to_confirm_finds_it_at_home(
    inbound: Mapping, tax: MappingRow, ivo: User, ana: User, as_person: AsPerson
) -> None:
    assert "1 field waits for a second person" in as_person(ana).get("/").content.decode()
    assert "waits for a second person" not in as_person(ivo).get("/").content.decode()
