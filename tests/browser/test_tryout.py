"""“Try your own exports” as a person does it: two files, a wait, the pairs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from studio.tryout import work
from studio.tryout.models import Trial
from studio.tryout.tasks import work as work_one
from tests.browser.conftest import OpenPage, Watch
from tests.studio.core.test_match_records_command import FILES

LEFT, RIGHT, TRUTH = FILES["customer"]


def chosen(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def send(page: Page, left: str, right: str) -> None:
    page.get_by_label("What is in the files").select_option("customer")
    page.get_by_label("Left file").set_input_files(chosen("erp.csv", left))
    page.get_by_label("Right file").set_input_files(chosen("books.csv", right))
    page.get_by_role("button", name="Try", exact=True).click()


@pytest.mark.parametrize("script", [True, False])
def test_two_files_are_sent_and_their_pairs_seen(
    script: bool, page_for: OpenPage, ana: object, accessible: Callable[[Page], None]
) -> None:
    page = page_for("ana", "/", script=script)
    page.get_by_role("link", name="Try", exact=True).click()
    send(page, LEFT, RIGHT)
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()

    trial = work.claim(Trial.objects.get().pk)
    assert trial is not None
    Trial.objects.update(share=0.5, step="comparing")
    if not script:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("50 / 100")).to_be_visible()
    if script:
        accessible(page)

    work.run(trial)
    if not script:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("3 left and 3 right records")).to_be_visible()
    rows = page.locator("tbody tr")
    for at, pair in enumerate(TRUTH):
        expect(rows.nth(at)).to_be_visible()
        for key in pair:
            expect(page.get_by_text(key, exact=True).first).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("link", name="All as CSV").click()
    assert kept.value.path().read_text().startswith("left_key,right_key,probability,word,method")

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Nothing was tried yet")).to_be_visible()
    assert not Trial.objects.exists()


def test_a_file_that_cannot_be_tried_is_refused_at_its_field(
    page_for: OpenPage, ivo: object, watch: Watch, accessible: Callable[[Page], None]
) -> None:
    watch.expect("the server responded with a status of 422")
    page = page_for("ivo", "/try/")
    send(page, "Customer,Name\nA,Acme\nB\n", RIGHT)

    field = page.locator(".field", has=page.get_by_label("Left file"))
    expect(field).to_contain_text("erp.csv record 3: 1 values under 2 headings.")
    accessible(page)
    assert not Trial.objects.exists()


def test_a_list_of_trials_shows_that_one_has_ended(page_for: OpenPage, ivo: object) -> None:
    page = page_for("ivo", "/try/")
    send(page, LEFT, RIGHT)
    page.get_by_role("link", name="Try", exact=True).first.click()
    expect(page.locator("#trials")).to_contain_text("Waiting")

    work_one(Trial.objects.get().pk)

    expect(page.locator("#trials")).to_contain_text("Done")


def test_a_trial_that_was_deleted_meanwhile_says_so_and_asks_no_more(
    page_for: OpenPage, ivo: object, accessible: Callable[[Page], None]
) -> None:
    page = page_for("ivo", "/try/")
    send(page, LEFT, RIGHT)
    expect(page.get_by_text("Waiting for a worker.")).to_be_visible()

    Trial.objects.all().delete()

    expect(page.locator("#trial")).to_contain_text("This trial was deleted meanwhile.")
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    accessible(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_a_list_of_trials_asks_no_more_once_all_have_ended(page_for: OpenPage, ivo: object) -> None:
    page = page_for("ivo", "/try/")
    send(page, LEFT, RIGHT)
    page.get_by_role("link", name="Try", exact=True).first.click()
    work_one(Trial.objects.get().pk)
    expect(page.locator("#trials")).to_contain_text("Done")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5500)
    assert asked == []
