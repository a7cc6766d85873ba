"""Dates in both forms and ``where`` texts, for any input."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.xero import where
from connectors.xero.dates import from_date, from_datetime, to_date, to_datetime
from connectors.xero.emulator.errors import BadQueryError
from connectors.xero.emulator.where import parse_order, parse_where
from connectors.xero.translate import record, source_record
from engine.errors import SurpriseAnswer
from engine.schema.model import FieldType


@given(st.dates())
def test_a_day_passes_through_both_forms(day: date) -> None:
    assert to_date(from_date(day)) == day
    assert to_date(day.isoformat()) == day
    assert to_date(f"{day.isoformat()}T23:59:59") == day


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_passes_to_the_millisecond(moment: datetime) -> None:
    for offset in (True, False):
        there = to_datetime(from_datetime(moment, offset=offset))
        assert timedelta() <= moment - there < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("/Date(1789344000000+0000)/", "2026-09-14"),
        ("/Date(1789344000000)/", "2026-09-14"),
        ("/Date(1789344000000+1300)/", "2026-09-14"),
        ("\\/Date(1789344000000)\\/", "2026-09-14"),
        ("/Date(-86400000+0000)/", "1969-12-31"),
        ("2026-09-14T00:00:00", "2026-09-14"),
        ("2019-12-07T18:46:19.5165400", "2019-12-07"),
    ],
)
def test_the_offset_inside_a_date_is_never_applied(text: str, day: str) -> None:
    assert to_date(text).isoformat() == day


@given(st.text(max_size=40))
def test_any_other_text_is_a_value_error(text: str) -> None:
    for read in (to_date, to_datetime):
        with contextlib.suppress(ValueError):
            assert isinstance(read(text), date)


@pytest.mark.parametrize("text", ["/Date(99999999999999999)/", "/Date()/", "/Date(1.5)/", ""])
def test_impossible_dates_are_value_errors(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the message is Python's own)
        to_datetime(text)


@given(st.text(max_size=60))
def test_a_quoted_text_finds_exactly_that_text(value: str) -> None:
    plain = "".join(c for c in value if c >= " ")
    test = parse_where(where.both(where.equals("Name", value), 'Status!="x"'))
    assert test({"Name": plain, "Status": "y"}.get)
    assert not test({"Name": plain + "!", "Status": "y"}.get)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
    )
)
def test_a_number_finds_exactly_that_number(value: Decimal) -> None:
    test = parse_where(where.equals("Total", str(value), FieldType.DECIMAL))
    assert test({"Total": value}.get)
    assert not test({"Total": value + Decimal("0.0001")}.get)


@given(st.dates(min_value=date(1900, 1, 1)))
def test_a_day_finds_exactly_that_day(day: date) -> None:
    test = parse_where(where.equals("Date", day.isoformat(), FieldType.DATE))
    assert test({"Date": day.isoformat()}.get)
    assert not test({"Date": "1899-12-31"}.get)


@given(st.text(alphabet='ab"\\()=!<>&|. 1,', max_size=30))
def test_any_expression_is_a_test_or_a_query_error(text: str) -> None:
    with contextlib.suppress(BadQueryError):
        parse_where(text)({}.get)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('Status=="authorised" AND AmountDue>0', True),
        ('Status=="PAID" OR AmountDue>=10.50', True),
        ('(Status=="PAID" || AmountDue>100) && IsIt', False),
        ('AmountDue>"x"', None),
        ('Missing.Contains("x")', None),
        ('Name.ToLower().StartsWith("ac")', True),
        ('Name.Contains("ME")', True),
        ('Name.EndsWith("x")==false', True),
        ("Reference==null", True),
        ("Reference!=null AND AmountDue>0", False),
        ("Date>=DateTime(2026,01,01) AND Date<DateTime(2026,07,01)", True),
        ('Date>=DateTime.Parse("2026-06-02")', False),
        ('Contact.ContactID==Guid("AB")', True),
        ("SentToContact", False),
        ("IsIt==true", True),
    ],
)
def test_the_where_language(text: str, found: bool | None) -> None:
    row = {
        "Status": "AUTHORISED",
        "AmountDue": Decimal("10.50"),
        "Name": "Acme",
        "Date": "2026-06-01",
        "Contact.ContactID": "ab",
        "IsIt": True,
    }
    if found is None:
        with pytest.raises(BadQueryError):
            parse_where(text)(row.get)
    else:
        assert parse_where(text)(row.get) is found


def test_orders_are_read_or_refused() -> None:
    assert parse_order("UpdatedDateUTC DESC, Contact.Name") == [
        ("UpdatedDateUTC", True),
        ("Contact.Name", False),
    ]
    for bad in ("a b c", "", "Name SIDEWAYS", "1"):
        with pytest.raises(BadQueryError):
            parse_order(bad)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["InvoiceID", "Total", "Date", "UpdatedDateUTC", "LineItems", "Quantity",
                         "SentToContact", "Contact", "ContactID", "Other"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(["InvoiceID", "Total", "Date", "LineItems", "Contact"]), JSON)
)
def test_any_answer_is_a_record_or_a_surprise_that_names_a_field(raw: dict[str, object]) -> None:
    for read in (record, source_record):
        fields: list[str] = []
        try:
            read("Invoice", raw)
        except SurpriseAnswer as surprise:
            fields.append(surprise.field)
        assert all(f.startswith("Invoice.") for f in fields)
