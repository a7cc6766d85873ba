"""Payments to suppliers through our connector, on the emulator's own rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.emulation.serve import Running
from connectors.syspro.connector import SysproConnector
from engine.errors import PeriodClosed, RecordMissing, ReferenceUnknown, ValueRefused
from engine.ports import Action, Draft
from tests.connectors.syspro.test_rules import Station, bill, money, refused

D = Decimal
SUPPLIER = "0000011"
DAY = "2026-06-20"


@pytest.fixture
def station(served: Running) -> Station:
    return Station(served)


def paying(reference: str, *shares: tuple[str, str], total: str = "", **more: Any) -> Draft:
    """A payment of bills, with ``(invoice, settled)`` or ``(invoice, settled, discount)`` each."""
    lines = [
        {"Invoice": s[0], "TrnValue": D(s[1]), "DiscValue": D(s[2] if len(s) > 2 else "0")}
        for s in shares
    ]
    paid = sum((line["TrnValue"] - line["DiscValue"] for line in lines), D(0))
    data = {"Supplier": SUPPLIER, "TrnValue": D(total) if total else paid, "JournalDate": DAY,
            "PaymentReference": reference, "Allocations": lines, **more}  # fmt: skip
    return Draft("ApInvoicePay", data, f"key-{reference}", reference)  # type: ignore[arg-type]


def left(syspro: SysproConnector, number: str) -> Decimal:
    row = syspro.read("ApInvoice", f"{SUPPLIER}|{number}")
    assert row is not None
    return D(str(row.data["MthInvBal1"]))


def entries(syspro: SysproConnector, reference: str) -> list[tuple[str, Decimal]]:
    found = syspro.find("ApInvoicePay", {"PaymentReference": reference})
    return sorted((str(r.data["TrnType"]), D(str(r.data["TrnValue"]))) for r in found)


def test_one_payment_lowers_two_bills_what_is_owed_and_the_bank(
    syspro: SysproConnector, station: Station, served: Running
) -> None:
    bill(station, "I", "SP-1", "110.00")
    bill(station, "I", "SP-2", "60.00")
    owed = money(station.rows("ApSupplier", Supplier=SUPPLIER.zfill(15))[0], "CurrentBalance")
    bank = station.rows("ApBank", Bank="MAIN")[0]

    receipt = syspro.create(paying("QBO-1", ("SP-1", "110.00"), ("SP-2", "25.00")))

    assert receipt.number
    assert (left(syspro, "SP-1"), left(syspro, "SP-2")) == (0, 35)
    assert entries(syspro, "QBO-1") == [("P", D(-110)), ("P", D(-25))]
    # The connector's session ended the one before.
    station = Station(served)
    now = station.rows("ApSupplier", Supplier=SUPPLIER.zfill(15))[0]
    assert money(now, "CurrentBalance") == owed - 135
    after = station.rows("ApBank", Bank="MAIN")[0]
    assert money(after, "CbCurBal1") == money(bank, "CbCurBal1") - 135
    closed = station.rows("ApInvoice", Invoice="SP-1")[0]
    assert (closed.value("YearInvBalZero").strip(), closed.value("MonthInvBalZero").strip()) == (
        "2026", "6",
    )  # fmt: skip


def test_the_same_payment_twice_is_one(syspro: SysproConnector, station: Station) -> None:
    bill(station, "I", "SP-3", "100.00")
    syspro.create(paying("QBO-2", ("SP-3", "40.00")))
    assert syspro.create(paying("QBO-2", ("SP-3", "40.00"))).replayed
    assert left(syspro, "SP-3") == 60


def test_a_discount_settles_and_is_not_paid(syspro: SysproConnector, station: Station) -> None:
    bill(station, "I", "SP-4", "100.00")
    syspro.create(paying("QBO-3", ("SP-4", "100.00", "2.00")))
    assert entries(syspro, "QBO-3") == [("A", D(-2)), ("P", D(-98))]
    assert left(syspro, "SP-4") == 0


def test_a_credit_note_is_used_by_a_payment(syspro: SysproConnector, station: Station) -> None:
    bill(station, "I", "SP-5", "100.00")
    bill(station, "C", "SP-CN", "30.00")
    syspro.create(paying("QBO-4", ("SP-5", "100.00"), ("SP-CN", "-30.00")))
    assert (left(syspro, "SP-5"), left(syspro, "SP-CN")) == (0, 0)
    assert sum(v for _, v in entries(syspro, "QBO-4")) == -70


def test_a_payment_is_taken_back_once(syspro: SysproConnector, station: Station) -> None:
    bill(station, "I", "SP-6", "100.00")
    bill(station, "C", "SP-CM", "30.00")
    made = paying("QBO-5", ("SP-6", "100.00", "2.00"), ("SP-CM", "-30.00"))
    key = syspro.create(made).key
    back = Draft("ApInvoicePay", made.data, "back", "QBO-5", key=key)
    first = syspro.act(back, Action.VOID)
    assert syspro.act(back, Action.VOID).key == first.key
    assert (left(syspro, "SP-6"), left(syspro, "SP-CM")) == (100, -30)
    both = entries(syspro, "QBO-5") + entries(syspro, "R:QBO-5")
    assert (len(both), sum(v for _, v in both)) == (6, 0)
    with pytest.raises(RecordMissing):
        syspro.act(Draft("ApInvoicePay", {}, "none", "QBO-NONE", key="x|y|1"), Action.VOID)


def test_what_cannot_be_paid_is_refused_and_leaves_nothing(
    syspro: SysproConnector, station: Station
) -> None:
    bill(station, "I", "SP-7", "100.00")
    with pytest.raises(ValueRefused, match="exceeds the balance"):
        syspro.create(paying("QBO-6", ("SP-7", "60.00"), ("SP-7", "60.00")))
    assert left(syspro, "SP-7") == 100
    with pytest.raises(ValueRefused, match="nothing on account"):
        syspro.create(paying("QBO-7", ("SP-7", "60.00"), total="70.00"))
    with pytest.raises(PeriodClosed):
        syspro.create(paying("QBO-8", ("SP-7", "60.00"), JournalDate="2026-03-15"))
    with pytest.raises(ReferenceUnknown) as caught:
        syspro.create(paying("QBO-9", ("SP-NONE", "60.00")))
    assert caught.value.kind == "invoice"
    with pytest.raises(ReferenceUnknown):
        syspro.create(paying("QBO-9", ("SP-7", "60.00"), Bank="NOBANK"))
    assert left(syspro, "SP-7") == 100


def manual(station: Station, value: str, lines: str, more: str = "") -> str:
    answer = station.post(
        "APSTPM",
        "PostApManualPayment",
        f"<Supplier>11</Supplier><PaymentReference>R</PaymentReference><PaymentDate>{DAY}"
        f"</PaymentDate><PaymentValue>{value}</PaymentValue>{lines}{more}",
    )
    return refused(answer) if answer.anywhere("ErrorDescription") else ""


def test_the_object_refuses_what_does_not_add_up_or_is_on_hold(
    syspro: SysproConnector, station: Station, served: Running
) -> None:
    bill(station, "I", "SP-8", "100.00")
    line = "<InvoiceToPay><Invoice>SP-8</Invoice><GrossPaymentValue>{}</GrossPaymentValue><DiscountValue>{}</DiscountValue></InvoiceToPay>"
    assert "not what is distributed" in manual(station, "70.00", line.format("60.00", "0"))
    assert "not part of the payment" in manual(station, "-60.00", line.format("0", "60.00"))
    assert "exceeds the balance" in manual(station, "5.00", line.format("-5.00", "0"))
    assert "missing" in manual(station, "5.00", "")
    syspro.act(Draft("ApSupplier", {}, "hold", key=SUPPLIER), Action.DEACTIVATE)
    assert "on hold" in manual(Station(served), "60.00", line.format("60.00", "0"))
