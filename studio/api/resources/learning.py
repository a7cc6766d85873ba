"""Second looks, and what was learned from decisions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.api.base import Resource, deed, look
from studio.learning import actions
from studio.learning.models import Calibration, Repeat
from studio.learning.queries import to_ask
from studio.learning.sources import SOURCES, Question


class RepeatShape(serializers.ModelSerializer[Repeat]):
    """Who decided what is told once the second answer is given."""

    first = serializers.SerializerMethodField()
    decided_by = serializers.SerializerMethodField()

    class Meta:
        model = Repeat
        fields = [
            "uuid", "kind", "label", "due_at", "answer", "answered_by", "answered_at", "agrees",
            "first", "decided_by", "settled", "settled_by", "reason",
        ]  # fmt: skip
        read_only_fields = fields

    def get_first(self, repeat: Repeat) -> str:
        """The answer that stands; empty before the second is given."""
        return repeat.first if repeat.answered_at else ""

    def get_decided_by(self, repeat: Repeat) -> str:
        """Who gave it; empty before the second is given."""
        return repeat.decided_by if repeat.answered_at else ""


class OptionShape(serializers.Serializer[Any]):
    value = serializers.CharField()
    words = serializers.CharField()
    hint = serializers.CharField()


class QuestionShape(serializers.Serializer[Any]):
    title = serializers.CharField()
    words = serializers.CharField()
    facts = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    options = OptionShape(many=True)


class AnswerBody(serializers.Serializer[Any]):
    answer = serializers.CharField(help_text="the value of one of the question's options")
    comment = serializers.CharField(default="", allow_blank=True)


class SettleBody(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=["kept", "taken_back"])
    reason = serializers.CharField()


class RepeatFilter(filters.FilterSet):  # type: ignore[misc]
    mine = filters.BooleanFilter(method="only_mine", help_text="the caller may answer it now")

    class Meta:
        model = Repeat
        fields = ["kind", "agrees", "settled"]

    def only_mine(self, rows: QuerySet[Repeat], name: str, value: bool) -> QuerySet[Repeat]:
        """What the caller may be asked, or all the rest."""
        view = self.request.parser_context["view"]
        mine = to_ask(view.actor, view.workspace).values("pk")
        return rows.filter(pk__in=mine) if value else rows.exclude(pk__in=mine)


class SecondLooks(Resource[Repeat]):
    """Decisions that are asked again; the earlier answer is hidden until the second is given."""

    queryset = Repeat.objects.filter(withdrawn_at__isnull=True).select_related("workspace")
    serializer_class = RepeatShape
    filterset_class = RepeatFilter

    @look(QuestionShape)
    def question(self, request: Request, uuid: str) -> Response:
        """What is asked, without score or reason."""
        repeat = self.get_object()
        asked = SOURCES.of(repeat.kind).question(repeat.decision)
        return self.said(QuestionShape, asked or Question(repeat.label, "", ()))

    @deed(AnswerBody, RepeatShape)
    def answer(self, request: Request, uuid: str) -> Response:
        """Give the second answer; it changes no decision."""
        body = self.asked(AnswerBody)
        done = actions.answer(
            self.actor, self.get_object(), body["answer"], comment=body["comment"]
        )
        return self.said(RepeatShape, done)

    @deed(SettleBody, RepeatShape)
    def settle(self, request: Request, uuid: str) -> Response:
        """The third look where two differ: keep what stands, or take it back."""
        body = self.asked(SettleBody)
        done = actions.settle(self.actor, self.get_object(), body["verdict"], reason=body["reason"])
        return self.said(RepeatShape, done)


class CalibrationShape(serializers.ModelSerializer[Calibration]):
    """A version with its figures before and after, on judgements it did not see."""

    class Meta:
        model = Calibration
        fields = [
            "uuid", "kind", "environment", "number", "form", "content", "labels", "right", "before",
            "after", "gain", "doubt", "state", "put_by", "ended_by", "ended_at", "reason",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class WhyBody(serializers.Serializer[Any]):
    reason = serializers.CharField()


class CalibrationFilter(filters.FilterSet):  # type: ignore[misc]
    class Meta:
        model = Calibration
        fields = ["kind", "state", "environment"]


class Calibrations(Resource[Calibration]):
    """What the workspace's decisions taught; open proposals follow within seconds of a change."""

    queryset = Calibration.objects.select_related("workspace")
    serializer_class = CalibrationShape
    filterset_class = CalibrationFilter

    @deed(WhyBody, CalibrationShape)
    def take_back(self, request: Request, uuid: str) -> Response:
        """End it; what was shipped is in force again. Decisions stay as they are."""
        reason = self.asked(WhyBody)["reason"]
        return self.said(
            CalibrationShape, actions.take_back(self.actor, self.get_object(), reason=reason)
        )

    @deed(None, CalibrationShape)
    def put_back(self, request: Request, uuid: str) -> Response:
        """Put it in force again, in place of the present one."""
        return self.said(CalibrationShape, actions.put_back(self.actor, self.get_object()))
