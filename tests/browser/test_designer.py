"""The flow designer: by mouse, by keyboard alone, without script; a person who is no developer publishes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.core.action import Actor
from studio.flows.models import Flow
from studio.mapping.models import LookupRow, LookupTable
from tests.studio.signing import signed
from tests.studio.world import World, world

__all__ = ["world"]

LOOKS = [("light", 1280), ("dark", 820)]


@pytest.fixture
def drawn(world: World) -> World:
    """A flow with a record that came in, a second table and a document that could be a receipt."""
    world.order("1001")
    world.run()
    table = LookupTable.objects.create(
        workspace=world.workspace, connection=world.books, name="reps", label="Terms of customers"
    )
    LookupRow.objects.create(table=table, source="Bayside", target="30")
    return world


def design(world: World) -> dict[str, Any]:
    return Flow.objects.get(pk=world.flow.pk).design


@pytest.mark.promise("F02")
def test_a_lookup_a_condition_and_a_retry_rule_are_drawn_and_published(
    drawn: World, page_for: Callable[..., Page], ivo: Any, actor_of: Callable[[Any], Actor]
) -> None:
    page = page_for("ivo", "/flows/orders/")

    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("heading", name="Look up")).to_be_visible()
    expect(page.get_by_text("This flow cannot be published yet.")).to_be_visible()
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    page.get_by_label("The field with the code").select_option("party_name")
    page.get_by_label("Lookup table").select_option("target:reps")
    page.get_by_label("The field to fill").select_option("terms")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator("#panel").get_by_text("terms is 30")).to_be_visible()

    page.get_by_role("link", name="Filter").click()
    page.get_by_label("Field").nth(1).select_option("gross_total")
    page.get_by_label("Comparison").nth(1).select_option("gt")
    page.get_by_label("Value").nth(1).fill("500")
    page.get_by_label("Value").nth(1).press("Tab")
    expect(page.get_by_text("The condition does not hold.")).to_be_visible()
    expect(page.get_by_text("gross total is “100.00”: does not hold")).to_be_visible()
    page.get_by_label("Value").nth(1).fill("50")
    page.get_by_role("button", name="Save in the draft").click()
    # It said so before the save, too: only the message tells that the answer has come.
    expect(page.locator("#toasts").get_by_text("Changed a filter")).to_be_visible()
    expect(page.locator("#panel").get_by_text("lets it pass")).to_be_visible()

    page.get_by_role("button", name="Try again").click()
    page.get_by_label("Tries until a person is asked").fill("3")
    page.get_by_role("button", name="Save in the draft").click()
    expect(page.locator("#toasts").get_by_text("Changed a retry rule")).to_be_visible()

    # It moves money: somebody else signs what it will do before it goes live.
    signed(actor_of(ivo), Flow.objects.get(pk=drawn.flow.pk))
    page.get_by_label("Note of this version").fill("customers have their own terms")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Version 2 is live.")
    drawn.order("1002", Terms="99")
    drawn.run()
    post = drawn.post("1002")
    assert post.state == "done"
    assert post.version.content["design"]["retry"]["give_up_after"] == 3


def test_steps_are_moved_removed_and_brought_back_by_keyboard(
    drawn: World, page_for: Callable[..., Page], ivo: Any
) -> None:
    page = page_for("ivo", "/flows/orders/")
    page.get_by_role("button", name="Rule").click()
    expect(page.locator("#step-s1")).to_be_visible()

    page.locator("#step-s1").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#toasts").get_by_text("Moved a rule")).to_be_visible()
    assert [s["id"] for s in design(drawn)["steps"]] == ["s1", "filter"]
    expect(page.locator("#step-s1")).to_be_focused()

    page.keyboard.press("ArrowDown")
    expect(page.locator("#step-filter")).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.locator("#step-filter")).to_have_count(0)
    page.keyboard.press("u")
    expect(page.locator("#toasts").get_by_text("Took back: removed a filter")).to_be_visible()
    expect(page.locator("#step-filter")).to_be_visible()

    page.locator("#step-references").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Resolve")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts").get_by_text("Took back: moved a rule")).to_be_visible()


def test_what_was_swapped_in_is_wired_in_the_same_moment(
    drawn: World, page_for: Callable[..., Page], ivo: Any
) -> None:
    """A key pressed at once goes through htmx; a form sent past it would load the page and lose the focus."""
    page = page_for("ivo", "/flows/orders/")
    page.evaluate("window.stayed = true")
    # As fast as can be: in the very turn in which the new step stands on the page.
    page.evaluate(
        """() => new MutationObserver((_changes, seen) => {
          const step = document.querySelector("#step-s1");
          if (!step) return;
          seen.disconnect();
          setTimeout(() => {
            step.focus();
            step.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", altKey: true, bubbles: true }));
          }, 0);
        }).observe(document.body, { childList: true, subtree: true })"""
    )

    page.get_by_role("button", name="Rule").click()

    expect(page.locator("#toasts").get_by_text("Moved a rule")).to_be_visible()
    expect(page.locator("#step-s1")).to_be_focused()
    assert page.evaluate("window.stayed === true")


def test_a_step_is_moved_with_the_pointer(
    drawn: World, page_for: Callable[..., Page], ivo: Any
) -> None:
    page = page_for("ivo", "/flows/orders/")
    page.get_by_role("button", name="Rule").click()
    expect(page.locator("#step-s1")).to_be_visible()

    page.drag_and_drop(
        "#step-s1",
        "#step-filter",
        source_position={"x": 10, "y": 10},
        target_position={"x": 40, "y": 4},
    )

    expect(page.locator("#toasts").get_by_text("Moved a rule")).to_be_visible()
    assert [s["id"] for s in design(drawn)["steps"]] == ["s1", "filter"]


def test_a_message_is_at_its_step_and_a_button_mends_it(
    drawn: World, page_for: Callable[..., Page], ivo: Any
) -> None:
    flow = drawn.flow
    flow.design = {**flow.design, "filter": 'statsu = "completed"'}
    flow.save()
    page = page_for("ivo", "/flows/orders/")
    expect(page.locator("#step-filter.node-bad")).to_be_visible()

    page.get_by_role("button", name='Write status = "completed"').click()

    expect(page.get_by_text("This flow cannot be published yet.")).to_have_count(0)
    assert design(drawn)["steps"][0]["when"] == 'status = "completed"'


def test_the_designer_works_without_script_as_a_table(
    drawn: World, page_for: Callable[..., Page], ivo: Any
) -> None:
    page = page_for("ivo", "/flows/orders/steps/", script=False)

    page.get_by_label("Add a step").select_option("notify")
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.locator("#step-n1")
    row.get_by_text("Settings").click()
    row.get_by_label("Told when").select_option("posted")
    row.get_by_role("button", name="Save in the draft").click()

    expect(page.get_by_role("status")).to_contain_text("Changed a notice")
    assert design(drawn)["notify"][0]["on"] == "posted"
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Took back: changed a notice.")


@pytest.mark.parametrize("person", ["ana", "ivo"])
def test_every_panel_is_sound_in_every_look(
    person: str,
    drawn: World,
    page_for: Callable[..., Page],
    accessible: Callable[[Page], None],
    request: pytest.FixtureRequest,
    actor_of: Any,
    ivo: Any,
) -> None:
    from studio.flows import drafts
    from studio.flows.edits import PALETTE, add

    for kind in PALETTE:
        if kind != "write_back":
            flow = Flow.objects.get(pk=drawn.flow.pk)
            drafts.edit(actor_of(ivo), flow, flow.revision, lambda d, k=kind: add(d, k))
    scheme, width = LOOKS[person == "ana"]
    page = page_for(person, "", scheme=scheme, width=width)
    keys = ["trigger", "understand", "filter", "s1", "s2", "s3", "s4", "s5", "b1", "b2", "references", "check", "deliver", "retry", "write_back", "n1"]  # fmt: skip
    for path in [
        *(f"/flows/orders/steps/{key}/" for key in keys),
        "/flows/orders/steps/filter/?mode=text",
        "/flows/orders/steps/",
        "/flows/orders/compare/",
    ]:
        answer = page.goto(path)
        assert answer is not None, path
        assert answer.status == 200, path
        accessible(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} scrolls sideways by {wide} px at {width}"
    if person == "ana":
        expect(page.get_by_role("button", name="Publish")).to_have_count(0)
