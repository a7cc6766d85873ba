"""Proof: control totals in source, ledger and target, quantities of items, and every difference named."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.models import Base
from studio.flows.models import Flow, FlowVersion, Run


class Signed(models.Model):
    """Something compared that an accountant signs, once."""

    signed_by = models.CharField(max_length=150, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    sign_note = models.TextField(blank=True)

    class Meta:
        abstract = True


# Names of differences that have a reason but are not over: something still has to be posted or settled.
PENDING = frozenset({"case", "in_flight", "payment_case", "payment_in_flight", "draft_at_target"})


class Judged:
    """Something compared, in one word that never says more than is so."""

    green: bool

    @property
    def differs(self) -> bool:
        """Anything in it differs; what has a name may cancel out in the sum."""
        raise NotImplementedError

    @property
    def pending(self) -> bool:
        """A part of the difference is not over."""
        raise NotImplementedError

    @property
    def verdict(self) -> str:
        """``apart``: to be put right or answered for; ``pending``: explained, but not over; ``explained``; ``ties``."""
        if not self.green:
            return "apart"
        if not self.differs:
            return "ties"
        return "pending" if self.pending else "explained"


class TieOuts(models.Manager["TieOut"]):
    """Comparisons that know whether anything in them differs, and whether it is over."""

    def get_queryset(self) -> QuerySet[TieOut]:
        """With ``any_named`` and ``any_pending``, whatever the differences come to."""
        named = Difference.objects.filter(tieout=OuterRef("pk"))
        pending = named.filter(kind__in=PENDING)
        return super().get_queryset().annotate(any_named=Exists(named), any_pending=Exists(pending))


class TieOut(Judged, Signed, Base):
    """One comparison of a flow over a period in one currency."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="tieouts")
    period_from = models.DateField(null=True, blank=True)
    period_to = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    run = models.UUIDField(null=True, db_index=True, help_text="one comparison of all currencies")
    totals = models.JSONField(default=dict, help_text="place -> measure -> amount as text")
    residual = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    unexplained = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    green = models.BooleanField(default=False)

    objects = TieOuts()
    # What was posted into the period since it was signed (tieout.overtaken.Since), where a page asks.
    after: object = None

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.flow} {self.currency} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def differs(self) -> bool:
        """It has a named difference; asked for one that was just made, known of what was read."""
        known = getattr(self, "any_named", None)
        return self.differences.exists() if known is None else bool(known)

    @property
    def pending(self) -> bool:
        """A part of it is not posted yet; asked for one that was just made, known of what was read."""
        known = getattr(self, "any_pending", None)
        if known is None:
            return self.differences.filter(kind__in=PENDING).exists()
        return bool(known)


class Difference(models.Model):
    """One named part of a residual; all parts add up to it exactly."""

    tieout = models.ForeignKey(TieOut, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=30)
    label = models.CharField(max_length=200)
    record_key = models.CharField(max_length=120, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["kind", "-amount"]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


READING_STATES = [
    ("waiting", "Waiting"),
    ("reading", "Being read"),
    ("ready", "Read"),
    ("failed", "Failed"),
]
AREAS = [("receivable", "Receivables"), ("payable", "Payables")]


class Reading(Base):
    """One look at what is open in two companies. The row is the work: a worker claims it and reads."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="readings")
    source = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=READING_STATES, default="waiting")
    asked_by = models.CharField(max_length=150)
    lease_until = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "target"],
                condition=Q(state__in=("waiting", "reading")),
                name="one_reading_at_a_time",
            )
        ]


class Balance(Judged, Base):
    """What is open in one area and currency in two companies, and why the two differ."""

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="balances")
    area = models.CharField(max_length=10, choices=AREAS)
    currency = models.CharField(max_length=3)
    source_open = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    target_open = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    source_unapplied = models.DecimalField(
        max_digits=18,
        decimal_places=2,
        default=0,
        help_text="money on account, part of what is open",
    )
    target_unapplied = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    unexplained = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    named = models.JSONField(default=dict, help_text="name of a difference -> its sum as text")
    green = models.BooleanField(default=False)

    class Meta:
        ordering = ["-area", "currency"]

    @property
    def difference(self) -> Decimal:
        """Source less target; the named differences add up to it."""
        return self.source_open - self.target_open

    @property
    def differs(self) -> bool:
        """It has a named difference."""
        return bool(self.named)

    @property
    def pending(self) -> bool:
        """A document of it is not posted, or a payment not back."""
        return not PENDING.isdisjoint(self.named)


class CashBalance(models.Model):
    """A bank or clearing account of the books that payments name, beside the bank it is at the source."""

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="cash")
    currency = models.CharField(max_length=3, blank=True)
    source_key = models.CharField(max_length=60, blank=True)
    source_label = models.CharField(max_length=200, blank=True)
    target_key = models.CharField(max_length=60)
    target_label = models.CharField(max_length=200, blank=True)
    source_balance = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    target_balance = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    why = models.CharField(max_length=20, blank=True, help_text="why the two are not compared")
    named = models.JSONField(
        default=list, help_text="name, key, amount as text and subject of each part"
    )

    class Meta:
        ordering = ["target_label", "id"]

    def __str__(self) -> str:
        return self.target_label or self.target_key

    @property
    def difference(self) -> Decimal | None:
        """Source less target; None where they are not compared."""
        if self.why or self.source_balance is None or self.target_balance is None:
            return None
        return self.source_balance - self.target_balance


class PartyBalances(models.Manager["PartyBalance"]):
    """Parties that know whether what differs is over."""

    def get_queryset(self) -> QuerySet[PartyBalance]:
        """With ``any_pending``."""
        pending = OpenDifference.objects.filter(document__party=OuterRef("pk"), kind__in=PENDING)
        return super().get_queryset().annotate(any_pending=Exists(pending))


class PartyBalance(Judged, Base):
    """What one customer owes, or one supplier is owed, in both companies."""

    balance = models.ForeignKey(Balance, on_delete=models.CASCADE, related_name="parties")
    label = models.CharField(max_length=200)
    source_code = models.CharField(max_length=200, blank=True)
    target_key = models.CharField(max_length=120, blank=True)
    source_open = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    target_open = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    documents = models.PositiveIntegerField(default=0)
    apart = models.PositiveIntegerField(default=0, help_text="documents that differ")
    green = models.BooleanField(default=False)

    objects = PartyBalances()

    class Meta:
        ordering = ["id"]

    @property
    def difference(self) -> Decimal:
        """Source less target."""
        return self.source_open - self.target_open

    @property
    def differs(self) -> bool:
        """A document of it differs."""
        return self.apart > 0

    @property
    def pending(self) -> bool:
        """A document of it is not posted, or a payment not back; read with ``objects``."""
        return bool(self.any_pending)  # type: ignore[attr-defined]


class OpenDocument(models.Model):
    """One document that is open on a side; an amount is empty where the side does not have it."""

    party = models.ForeignKey(PartyBalance, on_delete=models.CASCADE, related_name="rows")
    kind = models.CharField(max_length=20)
    source_number = models.CharField(max_length=120, blank=True)
    target_number = models.CharField(max_length=120, blank=True)
    target_key = models.CharField(max_length=120, blank=True)
    on = models.DateField(null=True, blank=True)
    source_open = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    target_open = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    on_account = models.BooleanField(default=False, help_text="money that pays no document")
    subject = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["on", "id"]

    def __str__(self) -> str:
        return self.source_number or self.target_number

    @property
    def source_given(self) -> Decimal:
        """What is on account at the source: what lessens a balance, as people say it."""
        return -(self.source_open or Decimal(0))

    @property
    def target_given(self) -> Decimal:
        """What is on account at the target."""
        return -(self.target_open or Decimal(0))


class OpenDifference(models.Model):
    """One named part of the difference of a document; all parts add up to it exactly."""

    document = models.ForeignKey(OpenDocument, on_delete=models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=30)
    record_key = models.CharField(max_length=120, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, default=0)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"


STOCK_STATES = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("ready", "Ready"),
    ("failed", "Failed"),
]


class StockComparison(Signed, Base):
    """One comparison of the quantities that two systems have, item by item; made by a worker.

    ``residual`` and ``unexplained`` are the values of the differences in the company's own currency.
    """

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="stock_comparisons")
    version = models.ForeignKey(FlowVersion, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(
        Run, null=True, on_delete=models.SET_NULL, related_name="+", help_text="its adjustments"
    )
    asked_by = models.CharField(max_length=150, help_text="for the audit trail and for four eyes")
    state = models.CharField(max_length=10, choices=STOCK_STATES, default="waiting", db_index=True)
    claimed_by = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    policy = models.CharField(max_length=10, default="compare")
    held_back = models.CharField(
        max_length=300, blank=True, help_text="why nothing was adjusted although the policy says so"
    )
    error = models.TextField(blank=True)
    currency = models.CharField(max_length=3, blank=True)
    items = models.PositiveIntegerField(default=0)
    apart = models.PositiveIntegerField(default=0, help_text="items that differ")
    adjusted = models.PositiveIntegerField(default=0, help_text="adjustments handed over")
    residual = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    unexplained = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    green = models.BooleanField(default=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.flow} {self.created_at:%Y-%m-%d %H:%M}"


class StockRow(models.Model):
    """One item on both sides, in its stocking unit; its parts add up to its difference."""

    comparison = models.ForeignKey(StockComparison, on_delete=models.CASCADE, related_name="rows")
    item = models.CharField(max_length=120)
    name = models.CharField(max_length=200, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    target_key = models.CharField(max_length=120, blank=True)
    source = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    target = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    difference = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    off = models.DecimalField(
        max_digits=18, decimal_places=6, default=0, help_text="the difference without its sign"
    )
    unit_cost = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    value = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    weight = models.DecimalField(
        max_digits=18, decimal_places=2, default=0, help_text="the value without its sign"
    )
    warehouses = models.JSONField(
        default=list, help_text="of each warehouse its name, on hand, allocated and unit cost"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-weight", "-off", "id"]
        indexes = [
            models.Index(fields=["comparison", "-weight", "-off", "id"], name="stock_by_value"),
            models.Index(fields=["comparison", "-off", "id"], name="stock_by_quantity"),
            models.Index(fields=["comparison", "item", "id"], name="stock_by_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.difference}"


class StockPart(models.Model):
    """One named part of an item's difference."""

    row = models.ForeignKey(StockRow, on_delete=models.CASCADE, related_name="parts")
    why = models.CharField(max_length=20)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        ordering = ["why"]
        constraints = [models.UniqueConstraint(fields=["row", "why"], name="stock_part_once")]

    def __str__(self) -> str:
        return f"{self.why} {self.quantity}"
