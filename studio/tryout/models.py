"""Trials: two files of a person's own, matched before anything is connected. Nothing else reads them.

What a trial finds is no mapping, no link and no judgement, and it goes with the trial after some days.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from studio.accounts.models import Workspace
from studio.core.models import Base

KINDS = [
    ("customer", "Customers"),
    ("supplier", "Suppliers"),
    ("item", "Items"),
    ("field", "Fields"),
]
STATES = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("done", "Done"),
    ("failed", "Failed"),
]
SIDES = ("left", "right")
UNDER_WAY = ("waiting", "running")
# Share below which nothing can be said about the time that is left.
_KNOWN = 0.05


class Trial(Base):
    """Two files and what became of them. The row is the work: a worker claims it and matches."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="trials")
    kind = models.CharField(max_length=10, choices=KINDS)
    left_name = models.CharField(max_length=80)
    right_name = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=150)
    state = models.CharField(max_length=10, choices=STATES, default="waiting", db_index=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    step = models.CharField(max_length=60, blank=True)
    share = models.FloatField(default=0, help_text="how much is done, 0 to 1")
    started_at = models.DateTimeField(null=True, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True, help_text="when the share was written")
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    counts = models.JSONField(default=dict, help_text="what was found, in numbers")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at"], name="trial_by_age")]

    def __str__(self) -> str:
        return f"{self.left_name} – {self.right_name}"

    @property
    def under_way(self) -> bool:
        """Whether its page is worth another look."""
        return self.state in UNDER_WAY

    @property
    def of_fields(self) -> bool:
        """Fields are proposed one by one; records are matched in pairs."""
        return self.kind == "field"

    @property
    def goes_at(self) -> datetime:
        """When it is deleted by itself."""
        return self.created_at + timedelta(days=settings.TRY_DAYS)

    @property
    def percent(self) -> int:
        """How much is done, in whole hundredths."""
        return int(self.share * 100)

    @property
    def seconds_left(self) -> int | None:
        """About how long it still takes; 0 where it takes longer than thought, None where nobody knows."""
        if self.started_at is None or self.moved_at is None or self.share < _KNOWN:
            return None
        spent = (self.moved_at - self.started_at).total_seconds()
        since = (timezone.now() - self.moved_at).total_seconds()
        return max(0, math.ceil(spent / self.share - spent - since))


class TrialFile(models.Model):
    """A file as it was sent; it is removed when the trial has ended."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="files")
    side = models.CharField(max_length=5, choices=[(side, side) for side in SIDES])
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trial", "side"], name="trial_file_once")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.side}"


class Finding(models.Model):
    """One line of the result: a pair of records, or a target field with what may fill it.

    ``said`` of a pair: ``row`` as the command writes it, ``left_name`` and ``right_name``; of a field:
    ``line`` as the command writes it, and ``reason`` where nothing is proposed.
    """

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="findings")
    position = models.PositiveIntegerField()
    band = models.CharField(max_length=10, help_text="word of the confidence, or none")
    said = models.JSONField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["trial", "position"], name="finding_once")]
        indexes = [models.Index(fields=["trial", "band", "position"], name="finding_by_band")]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.position}"
