"""Admin site: blind repeats and opinions are only read; calibrations are taken back or put back, never edited."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from studio.accounts.models import Membership
from studio.core.action import Actor, NotPermitted
from studio.core.readonly import ReadOnly
from studio.core.refused import DecisionRefused
from studio.learning import actions
from studio.learning.models import Calibration, Opinion, Repeat


@admin.register(Repeat)
class RepeatAdmin(ReadOnly):
    """Which decisions were asked again, and what came of it."""

    list_display = ("label", "kind", "decided_by", "answered_by", "agrees", "settled", "created_at")
    list_filter = ("kind", "agrees", "settled", "unseen")
    search_fields = ("label", "decided_by", "answered_by")


@admin.register(Opinion)
class OpinionAdmin(ReadOnly):
    """What a language model was asked and said, and what it cost."""

    list_display = (
        "kind",
        "model",
        "answer",
        "control",
        "asked_by",
        "tokens",
        "seconds",
        "created_at",
    )
    list_filter = ("kind", "model", "control")
    search_fields = ("answer", "reason", "asked_by")


@admin.register(Calibration)
class CalibrationAdmin(ReadOnly):
    """What was learned, and whether it is in force."""

    list_display = (
        "kind",
        "number",
        "workspace",
        "environment",
        "form",
        "labels",
        "state",
        "put_by",
    )
    list_select_related = ("workspace",)
    list_filter = ("state", "kind", "environment")
    actions = ("take_back", "put_back")

    @admin.action(description="Take back: the shipped calibration is in force again")
    def take_back(self, request: HttpRequest, rows: QuerySet[Calibration]) -> None:
        """End the chosen ones."""
        reason = "taken back in the admin site"
        self._each(request, rows, lambda a, row: actions.take_back(a, row, reason=reason))

    @admin.action(description="Put back in force")
    def put_back(self, request: HttpRequest, rows: QuerySet[Calibration]) -> None:
        """Put the chosen ones in force again."""
        self._each(request, rows, actions.put_back)

    def _each(
        self,
        request: HttpRequest,
        rows: QuerySet[Calibration],
        act: Callable[[Actor, Calibration], Calibration],
    ) -> None:
        """Do it as a member of the row's workspace; what is refused is said and nothing else is lost."""
        for row in rows.select_related("workspace"):
            member = Membership.objects.filter(
                user__pk=request.user.pk or 0, workspace=row.workspace
            ).first()
            actor = member.actor() if member else Actor(name=str(request.user))
            try:
                act(actor, row)
            except (DecisionRefused, NotPermitted) as fault:
                self.message_user(request, f"{row}: {fault}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: {row.get_state_display()}")
