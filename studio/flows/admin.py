"""Admin site: the ledgers of flows are read-only; what makes a run suspect is kept here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from simple_history.admin import SimpleHistoryAdmin

from studio.accounts.models import administrator_in
from studio.core.readonly import ReadOnly
from studio.flows.alarm import keep_limits, limits_of
from studio.flows.designer import trigger_words
from studio.flows.models import (
    Delivery,
    Digest,
    Flow,
    FlowVersion,
    InboxItem,
    Notice,
    Run,
    RunAlarm,
)
from studio.flows.notices import EVENTS
from studio.flows.triggers import in_force


@admin.register(Flow)
class FlowAdmin(ReadOnly):
    """When each flow runs, whom it tells, what makes a run suspect.

    Schedule and messages are part of a published version, so they are changed in the designer and
    published; only the alarm of its runs is kept beside it.
    """

    list_display = ("name", "workspace", "state", "starts", "last_polled_at", "last_success_at")
    list_select_related = ("workspace", "source", "target")
    list_filter = ("workspace", "state")
    search_fields = ("name", "key")
    fields = (
        *("name", "workspace", "source", "target", "state", "paused_reason", "ladder"),
        *("starts", "tells", "alarm", "designed", "last_polled_at", "last_success_at"),
    )
    readonly_fields = ("starts", "tells", "alarm", "designed")

    @admin.display(description="starts")
    def starts(self, flow: Flow) -> str:
        design = in_force(flow)
        return trigger_words(flow, design) if design else "Not published: it never starts."

    @admin.display(description="tells by mail")
    def tells(self, flow: Flow) -> SafeString | str:
        rules = in_force(flow).get("notify") or []
        lines = format_html_join(
            "",
            "<li>{}: records that {}{}</li>",
            (
                (
                    rule.get("to") or "integrator",
                    EVENTS.get(rule.get("on"), rule.get("on")),
                    f", from {rule['at_least']}" if rule.get("at_least") else "",
                )
                for rule in rules
            ),
        )
        return format_html("<ul>{}</ul>", lines) if lines else "nobody"

    @admin.display(description="run alarm")
    def alarm(self, flow: Flow) -> SafeString:
        own, limits = RunAlarm.objects.filter(flow=flow).first(), limits_of(flow)
        said = [
            "nothing came of what was read" if limits.nothing else "",
            f"more than {limits.times} times the usual" if limits.too_much else "",
        ]
        words = " or ".join(filter(None, said)) or "off"
        if own:
            address = reverse("admin:flows_runalarm_change", args=[own.pk])
        else:
            address = f"{reverse('admin:flows_runalarm_add')}?flow={flow.pk}"
        return format_html('{} (<a href="{}">change</a>)', words, address)

    @admin.display(description="designed at")
    def designed(self, flow: Flow) -> SafeString:
        address = reverse("flows:flow", args=[flow.key])
        return format_html('<a href="{}">{}</a>', address, address)


@admin.register(RunAlarm)
class RunAlarmAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """What makes a run suspect, for flows where that is not the usual."""

    list_display = ("flow", "nothing", "too_much", "times", "least")
    list_select_related = ("flow",)
    list_filter = ("flow__workspace",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("flow",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RunAlarm, form: Any, change: bool) -> None:
        keep_limits(administrator_in(obj.flow.workspace, request.user), obj)


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """What flows told people, to whom, and what kept a mail from going."""

    list_display = ("words", "flow", "event", "audience", "state", "sent_at", "trouble")
    list_select_related = ("flow",)
    list_filter = ("state", "event", "flow")
    search_fields = ("words", "audience")


@admin.register(Digest)
class DigestAdmin(ReadOnly):
    """What each flow did on a day, as the accountants were told."""

    list_display = ("day", "flow", "words", "state", "sent_at", "trouble")
    list_select_related = ("flow",)
    list_filter = ("state", "flow")
    date_hierarchy = "day"


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
