"""Admin site: the audit trail is read-only."""

from __future__ import annotations

from django.contrib import admin

from studio.core.models import AuditEvent
from studio.core.readonly import ReadOnly


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """Who did what, when; in a chain of hashes."""

    list_display = ("at", "actor", "role", "key", "subject", "seal")
    list_filter = ("key", "role")
    search_fields = ("subject", "actor", "key")
    date_hierarchy = "at"
