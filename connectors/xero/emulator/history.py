"""What lay in the sister company's books before the integration, written through the rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.company import Division
from connectors.xero.emulator import banking, documents, journals, payments
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.money import cents
from connectors.xero.emulator.seed import Seed


class History:
    """Invoices, credit notes, receipts, bills and journals of a division."""

    def __init__(self, division: Division, seed: Seed) -> None:
        self._division = division
        self._seed = seed

    def write(self, books: Books) -> None:
        """Documents from before the integration, written through the rules."""
        numbers = self._sales(books)
        self._receipts(books, numbers)
        self._bills(books)
        for one in self._division.journals:
            if one.in_books:
                rows = [
                    {
                        "AccountCode": self._seed.account_code(a) or "429",
                        "Description": text,
                        "LineAmount": v,
                    }
                    for a, text, v in one.lines
                ]
                # Bank accounts take no manual journals: the bookkeeper used the wages account.
                for row in rows:
                    if row["AccountCode"] in {"090", "091"}:
                        row["AccountCode"] = "477"
                journals.save(
                    books,
                    {"Narration": f"{one.memo} {one.reference}", "Date": one.dated.isoformat(),
                     "JournalLines": rows, "Status": "POSTED"},
                    put=True,
                )  # fmt: skip

    def _sales(self, books: Books) -> dict[str, str]:
        numbers = {}
        for one in self._division.documents:
            if not one.in_books:
                continue
            credit = one.kind == "credit_note"
            tax = self._division.tables.tax(one.tax_code).twin_code
            raw: dict[str, Any] = {
                "Type": "ACCRECCREDIT" if credit else "ACCREC",
                "Contact": {"ContactID": self._seed.party_id("IsCustomer", one.customer)},
                ("CreditNoteNumber" if credit else "InvoiceNumber"): one.twin_number,
                "Reference": one.customer_po,
                "Date": one.dated.isoformat(),
                "DueDate": one.due.isoformat(),
                "CurrencyCode": one.currency,
                "CurrencyRate": cents(1 / one.rate, Decimal("0.000001")),
                "Status": "AUTHORISED",
                "LineItems": [
                    {"Description": "Goods as delivered", "Quantity": Decimal(1),
                     "UnitAmount": one.net, "AccountCode": "200", "TaxType": tax}
                ],
            }  # fmt: skip
            kind = documents.CREDIT_NOTE if credit else documents.INVOICE
            made = documents.save(books, kind, raw, put=True)
            numbers[one.number] = made[kind.key]
        return numbers

    def _bank(self, currency: str) -> str:
        for bank in self._division.tables.banks:
            if bank.currency == currency:
                return self._seed.account_code(bank.account)
        return "090"

    def _receipts(self, books: Books, numbers: dict[str, str]) -> None:
        for one in self._division.receipts:
            if not one.in_books:
                continue
            for part in one.settled:
                if part.document not in numbers:
                    continue
                payments.create(
                    books,
                    {
                        "Invoice": {"InvoiceID": numbers[part.document]},
                        "Account": {"Code": self._bank(one.currency)},
                        "Date": one.dated.isoformat(),
                        "Amount": part.amount,
                        "Reference": one.reference,
                    },
                )
            if one.unapplied:
                self._surplus(
                    books, one.customer, one.currency, one.dated.isoformat(), one.unapplied
                )

    def _surplus(
        self, books: Books, customer: str, currency: str, day: str, amount: Decimal
    ) -> None:
        banking.save(
            books,
            {
                "Type": "RECEIVE-OVERPAYMENT",
                "Contact": {"ContactID": self._seed.party_id("IsCustomer", customer)},
                "BankAccount": {"Code": self._bank(currency)},
                "Date": day,
                "LineItems": [{"Description": "Overpaid", "LineAmount": amount}],
            },
            put=True,
        )

    def _bills(self, books: Books) -> None:
        for one in self._division.supplier_invoices:
            if not one.in_books:
                continue
            tax = self._division.tables.tax(one.tax_code).twin_purchase_code or "INPUT2"
            rows = [
                {"Description": f"Supplier invoice {one.number}", "Quantity": Decimal(1),
                 "UnitAmount": value, "TaxType": tax,
                 "AccountCode": self._seed.account_code(account) or "429"}
                for account, value in one.distribution
            ]  # fmt: skip
            made = documents.save(
                books,
                documents.INVOICE,
                {
                    "Type": "ACCPAY",
                    "Contact": {"ContactID": self._seed.party_id("IsSupplier", one.supplier)},
                    "InvoiceNumber": one.number,
                    "Date": one.dated.isoformat(),
                    "DueDate": one.due.isoformat(),
                    "CurrencyCode": one.currency,
                    "CurrencyRate": cents(1 / one.rate, Decimal("0.000001")),
                    "Status": "AUTHORISED",
                    "LineItems": rows,
                },
                put=True,
            )
            paid = one.gross - one.balance
            if paid > 0:
                payments.create(
                    books,
                    {
                        "Invoice": {"InvoiceID": made["InvoiceID"]},
                        "Account": {"Code": self._bank(one.currency)},
                        "Date": one.dated.isoformat(),
                        "Amount": min(paid, made["AmountDue"]),
                    },
                )
