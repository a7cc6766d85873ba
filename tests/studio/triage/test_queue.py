"""The queue: grouped by cause, money first; a case is found, assigned, put aside, never lost."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from engine.errors import Audience
from studio.core.models import AuditEvent
from studio.triage import actions, queries
from studio.triage.letters import send_letters
from studio.triage.models import Case, CaseNote
from studio.triage.queries import Group, Money
from studio.triage.words import OWNERS
from tests.studio.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def full(world):
    for number in ("1001", "1002"):
        world.order(number, Terms="45", Net=Decimal("10.00"))
    world.order("1003", Terms="77", Net=Decimal("500.00"))
    world.run()
    return world


def groups_of(world: World) -> list[Group]:
    return queries.groups(queries.open_cases(world.workspace), world.workspace.base_currency)


@pytest.mark.promise("F05")
def test_causes_are_grouped_and_the_greatest_money_stands_first(full) -> None:
    found = groups_of(full)

    assert [(g.count, g.own.amount) for g in found] == [(1, Decimal(500)), (2, Decimal(20))]


def test_an_older_cause_of_equal_money_stands_first(full) -> None:
    Case.objects.filter(evidence__code="45").update(
        base_amount=Decimal(250), created_at=timezone.now() - timedelta(days=3)
    )

    first = groups_of(full)[0]

    assert first.own.amount == Decimal(500)
    assert first.count == 2


def test_money_age_and_the_end_of_the_period_make_a_cause_urgent() -> None:
    now = timezone.now()
    usual = queries.urgency(Decimal(100), now, period_end_days=20)

    assert queries.urgency(Decimal(200), now, period_end_days=20) > usual
    assert queries.urgency(Decimal(100), now - timedelta(days=3), period_end_days=20) > usual
    assert queries.urgency(Decimal(100), now, period_end_days=0) == pytest.approx(
        2 * usual, rel=0.01
    )
    assert queries.urgency(Decimal(100), now, period_end_days=7) == pytest.approx(usual, rel=0.01)


def test_the_same_trouble_again_is_the_same_case(full) -> None:
    from studio.flows.actions import replay

    replay(full.item("1003"))
    full.run()

    assert Case.objects.filter(evidence__code="77").get().seen_count == 2


def test_a_case_put_aside_comes_back_by_itself(full, accountant, ana, as_person) -> None:
    case = Case.objects.get(evidence__code="77")
    later = timezone.now() + timedelta(days=1)
    with pytest.raises(ValidationError):
        actions.wait(accountant, case, on=" ", until=later)

    actions.wait(accountant, case, on="the bank", until=later)
    assert case not in queries.open_cases(full.workspace)
    page = as_person(ana).get("/exceptions/?state=waiting").content.decode()
    assert "waiting for the bank until" in page

    Case.objects.filter(pk=case.pk).update(waiting_until=timezone.now())
    assert case in queries.open_cases(full.workspace)


def day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def waiting(world: World) -> set[str]:
    return set(queries.in_state(world.workspace, "waiting").values_list("record_label", flat=True))


def test_one_record_or_all_of_its_cause_are_put_aside_each_with_its_own_line(
    full, ana, as_person
) -> None:
    client = as_person(ana)
    case = Case.objects.filter(evidence__code="45").earliest("pk")
    at = f"/exceptions/{case.uuid}/wait/"

    one = client.post(at, {"on": "Bayside", "until": day(4)}, follow=True).content.decode()
    assert "1 record is put aside until" in one
    assert waiting(full) == {"Order 1001"}
    every = client.post(at, {"on": "the bank", "until": day(2), "which": "cause"}, follow=True)

    assert "2 records are put aside until" in every.content.decode()
    assert "waiting for the bank" in every.content.decode()
    assert waiting(full) == {"Order 1001", "Order 1002"}
    assert "“45”" not in client.get("/exceptions/").content.decode()
    lines = AuditEvent.objects.filter(key="case.waiting").order_by("pk")
    assert [e.data["record"] for e in lines] == ["Order 1001", "Order 1001", "Order 1002"]
    # What was done in one go is known as one.
    assert lines[1].bulk == lines[2].bulk is not None
    assert lines[0].bulk != lines[1].bulk
    back = timezone.localtime(Case.objects.get(pk=case.pk).waiting_until)
    assert (back.date().isoformat(), back.hour) == (day(2), 0)
    assert case.notes.filter(author="Ana Keller", text__contains="the bank").exists()


def test_ticked_causes_and_records_are_put_aside_and_taken_up_again(full, ana, as_person) -> None:
    client = as_person(ana)
    cause = Case.objects.filter(evidence__code="45").first().cause
    second = Case.objects.get(record_label="Order 1002")
    ticks = {"record": [second.uuid, "no key"], "next": f"/exceptions/?cause={cause}"}
    wanted = {"on": "Bayside", "until": day(3)}

    client.post("/exceptions/put-aside/", ticks | wanted)
    assert waiting(full) == {"Order 1002"}
    said = client.post(
        "/exceptions/put-aside/", {"tick": list(Case.objects.values_list("cause", flat=True))} | wanted,
        follow=True,
    ).content.decode()  # fmt: skip

    assert "2 records are put aside until" in said
    assert waiting(full) == {"Order 1001", "Order 1002", "Order 1003"}
    back = {"tick": [cause], "next": "/exceptions/?state=waiting"}
    again = client.post("/exceptions/take-up/", back, follow=True).content.decode()
    assert "2 records are taken up." in again
    assert waiting(full) == {"Order 1003"}
    assert AuditEvent.objects.filter(key="case.taken_up").count() == 2
    client.post(f"/exceptions/{Case.objects.get(record_label='Order 1003').uuid}/take-up/")
    assert waiting(full) == set()
    assert (
        "waiting for"
        not in client.get(f"/exceptions/{second.uuid}/").content.decode().split('id="notes"')[0]
    )


def test_of_a_ticked_cause_only_what_the_list_showed_is_meant(mixed, ana, as_person) -> None:
    client = as_person(ana)
    cause = Case.objects.filter(evidence__code="45").first().cause
    narrow = {"tick": [cause], "next": "/exceptions/?currency=EUR"}

    client.post("/exceptions/put-aside/", narrow | {"on": "Bayside", "until": day(3)})
    client.post("/exceptions/fix/", {"tick": [cause], "remedy": "void", "reason": "by hand",
                                     "next": "/exceptions/?money=5000"})  # fmt: skip

    assert set(Case.objects.filter(state="waiting").values_list("currency", flat=True)) == {"EUR"}
    assert not Case.objects.filter(state="void").exists()


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"on": " "}, "on", "Say whom or what the case is waiting for."),
        ({"until": "2020-01-01"}, "until", "Give a day to come"),
        ({"until": "soon"}, "until", "Give the day as YYYY-MM-DD."),
    ],
)
def test_what_cannot_be_put_aside_is_said_at_its_field_and_nothing_is_typed_twice(
    full, ana, as_person, wrong, field, sentence
) -> None:
    client = as_person(ana)
    case = Case.objects.filter(evidence__code="45").earliest("pk")
    typed = {"on": "Bayside, Ms Lee", "until": day(3), **wrong}

    to_case = client.post(f"/exceptions/{case.uuid}/wait/", typed | {"which": "cause"})
    on_case = client.get(to_case.url).content.decode()
    to_queue = client.post("/exceptions/put-aside/", typed | {"tick": [case.cause]})
    on_queue = client.get(to_queue.url).content.decode()

    assert waiting(full) == set()
    for url, page in ((to_case.url, on_case), (to_queue.url, on_queue)):
        assert url.endswith(f"#{field}")
        told = re.search(rf'id="{field}-error">(.*?)</p>', page, re.DOTALL)
        assert told is not None
        assert sentence in told[1]
        control = re.search(rf'<input id="{field}"[^>]*>', page)
        assert control is not None
        assert f'aria-describedby="{field}-error"' in control[0]
        assert f'value="{typed["on"]}"' in page
    assert re.search(r'value="cause" checked', on_case)
    # It is said once; who comes back later starts afresh.
    assert sentence not in client.get(to_case.url).content.decode()
    ticked = re.findall(r'name="tick" value="([^"]*)" checked', on_queue)
    assert [html.unescape(t) for t in ticked] == [case.cause]


def test_a_remark_is_kept_with_its_author_and_an_auditor_may_not_leave_one(
    full, accountant, olga, actor_of
) -> None:
    case = Case.objects.get(evidence__code="77")
    actions.comment(accountant, case, "Asked the customer.")

    assert CaseNote.objects.filter(author="Ana Keller").get().text == "Asked the customer."
    with pytest.raises(PermissionDenied):
        actions.comment(actor_of(olga), case, "me too")


def test_a_question_stands_at_home_of_who_is_asked_until_they_answer(
    full, ana, ivo, accountant, integrator, as_person, actor_of, mailoutbox
) -> None:
    case = Case.objects.get(evidence__code="77")
    ivo.email = "ivo@example.com"
    ivo.save()
    with pytest.raises(PermissionDenied):
        actions.comment(integrator, case, "Nobody asked me.")
    typed = {"text": "Is 77 a new term?", "person": "ivo"}
    said = as_person(ana).post(f"/exceptions/{case.uuid}/comment/", typed, follow=True)

    assert f"{ivo} finds your question at home." in said.content.decode()
    home = as_person(ivo).get("/").content.decode()
    asks = f'href="/exceptions/{case.uuid}/#notes">{ana} asks you about {case.record_label}<'
    assert asks in home
    assert "asks you about" not in as_person(ana).get("/").content.decode()
    send_letters()
    assert mailoutbox[0].to == ["ivo@example.com"]
    assert "Is 77 a new term?" in mailoutbox[0].body
    for address in ("", f"?cause={case.cause}"):
        assert f"question to {ivo}" in as_person(ana).get(f"/exceptions/{address}").content.decode()
    page = as_person(ivo).get(f"/exceptions/{case.uuid}/").content.decode()
    assert "not answered yet" in page

    as_person(ivo).post(f"/exceptions/{case.uuid}/comment/", {"text": "Yes, since May."})

    assert "asks you about" not in as_person(ivo).get("/").content.decode()
    assert f"question to {ivo}" not in as_person(ana).get("/exceptions/").content.decode()
    assert case.notes.get(author=str(ivo)).text == "Yes, since May."
    assert AuditEvent.objects.get(key="case.asked").data["to"] == str(ivo)


def test_a_question_is_over_when_the_case_is_and_nobody_is_asked_who_cannot_answer(
    full, ana, ivo, olga, accountant, integrator, as_person, actor_of
) -> None:
    case = Case.objects.get(evidence__code="77")
    for person, why in ((olga, "may only read"), (ana, "Ask somebody else")):
        with pytest.raises(ValidationError, match=why):
            actions.comment(accountant, case, "Who knows?", ask=person)
    actions.comment(accountant, case, "Who knows?", ask=ivo)

    actions.apply_remedy(accountant, case, "void", {"reason": "paid in cash"})

    case.refresh_from_db()
    assert "asks you about" not in as_person(ivo).get("/").content.decode()
    with pytest.raises(ValidationError, match="settled already"):
        actions.comment(accountant, case, "And now?", ask=ivo)
    with pytest.raises(PermissionDenied):
        actions.comment(integrator, case, "Too late.")


def test_who_was_given_a_case_by_whom_stands_in_what_happened(
    full, ana, ivo, accountant, as_person
) -> None:
    case = Case.objects.get(evidence__code="77")

    actions.assign(accountant, case, ivo)
    actions.assign(accountant, case, None)

    told = list(case.notes.filter(kind="assigned").values_list("author", "text"))
    assert told == [(str(ana), f"Given to {ivo}."), (str(ana), "Put back in the queue.")]
    assert f"Given to {ivo}." in as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()


def test_a_case_says_who_can_act_until_somebody_has_it(full, ana, as_person, actor_of) -> None:
    case = Case.objects.latest("pk")
    reader = as_person(ana)

    before = reader.get(f"/exceptions/{case.uuid}/").content.decode()
    actions.assign(actor_of(ana), case, ana)
    after = reader.get(f"/exceptions/{case.uuid}/").content.decode()

    assert '<span class="chip">for an accountant</span>' in before
    assert "for an accountant" not in after


def test_every_audience_has_its_words() -> None:
    assert set(OWNERS) == set(Audience)


def test_the_key_for_a_remark_leads_to_the_box_and_sends_nothing(full, ana, as_person) -> None:
    case = Case.objects.latest("pk")

    page = as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()

    assert re.findall(r'<(\w+) [^>]*data-key="c"', page) == ["a"]
    assert '<a href="#text" data-key="c"' in page
    assert '<textarea id="text" name="text"' in page


def test_the_next_case_is_of_another_cause(full) -> None:
    case = Case.objects.filter(evidence__code="45").first()

    following = queries.next_case(case)

    assert following is not None
    assert following.evidence["code"] == "77"


def test_fixing_a_case_in_the_browser_goes_on_to_the_next(full, ana, as_person) -> None:
    case = Case.objects.filter(evidence__code="45").first()
    other = Case.objects.get(evidence__code="77")

    said = as_person(ana).post(f"/exceptions/{case.uuid}/fix/add_lookup/", {"target": "4"})

    assert said.url == f"/exceptions/{other.uuid}/#heading"


def test_a_fix_without_its_input_is_refused_in_words(full, ana, as_person) -> None:
    case = Case.objects.get(evidence__code="77")

    said = as_person(ana).post(f"/exceptions/{case.uuid}/fix/void/", {}, follow=True)

    assert "Reason is needed." in said.content.decode()
    assert Case.objects.get(pk=case.pk).state == "open"


def test_searching_finds_by_order_number(full, ana, as_person) -> None:
    page = as_person(ana).get("/exceptions/?q=1003").content.decode()

    assert "“77”" in page
    assert "“45”" not in page


def test_the_choices_of_a_fix_can_be_searched(full, ana, as_person) -> None:
    case = Case.objects.get(evidence__code="77")

    page = as_person(ana).get(f"/exceptions/{case.uuid}/choices/add_lookup/target/?q=60")

    assert "Net 60" in page.content.decode()
    assert "Net 30" not in page.content.decode()


def test_nothing_is_preselected_that_nobody_proposed(full, ana, as_person) -> None:
    case = Case.objects.get(evidence__code="77")

    page = as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()

    choices = re.findall(r'<input type="radio" name="target"[^>]*>', page)
    assert choices
    assert not [c for c in choices if "checked" in c]


def labels(page: str) -> list[str]:
    return [w for w in ("“45”", "“77”") if w in page]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["“45”", "“77”"]),
        ("money=100", ["“77”"]),
        ("age=3", ["“45”"]),
        ("who=nobody", ["“77”"]),
        ("who=ana", ["“45”"]),
        ("tag=year+end", ["“77”"]),
        ("kind=period", []),
        ("flow=orders", ["“45”", "“77”"]),
        ("flow=-", []),
        ("age=x&money=-", ["“45”", "“77”"]),
    ],
)
def test_the_queue_is_narrowed_by_what_matters(
    full, ana, accountant, as_person, query, shown
) -> None:
    old = Case.objects.filter(evidence__code="45")
    old.update(created_at=timezone.now() - timedelta(days=4))
    actions.assign_many(accountant, old, ana)
    dear = Case.objects.get(evidence__code="77")
    actions.plan(accountant, dear, tags=["Year End", " "], due="2026-11-30")

    page = as_person(ana).get(f"/exceptions/?{query}").content.decode()

    assert labels(page) == shown
    assert "Assigned to" in page


def test_ticked_causes_are_assigned_and_closed_case_by_case(full, ana, as_person) -> None:
    client = as_person(ana)
    cause = Case.objects.filter(evidence__code="45").first().cause

    client.post("/exceptions/assign/", {"tick": [cause], "person": "ana"})
    assert set(Case.objects.filter(cause=cause).values_list("assignee__username", "state")) == {
        ("ana", "in_work")
    }
    refused = client.post("/exceptions/fix/", {"tick": [cause], "remedy": "void"}, follow=True)
    assert "2 left because" in refused.content.decode()
    client.post("/exceptions/fix/", {"tick": [cause], "remedy": "void", "reason": "paid in cash"})

    closed = Case.objects.filter(cause=cause, state="void")
    assert [c.closed_reason for c in closed] == ["paid in cash"] * 2
    keys = AuditEvent.objects.values_list("key", flat=True)
    assert (list(keys).count("case.assigned"), list(keys).count("case.void")) == (2, 2)
    nothing = client.post("/exceptions/fix/", {"remedy": "void"}, follow=True)
    assert "Tick some causes or records first" in nothing.content.decode()


def test_a_case_shows_its_tags_and_that_it_is_late(full, ana, accountant, as_person) -> None:
    case = Case.objects.get(evidence__code="77")
    with pytest.raises(ValidationError, match="YYYY-MM-DD"):
        actions.plan(accountant, case, tags=[], due="soon")

    as_person(ana).post(f"/exceptions/{case.uuid}/plan/", {"tags": "a, b", "due": "2020-01-31"})

    page = as_person(ana).get(f"/exceptions/{case.uuid}/").content.decode()
    assert "chip-bad" in page
    assert "due 31 Jan" in page
    assert Case.objects.get(pk=case.pk).tags == ["a", "b"]


def test_money_at_risk_counts_a_record_once(full) -> None:
    case = Case.objects.get(evidence__code="77")
    Case.objects.create(
        workspace=case.workspace, subject=case.subject, cause="other", cause_label="o",
        case_class="value", amount=case.amount, currency=case.currency,
    )  # fmt: skip

    assert queries.at_risk(queries.open_cases(full.workspace)) == [Money(Decimal(520), "USD")]


def test_navigation_home_and_queue_say_the_same_number_and_what_it_counts(
    full, ana, as_person
) -> None:
    case = Case.objects.get(evidence__code="77")
    Case.objects.create(
        workspace=case.workspace, subject=case.subject, cause="second", cause_label="o",
        case_class="value",
    )  # fmt: skip
    client = as_person(ana)

    home = client.get("/").content.decode()
    queue = client.get("/exceptions/").content.decode()

    badge = re.compile(r'class="count" title="3 records are held up. Each record is counted once')
    assert badge.search(home)
    assert badge.search(queue)
    assert 'figure-value">3<' in home
    assert "3 records are held up</a>" in home
    assert "<strong>3 records are held up</strong>" in queue
    narrow = client.get("/exceptions/?money=100").content.decode()
    assert "<strong>1 record is held up</strong>" in narrow


@pytest.fixture
def mixed(full):
    """Two records of one cause in two currencies, and a cause of a company that keeps pounds."""
    euros = Case.objects.filter(evidence__code="45").first()
    Case.objects.filter(pk=euros.pk).update(
        currency="EUR", amount=Decimal(900), base_amount=Decimal(990), base_currency="USD"
    )
    Case.objects.filter(evidence__code="77").update(
        currency="GBP", amount=Decimal(5000), base_amount=Decimal(5000), base_currency="GBP"
    )
    return full


def test_a_cause_shows_each_currency_and_is_compared_within_its_companys_own(mixed) -> None:
    found = groups_of(mixed)

    assert [(g.sums, g.own) for g in found] == [
        ((Money(Decimal(900), "EUR"), Money(Decimal(10), "USD")), Money(Decimal(1000), "USD")),
        ((Money(Decimal(5000), "GBP"),), Money(Decimal(5000), "GBP")),
    ]
    assert [g.converted for g in found] == [True, False]


def test_the_queue_totals_each_currency_and_narrows_to_it(mixed, ana, as_person) -> None:
    page = as_person(ana).get("/exceptions/").content.decode()
    total = page[page.index('id="at-risk"') : page.index("</p>", page.index('id="at-risk"'))]

    assert re.findall(r"currency=(\w+)", total) == ["GBP", "EUR", "USD"]
    assert re.findall(r'money">([\d,.]+)', total) == ["5,000.00", "900.00", "10.00"]
    pounds = as_person(ana).get("/exceptions/?currency=GBP").content.decode()
    assert labels(pounds) == ["“77”"]


def test_every_case_knows_its_currency_and_that_of_the_company(full) -> None:
    full.order("1004", Terms="99", Currency="")
    full.run()

    case = Case.objects.get(evidence__code="99")
    assert (case.currency, case.base_currency) == ("USD", "USD")


def test_a_case_leads_to_all_records_of_its_cause(world, ana, as_person) -> None:
    for n in range(9):
        world.order(f"20{n}", Terms="45")
    world.order("300", Terms="77")
    world.run()
    client = as_person(ana)
    case = Case.objects.filter(evidence__code="45").first()

    page = client.get(f"/exceptions/{case.uuid}/").content.decode()
    link = re.search(r'href="(/exceptions/\?cause=[^"]+)">All 9<', page)
    assert link is not None
    queue = client.get(html.unescape(link[1])).content.decode()

    assert labels(queue) == ["“45”"]
    listed = re.findall(r'<tr data-row id="case-\d+">.*?<td>Order (\d+)', queue)
    assert sorted(listed) == [f"20{n}" for n in range(9)]
    assert link[1].split("/")[-1] in client.get("/exceptions/").content.decode()


def test_the_records_of_a_cause_are_paged(world, ana, as_person, monkeypatch) -> None:
    monkeypatch.setattr("studio.triage.views.PAGE", 2)
    for n in range(3):
        world.order(f"20{n}", Terms="45", Net=Decimal(n + 1))
    world.run()
    cause = Case.objects.first().cause

    first = as_person(ana).get("/exceptions/", {"cause": cause})
    records = first.context["records"]
    rest = as_person(ana).get("/exceptions/", {"cause": cause, "after": records.after})

    assert [c.amount for c in records.rows] == [3, 2]
    assert [c.amount for c in rest.context["records"].rows] == [1]


def test_of_two_people_who_answer_at_once_the_second_hears_that_it_is_settled(
    full, accountant
) -> None:
    first = queries.open_cases(full.flow.workspace).first()
    # Read before the first answer was given, as by a colleague's request at the same moment.
    second = Case.objects.get(pk=first.pk)
    actions.apply_remedy(accountant, first, "void", {"reason": "entered by hand"})

    with pytest.raises(ValidationError, match="settled already"):
        actions.apply_remedy(accountant, second, "void", {"reason": "a duplicate"})

    assert first.notes.filter(kind="fix").count() == 1


def test_what_is_settled_is_neither_given_to_anybody_nor_planned_nor_put_aside(
    full, accountant, ivo, ana, as_person
) -> None:
    case = queries.open_cases(full.flow.workspace).first()
    seen = Case.objects.get(pk=case.pk)
    actions.apply_remedy(accountant, case, "void", {"reason": "entered by hand"})

    for late in (
        lambda: actions.assign(accountant, seen, ivo),
        lambda: actions.plan(accountant, seen, tags=["urgent"], due=""),
        lambda: actions.wait(accountant, seen, on="Bayside", until=timezone.now()),
    ):
        with pytest.raises(ValidationError, match="settled already"):
            late()
    assert actions.assign_many(accountant, [seen], ivo) == 0
    said = as_person(ana).post(f"/exceptions/{case.uuid}/assign/", {"person": "ivo"}, follow=True)

    assert "settled already" in said.content.decode()
    assert (Case.objects.get(pk=case.pk).state, case.assignee) == ("void", None)
