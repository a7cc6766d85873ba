"""Admin site: the ledgers of flows are read-only."""

from __future__ import annotations

from django.contrib import admin

from studio.core.readonly import ReadOnly
from studio.flows.models import Delivery, FlowVersion, InboxItem, Run


@admin.register(FlowVersion)
class FlowVersionAdmin(ReadOnly):
    """Published flow versions, as they were published."""

    list_display = ("flow", "number", "state", "published_by", "published_at")
    list_filter = ("flow", "state")


@admin.register(InboxItem)
class InboxItemAdmin(ReadOnly):
    """Source records as they came."""

    list_display = ("label", "flow", "state", "party", "amount", "currency", "created_at")
    list_filter = ("flow", "state")
    search_fields = ("key", "label", "party")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Every write that was intended, with what became of it."""

    list_display = ("business_key", "flow", "step", "connection", "state", "target_number", "gross")
    list_filter = ("flow", "step", "state")
    search_fields = ("business_key", "target_key", "target_number", "idempotency_key")


@admin.register(Run)
class RunAdmin(ReadOnly):
    """Polls that brought something."""

    list_display = ("flow", "created_at", "trigger", "read", "taken", "suspect")
    list_filter = ("flow",)
