"""Tie-outs and the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.api.base import Resource, deed
from studio.api.resources.mapping import NoteBody
from studio.core.models import AuditEvent
from studio.flows.models import Flow
from studio.monitor import queries
from studio.monitor.sentences import sentence
from studio.tieout import actions
from studio.tieout.models import Difference, TieOut


class DifferenceShape(serializers.ModelSerializer[Difference]):
    class Meta:
        model = Difference
        fields = ["kind", "record_key", "subject", "amount"]
        read_only_fields = fields


class TieOutBrief(serializers.ModelSerializer[TieOut]):
    flow = serializers.CharField(source="flow.key", read_only=True)

    class Meta:
        model = TieOut
        fields = [
            "uuid", "flow", "period_from", "period_to", "currency", "totals", "residual",
            "unexplained", "green", "signed_by", "signed_at", "sign_note", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class TieOutShape(TieOutBrief):
    """With every named difference; they add up to the residual."""

    differences = DifferenceShape(many=True, read_only=True)

    class Meta(TieOutBrief.Meta):
        fields = [*TieOutBrief.Meta.fields, "differences"]
        read_only_fields = fields


class RunBody(serializers.Serializer[Any]):
    flow = serializers.CharField(help_text="key of the flow")
    since = serializers.DateField(required=False, allow_null=True)
    until = serializers.DateField(required=False, allow_null=True)


class TieOutFilter(filters.FilterSet):  # type: ignore[misc]
    flow = filters.CharFilter(field_name="flow__key")
    signed = filters.BooleanFilter(field_name="signed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = TieOut
        fields = ["currency", "green"]


class TieOuts(Resource[TieOut]):
    """Comparisons of source, ledger and target, newest first."""

    queryset = TieOut.objects.select_related("flow")
    serializer_class = TieOutShape
    brief = TieOutBrief
    filterset_class = TieOutFilter
    order = ("-id",)
    place = "flow__workspace"

    @deed(RunBody, TieOutBrief(many=True), detail=False, detached=True)
    def run(self, request: Request) -> Response:
        """Compare now, live on both sides; one result per currency."""
        body = self.asked(RunBody)
        flow = get_object_or_404(Flow, workspace=self.workspace, key=body["flow"])
        found = actions.run_tieout(
            self.actor, flow, since=body.get("since"), until=body.get("until")
        )
        return self.said(TieOutBrief, found, many=True)

    @deed(NoteBody, TieOutBrief)
    def sign(self, request: Request, uuid: str) -> Response:
        """Sign; refused while a cent is unexplained, and without a reason where the sides do not tie."""
        note, tie = self.asked(NoteBody)["note"], self.get_object()
        actions.sign(self.actor, tie, note)
        return self.said(TieOutBrief, tie)


class EventShape(serializers.ModelSerializer[AuditEvent]):
    sentence = serializers.SerializerMethodField()

    class Meta:
        model = AuditEvent
        fields = [
            "id", "at", "actor", "role", "key", "subject", "sentence", "data", "bulk", "seal",
            "previous_hash", "hash",
        ]  # fmt: skip
        read_only_fields = fields

    def get_sentence(self, event: AuditEvent) -> str:
        return sentence(event)


class EventFilter(filters.FilterSet):  # type: ignore[misc]
    key = filters.CharFilter(lookup_expr="startswith")
    after_time = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    before_time = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")

    class Meta:
        model = AuditEvent
        fields = ["actor", "role", "subject", "bulk"]


class AuditEvents(Resource[AuditEvent]):
    """Who did what, newest first."""

    queryset = AuditEvent.objects.all()
    serializer_class = EventShape
    filterset_class = EventFilter
    order = ("-id",)
    lookup_field = "pk"
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet[AuditEvent]:
        """The trail of the workspace."""
        if getattr(self, "swagger_fake_view", False):
            return AuditEvent.objects.none()
        return queries.audit(self.workspace)
