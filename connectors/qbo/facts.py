"""What Intuit says about its service: addresses, limits, sizes. Source: Intuit developer pages.

The two figures marked *unverified* differ between Intuit's own pages; both are settings of a
connection (``batch_per_minute``, ``burst_per_second``).
"""

from __future__ import annotations

from connectors.http.budget import Limits

SYSTEM = "qbo"
MINOR_VERSION = "75"
PRODUCTION = "https://quickbooks.api.intuit.com"
SANDBOX = "https://sandbox-quickbooks.api.intuit.com"
DISCOVERY = "https://developer.intuit.com/.well-known/openid_configuration"
DISCOVERY_SANDBOX = "https://developer.intuit.com/.well-known/openid_sandbox_configuration"
SCOPES = ("com.intuit.quickbooks.accounting",)

LIMITS = Limits(per_minute=500, per_second=10, concurrent=10, reserve=0.1)
"""Per realm and app; the ten a second are enforced since 2025."""

BATCH_LIMITS = Limits(per_minute=40, reserve=0.0)
"""Batch calls per realm; 40 in the reference, 120 in a later note (unverified): the lower one."""

THROTTLE_WAIT = 60.0
"""Seconds to wait after a 429 without Retry-After (Intuit's advice)."""

BATCH_ITEMS = 30
PAGE = 1000
"""Largest MAXRESULTS of a query."""

CDC_OBJECTS = 1000
CDC_DAYS = 30
CDC_SAFE_DAYS = 25
"""Beyond this age a cursor is caught up by query instead of CDC."""

OVERLAP_SECONDS = 60
"""A poll begins this much before the last one's time; repeats are recognised by version."""

REQUEST_ID = 50
BATCH_REQUEST_ID = 36
BATCH_ITEM_ID = 10

NO_CDC = frozenset(
    {"TaxCode", "TaxRate", "TaxAgency", "CompanyInfo", "Preferences", "TimeActivity"}
)
"""Entities whose changes come by query (the last two and TimeActivity: unverified, so by query)."""

SINGLETONS = frozenset({"CompanyInfo", "Preferences"})
NAME_LISTS = ("Customer", "Vendor", "Employee")
"""Share one space of display names."""

SERIAL_LISTS = frozenset({"Customer", "Vendor", "Employee", "Item", "Account"})
"""Written by one worker at a time per realm: parallel edits are refused (code 6000)."""

NAMED_BY: dict[str, str] = {
    "Customer": "DisplayName",
    "Vendor": "DisplayName",
    "Employee": "DisplayName",
    "Item": "Name",
    "Account": "Name",
    "Class": "Name",
    "Department": "Name",
    "Term": "Name",
    "PaymentMethod": "Name",
    "TaxCode": "Name",
    "TaxRate": "Name",
    "TaxAgency": "DisplayName",
    "CompanyCurrency": "Code",
}
"""The unique name by which a list record is found again."""

NUMBERED_BY: dict[str, str] = {
    "Payment": "PaymentRefNum",
    "InventoryAdjustment": "DocNumber",
    **dict.fromkeys(
        (
            "Invoice",
            "SalesReceipt",
            "CreditMemo",
            "RefundReceipt",
            "Estimate",
            "Bill",
            "VendorCredit",
            "BillPayment",
            "PurchaseOrder",
            "JournalEntry",
            "Purchase",
            "Deposit",
        ),
        "DocNumber",
    ),
}
"""The number by which a transaction is found again, where it has one that can be queried."""

NUMBER_KEPT = frozenset({"JournalEntry"})
"""Always keep the number they are sent with (qbo.md 16) and come in thousands: found by number alone."""

VOID_OPERATION = frozenset({"Invoice"})
"""Voided with ``operation=void``; the other voidable ones with ``operation=update&include=void``."""

VOIDABLE = frozenset({"Invoice", "Payment", "SalesReceipt", "BillPayment"})
