"""The whole story in the browser: review, publish, run, fix three kinds of case, see the tie-out green."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models import Count
from playwright.sync_api import Page, expect

from connectors.emulation.serve import load, start_in_thread
from engine.errors import MappingRefused
from studio.accounts.models import Workspace, machine, sample_people
from studio.accounts.roles import CONNECT, LOOKUP, MAP
from studio.catalog.actions import check, introspect, refresh_codes
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.poll import poll
from studio.flows.pump import pump_connection, pump_flow
from studio.mapping.models import Mapping
from studio.sandbox import seeding, story
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedies_for

BUSY_ITEMS = ("new", "working", "waiting")
BUSY_DELIVERIES = ("ready", "sending", "unknown")


def quietly(_: str) -> None:
    """The story's report is of no interest here."""


@pytest.fixture
def company(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """The sample company's American half on emulators in threads; nothing approved yet."""
    running = {
        name: start_in_thread(load(name).make("S", 1, None, None, False))
        for name in ("syspro", "qbo", "xero")
    }
    monkeypatch.setattr(
        seeding, "hellos", lambda: {name: one.hello() for name, one in running.items()}
    )
    workspace = Workspace.objects.create(slug=seeding.SLUG, name="Halden Group")
    seeding.people(workspace)
    actor = machine(workspace, "set-up", CONNECT, MAP, LOOKUP)
    found = seeding.connections(actor, workspace)
    for key in ("syspro-us", "qbo"):
        assert check(found[key]).ok
        introspect(actor, found[key])
        refresh_codes(found[key])
    seeding.prepare_pair(actor, found["syspro-us"], found["qbo"], quietly)
    yield workspace
    for one in running.values():
        one.stop()


def sign_in(open_page: Callable[..., Page], username: str) -> Page:
    """By the form, as a person does."""
    page = open_page("/accounts/sign-in/")
    password = next(p["password"] for p in sample_people() if p["username"] == username)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Good day")).to_be_visible()
    return page


def run(flow: Flow) -> None:
    """What the workers would do, until nothing is under way."""
    flow.refresh_from_db()
    poll(flow)
    for _ in range(20):
        InboxItem.objects.update(not_before=None)
        Delivery.objects.update(not_before=None)
        pump_flow(flow.pk)
        pump_connection(flow.target_id)
        pump_connection(flow.source_id)
        waiting = InboxItem.objects.filter(state__in=BUSY_ITEMS).exists()
        if not waiting and not Delivery.objects.filter(state__in=BUSY_DELIVERIES).exists():
            return
    raise AssertionError("the workers did not come to rest")


def case_with(button: str) -> tuple[Case, dict[str, str]]:
    """An open case that the stated rule of the story fixes by this button."""
    for case in Case.objects.filter(state__in=OPEN_STATES).order_by("pk"):
        if button in {r.key for r in remedies_for(case)}:
            chosen = story.choose(case)
            if chosen and chosen[0] == button:
                return case, chosen[1]
    raise AssertionError(f"no case is fixed by {button}")


def settle(page: Page, case: Case, label: str, values: dict[str, str]) -> None:
    """Open the case, fill in the inputs of one button and press it."""
    page.goto(f"/exceptions/{case.uuid}/")
    box = page.locator("details.remedy", has=page.locator("summary", has_text=label))
    if box.get_attribute("open") is None:
        box.locator("summary").click()
    for name, value in values.items():
        control = box.locator(f'[name="{name}"]')
        if control.first.get_attribute("type") == "radio":
            box.locator(f'[name="{name}"][value="{value}"]').check()
        else:
            control.fill(value)
    box.get_by_role("button", name=label).click()
    expect(page.get_by_role("status").locator(".toast-success")).to_be_visible()


@pytest.mark.promise("P01", "U05", "U06")
def test_the_story_is_told_from_review_to_a_green_tie_out(
    open_page: Callable[..., Page],
    accessible: Callable[[Page], None],
    company: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ivo, ana = story.actor_of(company, "ivo"), story.actor_of(company, "ana")
    flow = Flow.objects.get(workspace=company, design__document="sales_order")
    invoice = Mapping.objects.get(connection=flow.target, entity="Invoice", direction="outbound")

    # The integrator reviews by keyboard …
    page = sign_in(open_page, "ivo")
    accessible(page)
    largest = Mapping.objects.annotate(n=Count("rows")).order_by("-n").first()
    page.goto(f"/mappings/{(largest or invoice).uuid}/")
    accessible(page)
    approved = (largest or invoice).rows.filter(state="approved")
    before = approved.count()
    for _ in range(3):
        focused = page.locator("[data-row]:focus").get_attribute("id")
        page.keyboard.press("Enter")
        expect(page.locator(f"#{focused}")).to_have_count(0)
    assert approved.count() == before + 3

    # … the rest by the stated rule, and publishes the last mapping and the flow on their pages.
    publish = story.publish

    def all_but_one(actor: Any, mapping: Mapping, **more: Any) -> Any:
        if mapping.pk == invoice.pk:
            raise MappingRefused(problems=("left to the browser",))
        return publish(actor, mapping, **more)

    monkeypatch.setattr(story, "publish", all_but_one)
    story.review_values(ivo, company, quietly)
    story.review_fields(ivo, company, quietly)
    story.review_matches(ana, company, quietly)
    page.goto(f"/flows/{flow.key}/")
    expect(page.get_by_text("This flow cannot be published yet.")).to_be_visible()
    accessible(page)
    page.goto(f"/mappings/{invoice.uuid}/publishing/")
    accessible(page)
    page.get_by_role("button", name="Publish").click()
    page.goto(f"/flows/{flow.key}/")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("nobody has signed")
    # What it would do is rehearsed, the accountant signs it, and only then it goes live.
    page.get_by_role("button", name="Rehearse", exact=True).click()
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()
    story.finished(flow.rehearsals.get().pk)
    signer = sign_in(open_page, "ana")
    signer.goto(page.url)
    accessible(signer)
    # Codes that are met for the first time hold up all of it, and signing that is a conscious act.
    signer.get_by_label("I know that it would post nothing as it is").check()
    signer.get_by_role("button", name="Sign this rehearsal").click()
    expect(signer.locator("#rehearsal-state")).to_contain_text("Signed by Ana Keller")
    page.reload()
    page.get_by_role("button", name="Go live as signed").click()
    expect(page.get_by_role("status")).to_contain_text("Version 1 is live.")

    # The workers read, map, post and write back; what cannot be posted waits.
    run(flow)
    posted = Delivery.objects.filter(step="post", state="done").count()
    assert Case.objects.filter(state__in=OPEN_STATES).exists()

    # The accountant fixes three kinds of case.
    page = sign_in(open_page, "ana")
    page.goto("/exceptions/")
    accessible(page)
    case, values = case_with("add_lookup")
    settle(page, case, "Add to the lookup table", values)
    accessible(page)
    run(flow)
    assert Delivery.objects.filter(step="post", state="done").count() > posted
    assert Case.objects.get(pk=case.pk).state == "fixed"
    for button, label in (("create", "Create it there"), ("move_date", "Post on another day")):
        case, values = case_with(button)
        settle(page, case, label, values)
        run(flow)
        assert Case.objects.get(pk=case.pk).state == "fixed"

    # What is not posted yet is named, nothing is lost, nothing doubled.
    page.goto("/tie-out/")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("The difference is explained, but not over.")).to_be_visible()
    accessible(page)
    # What is not over is signed with a reason only.
    page.get_by_label("Why it can be signed although").fill("the rest waits for its customers")
    page.get_by_role("button", name="Sign this tie-out").click()
    expect(page.get_by_text("Signed by Ana Keller on")).to_be_visible()
    posts = Delivery.objects.filter(step="post", state="done")
    assert posts.values("business_key").distinct().count() == posts.count()
