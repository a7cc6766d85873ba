"""Payments, deposits, journals and transfers, and the balances that follow from them."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.qbo.emulator.balances import CREDITS, OPEN_BALANCE, Balances
from connectors.qbo.emulator.books import ZERO, Books, links_of
from connectors.qbo.emulator.refusals import (
    RefusedError,
    bad_reference,
    business,
    missing,
    not_found,
    refused,
)
from connectors.qbo.emulator.tax import cents
from connectors.qbo.emulator.trade import (
    UNDEPOSITED,
    account_called,
    fill_references,
    next_number,
)

_TYPES = {
    "Expense": "Purchase",
    "Check": "Purchase",
    "CreditCardCredit": "Purchase",
    "BillPaymentCheck": "BillPayment",
    "BillPaymentCreditCard": "BillPayment",
}
_OVER = "Payment line amount exceeds the balance of the linked transaction"  # invented wording


class Money:
    """Prepares money documents and keeps open balances true."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.balances = Balances(books)

    def prepare(self, entity: str, doc: Doc, *, creating: bool) -> None:
        """Fill defaults, check and total a money document, in place."""
        books = self._books
        doc.setdefault("TxnDate", books.today())
        fill_references(books, doc)
        self._currency(doc)
        if creating and not doc.get("DocNumber") and entity == "InventoryAdjustment":
            doc["DocNumber"] = next_number(books, entity)
        {
            "Payment": self._payment,
            "BillPayment": self._bill_payment,
            "JournalEntry": self._journal,
            "Deposit": self._deposit,
            "InventoryAdjustment": self._adjustment,
        }.get(entity, lambda _: None)(doc)
        doc["domain"], doc["sparse"] = "QBO", False

    def _currency(self, doc: Doc) -> None:
        home = self._books.home()
        if not self._books.multicurrency():
            if str((doc.get("CurrencyRef") or {}).get("value", home)) != home:
                raise bad_reference("Currency", str(doc["CurrencyRef"]["value"]))
            doc.pop("ExchangeRate", None)
        doc.setdefault("CurrencyRef", {"value": home})

    # -- applications -------------------------------------------------------------------------

    def _payment(self, doc: Doc) -> None:
        if doc.get("TotalAmt") is None:
            raise RefusedError(missing("TotalAmt"))
        if not doc.get("DepositToAccountRef"):
            doc["DepositToAccountRef"] = account_called(self._books, UNDEPOSITED)
        party = str(doc["CustomerRef"]["value"])
        applied, funds = self._apply("Payment", doc, ("CustomerRef", self._family(party)))
        left = Decimal(doc["TotalAmt"]) + funds - applied
        if left < 0 or Decimal(doc["TotalAmt"]) < 0:
            raise business("You must set a transaction amount.")
        doc["TotalAmt"] = cents(Decimal(doc["TotalAmt"]))
        doc["UnappliedAmt"] = cents(left)
        doc.setdefault("ProcessPayment", False)

    def _bill_payment(self, doc: Doc) -> None:
        kind = "CheckPayment" if doc.get("PayType") == "Check" else "CreditCardPayment"
        if not doc.get(kind):
            raise RefusedError(missing(kind))
        party = str(doc["VendorRef"]["value"])
        applied, funds = self._apply("BillPayment", doc, ("VendorRef", {party}))
        total = Decimal(doc.get("TotalAmt") or 0)
        if total < 0 or total + funds < applied:
            raise business("You must set a transaction amount.")
        doc["TotalAmt"] = cents(total)

    def _family(self, customer: str) -> set[str]:
        """The customer and the jobs billed with it."""
        below = self._books.store.find("Customer", "parent", customer)
        return {customer, *(str(c["Id"]) for c in below if c.get("BillWithParent", True))}

    def _apply(self, entity: str, doc: Doc, party: tuple[str, set[str]]) -> tuple[Decimal, Decimal]:
        applied, funds = ZERO, ZERO
        lines = []
        for line in doc.get("Line") or ():
            if not line.get("LinkedTxn"):
                continue
            amount = cents(Decimal(line.get("Amount") or 0))
            if amount <= 0:
                raise business("You must set a transaction amount.")
            line["Amount"] = amount
            lines.append(line)
        doc["Line"] = lines
        totals: dict[tuple[str, str], Decimal] = {}
        for kind, key, amount in links_of(doc):
            totals[kind, key] = totals.get((kind, key), ZERO) + amount
        for (kind, key), amount in totals.items():
            gives = self._check_link(entity, (kind, key, amount), party, str(doc.get("Id", "")))
            if gives or kind in CREDITS:
                funds += amount
            else:
                applied += amount
        return applied, funds

    def _check_link(
        self, entity: str, link: tuple[str, str, Decimal], party: tuple[str, set[str]], own: str
    ) -> bool:
        """Check one application; whether the target is a journal that gives money."""
        kind, key, amount = link
        target = self._books.get(_TYPES.get(kind, kind), key)
        if target is None:
            raise not_found(deleted=True)
        if kind == "JournalEntry":
            return self._check_journal(entity, target, (party[1], amount), own)
        if OPEN_BALANCE.get(kind) != entity:
            return False
        name, allowed = party
        if str(target[name]["value"]) not in allowed:
            raise business("The linked transaction belongs to another name.")  # invented wording
        if amount > self.balances.open_amount(kind, target, skip=(entity, own)):
            raise business(_OVER)
        return False

    def _check_journal(
        self, entity: str, journal: Doc, asked: tuple[set[str], Decimal], own: str
    ) -> bool:
        names, amount = asked
        owed = self.balances.journal_owed(entity, journal, names)
        paid = self.balances.paid("JournalEntry", entity, str(journal["Id"]), (entity, own))
        if not owed:
            raise business("The linked transaction belongs to another name.")  # invented wording
        if amount > abs(owed) - paid:
            raise business(_OVER)
        return owed < 0

    def set_balance(self, kind: str, doc: Doc) -> None:
        """Write the open amount and the read-only links into a document, in place."""
        left = self.balances.open_amount(kind, doc)
        doc["Balance"] = cents(left)
        if kind == "CreditMemo":
            doc["RemainingCredit"] = cents(left)
        if self._books.multicurrency() and kind in ("Invoice", "CreditMemo", "Bill"):
            doc["HomeBalance"] = cents(left * Decimal(doc.get("ExchangeRate") or 1))
        told = {"Payment", "BillPaymentCheck", "BillPaymentCreditCard"}
        own = [x for x in doc.get("LinkedTxn") or () if x.get("TxnType") not in told]
        doc["LinkedTxn"] = own + self.balances.links(kind, str(doc["Id"]))

    def touched(self, *versions: Doc | None) -> set[tuple[str, str]]:
        """Documents with a balance that any of these versions of a payment points at."""
        return {
            (kind, key)
            for doc in versions
            if doc
            for kind, key, _ in links_of(doc)
            if kind in OPEN_BALANCE
        }

    def refresh(self, targets: Iterable[tuple[str, str]]) -> None:
        """Work out the balances again; changed documents get a new version."""
        for kind, key in sorted(targets):
            stored = self._books.get(kind, key)
            if stored is None:
                continue
            doc = copy.deepcopy(stored)
            self.set_balance(kind, doc)
            if doc != stored:
                self._books.save(kind, doc, "Update")

    # -- the others ---------------------------------------------------------------------------

    def _journal(self, doc: Doc) -> None:
        lines = doc.get("Line") or []
        if len(lines) < 2:
            raise business("Fill out at least two detail lines to continue.")
        sums = {"Debit": ZERO, "Credit": ZERO}
        for number, line in enumerate(lines):
            detail = line.get("JournalEntryLineDetail") or {}
            line.setdefault("Id", str(number))
            if line.get("DetailType") == "DescriptionOnly":
                continue
            amount = Decimal(line.get("Amount") or 0)
            if amount < 0:
                raise refused("2290", "Negative amount", "Amount of a line is negative.", "Amount")
            if detail.get("PostingType") not in sums:
                raise refused("2260", "Posting type missing", element="PostingType")
            if not detail.get("AccountRef"):
                raise RefusedError(missing("AccountRef"))
            self._control_account(detail)
            self._journal_tax(detail)
            sums[detail["PostingType"]] += cents(amount)
            line["Amount"] = cents(amount)
        if sums["Debit"] != sums["Credit"]:
            raise refused(
                "2300", "Amount on debits not equal to credits", "Debits and credits differ."
            )
        doc["TotalAmt"] = ZERO
        doc.setdefault("Adjustment", False)
        doc["TxnTaxDetail"] = doc.get("TxnTaxDetail") or {}

    def _journal_tax(self, detail: dict[str, Any]) -> None:
        """2270, 2280: outside the US a tax code on a posting needs its side and its amount."""
        if self._books.us or not detail.get("TaxCodeRef"):
            return
        if not detail.get("TaxApplicableOn"):
            raise refused("2270", "TaxApplicableOn missing", element="TaxApplicableOn")
        if detail.get("TaxAmount") is None:
            raise refused("2280", "Tax amount missing", element="TaxAmount")

    def _control_account(self, detail: dict[str, Any]) -> None:
        account = self._books.require("Account", str(detail["AccountRef"]["value"]))
        wanted = {"Accounts Receivable": "Customer", "Accounts Payable": "Vendor"}.get(
            str(account.get("AccountType"))
        )
        if wanted is None:
            return
        entity = detail.get("Entity") or {}
        if not entity.get("EntityRef"):
            label = "Receivable" if wanted == "Customer" else "Payable"
            raise business(
                f"When you use Accounts {label}, you must choose a {wanted.lower()} in the Name field."
            )
        self._books.active(wanted, entity["EntityRef"])

    def _deposit(self, doc: Doc) -> None:
        total = ZERO
        for number, line in enumerate(doc.get("Line") or (), start=1):
            line.setdefault("Id", str(number))
            for link in line.get("LinkedTxn") or ():
                kind = str(link.get("TxnType"))
                if self._books.get(_TYPES.get(kind, kind), str(link.get("TxnId"))) is None:
                    raise not_found(deleted=True)
            total += Decimal(line.get("Amount") or 0)
        doc["TotalAmt"] = cents(total - Decimal((doc.get("CashBack") or {}).get("Amount") or 0))

    def _adjustment(self, doc: Doc) -> None:
        for number, line in enumerate(doc.get("Line") or (), start=1):
            line.setdefault("Id", str(number))
            detail = line.get("ItemAdjustmentLineDetail") or {}
            if not detail.get("ItemRef"):
                raise RefusedError(missing("ItemRef"))
            if detail.get("QtyDiff") is None:
                raise RefusedError(missing("QtyDiff"))
