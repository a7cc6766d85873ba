"""Admin site: trials are only looked at, without what was found; their page deletes them."""

from __future__ import annotations

from django.contrib import admin

from studio.core.readonly import ReadOnly
from studio.tryout.models import Trial


@admin.register(Trial)
class TrialAdmin(ReadOnly):
    """Who tried what, and how it ended."""

    list_display = ("left_name", "right_name", "kind", "state", "asked_by", "created_at")
    list_filter = ("kind", "state")
    search_fields = ("left_name", "right_name", "asked_by")
