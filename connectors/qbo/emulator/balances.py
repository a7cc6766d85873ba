"""What is open: of a document, of a journal's control line, of a customer or vendor.

Nothing here is stored; every figure is worked out from the documents that point at one another.
"""

from __future__ import annotations

from decimal import Decimal

from connectors.emulation.store import Doc
from connectors.qbo.emulator.books import ZERO, Books, links_of

OPEN_BALANCE = {
    "Invoice": "Payment",
    "CreditMemo": "Payment",
    "Bill": "BillPayment",
    "VendorCredit": "BillPayment",
}
"""Documents with a balance, and what pays them."""

CREDITS = frozenset({"CreditMemo", "VendorCredit"})
"""Documents that give money when a payment points at them."""

_CONTROL = {"Payment": "Accounts Receivable", "BillPayment": "Accounts Payable"}


def payers_of(entity: str) -> tuple[str, ...]:
    """Which documents may point at one of these to pay it."""
    if entity == "JournalEntry":
        return tuple(_CONTROL)
    return (OPEN_BALANCE[entity],) if entity in OPEN_BALANCE else ()


def link_to(payer: str, payment: Doc) -> Doc:
    """The read-only link that a paid document shows."""
    kind = payer
    if payer == "BillPayment":
        card = payment.get("PayType") == "CreditCard"
        kind = "BillPaymentCreditCard" if card else "BillPaymentCheck"
    return {"TxnId": str(payment["Id"]), "TxnType": kind}


class Balances:
    """Open amounts of one company."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def open_amount(self, kind: str, target: Doc, skip: tuple[str, str] = ("", "")) -> Decimal:
        """What is still open of an invoice, credit memo, bill or vendor credit.

        Args:
            kind: its entity.
            target: the document.
            skip: entity and id of a payment that does not count (it is being changed).
        """
        deposit = Decimal(target.get("Deposit") or 0) if kind == "Invoice" else ZERO
        paid = self.paid(kind, OPEN_BALANCE[kind], str(target["Id"]), skip)
        return Decimal(target.get("TotalAmt") or 0) - deposit - paid

    def paid(self, kind: str, payer: str, key: str, skip: tuple[str, str] = ("", "")) -> Decimal:
        """What payments (but for ``skip``) apply to a document."""
        total = ZERO
        for payment in self._books.store.find(payer, "linked", f"{kind}:{key}"):
            if (payer, str(payment["Id"])) != skip:
                links = links_of(payment)
                total += sum((a for k, i, a in links if (k, i) == (kind, key)), ZERO)
        return total

    def links(self, entity: str, key: str) -> list[Doc]:
        """Links of a document to the payments on it."""
        return [
            link_to(payer, payment)
            for payer in payers_of(entity)
            for payment in self._books.store.find(payer, "linked", f"{entity}:{key}")
        ]

    def journal_owed(self, payer: str, journal: Doc, names: set[str]) -> Decimal:
        """What a journal's control lines say customers owe us (of a bill payment: we owe vendors)."""
        debit = 1 if payer == "Payment" else -1
        total = ZERO
        for line in journal.get("Line") or ():
            detail = line.get("JournalEntryLineDetail") or {}
            name = ((detail.get("Entity") or {}).get("EntityRef") or {}).get("value")
            if name not in names:
                continue
            account = self._books.get("Account", str((detail.get("AccountRef") or {}).get("value")))
            if account and account.get("AccountType") == _CONTROL[payer]:
                way = debit if detail.get("PostingType") == "Debit" else -debit
                total += way * Decimal(line.get("Amount") or 0)
        return total

    def of_name(self, entity: str, key: str) -> Decimal:
        """Open balance of a customer or vendor: documents and journals less credits and money."""
        owed, given, payer = (
            ("Invoice", "CreditMemo", "Payment")
            if entity == "Customer"
            else ("Bill", "VendorCredit", "BillPayment")
        )
        find = self._books.store.find
        total = sum((Decimal(d.get("Balance") or 0) for d in find(owed, "party", key)), ZERO)
        total -= sum((Decimal(d.get("Balance") or 0) for d in find(given, "party", key)), ZERO)
        for payment in find(payer, "party", key):
            total -= self._on_account(payer, payment)
        for journal in find("JournalEntry", "party", key):
            net = self.journal_owed(payer, journal, {key})
            settled = self.paid("JournalEntry", payer, str(journal["Id"]))
            total += net - settled if net > 0 else net + settled
        return total

    @staticmethod
    def _on_account(payer: str, payment: Doc) -> Decimal:
        """Money of a payment that no line applies."""
        if payer == "Payment":
            return Decimal(payment.get("UnappliedAmt") or 0)
        used = sum((-a if k in CREDITS else a for k, _, a in links_of(payment)), ZERO)
        return Decimal(payment.get("TotalAmt") or 0) - used
