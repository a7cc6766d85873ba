"""What Xero says about its service: addresses, limits, sizes, verbs. Source: xero.md, OpenAPI 16.1.0."""

from __future__ import annotations

from connectors.http.budget import Limits

SYSTEM = "xero"
PRODUCTION = "https://api.xero.com"
IDENTITY = "https://identity.xero.com"
CONSENT = "https://login.xero.com/identity/connect/authorize"
API = "/api.xro/2.0"
SCOPES = (
    "openid", "profile", "email", "offline_access", "accounting.contacts", "accounting.invoices",
    "accounting.payments", "accounting.settings", "accounting.manualjournals",
    "accounting.banktransactions", "accounting.attachments",
)  # fmt: skip
"""Granular scopes (the broad ones end in September 2027)."""

LIMITS = Limits(per_minute=60, per_day=5_000, concurrent=5, reserve=0.1)
"""Per app and organisation; 1,000 a day on the Starter tier (setting ``per_day``)."""

CONCURRENT_WAIT = 1.0
"""Seconds to wait after a 429 for too many calls at once: it carries no Retry-After."""

PAGE = 1000
BULK = 50
"""Elements per write call (advice; the body must stay below 3.5 MB)."""

SUMMARIZED = frozenset(
    {"Contact", "Invoice", "CreditNote", "Item", "Payment", "BatchPayment", "BankTransaction",
     "ManualJournal", "PurchaseOrder", "Quote"}
)  # fmt: skip
"""Collections whose PUT takes ``summarizeErrors``: these are written in bulk."""

FOUR_PLACES = frozenset({"Invoice", "CreditNote", "Item", "BankTransaction"})
"""Resources that take ``unitdp=4`` on reads and writes."""

WHERE = frozenset(
    {"Contact", "ContactGroup", "Invoice", "CreditNote", "Item", "Payment", "BatchPayment",
     "Account", "BankTransaction", "BankTransfer", "ManualJournal", "TaxRate", "TrackingCategory",
     "Currency", "Overpayment", "Prepayment", "RepeatingInvoice", "User"}
)  # fmt: skip
"""Lists that take ``where``."""

SINCE = frozenset(
    {"Contact", "Invoice", "CreditNote", "Item", "Payment", "BatchPayment", "Account",
     "BankTransaction", "BankTransfer", "ManualJournal", "PurchaseOrder", "Quote", "Overpayment",
     "Prepayment", "User"}
)  # fmt: skip
"""Lists that take ``If-Modified-Since``."""

BARE = frozenset({"Account", "Currency", "TrackingCategory", "Payment"})
"""Bodies that are one bare object on PUT (Payment: on POST)."""

READ_ONLY = frozenset(
    {"Organisation", "User", "BrandingTheme", "Journal", "Overpayment", "Prepayment"}
)
"""Entities that have no write of their own (overpayments are born of bank transactions)."""

IDEMPOTENCY_KEY = 128
IDEMPOTENCY_SECONDS = 360
"""How long Xero remembers a key; not a day, as some say."""

DEMANDED = {
    "Item": ("Code",),
    "ManualJournal": ("Narration",),
    "BankTransaction": ("Type", "LineItems", "BankAccount"),
}
"""Fields that an element must carry even when they do not change (required in the OpenAPI file)."""
