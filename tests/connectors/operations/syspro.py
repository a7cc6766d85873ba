"""SYSPRO: the tables behind the jobs of the issue with minimal bodies (syspro.md section 3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.schema.model import Record
from tests.connectors.operations.plan import Plan, World

DAY = "2026-06-01"
FLASK = "STEFLA-12MM-GRY"


def _master(key: str, code: Any, edit: Record, *ends: str, ready: Any = None, **more: Any) -> Plan:
    return Plan(
        body=lambda _w, n: {key: code(n), **more}, edit=lambda _w, _n: edit, find=key, same=(key,),
        ends=ends, reference=code, ready=ready, writes="/Setup/Add",
    )  # fmt: skip


def _order(_w: World, n: int) -> Record:
    return {
        "CustomerPoNumber": f"OP-{n}", "Customer": "0000101", "OrderDate": DAY,
        "ReqShipDate": "2026-06-09",
        "SorDetail": [{"MStockCode": FLASK, "MOrderQty": Decimal(1), "MPrice": Decimal(2)}],
    }  # fmt: skip


def _payment(w: World, n: int) -> Record:
    held = next(
        r for r in w.connector.changes("ArInvoice", limit=50).records
        if r.data["DocumentType"] == "I" and r.data["InvoiceBal1"] > 100  # type: ignore[operator]
    )  # fmt: skip
    return {
        "Customer": held.data["Customer"], "TrnValue": Decimal("1.00"), "JournalDate": DAY,
        "Reference": f"OP-{n}", "Bank": "MAIN",
        "Allocations": [{"Invoice": held.data["Invoice"], "TrnValue": Decimal("1.00")}],
    }  # fmt: skip


def _invoice(_w: World, n: int) -> Record:
    return {
        "Invoice": f"OP{n:05d}", "Customer": "0000101", "InvoiceDate": DAY,
        "CurrencyValue": Decimal("5.00"), "ProductClass": "OUT", "TermsCode": "30",
    }  # fmt: skip


def _bill(_w: World, n: int) -> Record:
    return {
        "Supplier": "0000011", "Invoice": f"OP{n:05d}", "InvoiceDate": DAY,
        "DueDate": "2026-07-01", "OrigInvValue": Decimal("5.00"),
        "Distribution": [{"GlCode": "10-6100", "Value": Decimal("5.00")}],
    }  # fmt: skip


def _paid_bill(w: World, n: int) -> Record:
    held = next(
        r for r in w.connector.changes("ApInvoice", limit=50).records
        if r.data["MthInvBal1"] > 100  # type: ignore[operator]
    )  # fmt: skip
    return {
        "Supplier": held.data["Supplier"], "TrnValue": Decimal("1.00"), "JournalDate": DAY,
        "PaymentReference": f"OP-{n}", "Bank": "MAIN",
        "Allocations": [{"Invoice": held.data["Invoice"], "TrnValue": Decimal("1.00")}],
    }  # fmt: skip


def _journal(_w: World, n: int) -> Record:
    return {
        "JournalDate": DAY, "Reference": f"OP-{n}", "Notation": "operation", "GlPeriod": 6,
        "GlYear": 2026,
        "GenJournalDetail": [
            {"GlCode": "10-6100", "EntryValue": Decimal(5)},
            {"GlCode": "10-1000", "EntryValue": Decimal(-5)},
        ],
    }  # fmt: skip


def _price(_w: World, n: int) -> Record:
    return {
        "StockCode": FLASK, "PriceCode": _hex(n), "SellingPrice": Decimal("3.50"),
        "PriceBasis": "S",
    }  # fmt: skip


def _letters(n: int) -> str:
    return chr(65 + n // 26 % 26) + chr(65 + n % 26)


def _hex(n: int) -> str:
    return f"{n:02X}"[-2:]


def _op(n: int) -> str:
    return f"OP-{n}"


PLANS: dict[str, Plan] = {
    "ArCustomer": _master(
        "Customer", lambda n: f"{800_000 + n:07d}", {"Contact": "Somebody"}, "delete",
        "deactivate", "reactivate", Name="Operation", Branch="10", Salesperson="100",
        TermsCode="30", Currency="USD",
    ),
    "ArMultAddress": Plan(
        body=lambda _w, n: {"Customer": "0000101", "AddrCode": f"OP{n}", "ShipToName": "Yard"},
        edit=lambda _w, _n: {"ShipToName": "Other yard"}, find="AddrCode", same=("AddrCode",),
        ends=("delete",), reference=lambda n: f"0000101|OP{n}", writes="/Setup/Add",
    ),
    "ApSupplier": _master(
        "Supplier", lambda n: f"{800_000 + n:07d}", {"Contact": "Somebody"}, "delete",
        "deactivate", "reactivate", SupplierName="Operation",
    ),
    "InvMaster": _master(
        "StockCode", lambda n: f"OP-{n}", {"Description": "changed"}, "delete", "deactivate",
        "reactivate", Description="Operation", StockUom="EA", ProductClass="OUT",
    ),
    "InvWhControl": _master(
        "Warehouse", _letters, {"Description": "changed"}, "delete", Description="Operation",
    ),
    "InvPrice": Plan(
        body=_price, edit=lambda _w, _n: {"SellingPrice": Decimal("4.25")}, find="PriceCode",
        same=("SellingPrice",), ends=("delete",), writes="/Setup/Add",
        reference=lambda n: f"{FLASK}|{_hex(n)}",
    ),
    "SorMaster": Plan(
        body=_order, edit=lambda _w, n: {"SpecialInstrs": f"Gate {n}"}, find="CustomerPoNumber",
        same=("CustomerPoNumber",), ends=("void", "delete"), reference=_op, told="void",
        writes="/Transaction/Post",
    ),
    "ArInvoice": Plan(
        body=_invoice, find="Invoice", same=("Invoice",), reference=lambda n: f"OP{n:05d}",
        writes="/Transaction/Post",
    ),
    "ArInvoicePay": Plan(
        body=_payment, find="Reference", same=("Reference",), reference=_op,
        writes="/Transaction/Post",
    ),
    "ApInvoice": Plan(
        body=_bill, find="Invoice", same=("Invoice",), reference=lambda n: f"OP{n:05d}",
        writes="/Transaction/Post",
    ),
    "ApInvoicePay": Plan(
        body=_paid_bill, find="PaymentReference", same=("PaymentReference",), reference=_op,
        writes="/Transaction/Post",
    ),
    "GenJournalCtl": Plan(
        body=_journal, find="Reference", same=("Reference",), reference=_op,
        writes="/Transaction/Post",
    ),
    "TblArTerms": _master(
        "TermsCode", _letters, {"Description": "changed"}, "delete", Description="Operation",
        DueDays=9,
    ),
    "AdmTax": _master(
        "TaxCode", lambda n: "~" + chr(65 + n % 26) + chr(65 + n // 26 % 26), {"Description": "changed"},
        "delete", Description="Operation",
    ),
    "TblCurrency": _master(
        "Currency", lambda n: "~" + chr(65 + n % 26) + chr(65 + n // 26 % 26),
        {"Description": "changed"}, "delete", Description="Operation",
    ),
    "ApBank": _master(
        "Bank", lambda n: f"OP{n}", {"Description": "changed"}, "delete", Description="Operation",
    ),
}  # fmt: skip
