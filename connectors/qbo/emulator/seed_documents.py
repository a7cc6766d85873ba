"""Documents from before the integration: invoices, credits, payments, bills, journals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING

from connectors.emulation.company_model import LedgerJournal, OpenDocument
from connectors.emulation.store import Doc
from connectors.qbo.emulator.seed_settings import address

if TYPE_CHECKING:
    from connectors.qbo.emulator.seed import Seed

ZERO = Decimal(0)
KINDS = ("Invoice", "CreditMemo", "Payment", "Bill", "BillPayment", "JournalEntry")


def documents(seed: Seed) -> dict[str, list[Doc]]:
    """All seeded transactions by entity; ids run over them together, starting at 101."""
    ids = count(101)
    found: dict[str, list[Doc]] = {kind: [] for kind in KINDS}
    by_number: dict[str, Doc] = {}
    for one in seed.division.documents:
        if one.in_books and seed.customer_id(one.customer):
            kind = "Invoice" if one.kind == "invoice" else "CreditMemo"
            doc = _sale(seed, one, str(next(ids)))
            found[kind].append(doc)
            by_number[one.number] = doc
    found["Payment"] = list(_payments(seed, by_number, ids))
    _bills(seed, found, ids)
    found["JournalEntry"] = [
        _journal(seed, n, str(next(ids))) for n in seed.division.journals if n.in_books
    ]
    return found


def _usd(seed: Seed) -> Doc:
    return {"value": seed.division.currency, "name": "United States Dollar"}


def _sale(seed: Seed, one: OpenDocument, key: str) -> Doc:
    customer = seed.customer_id(one.customer)
    line = {
        "Id": "1",
        "LineNum": 1,
        "Description": f"Sales {one.product_class}".strip(),
        "Amount": one.net,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": {"value": "1", "name": "General sales"},
            "Qty": Decimal(1),
            "UnitPrice": one.net,
            "TaxCodeRef": {"value": "TAX" if one.tax else "NON"},
        },
    }
    subtotal = {"Amount": one.net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    doc = {
        "Id": key,
        "DocNumber": one.twin_number[:21],
        "TxnDate": one.dated.isoformat(),
        "CurrencyRef": _usd(seed),
        "CustomerRef": {"value": customer, "name": seed.customer_name(customer)},
        "Line": [line, subtotal],
        "TxnTaxDetail": seed.tax_detail(one),
        "TotalAmt": one.gross,
        "Balance": one.gross,
        "ApplyTaxAfterDiscount": False,
        "PrintStatus": "NotSet",
        "EmailStatus": "NotSet",
        "CustomField": [],
        "LinkedTxn": [],
    }
    if one.customer_po:
        doc["PrivateNote"] = f"PO {one.customer_po}"
    party = next((p for p in seed.division.customers if p.code == one.customer), None)
    if party is not None:
        doc["BillAddr"] = address(party.billing)
    if one.kind == "invoice":
        return doc | {"DueDate": one.due.isoformat()}
    return doc | {"RemainingCredit": one.gross}


def _payments(seed: Seed, by_number: dict[str, Doc], ids: Iterator[int]) -> Iterator[Doc]:
    for receipt in seed.division.receipts:
        customer = seed.customer_id(receipt.customer)
        known = [s for s in receipt.settled if s.document in by_number]
        if not receipt.in_books or not customer or len(known) != len(receipt.settled):
            continue
        key = str(next(ids))
        lines = []
        for settled in known:
            target = by_number[settled.document]
            kind = "CreditMemo" if "RemainingCredit" in target else "Invoice"
            lines.append(
                {"Amount": settled.amount, "LinkedTxn": [{"TxnId": target["Id"], "TxnType": kind}]}
            )
            target["Balance"] -= settled.amount
            if kind == "CreditMemo":
                target["RemainingCredit"] = target["Balance"]
            target["LinkedTxn"].append({"TxnId": key, "TxnType": "Payment"})
        doc = {
            "Id": key,
            "TxnDate": receipt.dated.isoformat(),
            "CurrencyRef": _usd(seed),
            "CustomerRef": {"value": customer, "name": seed.customer_name(customer)},
            "DepositToAccountRef": seed.account("10-1150"),
            "PaymentRefNum": receipt.reference[:21],
            "TotalAmt": receipt.amount,
            "UnappliedAmt": receipt.unapplied,
            "ProcessPayment": False,
            "Line": lines,
        }
        method = seed.method(receipt.method)
        yield doc | ({"PaymentMethodRef": method} if method else {})


def _bills(seed: Seed, found: dict[str, list[Doc]], ids: Iterator[int]) -> None:
    for one in seed.division.supplier_invoices:
        vendor = seed.vendor_id(one.supplier)
        if not one.in_books or not vendor:
            continue
        key, who = str(next(ids)), {"value": vendor, "name": seed.vendor_name(vendor)}
        bill = {
            "Id": key,
            "DocNumber": one.number[:21],
            "TxnDate": one.dated.isoformat(),
            "DueDate": one.due.isoformat(),
            "CurrencyRef": _usd(seed),
            "VendorRef": who,
            "APAccountRef": seed.account("10-2000"),
            "Line": [
                {
                    "Id": str(n),
                    "LineNum": n,
                    "Amount": amount,
                    "DetailType": "AccountBasedExpenseLineDetail",
                    "AccountBasedExpenseLineDetail": {
                        "AccountRef": seed.account(code),
                        "BillableStatus": "NotBillable",
                        "TaxCodeRef": {"value": "NON"},
                    },
                }
                for n, (code, amount) in enumerate(one.distribution, start=1)
            ],
            "TotalAmt": one.gross,
            "Balance": one.balance,
            "LinkedTxn": [],
        }
        found["Bill"].append(bill)
        if one.balance != one.gross:
            found["BillPayment"].append(
                _bill_payment(seed, bill, one.gross - one.balance, str(next(ids)))
            )


def _bill_payment(seed: Seed, bill: Doc, amount: Decimal, key: str) -> Doc:
    bill["LinkedTxn"] = [{"TxnId": key, "TxnType": "BillPaymentCheck"}]
    return {
        "Id": key,
        "TxnDate": bill["DueDate"],
        "CurrencyRef": _usd(seed),
        "VendorRef": bill["VendorRef"],
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": seed.account("10-1000"), "PrintStatus": "NotSet"},
        "TotalAmt": amount,
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}],
    }


def _journal(seed: Seed, journal: LedgerJournal, key: str) -> Doc:
    lines = [
        {
            "Id": str(n),
            "Description": text,
            "Amount": abs(amount),
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {
                "PostingType": "Debit" if amount > 0 else "Credit",
                "AccountRef": seed.account(code),
            },
        }
        for n, (code, text, amount) in enumerate(journal.lines)
    ]
    return {
        "Id": key,
        "DocNumber": journal.reference[:21],
        "TxnDate": journal.dated.isoformat(),
        "PrivateNote": journal.memo,
        "CurrencyRef": _usd(seed),
        "Adjustment": False,
        "Line": lines,
        "TotalAmt": ZERO,
        "TxnTaxDetail": {},
    }
