"""The sister company's books: what the bookkeeper of the UK division keeps in Xero."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.emulation.company import Division
from connectors.emulation.company_model import ItemTwin, PartyTwin, Place
from connectors.emulation.store import Base, Doc, EagerBase
from connectors.xero.catalogue import field_types
from connectors.xero.emulator import banking, contacts, documents, journals, payments, settings
from connectors.xero.emulator.books import KEYS, Books
from connectors.xero.emulator.money import cents

_BEGIN = datetime(2026, 1, 4, 8, 0, tzinfo=UTC)
_TYPES = {
    "bank": "BANK", "receivable": "CURRENT", "asset": "CURRENT", "stock": "INVENTORY",
    "payable": "CURRLIAB", "liability": "CURRLIAB", "tax": "CURRLIAB", "equity": "EQUITY",
    "income": "REVENUE", "cost": "DIRECTCOSTS", "expense": "EXPENSE",
}  # fmt: skip
_SYSTEM = {
    "10-1100": "DEBTORS", "10-2000": "CREDITORS", "10-2200": "GST", "10-3000": "RETAINEDEARNINGS",
    "10-6900": "ROUNDING",
}  # fmt: skip
_EXTRA_ACCOUNTS = (
    ("497", "Bank Revaluations", "EXPENSE", "BANKCURRENCYGAIN"),
    ("498", "Unrealised Currency Gains", "EXPENSE", "UNREALISEDCURRENCYGAIN"),
    ("499", "Realised Currency Gains", "EXPENSE", "REALISEDCURRENCYGAIN"),
    ("840", "Historical Adjustment", "CURRLIAB", "HISTORICAL"),
    ("877", "Tracking Transfers", "CURRLIAB", "TRACKINGTRANSFERS"),
    ("400", "Advertising & Marketing", "OVERHEADS", ""),
    ("429", "General Expenses", "OVERHEADS", ""),
    ("203", "Old Sales Account", "REVENUE", "archived"),
)
# Name, rate, which classes it may be used with: Assets, Equity, Expenses, Liabilities, Revenue.
_TAXES = (
    ("OUTPUT2", "20% (VAT on Income)", "20", "AELR"),
    ("RROUTPUT", "5% (VAT on Income)", "5", "AELR"),
    ("ZERORATEDOUTPUT", "Zero Rated Income", "0", "AELR"),
    ("EXEMPTOUTPUT", "Exempt Income", "0", "AELR"),
    ("ECZROUTPUT", "Zero Rated EC Goods Income", "0", "AELR"),
    ("ECZROUTPUTSERVICES", "Zero Rated EC Services", "0", "AELR"),
    ("INPUT2", "20% (VAT on Expenses)", "20", "AEXL"),
    ("RRINPUT", "5% (VAT on Expenses)", "5", "AEXL"),
    ("ZERORATEDINPUT", "Zero Rated Expenses", "0", "AEXL"),
    ("EXEMPTINPUT", "Exempt Expenses", "0", "AEXL"),
    ("ECZRINPUT", "Zero Rated EC Expenses", "0", "AEXL"),
    ("ECINPUT", "EC Acquisitions Zero Rated", "0", "AEXL"),
    ("ECACQUISITIONS", "EC Acquisitions (20%)", "0", "AEXL"),
    ("REVERSECHARGES", "Reverse Charge Expenses (20%)", "0", "AEXL"),
    ("GSTONIMPORTS", "VAT on Imports", "0", "L"),
    ("NONE", "No VAT", "0", "AEXLR"),
    ("OUTPUT", "17.5% (VAT on Income)", "17.5", "AELR"),
    ("INPUT", "17.5% (VAT on Expenses)", "17.5", "AEXL"),
)
_RETIRED = {"OUTPUT", "INPUT"}
_TERM_WORDS = {
    "30 days after the bill date": (30, "DAYSAFTERBILLDATE"),
    "14 days after the bill date": (14, "DAYSAFTERBILLDATE"),
    "60 days after the bill date": (60, "DAYSAFTERBILLDATE"),
    "End of next month": (31, "OFFOLLOWINGMONTH"),
    "Due on receipt": (0, "DAYSAFTERBILLDATE"),
}


class Seed:
    """Turns a division into base documents and the history before the integration."""

    def __init__(self, division: Division, namespace: uuid.UUID) -> None:
        self._division = division
        self._namespace = namespace

    def _id(self, *parts: object) -> str:
        return str(uuid.uuid5(self._namespace, "/".join(str(p) for p in parts)))

    def bases(self) -> dict[str, Base]:
        """Base documents by entity, generated at first use."""
        made = {
            "Organisation": self._organisation,
            "Account": self._accounts,
            "TaxRate": self._taxes,
            "Currency": self._currencies,
            "TrackingCategory": self._tracking,
            "BrandingTheme": self._themes,
            "User": self._users,
            "Contact": self._contacts,
            "Item": self._items,
        }
        return {
            kind: EagerBase(lambda make=make, kind=kind: self._stamped(kind, make()))  # type: ignore[misc]
            for kind, make in made.items()
        }

    def _stamped(self, kind: str, docs: Iterable[Doc]) -> Iterable[tuple[str, Doc]]:
        stamped = "UpdatedDateUTC" in field_types()[kind]
        for number, doc in enumerate(docs):
            if not stamped:
                yield doc[KEYS[kind]], doc
                continue
            moment = _BEGIN + timedelta(seconds=number)
            yield (
                doc[KEYS[kind]],
                {**doc, "UpdatedDateUTC": moment.isoformat(timespec="milliseconds")},
            )

    def _organisation(self) -> Iterable[Doc]:
        one = self._division
        where = one.tables.address
        yield {
            "OrganisationID": self._id("organisation"),
            "Name": one.name,
            "LegalName": one.name,
            "PaysTax": True,
            "Version": "UK",
            "OrganisationType": "COMPANY",
            "BaseCurrency": one.currency,
            "CountryCode": "GB",
            "IsDemoCompany": False,
            "OrganisationStatus": "ACTIVE",
            "TaxNumber": one.tables.tax_number,
            "FinancialYearEndDay": 31,
            "FinancialYearEndMonth": 3,
            "SalesTaxBasis": "ACCRUALS",
            "SalesTaxPeriod": "QUARTERLY",
            "DefaultSalesTax": "Tax Exclusive",
            "DefaultPurchasesTax": "Tax Exclusive",
            "PeriodLockDate": one.tables.lock_date.isoformat(),
            "CreatedDateUTC": _BEGIN.isoformat(),
            "Timezone": "GMTSTANDARDTIME",
            "OrganisationEntityType": "COMPANY",
            "ShortCode": "!hAld3",
            "Class": "PREMIUM",
            "Edition": "BUSINESS",
            "Addresses": [_address("POBOX", where)],
            "Phones": [],
            "ExternalLinks": [],
            "PaymentTerms": {"Sales": {"Day": 30, "Type": "DAYSAFTERBILLDATE"}},
        }

    def _accounts(self) -> Iterable[Doc]:
        seen: set[str] = set()
        banks = {b.account: b for b in self._division.tables.banks}
        for one in self._division.tables.accounts:
            if not one.twin_code or one.twin_code in seen:
                continue
            seen.add(one.twin_code)
            made = self._account(one.twin_code, one.twin_name, _TYPES[one.kind])
            if one.code in _SYSTEM:
                made["SystemAccount"] = _SYSTEM[one.code]
            if one.code in banks:
                bank = banks[one.code]
                made.update(BankAccountNumber=bank.number, BankAccountType="BANK", CurrencyCode=bank.currency)  # fmt: skip
            if one.kind == "asset":
                made["EnablePaymentsToAccount"] = True
            yield made
        for code, name, kind, role in _EXTRA_ACCOUNTS:
            if code in seen:
                continue
            made = self._account(code, name, kind)
            if role == "archived":
                made["Status"] = "ARCHIVED"
            elif role:
                made["SystemAccount"] = role
            yield made

    def _account(self, code: str, name: str, kind: str) -> Doc:
        tax = {"REVENUE": "OUTPUT2", "DIRECTCOSTS": "INPUT2", "OVERHEADS": "INPUT2", "EXPENSE": "INPUT2"}  # fmt: skip
        return {
            "AccountID": self._id("account", code),
            "Code": code,
            "Name": name,
            "Type": kind,
            "Class": settings.CLASSES[kind],
            "TaxType": tax.get(kind, "NONE"),
            "Status": "ACTIVE",
            "EnablePaymentsToAccount": False,
            "ShowInExpenseClaims": False,
            "HasAttachments": False,
        }

    def _taxes(self) -> Iterable[Doc]:
        for kind, name, rate, classes in _TAXES:
            value = Decimal(rate)
            yield {
                "Name": name,
                "TaxType": kind,
                "Status": "DELETED" if kind in _RETIRED else "ACTIVE",
                "ReportTaxType": "NONE" if kind == "NONE" else ("OUTPUT" if "OUTPUT" in kind else "INPUT"),
                "CanApplyToAssets": "A" in classes,
                "CanApplyToEquity": "E" in classes,
                "CanApplyToExpenses": "X" in classes,
                "CanApplyToLiabilities": "L" in classes,
                "CanApplyToRevenue": "R" in classes,
                "DisplayTaxRate": value,
                "EffectiveRate": value,
                "TaxComponents": [
                    {"Name": "VAT", "Rate": value, "IsCompound": False, "IsNonRecoverable": False}
                ],
            }  # fmt: skip

    def _currencies(self) -> Iterable[Doc]:
        for one in self._division.tables.currencies:
            rate = cents(1 / one.rate, Decimal("0.000001"))
            yield {"Code": one.code, "Description": one.name, "_rate": rate}

    def _tracking(self) -> Iterable[Doc]:
        tables = self._division.tables
        for name, options in (
            ("Region", [b.name for b in tables.branches] + ["Export"]),
            ("Salesperson", [s.name for s in tables.salespersons]),
        ):
            yield {
                "TrackingCategoryID": self._id("tracking", name),
                "Name": name,
                "Status": "ACTIVE",
                "Options": [
                    {
                        "TrackingOptionID": self._id("option", name, option),
                        "Name": option,
                        "Status": "ACTIVE",
                    }
                    for option in options
                ],
            }

    def _themes(self) -> Iterable[Doc]:
        for order, name in enumerate(("Standard", "Very orange invoice!")):
            yield {
                "BrandingThemeID": self._id("theme", name),
                "Name": name,
                "SortOrder": order,
                "CreatedDateUTC": _BEGIN.isoformat(),
            }

    def _users(self) -> Iterable[Doc]:
        yield {
            "UserID": self._id("user"),
            "EmailAddress": "books@halden.example",
            "FirstName": "Imogen",
            "LastName": "Hart",
            "IsSubscriber": True,
            "OrganisationRole": "STANDARD",
        }

    def _contacts(self) -> Iterable[Doc]:
        one = self._division
        sides = (
            ("IsCustomer", one.customers, one.books_only_customers),
            ("IsSupplier", one.suppliers, one.books_only_suppliers),
        )
        for side, parties, strangers in sides:
            for party in parties:
                for number, twin in enumerate(party.twins):
                    yield self._contact(self.party_id(side, party.code, number), twin, side)
            for number, twin in enumerate(strangers):
                yield self._contact(self._id("stranger", side, number), twin, side)

    def party_id(self, side: str, code: str, number: int = 0) -> str:
        """Identifier of a party's twin."""
        return self._id("contact", side, code, number)

    def _contact(self, key: str, twin: PartyTwin, side: str) -> Doc:
        first, _, last = twin.contact.partition(" ")
        made = contacts.fresh(key, twin.name)
        made.update(
            ContactStatus="ACTIVE" if twin.active else "ARCHIVED",
            FirstName=first or None,
            LastName=last or None,
            EmailAddress=twin.email,
            AccountNumber=twin.code or None,
            TaxNumber=twin.tax_number or None,
            DefaultCurrency=twin.currency or None,
        )
        made[side] = True
        if twin.billing:
            made["Addresses"] = [{"AddressType": "STREET"}, _address("POBOX", twin.billing)]
        if twin.phone:
            made["Phones"] = [
                {"PhoneType": k, **({"PhoneNumber": twin.phone[:50]} if k == "DEFAULT" else {})}
                for k in ("DEFAULT", "DDI", "FAX", "MOBILE")
            ]
        if twin.terms in _TERM_WORDS:
            day, kind = _TERM_WORDS[twin.terms]
            side_name = "Sales" if side == "IsCustomer" else "Bills"
            made["PaymentTerms"] = {side_name: {"Day": day, "Type": kind}}
        return {k: v for k, v in made.items() if v is not None}

    def _items(self) -> Iterable[Doc]:
        seen: set[str] = set()
        twins = [t for i in self._division.items for t in i.twins]
        for twin in (*twins, *self._division.books_only_items):
            code = twin.code[:30]
            if code.casefold() in seen:
                continue
            seen.add(code.casefold())
            yield self._item(code, twin)

    def _item(self, code: str, twin: ItemTwin) -> Doc:
        sales: dict[str, Any] = {"UnitPrice": twin.price}
        income, cost = self.account_code(twin.income_account), self.account_code(twin.cost_account)
        if income:
            sales.update(
                AccountCode=income, TaxType="OUTPUT2" if twin.taxable else "ZERORATEDOUTPUT"
            )
        bought: dict[str, Any] = {"UnitPrice": twin.cost}
        if cost:
            bought.update(AccountCode=cost, TaxType="INPUT2")
        return {
            "ItemID": self._id("item", code),
            "Code": code,
            "Name": twin.name[:50],
            "Description": twin.description or twin.name,
            "PurchaseDescription": twin.name,
            "IsTrackedAsInventory": False,
            "IsSold": twin.active,
            "IsPurchased": twin.active,
            "SalesDetails": sales if twin.active else {},
            "PurchaseDetails": bought if twin.active else {},
        }

    def account_code(self, code: str) -> str:
        """The books' code of an ERP account, or empty."""
        found = (a.twin_code for a in self._division.tables.accounts if a.code == code)
        return next(found, "")

    def history(self, books: Books) -> None:
        """Documents from before the integration, written through the rules."""
        numbers = self._sales(books)
        self._receipts(books, numbers)
        self._bills(books)
        for one in self._division.journals:
            if one.in_books:
                rows = [
                    {
                        "AccountCode": self.account_code(a) or "429",
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
                "Contact": {"ContactID": self.party_id("IsCustomer", one.customer)},
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
                return self.account_code(bank.account)
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
                "Contact": {"ContactID": self.party_id("IsCustomer", customer)},
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
                 "AccountCode": self.account_code(account) or "429"}
                for account, value in one.distribution
            ]  # fmt: skip
            made = documents.save(
                books,
                documents.INVOICE,
                {
                    "Type": "ACCPAY",
                    "Contact": {"ContactID": self.party_id("IsSupplier", one.supplier)},
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


def _address(kind: str, where: Place) -> Doc:
    made = {
        "AddressType": kind,
        "AddressLine1": where.line1,
        "AddressLine2": where.line2,
        "City": where.city,
        "Region": where.region,
        "PostalCode": where.postal_code,
        "Country": where.country,
    }
    return {k: v for k, v in made.items() if v}
