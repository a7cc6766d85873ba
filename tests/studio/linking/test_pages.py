from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from studio.accounts.models import User
from studio.catalog.models import Code, Connection
from studio.core.templatetags.studio import percent
from studio.linking.actions import judge as judge_action
from studio.linking.compare import compared
from studio.linking.models import Judgement, Link, MatchRun, Pair, Party
from tests.studio.linking.conftest import pair_of

AsPerson = Callable[[User], Client]
MakeParty = Callable[..., Party]
HTMX = {"HTTP_HX_REQUEST": "true"}


def url(name: str, *args: Any) -> str:
    return reverse(f"linking:{name}", args=args)


@pytest.fixture
def client_of_ana(ana: User, as_person: AsPerson) -> Client:
    return as_person(ana)


@pytest.fixture(autouse=True)
def compared_once(erp: Connection, books: Connection) -> None:
    MatchRun.objects.create(
        source=erp, target=books, kind="customer", started_at=timezone.now(), compared=1, pairs=1
    )


def test_two_records_stand_side_by_side_with_their_words_coloured(
    client_of_ana: Client, pair: Pair
) -> None:
    page = client_of_ana.get(url("matches")).content.decode()

    assert '<span class="token-same">Bayside</span>' in page
    assert '<span class="token-differs">Pty</span>' in page
    assert "strong" in page
    assert "Same phone, name 0.93 alike." in page


def test_enter_links_and_the_pair_leaves_the_list(client_of_ana: Client, pair: Pair) -> None:
    answer = client_of_ana.post(url("judge", pair.uuid), {"verdict": "same"}, **HTMX)

    page = answer.content.decode()
    assert Link.objects.get().right_key == "58"
    assert f"detail-{pair.uuid}" not in page
    assert "Bayside Marine Pty Ltd is Bayside Marine." in page


def test_codes_of_each_company_are_told_by_what_they_mean_and_are_no_difference(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection
) -> None:
    Code.objects.create(connection=erp, kind="term", key="30", label="30 days")
    Code.objects.create(connection=books, kind="term", key="1", label="Net 30")
    for party, terms in ((pair.left, "30"), (pair.right, "1")):
        party.data = party.data | {"terms": terms, "email": "a@b.example", "currency": "USD"}
        party.save()

    page = client_of_ana.get(url("matches")).content.decode()

    assert "<td>30 30 days</td><td>1 Net 30</td>" in page


def test_a_legal_form_is_the_same_in_letters_and_as_a_word() -> None:
    name = compared({"name": "Nettle Wholesale Co"}, {"name": "NETTLE WHOLESALE COMPANY"})[0]
    street = compared({"billing": {"line1": "1 Co"}}, {"billing": {"line1": "1 Company"}})[0]

    assert name.agrees
    assert "token-differs" not in name.left + name.right
    assert not street.agrees


def test_what_the_explanation_counts_is_seen_the_contact_too() -> None:
    address = {"line1": "1 A St", "city": "B", "region": "C", "postal_code": "1", "country": "US"}
    record = {
        **dict.fromkeys(("code", "name", "tax_number", "email", "phone", "mobile"), "x"),
        "currency": "USD",
        "website": "w",
        "contact_name": "Rosa Young",
        "billing": address,
    }

    assert "contact name" in [f.name for f in compared(record, record)]


def test_linking_and_creating_have_a_key_and_a_colour_of_their_own(
    client_of_ana: Client, pair: Pair
) -> None:
    page = client_of_ana.get(url("matches")).content.decode()

    assert re.search(r'<button class="button button-primary"[^>]*value="same"[^>]*="Enter 1"', page)
    assert re.search(r'<a class="button button-create[^"]*"[^>]*data-key="n"', page)


def test_a_digit_links_another_candidate(
    client_of_ana: Client, pair: Pair, books: Connection, make_party: MakeParty
) -> None:
    other = pair_of(pair.left, make_party(books, "59", "Bayside Motors"), 0.5, rank=2)

    client_of_ana.post(url("judge", pair.uuid), {"pair": str(other.uuid)}, **HTMX)

    assert Link.objects.get().right_key == "59"


def test_a_candidate_of_another_record_is_not_accepted(
    client_of_ana: Client, pair: Pair, erp: Connection, make_party: MakeParty
) -> None:
    stranger = pair_of(make_party(erp, "77", "Other"), pair.right, 0.4)

    answer = client_of_ana.post(url("judge", pair.uuid), {"pair": str(stranger.uuid)}, **HTMX)

    assert answer.status_code == 404
    assert not Link.objects.exists()


def test_not_a_match_is_remembered_in_its_own_list(client_of_ana: Client, pair: Pair) -> None:
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "not_a_match"}, **HTMX)

    assert f"detail-{pair.uuid}" not in client_of_ana.get(url("matches")).content.decode()
    assert (
        f"detail-{pair.uuid}" in client_of_ana.get(url("matches") + "?state=apart").content.decode()
    )


def test_a_rejected_pair_is_taken_back_by_itself_whatever_was_judged_since(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    other = pair_of(make_party(erp, "43", "Kelvin"), make_party(books, "60", "Kelvin"))
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "not_a_match"}, **HTMX)
    client_of_ana.post(url("judge", other.uuid), {"verdict": "same"}, **HTMX)
    page = client_of_ana.get(url("matches") + "?state=apart").content.decode()
    named = re.search(r'name="of" value="([^"]+)"', page)
    assert named

    answer = client_of_ana.post(url("undo"), {"of": named[1]}, **HTMX)

    assert "Taken back: Bayside Marine Pty Ltd." in answer.content.decode()
    assert f"detail-{pair.uuid}" in client_of_ana.get(url("matches")).content.decode()
    assert Link.objects.get(active=True).right_key == "60"


def test_what_is_certain_is_kept_apart_only_with_a_reason(
    client_of_ana: Client, left: Party, right: Party, erp: Connection, make_party: MakeParty
) -> None:
    sure = pair_of(left, right, 0.99)
    sure.word = "certain"
    sure.save()
    page = client_of_ana.get(url("matches")).content.decode()
    assert f"{url('explain', sure.uuid)}?ask=apart" in page
    form = client_of_ana.get(url("explain", sure.uuid) + "?ask=apart", **HTMX).content.decode()
    assert "Why are the two not the same?" in form

    bare = client_of_ana.post(url("judge", sure.uuid), {"verdict": "not_a_match"}, **HTMX)
    assert "look like one (certain, 99%)" in bare.content.decode()
    many = {"verdict": "not_a_match", "tick": [str(sure.uuid)]}
    assert "1 left because" in client_of_ana.post(url("bulk"), many, **HTMX).content.decode()
    assert not Judgement.objects.exists()

    said = {"verdict": "not_a_match", "comment": "Other town"}
    client_of_ana.post(url("judge", sure.uuid), said, **HTMX)

    apart = client_of_ana.get(url("matches") + "?state=apart").content.decode()
    assert "Other town" in apart


def test_where_no_partner_is_left_stands_who_was_ruled_out_and_the_way_back(
    client_of_ana: Client, pair: Pair, books: Connection
) -> None:
    said = {"verdict": "not_a_match", "comment": "Another branch"}
    client_of_ana.post(url("judge", pair.uuid), said, **HTMX)

    page = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()

    assert "ruled out Bayside Marine" in page
    assert "Another branch" in page
    client_of_ana.post(url("create", pair.left.uuid, books.uuid), **HTMX)
    for verdict in ("create_new", "not_a_match"):
        page = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()
        named = re.search(r'name="of" value="([^"]+)"', page)
        assert named
        assert Judgement.objects.get(uuid=named[1]).verdict == verdict
        client_of_ana.post(url("undo"), {"of": named[1]}, **HTMX)
    assert f"detail-{pair.uuid}" in client_of_ana.get(url("matches")).content.decode()


def test_later_puts_the_record_at_the_end(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    second = pair_of(make_party(erp, "43", "Kelvin"), make_party(books, "60", "Kelvin"), 0.5)

    client_of_ana.post(url("judge", pair.uuid), {"verdict": "unsure"}, **HTMX)

    page = client_of_ana.get(url("matches")).content.decode()
    assert page.index(f"detail-{second.uuid}") < page.index(f"detail-{pair.uuid}")
    assert "put off" in page


def test_creating_beside_a_twin_asks_for_a_reason_and_says_which(
    client_of_ana: Client, pair: Pair, books: Connection
) -> None:
    form = client_of_ana.get(url("explain", pair.uuid) + "?ask=create", **HTMX).content.decode()
    assert "Bayside Marine looks like the same record" in form

    answer = client_of_ana.post(url("create", pair.left.uuid, books.uuid), **HTMX)
    assert "looks like the same record" in answer.content.decode()
    client_of_ana.post(url("create", pair.left.uuid, books.uuid), {"comment": "Branch"}, **HTMX)

    assert Judgement.objects.get().verdict == "create_new"
    assert f"detail-{pair.uuid}" not in client_of_ana.get(url("matches")).content.decode()


def test_a_record_without_partner_can_be_created(
    client_of_ana: Client, left: Party, books: Connection
) -> None:
    page = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()
    assert "Bayside Marine Pty Ltd" in page

    client_of_ana.post(url("create", left.uuid, books.uuid), **HTMX)

    page = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()
    assert "will be created" in page


def test_undo_brings_the_pair_back(client_of_ana: Client, pair: Pair) -> None:
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "same"}, **HTMX)

    answer = client_of_ana.post(url("undo"), **HTMX)

    assert f"detail-{pair.uuid}" in answer.content.decode()


def undo_of(answer: str) -> str:
    """What the toast's Undo says it takes back."""
    toast = answer[answer.index('class="toast') :]
    found = re.search(r'name="of" value="([^"]+)"', toast)
    return found[1] if found else ""


def test_a_toast_takes_back_what_it_is_about_and_nothing_else(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    second = pair_of(make_party(erp, "43", "Kelvin"), make_party(books, "60", "Kelvin"), 0.5)
    first = client_of_ana.post(url("judge", pair.uuid), {"verdict": "same"}, **HTMX)
    client_of_ana.post(url("judge", second.uuid), {"verdict": "same"}, **HTMX)
    stale = undo_of(first.content.decode())

    answer = client_of_ana.post(url("undo"), {"of": stale}, **HTMX).content.decode()
    again = client_of_ana.post(url("undo"), {"of": stale}, **HTMX).content.decode()

    assert f"Taken back: {pair.left.label}" in answer
    assert undo_of(answer) == ""
    assert Pair.objects.get(pk=second.pk).judged == "same"
    assert f"{pair.left.label} was taken back already by Ana" in again
    assert "Nothing was changed." in again


def test_a_toast_of_a_pair_judged_again_says_by_whom(
    client_of_ana: Client, pair: Pair, ivo: User, actor_of: Any
) -> None:
    first = client_of_ana.post(url("judge", pair.uuid), {"verdict": "unsure"}, **HTMX)
    judge_action(actor_of(ivo), pair.left, pair.right, "same")

    said = client_of_ana.post(url("undo"), {"of": undo_of(first.content.decode())}, **HTMX)

    assert "was judged again by Ivo" in said.content.decode()
    assert Pair.objects.get().judged == "same"


@pytest.mark.parametrize("named", ["x", "3f2b8c1e-5d74-4a80-9c15-7e64a2d90b11"])
def test_an_undo_of_nothing_known_is_refused(client_of_ana: Client, pair: Pair, named: str) -> None:
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "same"}, **HTMX)

    said = client_of_ana.post(url("undo"), {"of": named}, **HTMX).content.decode()

    assert "There is no such judgement. Nothing was changed." in said
    assert Pair.objects.get().judged == "same"


def test_a_bulk_is_taken_back_by_its_toast(client_of_ana: Client, pair: Pair) -> None:
    answer = client_of_ana.post(url("bulk"), {"tick": [str(pair.uuid)], "verdict": "same"}, **HTMX)

    client_of_ana.post(url("undo"), {"of": undo_of(answer.content.decode())}, **HTMX)

    assert Pair.objects.get().judged == ""


def test_ticked_pairs_are_linked_together(client_of_ana: Client, pair: Pair) -> None:
    answer = client_of_ana.post(url("bulk"), {"tick": [str(pair.uuid)], "verdict": "same"}, **HTMX)

    assert "1 linked." in answer.content.decode()


def told_by(page: str) -> str:
    found = re.search(r'name="told" value="([^"]*)"', page)
    assert found
    return found[1]


def test_the_page_says_how_many_the_surest_are_and_at_which_risk(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    pair_of(make_party(erp, "43", "Kelvin"), make_party(books, "60", "Kelvin"), 0.97)
    pair_of(make_party(erp, "44", "Doubt"), make_party(books, "61", "Doubt"), 0.6)

    page = client_of_ana.get(url("matches")).content.decode()
    little = client_of_ana.get(url("matches") + "?expected_wrong=0.05").content.decode()
    none = client_of_ana.get(url("matches") + "?expected_wrong=0").content.decode()

    assert "Link the 2 surest" in page
    assert "(with these: 0.10)" in page
    assert "Link the 1 surest" in little
    assert 'value="0.05"' in little
    assert "None is sure enough" in none


def test_the_card_and_the_button_say_that_a_second_candidate_is_nearly_as_sure(
    client_of_ana: Client, pair: Pair, books: Connection, make_party: MakeParty
) -> None:
    pair.probability = 0.82
    pair.save()
    pair_of(pair.left, make_party(books, "59", "Bayside Boats"), 0.75, rank=2)

    page = client_of_ana.get(url("matches")).content.decode()

    assert "None is sure enough" in page
    assert "1 sure one wants a look: 1 has a second candidate that is nearly as sure." in page
    assert "Bayside Boats is nearly as sure (75\xa0%)" in page


def test_the_surest_are_linked_only_as_the_page_said_and_taken_back_by_the_toast(
    client_of_ana: Client, pair: Pair
) -> None:
    told = told_by(client_of_ana.get(url("matches")).content.decode())

    unseen = client_of_ana.post(url("accept-within"), {"expected_wrong": "0.1"}, **HTMX)
    little = client_of_ana.post(
        url("accept-within"), {"expected_wrong": "0.01", "told": told}, **HTMX
    )
    assert not Link.objects.exists()
    said = unseen.content.decode()
    assert "It would be 1, with 0.07 wrong ones expected among all that nobody looked at." in said
    assert "Nothing was linked yet; press again to link them." in said
    assert "Nothing was taken" in little.content.decode()

    # The answer shows the number that was asked for, and pressing again does what it says.
    again = {"expected_wrong": "0.1", "told": told_by(said)}
    done = client_of_ana.post(url("accept-within"), again, **HTMX).content.decode()

    assert Link.objects.count() == 1
    client_of_ana.post(url("undo"), {"of": undo_of(done)}, **HTMX)
    assert not Link.objects.filter(active=True).exists()


def test_what_changed_since_the_page_was_shown_is_told_before_anything_is_linked(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    told = told_by(client_of_ana.get(url("matches")).content.decode())
    pair_of(make_party(erp, "43", "Kelvin"), make_party(books, "60", "Kelvin"), 0.97)

    answer = client_of_ana.post(
        url("accept-within"), {"expected_wrong": "1", "told": told}, follow=True
    )

    page = answer.content.decode()
    assert "It would be 2, with 0.10 wrong ones expected" in page
    assert not Link.objects.exists()
    assert told_by(page) != told


def test_no_number_of_wrong_ones_is_asked_for_again(client_of_ana: Client, pair: Pair) -> None:
    answer = client_of_ana.post(url("accept-within"), {"expected_wrong": "many"}, **HTMX)
    page = client_of_ana.get(url("matches") + "?expected_wrong=many").content.decode()

    assert "Give a number, such as 1." in answer.content.decode()
    assert "None is sure enough" in page
    assert not Link.objects.exists()


def test_two_people_talk_beside_a_record_and_its_candidates(
    client_of_ana: Client, olga: User, as_person: AsPerson, pair: Pair
) -> None:
    address = url("note", pair.uuid)
    listed = client_of_ana.get(url("matches")).content.decode()
    assert f'href="{url("explain", pair.uuid)}?ask=note"' in listed
    assert 'data-key="c"' in listed

    empty = client_of_ana.post(address, {"text": ""}, **HTMX).content.decode()
    said = client_of_ana.post(address, {"text": "Is it the Pty Ltd?"}, **HTMX).content.decode()

    assert "The comment is empty." in empty
    assert "Your remark stands beside Bayside Marine Pty Ltd." in said
    assert '<span class="count">1</span>' in said
    reader = as_person(olga)
    detail = reader.get(url("explain", pair.uuid), **HTMX).content.decode()
    assert "Is it the Pty Ltd?" in detail
    assert address not in detail
    assert 'title="Remarks">1</span>' in reader.get(url("matches")).content.decode()


def test_a_remark_stays_when_another_candidate_becomes_the_best(
    client_of_ana: Client, pair: Pair, books: Connection, make_party: MakeParty
) -> None:
    client_of_ana.post(url("note", pair.uuid), {"text": "Ask Ben"}, **HTMX)
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "not_a_match"}, **HTMX)
    other = pair_of(pair.left, make_party(books, "59", "Bayside Marina"), 0.6)

    detail = client_of_ana.get(url("explain", other.uuid), **HTMX).content.decode()

    assert "Ask Ben" in detail


def test_a_link_keeps_what_both_sides_were_called_then(client_of_ana: Client, pair: Pair) -> None:
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "same"}, **HTMX)
    Party.objects.update(label="Renamed since")

    link = Link.objects.get()
    page = client_of_ana.get(url("link", link.uuid)).content.decode()
    listed = client_of_ana.get(url("matches") + "?state=linked").content.decode()

    assert (link.left_label, link.right_label) == ("Bayside Marine Pty Ltd", "Bayside Marine")
    assert "Bayside Marine Pty Ltd = Bayside Marine" in page
    assert "Bayside Marine Pty Ltd" in listed


def test_a_link_shows_who_decided_and_is_broken_with_a_reason(
    client_of_ana: Client, pair: Pair
) -> None:
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "same"}, **HTMX)
    link = Link.objects.get()
    page = client_of_ana.get(url("link", link.uuid)).content.decode()
    assert "Ana Keller" in page
    assert "Same phone" in page

    client_of_ana.post(url("unlink", link.uuid), {"reason": "Another company"})

    link.refresh_from_db()
    assert (link.active, link.retired_reason) == (False, "Another company")


def test_explaining_shows_the_waterfall_also_without_script(
    client_of_ana: Client, pair: Pair
) -> None:
    page = client_of_ana.get(url("explain", pair.uuid)).content.decode()

    assert "chart waterfall" in page
    assert "<html" in page


def test_who_decided_is_told_with_the_word_and_the_method_that_were_shown(
    client_of_ana: Client, pair: Pair
) -> None:
    client_of_ana.post(url("judge", pair.uuid), {"verdict": "unsure"}, **HTMX)

    page = client_of_ana.get(url("explain", pair.uuid), **HTMX).content.decode()

    said = f"{percent(pair.probability)}, {pair.word}, {pair.method}"
    assert f"was shown {said}" in page


def test_money_first_asks_the_big_ones_first(
    client_of_ana: Client, pair: Pair, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    big = make_party(erp, "43", "Kelvin")
    Party.objects.filter(pk=big.pk).update(money=Decimal(9000))
    second = pair_of(big, make_party(books, "60", "Kelvin"), 0.5)

    page = client_of_ana.get(url("matches") + "?sort=money").content.decode()

    assert page.index(f"detail-{second.uuid}") < page.index(f"detail-{pair.uuid}")


def test_the_number_of_queries_does_not_grow_with_the_pairs(
    client_of_ana: Client,
    erp: Connection,
    books: Connection,
    make_party: MakeParty,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(30):
        pair_of(make_party(erp, f"L{n}", f"N {n}"), make_party(books, f"R{n}", f"N {n}"), 0.9)
    client_of_ana.get(url("matches"))

    with django_assert_max_num_queries(22):
        answer = client_of_ana.get(url("matches"))

    assert len(answer.content) < 300_000


@pytest.mark.parametrize("who", ["ada", "olga", "otto"])
def test_who_may_not_match_is_refused_every_write(
    who: str,
    request: pytest.FixtureRequest,
    as_person: AsPerson,
    pair: Pair,
    books: Connection,
    ana: User,
    actor_of: Callable[[User], Any],
) -> None:
    client = as_person(request.getfixturevalue(who))
    judge_action(actor_of(ana), pair.left, pair.right, "same")
    link = Link.objects.get()
    reads = [url("matches"), url("explain", pair.uuid), url("link", link.uuid)]
    writes = [
        url("judge", pair.uuid),
        url("create", pair.left.uuid, books.uuid),
        url("bulk"),
        url("accept-within"),
        url("note", pair.uuid),
        url("undo"),
        url("search"),
        url("unlink", link.uuid),
    ]

    expected = 403 if who == "otto" else 200
    assert {client.get(u).status_code for u in reads} == {expected}
    assert {client.post(u, {"reason": "x"}).status_code for u in writes} == {403}
    link.refresh_from_db()
    assert link.active


def test_all_targets_are_listed_where_a_record_has_no_partner(
    client_of_ana: Client, workspace: Any, left: Party, erp: Connection, make_party: MakeParty
) -> None:
    second = Connection.objects.create(workspace=workspace, system="syspro", name="Second ERP")
    cloud = Connection.objects.create(workspace=workspace, system="xero", name="Harbour UK")
    MatchRun.objects.create(
        source=second, target=cloud, kind="customer", started_at=timezone.now(), compared=1
    )
    make_party(second, "9", "Kelvin Hardware")

    everything = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()
    one = client_of_ana.get(
        url("matches") + f"?state=unmatched&target={cloud.uuid}"
    ).content.decode()

    assert "Bayside Marine Pty Ltd" in everything
    assert "Kelvin Hardware" in everything
    assert re.search(
        r'aria-current="true"><span>No partner found</span><span class="count">2<', everything
    )
    assert "Kelvin Hardware" in one
    assert "Bayside" not in one


def test_a_record_without_partner_in_two_targets_stands_there_once_for_each(
    client_of_ana: Client, workspace: Any, left: Party, erp: Connection, books: Connection
) -> None:
    cloud = Connection.objects.create(workspace=workspace, system="xero", name="Harbour UK")
    MatchRun.objects.create(
        source=erp, target=cloud, kind="customer", started_at=timezone.now(), compared=1
    )

    client_of_ana.post(url("create", left.uuid, cloud.uuid), **HTMX)
    page = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()

    assert page.count("data-row id=") == 2
    assert page.count("will be created") == 1
    assert f'action="{url("create", left.uuid, books.uuid)}"' in page


def test_money_has_its_currency_and_none_is_no_zero(
    client_of_ana: Client, left: Party, erp: Connection
) -> None:
    address = url("matches") + "?state=unmatched"
    none = client_of_ana.get(address).content.decode()
    Party.objects.filter(pk=left.pk).update(money=Decimal("1234.5"))
    Connection.objects.filter(pk=erp.pk).update(currency="GBP")

    some = client_of_ana.get(address).content.decode()

    assert "0.00" not in none
    assert "1,234.50" in some
    assert "GBP" in some


def test_what_was_never_compared_is_not_called_done(client_of_ana: Client) -> None:
    customers = client_of_ana.get(url("matches")).content.decode()
    items = client_of_ana.get(url("matches") + "?kind=item").content.decode()
    lonely = client_of_ana.get(url("matches") + "?kind=item&state=unmatched").content.decode()
    text = client_of_ana.get(url("matches") + "?q=zzz").content.decode()

    assert "is linked or ruled out" in customers
    assert "Nothing was compared yet" in items
    assert "is linked or ruled out" not in items
    assert "Nothing was compared yet" in lonely
    assert "No record is like that" in text


@pytest.mark.parametrize(
    ("left", "right", "agrees"),
    [
        ("217.83000", "217.83", True),
        ("863.000000", "863", True),
        ("863.000001", "863", False),
        ("0042", "42", False),
        ("007.0", "7", False),
        ("12", "12.5", False),
    ],
)
def test_amounts_agree_however_many_zeros_stand_behind(left: str, right: str, agrees: bool) -> None:
    row = compared({"price": left}, {"price": right})[0]

    assert row.agrees is agrees
    assert agrees is ("token-differs" not in row.left + row.right)


def test_what_found_no_partner_is_named_where_nothing_waits(
    client_of_ana: Client, erp: Connection, make_party: MakeParty
) -> None:
    make_party(erp, "NEW", "Newcomer")

    page = client_of_ana.get(url("matches")).content.decode()

    assert "1 found no partner." in page
    assert "state=unmatched" in page


def test_where_no_record_was_compared_nothing_is_said_to_be_settled(client_of_ana: Client) -> None:
    MatchRun.objects.update(compared=0)

    page = client_of_ana.get(url("matches")).content.decode()

    assert "Nothing was compared yet" in page


def test_who_only_reads_is_shown_the_keys_of_reading(olga: User, as_person: AsPerson) -> None:
    page = as_person(olga).get(url("matches")).content.decode()

    assert "<kbd>Enter</kbd>" not in page
    assert "<kbd>n</kbd>" not in page


def test_while_the_books_are_not_read_nothing_is_said_to_be_missing_there(
    client_of_ana: Client, left: Party
) -> None:
    """All would be created twice: a run that had nothing to compare with says nothing of a record."""
    MatchRun.objects.update(compared=0)

    page = client_of_ana.get(url("matches") + "?state=unmatched").content.decode()

    assert left.label not in page
    assert "Nothing was compared yet" in page
    assert "Publish the mappings that read" in page
