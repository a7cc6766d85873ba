"""Proof: control totals in source, ledger and target, and every cent of difference named."""

from __future__ import annotations

from django.db import models

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
