from __future__ import annotations

import pytest

from engine.resolve.item import loose_keys
from engine.resolve.party import normalise_name, phone_key
from engine.resolve.places import Gazetteer
from engine.resolve.quantities import number, take_apart
from engine.resolve.roles import key_column, recognise
from engine.resolve.table import Table
from engine.resolve.text import code_key, fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brünnhof Steel (Pty) Ltd", "BRUENNHOF STEEL"),
        ("A.B.C. Pumps Inc.", "A & B & C Pumps"),
        ("Kest Valves GmbH", "kest valves"),
        ("Marl Foods Sp. z o.o.", "MARL FOODS"),
        ("The Tarn Tools Company", "Tarn Tools"),
        ("MÃ¼hltal Glas", "Mühltal Glas"),
    ],
)
def test_two_spellings_of_one_name_have_one_normal_form(one: str, other: str) -> None:
    assert normalise_name(one).spellings == normalise_name(other).spellings


def test_a_trading_name_gives_both_names() -> None:
    assert normalise_name("Ashford Holdings t/a Silver Bakery").spellings == (
        "ashford holdings",
        "silver bakery",
    )


def test_partnership_of_a_company_is_another_legal_form_than_the_company() -> None:
    assert normalise_name("Lund GmbH").forms != normalise_name("Lund GmbH & Co. KG").forms


@pytest.mark.parametrize(
    "text",
    [
        "DO NOT USE - Lund",
        "ZZ Lund",
        "*DO NOT USE* Lund",
        "CLOSED - Lund",
        "(DUPLICATE) Lund",
        "NOT USED - Lund",
    ],
)
def test_markers_of_blocked_records_are_seen_and_taken_off(text: str) -> None:
    assert normalise_name(text).blocked
    assert normalise_name(text).spellings == ("lund",)


@pytest.mark.parametrize(
    "text", ["CASH SALES", "Sundry Debtors", "test", "Walk-in customer", "VOID", "Barverkauf"]
)
def test_collecting_accounts_are_no_companies(text: str) -> None:
    assert normalise_name(text).placeholder


@pytest.mark.parametrize(
    "text", ["Testo Instruments Trading Supplies", "Cash Converters Durban North Traders"]
)
def test_companies_whose_names_only_sound_so_are_companies(text: str) -> None:
    assert not normalise_name(text).placeholder


@pytest.mark.parametrize(
    "text",
    [
        "031 551 2233",
        "+27 31 551 2233",
        "+27 (0)31 551-2233",
        "0315512233 x12",
        "31 5512233",
        "0315512233/4",
    ],
)
def test_one_telephone_number_has_one_key(text: str) -> None:
    assert phone_key(text) == "15512233"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.1/2", 1.5), ("1 1/2", 1.5), ("3/8", 0.375), ("2,5", 2.5), ("1-1/4", 1.25)],
)
def test_fractions_and_decimals_are_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oil 1 l", "oil 1000 ml"),
        ("board 24 in", "board 610 mm"),
        ('pipe 1/2"', "pipe dn15"),
        ("glue 0.5 kg", "glue 500g"),
    ],
)
def test_sizes_in_different_units_share_a_spelling(one: str, other: str) -> None:
    a, b = take_apart(one).numbers, take_apart(other).numbers
    assert set(a[0]) & set(b[0])


@pytest.mark.parametrize(
    "text", ["nut pk10", "nut 10/pk", "nut pack 10", "nut pack of 10", "nut (10 pack)"]
)
def test_a_pack_of_ten_is_read_in_all_its_spellings(text: str) -> None:
    assert take_apart(text).pack == "10"


def test_a_code_has_one_key_whatever_its_separators_and_zeros() -> None:
    assert code_key("00-ab 12") == code_key("AB/12") == "AB12"
    assert "AB12" in loose_keys("FG-AB12")
    assert "AB12" in loose_keys("AB12-00")


def test_towns_with_two_names_are_one_town() -> None:
    towns = Gazetteer({"durban": 3, "cape town": 3})
    assert towns.find(["12 foundry street", "ethekwini"]) == towns.find(["durban", "4001"])
    assert towns.find(["12 durban street", "cape town"]) == ("@cape_town",)


def test_folding_keeps_plain_text() -> None:
    assert fold("Plain Text 12") == "plain text 12"


def test_columns_are_recognised_by_heading_and_by_content() -> None:
    rows = [
        {
            "Nr": f"K{n}",
            "Firma": f"Lund {n} Glas",
            "F7": f"a{n}@lund.example",
            "Telefon": f"0221 55{n:05}",
            "PLZ": f"5{n:04}",
        }
        for n in range(9)
    ]
    roles = recognise(Table.from_rows(rows, "Nr"), "party")
    assert roles == {
        "Nr": "key",
        "Firma": "name",
        "F7": "email",
        "Telefon": "phone",
        "PLZ": "postal",
    }


def test_the_key_column_is_the_first_that_is_filled_and_unique() -> None:
    assert key_column({"Group": ["a", "a"], "No": ["1", "2"], "Name": ["x", "y"]}) == "No"
    assert key_column({"Name": ["x", "x"]}) is None
