"""Balances of balance-sheet accounts, worked out from the documents that post to them.

Debits are positive, so payables come out negative, as the service shows them. Income and expense
accounts show nothing, as there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from connectors.emulation.store import Doc
from connectors.qbo.emulator.books import ZERO, Books
from connectors.qbo.emulator.trade import UNDEPOSITED, account_called, account_of_type

Posting = tuple[str, Decimal]
_SHEET = frozenset({"Asset", "Liability", "Equity"})


def _amount(doc: Doc, name: str = "TotalAmt") -> Decimal:
    return Decimal(doc.get(name) or 0)


def _ref(doc: Doc, name: str, otherwise: str = "") -> str:
    return str((doc.get(name) or {}).get("value", otherwise))


class Ledger:
    """Account balances of one company, kept until something is written."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._at = -1
        self._balances: dict[str, Decimal] = {}

    def balance(self, account: Doc) -> Decimal:
        """Today's balance of an account; 0 for income and expense."""
        if account.get("Classification") not in _SHEET:
            return ZERO
        if self._at != self._books.writes:
            self._at, self._balances = self._books.writes, self._work_out()
        return self._balances.get(str(account["Id"]), ZERO)

    def _work_out(self) -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        with self._books.store.transaction():
            for entity, post in self._rules().items():
                for doc in self._books.store.walk(entity):
                    for account, amount in post(doc):
                        found[account] = found.get(account, ZERO) + amount
        return found

    def _rules(self) -> dict[str, Callable[[Doc], Iterator[Posting]]]:
        owed = _ref({"x": account_of_type(self._books, "Accounts Receivable")}, "x")
        owing = _ref({"x": account_of_type(self._books, "Accounts Payable")}, "x")
        waiting = _ref({"x": account_called(self._books, UNDEPOSITED)}, "x")

        def invoice(doc: Doc) -> Iterator[Posting]:
            yield owed, _amount(doc) - _amount(doc, "Deposit")
            yield _ref(doc, "DepositToAccountRef", waiting), _amount(doc, "Deposit")

        def payment(doc: Doc) -> Iterator[Posting]:
            yield owed, -_amount(doc)
            yield _ref(doc, "DepositToAccountRef", waiting), _amount(doc)

        def paid_bill(doc: Doc) -> Iterator[Posting]:
            yield _ref(doc, "APAccountRef", owing), _amount(doc)
            check = _ref(doc.get("CheckPayment") or {}, "BankAccountRef")
            yield check or _ref(doc.get("CreditCardPayment") or {}, "CCAccountRef"), -_amount(doc)

        def deposit(doc: Doc) -> Iterator[Posting]:
            yield _ref(doc, "DepositToAccountRef"), _amount(doc)
            for line in doc.get("Line") or ():
                detail = line.get("DepositLineDetail") or {}
                yield _ref(detail, "AccountRef", waiting), -_amount(line, "Amount")

        def journal(doc: Doc) -> Iterator[Posting]:
            for line in doc.get("Line") or ():
                detail = line.get("JournalEntryLineDetail") or {}
                sign = 1 if detail.get("PostingType") == "Debit" else -1
                yield _ref(detail, "AccountRef"), sign * _amount(line, "Amount")

        return {
            "Invoice": invoice,
            "CreditMemo": lambda d: iter([(owed, -_amount(d))]),
            "Payment": payment,
            "SalesReceipt": lambda d: iter([(_ref(d, "DepositToAccountRef", waiting), _amount(d))]),
            "RefundReceipt": lambda d: iter([(_ref(d, "DepositToAccountRef"), -_amount(d))]),
            "Bill": lambda d: iter([(_ref(d, "APAccountRef", owing), -_amount(d))]),
            "VendorCredit": lambda d: iter([(_ref(d, "APAccountRef", owing), _amount(d))]),
            "BillPayment": paid_bill,
            "Purchase": lambda d: iter(
                [(_ref(d, "AccountRef"), _amount(d) if d.get("Credit") else -_amount(d))]
            ),
            "Deposit": deposit,
            "Transfer": lambda d: iter(
                [
                    (_ref(d, "FromAccountRef"), -_amount(d, "Amount")),
                    (_ref(d, "ToAccountRef"), _amount(d, "Amount")),
                ]
            ),
            "JournalEntry": journal,
        }
