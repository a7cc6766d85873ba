"""The sample company's settings: CompanyInfo, Preferences, taxes, terms, accounts, small lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.emulation.company import Division
from connectors.emulation.company_model import Place
from connectors.emulation.store import Doc

ZERO = Decimal(0)
METHODS = ("Cash", "Check", "Visa", "ACH Transfer", "Wire")
METHOD_OF = {"Card": "Visa", "ACH": "ACH Transfer", "Check": "Check", "Cash": "Cash"}
"""What the ERP calls a way of paying, and what the books call it."""

_KINDS = {
    "bank": ("Bank", "Checking"),
    "receivable": ("Accounts Receivable", "AccountsReceivable"),
    "asset": ("Other Current Asset", "UndepositedFunds"),
    "stock": ("Other Current Asset", "Inventory"),
    "payable": ("Accounts Payable", "AccountsPayable"),
    "liability": ("Other Current Liability", "OtherCurrentLiabilities"),
    "tax": ("Other Current Liability", "GlobalTaxPayable"),
    "equity": ("Equity", "RetainedEarnings"),
    "income": ("Income", "SalesOfProductIncome"),
    "cost": ("Cost of Goods Sold", "SuppliesMaterialsCogs"),
    "expense": ("Expense", "OfficeGeneralAdministrativeExpenses"),
}
_CLASSIFICATION = {
    "bank": "Asset",
    "receivable": "Asset",
    "asset": "Asset",
    "stock": "Asset",
    "payable": "Liability",
    "liability": "Liability",
    "tax": "Liability",
    "equity": "Equity",
    "income": "Revenue",
    "cost": "Expense",
    "expense": "Expense",
}
_SYSTEM_ACCOUNTS = (
    ("Opening Balance Equity", "equity"),
    ("Unapplied Cash Payment Income", "income"),
    ("Unapplied Cash Bill Payment Expense", "expense"),
    ("Uncategorized Asset", "asset"),
    ("Uncategorized Income", "income"),
    ("Uncategorized Expense", "expense"),
    ("Inventory Shrinkage", "cost"),
)
_STATE_TAXES = {"Texas Sales Tax": "Texas Comptroller", "California Sales Tax": "CDTFA"}


def stamped(doc: Doc, at: str) -> Doc:
    """A seeded record with its service-owned members."""
    return {
        **doc,
        "domain": "QBO",
        "sparse": False,
        "SyncToken": "0",
        "MetaData": {"CreateTime": at, "LastUpdatedTime": at},
    }


def address(place: Place, name: str = "") -> Doc:
    """An address as the service writes it; empty members left out."""
    lines = [line for line in (name, place.line1, place.line2) if line]
    doc = {f"Line{n}": line for n, line in enumerate(lines, start=1)}
    doc |= {
        "City": place.city,
        "CountrySubDivisionCode": place.region,
        "PostalCode": place.postal_code,
        "Country": place.country,
    }
    return {k: v for k, v in doc.items() if v}


def accounts(division: Division) -> list[Doc]:
    """The chart of accounts as the books know it."""
    rows: list[tuple[str, str, str]] = []
    for one in division.tables.accounts:
        if one.twin_name and not any(one.twin_name == name for name, _, _ in rows):
            rows.append((one.twin_name, one.kind, one.twin_code))
    rows += [(name, kind, "") for name, kind in _SYSTEM_ACCOUNTS]
    found = []
    for number, (name, kind, code) in enumerate(rows, start=1):
        main, sub = _KINDS[kind]
        doc = {
            "Id": str(number),
            "Name": name,
            "FullyQualifiedName": name,
            "SubAccount": False,
            "Active": True,
            "Classification": _CLASSIFICATION[kind],
            "AccountType": main,
            "AccountSubType": sub if name != "Retained Earnings" else "RetainedEarnings",
            "CurrentBalance": ZERO,
            "CurrentBalanceWithSubAccounts": ZERO,
            "CurrencyRef": {"value": division.currency, "name": "United States Dollar"},
        }
        found.append(doc | ({"AcctNum": code} if code else {}))
    return found


def terms(division: Division) -> list[Doc]:
    """Payment terms as the books spell them."""
    found: list[Doc] = []
    for one in division.tables.terms:
        if one.twin_name:
            doc = {
                "Id": str(len(found) + 1),
                "Name": one.twin_name,
                "Active": True,
                "Type": "STANDARD",
                "DueDays": one.due_days,
                "DiscountDays": one.discount_days,
            }
            if one.discount_percent:
                doc["DiscountPercent"] = one.discount_percent
            found.append(doc)
    return found


def methods() -> list[Doc]:
    """Ways of paying."""
    return [
        {
            "Id": str(n),
            "Name": name,
            "Active": True,
            "Type": "CREDIT_CARD" if name == "Visa" else "NON_CREDIT_CARD",
        }
        for n, name in enumerate(METHODS, start=1)
    ]


def taxes(division: Division) -> dict[str, list[Doc]]:
    """Tax codes, rates and agencies: the two pseudo codes and one group code per state."""
    groups = {t.twin_name: t.rate for t in division.tables.taxes if t.twin_code == "TAX"}
    codes: list[Doc] = [
        {"Id": "TAX", "Name": "TAX", "Active": True, "Taxable": True, "TaxGroup": False},
        {"Id": "NON", "Name": "NON", "Active": True, "Taxable": False, "TaxGroup": False},
    ]
    rates, agencies = [], []
    for number, (name, rate) in enumerate(groups.items(), start=1):
        agencies.append(
            {
                "Id": str(number),
                "DisplayName": _STATE_TAXES.get(name, name),
                "TaxTrackedOnSales": True,
            }
        )
        rates.append(
            {
                "Id": str(number),
                "Name": name,
                "Description": name,
                "Active": True,
                "RateValue": rate,
                "AgencyRef": {"value": str(number)},
                "SpecialTaxType": "NONE",
                "DisplayType": "ReadOnly",
            }
        )
        detail = {
            "TaxRateRef": {"value": str(number), "name": name},
            "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0,
        }
        codes.append(
            {
                "Id": str(number + 1),
                "Name": name,
                "Description": name,
                "Active": True,
                "Taxable": True,
                "TaxGroup": True,
                "SalesTaxRateList": {"TaxRateDetail": [detail]},
                "PurchaseTaxRateList": {"TaxRateDetail": []},
            }
        )
    return {"TaxCode": codes, "TaxRate": rates, "TaxAgency": agencies}


def company_info(division: Division) -> Doc:
    """The CompanyInfo record."""
    return {
        "Id": "1",
        "CompanyName": division.name,
        "LegalName": division.name,
        "CompanyAddr": {"Id": "1", **address(division.tables.address)},
        "CustomerCommunicationAddr": {"Id": "1", **address(division.tables.address)},
        "LegalAddr": {"Id": "1", **address(division.tables.address)},
        "CompanyStartDate": "2020-01-01",
        "FiscalYearStartMonth": "January",
        "Country": division.tables.country,
        "Email": {"Address": "books@halden.example"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "DefaultTimeZone": "America/Los_Angeles",
        "NameValue": [
            {"Name": "NeoEnabled", "Value": "true"},
            {"Name": "IndustryType", "Value": "Wholesale Distribution"},
            {"Name": "SubscriptionStatus", "Value": "PAID"},
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
            {"Name": "PayrollFeature", "Value": "false"},
            {"Name": "ItemCategoriesFeature", "Value": "true"},
        ],
    }


def _custom_fields(names: tuple[str, ...]) -> list[Doc]:
    used: list[Doc] = []
    named: list[Doc] = []
    for number, name in enumerate(names, start=1):
        used.append(
            {
                "Name": f"SalesFormsPrefs.UseSalesCustom{number}",
                "Type": "BooleanType",
                "BooleanValue": bool(name),
            }
        )
        named.append(
            {
                "Name": f"SalesFormsPrefs.SalesCustomName{number}",
                "Type": "StringType",
                "StringValue": name,
            }
        )
    return [{"CustomField": used}, {"CustomField": named}]


def preferences(division: Division) -> Doc:
    """The Preferences record; its custom fields are what the bookkeeper set up."""
    return {
        "Id": "1",
        "AccountingInfoPrefs": {
            "FirstMonthOfFiscalYear": "January",
            "UseAccountNumbers": True,
            "TaxYearMonth": "January",
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": True,
            "TrackDepartments": True,
            "DepartmentTerminology": "Location",
            "CustomerTerminology": "Customers",
            "BookCloseDate": division.tables.lock_date.isoformat(),
        },
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": True,
        },
        "SalesFormsPrefs": {
            "CustomField": _custom_fields(("Sales order", "Rep", "")),
            "CustomTxnNumbers": True,
            "AllowDeposit": True,
            "AllowDiscount": True,
            "AllowEstimates": True,
            "AllowServiceDate": False,
            "AllowShipping": True,
            "AutoApplyCredit": False,
            "UsingProgressInvoicing": False,
            "DefaultTerms": {"value": "1"},
            "DefaultCustomerMessage": "Thank you for your business.",
            "IPNSupportEnabled": False,
            "ETransactionEnabledStatus": "NotApplicable",
        },
        "VendorAndPurchasesPrefs": {
            "TrackingByCustomer": True,
            "BillableExpenseTracking": True,
            "POCustomField": [],
        },
        "TaxPrefs": {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}},
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": False,
            "HomeCurrency": {"value": division.currency},
        },
        "TimeTrackingPrefs": {
            "UseServices": True,
            "BillCustomers": True,
            "WorkWeekStartDate": "Monday",
        },
        "EmailMessagesPrefs": {
            "InvoiceMessage": {"Subject": "Invoice from us", "Message": "Please find it attached."}
        },
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {
            "NameValue": [
                {"Name": "WarnDuplicateBillNumber", "Value": "true"},
                {"Name": "WarnDuplicateCheckNumber", "Value": "true"},
                {"Name": "WarnDuplicateJournalNumber", "Value": "false"},
                {"Name": "VendorAndPurchasesPrefs.UseCustomTxnNumbers", "Value": "true"},
                {"Name": "DateFormat", "Value": "MM/DD/YYYY"},
            ]
        },
    }


def settings(division: Division) -> dict[str, list[Doc]]:
    """All small records by entity, without service-owned members."""
    tables: dict[str, list[Any]] = {
        "Account": accounts(division),
        "Term": terms(division),
        "PaymentMethod": methods(),
        "CompanyInfo": [company_info(division)],
        "Preferences": [preferences(division)],
        "CompanyCurrency": [
            {"Id": str(n), "Code": c.code, "Name": c.name, "Active": True}
            for n, c in enumerate(division.tables.currencies, start=1)
        ],
        "Department": [
            {"Id": str(n), "Name": b.name, "FullyQualifiedName": b.name, "Active": True}
            for n, b in enumerate(division.tables.branches, start=1)
        ],
        "Class": [
            {"Id": str(n), "Name": name, "FullyQualifiedName": name, "Active": True}
            for n, name in enumerate(("Wholesale", "Retail", "Trade shows"), start=1)
        ],
        **taxes(division),
    }
    return tables
