"""Admin site: addresses and what they were told are only read; they are managed on their own page."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from studio.core.readonly import ReadOnly
from studio.webhooks.models import Endpoint, Message


@admin.register(Endpoint)
class EndpointAdmin(ReadOnly):
    """Programs that are told of events; their secrets never show here."""

    list_display = ("name", "workspace", "url", "state", "failures", "last_success_at", "made_by")
    list_select_related = ("workspace",)
    list_filter = ("workspace", "state")
    search_fields = ("name", "url")
    exclude = ("sealed",)
    readonly_fields = ("managed",)

    @admin.display(description="managed at")
    def managed(self, endpoint: Endpoint) -> SafeString | str:
        if endpoint.state == "removed":
            return "–"
        address = reverse("webhooks:hook", args=[endpoint.uuid])
        return format_html('<a href="{}">{}</a>', address, address)


@admin.register(Message)
class MessageAdmin(ReadOnly):
    """Each event's way to each address."""

    list_display = ("event", "endpoint", "state", "attempts", "status", "answer", "created_at")
    list_select_related = ("event", "endpoint")
    list_filter = ("state", "endpoint", "event__key")
    search_fields = ("event__subject", "event__uuid", "answer")
    exclude = ("claimed_by",)
