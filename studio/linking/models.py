"""Which records are the same: records of both sides, candidate pairs, judgements, links."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.models import Base

KINDS = [("customer", "Customers"), ("supplier", "Suppliers"), ("item", "Items")]
VERDICTS = [
    ("same", "Same"),
    ("not_a_match", "Not a match"),
    ("create_new", "Create new"),
    ("unsure", "Unsure"),
]


class Party(Base):
    """A customer, supplier or item as one connection holds it, in canonical form."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="parties")
    kind = models.CharField(max_length=10, choices=KINDS)
    key = models.CharField(max_length=80)
    code = models.CharField(max_length=120, blank=True, db_index=True)
    label = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)
    version = models.CharField(max_length=80, blank=True)
    active = models.BooleanField(default=True)
    money = models.DecimalField(
        max_digits=18, decimal_places=2, default=0, help_text="flows through it"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "key"], name="party_once")
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.code or self.key})"


class Pair(Base):
    """A candidate: two records that may be the same, with probability and reasons."""

    kind = models.CharField(max_length=10, choices=KINDS)
    left = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="as_left")
    right = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="as_right")
    probability = models.FloatField(db_index=True)
    word = models.CharField(max_length=10, blank=True)
    method = models.CharField(max_length=20, blank=True)
    sentence = models.TextField(blank=True)
    waterfall = models.JSONField(default=list)
    rank = models.PositiveSmallIntegerField(default=1)
    judged = models.CharField(max_length=12, blank=True, help_text="the judgement in force, if any")
    objection = models.TextField(
        blank=True, help_text="what the machine would say against the judgement in force"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["left", "right"], name="pair_once")]
        indexes = [models.Index(fields=["kind", "judged", "-probability"])]

    def __str__(self) -> str:
        return f"{self.left} ~ {self.right}"


class MatchRun(Base):
    """One time the matcher compared two connections: how much, with which model."""

    source = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=KINDS)
    started_at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    compared = models.PositiveIntegerField(default=0)
    pairs = models.PositiveIntegerField(default=0)
    model_version = models.CharField(max_length=80, blank=True)
    statement = models.TextField(blank=True, help_text="what the model was trained on")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["source", "target", "kind", "-started_at"])]


class Judgement(Base):
    """A person's decision about a pair (or about one record: create new); append-only."""

    kind = models.CharField(max_length=10, choices=KINDS)
    left = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="judgements")
    right = models.ForeignKey(Party, null=True, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    verdict = models.CharField(max_length=12, choices=VERDICTS)
    actor = models.CharField(max_length=150)
    role = models.CharField(max_length=20)
    probability = models.FloatField(default=0)
    evidence = models.JSONField(default=dict)
    candidates = models.JSONField(default=list, help_text="what else was on the page")
    comment = models.TextField(blank=True)
    bulk = models.UUIDField(null=True, blank=True, db_index=True)
    unseen = models.BooleanField(
        default=False, help_text="accepted within a risk budget, not looked at singly"
    )
    undo_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by"
    )

    class Meta:
        ordering = ["-id"]


class RecordNote(Base):
    """A remark beside a record and its candidates in one target, whichever of them is best that day."""

    left = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="notes")
    target = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    author = models.CharField(max_length=150)
    text = models.TextField()

    class Meta:
        ordering = ["created_at"]
        indexes = [models.Index(fields=["left", "target"])]


class Link(Base):
    """Cross-reference: this code on the left is that key on the right; derived, never typed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=20, db_index=True)
    left_connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="links_left"
    )
    left_code = models.CharField(max_length=120)
    left_label = models.CharField(
        max_length=200, blank=True, help_text="what the source called it when it was linked"
    )
    right_connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="links_right"
    )
    right_key = models.CharField(max_length=120)
    right_label = models.CharField(
        max_length=200, blank=True, help_text="what the target called it when it was linked"
    )
    origin = models.CharField(max_length=20, default="judgement")
    decided_by = models.CharField(max_length=150, blank=True)
    active = models.BooleanField(default=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    retired_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "left_connection", "left_code", "right_connection"],
                condition=Q(active=True),
                name="one_active_link",
            )
        ]
        indexes = [models.Index(fields=["kind", "right_connection", "right_key"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.left_code} is {self.right_label or self.right_key}"
