"""Rules of SYSPRO's business objects as a stranger would try them: plain documents over e.net."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running
from connectors.syspro.connector import SysproConnector
from connectors.syspro.form_design import FormField
from connectors.syspro.xml import Node, decode, parse
from engine.errors import ValueRefused
from engine.ports import Draft
from tests.connectors.syspro.test_emulator import REST, Wire

D = Decimal


class Station:
    """One session that posts and queries."""

    def __init__(self, served: Running) -> None:
        self.wire = Wire(served)
        self.token = self.wire.logon()

    def post(self, bo: str, root: str, item: str, **options: str) -> Node:
        inner = "".join(f"<{k}>{v}</{k}>" for k, v in options.items())
        answer = self.wire.get(
            f"{REST}/Transaction/Post",
            UserId=self.token,
            BusinessObject=bo,
            XmlParameters=f"<{root}><Parameters>{inner}</Parameters></{root}>",
            XmlIn=f"<{root}><Item>{item}</Item></{root}>",
        )
        assert answer.status_code == 200
        return parse(decode(answer.content))

    def rows(self, table: str, **equal: str) -> list[Node]:
        tests = "".join(
            f"<Expression>{'<AndOr>And</AndOr>' if n else ''}<Column>{c}</Column>"
            f"<Condition>EQ</Condition><Value>{v}</Value></Expression>"
            for n, (c, v) in enumerate(equal.items())
        )
        asked = (
            f"<Query><TableName>{table}</TableName><AllColumns>Y</AllColumns>"
            f"<Where>{tests}</Where></Query>"
        )
        return self.wire.parsed(self.token, "COMFND", asked).all("Row")

    def query(self, bo: str, document: str) -> Node:
        return self.wire.parsed(self.token, bo, f"<Query>{document}</Query>")


@pytest.fixture
def station(served: Running) -> Station:
    return Station(served)


def money(node: Node, name: str) -> Decimal:
    return D(node.value(name).strip())


def invoiced(station: Station, number: str, value: str, kind: str = "I", more: str = "") -> Node:
    return station.post(
        "ARSTIN",
        "PostArInvoices",
        f"<TransactionType>{kind}</TransactionType><Customer>101</Customer>"
        f"<Invoice>{number}</Invoice><InvoiceDate>2026-05-09</InvoiceDate>"
        f"<InvoiceValue>{value}</InvoiceValue><ProductClass>OUT</ProductClass>{more}",
    )


def paid(station: Station, value: str, lines: str, more: str = "", **options: str) -> Node:
    return station.post(
        "ARSTPY",
        "PostArPayment",
        f"<Payment><Customer>101</Customer><PaymentValue>{value}</PaymentValue>"
        "<Reference>R1</Reference><PaymentDate>2026-06-20</PaymentDate>"
        f"<JournalNotation>n</JournalNotation>{lines}{more}</Payment>",
        **options,
    )


def to_pay(number: str, gross: str, discount: str = "0") -> str:
    return (
        f"<InvoiceToPay><TransactionType>I</TransactionType><Invoice>{number}</Invoice>"
        f"<GrossPaymentValue>{gross}</GrossPaymentValue>"
        f"<DiscountValue>{discount}</DiscountValue></InvoiceToPay>"
    )


def balance(station: Station, number: str) -> Decimal:
    return money(station.rows("ArInvoice", Invoice=number)[0], "InvoiceBal1")


def refused(answer: Node) -> str:
    return answer.anywhere("ErrorDescription")[0].text


def test_a_discount_is_part_of_what_is_settled_and_not_of_what_is_paid(station: Station) -> None:
    invoiced(station, "RUL1", "561.00")
    answer = paid(station, "550.00", to_pay("RUL1", "561.00", "11.00"))
    assert answer.anywhere("ItemsProcessed")[0].text == "000001"
    assert balance(station, "RUL1") == 0
    entry = station.rows("ArInvoicePay", Invoice="RUL1")[0]
    assert (money(entry, "TrnValue"), money(entry, "DiscValue")) == (-561, -11)
    assert "completely distributed" in refused(paid(station, "561.00", to_pay("RUL1", "0")))


def test_a_refused_payment_leaves_no_trace(station: Station) -> None:
    invoiced(station, "RUL2", "100.00")
    both = to_pay("RUL2", "40.00") + to_pay("RUL2", "80.00")
    assert "exceeds the balance" in refused(paid(station, "120.00", both))
    assert balance(station, "RUL2") == 100
    assert not station.rows("ArInvoicePay", Invoice="RUL2")


def test_money_can_be_left_unapplied_or_spread_over_open_invoices(station: Station) -> None:
    owed = station.rows("ArCustomerBal", Customer="000000000000101")[0]
    free = "<UnappliedPayment><GrossPaymentValue>25.00</GrossPaymentValue></UnappliedPayment>"
    assert not paid(station, "25.00", free).anywhere("ErrorNumber")
    now = station.rows("ArCustomerBal", Customer="000000000000101")[0]
    assert money(now, "CurrentBalance1") == money(owed, "CurrentBalance1") - 25
    spread = "<AutomaticPaymentsOptions><ApplyAutomaticPayments>Y</ApplyAutomaticPayments></AutomaticPaymentsOptions>"
    invoiced(station, "000AAA", "10.00")
    assert not paid(station, "10.00", "", spread).anywhere("ErrorNumber")
    assert balance(station, "000AAA") == 0


def test_adjustments_move_an_invoice_and_name_a_ledger_code(station: Station) -> None:
    invoiced(station, "RUL3", "100.00")

    def adjust(code: str) -> Node:
        return station.post(
            "ARSTPY",
            "PostArPayment",
            "<Adjustments><Customer>101</Customer><InvoiceToAdjust><Invoice>RUL3</Invoice>"
            f"<AdjustmentValue>-2.50</AdjustmentValue><AdjustmentLedgerCode>{code}"
            "</AdjustmentLedgerCode><JournalNotation>rounding</JournalNotation>"
            "</InvoiceToAdjust></Adjustments>",
        )

    assert "not found" in refused(adjust("99-9999"))
    answer = adjust("10-6100")
    assert answer.anywhere("Adjustments")[0].anywhere("Journal")
    assert balance(station, "RUL3") == D("97.50")
    assert station.rows("ArInvoicePay", Invoice="RUL3")[0].value("TrnType") == "A"


def test_a_miscellaneous_receipt_needs_its_value_and_notation(station: Station) -> None:
    item = "<MiscellaneousReceipt>{}<JournalNotation>x</JournalNotation></MiscellaneousReceipt>"
    value = "<MiscellaneousReceiptValue>5.00</MiscellaneousReceiptValue>"
    assert "cannot be spaces" in refused(station.post("ARSTPY", "PostArPayment", item.format("")))
    answer = station.post("ARSTPY", "PostArPayment", item.format(value))
    assert answer.anywhere("MiscellaneousReceipt")[0].anywhere("Journal")


def test_a_credit_note_can_lower_an_invoice_that_is_there(station: Station) -> None:
    invoiced(station, "RUL4", "100.00")
    answer = invoiced(
        station, "RUL4", "30.00", "C", "<PostToExistingInvoice>Y</PostToExistingInvoice>"
    )
    assert not answer.anywhere("ErrorNumber")
    assert balance(station, "RUL4") == 70
    assert "Duplicate invoice" in refused(invoiced(station, "RUL4", "5.00"))
    unknown = invoiced(station, "RUL5", "5.00", more="<InvoiceTerms>ZZ</InvoiceTerms>")
    assert "not found" in refused(unknown)


def bill(station: Station, code: str, number: str, value: str, more: str = "") -> Node:
    return station.post(
        "APSTIN",
        "PostApInvoice",
        f"<Supplier>11</Supplier><TransactionCode>{code}</TransactionCode><Invoice>{number}"
        f"</Invoice><TransactionValue>{value}</TransactionValue><InvoiceDate>2026-05-03"
        f"</InvoiceDate>{more}",
    )


def test_a_suppliers_invoice_falls_due_by_terms_and_is_credited_and_adjusted(
    station: Station,
) -> None:
    before = money(station.rows("ApSupplier", Supplier="000000000000011")[0], "CurrentBalance")
    answer = bill(station, "I", "AP-1", "110.00")
    assert answer.anywhere("StatusOfItems")[0].children[0].name == "gljournal"
    supplier = station.rows("ApSupplier", Supplier="000000000000011")[0]
    terms = station.rows("TblApTerms", TermsCode=supplier.value("TermsCode"))[0]
    row = station.rows("ApInvoice", Invoice="AP-1")[0]
    due = date(2026, 5, 3) + timedelta(days=int(terms.value("DueDays")))
    assert row.value("DueDate") == due.isoformat()
    assert "Duplicate" in refused(bill(station, "I", "AP-1", "1.00"))
    bill(station, "C", "AP-1", "10.00")
    bill(station, "A", "AP-1", "-5.00")
    assert money(station.rows("ApInvoice", Invoice="AP-1")[0], "MthInvBal1") == 95
    kinds = [r.value("TrnType") for r in station.rows("ApInvoicePay", Invoice="AP-1")]
    assert kinds == ["C", "A"]
    after = money(station.rows("ApSupplier", Supplier="000000000000011")[0], "CurrentBalance")
    assert after == before + 95
    bill(station, "C", "AP-CR", "20.00")
    assert money(station.rows("ApInvoice", Invoice="AP-CR")[0], "OrigInvValue") == -20
    assert "not found" in refused(bill(station, "A", "AP-NONE", "1.00"))
    assert "invalid" in refused(bill(station, "X", "AP-2", "1.00"))


LINES = (
    "<JournalDetails><LedgerCode>10-6100</LedgerCode><EntryAmount>5.00</EntryAmount>"
    "</JournalDetails><JournalDetails><LedgerCode>10-1000</LedgerCode>"
    "<EntryAmount>-5.00</EntryAmount></JournalDetails>"
)


def journal(station: Station, more: str = "", lines: str = LINES, **options: str) -> Node:
    item = f"<JournalDate>2026-06-10</JournalDate>{more}{lines}"
    return station.post("GENTJL", "PostGlJournal", item, **options)


def ledger(station: Station) -> Decimal:
    return money(station.rows("GenMaster", GlCode="10-6100")[0], "CurrentBalance")


def test_a_journal_moves_the_ledger_only_once_it_is_posted(station: Station) -> None:
    before = ledger(station)
    kept = journal(station).anywhere("Transaction")[0]
    number = kept.anywhere("GlJournal")[0].text
    assert kept.value("Jnlstatus") == "N"
    assert ledger(station) == before
    same = f"<JournalNumber>{number}</JournalNumber><PostJournal>Y</PostJournal>"
    posted = journal(station, same, "", ActionType="M").anywhere("Transaction")[0]
    assert (posted.value("Jnlstatus"), ledger(station)) == ("P", before + 5)
    assert "cannot be maintained" in refused(journal(station, same, "", ActionType="M"))


@pytest.mark.parametrize(
    ("more", "lines", "words"),
    [
        ("<PostingPeriod>13</PostingPeriod>", LINES, "must be from 1 to 12"),
        ("<JournalType>Q</JournalType>", LINES, "invalid"),
        ("", LINES.replace("-5.00", "-4.00"), "out by"),
        ("", LINES.replace("10-6100", "99-0000"), "not found"),
        ("<PostingYear>2026</PostingYear><PostingPeriod>2</PostingPeriod>", LINES, "closed"),
    ],
)
def test_a_journal_that_cannot_stand_is_refused_with_its_lines(
    station: Station, more: str, lines: str, words: str
) -> None:
    answer = journal(station, f"{more}<PostJournal>Y</PostJournal>", lines)
    assert words in refused(answer)
    counters = answer.anywhere("StatusOfItems")[0]
    assert counters.value("JournalsInvalid") == "000001"
    assert counters.value("PostingsInvalid") == "000002"


def test_a_customer_query_ages_what_is_open(station: Station) -> None:
    invoiced(station, "RUL6", "12.00")
    asked = (
        "<Key><Customer>101</Customer></Key><Option><IncludeInvoices>Y</IncludeInvoices></Option>"
    )
    answer = station.query("ARSQRY", asked)
    own = next(n for n in answer.all("InvoiceDetail") if n.value("Invoice") == "RUL6")
    assert own.value("DueDate") > "2026-05-09"
    totals = answer.anywhere("TotalSection")[0]
    ages = ("Current", "Days30", "Days60", "Days90", "Days120", "Days150", "Days180")
    listed = sum((money(n, "InvoiceBal") for n in answer.all("InvoiceDetail")), D(0))
    assert sum((money(totals, a) for a in ages), D(0)) + money(totals, "CreditBalance") == listed


def test_a_supplier_query_shows_the_entries_of_each_invoice(station: Station) -> None:
    bill(station, "I", "AP-9", "50.00")
    bill(station, "C", "AP-9", "8.00")
    answer = station.query("APSQRY", "<Key><Supplier>11</Supplier></Key>")
    own = next(n for n in answer.anywhere("InvoiceDetail") if n.value("Invoice") == "AP-9")
    assert [money(p, "TrnValue") for p in own.anywhere("PaymentDetail")] == [D(-8)]


def test_an_invoiced_order_leaves_its_lines_in_the_register(station: Station) -> None:
    asked = (
        "<Option><ReturnOrders>1</ReturnOrders></Option>"
        '<Filter><OrderStatus FilterType="S" FilterValue="8"/></Filter>'
    )
    number = station.query("SORQSO", asked).anywhere("SalesOrder")[0].text
    answer = station.post(
        "SORTIC",
        "PostSalesOrderInvoice",
        f"<SalesOrder>{number}</SalesOrder>",
        InvoiceDate="2026-06-30",
    )
    invoice = answer.anywhere("InvoiceNumber")[0].text
    rows = station.rows("ArTrnDetail", Invoice=invoice.zfill(20))
    summary = station.rows("ArTrnSummary", Invoice=invoice.zfill(20))[0]
    goods = sum((money(r, "NetSalesValue") for r in rows if r.value("LineType") in "17"), D(0))
    assert goods == money(summary, "MerchandiseValue") > 0


def test_goods_leave_the_warehouse_in_the_stocking_unit(station: Station) -> None:
    def held(line: Node) -> Decimal:
        where = {"StockCode": line.value("MStockCode"), "Warehouse": line.value("MWarehouse")}
        return money(station.rows("InvWarehouse", **where)[0], "QtyOnHand")

    def units(line: Node) -> Decimal:
        item = station.rows("InvMaster", StockCode=line.value("MStockCode"))[0]
        cased = line.value("MOrderUom") == item.value("AlternateUom") != item.value("StockUom")
        return money(item, "ConvFactAltUom") if cased else D(1)

    asked = '<Filter><OrderStatus FilterType="S" FilterValue="8"/></Filter>'
    for one in station.query("SORQSO", asked).anywhere("SalesOrder"):
        rows = station.rows("SorDetail", SalesOrder=one.text.zfill(20))
        lines = [r for r in rows if r.value("LineType") == "1"]
        if any(units(r) != 1 for r in lines):
            break
    before = [held(r) for r in lines]

    station.post(
        "SORTIC",
        "PostSalesOrderInvoice",
        f"<SalesOrder>{one.text}</SalesOrder>",
        InvoiceDate="2026-06-30",
    )

    left = [b - held(r) for b, r in zip(before, lines, strict=True)]
    assert left == [money(r, "MShipQty") * units(r) for r in lines]
    assert any(units(r) != 1 for r in lines)


def test_half_of_a_document_may_be_posted_when_the_host_dies(
    station: Station, served: Running
) -> None:
    served.emulator.faults.arm(Fault(FaultKind.HALF_BATCH))  # type: ignore[attr-defined]
    item = (
        "<TransactionType>I</TransactionType><Customer>101</Customer><Invoice>{}</Invoice>"
        "<InvoiceDate>2026-05-09</InvoiceDate><InvoiceValue>5.00</InvoiceValue>"
        "<ProductClass>OUT</ProductClass>"
    )
    both = f"<Item>{item.format('HALF1')}</Item><Item>{item.format('HALF2')}</Item>"
    answer = station.wire.get(
        f"{REST}/Transaction/Post",
        UserId=station.token,
        BusinessObject="ARSTIN",
        XmlParameters="",
        XmlIn=f"<PostArInvoices>{both}</PostArInvoices>",
    )
    assert answer.status_code == 500
    assert station.rows("ArInvoice", Invoice="HALF1")
    assert not station.rows("ArInvoice", Invoice="HALF2")


@pytest.mark.parametrize(("change", "to"), [("type", ""), ("enum", "X")])
def test_a_column_whose_type_or_codes_changed_shows_it(
    station: Station, served: Running, change: str, to: str
) -> None:
    column = {"type": "CreditLimit", "enum": "CreditStatus"}[change]
    detail = {"entity": "ArCustomer", "field": column, "change": change, "to": to}
    fault = Fault(FaultKind.SCHEMA_CHANGE, count=None, detail=detail)
    served.emulator.faults.arm(fault)  # type: ignore[attr-defined]
    row = station.rows("ArCustomer", Customer="000000000000101")[0]
    assert row.value(column) == (to or "not a number")


def test_a_field_that_a_form_lacks_is_defined_by_a_person_and_then_written(
    served: Running, syspro: SysproConnector
) -> None:
    person: Any = served.emulator
    wanted = [
        FormField("QBOINV", "Qbo Invoice", length=21),
        FormField("DOCID", "Invoice doc id", length=10, column="InvoiceDocId"),
        FormField("TOOLNG", "Invoice document", length=250, column="InvoiceDocId"),
    ]
    design = syspro.design_form("CusSorMaster+", wanted)
    assert design.there == ("InvoiceDocId",)
    assert [f.name for f in design.missing] == ["QBOINV"]
    assert "Custom Form Design, form ORD" in design.steps[0]
    assert "250 are needed" in design.unfit[0]
    write = Draft("SorMaster", {"CusSorMaster.QboInvoice": "1045"}, "k", key="001000")
    with pytest.raises(ValueRefused, match="An administrator adds it in Custom Form Design"):
        syspro.update(write)
    field = {"prompt": "Qbo Invoice", "kind": "alpha", "length": 21}
    person.edit("AdmFormControl", "ORD|QBOINV", field)
    assert syspro.design_form("CusSorMaster+", wanted[:2]).ready
    syspro.update(write)
    order = syspro.read("SorMaster", "001000")
    assert order is not None
    assert order.data["CusSorMaster"]["QboInvoice"] == "1045"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    "field",
    [
        FormField("TOOLONG", "Name"),
        FormField("A", "A caption of more than thirty letters"),
        FormField("A", "A", kind="blob"),
        FormField("A", "A", length=256),
        FormField("A", "A", kind="numeric", length=13, decimals=7),
    ],
)
def test_a_field_that_custom_form_design_refuses_is_not_planned(
    syspro: SysproConnector, field: FormField
) -> None:
    with pytest.raises(ValueRefused):
        syspro.design_form("CusSorMaster+", [field])
