"""Mappings, their rows and decisions, publication, lookup tables."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engine.errors import MappingRefused
from studio.api.base import Resource, deed, look
from studio.api.problems import ProblemPart, RefusedMapping
from studio.core.refused import DecisionRefused
from studio.mapping import actions
from studio.mapping.models import (
    Decision,
    LookupRow,
    LookupTable,
    Mapping,
    MappingRow,
    MappingVersion,
    ValueProposal,
)
from studio.mapping.opinions import ask_about, suggestions_on
from studio.mapping.queries import budget_size, mappings_of
from studio.mapping.risk import UNCONFIRMED, who_must_look

VERDICTS = ["approved", "rejected", "do_not_map"]


class MappingShape(serializers.ModelSerializer[Mapping]):
    """A mapping with how far its review is."""

    connection = serializers.UUIDField(source="connection.uuid", read_only=True)
    rows_count = serializers.IntegerField(read_only=True)
    open_count = serializers.IntegerField(read_only=True)
    approved_count = serializers.IntegerField(read_only=True)
    required_open = serializers.IntegerField(read_only=True)
    unconfirmed_count = serializers.IntegerField(read_only=True)
    returned_count = serializers.IntegerField(read_only=True)
    version_number = serializers.IntegerField(read_only=True, allow_null=True)

    class Meta:
        model = Mapping
        fields = [
            "uuid", "connection", "direction", "entity", "document", "proposed_at", "rows_count",
            "open_count", "approved_count", "required_open", "unconfirmed_count", "returned_count",
            "version_number", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class VersionShape(serializers.ModelSerializer[MappingVersion]):
    class Meta:
        model = MappingVersion
        fields = ["uuid", "number", "content_hash", "published_by", "note", "created_at"]
        read_only_fields = fields


class RowBrief(serializers.ModelSerializer[MappingRow]):
    """A row as lists show it."""

    mapping = serializers.UUIDField(source="mapping.uuid", read_only=True)
    waits_for = serializers.SerializerMethodField()

    def get_waits_for(self, row: MappingRow) -> str:
        """Who has to confirm what is approved, in a sentence; empty where nobody has to."""
        return who_must_look(row)

    class Meta:
        model = MappingRow
        fields = [
            "uuid", "mapping", "position", "block", "target_path", "alternative", "target_label",
            "target_type", "required", "state", "expression", "condition", "confirm_lossy",
            "confidence", "method", "decided_by", "decided_at", "reason", "risk", "seconded_by",
            "seconded_at", "waits_for", "sent_back_by", "sent_back_at", "revision", "objection",
        ]  # fmt: skip
        read_only_fields = fields


class RowShape(RowBrief):
    """With its candidates: expression, confidence, method, sentence, waterfall."""

    class Meta(RowBrief.Meta):
        fields = [*RowBrief.Meta.fields, "candidates"]
        read_only_fields = fields


class DecisionShape(serializers.ModelSerializer[Decision]):
    row = serializers.UUIDField(source="row.uuid", read_only=True)

    class Meta:
        model = Decision
        fields = [
            "uuid", "row", "actor", "role", "verdict", "before", "after", "method", "confidence",
            "evidence", "comment", "bulk", "seconded_by", "seconded_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class DecideBody(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    candidate = serializers.IntegerField(required=False, min_value=0, help_text="counts from 0")
    expression = serializers.CharField(required=False)
    condition = serializers.CharField(required=False, allow_blank=True)
    confirm_lossy = serializers.BooleanField(default=False)
    reason = serializers.CharField(default="", allow_blank=True)
    comment = serializers.CharField(default="", allow_blank=True)
    revision = serializers.IntegerField(required=False, help_text="as read; refused when it moved")


class SuggestionShape(serializers.Serializer[Any]):
    """A suggestion, with what it is worth by the model's record in this workspace."""

    answer = serializers.CharField(default="", help_text="what it chose, `none`, or empty")
    reason = serializers.CharField(default="")
    rate = serializers.FloatField(default=0.5)
    asked = serializers.IntegerField(default=0)
    right = serializers.IntegerField(default=0)
    weight = serializers.FloatField(default=0.0, help_text="log-odds that it moves")
    model = serializers.CharField(default="")


class ConfirmBody(serializers.Serializer[Any]):
    revision = serializers.IntegerField(required=False, help_text="as read; refused when it moved")


class SendBackBody(ConfirmBody):
    reason = serializers.CharField(help_text="read by who approved it")


class SeenRow(serializers.Serializer[Any]):
    row = serializers.UUIDField()
    revision = serializers.IntegerField(required=False)


class ConfirmManyBody(serializers.Serializer[Any]):
    rows = serializers.ListField(child=SeenRow(), allow_empty=False, max_length=1000)


class SendBackManyBody(ConfirmManyBody):
    reason = serializers.CharField()


class BulkRow(SeenRow):
    candidate = serializers.IntegerField(required=False, min_value=0)


class BulkBody(serializers.Serializer[Any]):
    rows = serializers.ListField(child=BulkRow(), allow_empty=False, max_length=1000)
    verdict = serializers.ChoiceField(choices=VERDICTS, default="approved")
    reason = serializers.CharField(default="", allow_blank=True)


class RiskBody(serializers.Serializer[Any]):
    expected_wrong = serializers.FloatField(min_value=0, max_value=100)


class ToldRiskBody(RiskBody):
    told = serializers.CharField(help_text="the token that `surest` answered")


class BudgetShape(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="how many would be taken")
    risk = serializers.FloatField(help_text="wrong ones expected among all that nobody looked at")
    token = serializers.CharField()
    left = serializers.CharField(
        help_text="how many sure ones are left to people and why; may be empty"
    )


class LeftRow(serializers.Serializer[Any]):
    row = serializers.UUIDField()
    sentence = serializers.CharField()


class BulkShape(serializers.Serializer[Any]):
    bulk = serializers.UUIDField()
    sentence = serializers.CharField()
    done = serializers.ListField(child=serializers.UUIDField())
    left = LeftRow(many=True)


class UndoBody(serializers.Serializer[Any]):
    bulk = serializers.UUIDField(required=False, help_text="without: the caller's last decision")


class NoteBody(serializers.Serializer[Any]):
    note = serializers.CharField(default="", allow_blank=True)


class TextBody(serializers.Serializer[Any]):
    text = serializers.CharField()


class LaterBody(serializers.Serializer[Any]):
    back = serializers.BooleanField(default=False, help_text="take it back to its place")


class LaterShape(serializers.Serializer[Any]):
    later = serializers.BooleanField(help_text="whether it stands last on the caller's list now")
    changed = serializers.BooleanField()


class RemarkShape(serializers.Serializer[Any]):
    uuid = serializers.UUIDField()
    author = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class MappingFilter(filters.FilterSet):  # type: ignore[misc]
    connection = filters.UUIDFilter(field_name="connection__uuid")

    class Meta:
        model = Mapping
        fields = ["direction", "entity", "document"]


class RowFilter(filters.FilterSet):  # type: ignore[misc]
    mapping = filters.UUIDFilter(field_name="mapping__uuid")
    min_confidence = filters.NumberFilter(field_name="confidence", lookup_expr="gte")
    max_confidence = filters.NumberFilter(field_name="confidence", lookup_expr="lt")
    unconfirmed = filters.BooleanFilter(
        method="only_unconfirmed", label="approved, decides money, and nobody else confirmed it"
    )

    def only_unconfirmed(
        self, rows: QuerySet[MappingRow], _name: str, wanted: bool
    ) -> QuerySet[MappingRow]:
        """Rows that wait for a second person, or the others."""
        return rows.filter(UNCONFIRMED) if wanted else rows.exclude(UNCONFIRMED)

    class Meta:
        model = MappingRow
        fields = ["state", "required", "method", "target_path"]


class Mappings(Resource[Mapping]):
    """Mappings between a system's entity and a canonical document."""

    queryset = Mapping.objects.all()
    serializer_class = MappingShape
    filterset_class = MappingFilter

    def get_queryset(self) -> QuerySet[Mapping]:
        """With the counts of the review."""
        if getattr(self, "swagger_fake_view", False):
            return Mapping.objects.none()
        return mappings_of(self.workspace)

    @look(ProblemPart, many=True)
    def refusals(self, request: Request, uuid: str) -> Response:
        """Why it could not be published now; empty when it can."""
        return Response(_reasons(self.get_object()))

    @deed(NoteBody, VersionShape)
    def publish(self, request: Request, uuid: str) -> Response:
        """Publish what is approved; 409 with every reason when it cannot be."""
        mapping = self.get_object()
        note = self.asked(NoteBody)["note"]
        try:
            version = actions.publish(self.actor, mapping, note=note)
        except MappingRefused as refusal:
            raise RefusedMapping(_reasons(mapping)) from refusal
        return self.said(VersionShape, version)

    @deed(BulkBody, BulkShape)
    def bulk(self, request: Request, uuid: str) -> Response:
        """Decide many rows, each with its own audit line; those that lost a race are named."""
        body = self.asked(BulkBody)
        said = {one["row"]: one for one in body["rows"]}
        rows = list(_rows(self.get_object()).filter(uuid__in=said))
        result = actions.bulk(
            self.actor,
            rows,
            verdict=body["verdict"],
            reason=body["reason"],
            revisions={r.pk: n for r in rows if (n := said[r.uuid].get("revision")) is not None},
            candidates={r.pk: n for r in rows if (n := said[r.uuid].get("candidate")) is not None},
        )
        return self.said(BulkShape, bulk_said(result))

    @deed(ConfirmManyBody, BulkShape)
    def confirm(self, request: Request, uuid: str) -> Response:
        """Be the second person on many rows, each with its own audit line; what is left is named."""
        said = {one["row"]: one.get("revision") for one in self.asked(ConfirmManyBody)["rows"]}
        rows = list(_rows(self.get_object()).filter(uuid__in=said))
        seen = {r.pk: n for r in rows if (n := said[r.uuid]) is not None}
        return self.said(BulkShape, bulk_said(actions.confirm_many(self.actor, rows, seen)))

    @deed(SendBackManyBody, BulkShape)
    def send_back(self, request: Request, uuid: str) -> Response:
        """Send many rows back as the second person, with one reason; what is left is named."""
        body = self.asked(SendBackManyBody)
        said = {one["row"]: one.get("revision") for one in body["rows"]}
        rows = list(_rows(self.get_object()).filter(uuid__in=said))
        seen = {r.pk: n for r in rows if (n := said[r.uuid]) is not None}
        done = actions.send_back_many(self.actor, rows, body["reason"], seen)
        return self.said(BulkShape, bulk_said(done))

    @deed(RiskBody, BudgetShape)
    def surest(self, request: Request, uuid: str) -> Response:
        """How many rows would be accepted unseen within a risk, and at which; nothing is accepted by asking."""
        allowed = self.asked(RiskBody)["expected_wrong"]
        return self.said(BudgetShape, budget_size(self.get_object(), allowed))

    @deed(ToldRiskBody, BulkShape)
    def accept_within(self, request: Request, uuid: str) -> Response:
        """Accept the surest open rows, if they are still what `surest` answered."""
        body, rows = self.asked(ToldRiskBody), _rows(self.get_object()).filter(state="open")
        done = actions.accept_within(self.actor, rows, body["expected_wrong"], told=body["told"])
        return self.said(BulkShape, bulk_said(done))

    @deed(UndoBody, DecisionShape(many=True))
    def undo(self, request: Request, uuid: str) -> Response:
        """Take back a bulk, or the caller's last decision on this mapping."""
        mapping = self.get_object()
        bulk = self.asked(UndoBody).get("bulk")
        if bulk is None:
            done = actions.undo_last(self.actor, mapping)
        elif Decision.objects.filter(bulk=bulk).exclude(row__mapping=mapping).exists():
            raise DecisionRefused("This bulk decision reaches beyond the mapping.")
        else:
            done = actions.undo_bulk(self.actor, bulk)
        return self.said(DecisionShape, done, many=True)


def _rows(mapping: Mapping) -> QuerySet[MappingRow]:
    return mapping.rows.select_related("mapping")


def _reasons(mapping: Mapping) -> list[dict[str, str]]:
    return [
        {"place": r.place, "sentence": r.sentence, "fix": r.fix, "target": r.target}
        for r in actions.refusals(mapping)
    ]


def bulk_said(result: actions.BulkResult[Any]) -> dict[str, Any]:
    """A bulk result as plain data."""
    return {
        "bulk": result.bulk,
        "sentence": result.sentence,
        "done": [row.uuid for row in result.done],
        "left": [{"row": row.uuid, "sentence": why} for row, why in result.left],
    }


class Rows(Resource[MappingRow]):
    """Rows of mappings: one target field each."""

    queryset = MappingRow.objects.select_related("mapping__workspace")
    serializer_class = RowShape
    brief = RowBrief
    filterset_class = RowFilter
    place = "mapping__workspace"

    def get_queryset(self) -> QuerySet[MappingRow]:
        """Lists leave the candidates out."""
        rows = super().get_queryset()
        return rows.defer("candidates") if self.action == "list" else rows

    @deed(DecideBody, DecisionShape)
    def decide(self, request: Request, uuid: str) -> Response:
        """Approve a candidate or an expression, reject, or do not map."""
        body = self.asked(DecideBody)
        verdict = body.pop("verdict")
        return self.said(
            DecisionShape, actions.decide(self.actor, self.get_object(), verdict, **body)
        )

    @deed(TextBody, RemarkShape)
    def comment(self, request: Request, uuid: str) -> Response:
        """Leave a remark beside the row."""
        text = self.asked(TextBody)["text"]
        return self.said(RemarkShape, actions.comment(self.actor, self.get_object(), text))

    @deed(LaterBody, LaterShape)
    def later(self, request: Request, uuid: str) -> Response:
        """Show the row last on the caller's own list, or (`back`) in its place again."""
        back = self.asked(LaterBody)["back"]
        changed = actions.put_off(self.actor, self.get_object(), back=back)
        return self.said(LaterShape, {"later": not back, "changed": changed})

    @deed(None, None, status=202)
    def ask(self, request: Request, uuid: str) -> Response:
        """Have the language model asked about an open row; see `opinion` a few seconds later."""
        ask_about(self.actor, self.get_object())
        return Response(status=202)

    @look(SuggestionShape)
    def opinion(self, request: Request, uuid: str) -> Response:
        """What the language model suggests; `answer` is empty where it was not asked or said nothing."""
        row = self.get_object()
        return self.said(SuggestionShape, suggestions_on([row]).get(row.uuid) or {})

    @deed(ConfirmBody, RowShape)
    def confirm(self, request: Request, uuid: str) -> Response:
        """Be the second person on a field that decides money; refused to who approved it."""
        revision = self.asked(ConfirmBody).get("revision")
        return self.said(
            RowShape, actions.confirm(self.actor, self.get_object(), revision=revision)
        )

    @deed(SendBackBody, RowShape)
    def send_back(self, request: Request, uuid: str) -> Response:
        """Disagree as the second person: the row is open again with its candidates and the reason."""
        body, row = self.asked(SendBackBody), self.get_object()
        actions.send_back(self.actor, row, body["reason"], revision=body.get("revision"))
        return self.said(RowShape, row)

    @deed(None, DecisionShape)
    def undo(self, request: Request, uuid: str) -> Response:
        """Take back the decision in force."""
        standing = self.get_object().decisions.filter(undo_of=None, undone_by=None)
        last = standing.select_related("row__mapping").first()
        if last is None:
            raise DecisionRefused("Nothing is decided here.")
        return self.said(DecisionShape, actions.undo(self.actor, last))

    @look(RemarkShape, many=True)
    def remarks(self, request: Request, uuid: str) -> Response:
        """What people said beside the row."""
        return self.said(RemarkShape, self.get_object().notes.all(), many=True)

    @look(DecisionShape, many=True)
    def decisions(self, request: Request, uuid: str) -> Response:
        """Who decided what, when and on which evidence; the newest 100."""
        rows = self.get_object().decisions.select_related("row")[:100]
        return self.said(DecisionShape, rows, many=True)


class TableShape(serializers.ModelSerializer[LookupTable]):
    connection = serializers.UUIDField(source="connection.uuid", read_only=True)

    class Meta:
        model = LookupTable
        fields = ["uuid", "connection", "name", "label", "code_kind", "description"]
        read_only_fields = fields


class LookupRowShape(serializers.ModelSerializer[LookupRow]):
    table = serializers.UUIDField(source="table.uuid", read_only=True)

    class Meta:
        model = LookupRow
        fields = [
            "uuid", "table", "source", "source_label", "target", "target_label", "valid_from",
            "valid_to", "note", "decided_by", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields


# What is said where a tax code of another rate is chosen.
AWARE = "that a tax code of another rate is meant; refused without"


class AddRowBody(serializers.Serializer[Any]):
    source = serializers.CharField(max_length=120)  # type: ignore[assignment]
    target = serializers.CharField(max_length=120)
    target_label = serializers.CharField(default="", allow_blank=True, max_length=200)
    aware = serializers.BooleanField(default=False, help_text=AWARE)


class TableFilter(filters.FilterSet):  # type: ignore[misc]
    connection = filters.UUIDFilter(field_name="connection__uuid")

    class Meta:
        model = LookupTable
        fields = ["name", "code_kind"]


class LookupRowFilter(filters.FilterSet):  # type: ignore[misc]
    table = filters.UUIDFilter(field_name="table__uuid")

    class Meta:
        model = LookupRow
        fields = ["source", "target"]


class LookupTables(Resource[LookupTable]):
    """Code translations."""

    queryset = LookupTable.objects.select_related("connection")
    serializer_class = TableShape
    filterset_class = TableFilter

    @deed(AddRowBody, LookupRowShape)
    def add(self, request: Request, uuid: str) -> Response:
        """Add (or change) the open-ended translation of one code."""
        body, table = self.asked(AddRowBody), self.get_object()
        row = actions.add_lookup_row(
            self.actor,
            table,
            body["source"],
            body["target"],
            target_label=body["target_label"],
            aware=body["aware"],
        )
        return self.said(LookupRowShape, row)


class LookupRows(Resource[LookupRow]):
    """Rows of lookup tables."""

    queryset = LookupRow.objects.select_related("table")
    serializer_class = LookupRowShape
    filterset_class = LookupRowFilter
    place = "table__workspace"


class ValueBrief(serializers.ModelSerializer[ValueProposal]):
    """A code that was seen, as lists show it."""

    table = serializers.UUIDField(source="table.uuid", read_only=True)

    class Meta:
        model = ValueProposal
        fields = [
            "uuid", "table", "source", "source_label", "count", "confidence", "state", "chosen",
            "decided_by", "decided_at", "reason", "bulk", "revision",
        ]  # fmt: skip
        read_only_fields = fields


class ValueShape(ValueBrief):
    """With its candidates: key, label, confidence, method, sentence, waterfall."""

    class Meta(ValueBrief.Meta):
        fields = [*ValueBrief.Meta.fields, "candidates"]
        read_only_fields = fields


class DecideValueBody(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    candidate = serializers.IntegerField(required=False, min_value=0, help_text="counts from 0")
    target = serializers.CharField(default="", allow_blank=True, help_text="any key of the list")
    reason = serializers.CharField(default="", allow_blank=True)
    revision = serializers.IntegerField(required=False, help_text="as read; refused when it moved")
    aware = serializers.BooleanField(default=False, help_text=AWARE)


class AcceptedValue(serializers.Serializer[Any]):
    value = serializers.UUIDField()
    revision = serializers.IntegerField(required=False)


class AcceptValuesBody(serializers.Serializer[Any]):
    values = serializers.ListField(child=AcceptedValue(), allow_empty=False, max_length=1000)


class UndoneShape(serializers.Serializer[Any]):
    sources = serializers.ListField(child=serializers.CharField())


class ValueFilter(filters.FilterSet):  # type: ignore[misc]
    table = filters.UUIDFilter(field_name="table__uuid")
    min_confidence = filters.NumberFilter(field_name="confidence", lookup_expr="gte")

    class Meta:
        model = ValueProposal
        fields = ["state", "source"]


class Values(Resource[ValueProposal]):
    """Codes that were seen, and what they may be called at the target."""

    queryset = ValueProposal.objects.select_related("table__connection", "row")
    serializer_class = ValueShape
    brief = ValueBrief
    filterset_class = ValueFilter
    place = "table__workspace"

    @deed(DecideValueBody, ValueShape)
    def decide(self, request: Request, uuid: str) -> Response:
        """Approve a candidate or any target code, reject, or say that it is never translated."""
        body = self.asked(DecideValueBody)
        choice = actions.ValueChoice(
            body.get("candidate"), body["target"], body["reason"], body["aware"]
        )
        done = actions.decide_value(
            self.actor, self.get_object(), body["verdict"], choice, revision=body.get("revision")
        )
        return self.said(ValueShape, done)

    @deed(AcceptValuesBody, BulkShape, detail=False)
    def accept(self, request: Request) -> Response:
        """Accept the best candidate of many codes, each with its own audit line."""
        said = {one["value"]: one for one in self.asked(AcceptValuesBody)["values"]}
        rows = list(self.get_queryset().filter(uuid__in=said))
        seen = {r.pk: n for r in rows if (n := said[r.uuid].get("revision")) is not None}
        return self.said(BulkShape, bulk_said(actions.accept_values(self.actor, rows, seen)))

    @deed(UndoBody, UndoneShape, detail=False)
    def take_back(self, request: Request) -> Response:
        """Take back what stands of a bulk, or the caller's last decision with its bulk."""
        bulk = self.asked(UndoBody).get("bulk")
        rows = self.get_queryset()
        done = (
            actions.undo_values(self.actor, rows, bulk)
            if bulk
            else actions.undo_last_value(self.actor, rows)
        )
        return self.said(UndoneShape, {"sources": done})

    @deed(ConfirmBody, ValueShape)
    def confirm(self, request: Request, uuid: str) -> Response:
        """Be the second person on what a code of tax or accounts means; refused to who said it."""
        revision = self.asked(ConfirmBody).get("revision")
        return self.said(
            ValueShape, actions.confirm_value(self.actor, self.get_object(), revision=revision)
        )

    @deed(None, ValueShape)
    def undo(self, request: Request, uuid: str) -> Response:
        """Take back what is decided about one code; its lookup row goes, its history stays."""
        return self.said(ValueShape, actions.undo_value(self.actor, self.get_object()))

    @deed(TextBody, RemarkShape)
    def comment(self, request: Request, uuid: str) -> Response:
        """Leave a remark beside the code."""
        text = self.asked(TextBody)["text"]
        return self.said(RemarkShape, actions.comment_value(self.actor, self.get_object(), text))

    @deed(LaterBody, LaterShape)
    def later(self, request: Request, uuid: str) -> Response:
        """Show the code last on the caller's own list, or (`back`) in its place again."""
        back = self.asked(LaterBody)["back"]
        changed = actions.put_off(self.actor, self.get_object(), back=back)
        return self.said(LaterShape, {"later": not back, "changed": changed})

    @look(RemarkShape, many=True)
    def remarks(self, request: Request, uuid: str) -> Response:
        """What people said beside the code."""
        return self.said(RemarkShape, self.get_object().notes.all(), many=True)
