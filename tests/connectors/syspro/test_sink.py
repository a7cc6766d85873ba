from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running
from connectors.http.evidence import RecentEvidence
from connectors.syspro.connector import SysproConnector
from engine.errors import (
    DuplicateAtTarget,
    OutcomeUnknown,
    PeriodClosed,
    PermissionMissing,
    RecordMissing,
    ReferenceUnknown,
    RemoteRejected,
    ValueRefused,
)
from engine.ports import Action, Draft, SourceRecord

FLASK = "STEFLA-12MM-GRY"


def order(reference: str, **more: Any) -> Draft:
    lines = [
        {
            "LineType": "1",
            "MStockCode": FLASK,
            "MOrderQty": Decimal(2),
            "MOrderUom": "CS",
            "MPrice": Decimal("24.00"),
            "MPriceUom": "CS",
        },
        {
            "LineType": "7",
            "MStockCode": "BENCH",
            "MStockDes": "Bench to drawing",
            "MOrderQty": Decimal(1),
            "MPrice": Decimal("480.00"),
            "MProductClass": "FRN",
        },
        {"LineType": "4", "NMscChargeValue": Decimal("9.50")},
        {
            "LineType": "5",
            "NComment": "Handling",
            "NMscChargeValue": Decimal("4.75"),
            "NMscProductCls": "MSC",
        },
        {"LineType": "6", "NComment": "Leave at <door> & ring"},
    ]
    data = {
        "CustomerPoNumber": reference,
        "Customer": "0000101",
        "OrderDate": "2026-06-01",
        "ReqShipDate": "2026-06-09",
        "SorDetail": lines,
        **more,
    }
    return Draft("SorMaster", data, f"key-{reference}", reference)


def lines_of(found: Any) -> list[dict[str, Any]]:
    return list(found.data["SorDetail"])


@pytest.fixture
def invoice(syspro: SysproConnector) -> SourceRecord:
    return next(
        r
        for r in syspro.changes("ArInvoice", limit=50).records
        if r.data["DocumentType"] == "I" and r.data["InvoiceBal1"] > 100  # type: ignore[operator]
    )


def payment(invoice: SourceRecord, reference: str, applied: str, total: str = "") -> Draft:
    data = {
        "Customer": invoice.data["Customer"],
        "TrnValue": Decimal(total or applied),
        "JournalDate": "2026-06-20",
        "Reference": reference,
        "Bank": "MAIN",
        "Allocations": [{"Invoice": invoice.data["Invoice"], "TrnValue": Decimal(applied)}],
    }
    return Draft("ArInvoicePay", data, f"key-{reference}", reference)


def test_an_order_with_every_kind_of_line_is_imported_in_order(syspro: SysproConnector) -> None:
    receipt = syspro.create(order("WEB-1"))
    assert receipt.number == receipt.key == "001040"
    assert [line["LineType"] for line in lines_of(receipt)] == ["1", "7", "4", "5", "6"]
    assert lines_of(receipt)[4]["NComment"] == "Leave at <door> & ring"
    assert receipt.data["CustomerPoNumber"] == "WEB-1"


def test_the_same_reference_is_not_imported_twice(syspro: SysproConnector) -> None:
    first, second = syspro.create(order("WEB-1")), syspro.create(order("WEB-1"))
    assert (second.key, second.replayed, first.replayed) == (first.key, True, False)
    assert len(syspro.find("SorMaster", {"CustomerPoNumber": "WEB-1"})) == 1


def test_a_clean_import_without_a_number_is_looked_up(
    syspro: SysproConnector, served: Running
) -> None:
    served.emulator.quiet_orders = True  # type: ignore[attr-defined]
    assert syspro.create(order("WEB-2")).key == "001040"


def test_an_order_of_sixty_lines_goes_as_one_large_post(syspro: SysproConnector) -> None:
    lines = [
        {"MStockCode": FLASK, "MOrderQty": Decimal(1), "MPrice": Decimal(2)} for _ in range(60)
    ]
    assert len(lines_of(syspro.create(order("WEB-3", SorDetail=lines)))) == 60


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"Customer": "0000999"}, ReferenceUnknown),
        ({"Customer": "0000128"}, ValueRefused),
        ({"Warehouse": "ZZ"}, ReferenceUnknown),
        ({"InvTermsOverride": "??"}, ReferenceUnknown),
        ({"OrderDate": "1 June"}, ValueRefused),
        ({"SorDetail": [{"MStockCode": "NOPE", "MOrderQty": 1}]}, ReferenceUnknown),
        ({"SorDetail": [{"MStockCode": FLASK, "MOrderQty": 0}]}, ValueRefused),
        ({"SorDetail": [{"MStockCode": FLASK, "MOrderQty": 1, "MWarehouse": "FG"}]}, ReferenceUnknown),
        ({"SorDetail": [{"MStockCode": FLASK, "MOrderQty": 1, "MOrderUom": "KG"}]}, ReferenceUnknown),
        (
            {"SorDetail": [{"MStockCode": FLASK, "MOrderQty": 1, "MPrice": Decimal("1.123456")}]},
            ValueRefused,
        ),
    ],
)  # fmt: skip
@pytest.mark.promise("E07")
def test_a_refused_order_names_the_cause_and_leaves_nothing(
    syspro: SysproConnector, change: dict[str, Any], kind: type[RemoteRejected]
) -> None:
    with pytest.raises(kind):
        syspro.create(order("WEB-4", **change))
    assert syspro.find("SorMaster", {"CustomerPoNumber": "WEB-4"}) == []


def test_an_order_without_a_reference_is_refused(syspro: SysproConnector) -> None:
    draft = order("")
    with pytest.raises(ValueRefused):
        syspro.create(draft)


def test_an_unanswered_import_is_found_by_its_reference(
    syspro: SysproConnector, served: Running
) -> None:
    syspro.check()
    fault = Fault(kind=FaultKind.DROP_AFTER, path="/Transaction/Post")
    served.emulator.faults.arm(fault)  # type: ignore[attr-defined]
    draft = order("WEB-5")
    with pytest.raises(OutcomeUnknown):
        syspro.create(draft)
    found = syspro.find_by_reference("SorMaster", "WEB-5", draft.idempotency_key)
    assert found is not None
    assert found.replayed
    assert syspro.create(draft).key == found.key


def test_a_cancelled_order_does_not_answer_for_its_reference(syspro: SysproConnector) -> None:
    first = syspro.create(order("WEB-6"))
    voided = syspro.act(Draft("SorMaster", {}, "void", key=first.key), Action.VOID)
    assert voided.data["OrderStatus"] == "\\"
    assert syspro.find_by_reference("SorMaster", "WEB-6", "") is None
    assert syspro.create(order("WEB-6")).key != first.key


def test_an_order_is_changed_and_its_status_moved(syspro: SysproConnector) -> None:
    made = syspro.create(order("WEB-7"))
    line = {"SalesOrderLine": 1, "LineType": "1", "MStockCode": FLASK, "MOrderQty": Decimal(3)}
    data = {"SpecialInstrs": "Gate 4", "SorDetail": [line], "OrderStatus": "8"}
    changed = syspro.update(Draft("SorMaster", data, "edit", key=made.key))  # type: ignore[arg-type]
    assert changed.data["SpecialInstrs"] == "Gate 4"
    assert changed.data["OrderStatus"] == "8"
    assert lines_of(changed)[0]["MOrderQty"] == 3
    assert changed.version != made.version


def test_goods_are_promised_in_the_stocking_unit_whatever_unit_is_ordered(
    syspro: SysproConnector,
) -> None:
    def promised() -> Decimal:
        found = syspro.read("InvMaster", FLASK)
        assert found is not None
        return found.data["InvWarehouse"][0]["QtyAllocated"]  # type: ignore[index, call-overload, return-value]

    before = promised()
    syspro.create(order("PO-CASES"))

    assert promised() - before == 24


@pytest.mark.proves("syspro", "Custom form fields", "update")
@pytest.mark.proves("syspro", "Custom form fields", "read")
def test_a_completed_order_takes_a_write_back_but_no_change(syspro: SysproConnector) -> None:
    receipt = syspro.update(
        Draft("SorMaster", {"CusSorMaster": {"InvoiceDocId": "INV-9"}}, "wb", key="001000")
    )
    assert receipt.data["CusSorMaster"]["InvoiceDocId"] == "INV-9"  # type: ignore[index, call-overload]
    assert receipt.data["CusSorMaster"]["DeliverySlot"] == "AM"  # type: ignore[index, call-overload]
    with pytest.raises(RemoteRejected):
        syspro.update(Draft("SorMaster", {"SpecialInstrs": "x"}, "edit", key="001000"))


def test_a_write_back_checks_field_length_and_record(syspro: SysproConnector) -> None:
    for data in ({"CusSorMaster.Nowhere": "1"}, {"CusSorMaster.InvoiceDocId": "x" * 51}):
        with pytest.raises(ValueRefused):
            syspro.update(Draft("SorMaster", data, "wb", key="001000"))  # type: ignore[arg-type]
    with pytest.raises(RecordMissing):
        syspro.update(Draft("SorMaster", {"CusSorMaster.InvoiceDocId": "1"}, "wb", key="009999"))


def test_a_part_payment_lowers_invoice_and_customer_balance(
    syspro: SysproConnector, invoice: SourceRecord
) -> None:
    customer = str(invoice.data["Customer"])
    before = syspro.read("ArCustomerBal", customer)
    receipt = syspro.create(payment(invoice, "QBO-PMT-1", "40.00"))
    assert receipt.number == str(int(str(receipt.data["Journal"]))), "the journal is its number"
    after, now = syspro.read("ArInvoice", invoice.key), syspro.read("ArCustomerBal", customer)
    assert after is not None
    assert before is not None
    assert now is not None
    assert after.data["InvoiceBal1"] == invoice.data["InvoiceBal1"] - 40  # type: ignore[operator]
    assert now.data["CurrentBalance1"] == before.data["CurrentBalance1"] - 40  # type: ignore[operator]
    assert syspro.create(payment(invoice, "QBO-PMT-1", "40.00")).replayed
    again = syspro.read("ArInvoice", invoice.key)
    assert again is not None
    assert again.data["InvoiceBal1"] == after.data["InvoiceBal1"]


def test_what_a_payment_does_not_settle_becomes_unapplied(
    syspro: SysproConnector, invoice: SourceRecord
) -> None:
    syspro.create(payment(invoice, "QBO-PMT-2", "10.00", "15.00"))
    found = syspro.find("ArInvoicePay", {"Reference": "QBO-PMT-2"})
    assert sorted(r.data["TrnValue"] for r in found) == [-10, -5]  # type: ignore[type-var]
    assert any(str(r.data["Invoice"]).startswith("_CRD") for r in found)


def test_a_payment_beyond_the_balance_or_in_a_closed_period_is_refused(
    syspro: SysproConnector, invoice: SourceRecord
) -> None:
    with pytest.raises(ValueRefused):
        syspro.create(payment(invoice, "QBO-PMT-3", "999999.00"))
    early = payment(invoice, "QBO-PMT-4", "1.00")
    early.data["JournalDate"] = "2026-03-15"
    with pytest.raises(PeriodClosed) as caught:
        syspro.create(early)
    assert caught.value.date == "2026-03-15"


def test_an_invoice_without_an_order_is_posted_once(syspro: SysproConnector) -> None:
    data = {
        "Customer": "0000101",
        "InvoiceDate": "2026-06-01",
        "CurrencyValue": Decimal("561.00"),
        "ProductClass": "OUT",
    }
    draft = Draft("ArInvoice", data, "i", "QB10045")  # type: ignore[arg-type]
    assert syspro.create(draft).number == "QB10045"
    assert syspro.create(draft).replayed
    other = Draft("ArInvoice", {**data, "Customer": "0000102", "Invoice": "QB10045"}, "j")  # type: ignore[dict-item, arg-type]
    with pytest.raises(DuplicateAtTarget):
        syspro.create(other)


def test_a_supplier_invoice_needs_a_distribution_that_adds_up(syspro: SysproConnector) -> None:
    def bill(net: str) -> Draft:
        data = {
            "Supplier": "0000011",
            "InvoiceDate": "2026-06-01",
            "OrigInvValue": Decimal("1100.00"),
            "TaxValue": Decimal("100.00"),
            "FirstTaxCode": "TX",
            "Distribution": [{"GlCode": "10-6100", "Value": Decimal(net)}],
        }
        return Draft("ApInvoice", data, "b", "INV-77")  # type: ignore[arg-type]

    with pytest.raises(ValueRefused):
        syspro.create(bill("999.00"))
    assert syspro.create(bill("1000.00")).data["MthInvBal1"] == Decimal("1100.00")


def test_a_journal_must_balance_and_gets_a_number(syspro: SysproConnector) -> None:
    def journal(second: str) -> Draft:
        entries = [
            {"GlCode": "10-6100", "EntryValue": Decimal("250.00")},
            {"GlCode": "10-1000", "EntryValue": Decimal(second)},
        ]
        data = {"JournalDate": "2026-05-31", "GenJournalDetail": entries}
        return Draft("GenJournalCtl", data, "j", "QBO-JE-31")  # type: ignore[arg-type]

    with pytest.raises(ValueRefused):
        syspro.create(journal("-249.99"))
    posted = syspro.create(journal("-250.00"))
    assert posted.number
    assert len(posted.data["GenJournalDetail"]) == 2  # type: ignore[arg-type]


def test_an_object_without_licence_is_a_missing_permission(connect: Any) -> None:
    clerk = connect(operator="CLERK")
    draft = Draft("GenJournalCtl", {"JournalDate": "2026-05-31"}, "j", "X")
    with pytest.raises(PermissionMissing):
        clerk.create(draft)


@pytest.mark.proves("syspro", "Price for a customer", "read")
def test_an_item_is_created_with_warehouse_and_price(syspro: SysproConnector) -> None:
    data = {
        "StockCode": "NEW-1",
        "Description": "Neu & schön",
        "StockUom": "EA",
        "ProductClass": "OUT",
        "TaxCode": "TX",
        "InvWarehouse": [{"Warehouse": "FG"}],
        "InvPrice": [{"PriceCode": "A", "SellingPrice": Decimal("3.50"), "PriceBasis": "S"}],
    }
    receipt = syspro.create(Draft("InvMaster", data, "i", "NEW-1"))  # type: ignore[arg-type]
    assert receipt.data["Description"] == "Neu & schön"
    assert receipt.data["InvPrice"][0]["SellingPrice"] == Decimal("3.5")  # type: ignore[index, call-overload]
    assert syspro.quote("0000101", "NEW-1").price == Decimal("3.5")


def test_a_supplier_is_created_with_its_address(syspro: SysproConnector) -> None:
    data = {
        "Supplier": "0009001",
        "SupplierName": "Ashby Steel",
        "ApSupplierAddr": {"SupAddr1": "1 Forge Road"},
    }
    receipt = syspro.create(Draft("ApSupplier", data, "s", "0009001"))  # type: ignore[arg-type]
    assert receipt.data["ApSupplierAddr"]["SupAddr1"] == "1 Forge Road"  # type: ignore[index, call-overload]


def test_what_cp1252_cannot_hold_is_refused_before_it_is_sent(syspro: SysproConnector) -> None:
    with pytest.raises(ValueRefused) as caught:
        syspro.update(Draft("ArCustomer", {"Name": "日本"}, "n", key="0000101"))
    assert caught.value.field == "Name"


def test_deactivating_puts_a_customer_on_hold_and_back(syspro: SysproConnector) -> None:
    draft = Draft("ArCustomer", {}, "d", key="0000101")
    assert syspro.act(draft, Action.DEACTIVATE).data["CustomerOnHold"] == "Y"
    assert syspro.act(draft, Action.REACTIVATE).data["CustomerOnHold"] == "N"
    with pytest.raises(ValueRefused):
        syspro.act(draft, Action.VOID)


def test_a_write_back_reads_neither_lines_nor_addresses(
    syspro: SysproConnector, evidence: RecentEvidence
) -> None:
    # SYSPRO answers one call at a time, and every posted document ends in one of these.
    said = {"CusSorMaster.InvoiceDocId": "58"}
    syspro.update(Draft("SorMaster", said, "wb-1", key="001001"))
    before = len(evidence.exchanges)
    receipt = syspro.update(Draft("SorMaster", said, "wb-2", key="001002"))
    assert len(evidence.exchanges) - before <= 4
    assert receipt.key == receipt.number == "001002"
    assert receipt.data["CusSorMaster"]["InvoiceDocId"] == "58"  # type: ignore[index, call-overload]
    with pytest.raises(RecordMissing):
        syspro.update(Draft("SorMaster", said, "wb-3", key="009999"))


def test_many_write_backs_go_in_three_calls(
    syspro: SysproConnector, evidence: RecentEvidence
) -> None:
    syspro.update(Draft("SorMaster", {"CusSorMaster.InvoiceDocId": "1"}, "wb", key="001001"))
    drafts = [
        Draft("SorMaster", {"CusSorMaster.InvoiceDocId": f"5{n}"}, f"wb-{n}", key=f"00100{n}")
        for n in range(6)
    ]
    before = len(evidence.exchanges)
    results = syspro.update_many(drafts)
    assert len(evidence.exchanges) - before <= 3
    for n, result in enumerate(results):
        assert result.receipt is not None
        assert result.receipt.key == f"00100{n}"
        assert result.receipt.data["CusSorMaster"]["InvoiceDocId"] == f"5{n}"  # type: ignore[index, call-overload]


def test_a_bad_write_back_spoils_only_itself(syspro: SysproConnector) -> None:
    long = "x" * 200
    said = {"001001": "58", "009999": "59", "001002": long, "001003": "60"}
    drafts = [
        Draft("SorMaster", {"CusSorMaster.InvoiceDocId": text}, f"wb-{key}", key=key)
        for key, text in said.items()
    ]
    results = syspro.update_many(drafts)
    assert [r.receipt is not None for r in results] == [True, False, False, True]
    assert isinstance(results[1].error, RecordMissing)
    assert isinstance(results[2].error, RemoteRejected)
    held = [syspro.read("SorMaster", key) for key in ("001001", "001003")]
    assert [r.data["CusSorMaster"]["InvoiceDocId"] for r in held if r] == ["58", "60"]  # type: ignore[index, call-overload]


def test_changes_of_more_than_custom_fields_go_one_by_one(syspro: SysproConnector) -> None:
    drafts = [
        Draft("ArCustomer", {"Contact": "Ann"}, "u-1", key="0000101"),
        Draft("ArCustomer", {"Contact": "Ann"}, "u-2", key="9999999"),
    ]
    results = syspro.update_many(drafts)
    assert results[0].receipt is not None
    assert results[0].receipt.data["Contact"] == "Ann"
    assert isinstance(results[1].error, RecordMissing)
