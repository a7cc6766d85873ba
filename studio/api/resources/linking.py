"""Records of both sides, candidate pairs, links."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from studio.api.base import ReasonBody, Resource, deed, look
from studio.api.resources.mapping import (
    BudgetShape,
    RemarkShape,
    RiskBody,
    SuggestionShape,
    TextBody,
)
from studio.catalog.models import Connection
from studio.linking import actions
from studio.linking.models import KINDS, Judgement, Link, Pair, Party, RecordNote
from studio.linking.opinions import ask_about, suggestions_on
from studio.linking.queries import OPEN, Narrowing, open_pairs

PAIR_VERDICTS = ["same", "not_a_match", "unsure"]


class PartyShape(serializers.ModelSerializer[Party]):
    connection = serializers.UUIDField(source="connection.uuid", read_only=True)

    class Meta:
        model = Party
        fields = [
            "uuid", "connection", "kind", "key", "code", "label", "data", "active", "money",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


class EndShape(serializers.ModelSerializer[Party]):
    """One side of a pair, short."""

    connection = serializers.UUIDField(source="connection.uuid", read_only=True)

    class Meta:
        model = Party
        fields = ["uuid", "connection", "key", "code", "label", "money"]
        read_only_fields = fields


class PairBrief(serializers.ModelSerializer[Pair]):
    left = EndShape(read_only=True)
    right = EndShape(read_only=True)

    class Meta:
        model = Pair
        fields = [
            "uuid", "kind", "left", "right", "probability", "word", "method", "sentence", "rank",
            "judged", "objection",
        ]  # fmt: skip
        read_only_fields = fields


class PairShape(PairBrief):
    class Meta(PairBrief.Meta):
        fields = [*PairBrief.Meta.fields, "waterfall"]
        read_only_fields = fields


class JudgementShape(serializers.ModelSerializer[Judgement]):
    left = serializers.UUIDField(source="left.uuid", read_only=True)
    right = serializers.UUIDField(source="right.uuid", read_only=True, allow_null=True)

    class Meta:
        model = Judgement
        fields = [
            "uuid", "kind", "left", "right", "verdict", "actor", "role", "probability", "comment",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class LinkShape(serializers.ModelSerializer[Link]):
    left_connection = serializers.UUIDField(source="left_connection.uuid", read_only=True)
    right_connection = serializers.UUIDField(source="right_connection.uuid", read_only=True)

    class Meta:
        model = Link
        fields = [
            "uuid", "kind", "left_connection", "left_code", "left_label", "right_connection",
            "right_key", "right_label", "origin", "decided_by", "active", "retired_reason", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class JudgeBody(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=PAIR_VERDICTS)
    comment = serializers.CharField(default="", allow_blank=True)


class CreateBody(serializers.Serializer[Any]):
    target = serializers.UUIDField(help_text="connection in which the record is missing")
    comment = serializers.CharField(default="", allow_blank=True)


class JudgeManyBody(serializers.Serializer[Any]):
    pairs = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=1000)
    verdict = serializers.ChoiceField(choices=["same", "not_a_match"], default="same")


class WithinBody(RiskBody):
    kind = serializers.ChoiceField(choices=KINDS)
    target = serializers.UUIDField(required=False, help_text="connection; all without")


class AcceptWithinBody(WithinBody):
    told = serializers.CharField(help_text="the token that `surest` answered")


class LeftPair(serializers.Serializer[Any]):
    pair = serializers.UUIDField()
    sentence = serializers.CharField()


class JudgedShape(serializers.Serializer[Any]):
    bulk = serializers.UUIDField()
    sentence = serializers.CharField()
    done = serializers.ListField(child=serializers.UUIDField())
    left = LeftPair(many=True)


def judged_said(result: actions.BulkResult) -> dict[str, Any]:
    """What many judgements came to, as plain data."""
    return {
        "bulk": result.bulk,
        "sentence": result.sentence,
        "done": [pair.uuid for pair in result.done],
        "left": [{"pair": pair.uuid, "sentence": why} for pair, why in result.left],
    }


class UseShape(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    sentence = serializers.CharField()


class PartyFilter(filters.FilterSet):  # type: ignore[misc]
    connection = filters.UUIDFilter(field_name="connection__uuid")
    q = filters.CharFilter(field_name="label", lookup_expr="icontains")

    class Meta:
        model = Party
        fields = ["kind", "code", "key", "active"]


class PairFilter(filters.FilterSet):  # type: ignore[misc]
    target = filters.UUIDFilter(field_name="right__connection__uuid")
    left = filters.UUIDFilter(field_name="left__uuid")
    min_probability = filters.NumberFilter(field_name="probability", lookup_expr="gte")
    open = filters.BooleanFilter(method="only_open", help_text="nobody judged it yet")

    class Meta:
        model = Pair
        fields = ["kind", "judged", "word", "rank"]

    def only_open(self, rows: Any, name: str, value: bool) -> Any:
        return rows.filter(judged="") if value else rows.exclude(judged="")


class LinkFilter(filters.FilterSet):  # type: ignore[misc]
    left_connection = filters.UUIDFilter(field_name="left_connection__uuid")
    right_connection = filters.UUIDFilter(field_name="right_connection__uuid")

    class Meta:
        model = Link
        fields = ["kind", "left_code", "right_key", "active", "origin"]


class Parties(Resource[Party]):
    """Customers, suppliers and items as each connection holds them."""

    queryset = Party.objects.select_related("connection")
    serializer_class = PartyShape
    filterset_class = PartyFilter
    place = "connection__workspace"

    @deed(CreateBody, JudgementShape)
    def create_new(self, request: Request, uuid: str) -> Response:
        """Say that the record is to be created in a target; refused beside a near-twin."""
        body, left = self.asked(CreateBody), self.get_object()
        target = get_object_or_404(Connection, workspace=self.workspace, uuid=body["target"])
        made = actions.judge(
            self.actor, left, None, "create_new", target=target, comment=body["comment"]
        )
        return self.said(JudgementShape, made)


class Pairs(Resource[Pair]):
    """Candidate pairs, with probability and reasons."""

    queryset = Pair.objects.select_related("left__connection", "right__connection")
    serializer_class = PairShape
    brief = PairBrief
    filterset_class = PairFilter
    order = ("-probability", "id")
    place = "left__connection__workspace"

    @deed(JudgeBody, JudgementShape)
    def judge(self, request: Request, uuid: str) -> Response:
        """Same, not a match, or unsure; a link follows from “same”."""
        body, pair = self.asked(JudgeBody), self.get_object()
        made = actions.judge(
            self.actor, pair.left, pair.right, body["verdict"], comment=body["comment"]
        )
        return self.said(JudgementShape, made)

    @deed(None, None, status=202)
    def ask(self, request: Request, uuid: str) -> Response:
        """Have the language model asked which candidate of the record is the same; see `opinion`."""
        ask_about(self.actor, self.get_object())
        return Response(status=202)

    @look(SuggestionShape)
    def opinion(self, request: Request, uuid: str) -> Response:
        """What the language model suggests: the key of a record, `none`, or empty."""
        pair = self.get_object()
        said = suggestions_on(self.workspace, pair.kind, [pair])
        return self.said(SuggestionShape, next(iter(said.values()), {}))

    @deed(JudgeManyBody, JudgedShape, detail=False)
    def judge_many(self, request: Request) -> Response:
        """Judge many open pairs, each with its own audit line; those that were judged meanwhile are named."""
        body = self.asked(JudgeManyBody)
        pairs = self.get_queryset().filter(uuid__in=body["pairs"], judged__in=OPEN)
        return self.said(JudgedShape, judged_said(actions.bulk(self.actor, pairs, body["verdict"])))

    @deed(WithinBody, BudgetShape, detail=False)
    def surest(self, request: Request) -> Response:
        """How many would be linked unseen within a risk, and at which; nothing is linked by asking."""
        body = self.asked(WithinBody)
        return self.said(BudgetShape, actions.budget(self._best(body), body["expected_wrong"]))

    @deed(AcceptWithinBody, JudgedShape, detail=False)
    def accept_within(self, request: Request) -> Response:
        """Link the surest, if they are still what `surest` answered."""
        body = self.asked(AcceptWithinBody)
        done = actions.accept_within(
            self.actor, self._best(body), body["expected_wrong"], told=body["told"]
        )
        return self.said(JudgedShape, judged_said(done))

    def _best(self, body: dict[str, Any]) -> QuerySet[Pair]:
        narrowing = Narrowing(kind=body["kind"], target=str(body.get("target", "")))
        return open_pairs(self.workspace, narrowing)

    @deed(TextBody, RemarkShape)
    def comment(self, request: Request, uuid: str) -> Response:
        """Leave a remark beside the record and its candidates in this target."""
        text, pair = self.asked(TextBody)["text"], self.get_object()
        made = actions.comment(self.actor, pair.left, pair.right.connection, text)
        return self.said(RemarkShape, made)

    @look(RemarkShape, many=True)
    def remarks(self, request: Request, uuid: str) -> Response:
        """What people said beside the record and its candidates in this target."""
        pair = self.get_object()
        notes = RecordNote.objects.filter(left=pair.left, target=pair.right.connection)
        return self.said(RemarkShape, notes, many=True)

    @deed(None, JudgementShape(many=True), detail=False)
    def undo(self, request: Request) -> Response:
        """Take back the caller's last judgement (with its bulk)."""
        return self.said(JudgementShape, actions.undo_last(self.actor), many=True)


class Links(Resource[Link]):
    """Cross-references; retired ones stay, with the reason."""

    queryset = Link.objects.select_related("left_connection", "right_connection")
    serializer_class = LinkShape
    filterset_class = LinkFilter

    @look(UseShape, many=True)
    def consequences(self, request: Request, uuid: str) -> Response:
        """What unlinking would touch."""
        return self.said(UseShape, actions.consequences(self.get_object()), many=True)

    @deed(ReasonBody, LinkShape)
    def unlink(self, request: Request, uuid: str) -> Response:
        """Break the link; what was posted through it stays posted."""
        reason, link = self.asked(ReasonBody)["reason"], self.get_object()
        done = actions.unlink(self.actor, link, reason=reason)
        done.refresh_from_db()
        return self.said(LinkShape, done)
