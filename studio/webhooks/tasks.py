"""Celery entry points of webhooks. All may run twice or never."""

from __future__ import annotations

from celery import shared_task

from studio.webhooks.pump import pump as pump_endpoint
from studio.webhooks.pump import sweep as wake_all


@shared_task(name="webhooks.pump")
def pump(endpoint_id: int) -> None:
    """Send what is due to one address."""
    pump_endpoint(endpoint_id)


@shared_task(name="webhooks.sweep")
def sweep() -> None:
    """Find messages that were left behind."""
    wake_all()
