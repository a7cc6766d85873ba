from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.core.models import AuditEvent
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.linking.actions import Ends, accept_within, add_link, budget, bulk, judge, links_for
from studio.linking.models import Judgement, Link, Pair, Party
from studio.linking.queries import Narrowing, open_pairs
from tests.studio.linking.conftest import pair_of

MakeParty = Callable[..., Party]


@pytest.mark.promise("P03")
def test_the_same_makes_a_judgement_with_its_evidence_and_a_link(
    accountant: Actor, pair: Pair, erp: Connection, books: Connection
) -> None:
    judgement = judge(accountant, pair.left, pair.right, "same", comment="called them")

    assert links_for(erp, books) == {"customer": {"0000042": "58"}}
    assert (judgement.probability, judgement.role) == (0.93, "accountant")
    assert judgement.evidence["sentence"] == "Same phone, name 0.93 alike."
    assert judgement.candidates[0]["label"] == "Bayside Marine"
    pair.refresh_from_db()
    assert pair.judged == "same"
    assert AuditEvent.objects.get(key="linking.same").data["right"] == "58"


def test_a_code_that_is_linked_elsewhere_is_refused_with_the_place(
    accountant: Actor, pair: Pair, books: Connection, make_party: MakeParty
) -> None:
    judge(accountant, pair.left, pair.right, "same")
    other = make_party(books, "59", "Bayside Marine Inc")

    with pytest.raises(DecidedMeanwhile, match="already linked to Bayside Marine"):
        judge(accountant, pair.left, other, "same")

    assert Link.objects.filter(active=True).count() == 1
    assert Judgement.objects.count() == 1


def test_linked_records_cannot_be_called_different_without_unlinking(
    accountant: Actor, pair: Pair
) -> None:
    judge(accountant, pair.left, pair.right, "same")

    with pytest.raises(DecisionRefused, match="linked"):
        judge(accountant, pair.left, pair.right, "not_a_match")


@pytest.mark.promise("U03", "E09")
def test_creating_beside_a_near_twin_needs_a_reason(
    accountant: Actor, pair: Pair, books: Connection
) -> None:
    with pytest.raises(DecisionRefused, match="looks like the same"):
        judge(accountant, pair.left, None, "create_new", target=books)
    judge(accountant, pair.left, None, "create_new", target=books, comment="A second branch")

    assert Judgement.objects.get().comment == "A second branch"


def test_creating_is_free_once_the_twin_is_ruled_out(
    accountant: Actor, pair: Pair, books: Connection
) -> None:
    judge(accountant, pair.left, pair.right, "not_a_match")

    judge(accountant, pair.left, None, "create_new", target=books)

    assert Judgement.objects.filter(verdict="create_new").count() == 1


def test_bulk_judges_singly_and_leaves_what_somebody_else_judged(
    accountant: Actor, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    pairs = [
        pair_of(make_party(erp, f"L{n}", f"Name {n}"), make_party(books, f"R{n}", f"Name {n}"))
        for n in range(4)
    ]
    judge(accountant, pairs[0].left, pairs[0].right, "not_a_match")

    result = bulk(accountant, pairs)

    assert len(result.done) == 3
    assert result.left[0][0].pk == pairs[0].pk
    assert result.sentence.startswith("3 linked, 1 left because")
    assert Judgement.objects.filter(bulk=result.bulk).count() == 3
    assert AuditEvent.objects.filter(bulk=result.bulk).count() == 3


def test_the_risk_budget_takes_the_surest_pairs_and_is_spent_once(
    accountant: Actor, erp: Connection, books: Connection, make_party: MakeParty
) -> None:
    for n, p in enumerate((0.99, 0.85, 0.97, 0.98, 0.6)):
        pair_of(make_party(erp, f"L{n}", "A"), make_party(books, f"R{n}", "A"), p)
    still_open = Pair.objects.filter(judged="")

    told = budget(still_open.all(), 0.06)
    assert (told.count, told.risk) == (3, pytest.approx(0.06))
    first = accept_within(accountant, still_open.all(), 0.06, told=told.token)
    spent = budget(still_open.all(), 0.06)
    assert (spent.count, spent.risk) == (0, pytest.approx(0.06))
    with pytest.raises(DecisionRefused, match="Nothing was taken"):
        accept_within(accountant, still_open.all(), 0.06, told=spent.token)
    larger = budget(still_open.all(), 0.5)
    more = accept_within(accountant, still_open.all(), 0.5, told=larger.token)

    assert [p.probability for p in first.done] == [0.99, 0.98, 0.97]
    assert [p.probability for p in more.done] == [0.85]
    assert all(j.unseen for j in Judgement.objects.all())


@pytest.mark.parametrize(
    ("rival", "active", "judged", "why"),
    [
        (
            0.97,
            True,
            "",
            "1 sure one wants a look: 1 has a second candidate that is nearly as sure.",
        ),
        (
            0.81,
            True,
            "",
            "1 sure one wants a look: 1 has a second candidate that is nearly as sure.",
        ),
        (0.4, False, "", "1 sure one wants a look: 1 is inactive in the target."),
        (0.4, True, "unsure", "1 sure one wants a look: 1 was put off."),
        (0.4, True, "", ""),
    ],
)
def test_what_has_a_second_answer_is_not_linked_unseen_and_the_sentence_says_why(
    accountant: Actor,
    erp: Connection,
    books: Connection,
    make_party: MakeParty,
    rival: float,
    active: bool,
    judged: str,
    why: str,
) -> None:
    sure = pair_of(make_party(erp, "L1", "Kelvin"), make_party(books, "R1", "Kelvin"), 0.97)
    twin = make_party(erp, "L2", "Bayside Marine")
    best = pair_of(twin, make_party(books, "R2", "Bayside Marine"), 0.99, judged=judged)
    pair_of(twin, make_party(books, "R3", "Bayside Marine Ltd"), rival, rank=2)
    best.right.active = active
    best.right.save()
    still_open = open_pairs(erp.workspace, Narrowing())

    told = budget(still_open, 1)
    result = accept_within(accountant, still_open, 1, told=told.token)

    assert told.left == why
    assert [p.pk for p in result.done] == ([sure.pk] if why else [best.pk, sure.pk])
    assert result.sentence == f"{len(result.done)} linked. {why}".strip()


def test_where_nothing_can_be_linked_unseen_it_is_said_who_was_left(
    accountant: Actor, pair: Pair, books: Connection, make_party: MakeParty
) -> None:
    pair_of(pair.left, make_party(books, "59", "Bayside Marine Inc"), 0.92, rank=2)
    best = open_pairs(pair.left.connection.workspace, Narrowing())

    with pytest.raises(DecisionRefused, match="Nothing was taken") as refused:
        accept_within(accountant, best, 1, told="")

    assert refused.value.fix.startswith("1 sure one wants a look")


def test_a_confirmed_write_links_once_and_a_later_one_replaces_it(
    accountant: Actor, erp: Connection, books: Connection
) -> None:
    add_link(accountant, "invoice", Ends(erp, "SO-1", books, "77", "1001"))
    add_link(accountant, "invoice", Ends(erp, "SO-1", books, "77", "1001"))
    add_link(accountant, "invoice", Ends(erp, "SO-1", books, "78", "1002"))

    assert links_for(erp, books) == {"invoice": {"SO-1": "78"}}
    assert Link.objects.get(active=False).retired_reason == "replaced by 78"


def test_links_of_documents_are_read_one_by_one_in_both_directions(
    accountant: Actor, erp: Connection, books: Connection, django_assert_num_queries
) -> None:
    before = links_for(erp, books)
    for order, key in (("SO-1", "77"), ("SO-2", "78"), ("SO-3", "78")):
        add_link(accountant, "invoice", Ends(erp, order, books, key, key))

    # Nothing is kept: what was posted a moment ago is found.
    assert before["invoice"]["SO-2"] == "78"
    assert before.get("invoice", {}).get("SO-9") is None
    with django_assert_num_queries(2):
        links_for(erp, books)
    payments = links_for(books, erp)
    assert payments["invoice"]["77"] == "SO-1"
    assert "78" not in payments["invoice"], "two orders in one invoice say no single one"
    assert dict(before) == {"invoice": {"SO-1": "77", "SO-2": "78", "SO-3": "78"}}


def test_an_auditor_may_not_judge(auditor: Actor, pair: Pair) -> None:
    with pytest.raises(PermissionDenied):
        judge(auditor, pair.left, pair.right, "same")
