"""Tie-outs and the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.api.base import Resource, deed, look
from studio.api.resources.mapping import NoteBody
from studio.core.models import AuditEvent
from studio.flows.models import Flow
from studio.monitor import queries
from studio.monitor.sentences import sentence
from studio.tieout import actions
from studio.tieout.balances.actions import ask as asked_for
from studio.tieout.models import (
    Balance,
    CashBalance,
    Difference,
    OpenDifference,
    OpenDocument,
    PartyBalance,
    Reading,
    TieOut,
)
from studio.tieout.signing import sign


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
        sign(self.actor, tie, note)
        return self.said(TieOutBrief, tie)


class BalanceShape(serializers.ModelSerializer[Balance]):
    """``source_open`` less ``target_open`` is the sum of ``named``."""

    reading = serializers.UUIDField(source="reading.uuid", read_only=True)
    source = serializers.UUIDField(source="reading.source.uuid", read_only=True)  # type: ignore[assignment]
    target = serializers.UUIDField(source="reading.target.uuid", read_only=True)
    read_at = serializers.DateTimeField(source="reading.read_at", read_only=True)

    class Meta:
        model = Balance
        fields = [
            "uuid", "reading", "source", "target", "read_at", "area", "currency", "source_open",
            "target_open", "source_unapplied", "target_unapplied", "unexplained", "named", "green",
        ]  # fmt: skip
        read_only_fields = fields


class PartyBalanceShape(serializers.ModelSerializer[PartyBalance]):
    class Meta:
        model = PartyBalance
        fields = [
            "uuid", "label", "source_code", "target_key", "source_open", "target_open",
            "documents", "apart", "green",
        ]  # fmt: skip
        read_only_fields = fields


class OpenDifferenceShape(serializers.ModelSerializer[OpenDifference]):
    class Meta:
        model = OpenDifference
        fields = ["kind", "record_key", "subject", "amount"]
        read_only_fields = fields


class OpenDocumentShape(serializers.ModelSerializer[OpenDocument]):
    """An amount is null where the side does not have the document."""

    party = serializers.UUIDField(source="party.uuid", read_only=True)
    differences = OpenDifferenceShape(many=True, read_only=True)

    class Meta:
        model = OpenDocument
        fields = [
            "id", "party", "kind", "source_number", "target_number", "target_key", "on",
            "source_open", "target_open", "on_account", "subject", "differences",
        ]  # fmt: skip
        read_only_fields = fields


class CashShape(serializers.ModelSerializer[CashBalance]):
    """A balance is null where its system says none; ``why`` then says so. ``named``: reason, key, amount, subject."""

    class Meta:
        model = CashBalance
        fields = [
            "currency", "source_key", "source_label", "target_key", "target_label",
            "source_balance", "target_balance", "why", "named",
        ]  # fmt: skip
        read_only_fields = fields


class ReadingShape(serializers.ModelSerializer[Reading]):
    source = serializers.UUIDField(source="source.uuid", read_only=True)  # type: ignore[assignment]
    target = serializers.UUIDField(source="target.uuid", read_only=True)

    class Meta:
        model = Reading
        fields = ["uuid", "source", "target", "state", "asked_by", "created_at", "read_at", "error"]
        read_only_fields = fields


class BalanceFilter(filters.FilterSet):  # type: ignore[misc]
    reading = filters.UUIDFilter(field_name="reading__uuid")

    class Meta:
        model = Balance
        fields = ["area", "currency", "green"]


class PartyBalanceFilter(filters.FilterSet):  # type: ignore[misc]
    balance = filters.UUIDFilter(field_name="balance__uuid")

    class Meta:
        model = PartyBalance
        fields = ["green"]


class OpenDocumentFilter(filters.FilterSet):  # type: ignore[misc]
    balance = filters.UUIDFilter(field_name="party__balance__uuid")
    party = filters.UUIDFilter(field_name="party__uuid")
    why = filters.CharFilter(field_name="differences__kind", distinct=True)

    class Meta:
        model = OpenDocument
        fields = ["kind", "on_account"]


class ReadingFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = Reading
        fields = ["state"]


class Balances(Resource[Balance]):
    """What is open in two companies, by area and currency, newest first; as it was read."""

    queryset = Balance.objects.select_related("reading__source", "reading__target")
    serializer_class = BalanceShape
    filterset_class = BalanceFilter
    order = ("-id",)
    place = "reading__workspace"

    @deed(None, ReadingShape(many=True), detail=False)
    def read(self, request: Request) -> Response:
        """Have every pair of companies read again; a worker does it, ask for the readings later."""
        found = asked_for(self.actor, self.workspace)
        return self.said(ReadingShape, found, many=True)


class BalanceParties(Resource[PartyBalance]):
    """What customers owe and suppliers are owed, on both sides."""

    queryset = PartyBalance.objects.all()
    serializer_class = PartyBalanceShape
    filterset_class = PartyBalanceFilter
    order = ("id",)
    place = "balance__reading__workspace"


class OpenDocuments(Resource[OpenDocument]):
    """Documents that are open on a side, each with the reasons why the sides differ."""

    queryset = OpenDocument.objects.select_related("party").prefetch_related("differences")
    serializer_class = OpenDocumentShape
    filterset_class = OpenDocumentFilter
    order = ("id",)
    place = "party__balance__reading__workspace"
    lookup_field = "pk"
    lookup_value_converter = "int"


class Readings(Resource[Reading]):
    """Looks at what is open: asked for, carried out, or failed with the reason."""

    queryset = Reading.objects.select_related("source", "target")
    serializer_class = ReadingShape
    filterset_class = ReadingFilter
    order = ("-id",)

    @look(CashShape, many=True)
    def cash(self, request: Request, uuid: str) -> Response:
        """Bank and clearing accounts that payments name, beside the banks of the source."""
        return self.said(CashShape, self.get_object().cash.all(), many=True)


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
