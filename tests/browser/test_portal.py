"""A buyer's day in the portal: his prices, a basket, a price that changes, an order with its number."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.studio.portal.market import MINE, Market, market, running

__all__ = ["market", "running"]
# Where pictures go when somebody wants to look at them.
SHOTS = os.environ.get("PORTAL_SHOTS")


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def sign_in(page: Page) -> None:
    page.goto("/accounts/sign-in/")
    page.get_by_label("Username").fill("bea")
    page.get_by_label("Password").fill("bea-sandbox")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Prices")).to_be_visible()


@pytest.mark.promise("B05")
@pytest.mark.parametrize("script", [True, False], ids=["htmx", "without script"])
def test_a_buyer_serves_himself(
    market: Market, open_page: Callable[..., Page], watch: Any, script: bool
) -> None:
    watch.expect("422")
    item = market.item()
    market.price_for(MINE, item.code, "3.21")
    page = open_page(script=script)
    sign_in(page)
    if not script:
        page.get_by_role("button", name="Show prices").click()
    page.get_by_label("Find an item").fill(item.code)
    if not script:
        page.get_by_label("Find an item").press("Enter")
        show = page.get_by_role("button", name="Show prices")
        if show.count():
            show.click()
    row = page.get_by_role("row", name=item.code)
    expect(row).to_contain_text("3.21")
    row.get_by_label(f"Quantity of {item.name}").fill("4")
    row.get_by_role("button", name="Add").click()
    expect(page.get_by_text("is in the basket, which has 1 line").first).to_be_visible()

    page.get_by_role("link", name="Basket").click()
    expect(page.get_by_text("12.84").first).to_be_visible()
    market.price_for(MINE, item.code, "3.50")
    page.get_by_label("Your order number").fill("PO 4711")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("Prices have changed since you saw them")).to_be_visible()
    expect(page.get_by_text("14.00").first).to_be_visible()
    page.get_by_role("button", name="Place it as it is now").click()
    expect(page.get_by_text("Your order is on its way to us")).to_be_visible()

    market.deliver()
    if not script:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("We have your order.")).to_be_visible()
    (there,) = market.in_syspro("PO 4711")
    expect(page.get_by_text(f"Its number is {there['SalesOrder'][-6:]}.")).to_be_visible()
    page.get_by_role("link", name="Orders").first.click()
    expect(page.get_by_role("link", name=there["SalesOrder"][-6:])).to_be_visible()
    page.get_by_role("link", name="Invoices").click()
    expect(page.get_by_role("heading", name="Invoices")).to_be_visible()


def test_what_was_added_is_said_although_the_row_was_replaced_meanwhile(
    market: Market, open_page: Callable[..., Page]
) -> None:
    item = market.item()
    market.price_for(MINE, item.code, "3.21")
    page = open_page()
    sign_in(page)
    page.wait_for_load_state("networkidle")
    # The answer of the basket is held back until the rows have been read anew.
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/portal/add/", hold)
    page.get_by_label("Find an item").fill(item.code)
    row = page.get_by_role("row", name=item.code)
    expect(page.locator("tbody tr")).to_have_count(1)
    row.get_by_role("button", name="Add").click()
    page.get_by_label("Find an item").fill("zzz")
    expect(page.get_by_text("Nothing is called “zzz”")).to_be_visible()

    held[0].continue_()

    expect(page.get_by_text("is in the basket, which has 1 line").first).to_be_visible()
    expect(page.get_by_role("link", name="Basket")).to_contain_text("1")


def test_the_portal_is_sound_in_every_look(
    market: Market, page_for: Callable[..., Page], accessible: Callable[[Page], None]
) -> None:
    item = market.item(cased=True)
    market.client(market.bea).post("/portal/prices/")
    placed = market.fill(market.bea, item, "2", item.unit)
    market.place(market.bea, placed)
    market.fill(market.bea, market.item(), "1.5")
    market.place(market.bea, market.basket(market.bea))
    document = market.mine.documents.filter(kind="order").first()
    assert document is not None
    pages = {
        "prices": "/portal/",
        "basket": "/portal/basket/",
        "orders": "/portal/orders/",
        "order": f"/portal/orders/{placed.uuid}/",
        "invoices": "/portal/invoices/",
        "document": f"/portal/documents/order/{document.number}/",
        "nothing": "/portal/?q=zzz",
    }
    staff = {"preview": f"/portal/?preview={market.mine.uuid}", "desk": "/portal/desk/"}
    for scheme, width in (("light", 1280), ("dark", 820), ("light", 820), ("dark", 1280)):
        for who, paths in (("bea", pages), ("ada", staff)):
            page = page_for(who, scheme=scheme, width=width)
            for name, path in paths.items():
                page.goto(path)
                page.wait_for_load_state("networkidle") if name == "prices" else None
                for one in page.get_by_text("Rules", exact=True).all():
                    one.click()
                accessible(page)
                picture(page, f"{name}-{scheme}-{width}")
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{path} scrolls sideways by {wide} px at {width}"
            page.context.close()


def test_the_portal_by_keyboard(market: Market, page_for: Callable[..., Page]) -> None:
    market.client(market.bea).post("/portal/prices/")
    page = page_for("bea", "/portal/")
    page.locator("[data-row]").first.focus()

    page.keyboard.press("Enter")

    expect(page.get_by_text("is in the basket").first).to_be_visible()
    page.goto("/portal/basket/")
    page.get_by_label("Note for delivery").fill("Gate 4")
    with page.expect_response("**/basket/change/"):
        page.keyboard.press("Enter")
    expect(page.get_by_label("Note for delivery")).to_have_value("Gate 4")
    order = market.basket(market.bea)
    # Enter in a field saves; it neither places the order nor takes a line out.
    assert (order.state, order.note, order.lines.count()) == ("draft", "Gate 4", 1)
