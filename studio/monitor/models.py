"""Watching: which alerts there are, whom they reach, and what they said."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from studio.accounts.models import Workspace
from studio.core.models import Base, Told

ALERT_KINDS = [
    ("connection", "A connection cannot be used"),
    ("suspect_run", "A run looks wrong"),
    ("stuck", "Records do not move"),
    ("held", "Postings wait for approval"),
    ("overdue", "Exceptions are overdue"),
    ("webhook", "A webhook was switched off"),
]


class AlertRule(Base):
    """Whether one kind of alert is raised in a workspace, from when on, and who is told by mail."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="alert_rules")
    kind = models.CharField(max_length=20, choices=ALERT_KINDS)
    on = models.BooleanField(default=True)
    threshold = models.PositiveIntegerField(default=1)
    audience = models.CharField(
        max_length=300,
        blank=True,
        help_text="a role, or mail addresses with commas between; empty: shown in the studio only",
    )
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind"], name="one_alert_rule_per_kind")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Alert(Told):
    """Something a rule noticed: shown until its cause is over or somebody has seen to it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=20, choices=ALERT_KINDS)
    key = models.CharField(max_length=120, help_text="what it is about; one at a time")
    sentence = models.TextField()
    link = models.CharField(max_length=300, blank=True)
    over_at = models.DateTimeField(null=True, blank=True, help_text="when its cause was gone")
    acknowledged_by = models.CharField(max_length=150, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    audience = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "key"],
                condition=Q(over_at__isnull=True),
                name="one_open_alert_per_key",
            )
        ]

    def __str__(self) -> str:
        return self.sentence
