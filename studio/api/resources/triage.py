"""The exception queue."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.accounts.models import colleagues
from studio.api.base import Resource, deed, look
from studio.api.resources.mapping import TextBody
from studio.triage import actions
from studio.triage.models import OPEN_STATES, Case, CaseNote
from studio.triage.remedies import Remedy, remedies_for
from studio.triage.ways import ways_for


class CaseNoteShape(serializers.ModelSerializer[CaseNote]):
    asked = serializers.CharField(source="asked.username", read_only=True, allow_null=True)

    class Meta:
        model = CaseNote
        fields = ["uuid", "author", "kind", "text", "asked", "answered_at", "created_at"]
        read_only_fields = fields


class CaseBrief(serializers.ModelSerializer[Case]):
    assignee = serializers.CharField(source="assignee.username", read_only=True, allow_null=True)

    class Meta:
        model = Case
        fields = [
            "uuid", "subject", "code", "case_class", "audience", "severity", "state", "cause",
            "cause_label", "sentence", "record_label", "flow_key", "amount", "currency",
            "base_amount", "base_currency", "document_on", "due_at", "waiting_for",
            "waiting_until", "assignee", "tags", "seen_count", "closed_at", "closed_by", "closed_reason", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class CaseShape(CaseBrief):
    """With its evidence and what was said and tried."""

    notes = CaseNoteShape(many=True, read_only=True)

    class Meta(CaseBrief.Meta):
        fields = [*CaseBrief.Meta.fields, "evidence", "notes"]
        read_only_fields = fields


class ChoiceShape(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    hint = serializers.CharField(allow_blank=True)


class InputShape(serializers.Serializer[Any]):
    name = serializers.CharField()
    words = serializers.CharField()
    kind = serializers.CharField()
    needed = serializers.BooleanField()
    choices = ChoiceShape(many=True)


class RemedyShape(serializers.Serializer[Any]):
    """One button of the case."""

    key = serializers.CharField()
    words = serializers.CharField()
    permission = serializers.CharField()
    allowed = serializers.BooleanField(help_text="whether the caller may press it")
    heals_cause = serializers.BooleanField()
    inputs = InputShape(many=True)


class WayShape(serializers.Serializer[Any]):
    """A page where the cause is put right."""

    words = serializers.CharField()
    about = serializers.CharField()
    address = serializers.CharField(help_text="path of the page in the studio")


class AssignBody(serializers.Serializer[Any]):
    person = serializers.CharField(allow_null=True, help_text="user name; null: back to the queue")


class RemarkBody(TextBody):
    ask = serializers.CharField(
        required=False, allow_null=True, help_text="user name of the colleague it is a question to"
    )


class ApplyBody(serializers.Serializer[Any]):
    remedy = serializers.CharField()
    values = serializers.DictField(child=serializers.CharField(allow_blank=True), default=dict)


class AppliedShape(serializers.Serializer[Any]):
    sentence = serializers.CharField()
    case = CaseBrief()


class CaseFilter(filters.FilterSet):  # type: ignore[misc]
    flow = filters.CharFilter(field_name="flow_key")
    assignee = filters.CharFilter(field_name="assignee__username")
    open = filters.BooleanFilter(method="only_open")

    class Meta:
        model = Case
        fields = ["state", "case_class", "code", "cause", "subject", "severity"]

    def only_open(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(state__in=OPEN_STATES) if value else rows.exclude(state__in=OPEN_STATES)


class Cases(Resource[Case]):
    """Things a person must decide, newest first."""

    queryset = Case.objects.select_related("assignee")
    serializer_class = CaseShape
    brief = CaseBrief
    filterset_class = CaseFilter
    order = ("-id",)

    def get_queryset(self) -> Any:
        """Lists leave the evidence out, details bring the notes."""
        rows = super().get_queryset()
        if self.action == "list":
            return rows.defer("evidence")
        return rows.prefetch_related("notes__asked")

    @deed(RemarkBody, CaseNoteShape)
    def comment(self, request: Request, uuid: str) -> Response:
        """Add a remark, or ask a colleague: it waits for them until they answer."""
        body, case = self.asked(RemarkBody), self.get_object()
        name = body.get("ask")
        ask = get_object_or_404(colleagues(self.workspace), username=name) if name else None
        return self.said(CaseNoteShape, actions.comment(self.actor, case, body["text"], ask=ask))

    @deed(AssignBody, CaseBrief)
    def assign(self, request: Request, uuid: str) -> Response:
        """Give the case to a colleague, or back to the queue."""
        name, case = self.asked(AssignBody)["person"], self.get_object()
        person = get_object_or_404(colleagues(self.workspace), username=name) if name else None
        actions.assign(self.actor, case, person)
        return self.said(CaseBrief, case)

    @look(RemedyShape, many=True)
    def remedies(self, request: Request, uuid: str) -> Response:
        """The buttons of the case, with what each needs."""
        case = self.get_object()
        open_now = case.state in OPEN_STATES
        return Response([self._button(case, r) for r in remedies_for(case) if open_now])

    @look(WayShape, many=True)
    def ways(self, request: Request, uuid: str) -> Response:
        """The pages that lead to the cause of the case, of those the caller can use."""
        case = self.get_object()
        found = ways_for(self.actor, case) if case.state in OPEN_STATES else []
        said = [{"words": w.label, "about": w.about, "address": to} for w, to in found]
        return self.said(WayShape, said, many=True)

    def _button(self, case: Case, one: Remedy) -> dict[str, Any]:
        return {
            "key": one.key,
            "words": one.label,
            "permission": one.permission,
            "allowed": one.allows(self.actor, case),
            "heals_cause": one.heals_cause,
            "inputs": [
                {
                    "name": i.name,
                    "words": i.words(case),
                    "kind": i.kind,
                    "needed": i.required,
                    "choices": [
                        {"value": c.value, "label": c.label, "hint": c.hint}
                        for c in (i.choices(case, "") if i.choices else [])
                    ],
                }
                for i in one.inputs
            ],
        }

    @deed(ApplyBody, AppliedShape)
    def apply(self, request: Request, uuid: str) -> Response:
        """Press a button of the case."""
        body, case = self.asked(ApplyBody), self.get_object()
        sentence = actions.apply_remedy(self.actor, case, body["remedy"], body["values"])
        case.refresh_from_db()
        return self.said(AppliedShape, {"sentence": sentence, "case": case})
