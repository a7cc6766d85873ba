"""Payments of bills become payments to suppliers, once; one that is voided is taken back, once."""

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
    """One payment of one or two fresh bills.

    Attributes:
        shares: number of the bill, its total, what is paid of it.
        key: of the payment in the books.
        amount: what was paid in all.
        voided: the person took it back.
    """

    shares: tuple[tuple[str, Decimal, Decimal], ...]
    key: str
    amount: Decimal
    voided: bool = False


class BillPayments(PaidInTheBooks):
    """Full and part payments of one bill or two that exist on both sides."""

    most = 2

    def __init__(self, world: World, flow: Any) -> None:
        super().__init__(world, flow, "supplier")
        self.number = 700_000 + world.seed % 1000
        self.bank, self.expense = self._accounts()

    def _accounts(self) -> tuple[str, str]:
        """Keys of the account that pays and of the one that bears the cost."""
        books = self._open(self.flow.source)
        try:
            bank = books.find("Account", {"AccountType": "Bank"}, limit=1)[0].key
            return bank, books.find("Account", {"AccountType": "Expense"}, limit=1)[0].key
        finally:
            books.close()

    def change(self, draw: random.Random) -> Paid:
        """Bills on both sides, and a payment that gives each a part or all."""
        made, entered = [], []
        for _ in range(draw.randint(1, self.most)):
            number, gross = self._bill(draw)
            part = gross if draw.random() < 0.5 else (gross / 3).quantize(Decimal("0.01"))
            made.append((number, gross, part))
            entered.append((self._entered(number, gross), part))
            self._link("bill", f"{self.code}|{number}", entered[-1][0], number)
        key = self._paid(made[0][0], entered)
        self.last = Paid(tuple(made), key, sum((p for _, p in entered), Decimal(0)))
        return self.last

    def _bill(self, draw: random.Random) -> tuple[str, Decimal]:
        self.number += 1
        number, gross = f"BP-{self.number}", Decimal(draw.randint(2_000, 90_000)) / 100
        data = {
            "Supplier": self.code,
            "InvoiceDate": DAY,
            "DueDate": DAY,
            "OrigInvValue": gross,
        }
        self._enter(self.flow.target, "ApInvoice", data, number)
        return number, gross

    def _entered(self, number: str, gross: Decimal) -> str:
        """The bill in the books; returns its key."""
        line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": gross,
                "AccountBasedExpenseLineDetail": {"AccountRef": {"value": self.expense}}}  # fmt: skip
        body = {
            "VendorRef": {"value": self.key},
            "TxnDate": DAY,
            "DocNumber": number,
            "Line": [line],
        }
        return self._enter(self.flow.source, "Bill", body, number)

    def _paid(self, number: str, shares: list[tuple[str, Decimal]]) -> str:
        """The payment in the books; returns its key."""
        lines = [
            {"Amount": part, "LinkedTxn": [{"TxnId": key, "TxnType": "Bill"}]}
            for key, part in shares
        ]
        body = {"VendorRef": {"value": self.key}, "TotalAmt": sum(p for _, p in shares), "TxnDate": DAY,
                "PayType": "Check", "CheckPayment": {"BankAccountRef": {"value": self.bank}},
                "DocNumber": number, "Line": lines}  # fmt: skip
        return self._enter(self.flow.source, "BillPayment", body, number)

    def edit_at_target(self, handle: Paid) -> None:
        """Somebody writes another cheque number beside the payment."""
        emulator: Any = self.world.running["syspro"].emulator
        for row in self._entries(handle, "ApInvoicePay", "PaymentReference"):
            key = "|".join(str(row[k]) for k in ("Supplier", "Invoice", "EntryNumber"))
            entity = f"{self.flow.target.company}.ApInvoicePay"
            emulator.edit(entity, key, {"PaymentNumber": "SEEN"})

    # --- what must stand -----------------------------------------------------------------------------

    def judge(self, handle: Paid) -> Judged:
        """The entries add up to what was paid (to nothing where it was voided); each bill agrees."""
        from studio.flows.models import InboxItem

        posts = list(self._posts(handle))
        paid = -sum(
            (
                Decimal(str(r["TrnValue"]))
                for r in self._entries(handle, "ApInvoicePay", "PaymentReference")
            ),
            Decimal(0),
        )
        wanted = Decimal(0) if handle.voided else handle.amount
        living = [p for p in posts if p.state == "done"]
        parked = InboxItem.objects.filter(flow=self.flow, key=handle.key, state="parked").exists()
        wrong = sum((abs(p.gross - handle.amount) for p in living), Decimal(0))
        bills = {str(r["Invoice"]): r for r in self._table("ApInvoice")}
        for number, gross, part in handle.shares:
            left = gross - (Decimal(0) if handle.voided else part)
            wrong += abs(Decimal(str(bills[number]["MthInvBal1"])) - left)
        return Judged(
            lost=int(parked) + int(paid < wanted) + int(len(living) < int(not handle.voided)),
            doubled=int(paid > wanted) + max(0, len(living) - int(not handle.voided)),
            residual=wrong,
        )


class XeroBillPayments(BillPayments):
    """In Xero a payment pays one bill; it shares its list with the receipts of customers."""

    most = 1

    def _accounts(self) -> tuple[str, str]:
        books = self._open(self.flow.source)
        try:
            bank = books.find("Account", {"Type": "BANK"}, limit=1)[0].key
            return bank, str(books.find("Account", {"Type": "EXPENSE"}, limit=1)[0].data["Code"])
        finally:
            books.close()

    def _entered(self, number: str, gross: Decimal) -> str:
        line = {
            "Description": "Goods",
            "Quantity": Decimal(1),
            "UnitAmount": gross,
            "AccountCode": self.expense,
        }
        body = {"Type": "ACCPAY", "Status": "AUTHORISED", "Contact": {"ContactID": self.key}, "Date": DAY,
                "DueDate": DAY, "InvoiceNumber": number, "LineAmountTypes": "NoTax", "LineItems": [line]}  # fmt: skip
        return self._enter(self.flow.source, "Invoice", body, number)

    def _paid(self, number: str, shares: list[tuple[str, Decimal]]) -> str:
        ((bill, part),) = shares
        body = {"Invoice": {"InvoiceID": bill}, "Account": {"AccountID": self.bank}, "Date": DAY,
                "Amount": part, "Reference": f"BACS {number}"}  # fmt: skip
        return self._enter(self.flow.source, "Payment", body, f"BACS {number}")
