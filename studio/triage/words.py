"""Words for the classes of cases (product.md 7.4)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

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
