from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http.jsontext import JsonError, dump, load
from connectors.qbo.catalogue import catalogue
from connectors.qbo.translate import inbound, outbound
from engine.errors import SurpriseAnswer

MONEY = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
# No NUL, which a text on the way in loses (test_jsontext.py).
LETTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
SCALARS = {
    "s": st.text(LETTERS, min_size=1, max_size=10),
    "d": MONEY,
    "i": st.integers(0, 10**6),
    "b": st.booleans(),
    "D": st.dates().map(lambda d: d.isoformat()),
    "T": st.just("2026-01-02T03:04:05-08:00"),
    "e": st.text(LETTERS, min_size=1, max_size=5),
}


@st.composite
def bodies(draw):
    """A body of writable header fields and references of some entity."""
    entity = draw(
        st.sampled_from(["Customer", "Invoice", "Item", "Bill", "Payment", "JournalEntry"])
    )
    body = {}
    for fact in catalogue()[entity].fields:
        if "." in fact.path or "[]" in fact.path or fact.read_only or not draw(st.booleans()):
            continue
        if fact.type in SCALARS:
            body[fact.path] = draw(SCALARS[fact.type])
        elif fact.type == "r":
            body[fact.path] = {"value": draw(st.from_regex(r"[0-9]{1,5}", fullmatch=True))}
    return entity, body


@settings(max_examples=60, deadline=None)
@given(bodies())
def test_a_writable_record_survives_the_way_out_and_back(case):
    entity, body = case
    wire = load(dump(outbound(entity, body)))
    assert inbound(entity, wire) == body


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_a_json_error(raw):
    with contextlib.suppress(JsonError):
        load(raw)


def test_hostile_numbers_and_depth_are_refused():
    for raw in (b"1e999999999", b"9" * 5000, b"NaN", b"[" * 100_000, b"\xff\xfe"):
        with pytest.raises(JsonError):
            load(raw)


@given(MONEY)
def test_an_amount_keeps_every_digit(amount):
    again = load(dump({"TotalAmt": amount}))["TotalAmt"]
    assert Decimal(again) == amount
    assert "E" not in dump(amount).decode()


def test_a_float_is_refused_rather_than_rounded():
    with pytest.raises(JsonError):
        dump({"TotalAmt": 0.1})


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"TotalAmt": "ten"}, "TotalAmt"),
        ({"TotalAmt": {"value": "1"}}, "TotalAmt"),
        ({"CustomerRef": "1"}, "CustomerRef"),
        ({"Line": [{"Amount": True}]}, "Line[].Amount"),
        ({"ApplyTaxAfterDiscount": "perhaps"}, "ApplyTaxAfterDiscount"),
    ],
)
def test_a_value_of_another_type_is_named(raw, field):
    with pytest.raises(SurpriseAnswer) as caught:
        inbound("Invoice", raw)
    assert caught.value.field == field
    assert field in str(caught.value)


def test_names_nobody_documented_are_kept():
    assert inbound("Invoice", {"NewThing": {"x": 1}})["NewThing"] == {"x": 1}


def test_whole_amounts_become_decimals_and_numbers_in_text_fields_text():
    record = inbound("Invoice", {"TotalAmt": 100, "DocNumber": 1045})
    assert isinstance(record["TotalAmt"], Decimal)
    assert record["DocNumber"] == "1045"


def test_a_detail_names_its_line_and_read_only_members_stay_home():
    body = outbound(
        "Invoice",
        {
            "Balance": Decimal(1),
            "Line": [{"Amount": Decimal(1), "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}],
            "DueDate": None,
        },
    )
    assert body == {
        "Line": [
            {
                "Amount": Decimal(1),
                "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
            }
        ]
    }
