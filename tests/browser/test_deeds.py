"""What people do on the pages: by mouse, by keyboard alone, and without script; and no page needs one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from playwright.sync_api import ElementHandle, Locator, Page, expect

from studio.flows import drafts
from studio.flows.edits import add
from studio.flows.models import Flow
from tests.browser.conftest import Visits, Watch
from tests.browser.house import PAGES, House, may_open
from tests.studio.signing import signed

# Seen without a script and of no use there: what presses nothing and leads nowhere.
IDLE = """() => [...document.querySelectorAll("a, button, [hx-get], [hx-post]")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled)
  .filter((e) => !(e.tagName === "A" ? e.href : e.tagName === "BUTTON" ? e.type === "submit" && e.form : e.closest("form") || e.matches("[hx-trigger]")))
  .map((e) => e.outerHTML.slice(0, 200))"""
MOST_STOPS = 300


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

    ``form`` ends the address that the form is sent to; ``fill`` is selector -> value, where a box to
    tick has no value; ``@`` looks outside the form.
    """

    person: str
    page: str
    form: str
    said: str
    fill: dict[str, str] = field(default_factory=dict)
    button: str = "button"
    before: Callable[[House], object] | None = None


def with_a_rule(house: House) -> None:
    """The draft differs from what is live."""
    flow = Flow.objects.get(pk=house.world.flow.pk)
    drafts.edit(house.actor("ivo"), flow, flow.revision, lambda design: add(design, "rule"))


DEEDS = {
    "a code is translated": Deed(
        "ana", "triage:case code", "/fix/add_lookup/", "“45” now means Net 60.", {"[value='4']": ""}
    ),
    "a remark on a case": Deed(
        "ana", "triage:case code", "/comment/", "Asked Bayside", {"[name=text]": "Asked Bayside"}
    ),
    "a case is given to somebody": Deed(
        "ana", "triage:case code", "/assign/", "Assigned to", {"[name=person]": "ivo"}
    ),
    "a case waits": Deed(
        "ana", "triage:case code", "/wait/", "Put aside for", {"[name=on]": "Bayside"}
    ),
    "a case is planned": Deed(
        "ana", "triage:case code", "/plan/", "Kept.", {"[name=tags]": "urgent"}
    ),
    "ticked causes are closed": Deed(
        "ana",
        "triage:queue",
        "/exceptions/fix/",
        "case done",
        {"@#cause-1 [name=tick]": "", "[name=reason]": "by hand"},
        "[value=void]",
    ),
    "a field is approved": Deed(
        "ivo", "mapping:review", "/decide/", "is filled by", {}, "[name=candidate]"
    ),
    "a remark beside a field": Deed(
        "ivo", "mapping:review row", "/note/", "Your remark stands", {"[name=text]": "Which one?"}
    ),
    "a code of the list": Deed("ana", "mapping:values", "/decide/", "now means Net 30."),
    "codes are looked up": Deed("ana", "mapping:values", "/values/propose/", "being looked up"),
    "two customers are one": Deed("ana", "linking:matches", "/judge/", "is Kelvin Hardware Ltd."),
    "a link is broken": Deed(
        "ana", "linking:link", "/unlink/", "Unlinked.", {"[name=reason]": "Two firms"}
    ),
    "a flow looks now": Deed("ivo", "flows:flow", "/run/", "looks at Harbour ERP now."),
    "a version goes live": Deed(
        "ivo",
        "flows:flow",
        "/publish/",
        "is live.",
        {"[name=note]": "first"},
        before=lambda h: signed(h.actor("ivo"), h.world.flow),
    ),
    "a version is brought back": Deed(
        "ivo", "flows:flow", "/restore/1/", "Version 1 is the draft now.", before=with_a_rule
    ),
    "a rehearsal is asked for": Deed(
        "ivo", "flows:flow-rehearsals", "/rehearse/", "Waiting for a worker."
    ),
    "a rehearsal is signed": Deed(
        "ana", "flows:rehearsal", "/sign/", "Signed.", {"[name=note]": "as agreed"}
    ),
    "owners of fields": Deed(
        "ivo",
        "flows:owners",
        "/owners/change/",
        "Saved in the draft.",
        {"[name='owner:name']": "apart"},
    ),
    "two sides are compared": Deed(
        "ana", "tieout:periods", "/tie-out/run/", "The difference by name"
    ),
    "a tie-out is signed": Deed(
        "ana", "tieout:detail", "/sign/", "Signed by Ana Keller", {"[name=note]": "known"}
    ),
    "a second look": Deed(
        "ana", "learning:looks", "/answer/", "had said", {}, "[value=not_a_match]"
    ),
    "weights are taken back": Deed(
        "ivo", "monitor:accuracy", "/take-back/", "in force again", {"[name=reason]": "too sure"}
    ),
    "an address is told": Deed(
        "ivo",
        "webhooks:hooks",
        "/webhooks/",
        "Depot",
        {
            "[name=name]": "Depot",
            "[name=url]": "http://127.0.0.1:1/depot",
            "[value='case.opened']": "",
        },
    ),
    "an address is switched off": Deed("ivo", "webhooks:hook", "/switch/", "It is off."),
    "an address is changed": Deed(
        "ivo", "webhooks:hook", "/change/", "Changed.", {"[name=name]": "Depot"}
    ),
    "an address is removed": Deed(
        "ivo", "webhooks:hook", "/remove/", "Warehouse is told nothing any more."
    ),
    "a connection is tested": Deed("ivo", "catalog:connection", "/check/", "It works, as memory."),
    "a connection is settled": Deed(
        "ivo", "catalog:connection-settings", "", "Saved.", {"[name=allowed_hours]": "08:00-18:00"}
    ),
    "a connection is ended": Deed(
        "ivo",
        "catalog:connection-disconnect",
        "",
        "is disconnected.",
        {"[name=reason]": "moved"},
    ),
    "a token is made": Deed(
        "ana", "api:tokens", "/api/tokens/", "Nightly", {"[name=name]": "Nightly"}
    ),
}


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
    end = f'[action$="{deed.form}"]' if deed.form else ":not([action])"
    form = page.locator(f"main form[method=post]{end}").first
    # Only the deed says so.
    expect(page.locator("main, #toasts").get_by_text(deed.said)).to_have_count(0)

    for selector, value in deed.fill.items():
        control = (page if selector.startswith("@") else form).locator(selector.lstrip("@")).first
        unfolded(hand, control)
        hand.fill(control, value)
    button = form.locator(deed.button).first
    unfolded(hand, button)
    hand.press(button)

    expect(page.locator("main, #toasts").get_by_text(deed.said).first).to_be_visible()
