"""What the other systems are and look like: connections, credentials, snapshots, samples, codes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils import timezone

from connectors.registry import CONNECTORS
from engine.runtime.schedule import Hours
from studio.accounts.models import User, Workspace
from studio.core.models import Base

CONNECTION_STATES = [
    ("new", "New"),
    ("live", "Live"),
    ("broken", "Broken"),
    ("revoked", "Revoked"),
    ("ended", "Disconnected"),
]
# A disconnected connection rests until a person signs in again.
NEVER = datetime.max.replace(tzinfo=UTC)
# What ``network_path`` says of a connection whose calls an agent carries.
AGENT = "agent"


class Connection(Base):
    """One company, realm or tenant of a system, with its limits and its owner."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="connections")
    system = models.CharField(max_length=20)
    name = models.CharField(max_length=80)
    base_url = models.CharField(max_length=300)
    company = models.CharField(max_length=80, help_text="SYSPRO company, QBO realm or Xero tenant")
    currency = models.CharField(max_length=3, default="USD")
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=CONNECTION_STATES, default="new")
    network_path = models.CharField(max_length=40, default="direct")
    allowed_hours = models.CharField(max_length=40, blank=True)
    owner = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    unlocks = models.EmailField(
        blank=True, help_text="who is asked to open a closed period there; kept when first asked"
    )
    limits = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    health = models.JSONField(default=dict, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    paused_reason = models.CharField(max_length=300, blank=True)
    failures = models.PositiveIntegerField(default=0)
    progress = models.JSONField(
        default=dict, blank=True, help_text="how far getting ready has come: stage, words, trouble"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="connection_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def system_label(self) -> str:
        """What people call the system."""
        known = CONNECTORS.get(self.system)
        return known.label if known else self.system

    def resting(self) -> bool:
        """Whether the connection may not be used just now (limit, outage, sign-in, hours)."""
        return self.rests_until() is not None

    def rests_until(self) -> datetime | None:
        """When it may be used again; None where it may be used now."""
        now = timezone.now()
        if self.state == "ended":
            return NEVER
        if self.paused_until is not None and self.paused_until > now:
            return self.paused_until
        hours = Hours.read(self.allowed_hours)
        return None if hours is None or hours.open_at(now) else hours.next_opening(now)


MOVE_STATES = [
    ("waiting", "Waits for a second person"),
    ("agreed", "Agreed"),
    ("dropped", "Dropped"),
    ("overtaken", "Overtaken by another one"),
]


class Move(Base):
    """Another address for a connection that flows use: tested, and in force once a second person agrees."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="moves")
    before = models.CharField(max_length=300)
    after = models.CharField(max_length=300)
    asked_by = models.CharField(max_length=150)
    reached = models.CharField(max_length=300, blank=True, help_text="who answered at the test")
    state = models.CharField(max_length=10, choices=MOVE_STATES, default="waiting")
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(state="waiting"),
                name="one_waiting_move",
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.after}"


class Credential(Base):
    """The secrets of a connection, encrypted; ``version`` guards token rotation between processes."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="credential"
    )
    sealed = models.BinaryField()
    version = models.PositiveIntegerField(default=1)
    lease_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"credential of {self.connection_id}"


AGENT_SEEN = timedelta(seconds=45)
"""An agent asks for work twice in this time; after it, it counts as gone."""


class Agent(Base):
    """What carries our calls to a system inside a company's network: its token, and what it says of itself.

    A token is good for one connection and one running agent, the one started last (``run``).
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.CharField(max_length=150)
    run = models.CharField(max_length=40, blank=True)
    host = models.CharField(max_length=120, blank=True)
    version = models.CharField(max_length=20, blank=True)
    allowed = models.JSONField(default=list, blank=True, help_text="where it may go, as it says")
    seen_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    @property
    def connected(self) -> bool:
        """Whether it was there a moment ago."""
        seen = self.seen_at
        return self.revoked_at is None and seen is not None and timezone.now() - seen < AGENT_SEEN


AGENT_CALL_STATES = [
    ("waiting", "Waiting"),
    ("taken", "Taken"),
    ("answered", "Answered"),
    ("over", "Over"),
]


class AgentCall(models.Model):
    """A request that waits for an agent, or its answer: sealed, and gone as soon as it is over.

    It is handed out once, by a conditional UPDATE; nothing brings it back to ``waiting``.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="agent_calls")
    agent = models.ForeignKey(Agent, null=True, on_delete=models.SET_NULL, related_name="+")
    run = models.CharField(max_length=40, blank=True, help_text="of the agent that took it")
    state = models.CharField(max_length=8, choices=AGENT_CALL_STATES, default="waiting")
    sealed = models.BinaryField(help_text="the request, then nothing, then the answer")
    within = models.FloatField(help_text="seconds that the agent has for it")
    take_until = models.DateTimeField()
    until = models.DateTimeField(db_index=True, help_text="after it nobody waits for it any more")

    class Meta:
        indexes = [models.Index(fields=["connection", "state", "id"], name="agent_calls_waiting")]

    def __str__(self) -> str:
        return f"{self.state} {self.uuid}"


class Budget(models.Model):
    """What is left of a connection's limits, shared by all processes through this row.

    ``name`` is empty for the limits of all calls, else that of calls with a limit of their own.

    ``state`` is the BudgetState of ``connectors.http.budget`` as JSON; ``version`` makes each step
    a conditional UPDATE, so two processes never take the same call.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="budgets")
    name = models.CharField(max_length=20, blank=True)
    state = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "name"], name="budget_once_per_name")
        ]

    def __str__(self) -> str:
        return f"budget {self.name} of {self.connection_id}"


class Lane(models.Model):
    """A lock under a name (a SYSPRO operator), held by lease so that a dead holder frees it."""

    name = models.CharField(max_length=200, unique=True)
    holder = models.CharField(max_length=60, blank=True)
    until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class SchemaSnapshot(Base):
    """One look at a system; immutable. ``content`` is the SystemSchema as JSON."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="snapshots")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    entity_count = models.PositiveIntegerField(default=0)
    field_count = models.PositiveIntegerField(default=0)
    looked_as = models.CharField(max_length=80, blank=True)
    seconds = models.FloatField(default=0)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="snapshot_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.connection} snapshot {self.number}"


class Sample(models.Model):
    """A real record kept for previews; as the connection returned it."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="samples")
    entity = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    data = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "entity", "key"], name="sample_once")
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.key}"


class Code(Base):
    """One entry of a remote list (account, tax code, term, payment method, class, …).

    Kept after it goes inactive, with the label it had: ``(kind, key, code, label)``.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="codes")
    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=80)
    code = models.CharField(max_length=80, blank=True)
    label = models.CharField(max_length=200, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "key"], name="code_once")
        ]
        indexes = [models.Index(fields=["connection", "kind", "code"])]

    def __str__(self) -> str:
        return f"{self.label} · {self.code or self.key}"


class Registration(Base):
    """The schema that a sender registered for its records, and how far its arrivals are numbered.

    ``content`` is the registration as it was sent. The row is held while a batch is stored, so that arrivals
    are visible in the order of their numbers: a reader's cursor passes over none.
    """

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, related_name="registration"
    )
    content = models.JSONField()
    by = models.CharField(max_length=150)
    arrivals = models.PositiveBigIntegerField(default=0)
    refused = models.JSONField(
        default=dict, blank=True, help_text="the last batch that was refused after the last taken"
    )

    def __str__(self) -> str:
        return f"registration of {self.connection_id}"


class Arrival(Base):
    """One version of one record that was sent to us, as it came; never changed but for ``newest``."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="arrivals")
    number = models.PositiveBigIntegerField()
    entity = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    changed_at = models.DateTimeField(
        null=True, blank=True, help_text="when the sender says it changed; orders its versions"
    )
    payload = models.TextField(help_text="the record as JSON, exact decimals")
    payload_hash = models.CharField(max_length=64)
    newest = models.BooleanField(help_text="no later version has arrived")
    by = models.CharField(max_length=150)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="arrival_number_once"),
            models.UniqueConstraint(
                fields=["connection", "entity", "key"],
                condition=models.Q(newest=True),
                name="arrival_one_newest",
            ),
        ]
        indexes = [
            models.Index(
                fields=["connection", "entity", "number"],
                condition=models.Q(newest=True),
                name="arrival_newest",
            ),
            models.Index(fields=["connection", "entity", "key"], name="arrival_versions"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.key} ({self.number})"


class Exchange(models.Model):
    """Evidence of one call, redacted. ``subject`` ties it to a delivery or a run."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="exchanges")
    at = models.DateTimeField(auto_now_add=True, db_index=True)
    subject = models.CharField(max_length=120, blank=True, db_index=True)
    method = models.CharField(max_length=8)
    url = models.CharField(max_length=500)
    status = models.IntegerField(null=True)
    milliseconds = models.IntegerField(default=0)
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)
    trace = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.status}"
