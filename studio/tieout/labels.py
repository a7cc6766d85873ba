"""What the names of differences are called on pages and in exports."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

LABELS = {
    "case": _("Waits in the exception queue"),
    "in_flight": _("Under way"),
    "rounding": _("Rounding"),
    "moved_period": _("Moved period"),
    "changed_at_target": _("Changed at the target"),
    "deleted_at_target": _("Deleted at the target"),
    "changed_at_source": _("Changed at the source"),
    "posted_otherwise": _("We posted another amount than the source says"),
    "tax_apart": _("The same in all, with another tax"),
    "left_out": _("Posted, but the filter in force leaves it out"),
    "duplicate": _("Posted twice"),
    "not_ours": _("Not from this flow"),
    "closed_without_posting": _("Closed without posting"),
    "lost": _("Not explained"),
}
# Of what is open there is no one flow and no period: the same names are said otherwise.
OPEN_LABELS = {
    **LABELS,
    "left_out": _("Left out by the flow's filter"),
    "duplicate": _("A copy of a document that is paired already"),
    "not_ours": _("Entered in the books, not from a flow"),
    "changed_at_source": _("Changed or gone at the source"),
    "before_start": _("From before the flow began"),
    "out_of_scope": _("Of a kind that no flow carries"),
    "unlinked_party": _("Customer or supplier is linked to nobody"),
    "other_party": _("Booked to another customer or supplier"),
    "draft_at_target": _("Still a draft at the target"),
    "payment_case": _("Payment waits in the exception queue"),
    "payment_in_flight": _("Payment is on its way back"),
    "settled_at_source": _("Paid or applied at the source only"),
    "settled_at_target": _("Paid or applied at the target only"),
    "credit_unapplied": _("Credit used on one side only"),
    "receipt_unapplied": _("Our own receipt, held unapplied"),
    "outside_flows": _("Opening balance and entries that no flow carries"),
}
KINDS = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "bill": _("Supplier invoice"),
    "money": _("Money on account"),
}
# Why a bank account is not compared.
NOT_COMPARED = {
    "no_bank": _(
        "No bank of the source is named for this account: give it one on the page Values."
    ),
    "bank_gone": _("The bank that is named for this account is not at the source."),
    "account_gone": _("The account is not in the books."),
    "no_balance": _(
        "The books say no balance of an account over their API, only in their reports."
    ),
    "currency": _("Bank and account are in different currencies."),
}
