"""What people do on the pages: by mouse, by keyboard alone, and without script; and no page needs one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from django.utils import timezone
from playwright.sync_api import ElementHandle, Locator, Page, expect

from studio.catalog.models import Move
from studio.flows import drafts
from studio.flows.edits import add
from studio.flows.models import Flow
from studio.learning.actions.calibrations import take_back
from studio.learning.models import Calibration
from studio.linking.actions import judge
from studio.linking.models import Pair
from studio.mapping.actions import decide_value
from studio.mapping.models import ValueProposal
from studio.triage.actions import put_aside
from studio.triage.models import Case
from tests.browser.conftest import Visits, Watch
from tests.browser.house import PAGES, House, may_open, rehearse
from tests.studio.signing import signed
from tests.studio.test_who_may import WRITES

# Seen without a script and of no use there: what presses nothing and leads nowhere.
IDLE = """() => [...document.querySelectorAll("a, button, [hx-get], [hx-post]")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled)
  .filter((e) => !(e.tagName === "A" ? e.href : e.tagName === "BUTTON" ? e.type === "submit" && e.form : e.closest("form") || e.matches("[hx-trigger]")))
  .map((e) => e.outerHTML.slice(0, 200))"""
MOST_STOPS = 300
# Where each form is sent to, and where its buttons send it instead.
SENT_TO = """() => [...document.querySelectorAll("form[method=post]")].map((form) => [
  form.getAttribute("action") ?? location.pathname,
  [...form.querySelectorAll("button[formaction]")].map((button) => button.getAttribute("formaction"))])"""


# The parts on the style guide do nothing, with or without a script.
@pytest.mark.parametrize(
    ("name", "person"),
    [(n, p) for n in PAGES for p in ("ivo", "ana") if may_open(p, n) and n != "core:style"],
)
def test_without_script_nothing_on_a_page_is_idle(
    name: str, person: str, house: House, visits: Visits
) -> None:
    page = visits.page(person, script=False)
    answer = page.goto(PAGES[name](house))

    assert answer is not None
    assert answer.status == 200
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate(IDLE) == []


def test_the_canvas_offers_the_table_without_script(house: House, visits: Visits) -> None:
    page = visits.page("ivo", script=False)
    page.goto(PAGES["flows:flow"](house))

    page.get_by_role("link", name="Table", exact=True).click()

    expect(page).to_have_url(house.url + PAGES["flows:flow-table"](house))
    expect(page.get_by_label("Add a step")).to_be_visible()


@dataclass(frozen=True)
class Deed:
    """Somebody fills in a form of a page, presses its button and is told the outcome.

    ``route`` is where the form, or its button, is sent to; ``fill`` is selector -> value, where a box to
    tick has no value; ``@`` looks outside the form. What is ``said`` may be a pattern.
    """

    person: str
    page: str
    route: str
    said: str | re.Pattern[str]
    fill: dict[str, str] = field(default_factory=dict)
    button: str = "button"
    before: Callable[[House], object] | None = None


def with_a_new_address(house: House) -> None:
    """Ivo asked for another address of the books."""
    books = house.world.books
    Move.objects.create(
        connection=books, before=books.base_url, after="http://127.0.0.1:2", asked_by="Ivo Marsh"
    )


def with_a_rule(house: House) -> None:
    """The draft differs from what is live."""
    flow = Flow.objects.get(pk=house.world.flow.pk)
    drafts.edit(house.actor("ivo"), flow, flow.revision, lambda design: add(design, "rule"))


def with_a_rule_taken_back(house: House) -> None:
    with_a_rule(house)
    drafts.undo(house.actor("ivo"), Flow.objects.get(pk=house.world.flow.pk))


def with_a_code_decided(house: House) -> None:
    offer = ValueProposal.objects.earliest("pk")
    decide_value(house.actor("ana"), offer, "approved", revision=offer.revision)


def with_an_account_decided(house: House) -> None:
    """Ana said alone what a code of an account means."""
    offer = ValueProposal.objects.earliest("pk")
    offer.table.name, offer.table.code_kind = "accounts", ""
    offer.table.save()
    decide_value(house.actor("ana"), offer, "approved", revision=offer.revision)


def with_two_linked(house: House) -> None:
    pair = Pair.objects.get(left__code="C1")
    judge(house.actor("ana"), pair.left, pair.right, "same")


def with_nothing_to_post(house: House) -> None:
    """The newest rehearsal of the orders is one that left all of them out."""
    flow = Flow.objects.get(pk=house.world.flow.pk)
    flow.design["filter"] = 'status = "billed"'
    flow.save()
    rehearse(house)


def with_all_put_aside(house: House) -> None:
    """Whatever the case of a page is: it waits."""
    tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
    cases = Case.objects.filter(closed_at=None)
    put_aside(house.actor("ana"), cases, on="the bank", until=tomorrow)


def with_weights_taken_back(house: House) -> None:
    take_back(house.actor("ivo"), Calibration.objects.get(), reason="too sure")


DEEDS = {
    "a code is translated": Deed(
        "ana", "triage:case code", "triage:case-fix", "“45” now means Net 60.", {"[value='4']": ""}
    ),
    "a second person confirms a code": Deed(
        "ivo",
        "mapping:values unconfirmed",
        "mapping:value-confirm",
        "Confirmed:",
        {},
        "[formaction$='/confirm/']",
        with_an_account_decided,
    ),
    "a remark on a case": Deed(
        "ana",
        "triage:case code",
        "triage:case-comment",
        "Asked Bayside",
        {"[name=text]": "Asked Bayside"},
    ),
    "a case is given to somebody": Deed(
        "ana", "triage:case code", "triage:case-assign", "Assigned to", {"[name=person]": "ivo"}
    ),
    "a case waits": Deed(
        "ana",
        "triage:case code",
        "triage:case-wait",
        "1 record is put aside until",
        {"[name=on]": "Bayside"},
    ),
    "a case is taken up": Deed(
        "ana",
        "triage:case code",
        "triage:case-take-up",
        "Taken up again.",
        before=with_all_put_aside,
    ),
    "ticked causes wait": Deed(
        "ana",
        "triage:queue",
        "triage:group-wait",
        re.compile("put aside until .* waiting for Bayside"),
        {"@#cause-1 [name=tick]": "", "[name=on]": "Bayside"},
    ),
    "ticked causes are taken up": Deed(
        "ana",
        "triage:queue waiting",
        "triage:group-take-up",
        "taken up.",
        {"@#cause-1 [name=tick]": ""},
        before=with_all_put_aside,
    ),
    "a case is planned": Deed(
        "ana", "triage:case code", "triage:case-plan", "Kept.", {"[name=tags]": "urgent"}
    ),
    "ticked causes are closed": Deed(
        "ana",
        "triage:queue",
        "triage:group-fix",
        "case done",
        {"@#cause-1 [name=tick]": "", "[name=reason]": "by hand"},
        "[value=void]",
    ),
    "a field is approved": Deed(
        "ivo", "mapping:review", "mapping:row-decide", "is filled by", {}, "[name=candidate]"
    ),
    "a remark beside a field": Deed(
        "ivo",
        "mapping:review row",
        "mapping:row-note",
        "Your remark stands",
        {"[name=text]": "Which one?"},
    ),
    "a code of the list": Deed(
        "ana", "mapping:values", "mapping:value-decide", "now means Net 30."
    ),
    "codes are looked up": Deed(
        "ana", "mapping:values", "mapping:values-propose", "being looked up"
    ),
    "two customers are one": Deed(
        "ana", "linking:matches", "linking:judge", "is Kelvin Hardware Ltd."
    ),
    "a link is broken": Deed(
        "ana", "linking:link", "linking:unlink", "Unlinked.", {"[name=reason]": "Two firms"}
    ),
    "a flow looks now": Deed("ivo", "flows:flow", "flows:flow-run", "looks at Harbour ERP now."),
    "a version goes live": Deed(
        "ivo",
        "flows:flow",
        "flows:flow-publish",
        "is live.",
        {"[name=note]": "first"},
        before=lambda h: signed(h.actor("ivo"), h.world.flow),
    ),
    "a version is brought back": Deed(
        "ivo", "flows:flow", "flows:flow-restore", "is the draft now.", before=with_a_rule
    ),
    "a rehearsal is asked for": Deed(
        "ivo", "flows:flow-rehearsals", "flows:flow-rehearse", "Waiting for a worker."
    ),
    "a rehearsal that posts nothing is signed": Deed(
        "ana",
        "flows:rehearsal",
        "flows:rehearsal-sign",
        "Signed.",
        {"[name=aware]": ""},
        before=with_nothing_to_post,
    ),
    "a rehearsal is signed": Deed(
        "ana", "flows:rehearsal", "flows:rehearsal-sign", "Signed.", {"[name=note]": "as agreed"}
    ),
    "owners of fields": Deed(
        "ivo",
        "flows:owners",
        "flows:owners-change",
        "Saved in the draft.",
        {"[name='owner:name']": "apart"},
    ),
    "two sides are compared": Deed("ana", "tieout:periods", "tieout:run", "The difference by name"),
    "a tie-out is signed": Deed(
        "ana", "tieout:detail", "tieout:sign", "Signed by Ana Keller", {"[name=note]": "known"}
    ),
    "a second look": Deed(
        "ana", "learning:looks", "learning:answer", "had said", {}, "[value=not_a_match]"
    ),
    "weights are taken back": Deed(
        "ivo",
        "monitor:accuracy",
        "learning:take-back",
        "in force again",
        {"[name=reason]": "too sure"},
    ),
    "an address is told": Deed(
        "ivo",
        "webhooks:hooks",
        "webhooks:hooks",
        "Depot",
        {
            "[name=name]": "Depot",
            "[name=url]": "http://127.0.0.1:1/depot",
            "[value='case.opened']": "",
        },
    ),
    "an address is switched off": Deed("ivo", "webhooks:hook", "webhooks:switch", "It is off."),
    "an address is changed": Deed(
        "ivo", "webhooks:hook", "webhooks:change", "Changed.", {"[name=name]": "Depot"}
    ),
    "an address is removed": Deed(
        "ivo", "webhooks:hook", "webhooks:remove", "Warehouse is told nothing any more."
    ),
    "a connection is tested": Deed(
        "ivo", "catalog:connection", "catalog:connection-check", "It works, as memory."
    ),
    "a connection is settled": Deed(
        "ivo",
        "catalog:connection-settings",
        "catalog:connection-settings",
        "Saved.",
        {"[name=allowed_hours]": "08:00-18:00"},
    ),
    "a new address is agreed": Deed(
        "ana",
        "catalog:connection",
        "catalog:connection-move",
        "is reached at http://127.0.0.1:2",
        before=with_a_new_address,
    ),
    "a connection is ended": Deed(
        "ivo",
        "catalog:connection-disconnect",
        "catalog:connection-disconnect",
        "is disconnected.",
        {"[name=reason]": "moved"},
    ),
    "an agent is made": Deed(
        "ivo",
        "catalog:connection-agents",
        "catalog:connection-agents",
        "Copy the token now",
        {"[name=name]": "SRV02"},
    ),
    "an agent is revoked": Deed(
        "ivo", "catalog:connection-agents", "catalog:agent-revoke", "is revoked and ends."
    ),
    "a token is made": Deed(
        "ana", "api:tokens", "api:tokens", "Nightly", {"[name=name]": "Nightly"}
    ),
    "what a sender's orders are": Deed(
        "ivo",
        "flows:start-sent",
        "flows:start-sent",
        "flows are drafted",
        {"[name='is:orders']": "sales_order"},
    ),
    "an edit is taken back": Deed(
        "ivo", "flows:flow", "flows:flow-undo", "Took back: added a rule.", before=with_a_rule
    ),
    "an edit is made again": Deed(
        "ivo",
        "flows:flow",
        "flows:flow-redo",
        "Done again: added a rule.",
        before=with_a_rule_taken_back,
    ),
    "a remark beside a step": Deed(
        "ivo",
        "flows:flow-step filter",
        "flows:flow-remark",
        "Only what shipped",
        {"[name=text]": "Only what shipped"},
    ),
    "a flow is paused": Deed(
        "ivo", "flows:flow", "flows:flow-switch", "reads nothing new and pauses"
    ),
    "a rung is changed": Deed(
        "ivo",
        "flows:flow",
        "flows:flow-rung",
        "From now on:",
        {"[name=rung]": "draft", "[name=reason]": "audit"},
    ),
    "a record goes again": Deed(
        "ana", "flows:item parked", "flows:item-replay", "goes through again."
    ),
    "a look is settled": Deed(
        "ana",
        "learning:looks",
        "learning:settle",
        "is kept.",
        {"[name=reason]": "asked the customer"},
        "[value=kept]",
    ),
    "weights are put back": Deed(
        "ivo",
        "monitor:accuracy",
        "learning:put-back",
        "version 1 is in force",
        before=with_weights_taken_back,
    ),
    "the surest are linked": Deed("ana", "linking:matches", "linking:accept-within", "2 linked."),
    "ticked pairs are linked": Deed(
        "ana", "linking:matches", "linking:bulk", "1 linked.", {"@[name=tick]": ""}, "[value=same]"
    ),
    "a link is taken back": Deed(
        "ana",
        "linking:matches",
        "linking:undo",
        "Taken back: Northwind Timber.",
        before=with_two_linked,
    ),
    "records are compared again": Deed(
        "ana", "linking:matches", "linking:search", "Both sides are being read and compared."
    ),
    "a remark beside a record": Deed(
        "ana",
        "linking:explain",
        "linking:note",
        "Your remark stands beside",
        {"[name=text]": "Same owner"},
    ),
    "a partner is created": Deed(
        "ana",
        "linking:explain create",
        "linking:create",
        "will be created",
        {"[name=comment]": "Two firms"},
    ),
    "the surest fields": Deed("ivo", "mapping:review", "mapping:accept-within", "3 accepted."),
    "ticked fields": Deed(
        "ivo",
        "mapping:review",
        "mapping:bulk",
        "1 accepted.",
        {"@[name=tick]": ""},
        "[value=approved]",
    ),
    "fields are confirmed": Deed(
        "ana", "mapping:review unconfirmed", "mapping:confirm", "1 confirmed.", {"@[name=tick]": ""}
    ),
    "fields are sent back": Deed(
        "ana",
        "mapping:review unconfirmed",
        "mapping:send-back",
        "1 sent back.",
        {"@[name=tick]": "", "[name=reason]": "The terms are no tax code"},
    ),
    "a field is confirmed": Deed(
        "ana", "mapping:review all", "mapping:row-confirm", "tax_code is confirmed"
    ),
    "a field is sent back": Deed(
        "ana",
        "mapping:review send back",
        "mapping:row-send-back",
        "tax_code is sent back; Ivo Marsh sees why.",
        {"[name=reason]": "The terms are no tax code"},
    ),
    "fields are proposed again": Deed(
        "ivo", "mapping:review", "mapping:propose", "Proposals are being made"
    ),
    "a decision is taken back": Deed(
        "ivo", "mapping:review", "mapping:undo", "Taken back: tax_code."
    ),
    "fields that are alike": Deed(
        "ivo", "mapping:review", "mapping:row-identical", "identical fields elsewhere"
    ),
    "a field waits": Deed(
        "ivo", "mapping:review", "mapping:row-later", "comes back at the end of your list."
    ),
    "a code waits": Deed(
        "ana", "mapping:values", "mapping:value-later", "comes back at the end of your list."
    ),
    "a remark beside a code": Deed(
        "ana",
        "mapping:value-explain",
        "mapping:value-note",
        "Your remark stands beside",
        {"[name=text]": "Asked Bayside"},
    ),
    "ticked codes": Deed(
        "ana", "mapping:values", "mapping:values-bulk", "1 accepted.", {"@[name=tick]": ""}
    ),
    "a code is taken back": Deed(
        "ana",
        "mapping:values",
        "mapping:values-undo",
        "Taken back: “14”.",
        before=with_a_code_decided,
    ),
    "an alarm is seen": Deed("ivo", "home", "monitor:alert-seen", "You see to it"),
    "balances are read again": Deed(
        "ana", "tieout:periods", "tieout:balances-ask", "are being read. Look again"
    ),
    "ticked causes are assigned": Deed(
        "ana",
        "triage:queue",
        "triage:group-assign",
        "1 case: Ivo Marsh.",
        {"@#cause-1 [name=tick]": "", "[name=person]": "ivo"},
    ),
    "a test message": Deed(
        "ivo", "webhooks:hook", "webhooks:ping", "A test message is on its way."
    ),
    "a secret is renewed": Deed(
        "ivo", "webhooks:hook", "webhooks:renew-secret", "Copy the secret now"
    ),
    "a message goes again": Deed(
        "ivo", "webhooks:hook", "webhooks:send-again", "It is sent again, with the id it had."
    ),
    "a trial is deleted": Deed(
        "ana", "tryout:trial pairs", "tryout:delete", "is deleted, files and result."
    ),
    "a token ends": Deed("ada", "api:tokens", "api:revoke", "The token works no more."),
}


DESIGNER = "the canvas and its table, by both hands: test_designer.py"
REVIEW = "the review by its own keys: test_review_mapping.py and test_review_matches.py"
SHOP = "a buyer's day and its desk: test_portal.py"
MODEL = "asks the language model, which no house has: tests/studio/learning"
# Where the other writes are pressed, or why no browser presses them.
ELSEWHERE = {
    "catalog:connection-introspect": "needs a system that answers: test_story.py",
    "flows:flow-condition": "a piece of the designer's panel, sent as one types",
    "flows:flow-edit": DESIGNER,
    "flows:run-approve": "needs a run that waits: tests/studio/flows/test_journals.py",
    "flows:start-pair": "needs a pair without flows: tests/studio/catalog/test_connecting.py",
    "linking:ask": MODEL,
    "mapping:publish": "needs a whole mapping: test_story.py",
    "mapping:row-ask": MODEL,
    "mapping:row-undo": REVIEW,
    "tieout:stock-run": "needs a flow of stock: tests/studio/tieout/test_stock.py",
    "tieout:stock-sign": "needs a flow of stock: tests/studio/tieout/test_stock.py",
    **{f"portal:{name}": SHOP for name in ("add", "again", "basket-change", "prices", "refresh")},
    **{f"portal:desk-{name}": SHOP for name in ("bind", "end", "invite", "open", "rules")},
}


def test_every_write_is_a_deed_or_says_where_it_is_done() -> None:
    pressed = {deed.route for deed in DEEDS.values()}

    assert pressed.isdisjoint(ELSEWHERE)
    assert set(ELSEWHERE) <= set(WRITES)
    # A new write belongs in DEEDS, or in ELSEWHERE with the reason.
    assert set(WRITES) - pressed - set(ELSEWHERE) == set()


class Hand(Protocol):
    """How somebody works on a page."""

    def fill(self, control: Locator, value: str) -> None: ...

    def press(self, control: Locator) -> None: ...


class Mouse:
    """Points and clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fill(self, control: Locator, value: str) -> None:
        if not value:
            control.check()
        elif control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)

    def press(self, control: Locator) -> None:
        control.click()


class Keys:
    """Has no mouse: goes to everything by Tab."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, element: ElementHandle) -> None:
        """Tab until it has the focus; of radio buttons, until their group has."""
        for _stop in range(MOST_STOPS):
            if element.evaluate(
                "e => e === document.activeElement || (e.type === 'radio' && e.name === document.activeElement?.name)"
            ):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{element} is not reached by Tab")

    def fill(self, control: Locator, value: str) -> None:
        element = control.element_handle()
        self.reach(element)
        if not value:
            self.page.keyboard.press("Space")
            for _choice in range(10):
                if element.evaluate("e => e.checked"):
                    return
                self.page.keyboard.press("ArrowDown")
        elif element.evaluate("e => e.tagName") == "SELECT":
            wanted = (
                "(e, value) => [...e.options].findIndex((o) => o.value === value) - e.selectedIndex"
            )
            steps = int(element.evaluate(wanted, value))
            for _step in range(abs(steps)):
                self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        else:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(value)

    def press(self, control: Locator) -> None:
        self.reach(control.element_handle())
        self.page.keyboard.press("Enter")


def unfolded(hand: Hand, control: Locator) -> None:
    """Open whatever it is folded away in."""
    for box in control.locator("xpath=ancestor::details[not(@open)]").all():
        hand.press(box.locator("> summary"))


def sent_to(page: Page, route: str) -> tuple[Locator, str]:
    """The form of a page that goes to a route, and which of its buttons does if it is not the form itself."""
    for at, (action, others) in enumerate(page.evaluate(SENT_TO)):
        form = page.locator("form[method=post]").nth(at)
        if name_of(action) == route:
            return form, ""
        for other in others:
            if name_of(other) == route:
                return form, f"[formaction='{other}']"
    raise AssertionError(f"nothing on {page.url} is sent to {route}")


def name_of(address: str) -> str:
    return resolve(urlsplit(address).path).view_name


@pytest.mark.parametrize("how", ["mouse", "keyboard", "no script"])
@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_is_done_and_told(
    name: str, how: str, fresh: House, visits: Visits, watch: Watch
) -> None:
    deed = DEEDS[name]
    if deed.before:
        deed.before(fresh)
    page = visits.page(deed.person, script=how != "no script")
    hand: Hand = Keys(page) if how == "keyboard" else Mouse(page)
    page.goto(PAGES[deed.page](fresh))
    form, own = sent_to(page, deed.route)
    # Only the deed says so.
    expect(page.locator("main, #toasts").get_by_text(deed.said)).to_have_count(0)

    for selector, value in deed.fill.items():
        control = (page if selector.startswith("@") else form).locator(selector.lstrip("@")).first
        unfolded(hand, control)
        hand.fill(control, value)
    button = form.locator(own or deed.button).first
    unfolded(hand, button)
    hand.press(button)

    expect(page.locator("main, #toasts").get_by_text(deed.said).first).to_be_visible()
