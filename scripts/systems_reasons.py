"""Why a cell of docs/systems.md is empty: what the vendor's documentation says, and where.

Keys are (entity or ``*``, operation); the most particular one wins. Sections are those of
``reference/<system>/<system>.md``, which names Intuit's, Xero's and SYSPRO's own pages.
"""

from __future__ import annotations

Reasons = dict[tuple[str, str], str]

_QBO_READ = (
    "operations R and Q only; added by the separate TaxService, never changed (qbo 13.3, 14)"
)
_QBO_ONE = "exactly one per company (qbo 14)"
_QBO_NO_VOID = "void exists for Invoice, Payment, SalesReceipt and BillPayment only (qbo 4.6)"
_QBO_NO_DELETE = "list records are deactivated, never deleted (qbo 4.5, 4.7)"
_QBO_NO_ACTIVE = "transactions have no Active flag (qbo 4.7)"
_QBO_NO_HOOK = "not among the entities of webhooks (qbo 8)"

FILE = "File beside a document"
_OTHERS = ("describe", "read", "poll", "changes", "tombstone", "find", "batch", "update", "void",
           "delete", "deactivate", "reactivate", "webhook")  # fmt: skip
_QBO_FILE = "offered by Attachable, not asked: what was attached belongs to people (qbo 19.4)"

QBO: Reasons = {
    ("*", "void"): _QBO_NO_VOID,
    ("*", "delete"): _QBO_NO_DELETE,
    ("*", "deactivate"): _QBO_NO_ACTIVE,
    ("*", "reactivate"): _QBO_NO_ACTIVE,
    ("*", "webhook"): _QBO_NO_HOOK,
    ("*", "tombstone"): "a list record stays, with Active false: told as a change (qbo 4.7, 6)",
    **{(e, o): _QBO_READ for e in ("TaxCode", "TaxRate")
       for o in ("create", "repeat", "lost answer", "batch", "update", "changes", "deactivate",
                 "reactivate", "delete", "tombstone")},
    **{(e, o): _QBO_ONE for e in ("Preferences", "CompanyInfo")
       for o in ("create", "repeat", "lost answer", "batch", "delete", "deactivate", "reactivate",
                 "tombstone")},
    **{(FILE, o): _QBO_FILE for o in _OTHERS},
}  # fmt: skip

_XERO_READ = "read only (xero 22)"
_XERO_BORN = "born of a bank transaction of its type; no write of its own (xero 18, 19)"
_XERO_NEVER = "payments and transfers cannot be changed, only deleted (xero 17, 19)"
_XERO_STATE = "documents have states, not an active flag (xero 15)"
_XERO_HOOK = "webhooks tell of Contact, Invoice and CreditNote only (xero 12)"
_XERO_PART = "has no address of its own; part of the credit it comes from (xero 18)"
_XERO_CURRENCY = "can be added, never changed or removed (xero 22)"
_XERO_FILE = "has no end or state of its own: the same name replaces it (xero 4, 14)"
_XERO_VOIDED = "a posted one is voided; delete is for drafts, told by the state (xero 14, 15)"
_XERO_DELETED = (
    "its end state is DELETED; VOIDED is for invoices, credits and journals (xero 17-21)"
)

XERO: Reasons = {
    **{(FILE, o): _XERO_FILE for o in _OTHERS},
    ("*", "webhook"): _XERO_HOOK,
    ("*", "deactivate"): _XERO_STATE,
    ("*", "reactivate"): _XERO_STATE,
    ("*", "tombstone"): "vanishes from its list, or stays archived: told as a change (xero 7, 22)",
    **{(e, "delete"): _XERO_VOIDED for e in ("Invoice", "CreditNote", "ManualJournal")},
    ("*", "void"): _XERO_DELETED,
    ("Invoice (bill)", "void"): "a draft bill is deleted, an approved one voided as Invoice (xero 15)",
    ("Contact", "delete"): "contacts are archived, never deleted (xero 13)",
    ("Contact", "reactivate"): "“Archived contacts cannot currently be edited via the API” (xero 11)",
    ("TaxRate", "deactivate"): "its only other state is DELETED (xero 22)",
    ("TrackingCategory", "batch"): "one bare object per call, two active categories at most (xero 22)",
    ("Overpayment", "void"): "ended through its bank transaction (xero 18, 19)",
    ("Prepayment", "void"): "ended through its bank transaction (xero 18, 19)",
    **{(e, o): _XERO_READ for e in ("Organisation", "Journal")
       for o in ("create", "repeat", "lost answer", "batch", "update", "changes", "void", "delete",
                 "deactivate", "reactivate", "tombstone")},
    **{(e, o): _XERO_BORN for e in ("Overpayment", "Prepayment")
       for o in ("create", "repeat", "lost answer", "batch", "update", "changes", "delete",
                 "tombstone")},
    **{(e, o): _XERO_NEVER for e in ("Payment", "BatchPayment", "BankTransfer")
       for o in ("update", "changes")},
    **{("Currency", o): _XERO_CURRENCY
       for o in ("update", "changes", "void", "delete", "deactivate", "reactivate", "tombstone")},
    **{("Allocation", o): _XERO_PART
       for o in ("describe", "read", "poll", "find", "changes", "tombstone", "repeat",
                 "lost answer", "batch", "update", "void", "deactivate", "reactivate")},
}  # fmt: skip

_SYS_PUSH = "e.net has no webhooks; change is found by asking (syspro 6.2)"
_SYS_POSTED = (
    "posted ledgers are history: no object changes, voids or deletes them (syspro 3.10-3.13)"
)
_SYS_MASTER = "master records are deleted or put on hold; void is for orders (syspro 2.1, 3.8)"
_SYS_SWITCH = "the table has no hold switch; Setup offers Add, Update, Delete (syspro 2.1, 5.2)"
_SYS_GONE = "a deleted row is gone; no object lists deletions: found by a sweep (syspro 6.1)"
_SYS_FORM = "a form hangs on its record: made, polled and ended with it (syspro 3.14)"
_SYS_FILE = "no business object that we know takes a file (syspro 3)"
_SYS_PRICE = "a computed answer, not a record (syspro 3.5)"

_POSTED = ("ArInvoice", "ArInvoicePay", "ApInvoice", "ApInvoicePay", "GenJournalCtl")

SYSPRO: Reasons = {
    **{(FILE, o): _SYS_FILE for o in ("create", "repeat", "lost answer", *_OTHERS)},
    ("*", "webhook"): _SYS_PUSH,
    ("*", "void"): _SYS_MASTER,
    ("*", "deactivate"): _SYS_SWITCH,
    ("*", "reactivate"): _SYS_SWITCH,
    ("*", "tombstone"): _SYS_GONE,
    ("SorMaster", "deactivate"): "an order is cancelled (SORTOX) or held by status (syspro 3.8)",
    ("SorMaster", "reactivate"): "a cancelled order stays cancelled (syspro 3.8)",
    **{(e, o): _SYS_POSTED for e in _POSTED
       for o in ("update", "changes", "void", "delete", "deactivate", "reactivate", "tombstone")},
    **{("Custom form fields", o): _SYS_FORM
       for o in ("poll", "changes", "tombstone", "create", "repeat", "lost answer", "batch", "void",
                 "delete", "deactivate", "reactivate")},
    **{("Price for a customer", o): _SYS_PRICE
       for o in ("describe", "poll", "changes", "tombstone", "find", "create", "repeat",
                 "lost answer", "batch", "update", "void", "delete", "deactivate", "reactivate")},
}  # fmt: skip

REASONS: dict[str, Reasons] = {"syspro": SYSPRO, "qbo": QBO, "xero": XERO}

WANTED: dict[str, tuple[str, ...]] = {
    "syspro": (
        "ArCustomer", "ArMultAddress", "ApSupplier", "InvMaster", "InvWhControl", "InvPrice",
        "Price for a customer", "SorMaster", "ArInvoice", "ArInvoicePay", "ApInvoice",
        "ApInvoicePay", "GenJournalCtl", "TblArTerms", "AdmTax", "TblCurrency", "ApBank", "Custom form fields",
        FILE,
    ),
    "qbo": (
        "Customer", "Vendor", "Item", "Account", "Term", "TaxCode", "TaxRate", "PaymentMethod",
        "Class", "Department", "Invoice", "SalesReceipt", "CreditMemo", "Payment", "RefundReceipt",
        "Estimate", "Bill", "VendorCredit", "BillPayment", "PurchaseOrder", "JournalEntry",
        "Deposit", "InventoryAdjustment", "Preferences", "CompanyInfo", FILE,
    ),
    "xero": (
        "Contact", "Account", "Item", "TaxRate", "TrackingCategory", "Currency", "Organisation",
        "Invoice", "Invoice (bill)", "CreditNote", "Payment", "BatchPayment", "Overpayment",
        "Prepayment", "Allocation", "BankTransaction", "BankTransfer", "ManualJournal",
        "PurchaseOrder", "Quote", "Journal", FILE,
    ),
}  # fmt: skip
"""The entities that must have a row."""
