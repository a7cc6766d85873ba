from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine.canon.needed import AMOUNTS, missing_amounts, open_taxes

STARTERS = Path(__file__).parents[3] / "studio" / "mapping" / "starters"


def test_every_loop_of_lines_needs_its_amount() -> None:
    filled = {"lines[]": {"lines[].net_amount"}, "lines[]#2": {"lines[].item"}}

    assert missing_amounts("bill", filled) == ["lines[].net_amount"]
    assert missing_amounts("bill", {"lines[]": {"lines[].net_amount"}}) == []


def test_a_journal_may_make_debits_and_credits_in_loops_of_their_own() -> None:
    filled = {"lines[]": {"lines[].debit"}, "lines[]#2": {"lines[].credit"}}

    assert missing_amounts("journal", filled) == []
    assert missing_amounts("journal", {"lines[]": {"lines[].debit"}}) == ["lines[].credit"]


def test_a_payment_may_name_no_document_but_what_it_names_has_an_amount() -> None:
    assert missing_amounts("payment", {"": {"amount"}}) == []
    assert missing_amounts("payment", {"": {"number"}}) == ["amount"]
    named = {"": {"amount"}, "allocations[]": {"allocations[].document"}}
    assert missing_amounts("payment", named) == ["allocations[].amount"]


def test_master_records_move_no_money() -> None:
    assert missing_amounts("party", {}) == []
    assert open_taxes("party", {}) == []


def test_a_rate_is_not_missed_where_the_tax_is_said() -> None:
    assert open_taxes("bill", {"lines[]": {"lines[].tax_amount"}}) == ["lines[].tax_code"]


@pytest.mark.parametrize("path", sorted(STARTERS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_starter_says_its_amounts_and_its_tax(path: Path) -> None:
    said = yaml.safe_load(path.read_text())
    kind = said["target"]["entity"]
    if said["target"]["system"] != "canonical" or kind not in AMOUNTS:
        return
    filled = {"": {r["to"] for r in said["rows"]}}
    for number, block in enumerate(said.get("blocks", [])):
        place = f"{block['to']}[]"
        filled[f"{place}#{number}"] = {f"{place}.{r['to']}" for r in block["rows"]}

    assert missing_amounts(kind, filled) == []
    assert open_taxes(kind, filled) == []
