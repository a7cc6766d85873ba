"""Accounts of one chart found in another."""

from __future__ import annotations

import math
import re

import pytest

from connectors.emulation.company_tables import UK, US, Tables
from engine.propose.accounts import Account, Chart, class_of, things

QBO = Chart([
    Account("1", "Checking", "1000", "Bank"),
    Account("2", "Accounts Receivable (A/R)", "1200", "Accounts Receivable"),
    Account("4", "Inventory Asset", "1300", "Other Current Asset"),
    Account("8", "Sales of Product Income", "4000", "Income"),
    Account("10", "Hardware Sales", "4020", "Income"),
    Account("11", "Services", "4100", "Income"),
    Account("12", "Shipping Income", "4200", "Income"),
    Account("15", "Cost of Goods Sold", "5000", "Cost of Goods Sold"),
    Account("17", "Shipping and delivery expense", "5020", "Cost of Goods Sold"),
    Account("20", "Payroll Expenses", "6300", "Expense"),
    Account("28", "Inventory Shrinkage", "", "Cost of Goods Sold"),
])  # fmt: skip
QBO_AND_OTHER = [
    *(
        Account(n, n, "", "Income")
        for n in ("Shipping Income", "Services", "Other Income", "Sales")
    ),
    Account("Undeposited Funds", "Undeposited Funds", "", "Other Current Asset"),
    Account("Accounts Receivable (A/R)", "Accounts Receivable (A/R)", "", "Accounts Receivable"),
    Account("Delivery", "Delivery", "", "Expense"),
]
XERO_TYPES = {
    "bank": "BANK", "receivable": "CURRENT", "asset": "CURRENT", "stock": "INVENTORY",
    "payable": "CURRLIAB", "tax": "CURRLIAB", "equity": "EQUITY", "income": "REVENUE",
    "cost": "DIRECTCOSTS", "expense": "EXPENSE",
}  # fmt: skip
SYSPRO_TYPES = {
    "bank": "A", "receivable": "A", "asset": "A", "stock": "A", "payable": "L", "tax": "L",
    "equity": "C", "income": "R", "cost": "E", "expense": "E",
}  # fmt: skip


@pytest.mark.parametrize(
    ("label", "kind", "key"),
    [
        ("Trade debtors", "A", "2"),
        ("Stock on hand", "A", "4"),
        ("Cash at bank", "A", "1"),
        ("Turnover - ironmongery", "R", "10"),
        ("Carriage charged to customers", "R", "12"),
        ("Haulage", "E", "17"),
        ("Salaries and wages", "E", "20"),
        ("Cost of sales - garden", "E", "15"),
        ("Sales - garden", "R", "8"),
        ("Stock written off, shrinkage", "E", "28"),
    ],
)
def test_the_trade_s_other_words_are_understood(label: str, kind: str, key: str) -> None:
    assert QBO.rank(Account("x", label, "", kind))[0].key == key


def test_an_account_of_another_class_is_never_likely() -> None:
    found = {m.key: m.confidence for m in QBO.rank(Account("x", "Freight", "", "E"))}

    assert found["17"] > 0.8
    assert found.get("12", 0.0) < 0.2


def test_a_chance_number_does_not_outweigh_the_name() -> None:
    found = QBO.rank(Account("x", "Sales - furniture", "10-4100", "R"))

    assert (found[0].key, found[0].confidence < 0.7) == ("8", True)
    assert "nothing there names “furniture”" in found[0].sentence


def test_the_same_number_makes_a_like_name_surer() -> None:
    plain = QBO.rank(Account("x", "Wages", "10-7100", "E"))[0]
    numbered = QBO.rank(Account("x", "Wages", "10-6300", "E"))[0]

    assert numbered.confidence > plain.confidence
    assert "the same number 6300" in numbered.sentence


def test_a_class_of_goods_goes_to_its_account_or_to_the_general_one() -> None:
    assert QBO.rank(Account("HDW", "Hardware", "", "revenue"))[0].key == "10"
    assert QBO.rank(Account("GRD", "Garden", "", "revenue"))[0].key == "8"
    assert QBO.rank(Account("GRD", "Garden", "", "cost of goods sold"))[0].key == "15"


def test_two_equally_likely_accounts_make_each_other_less_sure() -> None:
    twin = Chart([Account("a", "Wages", "", "E"), Account("b", "Salaries", "", "E")])
    alone = Chart([Account("a", "Wages", "", "E"), Account("b", "Rent", "", "E")])

    assert twin.rank(Account("x", "Payroll", "", "E"))[0].confidence < 0.7
    assert alone.rank(Account("x", "Payroll", "", "E"))[0].confidence > 0.9


def test_what_nobody_names_is_left_open() -> None:
    assert QBO.rank(Account("x", "Goodwill", "", "A")) == []


def test_types_of_three_vendors_have_classes() -> None:
    said = [class_of(k) for k in ("A", "Other Current Liability", "DIRECTCOSTS", "equity", "?")]

    assert said == ["asset", "liability", "expense", "equity", ""]
    assert set(things("Tax payable", "CURRLIAB")) == {"tax"}


@pytest.mark.parametrize(("company", "least"), [(US, 24), (UK, 22)])
def test_the_sample_charts_find_their_twins(company: Tables, least: int) -> None:
    """A guard, not a measure: the vocabulary was written with these charts at hand."""
    twins = {a.twin_name: a.kind for a in company.accounts if a.twin_name}
    chart = Chart([Account(n, n, "", XERO_TYPES[k]) for n, k in twins.items()])

    right = sum(
        next((m.key for m in chart.rank(Account(a.code, a.name, a.code, SYSPRO_TYPES[a.kind]))), "")
        == a.twin_name
        for a in company.accounts
        if a.twin_name
    )

    assert right >= least


@pytest.mark.parametrize("label", ["Haulage", "Salaries and wages", "Freight", "Cash at bank"])
def test_the_parts_of_every_account_end_at_the_confidence_that_is_shown(label: str) -> None:
    for match in QBO.rank(Account("x", label, "10-6300", "E")):
        water = match.waterfall
        said = water.prior + sum(step.change for step in water.steps)

        assert said == pytest.approx(water.final)
        assert 1 / (1 + math.exp(-water.final)) == pytest.approx(match.confidence, abs=0.001)
        assert water.steps[0].name == "names"


def test_names_class_number_and_rivals_each_have_their_part() -> None:
    best = QBO.rank(Account("x", "Wages", "10-6300", "E"))[0]
    parts = {step.name: step for step in best.waterfall.steps}

    assert parts["class"].change > 0
    assert parts["number"].says == "the same number 6300"
    other = next(m for m in QBO.rank(Account("x", "Freight", "", "E")) if m.key == "12")
    against = {step.name: step for step in other.waterfall.steps}
    assert against["class"].says == "one is expense, the other income"
    assert against["class"].change < 0
    assert against["rivals"].change < 0


QUOTED = re.compile(r"“([^”]+)”")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Freight recovered", "revenue"),
        ("Services", "revenue"),
        ("Sundry charges", "revenue"),
        ("Sales - furniture", "R"),
        ("Haulage", "E"),
        ("Trade debtors", "A"),
        ("Petty cash", "A"),
    ],
)
def test_a_sentence_quotes_only_words_that_stand_where_it_says(label: str, kind: str) -> None:
    labels = {a.key: a.label.casefold() for a in QBO_AND_OTHER}
    for match in Chart(QBO_AND_OTHER).rank(Account("x", label, "", kind)):
        for clause in match.sentence.removesuffix(".").split("; "):
            here, there = label.casefold(), labels[match.key]
            for piece in clause.split(", "):
                for word in QUOTED.findall(piece):
                    if "on both sides" in piece:
                        assert word in here
                        assert word in there
                    elif piece.endswith("there"):
                        assert word in there
                    elif piece.endswith("here") or piece.startswith("nothing"):
                        assert word in here


def test_another_word_for_the_same_thing_is_quoted_as_each_side_writes_it() -> None:
    best = QBO.rank(Account("FRT", "Freight recovered", "", "revenue"))[0]
    assert best.sentence == "“freight” here, “shipping” there; both of the class income."

    general = QBO.rank(Account("FRN", "Furniture", "", "revenue"))[0]
    assert general.sentence == (
        "“sales of product income” there, which is the type here; both of the class income; "
        "nothing there names “furniture”."
    )
