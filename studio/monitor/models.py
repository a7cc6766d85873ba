"""Watching: alert rules and what they said."""

from __future__ import annotations

from django.db import models

from studio.accounts.models import Workspace
from studio.core.models import Base


class Alert(Base):
    """Something a rule noticed; stays until somebody acknowledges it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="alerts")
    key = models.CharField(max_length=80, db_index=True)
    severity = models.CharField(max_length=10, default="warn")
    sentence = models.TextField()
    link = models.CharField(max_length=300, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
