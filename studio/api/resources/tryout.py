"""Trials: two files of a caller's own, matched by a worker before anything is connected."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.roles import MATCH
from studio.api.base import Resource, deed
from studio.api.paging import KeysetPagination
from studio.core.templatetags.studio import BANDS
from studio.tryout import actions, results
from studio.tryout.forms import TryForm
from studio.tryout.models import KINDS, SIDES, Finding, Trial
from studio.tryout.work import NONE

WORDS = [*(style for *_rest, style in BANDS), NONE]


class TrialShape(serializers.ModelSerializer[Trial]):
    """How far it is; ``counts`` and ``result`` once it is done."""

    goes_at = serializers.DateTimeField(read_only=True, help_text="when it is deleted by itself")
    seconds_left = serializers.IntegerField(read_only=True, allow_null=True)
    result = serializers.SerializerMethodField(help_text="address of everything as a file")

    class Meta:
        model = Trial
        fields = [
            "uuid", "kind", "left_name", "right_name", "asked_by", "state", "step", "share", "seconds_left",
            "error", "counts", "result", "created_at", "finished_at", "goes_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_result(self, row: Trial) -> str | None:
        """None while there is nothing to be had."""
        if row.state != "done":
            return None
        address = reverse("api:trials-result", args=[row.uuid])
        return str(self.context["request"].build_absolute_uri(address))


class TrialBody(serializers.Serializer[Any]):
    """Two files, looked into as the page does it."""

    kind = serializers.ChoiceField(choices=KINDS)
    left = serializers.FileField(
        allow_empty_file=True, help_text="export or, for fields, schema to take from"
    )
    right = serializers.FileField(
        allow_empty_file=True, help_text="export or, for fields, schema to fill"
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """What cannot be tried is refused at its own field."""
        form = TryForm({"kind": given["kind"]}, {side: given[side] for side in SIDES})
        if not form.is_valid():
            raise serializers.ValidationError(
                {k: [str(said) for said in v] for k, v in form.errors.items()}
            )
        return {"kind": given["kind"], "sides": form.sides()}


class TrialPairShape(serializers.Serializer[Any]):
    """Two records that may be the same."""

    position = serializers.IntegerField()
    left_key = serializers.CharField()
    left_name = serializers.CharField()
    right_key = serializers.CharField()
    right_name = serializers.CharField()
    probability = serializers.FloatField()
    word = serializers.CharField()
    method = serializers.CharField()
    sentence = serializers.CharField()


class TrialCandidateShape(serializers.Serializer[Any]):
    """What may fill a field."""

    source_entity = serializers.CharField()
    source_field = serializers.CharField()
    confidence = serializers.FloatField()
    word = serializers.CharField()
    method = serializers.CharField()
    sentence = serializers.CharField()
    expression = serializers.CharField()


class TrialFieldShape(serializers.Serializer[Any]):
    """A target field; ``reason`` says why nothing is proposed."""

    position = serializers.IntegerField()
    target_entity = serializers.CharField()
    target_field = serializers.CharField()
    candidates = TrialCandidateShape(many=True)
    reason = serializers.CharField()


class TrialFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = Trial
        fields = ["kind", "state"]


class FileRenderer(JSONRenderer):
    """A file goes as it is, whatever the caller would accept; a refusal stays JSON."""

    media_type = "*/*"


class Trials(Resource[Trial]):
    """Trials, newest first. ``trials/start`` sends two files; look at the answer until its state is “done”."""

    queryset = Trial.objects.all()
    serializer_class = TrialShape
    filterset_class = TrialFilter
    order = ("-id",)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What somebody sent to try is shown to who may try."""
        super().initial(request, *args, **kwargs)
        self.actor.require(MATCH)

    @deed({"multipart/form-data": TrialBody}, TrialShape, detail=False, status=202)
    def start(self, request: Request) -> Response:
        """Send two files and have a worker match them."""
        body = self.asked(TrialBody)
        made = actions.start(self.actor, self.workspace, body["kind"], *body["sides"])
        return Response(self.get_serializer(made).data, status=202)

    @extend_schema(
        responses=PolymorphicProxySerializer(
            component_name="TrialFinding",
            serializers=[TrialPairShape, TrialFieldShape],
            resource_type_field_name=None,
            many=True,
        ),
        parameters=[
            OpenApiParameter(
                "band",
                OpenApiTypes.STR,
                enum=WORDS,
                description="word of the confidence; “none”: fields for which nothing is proposed",
            )
        ],
        filters=False,
    )
    @action(detail=True, methods=["get"], filter_backends=[])
    def findings(self, request: Request, uuid: str) -> Response:
        """Pairs, or fields with their candidates, page by page; none before it is done."""
        trial = self.get_object()
        rows = Finding.objects.filter(trial=trial, trial__state="done")
        band = request.query_params.get("band")
        if band:
            if band not in WORDS:
                raise ValidationError(_("“%(band)s” is no band of a finding.") % {"band": band})
            rows = rows.filter(band=band)
        self.order = ("position",)
        pager = KeysetPagination()
        page = pager.paginate_queryset(rows, request, self)
        if trial.of_fields:
            shown = TrialFieldShape([results.field(row) for row in page], many=True).data
        else:
            shown = TrialPairShape([results.pair(row) for row in page], many=True).data
        return pager.get_paginated_response(shown)

    @extend_schema(
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "application/jsonl"): OpenApiTypes.STR,
        },
        filters=False,
    )
    @action(
        detail=True, methods=["get"], filter_backends=[], pagination_class=None,
        renderer_classes=[FileRenderer],
    )  # fmt: skip
    def result(self, request: Request, uuid: str) -> StreamingHttpResponse:
        """Everything as a file: pairs as CSV, fields as JSON lines."""
        return results.download(self.get_object())

    @deed(None, None, status=204)
    def remove(self, request: Request, uuid: str) -> Response:
        """Remove it with its files and its result."""
        actions.delete(self.actor, self.get_object())
        return Response(status=204)
