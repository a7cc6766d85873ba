"""Programs that are told what happens: their addresses, the events, and each event's way to an address.

The row is the work: it is written in the transaction of what it tells, claimed by a conditional UPDATE
with a lease; Celery only wakes.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from studio.accounts.models import Workspace
from studio.core.models import Base

ENDPOINT_STATES = [
    ("on", "On"),
    ("off", "Switched off"),
    ("failed", "Switched off: it did not answer"),
    ("removed", "Removed"),
]
# An address that was switched off because it failed hears later what happens meanwhile.
LISTENING = ("on", "failed")
MESSAGE_STATES = [
    ("new", "Waiting"),
    ("sending", "Being sent"),
    ("done", "Taken"),
    ("failed", "Given up"),
]
UNDER_WAY = ("new", "sending")


class Endpoint(Base):
    """An address that is told of events. Its secret is kept encrypted and shown once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="endpoints")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list, help_text="keys of the events it is told of")
    sealed = models.BinaryField()
    old_secret_until = models.DateTimeField(
        null=True, blank=True, help_text="until then the secret before signs, too"
    )
    state = models.CharField(max_length=8, choices=ENDPOINT_STATES, default="on")
    made_by = models.CharField(max_length=150)
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    failing_since = models.DateTimeField(null=True, blank=True)
    rest_until = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=300, blank=True, help_text="what it said last, if it failed")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class Event(Base):
    """Something that happened and that at least one address is told of; ``uuid`` is its id outside."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="told_events")
    key = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    page = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.key} {self.subject}"


class Message(Base):
    """One event on its way to one address."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="messages")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="messages")
    state = models.CharField(max_length=8, choices=MESSAGE_STATES, default="new")
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="of HTTP at the last try; 0: there was no answer"
    )
    answer = models.CharField(max_length=300, blank=True)
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="told_once_per_endpoint")
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "id"], condition=Q(state__in=UNDER_WAY), name="messages_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.endpoint}: {self.state}"
