"""What every app shares: the abstract base row and the audit trail."""

from __future__ import annotations

import uuid

from django.db import models


class Base(models.Model):
    """A row with a public key that may appear in URLs."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.uuid}"


TOLD_STATES = [
    ("new", "Waiting"),
    ("sending", "Being sent"),
    ("sent", "Sent by mail"),
    ("shown", "Shown in the studio"),
]


class Told(Base):
    """A row that people are told of: by mail where they have an address, in the studio in any case."""

    state = models.CharField(max_length=8, choices=TOLD_STATES, default="new", db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    recipients = models.JSONField(default=list, blank=True)
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True


class AuditEvent(models.Model):
    """One thing somebody did: a key and data; the sentence is made when it is shown.

    Rows are appended inside the transaction they describe and never changed, except that the
    sealer later gives each its place in the hash chain, and the words it is found by. ``core`` knows no other app, so people and
    subjects are plain text.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    workspace_key = models.CharField(max_length=64, blank=True, db_index=True)
    actor = models.CharField(max_length=150)
    role = models.CharField(max_length=20, blank=True)
    key = models.CharField(max_length=80, db_index=True)
    subject = models.CharField(max_length=200, db_index=True)
    data = models.JSONField(default=dict)
    bulk = models.UUIDField(null=True, blank=True, db_index=True)
    seal = models.BigIntegerField(null=True, blank=True, unique=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)
    search = models.TextField(
        blank=True,
        default="",
        help_text="what the row shows, in small letters; no part of the hash",
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workspace_key", "actor", "-id"], name="events_by_person"),
            # Lines whose words are not kept yet: few, however long the trail.
            models.Index(fields=["id"], condition=models.Q(search=""), name="events_unworded"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.key} {self.subject}"


class SealHead(models.Model):
    """The single row that says how far the hash chain reaches; claimed by conditional UPDATE."""

    seal = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"sealed to {self.seal}"
