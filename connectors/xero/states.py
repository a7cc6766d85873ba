"""Which fields name a document again, and how each entity is ended in Xero (xero.md 6, 13 to 22)."""

from __future__ import annotations

from typing import Any

from engine.ports import Action

REFERENCES: dict[str, tuple[str, ...]] = {
    "Invoice": ("InvoiceNumber", "Reference"),
    "CreditNote": ("CreditNoteNumber", "Reference"),
    "Contact": ("ContactNumber", "Name"),
    "Item": ("Code",),
    "Account": ("Code", "Name"),
    "Payment": ("Reference",),
    "BankTransaction": ("Reference",),
    "BatchPayment": ("Reference",),
    "BankTransfer": ("Reference",),
    "ManualJournal": ("Narration",),
    "TaxRate": ("Name",),
    "TrackingCategory": ("Name",),
    "Currency": ("Code",),
    "ContactGroup": ("Name",),
}
STATES: dict[tuple[str, Action], dict[str, Any]] = {
    ("Contact", Action.DEACTIVATE): {"ContactStatus": "ARCHIVED"},
    ("Contact", Action.DELETE): {"ContactStatus": "ARCHIVED"},
    ("Contact", Action.REACTIVATE): {"ContactStatus": "ACTIVE"},
    ("Account", Action.DEACTIVATE): {"Status": "ARCHIVED"},
    ("Account", Action.REACTIVATE): {"Status": "ACTIVE"},
    ("TrackingCategory", Action.DEACTIVATE): {"Status": "ARCHIVED"},
    ("TrackingCategory", Action.REACTIVATE): {"Status": "ACTIVE"},
    ("ContactGroup", Action.DELETE): {"Status": "DELETED"},
    ("Item", Action.DEACTIVATE): {"IsSold": False, "IsPurchased": False},
    ("Item", Action.REACTIVATE): {"IsSold": True, "IsPurchased": True},
    ("TaxRate", Action.DELETE): {"Status": "DELETED"},
    ("TaxRate", Action.DEACTIVATE): {"Status": "DELETED"},
    ("Payment", Action.VOID): {"Status": "DELETED"},
    ("Payment", Action.DELETE): {"Status": "DELETED"},
    ("BatchPayment", Action.VOID): {"Status": "DELETED"},
    ("BatchPayment", Action.DELETE): {"Status": "DELETED"},
    ("BankTransaction", Action.VOID): {"Status": "DELETED"},
    ("BankTransaction", Action.DELETE): {"Status": "DELETED"},
    ("BankTransfer", Action.VOID): {"Status": "DELETED"},
    ("BankTransfer", Action.DELETE): {"Status": "DELETED"},
    ("PurchaseOrder", Action.VOID): {"Status": "DELETED"},
    ("PurchaseOrder", Action.DELETE): {"Status": "DELETED"},
    ("Quote", Action.VOID): {"Status": "DELETED"},
    ("Quote", Action.DELETE): {"Status": "DELETED"},
}
VOIDED_WHEN_POSTED = {
    "Invoice": "AUTHORISED",
    "CreditNote": "AUTHORISED",
    "ManualJournal": "POSTED",
}
REMOVED = {
    ("Item", Action.DELETE),
    ("Account", Action.DELETE),
    ("TrackingCategory", Action.DELETE),
}
BARE_STATES = {"Payment", "BatchPayment", "BankTransfer"}
