"""Match review as a person uses it: two records side by side, one key."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from studio.catalog.models import Connection
from studio.linking.models import Link, MatchRun, Pair, Party

BARS = [
    {"label": "prior", "effect": -3.0, "detail": "before any evidence"},
    {"label": "phone", "effect": 6.0, "detail": "same phone"},
]


@pytest.fixture
def pairs(workspace) -> list[Pair]:
    erp = Connection.objects.create(workspace=workspace, system="syspro", name="Harbour ERP")
    books = Connection.objects.create(workspace=workspace, system="qbo", name="Harbour US")
    MatchRun.objects.create(source=erp, target=books, kind="customer", started_at=timezone.now())
    made = []
    for n, name in enumerate(("Bayside Marine", "Kelvin Hardware", "Northwind Timber")):
        data = {"name": name, "phone": f"555 010{n}", "billing": {"city": "Leeds"}}
        left = Party.objects.create(
            connection=erp, kind="customer", key=f"{n}", code=f"C{n}", label=name, data=data
        )
        right = Party.objects.create(
            connection=books,
            kind="customer",
            key=f"{n + 50}",
            label=f"{name} Ltd",
            data=data | {"name": f"{name} Ltd"},
        )
        made.append(
            Pair.objects.create(
                kind="customer",
                left=left,
                right=right,
                probability=0.95 - n / 100,
                word="strong",
                method="Model",
                sentence="Same phone, same town.",
                waterfall=BARS,
            )
        )
    return made


def card(page, pair: Pair):
    return page.locator(f"#pair-{pair.left.uuid}-{pair.right.connection_id}")


def test_explaining_a_match_stays_on_it(page_for, ana, pairs) -> None:
    page = page_for("ana", "/matches/")
    page.keyboard.press("e")
    expect(card(page, pairs[0]).locator("svg.waterfall").first).to_be_visible()
    expect(card(page, pairs[0])).to_be_focused()

    page.keyboard.press("Enter")

    expect(card(page, pairs[0])).to_have_count(0)
    assert [link.left_code for link in Link.objects.all()] == ["C0"]


def test_customers_are_matched_by_keyboard_alone(page_for, ana, pairs) -> None:
    page = page_for("ana", "/matches/")
    expect(card(page, pairs[0])).to_be_focused()

    page.keyboard.press("Enter")
    expect(card(page, pairs[0])).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Bayside Marine is Bayside Marine Ltd.")
    expect(card(page, pairs[1])).to_be_focused()
    page.keyboard.press("r")
    expect(card(page, pairs[1])).to_have_count(0)

    assert Link.objects.get().left_code == "C0"
    assert Pair.objects.get(pk=pairs[1].pk).judged == "not_a_match"


def test_what_is_certain_is_kept_apart_with_a_reason_and_taken_back_by_key(
    page_for, ana, pairs
) -> None:
    Pair.objects.filter(pk=pairs[0].pk).update(probability=0.99, word="certain")
    page = page_for("ana", "/matches/")
    page.keyboard.press("r")
    expect(card(page, pairs[0]).get_by_label("Why are the two not the same?")).to_be_focused()
    page.keyboard.type("Another town")
    page.keyboard.press("Enter")
    expect(card(page, pairs[0])).to_have_count(0)
    assert Pair.objects.get(pk=pairs[0].pk).judged == "not_a_match"

    page = page_for("ana", "/matches/?state=apart")
    expect(card(page, pairs[0])).to_contain_text("Another town")
    page.keyboard.press("t")

    expect(page.locator("#toasts")).to_contain_text("Taken back: Bayside Marine.")
    assert Pair.objects.get(pk=pairs[0].pk).judged == ""


def test_the_last_judgement_is_taken_back_with_one_key(page_for, ana, pairs) -> None:
    page = page_for("ana", "/matches/")
    page.keyboard.press("Enter")
    expect(card(page, pairs[0])).to_have_count(0)

    page.keyboard.press("u")

    expect(card(page, pairs[0])).to_be_visible()
    assert not Link.objects.filter(active=True).exists()


def test_a_remark_is_written_beside_a_record_by_keyboard_alone(page_for, ana, pairs) -> None:
    page = page_for("ana", "/matches/")

    page.keyboard.press("c")
    expect(card(page, pairs[0]).get_by_label("Remark or question")).to_be_focused()
    page.keyboard.type("The Leeds branch?")
    page.keyboard.press("Enter")

    expect(page.locator("#toasts")).to_contain_text("Your remark stands beside Bayside Marine.")
    expect(card(page, pairs[0]).locator(".count")).to_have_text("1")


def test_how_many_the_surest_are_follows_the_risk_and_one_undo_takes_all_back(
    page_for, ana, pairs
) -> None:
    page = page_for("ana", "/matches/")
    expect(page.get_by_role("button", name="Link the 3 surest")).to_be_visible()

    page.get_by_label("with at most").fill("0.1")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Link the 1 surest")).to_be_visible()
    page.get_by_label("with at most").fill("0.12")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Link the 2 surest").click()

    expect(page.locator("#toasts")).to_contain_text("2 linked.")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("2 judgements taken back.")
    assert not Link.objects.filter(active=True).exists()


def test_create_new_shows_the_twin_and_asks_why(page_for, ana, pairs, accessible) -> None:
    page = page_for("ana", "/matches/")

    page.keyboard.press("n")

    expect(page.get_by_text("Bayside Marine Ltd looks like the same record")).to_be_visible()
    expect(page.get_by_label("Why a new record?")).to_be_focused()
    accessible(page)
    page.keyboard.type("A second branch")
    page.keyboard.press("Enter")
    expect(card(page, pairs[0])).to_have_count(0)


def test_words_that_differ_are_marked(page_for, ana, pairs) -> None:
    page = page_for("ana", "/matches/")

    expect(card(page, pairs[0]).locator(".token-differs").first).to_have_text("Ltd")


def test_without_script_linking_is_a_plain_form(page_for, ana, pairs) -> None:
    page = page_for("ana", "/matches/", script=False)

    card(page, pairs[0]).get_by_role("button", name="Link").first.click()

    expect(page.locator("#toasts")).to_contain_text("Bayside Marine is Bayside Marine Ltd.")


def test_where_none_is_sure_enough_there_is_nothing_to_press_but_the_number_counts_without_script(
    page_for, ana, pairs
) -> None:
    page = page_for("ana", "/matches/?expected_wrong=0")
    expect(page.get_by_text("None is sure enough")).to_be_visible()
    expect(page.get_by_role("button", name="None is sure enough")).to_have_count(0)
    expect(page.get_by_role("button", name="Count again")).to_have_count(0)

    plain = page_for("ana", "/matches/?expected_wrong=0", script=False)
    plain.get_by_label("with at most").fill("1")
    plain.get_by_role("button", name="Count again").click()
    expect(plain.get_by_role("button", name="Link the 3 surest")).to_be_visible()


def test_codes_of_two_systems_are_no_difference(page_for, ana, pairs) -> None:
    for n, pair in enumerate(pairs):
        for side, code in ((pair.left, f"C{n}"), (pair.right, f"{n + 50}")):
            side.data = {**side.data, "code": code}
            side.save()
    page = page_for("ana", "/matches/")
    row = card(page, pairs[0]).get_by_role("row", name="code")

    expect(row.locator(".token-differs")).to_have_count(0)
    expect(row).to_contain_text("C0")
    expect(
        card(page, pairs[0]).get_by_role("row", name="name").locator(".token-differs")
    ).to_have_text(["Ltd"])
