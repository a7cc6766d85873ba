"""Admin site: cases are worked on their own pages; here they are only looked up."""

from __future__ import annotations

from django.contrib import admin

from studio.core.readonly import ReadOnly
from studio.triage.models import Case


@admin.register(Case)
class CaseAdmin(ReadOnly):
    """Exceptions with what became of them."""

    list_display = (
        "record_label",
        "case_class",
        "state",
        "amount",
        "currency",
        "created_at",
        "closed_by",
    )
    list_filter = ("state", "case_class", "flow_label")
    search_fields = ("record_label", "sentence", "cause")
