"""Proof: control totals in source, ledger and target, quantities of items, and every difference named."""

from __future__ import annotations

from django.db import models

from studio.core.models import Base
from studio.flows.models import Flow, FlowVersion, Run


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


STOCK_STATES = [
    ("waiting", "Waiting"),
    ("running", "Running"),
    ("ready", "Ready"),
    ("failed", "Failed"),
]


class StockComparison(Base):
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
