"""The check of the pages themselves: what it leaves out was looked at, and nothing else is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.sound import Sound

SHEETS = sorted((Path(__file__).parents[2] / "studio").rglob("*.css"))
PAGE = """<!doctype html><html lang="en"><head><title>Bills</title><style>
:root {{ color-scheme: light dark; background: light-dark(#fff, #000); color: light-dark(#000, #fff) }}
.faint {{ color: light-dark(#ccc, #fff) }} .dim {{ color: light-dark(#000, #333) }}
@media (max-width: 900px) {{ .narrow {{ color: light-dark(#ccc, #333) }} }}
</style></head><body><main><h1>Bills</h1>{}</main></body></html>"""
MANY = "".join(
    f"<p id='p{n}'>Bill {n} of Harbour Supplies, due on the first</p>" for n in range(40)
)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def show(page: Page, inside: str, *, scheme: str = "light", width: int = 1280) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.set_content(PAGE.format(inside))


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        ("<p class='faint'>Overdue</p>", "color-contrast"),
        # A rule that speaks of the whole page sees the whole page.
        ("<p id='p1'>Again</p><label for='p1'>Twice</label><input>", "label"),
    ],
)
def test_a_fault_in_one_new_part_of_a_known_page_is_found(page: Page, more: str, rule: str) -> None:
    sound = Sound()
    show(page, MANY)
    sound(page)

    show(page, MANY + more)
    # It is found as often as it is looked for.
    for _time in range(2):
        with pytest.raises(AssertionError, match=rule):
            sound(page)


def test_a_part_that_is_elsewhere_is_another_part(page: Page) -> None:
    sound = Sound()
    show(page, f"{MANY}<div><p>Overdue</p></div>")
    sound(page)

    show(page, f"{MANY}<div class='faint'><p>Overdue</p></div>")
    with pytest.raises(AssertionError, match="color-contrast"):
        sound(page)


@pytest.mark.parametrize(
    ("word", "scheme", "width"), [("dim", "dark", 1280), ("narrow", "light", 820)]
)
def test_a_known_page_is_looked_at_again_in_another_look(
    page: Page, word: str, scheme: str, width: int
) -> None:
    sound = Sound()
    inside = f"{MANY}<p class='{word}'>Overdue</p>"
    show(page, inside)
    sound(page)

    show(page, inside, scheme=scheme, width=width)
    with pytest.raises(AssertionError, match="color-contrast"):
        sound(page)


def test_a_scheme_changes_nothing_but_colours() -> None:
    """Rules other than contrast need not be looked at again in the dark."""
    sheets = {sheet: sheet.read_text(encoding="utf-8") for sheet in SHEETS}
    assert len(sheets) > 5
    for sheet, text in sheets.items():
        assert "prefers-color-scheme" not in text, sheet
        declared = re.findall(r"^.*light-dark\(.*$", text, re.MULTILINE)
        assert all(re.match(r"\s*--[a-z0-9-]+: light-dark\(", line) for line in declared), sheet
    themes = re.findall(r"\[data-theme=[^{]*\{([^}]*)\}", "".join(sheets.values()))
    assert [rule.strip() for rule in themes] == ["color-scheme: light;", "color-scheme: dark;"]
