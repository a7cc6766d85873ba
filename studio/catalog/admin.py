"""Admin site: limits and hours of connections can be changed; what was seen is read-only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from engine.runtime.schedule import Hours
from studio.accounts.models import administrator_in
from studio.catalog.actions import settle
from studio.catalog.models import (
    Agent,
    Arrival,
    Code,
    Connection,
    Exchange,
    Registration,
    SchemaSnapshot,
)
from studio.core.readonly import ReadOnly


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Hours are checked as on the connection's own page."""

    def clean_allowed_hours(self) -> str:
        text: str = self.cleaned_data["allowed_hours"].strip()
        try:
            Hours.read(text)
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault
        return text


@admin.register(Connection)
class ConnectionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Connections; secrets never show here. New ones are made on the connection page, which tests them."""

    list_display = ("name", "system", "company", "state", "checked_at", "owner")
    list_filter = ("system", "state")
    form = ConnectionForm
    fields = ("name", "owner", "network_path", "allowed_hours", "limits", "state", "paused_reason")
    readonly_fields = ("state", "paused_reason")

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """As on the connection's own page, with the same line in the trail."""
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        kept = Connection.objects.select_related("workspace").get(pk=obj.pk)
        if changes:
            settle(administrator_in(kept.workspace, request.user), kept, changes)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(ReadOnly):
    """Agents; made and revoked on the page of their connection."""

    list_display = ("name", "connection", "host", "seen_at", "made_by", "revoked_at")
    list_filter = ("connection",)
    exclude = ("run",)


@admin.register(SchemaSnapshot)
class SchemaSnapshotAdmin(ReadOnly):
    """Looks at systems; immutable."""

    list_display = (
        "connection",
        "number",
        "created_at",
        "entity_count",
        "field_count",
        "looked_as",
    )
    list_filter = ("connection",)
    exclude = ("content",)


@admin.register(Code)
class CodeAdmin(ReadOnly):
    """Remote code lists as last read; inactive ones keep their label."""

    list_display = ("label", "code", "kind", "connection", "active")
    list_filter = ("connection", "kind", "active")
    search_fields = ("label", "code", "key")


@admin.register(Exchange)
class ExchangeAdmin(ReadOnly):
    """Evidence of calls, redacted."""

    list_display = ("at", "connection", "method", "url", "status", "milliseconds")
    list_filter = ("connection", "status")
    search_fields = ("url", "subject", "trace")


@admin.register(Registration)
class RegistrationAdmin(ReadOnly):
    """Schemas that senders registered, as they were sent."""

    list_display = ("connection", "by", "updated_at", "arrivals")


@admin.register(Arrival)
class ArrivalAdmin(ReadOnly):
    """Versions of records that were sent to us, as they came."""

    list_display = ("entity", "key", "connection", "number", "newest", "changed_at", "by")
    list_filter = ("connection", "entity", "newest")
    search_fields = ("key",)
