"""QuickBooks Online: every entity of the issue with a minimal body (qbo.md section 14)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.schema.model import Record
from tests.connectors.operations.plan import Plan, World

DAY = "2026-06-15"


def _named(name: str, **more: Any) -> Any:
    return lambda w, n: {name: f"Operation {n}", **more}


def _account(world: World, kind: str) -> Record:
    rows = world.emulator.store.all("Account")
    return {"value": next(a["Id"] for a in rows if a["AccountType"] == kind)}


def _vendor(world: World) -> Record:
    return {"value": world.emulator.store.all("Vendor")[0]["Id"]}


def _sale(_w: World, n: int) -> Record:
    line: Record = {
        "DetailType": "SalesItemLineDetail",
        "Amount": Decimal("100.00"),
        "SalesItemLineDetail": {
            "ItemRef": {"value": "1"},
            "Qty": Decimal(1),
            "UnitPrice": Decimal("100.00"),
            "TaxCodeRef": {"value": "NON"},
        },
    }
    return {
        "CustomerRef": {"value": "1"}, "TxnDate": DAY, "DocNumber": f"OP{n}", "Line": [line]
    }  # fmt: skip


def _cost(world: World, amount: str = "12.50") -> Record:
    return {
        "Amount": Decimal(amount),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": _account(world, "Expense")},
    }


def _purchase(w: World, n: int) -> Record:
    return {"VendorRef": _vendor(w), "TxnDate": DAY, "DocNumber": f"OP{n}", "Line": [_cost(w)]}


def _refund(w: World, n: int) -> Record:
    return {**_sale(w, n), "DepositToAccountRef": _account(w, "Bank")}


def _payment(_w: World, n: int) -> Record:
    return {
        "CustomerRef": {"value": "1"}, "TotalAmt": Decimal(5), "TxnDate": DAY,
        "PaymentRefNum": f"OP{n}",
    }  # fmt: skip


def _bill_payment(w: World, n: int) -> Record:
    bill = w.emulator.service.write("Bill", _purchase(w, w.number()))
    linked = {"TxnId": bill["Id"], "TxnType": "Bill"}
    return {
        "VendorRef": _vendor(w), "PayType": "Check", "TotalAmt": Decimal("12.50"), "TxnDate": DAY,
        "DocNumber": f"OP{n}", "CheckPayment": {"BankAccountRef": _account(w, "Bank")},
        "Line": [{"Amount": Decimal("12.50"), "LinkedTxn": [linked]}],
    }  # fmt: skip


def _journal(w: World, n: int) -> Record:
    def side(kind: str, account: str) -> Record:
        detail: Record = {"PostingType": kind, "AccountRef": _account(w, account)}
        return {
            "Amount": Decimal("9.00"), "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": detail,
        }  # fmt: skip

    lines: Any = [side("Debit", "Expense"), side("Credit", "Bank")]
    return {"TxnDate": DAY, "DocNumber": f"OP{n}", "Line": lines}


def _deposit(w: World, _n: int) -> Record:
    line: Record = {
        "Amount": Decimal(9), "DetailType": "DepositLineDetail",
        "DepositLineDetail": {"AccountRef": _account(w, "Income")},
    }  # fmt: skip
    return {"DepositToAccountRef": _account(w, "Bank"), "TxnDate": DAY, "Line": [line]}


def _adjustment(w: World, n: int) -> Record:
    rows = w.emulator.store.all("Item")
    stock = next(i["Id"] for i in rows if i["Type"] == "Inventory" and i["Active"])
    line: Record = {
        "DetailType": "ItemAdjustmentLineDetail",
        "ItemAdjustmentLineDetail": {"ItemRef": {"value": stock}, "QtyDiff": Decimal(1)},
    }
    return {
        "AdjustAccountRef": _account(w, "Cost of Goods Sold"), "TxnDate": DAY,
        "DocNumber": f"OP{n}", "Line": [line],
    }  # fmt: skip


def _name(n: int) -> str:
    return f"Operation {n}"


def _doc(n: int) -> str:
    return f"OP{n}"


def _list(name: str, edit: Record, webhook: bool = True, **more: Any) -> Plan:
    return Plan(
        body=_named(name, **more), edit=lambda _w, _n: edit, find=name, same=(name,),
        ends=("deactivate", "reactivate"), reference=_name, webhook=webhook,
    )  # fmt: skip


def _document(body: Any, *ends: str, webhook: bool = True, find: str = "DocNumber") -> Plan:
    return Plan(
        body=body, edit=lambda _w, n: {"PrivateNote": f"Changed {n}"}, find=find,
        same=(find, "TxnDate"), ends=(*ends, "delete"), reference=_doc, webhook=webhook, told="delete",
    )  # fmt: skip


def _item(w: World, n: int) -> Record:
    income = _account(w, "Income")
    return {"Name": f"Operation {n}", "Type": "NonInventory", "IncomeAccountRef": income}


_READ = Plan(find="Name")

PLANS: dict[str, Plan] = {
    "Customer": _list("DisplayName", {"Notes": "changed"}),
    "Vendor": _list("DisplayName", {"AcctNum": "V-9"}),
    "Item": Plan(
        body=_item, edit=lambda _w, _n: {"Description": "changed"}, find="Name", same=("Name",),
        ends=("deactivate", "reactivate"), reference=_name, webhook=True,
    ),
    "Account": _list("Name", {"Description": "changed"}, AccountType="Expense"),
    "Term": _list("Name", {"DueDays": 9}, DueDays=7),
    "TaxCode": _READ,
    "TaxRate": _READ,
    "PaymentMethod": _list("Name", {"Type": "CREDIT_CARD"}),
    "Class": Plan(
        body=_named("Name"), edit=lambda _w, n: {"Name": f"Changed {n}"}, find="Name",
        same=("Name",), ends=("deactivate", "reactivate"), reference=_name, webhook=True,
    ),
    "Department": Plan(
        body=_named("Name"), edit=lambda _w, n: {"Name": f"Changed {n}"}, find="Name",
        same=("Name",), ends=("deactivate", "reactivate"), reference=_name, webhook=True,
    ),
    "Invoice": _document(_sale, "void"),
    "SalesReceipt": _document(_sale, "void"),
    "CreditMemo": _document(_sale),
    "Payment": _document(_payment, "void", find="PaymentRefNum"),
    "RefundReceipt": _document(_refund),
    "Estimate": _document(_sale),
    "Bill": _document(_purchase),
    "VendorCredit": _document(_purchase),
    "BillPayment": _document(_bill_payment, "void"),
    "PurchaseOrder": _document(_purchase),
    "JournalEntry": _document(_journal),
    "Deposit": Plan(
        body=_deposit, edit=lambda _w, n: {"PrivateNote": f"Changed {n}"}, find="TxnDate",
        same=("TxnDate",), ends=("delete",), reference=_doc, webhook=True, told="delete",
    ),
    "InventoryAdjustment": _document(_adjustment, webhook=False),
    "Preferences": Plan(
        find="Id",
        edit=lambda _w, n: {"SalesFormsPrefs": {"DefaultCustomerMessage": f"Thanks {n}"}},
        webhook=True,
    ),
    "CompanyInfo": Plan(find="CompanyName", edit=lambda _w, n: {"LegalName": f"Changed {n}"}),
}  # fmt: skip
