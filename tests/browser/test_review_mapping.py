"""Mapping review and values as a person uses them: keyboard, no script."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from engine.schema.model import EntitySchema, FieldSchema, SystemSchema
from studio.catalog.models import Code, Connection, Sample, SchemaSnapshot
from studio.catalog.schemas import SCHEMA
from studio.mapping.models import LookupTable, Mapping, MappingRow, ValueProposal

NAMES = ("Customer", "Name", "Telephone", "Email")


def candidate(expression: str, confidence: float) -> dict[str, Any]:
    word = "certain" if confidence >= 0.95 else "possible" if confidence >= 0.5 else "guess"
    return {
        "expression": expression,
        "confidence": confidence,
        "word": word,
        "method": "Similarity",
        "sentence": "Same words in the name, both text.",
        "waterfall": [
            {"label": "prior", "effect": -2.0, "detail": "before any evidence"},
            {"label": "same words", "effect": 5.0, "detail": "0.9 alike"},
        ],
        "condition": "",
    }


@pytest.fixture
def mapping(workspace) -> Mapping:
    erp = Connection.objects.create(workspace=workspace, system="syspro", name="Harbour ERP")
    schema = SystemSchema(
        system="syspro",
        entities=(EntitySchema("ArCustomer", fields=tuple(FieldSchema(n, n) for n in NAMES)),),
    )
    content = SCHEMA.dump_python(schema, mode="json")
    snapshot = SchemaSnapshot.objects.create(
        connection=erp,
        number=1,
        content=content,
        content_hash=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
    )
    Sample.objects.create(
        connection=erp, entity="ArCustomer", key="1", data={"Name": "Bayside", "Customer": "0042"}
    )
    made = Mapping.objects.create(
        workspace=workspace,
        connection=erp,
        direction="inbound",
        entity="ArCustomer",
        document="party",
        snapshot=snapshot,
        frame={
            "mapping": "customers",
            "source": {"system": "syspro", "entity": "ArCustomer"},
            "target": {"system": "canonical", "entity": "party"},
        },
    )
    plan = (
        ("code", [candidate("Customer", 0.97)]),
        ("name", [candidate("Name", 0.96), candidate("Telephone", 0.41)]),
        ("phone", [candidate("Telephone", 0.62), candidate("Email", 0.35)]),
        ("email", [candidate("Email", 0.98)]),
    )
    for n, (path, candidates) in enumerate(plan):
        MappingRow.objects.create(
            mapping=made,
            position=n,
            target_path=path,
            target_label=path,
            target_type="string",
            candidates=candidates,
            confidence=candidates[0]["confidence"],
            method="Similarity",
        )
    return made


@pytest.fixture
def terms(workspace) -> LookupTable:
    books = Connection.objects.create(workspace=workspace, system="qbo", name="Harbour US")
    Code.objects.create(connection=books, kind="term", key="1", label="Net 30")
    table = LookupTable.objects.create(
        workspace=workspace, connection=books, name="terms", label="Terms", code_kind="term"
    )
    offer = candidate("", 0.97) | {"key": "1", "code": "", "label": "Net 30"}
    ValueProposal.objects.create(
        table=table, source="30", source_label="30 days", candidates=[offer], confidence=0.97
    )
    return table


def state(path: str) -> str:
    return MappingRow.objects.get(target_path=path).state


def row(page, path: str):
    return page.locator(f"#row-{MappingRow.objects.get(target_path=path).uuid}")


def test_a_mapping_is_reviewed_by_keyboard_alone(page_for, ivo, mapping) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    expect(row(page, "code")).to_be_focused()

    page.keyboard.press("Enter")
    expect(row(page, "code")).to_have_count(0)
    expect(row(page, "name")).to_be_focused()
    page.keyboard.press("2")
    expect(row(page, "name")).to_have_count(0)
    page.keyboard.press("r")
    expect(row(page, "phone")).to_have_count(0)
    expect(page.locator("#progress")).to_contain_text("1 to review")
    expect(page.locator("#facets")).to_contain_text("Approved2")
    expect(page.locator("#budget-count")).to_have_text("Accept the 1 surest")

    assert (state("code"), state("name"), state("phone")) == ("approved", "approved", "rejected")
    assert MappingRow.objects.get(target_path="name").expression == "Telephone"


def test_undo_brings_rows_back_one_by_one(page_for, ivo, mapping) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    page.keyboard.press("Enter")
    expect(row(page, "code")).to_have_count(0)

    page.keyboard.press("u")

    expect(row(page, "code")).to_be_visible()
    assert state("code") == "open"
    assert len(MappingRow.objects.get(target_path="code").candidates) == 1


def test_an_undo_goes_when_something_else_was_done_since(page_for, ivo, mapping) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/?state=all")
    undo = page.locator("#toasts").get_by_role("button", name="Undo")
    row(page, "code").focus()
    page.keyboard.press("Enter")
    expect(undo).to_have_count(1)

    page.keyboard.press("k")
    expect(row(page, "code")).to_be_focused()
    page.keyboard.press("t")

    expect(page.locator("#toasts")).to_contain_text("code is open again.")
    expect(undo).to_have_count(0)


def test_do_not_map_asks_for_a_reason_without_leaving_the_keyboard(page_for, ivo, mapping) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")

    page.keyboard.press("m")
    expect(page.get_by_label("Why is nothing mapped here?")).to_be_focused()
    page.keyboard.type("Kept in SYSPRO only")
    page.keyboard.press("Enter")

    expect(row(page, "code")).to_have_count(0)
    assert MappingRow.objects.get(target_path="code").reason == "Kept in SYSPRO only"


def test_explaining_opens_the_waterfall_and_the_samples(page_for, ivo, mapping, accessible) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    page.keyboard.press("j")

    page.keyboard.press("e")

    expect(row(page, "name").locator("svg.waterfall").first).to_be_visible()
    expect(row(page, "name")).to_contain_text("Bayside")
    accessible(page)


def test_explaining_stays_on_the_row_so_that_enter_acts_on_what_was_read(
    page_for, ivo, mapping
) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    page.keyboard.press("e")
    expect(row(page, "code").locator("svg.waterfall").first).to_be_visible()
    expect(row(page, "code")).to_be_focused()

    page.keyboard.press("Enter")

    expect(row(page, "code")).to_have_count(0)
    assert (state("code"), state("name")) == ("approved", "open")


def test_the_explanation_is_folded_by_the_same_key_and_the_row_can_still_ask(
    page_for, ivo, mapping
) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    picture = row(page, "code").locator("svg.waterfall")
    page.keyboard.press("e")
    expect(picture.first).to_be_visible()
    page.keyboard.press("e")
    expect(picture).to_have_count(0)
    expect(row(page, "code")).to_be_focused()
    page.keyboard.press("e")
    expect(picture.first).to_be_visible()

    page.keyboard.press("m")

    expect(page.get_by_label("Why is nothing mapped here?")).to_be_focused()


def test_escape_takes_a_question_back_and_the_row_has_the_focus_again(
    page_for, ivo, mapping
) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    page.keyboard.press("m")
    question = page.get_by_label("Why is nothing mapped here?")
    expect(question).to_be_focused()

    page.keyboard.press("Escape")

    expect(question).to_have_count(0)
    expect(row(page, "code")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_contain_text("Esc")


def test_ticked_rows_are_accepted_with_one_key(page_for, ivo, mapping) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")

    page.keyboard.press("Control+Enter")

    expect(page.locator("#toasts")).to_contain_text("2 accepted.")
    assert MappingRow.objects.filter(state="approved").count() == 2


def test_without_script_every_decision_is_a_plain_form(page_for, ivo, mapping) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/", script=False)

    row(page, "code").get_by_role("button", name="Accept").first.click()

    expect(page.locator("#toasts")).to_contain_text("code is filled by Customer")
    assert state("code") == "approved"


def test_a_code_is_translated_with_one_key(page_for, ana, terms) -> None:
    page = page_for("ana", "/values/")

    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("now means Net 30")
    assert terms.rows.get().target == "1"


def test_codes_are_explained_put_off_ticked_accepted_and_taken_back_by_keyboard_alone(
    page_for, ana, terms
) -> None:
    first = ValueProposal.objects.get()
    second = ValueProposal.objects.create(
        table=terms, source="CO", candidates=first.candidates, confidence=0.9
    )
    ValueProposal.objects.filter(pk=first.pk).update(count=9)
    page = page_for("ana", "/values/")
    one, two = page.locator(f"#value-{first.uuid}"), page.locator(f"#value-{second.uuid}")
    expect(one).to_be_focused()

    page.keyboard.press("e")
    expect(one.locator(".chart").first).to_be_visible()
    expect(one).to_be_focused()
    page.keyboard.press("c")
    expect(one.get_by_label("Remark or question")).to_be_focused()
    page.keyboard.type("sure?")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Your remark stands beside")

    one.focus()
    page.keyboard.press("s")
    expect(page.locator("[data-row]").last).to_have_id(f"value-{first.uuid}")
    page.keyboard.press("u")
    expect(page.locator("[data-row]").first).to_have_id(f"value-{first.uuid}")

    one.focus()
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    expect(two.locator("[data-tick]")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("2 accepted.")
    assert terms.rows.count() == 2
    page.keyboard.press("u")
    expect(page.locator("#toasts")).to_contain_text("2 translations taken back.")
    assert terms.rows.count() == 0


def test_without_script_a_code_is_put_off_and_accepted_by_plain_forms(page_for, ana, terms) -> None:
    page = page_for("ana", "/values/", script=False)

    page.get_by_role("button", name="Later").click()
    expect(page.locator("#toasts")).to_contain_text("comes back at the end of your list")
    page.locator("[data-tick]").check()
    page.get_by_role("button", name="Accept ticked").click()
    expect(page.locator("#toasts")).to_contain_text("1 accepted.")
    page.get_by_role("button", name="Undo last").click()

    expect(page.locator("#toasts")).to_contain_text("Taken back")
    assert terms.rows.count() == 0


def test_what_a_row_is_for_stays_in_reach_on_a_narrow_page_with_long_names(
    page_for, ivo, mapping
) -> None:
    Connection.objects.update(name="Harbour Tools and Marine Supplies (Overseas) ERP, company H")
    # A name of the vendor is never broken over two lines.
    Mapping.objects.update(
        proposed_at=timezone.now(), entity="ArInvoicePaymentAllocationAndAdjustment"
    )
    MappingRow.objects.update(required=True, objection="The machine would choose another.")
    page = page_for("ivo", "/mappings/", width=820)

    button = page.get_by_role("link", name="Review", exact=True)
    edge = button.bounding_box()

    assert edge["x"] + edge["width"] <= 820
    # Nothing lies over it: a click where it is seen opens the review.
    page.mouse.click(edge["x"] + edge["width"] - 4, edge["y"] + edge["height"] / 2)
    page.wait_for_url(f"**/mappings/{mapping.uuid}/")


def test_a_swap_sets_no_style_attribute_which_the_policy_would_refuse(
    page_for, ivo, mapping
) -> None:
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    # As a browser does when somebody pulls a field larger; the page's watch fails on a CSP report.
    page.evaluate("document.getElementById('expected').style.width = '9rem'")

    page.keyboard.press("Enter")
    expect(row(page, "code")).to_have_count(0)
    page.keyboard.press("u")

    expect(row(page, "code")).to_be_visible()
    expect(page.locator("#expected")).not_to_have_attribute("style", "width: 9rem;")


def test_a_row_opens_after_a_press_and_moves_nothing_before_its_click(
    page_for, ivo, mapping
) -> None:
    """The row above grew or shrank between press and click, which then missed."""
    for one in MappingRow.objects.all():
        one.candidates[0]["sentence"] = "Same words in the name, both text, of one length. " * 12
        one.save()
    page = page_for("ivo", f"/mappings/{mapping.uuid}/")
    first, third = row(page, "code"), row(page, "phone")
    expect(first).to_have_attribute("data-current", "")
    tick = third.locator("[data-tick]")
    opened, before = first.bounding_box(), tick.bounding_box()
    assert opened is not None
    assert before is not None

    page.mouse.move(before["x"] + 4, before["y"] + 4)
    page.mouse.down()
    expect(tick).to_be_focused()
    assert tick.bounding_box() == before
    page.mouse.up()

    expect(tick).to_be_checked()
    expect(third).to_have_attribute("data-current", "")
    # Then the row that was current closes: this page does move, or the test would show nothing.
    closed = first.bounding_box()
    assert closed is not None
    assert closed["height"] < opened["height"]
