"""Celery entry points of the tie-out: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

from celery import shared_task

from studio.tieout.balances.actions import claim, due
from studio.tieout.balances.actions import read as read_all


@shared_task(name="tieout.read_balances")
def read_balances(pk: int) -> None:
    """Read what is open in two companies."""
    reading = claim(pk)
    if reading:
        read_all(reading)


@shared_task(name="tieout.balances_due")
def balances_due() -> None:
    """Readings that were left behind, and those that are a day old."""
    due()
