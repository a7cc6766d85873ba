"""Comparisons of the quantities of two systems."""

from __future__ import annotations

from typing import Any

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
from studio.flows.models import Flow
from studio.tieout import stock
from studio.tieout.models import StockComparison, StockPart, StockRow
from studio.tieout.signing import sign_stock
from studio.tieout.stock_queries import ORDERS, SHOWN, Narrowing


class StockAsk(serializers.Serializer[Any]):
    flow = serializers.CharField(help_text="key of a flow that compares stock levels")


class StockComparisonShape(serializers.ModelSerializer[StockComparison]):
    flow = serializers.CharField(source="flow.key", read_only=True)
    run = serializers.UUIDField(source="run.uuid", allow_null=True, read_only=True)

    class Meta:
        model = StockComparison
        fields = [
            "uuid", "flow", "state", "policy", "asked_by", "currency", "items", "apart", "adjusted", "residual",
            "unexplained", "green", "held_back", "error", "run", "created_at", "finished_at", "signed_by",
            "signed_at", "sign_note",
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

    @deed(NoteBody, StockComparisonShape)
    def sign(self, request: Request, uuid: str) -> Response:
        """Sign; refused while a difference has no explanation."""
        note, found = self.asked(NoteBody)["note"], self.get_object()
        sign_stock(self.actor, found, note)
        found.refresh_from_db()
        return self.said(StockComparisonShape, found)

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
