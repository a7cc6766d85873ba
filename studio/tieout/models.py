"""Proof: control totals in source, ledger and target, and every cent of difference named."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.models import Base
from studio.flows.models import Flow


class TieOut(Base):
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
    signed_by = models.CharField(max_length=150, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    sign_note = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]


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


class Balance(Base):
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


class PartyBalance(Base):
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

    class Meta:
        ordering = ["id"]

    @property
    def difference(self) -> Decimal:
        """Source less target."""
        return self.source_open - self.target_open


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
