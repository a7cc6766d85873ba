"""Words for the classes of cases (product.md 7.4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# What the one number of the queue counts; beside it wherever it stands.
COUNTED = _(
    "Each record is counted once, however many causes hold it up; what is put aside is not."
)

# What the numbers of the facets count; beside them.
FACETS_COUNT = _("These count cases: a record with two causes is two cases, and one record above.")

# Who can act, as a facet.
ROLES = {
    "accountant": _("Accountant"),
    "integrator": _("Integrator"),
    "approver": _("Approver"),
    "operator": _("Who runs the studio"),
    "owner": _("Data owner, an accountant"),
    "machine": _("The machine, then an integrator"),
}

# Who can act; a case that nobody was given waits for them.
OWNERS = {
    "machine": _("for the machine, then for an integrator"),
    "accountant": _("for an accountant"),
    "integrator": _("for an integrator"),
    "approver": _("for an approver"),
    "operator": _("for who runs the studio"),
    "owner": _("for the data owner, an accountant"),
}

# Which role of ours does what such a case asks for.
ROLE_OF = {
    "machine": "integrator",
    "approver": "accountant",
    "owner": "accountant",
    "operator": "administrator",
}

CLASS_LABELS = {
    "connection": _("Connection"),
    "throttled": _("Throttled"),
    "missing_reference": _("Missing reference"),
    "value": _("Value not accepted"),
    "duplicate": _("Possible duplicate"),
    "period": _("Period closed"),
    "amount": _("Amount does not tie"),
    "payment": _("Payment cannot be applied"),
    "conflict": _("Conflict of owners"),
    "schema": _("Schema changed"),
    "approval": _("Needs approval"),
    "unknown_outcome": _("Unknown outcome"),
}
