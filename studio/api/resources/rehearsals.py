"""Rehearsals: what a version would do, record by record, and the name under it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.roles import APPROVE
from studio.api.base import Resource, deed
from studio.api.paging import KeysetPagination
from studio.flows.models import OUTCOMES, Planned, Rehearsal
from studio.flows.rehearsal.caution import caution_of
from studio.flows.rehearsal.run import READS
from studio.flows.rehearsal.sign import sign
from studio.flows.rehearsal.standing import superseded, waits_for


class RehearsalBrief(serializers.ModelSerializer[Rehearsal]):
    flow = serializers.CharField(source="flow.key", read_only=True)
    version = serializers.IntegerField(source="version.number", read_only=True)

    class Meta:
        model = Rehearsal
        fields = [
            "uuid", "flow", "version", "kind", "state", "scope", "asked_by", "created_at", "finished_at",
            "seconds", "records", "content_hash", "error", "signed_by", "signed_at",
        ]  # fmt: skip
        read_only_fields = fields


class RehearsalShape(RehearsalBrief):
    """With totals by outcome, account, tax code, party and period, and what the signature allows."""

    superseded = serializers.SerializerMethodField()
    waits_for = serializers.SerializerMethodField()
    caution = serializers.SerializerMethodField()

    def get_superseded(self, row: Rehearsal) -> str:
        """Why it cannot be signed any more: a newer one, or a change of the flow; empty while it can."""
        gone = superseded(row) if row.state == "ready" else None
        return gone.sentence if gone else ""

    def get_waits_for(self, row: Rehearsal) -> str:
        """Whose signature it waits for; empty where it waits for none."""
        waiting = row.kind == "rehearsal" and row.state == "ready" and not row.signed_at
        return waits_for(row) if waiting and not superseded(row) else ""

    def get_caution(self, row: Rehearsal) -> str:
        """What to know before signing: that it would post nothing, or little of what it read."""
        caution = caution_of(row)
        return caution.sentence if caution else ""

    class Meta(RehearsalBrief.Meta):
        fields = [
            *RehearsalBrief.Meta.fields, "totals", "allowed", "note", "superseded", "waits_for", "caution",
        ]  # fmt: skip
        read_only_fields = fields


class PlannedShape(serializers.ModelSerializer[Planned]):
    """One record of the plan; ``diff`` is place, before, after."""

    class Meta:
        model = Planned
        fields = [
            "outcome", "step", "entity", "key", "label", "party", "code", "why", "reasons", "net", "tax",
            "gross", "currency", "document_on", "diff", "twin",
        ]  # fmt: skip
        read_only_fields = fields


class RehearseBody(serializers.Serializer[Any]):
    reads = serializers.ChoiceField(choices=list(READS.items()), default="live")
    since = serializers.DateField(
        required=False, allow_null=True, help_text="documents before this day are left out"
    )


class SignBody(serializers.Serializer[Any]):
    content_hash = serializers.CharField(help_text="of the plan that was read")
    allow_new = serializers.BooleanField(default=True, help_text="records that came since go along")
    share = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        help_text="percent of writes that may differ",
    )
    note = serializers.CharField(default="", allow_blank=True)
    aware = serializers.BooleanField(
        default=False, help_text="say so where it would post nothing; see `caution`"
    )


class RehearsalFilter(filters.FilterSet):  # type: ignore[misc]
    flow = filters.CharFilter(field_name="flow__key")
    signed = filters.BooleanFilter(field_name="signed_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Rehearsal
        fields = ["state", "kind"]


class Rehearsals(Resource[Rehearsal]):
    """Rehearsals and replays, newest first. ``flows/<uuid>/rehearse`` asks for one."""

    queryset = Rehearsal.objects.select_related("flow", "version").defer("version__content")
    serializer_class = RehearsalShape
    brief = RehearsalBrief
    filterset_class = RehearsalFilter
    order = ("-id",)
    place = "flow__workspace"

    def get_queryset(self) -> QuerySet[Rehearsal]:
        """Totals are read for details only."""
        rows = super().get_queryset()
        return rows.defer("totals") if self.action == "list" else rows

    @extend_schema(
        responses=PlannedShape(many=True),
        parameters=[
            OpenApiParameter("outcome", OpenApiTypes.STR, enum=[name for name, _ in OUTCOMES]),
            OpenApiParameter("code", OpenApiTypes.STR, description="why it would be refused"),
        ],
        filters=False,
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def planned(self, request: Request, uuid: str) -> Response:
        """The plan, page by page; narrowed by ``outcome`` and ``code``."""
        rows = self.get_object().plan.all()
        for name in ("outcome", "code"):
            if request.query_params.get(name):
                rows = rows.filter(**{name: request.query_params[name]})
        self.order = ("id",)
        pager = KeysetPagination()
        page = pager.paginate_queryset(rows, request, self)
        return pager.get_paginated_response(PlannedShape(page, many=True).data)

    @deed(SignBody, RehearsalShape)
    def sign(self, request: Request, uuid: str) -> Response:
        """Put your name under exactly the plan with this hash."""
        said, row = self.asked(SignBody), self.get_object()
        self.actor.require(APPROVE)
        sign(self.actor, row, **(said | {"share": str(said["share"])}))
        row.refresh_from_db()
        return self.said(RehearsalShape, row)
