"""Payments in the books become receipts in the ERP, once; one that is voided is taken back, once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
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


class Payments:
    """Part payments and overpayments of invoices that exist on both sides."""

    kinds: tuple[str, ...] = ("voided-while-sent", "voided-later")

    def __init__(self, world: World, flow: Any) -> None:
        from studio.linking.models import Link, Party

        self.world, self.flow = world, flow
        self.number = 800_000 + world.seed % 1000
        self.last: Paid | None = None
        currency = flow.target.currency
        active = Party.objects.filter(connection=flow.target, kind="customer", active=True)
        codes = [p.code for p in active if p.data.get("currency") in (currency, None)]
        linked = Link.objects.filter(
            kind="customer",
            left_connection=flow.target,
            right_connection=flow.source,
            active=True,
            left_code__in=codes,
        ).order_by("left_code")
        # A record in the books that stands for two customers cannot say which of them pays.
        once = [x for x in linked if linked.filter(right_key=x.right_key).count() == 1]
        self.customer, self.key = once[0].left_code, once[0].right_key

    # --- what people do ------------------------------------------------------------------------------

    def _open(self, connection: Any) -> Any:
        """A connector that no break reaches: a person's own session."""
        from connectors.registry import open_connector
        from studio.catalog.wiring import config_of, services_of

        return open_connector(config_of(connection), services_of(connection))

    def _enter(self, connection: Any, entity: str, data: dict[str, Any], said: str) -> Any:
        from engine.ports import Draft

        connector = self._open(connection)
        try:
            return connector.create(Draft(entity, data, f"hand-{entity}-{said}"[:50], said))
        finally:
            connector.close()

    def change(self, draw: random.Random) -> Paid:
        """An invoice on both sides, and a payment that gives it a part, all, or more than all."""
        from studio.accounts.models import machine
        from studio.accounts.roles import MATCH
        from studio.linking.actions import Ends, add_link

        self.number += 1
        number = f"{self.number:06d}"
        gross = Decimal(draw.randint(2_000, 90_000)) / 100
        applied = gross if draw.random() < 0.5 else (gross / 3).quantize(Decimal("0.01"))
        extra = Decimal(draw.randint(100, 2_000)) / 100 if draw.random() < 0.3 else Decimal(0)
        data = {
            "Customer": self.customer,
            "InvoiceDate": DAY,
            "CurrencyValue": gross,
            "ProductClass": "HDW",
        }
        self._enter(self.flow.target, "ArInvoice", data, number)
        sold = self._sold(number, gross)
        actor = machine(self.flow.workspace, "chaos", MATCH)
        ends = Ends(self.flow.target, number, self.flow.source, sold, number)
        add_link(actor, "invoice", ends, origin="chaos")
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
        return str(self._enter(self.flow.source, "Invoice", body, number).key)

    def _paid(
        self, number: str, sold: str, applied: Decimal, extra: Decimal
    ) -> tuple[str, Decimal]:
        """The payment in the books; returns its key and its amount."""
        line = {"Amount": applied, "LinkedTxn": [{"TxnId": sold, "TxnType": "Invoice"}]}
        body = {"CustomerRef": {"value": self.key}, "TotalAmt": applied + extra, "TxnDate": DAY,
                "PaymentRefNum": f"CHK {number}", "Line": [line]}  # fmt: skip
        return str(
            self._enter(self.flow.source, "Payment", body, f"CHK {number}").key
        ), applied + extra

    def arm(self, kind: str, draw: random.Random) -> None:
        """The person voids the last payment: while it is being sent, or after it has arrived."""
        from engine.ports import Action, Draft

        if self.last is None:
            return
        if kind == "voided-later":
            self.world.drain(self.flow)
        else:
            self.world.turn(self.flow)
        connector = self._open(self.flow.source)
        try:
            draft = Draft("Payment", {}, f"void-{self.last.key}"[:50], key=self.last.key)
            connector.act(draft, Action.VOID)
        finally:
            connector.close()
        self.last.voided = True

    def edit_at_target(self, handle: Paid) -> None:
        """Somebody writes another notation beside the receipt."""
        emulator: Any = self.world.running["syspro"].emulator
        for row in self._rows(handle):
            entity = f"{self.flow.target.company}.ArInvoicePay"
            keys = ("Customer", "Invoice", "DocumentType", "EntryNumber")
            emulator.edit(entity, "|".join(str(row[k]) for k in keys), {"InvoiceNotation": "seen"})

    # --- what must stand -----------------------------------------------------------------------------

    def _posts(self, handle: Paid) -> Any:
        from studio.flows.models import Delivery

        return Delivery.objects.filter(flow=self.flow, step="post", item__key=handle.key)

    def _rows(self, handle: Paid) -> list[dict[str, Any]]:
        emulator: Any = self.world.running["syspro"].emulator
        references = set(self._posts(handle).values_list("reference", flat=True))
        every = emulator.documents(f"{self.flow.target.company}.ArInvoicePay", "")
        wanted = references | {f"R:{r}" for r in references}
        return [row for row in every if row["Reference"] in wanted]

    def judge(self, handle: Paid) -> Judged:
        """The receipt's rows add up to what was paid (to nothing where it was voided); the invoice agrees."""
        from studio.flows.models import InboxItem

        rows = self._rows(handle)
        posts = list(self._posts(handle))
        received = -sum((Decimal(str(r["TrnValue"])) for r in rows), Decimal(0))
        emulator: Any = self.world.running["syspro"].emulator
        stored = handle.number.zfill(20)
        (invoice,) = [
            r
            for r in emulator.documents(f"{self.flow.target.company}.ArInvoice", "")
            if r["Invoice"] == stored
        ]
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
        return str(self._enter(self.flow.source, "Invoice", body, number).key)

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
        return str(self._enter(self.flow.source, "Payment", body, f"BACS {number}").key), applied
