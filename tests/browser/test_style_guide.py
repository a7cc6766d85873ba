from __future__ import annotations

import pytest
from playwright.sync_api import expect


def test_the_sign_in_page_is_accessible_and_lets_people_in(open_page, accessible, ivo) -> None:
    page = open_page("/accounts/sign-in/?next=/_style")
    accessible(page)

    page.get_by_label("Username").fill("ivo")
    page.get_by_label("Password").fill("ivo-sandbox")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Style guide")).to_be_visible()


def test_rows_are_walked_and_ticked_by_keyboard(page_for) -> None:
    page = page_for("ivo", "/_style")

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#row-2")).to_be_focused()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#row-3")).to_be_focused()
    assert page.locator("[data-tick]:checked").count() == 2

    page.keyboard.press("k")
    page.keyboard.press("x")
    assert page.locator("[data-tick]:checked").count() == 1


def test_the_help_lists_the_keys_of_the_page(page_for, accessible) -> None:
    page = page_for("ivo", "/_style")

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("Accept and go on")
    expect(dialog).to_contain_text("Accept all ticked")
    accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_slash_goes_to_the_search_box_and_letters_stay_letters(page_for) -> None:
    page = page_for("ivo", "/_style")

    page.keyboard.press("/")
    page.keyboard.type("jxk?")

    expect(page.get_by_label("Find a field")).to_have_value("jxk?")


def test_a_theme_chosen_by_hand_stays(page_for) -> None:
    page = page_for("ada", "/_style")

    page.get_by_role("button", name="Dark").click()
    page.reload()

    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_the_theme_can_be_chosen_without_script(page_for) -> None:
    page = page_for("ada", "/_style", script=False)

    page.get_by_role("button", name="Dark").click()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_message_can_be_dismissed(page_for) -> None:
    page = page_for("ivo", "/_style")

    page.get_by_role("button", name="Dismiss").click()

    expect(page.locator("[data-toast]")).to_have_count(0)


SAY = """async (words) => {
  const { toast } = await import(document.querySelector("script[src*='studio/js/studio']").src);
  words.forEach((text) => toast(text, "warning"));
}"""


def test_messages_do_not_pile_up_and_what_can_be_undone_stays(page_for) -> None:
    page = page_for("ivo", "/_style")
    page.evaluate("document.querySelector('#toasts').replaceChildren()")
    page.evaluate(
        """() => {
          const box = Object.assign(document.createElement("div"), { className: "toast" });
          box.dataset.toast = box.dataset.keep = "";
          box.textContent = "Accepted. Undo";
          document.querySelector("#toasts").append(box);
        }"""
    )

    page.evaluate(SAY, [f"Refused {n}" for n in range(5)])

    expect(page.locator("[data-toast]")).to_have_text(["Accepted. Undo", "Refused 3", "Refused 4"])


WIDER = """() => {
  const box = document.createElement("div");
  box.className = "table-wrap";
  box.innerHTML = `<table class="table"><tbody><tr>${"<td>one&nbsp;long&nbsp;cell</td>".repeat(30)}</tr></tbody></table>`;
  document.querySelector(".page-content").prepend(box);
  dispatchEvent(new Event("resize"));
}"""
SHADOW = "document.querySelector('.table-wrap').dataset.more + '|' + getComputedStyle(document.querySelector('.table-wrap')).boxShadow"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_scrolls_sideways_shows_on_which_side_more_is(page_for, scheme: str) -> None:
    page = page_for("ivo", "/_style", width=390, scheme=scheme)
    page.evaluate(WIDER)
    wrap = page.locator(".table-wrap").first

    expect(wrap).to_have_attribute("data-more", "end")
    end = page.evaluate(SHADOW)
    assert "inset" in end
    wrap.evaluate("e => { e.scrollLeft = 40; }")
    expect(wrap).to_have_attribute("data-more", "start end")
    wrap.evaluate("e => { e.scrollLeft = e.scrollWidth; }")
    expect(wrap).to_have_attribute("data-more", "start")
    wrap.evaluate("e => { e.firstChild.remove(); }")
    page.evaluate("dispatchEvent(new Event('resize'))")
    expect(wrap).not_to_have_attribute("data-more", "start")
    assert page.evaluate(SHADOW).endswith("none")
