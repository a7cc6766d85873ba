from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from studio.core.templatetags import studio as tags


@pytest.mark.parametrize(
    ("value", "currency", "locale", "shown"),
    [
        pytest.param(Decimal("1284213.5"), "USD", "en", "1,284,213.50", id="grouped"),
        pytest.param(Decimal("-0.005"), "USD", "en", "−0.01", id="half a cent goes away from zero"),
        pytest.param(Decimal("-0.004"), "USD", "en", "0.00", id="no minus before nothing"),
        pytest.param(Decimal(98000), "JPY", "en", "98,000", id="yen have no cents"),
        pytest.param(Decimal("1.2345"), "KWD", "en", "1.235", id="dinars have three digits"),
        pytest.param(Decimal("1284213.5"), "EUR", "de", "1.284.213,50", id="in German"),
        pytest.param(None, "USD", "en", "–", id="nothing"),
    ],
)
def test_an_amount_is_shown_as_its_reader_writes_it(value, currency, locale, shown) -> None:
    with translation.override(locale):
        assert tags.amount(value, currency) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.934, "93"), (0.999, "99"), (1.0, "100"), (0.001, "1"), (0.0, "0")],
)
def test_a_percentage_says_all_or_nothing_only_when_it_is_so(share, shown) -> None:
    assert tags.percent(share) == f"{shown}\u00a0%"


@pytest.mark.parametrize(
    ("share", "word"),
    [(0.95, "certain"), (0.949, "strong"), (0.8, "strong"), (0.5, "possible"), (0.31, "guess")],
)
def test_a_confidence_has_the_word_of_its_band(share, word) -> None:
    assert tags.band(share) == word


@pytest.mark.parametrize(
    ("share", "number"),
    [(0.948, 94), (0.95, 95), (0.7999, 79), (0.496, 49), (0.299, 29), (0.934, 93), (0.996, 99)],
)
def test_a_number_is_not_rounded_up_to_another_word(share: float, number: int) -> None:
    assert tags.percent(share).startswith(str(number))
    assert tags.band(number / 100) == tags.band(share)


def test_a_confidence_is_never_a_bare_number() -> None:
    html = Template('{% confidence 0.934 "Similarity" %}').render(Context())

    assert "strong" in html
    assert "93" in html
    assert "Similarity" in html
    assert 'width="93"' in html


def test_text_from_a_record_is_escaped_everywhere() -> None:
    evil = "<b>&"

    for template in (
        "{{ v|fieldpath }}",
        "{{ 1|money:v }}",
        "{% state v %}",
        "{% confidence 0.5 v v %}",
        "{% progress 1 2 v v %}",
    ):
        assert "<b>" not in Template(template).render(Context({"v": evil})).lower()


def test_a_field_path_may_break_at_its_separators_only() -> None:
    html = tags.fieldpath("Lines[].ItemRef.value")

    assert html.count("<wbr>") == 2
    assert "Lines" in html


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=17), "17 min ago"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=2, hours=1), "2 days ago"),
        (-timedelta(minutes=10, seconds=5), "in 10 min"),
    ],
)
def test_a_time_is_told_by_its_distance_with_the_moment_on_hover(back, said) -> None:
    html = tags.ago(timezone.now() - back)

    assert said in html
    assert "datetime=" in html


def test_a_query_string_changes_one_value_and_keeps_the_rest() -> None:
    request = RequestFactory().get("/?q=a%26b&after=x")

    text = tags.query({"request": request}, after="", size=5)

    assert text == "?q=a%26b&size=5"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1.000000", "1.00"),
        ("12.345600", "12.3456"),
        ("10.5", "10.5"),
        ("0012000", "0012000"),
        (True, "yes"),
        (Decimal("4884.240"), "4884.24"),
        ("10-1000", "10-1000"),
    ],
)
def test_a_value_loses_only_zeros_that_say_how_wide_its_column_is(value, said) -> None:
    assert tags.figure(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Decimal("5.000000"), "5"),
        (Decimal("-0.250000"), "−0.25"),
        ("12000", "12,000"),
        (Decimal(0), "0"),
        (None, "–"),
    ],
)
def test_a_quantity_has_only_the_decimals_it_needs(value, said) -> None:
    assert tags.quantity(value) == said


def test_a_day_reads_the_same_from_a_date_a_moment_and_text() -> None:
    when = datetime(2026, 3, 31, 12, tzinfo=UTC)

    assert {tags.day(d) for d in (when, when.date(), "2026-03-31")} == {"31 Mar 2026"}
    assert (tags.day(None), tags.day("soon")) == ("–", "soon")
    assert tags.written(when) == "31 Mar 2026 12:00"
    assert 'title="31 Mar 2026 12:00:00 UTC"' in tags.moment(when)


def test_names_of_our_own_are_words() -> None:
    assert tags.words("expense_account") == "Expense account"
    assert tags.stepname("branch:Invoice") == "Branch"
    assert (tags.limit_words("minute"), tags.limit_words("week_end")) == ("In a minute", "Week end")


def test_templates_write_dates_through_the_design_system_only() -> None:
    """Inputs of a browser want ISO days; people get one way to read a day."""
    folder = Path(__file__).resolve().parents[3] / "templates"
    own = [
        f"{file.relative_to(folder)}: {found}"
        for file in sorted(folder.rglob("*.html"))
        for found in re.findall(r"\|(?:date|time)\b(?!:'Y-m-d')", file.read_text("utf-8"))
    ]

    assert own == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (42, "42 s"),
        (60, "1 min"),
        (80, "1 min 20 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (3700, "1 h 1 min"),
        (187_200, "2 d 4 h"),
        (-3, "0 s"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert tags.lasting(seconds).replace("\xa0", " ") == said


def test_every_picture_that_a_template_names_is_drawn() -> None:
    root = Path(__file__).resolve().parents[3]
    drawn = set(
        re.findall(
            r'<symbol id="([a-z-]+)"',
            (root / "studio/static/studio/img/icons.svg").read_text("utf-8"),
        )
    )

    named = {
        name
        for file in (root / "templates").rglob("*.html")
        for name in re.findall(r'(?:{% icon |image=)"([a-z-]+)"', file.read_text("utf-8"))
    }

    assert len(named) > 20
    assert named - drawn == set()
