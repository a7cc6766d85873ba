"""Tie-outs of amounts and of quantities, and the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from engine.runtime.quantities import Why
from studio.api.base import Resource, deed
from studio.api.paging import KeysetPagination
from studio.api.resources.mapping import NoteBody
from studio.core.models import AuditEvent
from studio.flows.models import Flow
from studio.monitor import queries
from studio.monitor.sentences import sentence
from studio.tieout import actions, stock
from studio.tieout.models import Difference, StockComparison, StockPart, StockRow, TieOut
from studio.tieout.stock_queries import ORDERS, SHOWN, Narrowing


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


class StockAsk(serializers.Serializer[Any]):
    flow = serializers.CharField(help_text="key of a flow that compares stock levels")


class StockComparisonShape(serializers.ModelSerializer[StockComparison]):
    flow = serializers.CharField(source="flow.key", read_only=True)
    run = serializers.UUIDField(source="run.uuid", allow_null=True, read_only=True)

    class Meta:
        model = StockComparison
        fields = [
            "uuid", "flow", "state", "policy", "asked_by", "currency", "items", "apart", "adjusted", "residual",
            "unexplained", "green", "held_back", "error", "run", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class StockPartShape(serializers.ModelSerializer[StockPart]):
    class Meta:
        model = StockPart
        fields = ["why", "quantity"]
        read_only_fields = fields


class StockRowShape(serializers.ModelSerializer[StockRow]):
    """One item on both sides in its stocking unit; the parts add up to the difference."""

    parts = StockPartShape(many=True, read_only=True)

    class Meta:
        model = StockRow
        fields = [
            "item", "name", "unit", "target_key", "source", "target", "difference", "unit_cost", "value",
            "warehouses", "note", "parts",
        ]  # fmt: skip
        read_only_fields = fields


class StockComparisonFilter(filters.FilterSet):  # type: ignore[misc]
    flow = filters.CharFilter(field_name="flow__key")

    class Meta:
        model = StockComparison
        fields = ["state", "green"]


class StockComparisons(Resource[StockComparison]):
    """Comparisons of the quantities of two systems, newest first."""

    queryset = StockComparison.objects.select_related("flow", "run")
    serializer_class = StockComparisonShape
    filterset_class = StockComparisonFilter
    order: tuple[str, ...] = ("-id",)
    place = "flow__workspace"

    @deed(StockAsk, StockComparisonShape, detail=False, status=202)
    def ask(self, request: Request) -> Response:
        """Have a worker compare now; look at the answer until its state is “ready”."""
        key = self.asked(StockAsk)["flow"]
        flow = get_object_or_404(Flow, workspace=self.workspace, key=key)
        return self.said(StockComparisonShape, stock.ask(self.actor, flow), status=202)

    @extend_schema(
        responses=StockRowShape(many=True),
        parameters=[
            OpenApiParameter(
                "show", OpenApiTypes.STR, enum=list(SHOWN), description="usually “apart”"
            ),
            OpenApiParameter("why", OpenApiTypes.STR, enum=[str(why) for why in Why]),
            OpenApiParameter("order", OpenApiTypes.STR, enum=list(ORDERS)),
            OpenApiParameter("q", OpenApiTypes.STR, description="part of an item's code or name"),
        ],
        filters=False,
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def rows(self, request: Request, uuid: str) -> Response:
        """Its items, page by page, narrowed and in the order of the page."""
        narrowing = Narrowing.read(request.query_params.dict())
        self.order = ORDERS[narrowing.order][1]
        pager = KeysetPagination()
        page = pager.paginate_queryset(narrowing.rows(self.get_object()), request, self)
        return pager.get_paginated_response(StockRowShape(page, many=True).data)


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
