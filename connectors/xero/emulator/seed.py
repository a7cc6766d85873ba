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
from connectors.xero.emulator import contacts, settings
from connectors.xero.emulator.books import KEYS
from connectors.xero.emulator.money import cents
from connectors.xero.emulator.seed_tables import (
    EXTRA_ACCOUNTS,
    RETIRED,
    SYSTEM,
    TAXES,
    TERM_WORDS,
    TYPES,
)

_BEGIN = datetime(2026, 1, 4, 8, 0, tzinfo=UTC)


class Seed:
    """Turns a division into the base documents of its books."""

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
            made = self._account(one.twin_code, one.twin_name, TYPES[one.kind])
            if one.code in SYSTEM:
                made["SystemAccount"] = SYSTEM[one.code]
            if one.code in banks:
                bank = banks[one.code]
                made.update(BankAccountNumber=bank.number, BankAccountType="BANK", CurrencyCode=bank.currency)  # fmt: skip
            if one.kind == "asset":
                made["EnablePaymentsToAccount"] = True
            yield made
        for code, name, kind, role in EXTRA_ACCOUNTS:
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
        for kind, name, rate, classes in TAXES:
            value = Decimal(rate)
            yield {
                "Name": name,
                "TaxType": kind,
                "Status": "DELETED" if kind in RETIRED else "ACTIVE",
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
        if twin.terms in TERM_WORDS:
            day, kind = TERM_WORDS[twin.terms]
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
