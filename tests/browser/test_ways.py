"""From a case to where its cause is put right, and back; each page is sound in every look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from engine.errors import PeriodClosed, RemoteRejected
from studio.catalog.models import Code, SchemaSnapshot
from studio.catalog.schemas import SCHEMA
from studio.flows.drift_cases import look_at
from studio.mapping.models import LookupTable, Mapping, MappingRow, ValueProposal
from studio.triage.letters import send_letters
from studio.triage.models import Case
from tests.browser.test_matrix import look
from tests.studio.world import ERP, World, world

__all__ = ["world"]
OpenPage = Callable[..., Page]


@pytest.fixture
def refused(world: World) -> Case:
    """An order whose document number the books refuse; the field is in review."""
    MappingRow.objects.create(
        mapping=Mapping.objects.get(direction="outbound"),
        target_path="DocNumber",
        target_label="Number",
        target_type="string",
        state="approved",
        expression="number",
        decided_by="Ivo Marsh",
        decided_at=timezone.now(),
    )
    world.order("1001", Name="Bayside Marine")
    world.target.faults = [
        RemoteRejected(
            system="qbo", call="create Invoice", detail="The number is too long.", field="DocNumber"
        )
    ]
    world.run()
    return Case.objects.get()


def test_a_refused_value_is_asked_about_and_led_to_the_field_and_back(
    refused: Case, ana: Any, ivo: Any, page_for: OpenPage, accessible: Callable[[Page], None]
) -> None:
    page = page_for("ana", f"/exceptions/{refused.uuid}/")
    look(page, accessible)
    # It stands open with a colleague and the question filled in: one click.
    page.get_by_role("button", name="Ask an integrator").click()
    expect(page.get_by_role("status")).to_contain_text("An integrator was asked.")

    page = page_for("ivo", "/")
    page.get_by_role("link", name="1 record asks for you").click()
    page.locator("tbody").get_by_role("link", name="Open").first.click()
    look(page, accessible)
    page.get_by_role("link", name="Change the transformation").click()
    expect(page.get_by_text("led here")).to_be_visible()
    expect(page.locator(".map-result")).to_contain_text("1001")
    look(page, accessible)
    page.get_by_role("link", name="Publish …").first.click()
    look(page, accessible)
    page.get_by_role("link", name="Back to the case").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The number is too long.")


def test_an_unlocking_is_asked_for_and_the_case_waits(
    world: World, ana: Any, page_for: OpenPage, accessible: Callable[[Page], None]
) -> None:
    world.order("1001")
    world.target.faults = [PeriodClosed(system="qbo", call="create Invoice", date="2026-11-02")]
    world.run()
    case = Case.objects.get()
    page = page_for("ana", f"/exceptions/{case.uuid}/")
    page.get_by_text("Ask to unlock", exact=True).first.click()
    look(page, accessible)
    page.get_by_label("Mail of who can open it there").fill("lea@firm.example")
    day = timezone.localdate() + timedelta(days=4)
    page.get_by_label("Wait until").fill(day.isoformat())
    page.get_by_role("button", name="Ask to unlock").click()
    expect(page.get_by_role("status")).to_contain_text("lea@firm.example is asked")

    send_letters()
    assert mail.outbox[0].to == ["lea@firm.example"]
    page.goto(f"/exceptions/{case.uuid}/")
    expect(page.get_by_text("waiting for lea@firm.example until")).to_be_visible()
    look(page, accessible)
    page.get_by_text("Unlocked: try again", exact=True).first.click()
    page.get_by_role("button", name="Unlocked: try again").click()
    world.run()
    assert world.post("1001").state == "done"


def test_a_drift_is_a_case_that_leads_to_the_two_looks(
    world: World, ivo: Any, page_for: OpenPage, accessible: Callable[[Page], None]
) -> None:
    content = SCHEMA.dump_python(ERP, mode="json")
    for one in content["entities"][0]["fields"]:
        if one["path"] == "Terms":
            one["path"] = "TermsCode"
    SchemaSnapshot.objects.create(
        connection=world.erp, number=2, content=content, content_hash="2" * 64
    )
    case = look_at(world.erp)
    assert case is not None

    page = page_for("ivo", f"/exceptions/{case.uuid}/")
    look(page, accessible)
    page.get_by_role("link", name="See it as a draft").click()
    expect(page.get_by_role("heading", name="What changed in the schema")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("TermsCode")


def test_a_case_is_worked_by_keyboard_from_the_skip_link_to_the_next_case(
    world: World, ana: Any, page_for: OpenPage, accessible: Callable[[Page], None]
) -> None:
    for number, terms in (("1001", "45"), ("1002", "77"), ("1003", "88")):
        world.order(number, Terms=terms)
    world.run()
    page = page_for("ana", "/exceptions/")
    page.locator("tbody").get_by_role("link", name="Open").first.click()
    first = page.url

    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the first fix")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text="Add to the lookup table")).to_be_focused()

    page.keyboard.press("n")
    page.wait_for_url(lambda url: url.split("#")[0] != first)
    second = page.url
    page.keyboard.press("f")
    expect(page.locator("summary", has_text="Add to the lookup table")).to_be_focused()
    page.keyboard.press("n")
    page.wait_for_url(lambda url: url.split("#")[0] not in (first, second))
    page.keyboard.press("p")
    page.wait_for_url(second)

    page.keyboard.press("?")
    keys = page.locator("[data-keys-list]")
    for words in ("To the first fix", "Next case", "Previous case", "Write a remark"):
        expect(keys).to_contain_text(words)
    page.keyboard.press("Escape")
    look(page, accessible)


def test_a_question_is_asked_and_answered_and_leaves_the_queue(
    world: World, ana: Any, ivo: Any, page_for: OpenPage, accessible: Callable[[Page], None]
) -> None:
    world.order("1001", Terms="45")
    world.run()
    case = Case.objects.get()
    page = page_for("ana", f"/exceptions/{case.uuid}/")
    page.get_by_label("Remark or question to a colleague").fill("Is 45 a term of yours?")
    page.get_by_label("Whom it asks").select_option(label=str(ivo))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_contain_text("finds your question at home")
    page.goto("/exceptions/")
    expect(page.get_by_text(f"question to {ivo}")).to_be_visible()
    look(page, accessible)

    asked = page_for("ivo", "/")
    asked.get_by_role("link", name="asks you about").click()
    asked.get_by_label("Remark or question to a colleague").fill("Yes, it is new.")
    asked.get_by_role("button", name="Send").click()
    expect(asked.get_by_text("Yes, it is new.")).to_be_visible()
    look(asked, accessible)
    page.reload()
    expect(page.get_by_text(f"question to {ivo}")).to_have_count(0)


def test_a_row_that_asks_back_about_a_rate_keeps_its_place(
    world: World, ana: Any, page_for: OpenPage, accessible: Callable[[Page], None]
) -> None:
    taxes = LookupTable.objects.create(
        workspace=world.workspace,
        connection=world.books,
        name="tax_codes",
        label="Tax codes",
        code_kind="tax_code",
    )
    Mapping.objects.get(direction="outbound").fed_by.add(world.erp)
    for where, key, label, rate in (
        (world.erp, "R", "Reduced", "5"),
        (world.books, "20", "20% VAT", "20"),
        (world.books, "5", "5% VAT", "5"),
    ):
        Code.objects.create(
            connection=where, kind="tax_code", key=key, label=label, detail={"rate": rate}
        )
    codes = [ValueProposal.objects.create(table=taxes, source=s) for s in ("R", "Z")]
    page = page_for("ana", "/values/")
    row = page.locator(f"#value-{codes[0].uuid}")
    row.get_by_role("combobox").select_option(label="20% VAT")
    row.get_by_role("button", name="Use it", exact=True).click()

    asks = page.get_by_role("alert")
    expect(asks).to_contain_text("“R” is 5 % in Harbour ERP, “20% VAT” is 20 % in Harbour Books.")
    expect(row).to_be_focused()
    look(page, accessible)
    asks.get_by_role("button", name="It is meant: use it").click()
    expect(page.locator("#toasts")).to_contain_text("“R” now means 20% VAT.")
