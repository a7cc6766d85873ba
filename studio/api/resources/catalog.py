"""Connections and what was seen of their schemas."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.roles import CONNECT
from studio.api.base import ReasonBody, Resource, deed
from studio.catalog import actions, ending
from studio.catalog.models import Connection, SchemaSnapshot
from studio.catalog.schemas import schema_of


class ConnectionShape(serializers.ModelSerializer[Connection]):
    """A connection without its secrets."""

    class Meta:
        model = Connection
        fields = [
            "uuid", "name", "system", "company", "currency", "state", "network_path",
            "allowed_hours", "limits", "unlocks", "checked_at", "health", "paused_until", "paused_reason",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class SnapshotShape(serializers.ModelSerializer[SchemaSnapshot]):
    """One look at a system."""

    connection = serializers.UUIDField(source="connection.uuid", read_only=True)

    class Meta:
        model = SchemaSnapshot
        fields = [
            "uuid", "connection", "number", "content_hash", "entity_count", "field_count",
            "looked_as", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class EntityShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    fields_count = serializers.IntegerField()


class SnapshotDetail(SnapshotShape):
    """With the names of its entities; ``entities/<name>/`` has their fields."""

    entities = serializers.SerializerMethodField()

    class Meta(SnapshotShape.Meta):
        fields = [*SnapshotShape.Meta.fields, "entities"]
        read_only_fields = fields

    @extend_schema(responses=EntityShape(many=True))
    def get_entities(self, row: SchemaSnapshot) -> list[dict[str, Any]]:
        return [
            {"name": e.name, "label": e.label, "fields_count": len(e.fields)}
            for e in schema_of(row).entities
        ]


class FieldShape(serializers.Serializer[Any]):
    path = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.CharField()
    length = serializers.IntegerField(allow_null=True)
    scale = serializers.IntegerField(allow_null=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    read_only = serializers.BooleanField()  # type: ignore[assignment]
    key = serializers.BooleanField()
    references = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)


class ConnectionFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = Connection
        fields = ["system", "state"]


class SnapshotFilter(filters.FilterSet):  # type: ignore[misc]
    connection = filters.UUIDFilter(field_name="connection__uuid")


class Connections(Resource[Connection]):
    """Connected companies."""

    queryset = Connection.objects.all()
    serializer_class = ConnectionShape
    filterset_class = ConnectionFilter

    @deed(None, ConnectionShape, detached=True)
    def check(self, request: Request, uuid: str) -> Response:
        """Test the connection with a light call; ``health`` says how it went."""
        row = self.get_object()
        self.actor.require(CONNECT)
        actions.check(row)
        row.refresh_from_db()
        return self.said(ConnectionShape, row)

    @deed(ReasonBody, ConnectionShape)
    def disconnect(self, request: Request, uuid: str) -> Response:
        """End it: flows are paused, the vendor is told, the secrets are forgotten."""
        row = self.get_object()
        ending.disconnect(self.actor, row, self.asked(ReasonBody)["reason"])
        return self.said(ConnectionShape, row)

    @deed(None, SnapshotShape, detached=True)
    def introspect(self, request: Request, uuid: str) -> Response:
        """Look at the schema and the code lists; the same picture is the same snapshot."""
        row = self.get_object()
        snapshot = actions.introspect(self.actor, row)
        actions.refresh_codes(row)
        return self.said(SnapshotShape, snapshot)


class Snapshots(Resource[SchemaSnapshot]):
    """Schema snapshots, newest first."""

    queryset = SchemaSnapshot.objects.select_related("connection").defer("content")
    serializer_class = SnapshotDetail
    brief = SnapshotShape
    filterset_class = SnapshotFilter
    order = ("-id",)
    place = "connection__workspace"

    @extend_schema(
        responses=FieldShape(many=True),
        filters=False,
        parameters=[OpenApiParameter("name", OpenApiTypes.STR, OpenApiParameter.PATH)],
    )
    @action(
        detail=True,
        url_path="entities/<str:name>",
        pagination_class=None,
        filter_backends=[],
    )
    def entity(self, request: Request, uuid: str, name: str) -> Response:
        """The fields of one entity."""
        entity = schema_of(self.get_object()).entity(name)
        if entity is None:
            raise Http404
        return Response([_field(one) for one in entity.fields])


def _field(one: Any) -> dict[str, Any]:
    return {
        "path": one.path,
        "label": one.label,
        "type": str(one.type.value),
        "length": one.length,
        "scale": one.scale,
        "required": one.required,
        "read_only": one.read_only,
        "key": one.key,
        "references": one.references,
        "description": one.description,
    }
