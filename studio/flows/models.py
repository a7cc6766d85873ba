"""Moving records: flows, immutable versions, inbox, deliveries (outbox), attempts, runs, cursors.

The row is the work: a worker claims by conditional UPDATE with a lease; Celery only wakes.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.models import Base, Told

FLOW_STATES = [
    ("draft", "Draft"),
    ("live", "Live"),
    ("draining", "Ending what is under way"),
    ("paused", "Paused"),
    ("retired", "Retired"),
]
VERSION_STATES = [("rehearsal", "Rehearsal"), ("published", "Published"), ("retired", "Retired")]
ITEM_STATES = [
    ("new", "New"),
    ("working", "Working"),
    ("waiting", "Waiting for another record"),
    ("done", "Handed to delivery"),
    ("unchanged", "Nothing to do"),
    ("filtered", "Filtered out"),
    ("parked", "Parked with a case"),
    ("void", "Closed without posting"),
]
DELIVERY_STATES = [
    ("held", "Waits for approval"),
    ("ready", "Ready"),
    ("sending", "Sending"),
    ("unknown", "Outcome unknown"),
    ("done", "Done"),
    ("parked", "Parked with a case"),
    ("void", "Closed without posting"),
    ("reversed", "Taken back"),
]
# States of a delivery whose outcome is still open without a person.
UNDER_WAY = ("ready", "sending", "unknown")
EDIT_STATES = [("done", "Done"), ("undone", "Undone"), ("dropped", "Replaced by another change")]
REHEARSAL_KINDS = [
    ("rehearsal", "Rehearsal"),
    ("check", "Check before going live"),
    ("replay", "Replay of a period"),
]
REHEARSAL_STATES = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("ready", "Ready"),
    ("failed", "Failed"),
]
OUTCOMES = [
    ("create", "Would be created"),
    ("update", "Would be changed"),
    ("void", "Would be voided"),
    ("would_duplicate", "Would be there twice"),
    ("refused", "Would be refused"),
    ("unchanged", "Nothing to do"),
    ("filtered", "Not for this flow"),
]
LADDER = [
    ("suggest", "Suggest only"),
    ("draft", "Draft at target"),
    ("approve", "Post after approval"),
    ("digest", "Post, with a daily digest"),
    ("silent", "Post silently"),
]


class BetweenSystems(models.Manager["Flow"]):
    """Flows that people design: their records are read from a source."""

    def get_queryset(self) -> models.QuerySet[Flow]:
        """Without flows whose records are made here."""
        return super().get_queryset().filter(own=False)


class Flow(Base):
    """A designed route. ``design`` is the draft being edited; production runs the live version.

    ``own``: its records are made in the studio (orders of the portal) and written to the target, which
    is its source as well; nobody designs, matches, compares or polls it (decisions/0022).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="flows")
    key = models.SlugField()
    name = models.CharField(max_length=120)
    source = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="flows_from")
    target = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="flows_to")
    design = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=FLOW_STATES, default="draft")
    revision = models.PositiveIntegerField(default=0, help_text="guards two people's edits")
    ladder = models.CharField(max_length=10, choices=LADDER, default="digest")
    paused_reason = models.CharField(max_length=300, blank=True)
    last_polled_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    own = models.BooleanField(
        default=False, help_text="its records are made here, nobody reads them"
    )

    objects = models.Manager["Flow"]()
    between = BetweenSystems()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="flow_key_once")]

    def __str__(self) -> str:
        return self.name


class FlowVersion(Base):
    """The compiled, content-hashed form: design plus exact mapping, rule and lookup versions."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=VERSION_STATES, default="rehearsal")
    prepared_by = models.CharField(max_length=150, blank=True)
    published_by = models.CharField(max_length=150, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    rehearsal = models.JSONField(default=dict, blank=True)
    rehearsal_hash = models.CharField(max_length=64, blank=True)
    signed_by = models.CharField(max_length=150, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "number"], name="flow_version_once"),
            models.UniqueConstraint(
                fields=["flow"], condition=Q(state="published"), name="one_published_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"


class Cursor(models.Model):
    """How far a flow has read one entity of its source."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="cursors")
    entity = models.CharField(max_length=60)
    value = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="when what was there at the start had been read"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flow", "entity"], name="cursor_once")]

    def __str__(self) -> str:
        return f"{self.flow_id} {self.entity}"


class Run(Base):
    """One execution of a flow's poll: what came in, what became of it."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(
        FlowVersion, null=True, on_delete=models.SET_NULL, related_name="runs"
    )
    trigger = models.CharField(max_length=20, default="poll")
    asked_by = models.CharField(
        max_length=150, blank=True, help_text="who asked for what it adjusts; for four eyes"
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    suspect = models.CharField(max_length=200, blank=True, help_text="why this run looks wrong")
    totals = models.JSONField(
        default=dict, blank=True, help_text="control totals of a batch that ties"
    )
    tied_at = models.DateTimeField(null=True, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True, help_text="its volume was looked at")

    class Meta:
        ordering = ["-id"]


class RunAlarm(Base):
    """What makes a run of one flow suspect, where that is not the usual (``engine.runtime.volume``)."""

    flow = models.OneToOneField(Flow, on_delete=models.CASCADE, related_name="run_alarm")
    nothing = models.BooleanField(
        "nothing came of it",
        default=True,
        help_text="a run that read records of which none is for the flow",
    )
    too_much = models.BooleanField(
        "far too much", default=True, help_text="a run that read far more than usual"
    )
    times = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(2), MaxValueValidator(1000)],
        help_text="so many times the usual is far too much",
    )
    least = models.PositiveIntegerField(
        default=50, help_text="so many records are never far too much"
    )
    history = HistoricalRecords()

    def __str__(self) -> str:
        return f"run alarm of {self.flow}"


class ChangeEvent(Base):
    """Something happened to a record: told by a webhook, or found by us in the same words.

    An event carries no content. It only says "look": the record is read again, so repeated, late and
    reordered events do no harm.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=200)
    entity = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    operation = models.CharField(max_length=20)
    occurred_at = models.DateTimeField(null=True, blank=True)
    found_by = models.CharField(max_length=10, default="webhook", help_text="webhook or poll")
    handled_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="event_once")
        ]
        indexes = [models.Index(fields=["connection", "created_at"], name="event_since")]


class InboxItem(Base):
    """One version of one source record, waiting to be worked; the raw payload is kept as it came."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="inbox")
    run = models.ForeignKey(Run, null=True, on_delete=models.SET_NULL, related_name="items")
    entity = models.CharField(max_length=60)
    key = models.CharField(max_length=80)
    source_version = models.CharField(max_length=80)
    changed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when the source says it changed; empty where it does not say",
    )
    payload = models.TextField(help_text="the record as JSON, exact decimals")
    payload_hash = models.CharField(max_length=64)
    turn = models.PositiveIntegerField(
        default=0, help_text="how often the record came back to this content after another one"
    )
    control = models.JSONField(
        default=dict, blank=True, help_text="sums and lines as the source states them"
    )
    overrides = models.JSONField(
        default=dict, blank=True, help_text="canonical path -> value, by a person"
    )
    state = models.CharField(max_length=10, choices=ITEM_STATES, default="new", db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    use_version = models.ForeignKey(
        FlowVersion, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    label = models.CharField(max_length=200, blank=True)
    party = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    net = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, blank=True)
    document_on = models.DateField(null=True, blank=True)
    canonical = models.JSONField(default=dict, blank=True)
    log = models.JSONField(default=list, blank=True, help_text="what each step of the flow did")
    why = models.CharField(max_length=300, blank=True)
    waiting_on = models.CharField(max_length=50, blank=True, help_text="key of a delivery")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "entity", "key", "payload_hash", "turn"],
                name="inbox_once_per_content",
            )
        ]
        indexes = [
            models.Index(fields=["flow", "state"]),
            models.Index(fields=["flow", "key"]),
            # What is done is never looked at by a claim, however much of it there is.
            models.Index(
                fields=["flow", "id"], condition=Q(state__in=("new", "working")), name="items_due"
            ),
            models.Index(
                fields=["flow", "entity", "key"],
                condition=Q(state__in=("new", "working")),
                name="items_due_by_record",
            ),
        ]

    @property
    def worth(self) -> dict[str, str]:
        """What it is about in money, for a line of the trail that sets the rules aside for it."""
        return {"amount": str(self.amount), "currency": self.currency}


class Delivery(Base):
    """One record's journey to a target, keyed by business content. Written before anything is sent."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="deliveries")
    version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="deliveries")
    item = models.ForeignKey(InboxItem, on_delete=models.PROTECT, related_name="deliveries")
    follows = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="followers"
    )
    step = models.CharField(
        max_length=20,
        help_text="post, update, deactivate, reactivate, void, reverse, create_item, write_back, …",
    )
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="deliveries")
    entity = models.CharField(max_length=60)
    idempotency_key = models.CharField(max_length=50, unique=True)
    business_key = models.CharField(max_length=120, db_index=True)
    content_hash = models.CharField(max_length=64)
    reference = models.CharField(max_length=120, blank=True)
    payload = models.TextField()
    trace = models.JSONField(default=dict, blank=True, help_text="dynamic lineage of this record")
    basis = models.JSONField(
        default=dict,
        blank=True,
        help_text="what a change was decided on; checked before it is sent",
    )
    decided_at = models.DateTimeField(
        null=True, blank=True, help_text="tables and links were read as of this moment"
    )
    state = models.CharField(max_length=10, choices=DELIVERY_STATES, default="ready", db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    target_key = models.CharField(max_length=120, blank=True, db_index=True)
    target_number = models.CharField(max_length=120, blank=True)
    target_version = models.CharField(max_length=80, blank=True)
    receipt = models.TextField(blank=True)
    net = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    gross = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, blank=True)
    document_on = models.DateField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["flow", "state"]),
            models.Index(fields=["flow", "business_key", "step"]),
            models.Index(
                fields=["connection", "id"],
                condition=Q(state__in=UNDER_WAY),
                name="deliveries_due",
            ),
            models.Index(
                fields=["connection", "entity", "business_key"],
                condition=Q(state__in=UNDER_WAY),
                name="deliveries_due_by_record",
            ),
        ]
        constraints = [
            # The last line of defence: one living post per business document, whatever the code does.
            models.UniqueConstraint(
                fields=["flow", "business_key"],
                condition=Q(step="post") & ~Q(state__in=("void", "reversed")),
                name="one_living_post_per_document",
            )
        ]


SIDE_STATES = [("live", "Live"), ("inactive", "Made inactive"), ("deleted", "Deleted")]


class Golden(Base):
    """One customer, supplier or item that two systems share: what each says and what stands.

    ``left`` is the source of the flow that keeps the pair, ``right`` its target. The base of a side is
    what it said when the two were last brought together.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="goldens")
    kind = models.CharField(max_length=20)
    label = models.CharField(max_length=200, blank=True)
    left_connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="goldens_left"
    )
    right_connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="goldens_right"
    )
    left_key = models.CharField(max_length=120)
    right_key = models.CharField(max_length=120)
    left = models.JSONField(default=dict, help_text="canonical path -> value, as last seen")
    right = models.JSONField(default=dict)
    left_base = models.JSONField(null=True, blank=True)
    right_base = models.JSONField(null=True, blank=True)
    left_at = models.JSONField(default=dict, help_text="path -> time of the side's last change")
    right_at = models.JSONField(default=dict)
    left_state = models.CharField(max_length=10, choices=SIDE_STATES, default="live")
    right_state = models.CharField(max_length=10, choices=SIDE_STATES, default="live")
    merged = models.JSONField(default=dict, help_text="path -> value, side, why: what stands")
    accepted = models.CharField(
        max_length=300, blank=True, help_text="why a person lets one side stay closed"
    )
    asked = models.UUIDField(null=True, blank=True, help_text="inbox item whose case asks about it")
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "left_connection", "left_key", "right_connection", "right_key"],
                name="golden_once",
            )
        ]
        indexes = [models.Index(fields=["kind", "right_connection", "right_key"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.label or self.left_key}"


class Attempt(models.Model):
    """One try of a delivery, written before the call; its outcome is filled in afterwards."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=30, default="sending")
    batch = models.CharField(
        max_length=32, blank=True, help_text="the call it shared with other deliveries"
    )
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.started_at:%H:%M:%S} {self.outcome}"


class DraftEdit(Base):
    """One change of a flow's draft, with the design before and after it; undo and redo walk these."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="edits")
    step = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=200)
    author = models.CharField(max_length=150)
    before = models.JSONField()
    after = models.JSONField()
    state = models.CharField(max_length=8, choices=EDIT_STATES, default="done")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["flow", "state"])]


class StepNote(Base):
    """A remark beside a step of a flow."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="notes")
    step = models.CharField(max_length=40)
    author = models.CharField(max_length=150)
    text = models.TextField()

    class Meta:
        ordering = ["created_at"]


class Notice(Told):
    """Something a flow told people, because its design says so; mailed where they have an address."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="notices")
    item = models.ForeignKey(InboxItem, on_delete=models.CASCADE, related_name="notices")
    step = models.CharField(max_length=40)
    event = models.CharField(max_length=12)
    audience = models.CharField(max_length=200)
    words = models.CharField(max_length=300)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        ordering = ["-id"]


class Digest(Told):
    """What a flow did on one day, for those who answer for the books."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="digests")
    day = models.DateField()
    words = models.TextField()

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [models.UniqueConstraint(fields=["flow", "day"], name="one_digest_a_day")]


class Rehearsal(Base):
    """A version run with every write captured: what it would do, in the words of money.

    The row is the work: a worker claims it, writes the plan below it and leaves the totals here.
    """

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="rehearsals")
    version = models.ForeignKey(FlowVersion, on_delete=models.CASCADE, related_name="rehearsals")
    baseline = models.ForeignKey(
        FlowVersion, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=10, choices=REHEARSAL_KINDS, default="rehearsal")
    state = models.CharField(max_length=10, choices=REHEARSAL_STATES, default="waiting")
    scope = models.JSONField(default=dict, help_text="what is read: records, since, until")
    asked_by = models.CharField(max_length=150)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0)
    records = models.PositiveIntegerField(default=0)
    totals = models.JSONField(default=dict, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    allowed = models.JSONField(default=dict, blank=True, help_text="what may differ on going live")
    signed_by = models.CharField(max_length=150, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.version}"


class Planned(models.Model):
    """One thing a rehearsed version would do, or why it would not."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="plan")
    outcome = models.CharField(max_length=20, choices=OUTCOMES)
    step = models.CharField(max_length=20, blank=True)
    entity = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=120)
    intent = models.CharField(max_length=64, help_text="hash of what would be said to the target")
    label = models.CharField(max_length=200)
    party = models.CharField(max_length=120, blank=True)
    code = models.CharField(max_length=60, blank=True)
    why = models.CharField(max_length=300, blank=True)
    reasons = models.JSONField(default=list, blank=True, help_text="everything it is refused for")
    net = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    tax = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    gross = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, blank=True)
    document_on = models.DateField(null=True, blank=True)
    diff = models.JSONField(default=list, blank=True, help_text="(place, before, after)")
    twin = models.JSONField(
        default=dict, blank=True, help_text="the document that is there already"
    )

    class Meta:
        indexes = [models.Index(fields=["rehearsal", "outcome"])]

    def __str__(self) -> str:
        return f"{self.label}: {self.outcome}"
