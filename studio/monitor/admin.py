"""Admin site: which alerts there are and whom they reach; what they said is only read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from simple_history.admin import SimpleHistoryAdmin

from studio.accounts.models import administrator_in
from studio.core.readonly import ReadOnly
from studio.monitor.models import Alert, AlertRule
from studio.monitor.signs import KINDS
from studio.monitor.watch import checked_audience, keep_rule


class AlertRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """Who is told is checked: an alert that reaches nobody helps nobody."""

    def clean_audience(self) -> str:
        return checked_audience(self.cleaned_data["audience"])


@admin.register(AlertRule)
class AlertRuleAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """One rule per kind and workspace; they are there by themselves."""

    form = AlertRuleForm
    list_display = ("kind", "workspace", "on", "threshold", "means", "audience")
    list_filter = ("workspace", "on")
    list_select_related = ("workspace",)
    fields = ("workspace", "kind", "on", "threshold", "means", "audience")
    readonly_fields = ("workspace", "kind", "means")

    @admin.display(description="the threshold means")
    def means(self, rule: AlertRule) -> str:
        return KINDS[rule.kind].means or "nothing here"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: bool) -> None:
        keep_rule(administrator_in(obj.workspace, request.user), obj)


@admin.register(Alert)
class AlertAdmin(ReadOnly):
    """What was noticed, who was told, whether it is over."""

    list_display = ("sentence", "kind", "created_at", "over_at", "acknowledged_by", "state")
    list_filter = ("workspace", "kind", "state")
    search_fields = ("sentence", "key")
