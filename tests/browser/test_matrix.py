"""Every page for every role: as the person opens it, in light and dark, wide and narrow, or the refusal.

A page is loaded once for a person; the look changes under it, as when a person turns the tablet or the
evening comes.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studio.accounts.roles import CONNECT, MATCH, PUBLISH, who_may
from tests.browser.conftest import SCHEMES, WIDTHS, Visits, Watch
from tests.browser.house import PAGES, ROLES, House, may_open
from tests.conftest import PEOPLE

REFUSED = "the server responded with a status of 403"

# What the pages of an app ask for that not everybody may open; the others ask for CONNECT.
ASKED = {"tryout": MATCH, "flows": PUBLISH}


def look(page: Page, accessible: Callable[[Page], None]) -> None:
    """No axe finding and no sideways scrolling, whatever the look."""
    for scheme in SCHEMES:
        # Nothing glides from one scheme to the other: colours on their way are nobody's contrast.
        page.emulate_media(
            color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
        )
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            accessible(page)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"scrolls sideways by {wide} px at {width}, {scheme}"


@pytest.mark.parametrize("person", ROLES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_for_a_role_in_every_look(
    name: str,
    person: str,
    house: House,
    visits: Visits,
    watch: Watch,
    accessible: Callable[[Page], None],
) -> None:
    page = visits.page(person)
    allowed = may_open(person, name)
    if not allowed:
        watch.expect(REFUSED)

    answer = page.goto(PAGES[name](house))

    assert answer is not None
    assert answer.status == (200 if allowed else 403)
    if not allowed:
        expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
        asked = ASKED.get(name.partition(":")[0], CONNECT)
        expect(page.locator("main")).to_contain_text(who_may(asked))
    look(page, accessible)


@pytest.mark.parametrize("path", ["/nothing-here/", "/accounts/sign-in/"])
def test_pages_of_nobody_are_sound_in_every_look(
    path: str, visits: Visits, watch: Watch, accessible: Callable[[Page], None]
) -> None:
    watch.expect("the server responded with a status of 404")
    page = visits.page("")
    page.goto(path)

    look(page, accessible)


def test_every_role_is_looked_at() -> None:
    # A buyer sees nothing of the studio; test_portal.py looks at what is his.
    buyers = {person for person, (_, role) in PEOPLE.items() if role == "buyer"}
    assert set(ROLES) == set(PEOPLE) - buyers
