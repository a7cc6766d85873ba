from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.emulation.serve import Running
from connectors.syspro.connector import SysproConnector
from engine.errors import ValueRefused
from engine.ports import Draft, Page


def edit(served: Running, entity: str, key: str, **changes: Any) -> None:
    served.emulator.edit(entity, key, changes)  # type: ignore[attr-defined]


def drained(syspro: SysproConnector, entity: str, limit: int = 9) -> tuple[list[str], str]:
    keys: list[str] = []
    cursor = ""
    while True:
        page = syspro.changes(entity, cursor=cursor, limit=limit)
        keys += [r.key for r in page.records]
        cursor = page.cursor
        if not page.more:
            return keys, cursor


@pytest.mark.promise("U02")
def test_an_order_comes_whole_with_lines_and_custom_fields(syspro: SysproConnector) -> None:
    order = syspro.read("SorMaster", "001000")
    assert order is not None
    assert order.key == "001000"
    assert order.data["Customer"] == "0000100"
    lines = order.data["SorDetail"]
    assert isinstance(lines, list)
    assert lines[0]["MStockCode"] == "STEFLA-12MM-GRY"  # type: ignore[index, call-overload]
    assert order.data["CusSorMaster"]["DeliverySlot"] == "AM"  # type: ignore[index, call-overload]


@pytest.mark.promise("T03")
def test_two_cases_of_twelve_keep_their_value_in_each_unit(syspro: SysproConnector) -> None:
    order = syspro.read("SorMaster", "001000")
    assert order is not None
    cased, mixed = order.data["SorDetail"]  # type: ignore[misc, str-unpack]
    item = syspro.read("InvMaster", cased["MStockCode"])  # type: ignore[index, arg-type]
    assert item is not None
    factor = item.data["ConvFactAltUom"]
    assert (cased["MOrderUom"], cased["MOrderQty"], cased["MPrice"]) == ("CS", 2, Decimal("24.00"))  # type: ignore[index]
    each, price = cased["MOrderQty"] * factor, cased["MPrice"] / factor  # type: ignore[index, operator]
    assert (each, price) == (24, Decimal(2))
    assert each * price == cased["MOrderQty"] * cased["MPrice"] == 48  # type: ignore[index, operator]
    # a quantity in cases priced per piece says how many pieces one case has
    assert (mixed["MOrderUom"], mixed["MPriceUom"]) == ("CS", "EA")  # type: ignore[index]
    assert mixed["MConvFactOrdUm"] > 1  # type: ignore[index, operator]


def test_a_key_is_accepted_in_stored_and_short_form(syspro: SysproConnector) -> None:
    for key in ("0000101", "101", "000000000000101"):
        found = syspro.read("ArCustomer", key)
        assert found is not None
        assert found.key == "0000101"
    assert syspro.find("ArCustomer", {"Customer": "101"})[0].key == "0000101"


@pytest.mark.parametrize("mode", ["timestamp", "status", "date", "sweep"])
def test_each_way_of_polling_finds_every_completed_order_once(connect: Any, mode: str) -> None:
    syspro = connect(poll=mode, statuses="8,9")
    keys, _ = drained(syspro, "SorMaster")
    assert len(set(keys)) == len(keys)
    done = {r.key for r in syspro.find("SorMaster", {"OrderStatus": "9"})}
    assert done <= set(keys)
    assert len(done) == 24


def test_a_status_poll_leaves_open_orders_out(connect: Any) -> None:
    syspro = connect(poll="status", statuses="9")
    keys, cursor = drained(syspro, "SorMaster")
    assert len(keys) == 24
    again = syspro.changes("SorMaster", cursor=cursor)
    assert {r.key for r in again.records} == set(keys)


def test_a_date_poll_continues_with_two_days_of_overlap(connect: Any, served: Running) -> None:
    syspro = connect(poll="date")
    keys, cursor = drained(syspro, "SorMaster", limit=7)
    assert len(keys) == 40
    page: Page = syspro.changes("SorMaster", cursor=cursor)
    assert 0 < len(page.records) < 10


def test_a_poll_by_row_version_brings_only_what_was_touched(
    syspro: SysproConnector, served: Running
) -> None:
    _, cursor = drained(syspro, "SorMaster")
    edit(served, "EDU1.SorMaster", "001002", OrderStatus="9")
    edit(served, "EDU2.SorMaster", "001003", OrderStatus="9")
    page = syspro.changes("SorMaster", cursor=cursor)
    assert [r.key for r in page.records] == ["001002"]
    assert syspro.changes("SorMaster", cursor=page.cursor).records == []


def test_touching_a_row_without_changing_it_keeps_its_version(
    syspro: SysproConnector, served: Running
) -> None:
    before = syspro.read("SorMaster", "001002")
    edit(served, "SorMaster", "001002")
    after = syspro.read("SorMaster", "001002")
    assert before is not None
    assert after is not None
    assert after.version == before.version


@pytest.mark.golden(30)
def test_our_own_write_back_does_not_look_like_a_change(syspro: SysproConnector) -> None:
    before = syspro.read("SorMaster", "001001")
    assert before is not None
    _, cursor = drained(syspro, "SorMaster")
    said = {"CusSorMaster.InvoiceDocId": "58"}
    receipt = syspro.update(Draft("SorMaster", said, "wb", key="001001", version=before.version))
    after = syspro.read("SorMaster", "001001")
    assert after is not None
    assert receipt.version == before.version == after.version
    assert receipt.data["CusSorMaster"]["InvoiceDocId"] == "58"  # type: ignore[index, call-overload]
    assert syspro.changes("SorMaster", cursor=cursor).records == []


@pytest.mark.proves("syspro", "Custom form fields", "find")
def test_records_are_found_through_lines_and_custom_fields(syspro: SysproConnector) -> None:
    syspro.update(Draft("SorMaster", {"CusSorMaster.InvoiceDocId": "59"}, "wb", key="001003"))
    by_form = syspro.find("SorMaster", {"CusSorMaster.InvoiceDocId": "59"})
    assert [r.key for r in by_form] == ["001003"]
    by_line = syspro.find("SorMaster", {"SorDetail[].MStockCode": "SPECIAL-BENCH"})
    assert [r.key for r in by_line] == ["001013"]


def test_unknown_entities_fields_and_foreign_cursors_are_refused(syspro: SysproConnector) -> None:
    with pytest.raises(ValueRefused):
        syspro.changes("Invoice")
    with pytest.raises(ValueRefused):
        syspro.find("ArCustomer", {"DisplayName": "x"})
    with pytest.raises(ValueRefused):
        syspro.changes("ArCustomer", cursor="not ours")


def test_composite_keys_are_paged_without_losing_rows(connect: Any) -> None:
    syspro = connect(poll="sweep")
    keys, _ = drained(syspro, "ArInvoice", limit=4)
    assert len(set(keys)) == len(keys) == 28 + 24


def test_answers_wrapped_in_json_read_the_same(syspro: SysproConnector, served: Running) -> None:
    plain = syspro.read("SorMaster", "001003")
    served.emulator.json_wrapped = True  # type: ignore[attr-defined]
    assert syspro.read("SorMaster", "001003") == plain


def test_the_sister_company_is_read_with_its_own_session(connect: Any) -> None:
    uk = connect(company="EDU2", operator="STUDIO2")
    assert uk.check().detail == "Halden Outfitting (UK) Ltd"
    currencies = {r.data["Currency"] for r in uk.changes("SorMaster", limit=100).records}
    assert currencies == {"GBP", "EUR"}
    assert uk.read("ArCustomer", "ALD001") is not None


def test_core_columns_can_be_named_for_servers_without_all_columns(connect: Any) -> None:
    order = connect(columns="listed").read("SorMaster", "001000")
    found = connect(columns="listed").find("SorMaster", {"CustomerPoNumber": "PO-17000"})
    assert found[0].data["SorDetail"][0]["MStockCode"] == order.data["SorDetail"][0]["MStockCode"]
    assert "CaptureHh" not in found[0].data


def test_without_a_licence_for_key_rules_keys_are_used_as_stored(
    syspro: SysproConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = syspro.client.query

    def unlicensed(bo: str, request: str, call: str = "") -> Any:
        return plain("NOSUCH" if bo == "IMPQIK" else bo, request, call)

    monkeypatch.setattr(syspro.client, "query", unlicensed)
    found = syspro.read("ArCustomer", "000000000000101")
    assert found is not None
    assert found.key == "000000000000101"
