"""What fields mean: mappings, proposals, decisions, immutable versions, lookup tables."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from studio.accounts.models import Workspace
from studio.catalog.models import Connection, SchemaSnapshot
from studio.core.models import Base

ROW_STATES = [
    ("open", "To review"),
    ("approved", "Approved"),
    ("rejected", "Rejected"),
    ("do_not_map", "Do not map"),
]
VERSION_STATES = [("published", "Published"), ("retired", "Retired")]


class Mapping(Base):
    """How one system's entity becomes a canonical document (inbound) or the other way (outbound)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="mappings")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mappings")
    direction = models.CharField(
        max_length=8, choices=[("inbound", "to canonical"), ("outbound", "from canonical")]
    )
    entity = models.CharField(max_length=60, help_text="the system's entity")
    joined = models.JSONField(default=list, blank=True, help_text="entities nested inside it")
    document = models.CharField(max_length=40, help_text="the canonical document")
    snapshot = models.ForeignKey(
        SchemaSnapshot, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    blocks = models.JSONField(
        default=list, blank=True, help_text="line loops: target array, source array, filter, group"
    )
    frame = models.JSONField(
        default=dict, blank=True, help_text="name, as_of, constants and actions of the document"
    )
    fed_by = models.ManyToManyField(
        Connection,
        blank=True,
        related_name="feeds",
        help_text="outbound: whose records it writes; decides which codes are proposed",
    )
    proposed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "direction", "entity", "document"], name="mapping_once"
            )
        ]

    def __str__(self) -> str:
        arrow = (
            (self.entity, self.document)
            if self.direction == "inbound"
            else (self.document, self.entity)
        )
        return f"{self.connection}: {arrow[0]} → {arrow[1]}"


class ProposalRun(Base):
    """One time the proposer ran: with which model, how long, at what cost."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="runs")
    embedder = models.CharField(max_length=60)
    model_version = models.CharField(max_length=60, blank=True)
    seconds = models.FloatField(default=0)
    rows = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)


class MappingRow(Base):
    """One target field: what fills it, who said so. Candidates stay, whatever is decided."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField(default=0)
    block = models.CharField(
        max_length=40, blank=True, help_text="id of the line loop it belongs to; empty: document"
    )
    target_path = models.CharField(max_length=200)
    alternative = models.PositiveSmallIntegerField(
        default=0,
        help_text="several rows may fill one target; the first whose condition holds wins",
    )
    target_label = models.CharField(max_length=200, blank=True)
    target_type = models.CharField(max_length=20, blank=True)
    required = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=ROW_STATES, default="open", db_index=True)
    expression = models.TextField(blank=True, help_text="what is in force once approved")
    condition = models.TextField(blank=True)
    confirm_lossy = models.BooleanField(default=False)
    candidates = models.JSONField(
        default=list, help_text="ranked, with confidence, method, sentence, waterfall"
    )
    confidence = models.FloatField(default=0, db_index=True)
    method = models.CharField(max_length=20, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    risk = models.CharField(
        max_length=10,
        blank=True,
        help_text="what of money it decides, so that it takes four eyes; empty: nothing",
    )
    seconded_by = models.CharField(
        max_length=150, blank=True, help_text="the second person, who confirmed what is approved"
    )
    seconded_at = models.DateTimeField(null=True, blank=True)
    sent_back_by = models.CharField(
        max_length=150,
        blank=True,
        help_text="the second person, who disagreed; the reason says why, until it is decided again",
    )
    sent_back_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0, help_text="guards concurrent decisions")
    objection = models.TextField(
        blank=True, help_text="what the machine would say against the decision in force"
    )

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["mapping", "block", "target_path", "alternative"],
                name="row_once_per_target",
            )
        ]
        indexes = [models.Index(fields=["mapping", "state", "-confidence"])]

    def __str__(self) -> str:
        return f"{self.mapping} · {self.target_path}"


class Decision(Base):
    """A person's decision on a mapping row; append-only, the fields of product.md 7.3."""

    row = models.ForeignKey(MappingRow, on_delete=models.CASCADE, related_name="decisions")
    actor = models.CharField(max_length=150)
    role = models.CharField(max_length=20)
    verdict = models.CharField(max_length=12)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    method = models.CharField(max_length=20, blank=True)
    confidence = models.FloatField(default=0)
    evidence = models.JSONField(default=dict)
    candidates = models.JSONField(default=list)
    comment = models.TextField(blank=True)
    bulk = models.UUIDField(null=True, blank=True, db_index=True)
    unseen = models.BooleanField(
        default=False, help_text="accepted within a risk budget, not looked at singly"
    )
    seconded_by = models.CharField(max_length=150, blank=True, help_text="who confirmed it")
    seconded_at = models.DateTimeField(null=True, blank=True)
    undo_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="undone_by"
    )

    class Meta:
        ordering = ["-id"]


class RowNote(Base):
    """A remark beside a mapping row."""

    row = models.ForeignKey(MappingRow, on_delete=models.CASCADE, related_name="notes")
    author = models.CharField(max_length=150)
    text = models.TextField()

    class Meta:
        ordering = ["created_at"]


class MappingVersion(Base):
    """A published mapping: document and hash; never changed."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    content_hash = models.CharField(max_length=64, db_index=True)
    approvals = models.JSONField(default=dict, help_text="target path -> who approved it and when")
    published_by = models.CharField(max_length=150)
    state = models.CharField(max_length=10, choices=VERSION_STATES, default="published")
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["mapping", "number"], name="mapping_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.mapping} v{self.number}"


class LookupTable(Base):
    """A code translation kept by administrators, e.g. terms of SYSPRO to terms of QBO."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="lookup_tables")
    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        related_name="lookup_tables",
        help_text="whose codes it yields",
    )
    name = models.SlugField(help_text='as written in LOOKUP("name", …)')
    label = models.CharField(max_length=100)
    code_kind = models.CharField(
        max_length=30, blank=True, help_text="list of the target it yields from"
    )
    description = models.TextField(blank=True)
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "name"], name="lookup_once_per_connection"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.connection})"


class LookupRow(Base):
    """One translation, valid between two dates (either may be open)."""

    table = models.ForeignKey(LookupTable, on_delete=models.CASCADE, related_name="rows")
    source = models.CharField("source code", max_length=120)
    source_label = models.CharField(max_length=200, blank=True)
    target = models.CharField("target key", max_length=120)
    target_label = models.CharField(max_length=200, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    seconded_by = models.CharField(
        max_length=150, blank=True, help_text="the second person, who confirmed what stands"
    )
    seconded_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["source", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["table", "source"],
                condition=Q(valid_from__isnull=True),
                name="one_open_start",
            ),
            models.UniqueConstraint(
                fields=["table", "source", "valid_from"], name="one_start_per_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target_label or self.target}"

    def decide(self, by: str) -> None:
        """Whose word it is now; whoever confirmed another has not confirmed this one."""
        self.decided_by, self.seconded_by, self.seconded_at = by, "", None


class ValueProposal(Base):
    """A code seen on the source side and what it may be called at the target. Candidates stay.

    Approval writes a ``LookupRow``; the proposal keeps who did it and which row came of it.
    """

    table = models.ForeignKey(LookupTable, on_delete=models.CASCADE, related_name="proposals")
    source = models.CharField(max_length=120)
    source_label = models.CharField(max_length=200, blank=True)
    count = models.PositiveIntegerField(default=0, help_text="records that carry the code")
    money = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    candidates = models.JSONField(default=list)
    confidence = models.FloatField(default=0, db_index=True)
    state = models.CharField(max_length=12, choices=ROW_STATES, default="open", db_index=True)
    chosen = models.CharField(max_length=120, blank=True, help_text="target key a person chose")
    row = models.ForeignKey(
        LookupRow, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    shown = models.FloatField(default=0, help_text="confidence the person saw when deciding")
    bulk = models.UUIDField(
        null=True, blank=True, db_index=True, help_text="accepted together with others"
    )
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["table_id", "source"]
        constraints = [
            models.UniqueConstraint(fields=["table", "source"], name="value_proposed_once")
        ]

    def __str__(self) -> str:
        return f"{self.table} · {self.source}"


class ValueNote(Base):
    """A remark beside a code."""

    proposal = models.ForeignKey(ValueProposal, on_delete=models.CASCADE, related_name="notes")
    author = models.CharField(max_length=150)
    text = models.TextField()

    class Meta:
        ordering = ["created_at"]


class PutOff(Base):
    """One person wants to see a field or a code later: it stands last on that person's list alone.

    A field has its place in the document and a code beside its sisters, where colleagues look for them;
    what one person skips is no statement about the row.
    """

    person = models.CharField(max_length=150)
    row = models.ForeignKey(
        MappingRow, null=True, blank=True, on_delete=models.CASCADE, related_name="put_offs"
    )
    proposal = models.ForeignKey(
        ValueProposal, null=True, blank=True, on_delete=models.CASCADE, related_name="put_offs"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["row", "person"], name="row_put_off_once"),
            models.UniqueConstraint(fields=["proposal", "person"], name="value_put_off_once"),
            models.CheckConstraint(
                condition=Q(row__isnull=True) ^ Q(proposal__isnull=True), name="one_is_put_off"
            ),
        ]
