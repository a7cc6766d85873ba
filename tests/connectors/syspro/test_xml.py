from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.syspro.facts import by_name
from connectors.syspro.keys import KeyRules
from connectors.syspro.translate import reader
from connectors.syspro.xml import Node, XmlError, decode, number, parse, text_of, write

BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;">]><r>&c;</r>"""
OUTSIDE = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>'
NETWORK = '<!doctype r SYSTEM "http://127.0.0.1:1/evil.dtd"><r/>'


@given(st.binary(max_size=300))
def test_arbitrary_bytes_parse_or_are_refused_but_never_crash(raw: bytes) -> None:
    with contextlib.suppress(XmlError):
        parse(decode(raw))


@given(st.text(max_size=200))
def test_arbitrary_text_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(XmlError):
        parse(text)


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, NETWORK, "<r>&unknown;</r>", "<r", "", " \n "])
def test_entities_document_types_and_broken_xml_are_refused(text: str) -> None:
    with pytest.raises(XmlError):
        parse(text)


def test_refusals_never_repeat_the_text() -> None:
    with pytest.raises(XmlError) as caught:
        parse("<r><OperatorPassword>hunter2</r>")
    assert "hunter2" not in str(caught.value)


def test_very_deep_documents_are_refused() -> None:
    with pytest.raises(XmlError):
        parse("<a>" * 5000 + "</a>" * 5000)


@pytest.mark.golden(27)
def test_tags_are_found_in_any_letter_case() -> None:
    mixed = parse(
        "<SetupArCustomer><Item><Key><Customer>1</Customer></Key></Item></SetupArCustomer>"
    )
    lower = parse(
        "<setuparcustomer><item><key><customer>1</customer></key></item></setuparcustomer>"
    )
    for root in (mixed, lower):
        assert root.value("Item/KEY/customer") == "1"
        assert root.anywhere("Customer")[0].text == "1"


def test_bytes_are_windows_1252_unless_they_say_otherwise() -> None:
    assert decode("<a>Café €</a>".encode("cp1252")) == "<a>Café €</a>"
    declared = '<?xml version="1.0" encoding="utf-8"?><a>Café</a>'
    assert parse(decode(declared.encode())).text == "Café"
    assert parse(decode(b"\xef\xbb\xbf<a>\xc3\xa9</a>")).text == "é"
    assert "\ufffd" in decode(b"<a>\x81</a>")


def test_a_json_wrapped_answer_is_unwrapped() -> None:
    assert decode(rb'"<a b=\"1\">Caf\u00e9<\/a>"') == '<a b="1">Café</a>'
    assert decode(b'"not json') == '"not json'


def test_prefixed_descriptions_keep_their_prefix() -> None:
    root = parse("<a xmlns:TBLART='TBLART'><TBLART:Description>NET 30</TBLART:Description></a>")
    assert root.value("TBLART:Description") == "NET 30"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("     2.204620", "2.204620"),
        ("12.50-", "-12.50"),
        ("-12.50", "-12.50"),
        ("- 3", "-3"),
        ("+4", "4"),
        (".5", "0.5"),
        ("000012", "12"),
    ],
)
def test_padded_numbers_with_leading_or_trailing_sign_are_read(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


def test_blank_numbers_are_none() -> None:
    assert number("      ") is None


@pytest.mark.parametrize(
    "text", ["1e999999", "NaN", "Infinity", "9" * 31, "1,000", "0x1F", "一", "--1"]
)
def test_enormous_and_odd_numbers_are_refused(text: str) -> None:
    with pytest.raises(XmlError):
        number(text)


@given(st.text(max_size=60))
def test_any_text_survives_writing_and_parsing_up_to_blanks_and_controls(text: str) -> None:
    root = parse(write("a", {"b": text}))
    expected = text_of(text).replace("\r\n", "\n").replace("\r", "\n").strip()
    assert root.value("b") == expected


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=5, max_value=10**12, min_value=-(10**12)
    )
)
def test_a_decimal_survives_the_wire_exactly(value: Decimal) -> None:
    assert number(write("a", value)[3:-4]) == value


def test_dates_are_read_in_each_form_and_empty_ones_are_none() -> None:
    read = reader(by_name("SorMaster")["OrderDate"], "SorMaster", KeyRules())
    assert read("2024-05-02") == read("20240502") == "2024-05-02"
    assert read("0000-00-00") is None
    with pytest.raises(XmlError):
        read("tomorrow")


def test_walking_visits_elements_in_document_order() -> None:
    root = parse("<a><b><c/></b><d/></a>")
    assert [n.tag for n in root.walk()] == ["a", "b", "c", "d"]
    assert Node("x").first("y/z") is None
