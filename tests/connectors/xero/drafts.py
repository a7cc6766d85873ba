"""Drafts that the tests send."""

from __future__ import annotations

from decimal import Decimal

from engine.ports import Draft
from engine.schema.model import JsonValue, Record


def line(amount: str, **more: JsonValue) -> Record:
    return {
        "Description": f"Goods for {amount}",
        "Quantity": Decimal(1),
        "UnitAmount": Decimal(amount),
        "AccountCode": "200",
        "TaxType": "OUTPUT2",
        **more,
    }


def payment(invoice_id: str, amount: str, key: str = "pay", **more: JsonValue) -> Draft:
    data: Record = {
        "Invoice": {"InvoiceID": invoice_id},
        "Account": {"Code": "090"},
        "Date": "2026-06-20",
        "Amount": Decimal(amount),
        "Reference": key,
        **more,
    }
    return Draft("Payment", data, key, reference=key)
