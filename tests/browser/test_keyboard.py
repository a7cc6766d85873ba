"""Every page by keyboard alone: everything is reached in order, is seen to have the focus, and lets go of it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.linking.models import Party
from studio.webhooks.models import Message
from tests.browser.conftest import Visits
from tests.browser.house import PAGES, House, may_open

# Who has most to press on a page; the others are shown a part of it.
PEOPLE = ("ivo", "ana")
MOST_STOPS = 400

# Writes down each stop of the Tab key, when the next key is about to leave it: by then the page has scrolled.
RECORDER = """() => {
  const looks = ["outlineStyle", "outlineWidth", "boxShadow", "borderTopColor", "backgroundColor"];
  // A row shows its focus on its first cell, a hidden box on its label.
  const parts = (e) => [e, e.firstElementChild, e.closest("label"), e.nextElementSibling].filter(Boolean);
  const worn = (e) => parts(e).map((p) => { const s = getComputedStyle(p); return looks.map((l) => s[l]).join(); }).join("|");
  const named = (e) => `<${e.tagName.toLowerCase()}${e.id ? " id=" + e.id : ""}> ${(e.getAttribute("aria-label") || e.textContent || e.name || "").trim().replace(/\\s+/g, " ").slice(0, 60)}`;
  const covered = (e) => {
    const box = (e.closest("label") && !e.checkVisibility({ opacityProperty: true }) ? e.closest("label") : e).getClientRects()[0];
    if (!box) return "has no place on the page";
    if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return "is off the screen";
    const at = document.elementFromPoint(Math.min(Math.max(box.left + Math.min(box.width / 2, 40), 1), innerWidth - 1), Math.min(Math.max(box.top + Math.min(box.height, innerHeight) / 2, 1), innerHeight - 1));
    // A message goes by itself, and has a button for it.
    return !at || at.closest("[data-toast]") || e.contains(at) || at.contains(e) || at.closest("label")?.contains(e) ? "" : `is covered by ${named(at)}`;
  };
  const stops = [], problems = [];
  let last = null, lastWorn = "", again = 0;
  window.tabbed = { stops, problems, named };
  document.addEventListener("keydown", (event) => {
    const e = document.activeElement;
    if (event.key !== "Tab" || !e || e === document.body) return;
    const before = stops[stops.length - 1];
    // A date has a stop for day, month and year, and one for its calendar.
    if (e === before && (!e.matches("[type=date], [type=time]") || (again += 1) > 4)) problems.push(`${named(e)} holds the focus`);
    if (e === before) return;
    again = 0;
    if (before && e !== stops[0] && !(before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) problems.push(`${named(e)} comes out of order, after ${named(before)}`);
    stops.push(e);
    if (e.tabIndex > 0) problems.push(`${named(e)} has a tabindex of its own`);
    const why = covered(e);
    if (why) problems.push(`${named(e)} ${why}`);
    last = e;
    lastWorn = worn(e);
  }, true);
  document.addEventListener("focusout", (event) => {
    if (event.target !== last) return;
    const e = last;
    last = null;
    const then = lastWorn;
    // A row keeps its look while the focus goes on inside it.
    Promise.resolve().then(() => { if (!e.contains(event.relatedTarget) && e.isConnected && worn(e) === then) problems.push(`${named(e)} looks the same with and without the focus`); });
  }, true);
  document.querySelector(".skip").focus();
}"""
AT_START = "tabbed.stops.length > 1 && (document.activeElement === document.body || document.activeElement === tabbed.stops[0])"
# What can be pressed or filled in and was not reached; of a group of radio buttons one is enough.
MISSED = """() => {
  const reached = new Set(tabbed.stops);
  const groups = new Set(tabbed.stops.filter((e) => e.type === "radio").map((e) => e.name));
  return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [contenteditable]")]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.matches(":disabled") && !e.closest("dialog:not([open])"))
    .filter((e) => !reached.has(e) && !(e.type === "radio" && groups.has(e.name)))
    .map(tabbed.named);
}"""
KEYS_OF_THE_PAGE = """() => [...new Set([...document.querySelectorAll("[data-key]")]
  .filter((e) => e.getClientRects().length && !e.disabled).map((e) => e.dataset.key))]"""


def opened(visits: Visits, house: House, person: str, name: str) -> Page:
    page = visits.page(person)
    page.goto(PAGES[name](house))
    return page


def walk(page: Page) -> dict[str, Any]:
    """Tab from the skip link until the focus is where it began."""
    page.evaluate(RECORDER)
    for pressed in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if pressed > 8 and page.evaluate(AT_START):
            break
    else:
        raise AssertionError(f"{page.url}: the focus never came back to the start")
    problems: list[str] = page.evaluate("tabbed.problems")
    missed: list[str] = page.evaluate(MISSED)
    return {"problems": list(dict.fromkeys(problems)), "missed": missed}


# The panels of the designer are the same page with other fields; who may only read them walks none of them.
WALKS = [
    (name, person)
    for name in PAGES
    for person in PEOPLE
    if may_open(person, name) and (person == "ivo" or not name.startswith("flows:flow-step"))
]


@pytest.mark.parametrize(("name", "person"), WALKS)
def test_everything_on_a_page_is_reached_seen_and_left_by_tab(
    name: str, person: str, house: House, visits: Visits
) -> None:
    page = opened(visits, house, person, name)
    assert (
        page.evaluate("document.querySelector('a, button, input, select, summary').className")
        == "skip"
    )

    assert walk(page) == {"problems": [], "missed": []}


@pytest.mark.parametrize("name", PAGES)
def test_the_skip_link_the_help_and_what_folds_answer_to_keys(
    name: str, house: House, visits: Visits
) -> None:
    page = opened(visits, house, "ivo", name)

    page.locator(".skip").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.keyboard.press("?")
    help_ = page.get_by_role("dialog", name="Keyboard")
    expect(help_).to_be_visible()
    keys = set(page.evaluate(KEYS_OF_THE_PAGE))
    told = help_.locator("dt").all_inner_texts()
    assert keys - set(told) == set()
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()

    for summary in page.locator("main summary").filter(visible=True).all()[:6]:
        box = summary.locator("xpath=..")
        summary.focus()
        if box.get_attribute("open") is None:
            page.keyboard.press("Enter")
        expect(box).to_have_attribute("open", "")
        page.keyboard.press("Escape")
        expect(box).not_to_have_attribute("open", "")
        expect(summary).to_be_focused()


def test_the_focus_stays_on_its_button_while_a_page_asks_how_far_it_is(
    fresh: House, visits: Visits
) -> None:
    Message.objects.update(state="new")
    page = opened(visits, fresh, "ivo", "webhooks:hook")
    again = page.locator("#messages button").nth(1)
    again.focus()
    page.evaluate("document.querySelector('#messages').dataset.old = '1'")

    expect(page.locator("#messages:not([data-old])")).to_be_visible()

    expect(again).to_be_focused()


def test_the_folded_menu_opens_by_enter_leads_on_and_closes_by_escape(
    house: House, visits: Visits
) -> None:
    page = opened(visits, house, "ivo", "home")
    page.set_viewport_size({"width": 820, "height": 900})
    menu = page.locator(".side-menu")
    menu.locator("summary").focus()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(menu.get_by_role("link").nth(1)).to_be_focused()
    page.keyboard.press("Escape")

    expect(menu.get_by_role("link").nth(1)).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


LISTS = (
    "triage:queue",
    "mapping:mappings",
    "mapping:review",
    "mapping:values",
    "linking:matches",
    "linking:matches unmatched",
    "learning:looks",
)
IN_SIGHT = """() => {
  const { top, bottom } = document.activeElement.closest("[data-row]").getBoundingClientRect();
  return bottom > 0 && top < (document.querySelector(".keys")?.getBoundingClientRect().top || innerHeight);
}"""


@pytest.mark.parametrize("width", [820, 390])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_opens_at_the_top_of_its_page_and_a_key_keeps_its_row_in_sight(
    name: str, width: int, fresh: House, visits: Visits
) -> None:
    # Without a partner or a candidate: the list of those would be empty.
    for n in range(3):
        Party.objects.create(connection=fresh.world.erp, kind="customer", key=f"L{n}", label="Lee")
    page = visits.page("ana" if name == "learning:looks" else "ivo")
    page.set_viewport_size({"width": width, "height": 480})
    page.goto(PAGES[name](fresh))
    first = page.locator("[data-rows] [data-row]").first

    expect(first).to_be_focused()
    assert page.evaluate("scrollY") == 0
    expect(page.locator("h1")).to_be_in_viewport()

    for key in ("j", "j", "k"):
        page.keyboard.press(key)
        assert page.evaluate(IN_SIGHT)


def test_a_key_decides_nothing_about_a_row_below_the_screen_but_shows_it(
    fresh: House, visits: Visits
) -> None:
    page = visits.page("ivo")
    page.set_viewport_size({"width": 390, "height": 480})
    page.goto(PAGES["mapping:review"](fresh))
    first = page.locator("[data-rows] [data-row]").first
    expect(first).to_be_focused()
    expect(first).not_to_be_in_viewport()
    decided = fresh.fields.rows.filter(state="approved").count()

    page.keyboard.press("Enter")
    expect(first).to_be_in_viewport()
    assert fresh.fields.rows.filter(state="approved").count() == decided
    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("is filled by")
