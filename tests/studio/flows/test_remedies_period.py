"""A closed period: who can open it is asked by mail, the records wait, and are tried once it is open."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from engine.errors import PeriodClosed
from studio.catalog.models import SchemaSnapshot
from studio.core.models import AuditEvent
from studio.flows.corrections import corrections_of
from studio.monitor.sentences import sentence
from studio.triage.actions import apply_remedy, apply_to_many, assign
from studio.triage.letters import send_letters
from studio.triage.models import Case
from studio.triage.queries import open_cases
from studio.triage.remedies import remedies_for

pytestmark = pytest.mark.django_db


def lock(world: Any, day: str) -> None:
    """The books say, in what we saw of them last, that everything up to a day is closed."""
    seen = SchemaSnapshot.objects.get(connection=world.books)
    seen.content = {**seen.content, "facts": {"lock_date": day}}
    seen.save()


def two_closed(world: Any) -> Case:
    lock(world, "2026-11-05")
    world.order("1001", Net=100)
    world.order("1002", Net=50)
    world.run()
    first, second = Case.objects.order_by("pk")
    assert first.cause == second.cause
    assert first.case_class == "period"
    return first


def asked(**more: str) -> dict[str, str]:
    day = timezone.localdate() + timedelta(days=5)
    return {"to": "lea@firm.example", "until": day.isoformat(), **more}


def test_the_first_open_day_is_what_another_day_starts_with(world) -> None:
    case = two_closed(world)

    move = next(r for r in remedies_for(case) if r.key == "move_date")
    (day,) = [one for one in move.inputs if one.name == "date"]

    assert day.initial is not None
    assert day.initial(case) == "2026-11-06"


def test_a_second_move_says_what_day_the_source_keeps(world, accountant) -> None:
    lock(world, "2026-11-05")
    world.order("1001")
    world.run()
    with pytest.raises(ValidationError) as refused:
        apply_remedy(
            accountant, world.case(), "move_date", {"date": "2026-11-05", "reason": "closed"}
        )
    assert refused.value.message_dict["date"] == [
        "The period up to 5 Nov 2026 is closed in Harbour Books. Give a later day."
    ]
    apply_remedy(accountant, world.case(), "move_date", {"date": "2026-11-06", "reason": "late"})
    lock(world, "2026-11-09")
    world.run()
    still = open_cases(world.workspace).get()

    said = apply_remedy(accountant, still, "move_date", {"date": "2026-11-10", "reason": "closed"})

    assert said == "Goes through again to be posted on 10 Nov 2026; the source keeps 2 Nov 2026."
    item = world.item("1001")
    assert [one.value for one in corrections_of(item)] == ["2026-11-10"]
    # What was given as the reason stands where people read what happened.
    assert still.notes.filter(kind="fix").last().text == f"{said} Reason: closed"


def leave_out(world: Any) -> None:
    """The flow is published anew, and takes nothing of this year any more."""
    design = {**world.version.content["design"], "filter": "date >= DATE(2027, 1, 1)"}
    world.version.content = {**world.version.content, "design": design}
    world.version.save()


def test_what_was_moved_by_hand_and_is_left_out_by_the_flow_is_no_fix(world, accountant) -> None:
    lock(world, "2026-11-05")
    world.order("1001")
    world.run()
    case = world.case()
    apply_remedy(accountant, case, "move_date", {"date": "2026-11-06", "reason": "late"})
    leave_out(world)

    world.run()

    item, left = world.item("1001"), open_cases(world.workspace).get()
    assert item.state == "parked"
    assert left.code == "left-the-flow"
    assert "was changed by hand to be posted, but the flow leaves it out" in left.sentence
    # Somebody lets it be: then it is left out, and the case does not call that a fix.
    apply_remedy(accountant, left, "void", {"reason": "not ours"})
    assert world.item("1001").state == "void"


def test_what_the_flow_leaves_out_closes_its_case_unposted(world, accountant) -> None:
    lock(world, "2026-11-05")
    world.order("1001")
    world.run()
    case = world.case()
    leave_out(world)

    apply_remedy(accountant, case, "again", {})
    world.run()

    case.refresh_from_db()
    assert world.item("1001").state == "filtered"
    assert case.state == "void"
    assert case.closed_reason.startswith("Not posted: it ")


def test_who_can_unlock_is_written_to_with_period_documents_money_and_the_way_there(
    world, ana, accountant
) -> None:
    ana.email = "ana@harbour.example"
    ana.save()
    case = two_closed(world)

    apply_remedy(accountant, case, "ask_unlock", asked(word="For the audit."))
    assert send_letters() == 1

    (letter,) = mail.outbox
    assert letter.to == ["lea@firm.example"]
    assert letter.reply_to == ["ana@harbour.example"]
    assert letter.subject == "Harbour Books: please open a closed period"
    for said in (
        "up to 5 Nov 2026",
        "Close the books",
        "Ana Keller <ana@harbour.example>",
        case.record_label,
        Case.objects.get(record_label__endswith="1002").record_label,
        "100.00 USD",
        "150.00 USD",
        "For the audit.",
    ):
        assert said in letter.body
    # Nobody outside is led to a page they have no seat for.
    assert "/exceptions/" not in letter.body
    world.books.refresh_from_db()
    assert world.books.unlocks == "lea@firm.example"
    assert AuditEvent.objects.get(key="case.ask_unlock").data["values"]["to"] == "lea@firm.example"


def test_every_case_of_the_period_waits_and_says_for_whom_and_since_when(
    world, ana, accountant, as_person
) -> None:
    case = two_closed(world)

    apply_remedy(accountant, case, "ask_unlock", asked())

    assert not open_cases(world.workspace).exists()
    for one in Case.objects.all():
        assert (one.state, one.waiting_for) == ("waiting", "lea@firm.example")
        assert one.waiting_until > timezone.now() + timedelta(days=4)
        page = html.unescape(as_person(ana).get(f"/exceptions/{one.uuid}/").content.decode())
        assert "waiting for lea@firm.example until" in page
        assert one.notes.filter(author="Ana Keller", kind="fix", text__contains="is asked").exists()
        # The address is there the next time.
        assert 'value="lea@firm.example"' in page


def test_unlocked_tries_all_of_them_although_the_last_look_still_says_closed(
    world, accountant
) -> None:
    case = two_closed(world)
    apply_remedy(accountant, case, "ask_unlock", asked())
    case.refresh_from_db()

    said = apply_remedy(accountant, case, "unlocked", {})
    world.run()

    assert "2 records" in said
    assert sorted(d.data["TxnDate"] for d in world.target.creates) == ["2026-11-02"] * 2
    assert not Case.objects.filter(closed_at=None).exists()


def test_where_it_is_still_closed_the_target_says_so_and_the_case_is_back(
    world, accountant
) -> None:
    case = two_closed(world)
    world.target.faults = [
        PeriodClosed(system="qbo", call="create Invoice", date="2026-11-02") for _ in range(2)
    ]

    apply_remedy(accountant, case, "unlocked", {})
    world.run()

    assert not world.target.creates
    assert {c.case_class for c in open_cases(world.workspace)} == {"period"}
    assert "unlocked" in {r.key for r in remedies_for(open_cases(world.workspace).first())}


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"to": "lea"}, "mail address"),
        ({"to": "a@b.example, c@d.example"}, "mail address"),
        ({"until": "2020-01-01"}, "a day to come"),
        ({"until": "soon"}, "YYYY-MM-DD"),
    ],
)
def test_nothing_is_asked_of_nobody_or_for_a_day_that_is_over(
    world, accountant, wrong, complaint
) -> None:
    case = two_closed(world)

    with pytest.raises(ValidationError, match=complaint):
        apply_remedy(accountant, case, "ask_unlock", asked(**wrong))

    assert send_letters() == 0
    assert open_cases(world.workspace).count() == 2


@pytest.mark.parametrize(
    ("wrong", "field", "complaint"),
    [
        ({"to": ""}, "to", "Mail of who can open it there is needed."),
        ({"to": "lea at firm"}, "to", "Give the mail address of one person."),
        ({"until": "2020-01-01"}, "until", "a day to come"),
    ],
)
def test_a_refusal_stands_at_its_field_and_keeps_what_was_typed(
    world, ana, as_person, wrong, field, complaint
) -> None:
    case = two_closed(world)
    client = as_person(ana)
    typed = asked(word="For the audit.", **wrong)

    led = client.post(f"/exceptions/{case.uuid}/fix/ask_unlock/", typed)
    page = client.get(led.url).content.decode()

    assert led.url == f"/exceptions/{case.uuid}/#ask_unlock-{field}"
    told = re.search(rf'id="ask_unlock-{field}-error">(.*?)</p>', page, re.DOTALL)
    assert told is not None
    assert complaint in html.unescape(told[1])
    control = re.search(rf'<input id="ask_unlock-{field}"[^>]*>', page)
    assert control is not None
    assert f'value="{typed[field]}"' in control[0]
    assert 'aria-invalid="true"' in control[0]
    assert "For the audit.</textarea>" in page
    # At the field, and nowhere else: no message that goes by itself.
    assert page.count(told[1].split("</svg>")[-1].strip()) == 1


def test_a_refusal_that_is_about_no_field_stands_at_the_head_of_its_form(
    world, ana, as_person, monkeypatch
) -> None:
    case = two_closed(world)
    monkeypatch.setattr("studio.flows.remedies_period._books", refuse)
    client = as_person(ana)

    led = client.post(f"/exceptions/{case.uuid}/fix/unlocked/")
    monkeypatch.undo()
    page = client.get(led.url).content.decode()

    assert led.url.endswith("#unlocked-refused")
    assert re.search(r'id="unlocked-refused".*?The record is gone\.', page, re.DOTALL)


def refuse(case: Case) -> Any:
    raise ValidationError("The record is gone.")


def test_where_nobody_is_named_the_form_says_where_somebody_is_and_that_page_keeps_him(
    world, ana, ada, as_person
) -> None:
    case = two_closed(world)
    client, keeper = as_person(ana), as_person(ada)
    connection = f"/connections/{world.books.uuid}/"

    told = html.unescape(client.get(f"/exceptions/{case.uuid}/").content.decode())
    seen = client.get(connection).content.decode()

    assert "Nobody is named for Harbour Books yet." in told
    assert "in the role Integrator or Administrator can name somebody" in told
    assert f'href="{connection}#unlocks"' in told
    assert 'id="unlocks"' in seen
    assert f"{connection}settings/" not in seen
    # Who may change the connection is led on from there, and names somebody.
    assert f'href="{connection}settings/#id_unlocks"' in keeper.get(connection).content.decode()
    form = keeper.get(f"{connection}settings/").context["form"]
    typed = {n: v for n, v in form.initial.items() if v not in (None, "")}
    keeper.post(f"{connection}settings/", typed | {"unlocks": "lea@firm.example"})
    again = html.unescape(client.get(f"/exceptions/{case.uuid}/").content.decode())
    assert "Nobody is named" not in again
    assert 'value="lea@firm.example"' in again


def test_only_who_may_approve_asks_for_an_unlocking(world, integrator) -> None:
    case = two_closed(world)

    with pytest.raises(PermissionDenied):
        apply_remedy(integrator, case, "ask_unlock", asked())


def test_only_who_may_approve_passes_our_lock_even_when_the_case_was_given_to_another(
    world, accountant, ivo, integrator
) -> None:
    case = two_closed(world)
    assign(accountant, case, ivo)

    with pytest.raises(PermissionDenied):
        apply_remedy(integrator, case, "unlocked", {})

    apply_remedy(accountant, case, "unlocked", {})
    other = Case.objects.exclude(pk=case.pk).get()
    line = AuditEvent.objects.get(key="case.unlocked", subject=f"case:{other.uuid}")
    assert sentence(line) == f"said that the period of {other.record_label} is open"
    assert AuditEvent.objects.filter(subject=f"case:{case.uuid}", key="case.unlocked").exists()


def test_who_was_asked_is_not_asked_again_while_the_case_waits(world, accountant) -> None:
    case = two_closed(world)
    apply_remedy(accountant, case, "ask_unlock", asked())
    other = Case.objects.exclude(pk=case.pk).get()

    with pytest.raises(ValidationError, match="was asked already"):
        apply_remedy(accountant, other, "ask_unlock", asked())
    apply_remedy(accountant, other, "ask_unlock", asked(to="max@firm.example"))

    assert send_letters() == 2
    kept = AuditEvent.objects.filter(key="connection.unlocks").order_by("pk")
    assert [e.data for e in kept] == [
        {"from": "", "to": "lea@firm.example"},
        {"from": "lea@firm.example", "to": "max@firm.example"},
    ]


def test_a_question_to_people_is_asked_case_by_case(world, accountant) -> None:
    two_closed(world)

    with pytest.raises(ValidationError, match="case by case"):
        apply_to_many(accountant, Case.objects.all(), "ask_unlock", asked())

    assert send_letters() == 0
