"""Admin site: cases are worked on their own pages; here they are only looked up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from studio.accounts.models import administrator_in
from studio.core.readonly import ReadOnly
from studio.triage.actions import drop_owner, set_owner
from studio.triage.models import Case, ClassOwner


@admin.register(ClassOwner)
class ClassOwnerAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """Who has the cases of a class from the start."""

    list_display = ("case_class", "workspace", "person", "role")
    list_filter = ("workspace",)
    list_select_related = ("workspace", "person")
    fields = ("workspace", "case_class", "person", "role")

    def save_model(self, request: HttpRequest, obj: ClassOwner, form: Any, change: bool) -> None:
        set_owner(administrator_in(obj.workspace, request.user), obj)

    def delete_model(self, request: HttpRequest, obj: ClassOwner) -> None:
        drop_owner(administrator_in(obj.workspace, request.user), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ClassOwner]) -> None:
        for one in queryset:
            self.delete_model(request, one)


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
