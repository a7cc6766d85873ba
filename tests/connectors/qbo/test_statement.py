from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.qbo.emulator.query import parse
from connectors.qbo.statement import Select, quote

TEXTS = st.text(max_size=60)


@given(TEXTS)
def test_any_text_survives_quoting_and_parsing(value):
    statement = parse(Select("Customer").where("DisplayName", "=", value).text())
    assert statement.where[0].values == (value,)


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_any_list_survives_quoting_and_parsing(values):
    statement = parse(Select("Customer").among("DisplayName", values).text())
    assert statement.where[0].values == tuple(values)


@given(TEXTS)
def test_a_value_can_never_add_a_condition_or_end_the_statement(value):
    statement = parse(
        Select("Invoice").where("DocNumber", "=", value).order("Id").page(7, 9).text()
    )
    assert len(statement.where) == 1
    assert (statement.start, statement.rows) == (7, 9)
    assert statement.order == (("Id", False),)


@given(TEXTS)
def test_a_name_is_refused_unless_it_is_one(name):
    try:
        text = Select("Customer").where(name, "=", "x").text()
    except ValueError:
        return
    assert f"WHERE {name} = 'x'" in text
    assert name.replace(".", "").replace("_", "").isalnum()


def test_a_quote_and_a_backslash_are_escaped():
    assert quote("O'Brien \\ Co") == "'O\\'Brien \\\\ Co'"
    assert quote("true") == "true"


def test_a_statement_reads_as_intuit_documents_it():
    text = Select("Customer").where("Balance", ">", "100.0").inactive_too().order("Id").text()
    assert text == (
        "SELECT * FROM Customer WHERE Balance > '100.0' AND Active IN (true, false) "
        "ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
    )
    assert Select("Customer").count() == "SELECT COUNT(*) FROM Customer"


@pytest.mark.parametrize(("start", "rows"), [(0, 1), (1, 0), (1, 1001)])
def test_a_page_out_of_range_is_refused(start, rows):
    with pytest.raises(ValueError, match="out of range"):
        Select("Customer").page(start, rows)
