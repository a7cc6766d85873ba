"""Systems that send their records: what the records look like, the records, and what became of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engine.schema.model import FieldType
from engine.schema.registration import NotTaken
from studio.accounts.roles import INGEST, READ
from studio.api.base import Resource, Row, deed, look
from studio.api.exact import ExactJson
from studio.api.models import ApiToken
from studio.api.resources.catalog import SnapshotShape
from studio.api.tokens import SENDERS
from studio.catalog import sending
from studio.catalog.models import Arrival, Connection
from studio.flows.arrivals import outcomes_of

TYPES = [t.value for t in FieldType]


class SourceShape(serializers.ModelSerializer[Connection]):
    """A system that sends its records."""

    arrivals = serializers.SerializerMethodField(help_text="versions of records that were taken")
    registered_at = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = ["uuid", "name", "state", "registered_at", "arrivals", "created_at"]
        read_only_fields = fields

    def get_arrivals(self, row: Connection) -> int:
        """How many versions of records were taken."""
        found = getattr(row, "registration", None)
        return found.arrivals if found else 0

    @extend_schema(responses=OpenApiTypes.DATETIME)
    def get_registered_at(self, row: Connection) -> str | None:
        """When the schema was registered first; null before."""
        found = getattr(row, "registration", None)
        return found.created_at.isoformat() if found else None


class RegisteredField(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="total, customer.email, lines[].price")
    type = serializers.ChoiceField(choices=TYPES)
    label = serializers.CharField(required=False)  # type: ignore[assignment]
    description = serializers.CharField(required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]
    length = serializers.IntegerField(required=False, help_text="most characters of a text")
    scale = serializers.IntegerField(required=False, help_text="most digits after the point")
    enum = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True)),
        required=False,
        help_text="[code, meaning] each",
    )
    references = serializers.CharField(required=False, help_text="entity it points at")


class RegisteredEntity(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField(required=False)  # type: ignore[assignment]
    description = serializers.CharField(required=False)
    keys = serializers.ListField(child=serializers.CharField())
    changed_at = serializers.CharField(
        required=False, help_text="field that says when a record last changed; orders its versions"
    )
    fields = RegisteredField(many=True)  # type: ignore[assignment]


class RegistrationBody(serializers.Serializer[Any]):
    """The format of schema snapshots; what is not said here is ignored."""

    version = serializers.CharField(required=False)
    entities = RegisteredEntity(many=True)


class PushBody(serializers.Serializer[Any]):
    records = serializers.ListField(child=serializers.DictField())


class TakenShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    outcome = serializers.ChoiceField(
        choices=["taken", "known", "late"],
        help_text="known: nothing new was said; late: kept, but a later version was there",
    )
    number = serializers.IntegerField()


class PushedShape(serializers.Serializer[Any]):
    """What became of each record of a batch, in the order sent."""

    taken = serializers.IntegerField()
    known = serializers.IntegerField()
    late = serializers.IntegerField()
    records = TakenShape(many=True)


class _OfSenders(Resource[Row]):
    """Who may read may look; a sender's token sees what is its own and nothing else."""

    source_path: str

    def enter(self) -> None:
        """Senders do not read the rest of the company."""
        if not self.actor.may(INGEST):
            self.actor.require(READ)

    def get_queryset(self) -> QuerySet[Row]:
        """Of the workspace, and of the source that the token is bound to."""
        rows, token = super().get_queryset(), self.request.auth
        if isinstance(token, ApiToken) and token.source_id is not None:
            return rows.filter(**{self.source_path: token.source_id})
        return rows


class Sources(_OfSenders[Connection]):
    """Systems that send their records."""

    queryset = Connection.objects.filter(system__in=SENDERS).select_related("registration")
    serializer_class = SourceShape
    parser_classes = [ExactJson]
    source_path = "pk"

    @look(RegistrationBody, url_path="schema")
    def registered(self, request: Request, uuid: str) -> Response:
        """The schema as it was registered; no entities before that."""
        found = getattr(self.get_object(), "registration", None)
        return Response(found.content if found else {"entities": []})

    @deed(RegistrationBody, SnapshotShape)
    def register(self, request: Request, uuid: str) -> Response:
        """Register the schema, or replace it; the same schema is the same snapshot."""
        row = self.get_object()
        return self.said(SnapshotShape, sending.register(self.actor, row, dict(request.data)))

    @extend_schema(parameters=[OpenApiParameter("entity", OpenApiTypes.STR, OpenApiParameter.PATH)])
    @deed(PushBody, PushedShape, url_path="push/<str:entity>")
    def push(self, request: Request, uuid: str, entity: str) -> Response:
        """Send records: all of the batch are taken, or none."""
        row = self.get_object()
        body: dict[str, Any] = dict(request.data)
        records = body.get("records")
        found = sending.send(self.actor, row, entity, records if isinstance(records, list) else [])
        counts = {
            name: sum(t.outcome == name for t in found) for name in ("taken", "known", "late")
        }
        return self.said(PushedShape, {**counts, "records": found})

    def handle_exception(self, exc: Exception) -> Response:
        """A refused batch leaves its reasons with us, though nothing else of it."""
        if isinstance(exc, NotTaken) and self.action == "push":
            sending.note_refused(self.actor, self.get_object(), self.kwargs["entity"], exc)
        return super().handle_exception(exc)


class OutcomeShape(serializers.Serializer[Any]):
    """What one flow made of it."""

    flow = serializers.CharField()
    state = serializers.CharField()
    why = serializers.CharField(allow_blank=True)
    posted = serializers.ListField(
        child=serializers.CharField(), help_text="numbers of the documents it became"
    )


class ArrivalShape(serializers.ModelSerializer[Arrival]):
    """One version of a record that was taken."""

    source = serializers.UUIDField(source="connection.uuid", read_only=True)  # type: ignore[assignment]
    outcomes = serializers.SerializerMethodField()

    class Meta:
        model = Arrival
        fields = [
            "uuid", "source", "number", "entity", "key", "changed_at", "newest", "by", "created_at", "outcomes",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema(responses=OutcomeShape(many=True))
    def get_outcomes(self, row: Arrival) -> list[dict[str, Any]]:
        """Flow by flow; none where no flow has read it, which only ever reads the newest version."""
        return [
            {"flow": o.flow, "state": o.state, "why": o.why, "posted": list(o.posted)}
            for o in outcomes_of(row)
        ]


class ArrivalFilter(filters.FilterSet):  # type: ignore[misc]
    source = filters.UUIDFilter(field_name="connection__uuid")

    class Meta:
        model = Arrival
        fields = ["entity", "key", "newest"]


class Arrivals(_OfSenders[Arrival]):
    """Versions of records that were sent to us, newest first."""

    queryset = Arrival.objects.select_related("connection")
    serializer_class = ArrivalShape
    filterset_class = ArrivalFilter
    order = ("-id",)
    place = "connection__workspace"
    source_path = "connection"
