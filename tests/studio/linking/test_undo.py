from __future__ import annotations

import pytest

from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.linking import uses
from studio.linking.actions import bulk, consequences, judge, undo, undo_last, unlink
from studio.linking.models import Judgement, Link, Pair


@pytest.fixture
def in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "COUNTERS", [])
    uses.register_use(lambda link: uses.Use(3, f"3 invoices were posted to {link.right_label}"))
    return


def test_undoing_the_same_removes_the_link_and_opens_the_pair_again(
    accountant: Actor, pair: Pair
) -> None:
    judgement = judge(accountant, pair.left, pair.right, "same")

    undo(accountant, judgement)

    pair.refresh_from_db()
    assert (pair.judged, pair.probability) == ("", 0.93)
    assert not Link.objects.filter(active=True).exists()
    assert judgement.undone_by.get().verdict == "undone"


def test_undo_can_be_repeated_and_ends(accountant: Actor, pair: Pair) -> None:
    judge(accountant, pair.left, pair.right, "not_a_match")
    judge(accountant, pair.left, pair.right, "same")

    undo_last(accountant)
    pair.refresh_from_db()
    assert pair.judged == "not_a_match"
    undo_last(accountant)

    pair.refresh_from_db()
    assert pair.judged == ""
    with pytest.raises(DecisionRefused):
        undo_last(accountant)


def test_undoing_the_last_takes_its_whole_bulk(accountant: Actor, pair: Pair) -> None:
    bulk(accountant, [pair])

    assert len(undo_last(accountant)) == 1


def test_a_link_in_use_is_not_undone_but_unlinked_with_a_reason(
    accountant: Actor, pair: Pair, in_use: None
) -> None:
    judgement = judge(accountant, pair.left, pair.right, "same")
    link = Link.objects.get()
    assert [u.sentence for u in consequences(link)] == ["3 invoices were posted to Bayside Marine"]

    with pytest.raises(DecisionRefused, match="3 invoices"):
        undo(accountant, judgement)
    with pytest.raises(DecisionRefused, match="why"):
        unlink(accountant, link, reason="")
    unlink(accountant, link, reason="Different companies")

    link.refresh_from_db()
    pair.refresh_from_db()
    assert (link.active, link.retired_reason) == (False, "Different companies")
    assert pair.judged == ""
    assert Judgement.objects.filter(verdict="undone").count() == 1
