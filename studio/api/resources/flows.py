"""Flows, records that came in, deliveries and the ancestry of their values."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.roles import PUBLISH, TRIAGE
from studio.api.base import ReasonBody, Resource, deed, look
from studio.api.resources.mapping import NoteBody
from studio.api.resources.rehearsals import RehearsalBrief, RehearseBody
from studio.core.refused import DecisionRefused
from studio.flows import actions, queries
from studio.flows.files import STEP as ATTACH
from studio.flows.models import LADDER, Delivery, Flow, FlowVersion, InboxItem
from studio.flows.rehearsal.run import ask
from studio.flows.rungs import change_rung


class FlowBrief(serializers.ModelSerializer[Flow]):
    source = serializers.UUIDField(source="source.uuid", read_only=True)  # type: ignore[assignment]
    target = serializers.UUIDField(source="target.uuid", read_only=True)

    class Meta:
        model = Flow
        fields = [
            "uuid", "key", "name", "source", "target", "state", "ladder", "paused_reason",
            "last_polled_at", "last_success_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class FlowShape(FlowBrief):
    """With the draft design."""

    class Meta(FlowBrief.Meta):
        fields = [*FlowBrief.Meta.fields, "design"]
        read_only_fields = fields


class FlowVersionShape(serializers.ModelSerializer[FlowVersion]):
    class Meta:
        model = FlowVersion
        fields = [
            "uuid", "number", "content_hash", "state", "published_by", "published_at", "note",
        ]  # fmt: skip
        read_only_fields = fields


class ItemBrief(serializers.ModelSerializer[InboxItem]):
    flow = serializers.CharField(source="flow.key", read_only=True)

    class Meta:
        model = InboxItem
        fields = [
            "uuid", "flow", "entity", "key", "state", "label", "party", "amount", "net", "tax",
            "currency", "document_on", "attempts", "why", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class ItemShape(ItemBrief):
    """With the canonical document made of the record, and what people overrode."""

    class Meta(ItemBrief.Meta):
        fields = [*ItemBrief.Meta.fields, "canonical", "overrides"]
        read_only_fields = fields


class FileShape(serializers.Serializer[Any]):
    """A file beside a document at the target."""

    entity = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)


class DeliveryShape(serializers.ModelSerializer[Delivery]):
    flow = serializers.CharField(source="flow.key", read_only=True)
    item = serializers.UUIDField(source="item.uuid", read_only=True)
    connection = serializers.UUIDField(source="connection.uuid", read_only=True)
    file = serializers.SerializerMethodField()

    @extend_schema_field(FileShape(allow_null=True))
    def get_file(self, delivery: Delivery) -> dict[str, Any] | None:
        """What an ``attach`` puts beside a document; size and content once it is there."""
        said = delivery.basis
        if delivery.step != ATTACH:
            return None
        return {name: said.get(name) for name in ("entity", "key", "name", "bytes", "sha256")}

    class Meta:
        model = Delivery
        fields = [
            "uuid", "flow", "item", "connection", "step", "entity", "business_key", "reference",
            "state", "attempts", "sent_at", "done_at", "confirmed_at", "target_key",
            "target_number", "net", "tax", "gross", "currency", "document_on", "last_error",
            "created_at", "file",
        ]  # fmt: skip
        read_only_fields = fields


class AncestorShape(serializers.Serializer[Any]):
    """Where one delivered value came from, and who approved it."""

    target = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    expression = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())
    used = serializers.ListField(child=serializers.DictField())
    approved_by = serializers.CharField(allow_blank=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    of_item = serializers.CharField(
        allow_blank=True, help_text="not sent: the target took the value from this item"
    )
    inbound = serializers.ListField(child=serializers.DictField())


class PauseBody(serializers.Serializer[Any]):
    reason = serializers.CharField(default="", allow_blank=True)


class RungBody(serializers.Serializer[Any]):
    ladder = serializers.ChoiceField(choices=LADDER)
    reason = serializers.CharField(max_length=300)


class ReplayBody(serializers.Serializer[Any]):
    version = serializers.IntegerField(
        required=False, help_text="number of a flow version; without: the one in force"
    )


class FlowFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = Flow
        fields = ["key", "state", "ladder"]


class ItemFilter(filters.FilterSet):  # type: ignore[misc]
    flow = filters.CharFilter(field_name="flow__key")
    q = filters.CharFilter(field_name="label", lookup_expr="icontains")

    class Meta:
        model = InboxItem
        fields = ["state", "entity", "key", "currency"]


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]
    flow = filters.CharFilter(field_name="flow__key")
    item = filters.UUIDFilter(field_name="item__uuid")
    done_after = filters.IsoDateTimeFilter(field_name="done_at", lookup_expr="gte")
    done_before = filters.IsoDateTimeFilter(field_name="done_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields = ["state", "step", "entity", "business_key", "target_number", "currency"]


class Flows(Resource[Flow]):
    """Designed routes."""

    queryset = Flow.between.select_related("source", "target")
    serializer_class = FlowShape
    brief = FlowBrief
    filterset_class = FlowFilter

    @deed(NoteBody, FlowVersionShape)
    def publish(self, request: Request, uuid: str) -> Response:
        """Compile and publish the design; 409 with every reason when it cannot run."""
        note, flow = self.asked(NoteBody)["note"], self.get_object()
        return self.said(FlowVersionShape, actions.publish_flow(self.actor, flow, note=note))

    @deed(RehearseBody, RehearsalBrief)
    def rehearse(self, request: Request, uuid: str) -> Response:
        """Rehearse the draft; the answer waits for a worker, 409 with every reason when it cannot run."""
        said, flow = self.asked(RehearseBody), self.get_object()
        self.actor.require(PUBLISH)
        since = said.get("since")
        day = since.isoformat() if since else ""
        return self.said(RehearsalBrief, ask(self.actor, flow, reads=said["reads"], since=day))

    @deed(PauseBody, FlowBrief)
    def pause(self, request: Request, uuid: str) -> Response:
        """Stop taking and sending; what is under way ends in order."""
        reason, flow = self.asked(PauseBody)["reason"], self.get_object()
        actions.pause(self.actor, flow, reason)
        return self.said(FlowBrief, flow)

    @deed(RungBody, FlowBrief)
    def rung(self, request: Request, uuid: str) -> Response:
        """Change how far the flow goes by itself: down at once, up one rung after clean runs."""
        said, flow = self.asked(RungBody), self.get_object()
        change_rung(self.actor, flow, said["ladder"], said["reason"])
        return self.said(FlowBrief, flow)

    @deed(None, FlowBrief)
    def resume(self, request: Request, uuid: str) -> Response:
        """Go on where it stopped."""
        flow = self.get_object()
        actions.resume(self.actor, flow)
        return self.said(FlowBrief, flow)


class InboxItems(Resource[InboxItem]):
    """Records as they came in, newest first."""

    queryset = InboxItem.objects.select_related("flow").defer("payload")
    serializer_class = ItemShape
    brief = ItemBrief
    filterset_class = ItemFilter
    order = ("-id",)
    place = "flow__workspace"

    @deed(ReplayBody, ItemBrief)
    def replay(self, request: Request, uuid: str) -> Response:
        """Send a parked record through again, validated anew."""
        body, item = self.asked(ReplayBody), self.get_object()
        self.actor.require(TRIAGE)
        number = body.get("version")
        version = None if number is None else get_object_or_404(item.flow.versions, number=number)
        if not actions.replay(item, version=version):
            raise DecisionRefused("The record is not parked; nothing was sent.")
        item.refresh_from_db()
        return self.said(ItemBrief, item)

    @deed(ReasonBody, ItemBrief)
    def close(self, request: Request, uuid: str) -> Response:
        """End the record's journey without posting it; it stays visible in the tie-out."""
        reason, item = self.asked(ReasonBody)["reason"], self.get_object()
        actions.close_without_posting(self.actor, item, reason)
        item.refresh_from_db()
        return self.said(ItemBrief, item)


class Deliveries(Resource[Delivery]):
    """Journeys to a target, newest first."""

    queryset = Delivery.objects.select_related("flow", "item", "connection").defer(
        "payload", "receipt", "trace", "item__payload"
    )
    serializer_class = DeliveryShape
    filterset_class = DeliveryFilter
    order = ("-id",)
    place = "flow__workspace"

    @look(AncestorShape, many=True)
    def explain(self, request: Request, uuid: str) -> Response:
        """The ancestry of every value: rule, source field, lookup and link, and who approved."""
        return self.said(AncestorShape, queries.ancestry(self.get_object()), many=True)
