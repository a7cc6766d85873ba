from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from studio.accounts.models import User, Workspace, machine
from studio.accounts.roles import READ
from studio.core.models import AuditEvent
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.learning import actions
from studio.learning.actions import repeats
from studio.learning.models import Repeat
from studio.learning.queries import repeated, to_ask, to_settle
from studio.linking.actions import judge
from studio.linking.models import Link
from studio.mapping.actions import accept_within, decide, undo_last
from studio.mapping.models import MappingRow

AsPerson = Callable[[User], Client]


def sample(workspace: Workspace) -> int:
    return actions.sample(machine(workspace, "the sampler", READ), workspace)


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every decision is drawn, not one in twenty."""
    monkeypatch.setattr(repeats, "SHARE", 1.0)


def test_about_one_decision_in_twenty_is_drawn_and_the_same_ones_again(
    workspace, integrator, make_rows
) -> None:
    for row in make_rows(200):
        decide(integrator, row, "approved")

    first = sample(workspace)
    drawn = set(Repeat.objects.values_list("decision", flat=True))
    Repeat.objects.all().delete()
    sample(workspace)

    assert 2 <= first <= 25
    assert set(Repeat.objects.values_list("decision", flat=True)) == drawn
    assert sample(workspace) == 0
    assert AuditEvent.objects.filter(key="learning.sampled").count() == 2


def test_what_is_asked_tells_neither_score_nor_the_earlier_answer(
    everything, workspace, integrator, ana, as_person: AsPerson, make_rows, make_pairs, later
) -> None:
    decide(integrator, make_rows()[0], "approved", candidate=1, comment="certainly")
    sample(workspace)
    later(hours=2)

    text = as_person(ana).get(reverse("learning:looks")).content.decode()

    assert "What fills this field?" in text
    assert "Email" in text
    assert "Name" in text
    main = strip_tags(text[text.index("<main") :])
    for told in ("90", "45", "strong", "looks right", "Ivo", "certainly", "Similarity"):
        assert told not in main


def test_the_candidates_stand_in_an_order_that_says_nothing(
    everything, workspace, integrator, make_rows
) -> None:
    from studio.mapping.repeats import question

    for row in make_rows(40):
        decide(integrator, row, "approved")
    sample(workspace)

    firsts = {question(r.decision).options[0].value for r in Repeat.objects.all()}

    assert firsts == {"Name", "Email"}


def test_an_own_expression_can_be_answered_again(
    everything, workspace, integrator, accountant, make_rows, later
) -> None:
    decide(integrator, make_rows()[0], "approved", expression="TRIM(Name)")
    sample(workspace)
    later(hours=2)

    done = actions.answer(accountant, Repeat.objects.get(), "TRIM(Name)")

    assert done.agrees is True


def test_who_decided_is_not_asked_while_there_is_somebody_else(
    everything, workspace, integrator, accountant, make_pairs, later
) -> None:
    pair = make_pairs()[0]
    judge(accountant, pair.left, pair.right, "same")
    sample(workspace)
    later(days=20)

    assert not to_ask(accountant, workspace).exists()
    assert to_ask(integrator, workspace).count() == 1
    with pytest.raises(DecisionRefused, match="not for you"):
        actions.answer(accountant, Repeat.objects.get(), "same")


def test_who_is_alone_is_asked_when_it_is_forgotten(
    everything, workspace, integrator, make_rows, later
) -> None:
    decide(integrator, make_rows()[0], "approved")
    sample(workspace)

    later(days=13)
    assert not to_ask(integrator, workspace).exists()
    later(days=15)
    assert to_ask(integrator, workspace).count() == 1


def test_somebody_else_is_asked_only_after_a_while(
    everything, workspace, integrator, accountant, make_rows, later
) -> None:
    decide(integrator, make_rows()[0], "approved")
    sample(workspace)
    assert not to_ask(accountant, workspace).exists()

    later(hours=2)
    assert to_ask(accountant, workspace).count() == 1


def test_a_different_answer_changes_nothing_and_asks_for_a_third_look(
    everything, workspace, integrator, accountant, ben, actor_of, make_pairs, later
) -> None:
    pair = make_pairs()[0]
    judge(integrator, pair.left, pair.right, "same")
    sample(workspace)
    later(hours=2)

    done = actions.answer(accountant, Repeat.objects.get(), "not_a_match", comment="other town")

    assert done.agrees is False
    pair.refresh_from_db()
    assert pair.judged == "same"
    assert Link.objects.filter(active=True).count() == 1
    assert not to_settle(integrator, workspace).exists()
    assert not to_settle(accountant, workspace).exists()
    assert to_settle(actor_of(ben), workspace).get() == done


def test_the_third_look_keeps_or_takes_back_with_a_reason(
    everything, workspace, integrator, accountant, ben, actor_of, make_pairs, later
) -> None:
    for pair in make_pairs(2):
        judge(integrator, pair.left, pair.right, "same")
    sample(workspace)
    later(hours=2)
    one, other = [actions.answer(accountant, r, "not_a_match") for r in Repeat.objects.all()]
    third = actor_of(ben)

    with pytest.raises(DecisionRefused, match="why"):
        actions.settle(third, one, "kept", reason=" ")
    with pytest.raises(DecisionRefused, match="nothing here for you"):
        actions.settle(accountant, one, "kept", reason="mine was wrong")
    actions.settle(third, one, "kept", reason="same tax number")
    actions.settle(third, other, "taken_back", reason="another branch")

    assert Link.objects.filter(active=True).count() == 1
    assert not to_settle(third, workspace).exists()
    assert {r.settled for r in Repeat.objects.all()} == {"kept", "taken_back"}


def test_an_accountant_answers_about_fields_but_does_not_take_them_back(
    everything, workspace, integrator, accountant, ben, actor_of, make_rows, later
) -> None:
    from studio.core.action import NotPermitted

    row = make_rows()[0]
    decide(integrator, row, "approved")
    sample(workspace)
    later(hours=2)
    done = actions.answer(accountant, Repeat.objects.get(), "Email")

    with pytest.raises(NotPermitted):
        actions.settle(actor_of(ben), done, "taken_back", reason="no")
    row.refresh_from_db()
    assert row.state == "approved"


def test_an_answer_is_given_once_and_only_one_that_was_offered(
    everything, workspace, integrator, accountant, make_pairs, later
) -> None:
    pair = make_pairs()[0]
    judge(integrator, pair.left, pair.right, "same")
    sample(workspace)
    later(hours=2)
    repeat = Repeat.objects.get()

    with pytest.raises(DecisionRefused, match="none of the answers"):
        actions.answer(accountant, repeat, "perhaps")
    actions.answer(accountant, repeat, "cannot_say")
    with pytest.raises(DecidedMeanwhile):
        actions.answer(accountant, Repeat.objects.get(), "same")
    assert Repeat.objects.get().agrees is None
    assert not to_settle(integrator, workspace).exists()


def test_what_was_taken_back_is_not_asked_any_more(
    everything, workspace, integrator, accountant, make_rows, later
) -> None:
    decide(integrator, make_rows()[0], "approved")
    sample(workspace)
    undo_last(integrator)
    sample(workspace)
    later(hours=2)

    assert Repeat.objects.get().withdrawn_at is not None
    assert not to_ask(accountant, workspace).exists()


def test_what_was_accepted_unseen_is_measured_by_itself(
    everything, workspace, integrator, accountant, make_rows, later
) -> None:
    seen = make_rows(3, first=0.9)
    for row in seen:
        decide(integrator, row, "approved", candidate=1)
    unseen = make_rows(2, first=0.9)
    accept_within(integrator, MappingRow.objects.filter(pk__in=[r.pk for r in unseen]), 5)
    sample(workspace)
    later(hours=2)
    for repeat in Repeat.objects.all():
        actions.answer(accountant, repeat, "Email")

    said = repeated(workspace)["field"]

    assert (said.people.same, said.people.count) == (3, 3)
    assert (said.unseen.same, said.unseen.count) == (0, 2)
    assert (said.machine.same, said.machine.count) == (0, 5)


def test_another_workspace_is_never_drawn_or_asked(
    everything, integrator, accountant, make_rows, later
) -> None:
    other = Workspace.objects.create(name="Other", slug="other")
    decide(integrator, make_rows()[0], "approved")

    assert sample(other) == 0
    assert not Repeat.objects.exists()


def test_the_page_takes_the_answer_and_tells_the_first_one_afterwards(
    everything, workspace, integrator, ana, olga, as_person: AsPerson, make_pairs, later
) -> None:
    pair = make_pairs()[0]
    judge(integrator, pair.left, pair.right, "same")
    sample(workspace)
    later(hours=2)
    repeat = Repeat.objects.get()
    url = reverse("learning:answer", args=[repeat.uuid])

    assert as_person(olga).post(url, {"answer": "same"}).status_code == 403
    page = as_person(ana).post(url, {"answer": "not_a_match"}, follow=True).content.decode()

    assert "Ivo Marsh had said: the same" in page
    assert "Two people differ" in page


def test_the_page_asks_the_database_as_often_for_many_as_for_few(
    everything, workspace, integrator, accountant, ana, as_person: AsPerson, make_pairs, later
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = as_person(ana)

    def differ(count: int) -> int:
        for pair in make_pairs(count):
            judge(integrator, pair.left, pair.right, "same")
        sample(workspace)
        later(hours=2)
        for one in list(to_ask(accountant, workspace))[1:]:
            actions.answer(accountant, one, "not_a_match")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("learning:looks")).status_code == 200
        return len(seen)

    differ(2)
    assert differ(8) <= differ(2)


def test_who_decided_may_give_in_but_not_keep_his_own_word(
    everything, workspace, integrator, accountant, ben, make_rows, ivo, as_person: AsPerson, later
) -> None:
    row = make_rows()[0]
    decide(integrator, row, "approved")
    sample(workspace)
    later(hours=2)
    done = actions.answer(accountant, Repeat.objects.get(), "Email")
    page = as_person(ivo).get(reverse("learning:looks")).content.decode()

    assert "Take it back" in page
    assert "Keep what stands" not in page
    with pytest.raises(DecisionRefused, match="nothing here for you"):
        actions.settle(integrator, done, "kept", reason="I know it")
    actions.settle(integrator, done, "taken_back", reason="she is right")

    row.refresh_from_db()
    assert row.state == "open"
