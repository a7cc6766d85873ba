"""Payments in the books become receipts in the ERP, once; one that is voided is taken back, once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_scenarios.paid import PaidInTheBooks
from bench.chaos_world import World

DAY = "2026-06-20"


@dataclass(slots=True)
class Paid:
    """One payment of a fresh invoice.

    Attributes:
        number: the invoice's number in both systems.
        key: of the payment in the books.
        gross: the invoice's total.
        applied: what the payment gives it.
        amount: what was paid; the rest stays on account.
        voided: the person took it back.
    """

    number: str
    key: str
    gross: Decimal
    applied: Decimal
    amount: Decimal
    voided: bool = False


class Payments(PaidInTheBooks):
    """Part payments and overpayments of invoices that exist on both sides."""

    def __init__(self, world: World, flow: Any) -> None:
        super().__init__(world, flow, "customer")
        self.number = 800_000 + world.seed % 1000

    def change(self, draw: random.Random) -> Paid:
        """An invoice on both sides, and a payment that gives it a part, all, or more than all."""
        self.number += 1
        number = f"{self.number:06d}"
        gross = Decimal(draw.randint(2_000, 90_000)) / 100
        applied = gross if draw.random() < 0.5 else (gross / 3).quantize(Decimal("0.01"))
        extra = Decimal(draw.randint(100, 2_000)) / 100 if draw.random() < 0.3 else Decimal(0)
        data = {
            "Customer": self.code,
            "InvoiceDate": DAY,
            "CurrencyValue": gross,
            "ProductClass": "HDW",
        }
        self._enter(self.flow.target, "ArInvoice", data, number)
        sold = self._sold(number, gross)
        self._link("invoice", number, sold, number)
        key, amount = self._paid(number, sold, applied, extra)
        self.last = Paid(number, key, gross, applied, amount)
        return self.last

    def _sold(self, number: str, gross: Decimal) -> str:
        """The invoice in the books; returns its key."""
        line = {"DetailType": "SalesItemLineDetail", "Amount": gross,
                "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "NON"}}}  # fmt: skip
        body = {
            "CustomerRef": {"value": self.key},
            "TxnDate": DAY,
            "DocNumber": number,
            "Line": [line],
        }
        return self._enter(self.flow.source, "Invoice", body, number)

    def _paid(
        self, number: str, sold: str, applied: Decimal, extra: Decimal
    ) -> tuple[str, Decimal]:
        """The payment in the books; returns its key and its amount."""
        line = {"Amount": applied, "LinkedTxn": [{"TxnId": sold, "TxnType": "Invoice"}]}
        body = {"CustomerRef": {"value": self.key}, "TotalAmt": applied + extra, "TxnDate": DAY,
                "PaymentRefNum": f"CHK {number}", "Line": [line]}  # fmt: skip
        return self._enter(self.flow.source, "Payment", body, f"CHK {number}"), applied + extra

    def edit_at_target(self, handle: Paid) -> None:
        """Somebody writes another notation beside the receipt."""
        emulator: Any = self.world.running["syspro"].emulator
        for row in self._entries(handle, "ArInvoicePay", "Reference"):
            entity = f"{self.flow.target.company}.ArInvoicePay"
            keys = ("Customer", "Invoice", "DocumentType", "EntryNumber")
            emulator.edit(entity, "|".join(str(row[k]) for k in keys), {"InvoiceNotation": "seen"})

    # --- what must stand -----------------------------------------------------------------------------

    def judge(self, handle: Paid) -> Judged:
        """The receipt's rows add up to what was paid (to nothing where it was voided); the invoice agrees."""
        from studio.flows.models import InboxItem

        rows = self._entries(handle, "ArInvoicePay", "Reference")
        posts = list(self._posts(handle))
        received = -sum((Decimal(str(r["TrnValue"])) for r in rows), Decimal(0))
        stored = handle.number.zfill(20)
        (invoice,) = [r for r in self._table("ArInvoice") if r["Invoice"] == stored]
        wanted = Decimal(0) if handle.voided else handle.amount
        left = handle.gross - (Decimal(0) if handle.voided else handle.applied)
        living = [p for p in posts if p.state == "done"]
        parked = InboxItem.objects.filter(flow=self.flow, key=handle.key, state="parked").exists()
        return Judged(
            lost=int(parked) + int(received < wanted) + int(len(living) < int(not handle.voided)),
            doubled=int(received > wanted) + max(0, len(living) - int(not handle.voided)),
            residual=abs(Decimal(str(invoice["InvoiceBal1"])) - left)
            + sum((abs(p.gross - handle.amount) for p in living), Decimal(0)),
        )


class XeroPayments(Payments):
    """In Xero a payment pays one document and leaves nothing on account."""

    def _sold(self, number: str, gross: Decimal) -> str:
        line = {
            "Description": "Goods",
            "Quantity": Decimal(1),
            "UnitAmount": gross,
            "AccountCode": "200",
        }
        body = {"Type": "ACCREC", "Status": "AUTHORISED", "Contact": {"ContactID": self.key}, "Date": DAY,
                "DueDate": DAY, "InvoiceNumber": number, "LineAmountTypes": "NoTax", "LineItems": [line]}  # fmt: skip
        return self._enter(self.flow.source, "Invoice", body, number)

    def _paid(
        self, number: str, sold: str, applied: Decimal, extra: Decimal
    ) -> tuple[str, Decimal]:
        connector = self._open(self.flow.source)
        try:
            bank = connector.find("Account", {"Type": "BANK"}, limit=1)[0].key
        finally:
            connector.close()
        body = {"Invoice": {"InvoiceID": sold}, "Account": {"AccountID": bank}, "Date": DAY,
                "Amount": applied, "Reference": f"BACS {number}"}  # fmt: skip
        return self._enter(self.flow.source, "Payment", body, f"BACS {number}"), applied
