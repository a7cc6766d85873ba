"""What is learned from decisions: blind repeats of some of them, and calibrations made of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from studio.accounts.models import Workspace
from studio.core.models import Base

SETTLED = [("", "Open"), ("kept", "Stands"), ("taken_back", "Taken back")]
STATES = [
    ("in_force", "In force"),
    ("not_better", "Not better"),
    ("retired", "Replaced"),
    ("taken_back", "Taken back"),
]


class Repeat(Base):
    """A decision that is asked once more, blind; what comes of it never changes a decision by itself."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="repeats")
    kind = models.CharField(max_length=20, help_text="field, customer, supplier or item")
    decision = models.UUIDField(unique=True, help_text="key of the decision or judgement")
    subject = models.UUIDField(help_text="key of the mapping row or pair")
    label = models.CharField(max_length=200)
    first = models.TextField(help_text="the answer that stands; hidden until the second is given")
    machine = models.TextField(blank=True, help_text="what the machine thought most likely")
    confidence = models.FloatField(default=0)
    unseen = models.BooleanField(default=False, help_text="nobody looked at it the first time")
    decided_by = models.CharField(max_length=150)
    decided_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="when it may be asked of somebody else")
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    comment = models.TextField(blank=True)
    agrees = models.BooleanField(null=True, help_text="empty: not asked yet, or could not say")
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="the decision was taken back before it was asked again"
    )
    settled = models.CharField(max_length=12, choices=SETTLED, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["workspace", "kind", "due_at"],
                condition=Q(answered_at__isnull=True, withdrawn_at__isnull=True),
                name="repeats_to_ask",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.label}"


class Calibration(Base):
    """What the decisions of a workspace taught about one kind of proposal; never changed, only replaced.

    ``environment`` keeps what a sandbox taught out of production, even in one database.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="calibrations")
    environment = models.CharField(max_length=12)
    kind = models.CharField(max_length=30)
    number = models.PositiveIntegerField()
    form = models.CharField(max_length=10, help_text="line: slope and shift; weights: per evidence")
    content = models.JSONField(help_text="slope, shift and factors by evidence")
    labels = models.PositiveIntegerField(help_text="judged proposals it was made of")
    right = models.PositiveIntegerField(help_text="how many of them were right")
    before = models.JSONField(help_text="loss, brier and error of what was in force")
    after = models.JSONField(help_text="the same, on judgements the fit did not see")
    gain = models.FloatField(help_text="log loss saved per judgement")
    doubt = models.FloatField(help_text="standard error of the gain")
    state = models.CharField(max_length=12, choices=STATES)
    put_by = models.CharField(max_length=150, blank=True, help_text="who put it in force")
    applied_at = models.DateTimeField(
        null=True, blank=True, help_text="when open proposals were shown with the present state"
    )
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "environment", "kind", "number"], name="calibration_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "environment", "kind"],
                condition=Q(state="in_force"),
                name="one_calibration_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Opinion(Base):
    """What a language model said to one closed question, or why it said nothing. A suggestion, no more."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="opinions")
    kind = models.CharField(max_length=20)
    subject = models.UUIDField(db_index=True, help_text="key of what was asked about")
    model = models.CharField(max_length=80)
    prompt_version = models.CharField(max_length=20)
    prompt_hash = models.CharField(max_length=64, db_index=True)
    options = models.PositiveSmallIntegerField(default=0, help_text="how many it chose among")
    choice = models.PositiveSmallIntegerField(
        null=True, help_text="the number it chose, 0 for none of them; empty: no answer"
    )
    answer = models.TextField(blank=True, help_text="what that number stands for")
    said = models.FloatField(default=0, help_text="how sure it says it is; never a probability")
    reason = models.TextField(blank=True, help_text="its reason, or why there is no answer")
    control = models.BooleanField(
        default=False, help_text="asked about what people had decided, to see how often it is right"
    )
    asked_by = models.CharField(max_length=150)
    tokens = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    cached = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["workspace", "kind", "model", "-id"])]
