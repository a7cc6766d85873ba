"""Celery entry points of the tie-out: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

from celery import shared_task

from studio.flows.models import Flow
from studio.tieout import stock
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


@shared_task(name="tieout.compare_flow")
def compare_flow(flow_id: int) -> None:
    """Ask for the comparison that a flow's trigger wants."""
    flow = Flow.objects.select_related("source", "target", "workspace").filter(pk=flow_id).first()
    if flow:
        stock.ask_by_schedule(flow)


@shared_task(name="tieout.compare_stock")
def compare_stock(comparison_id: int) -> None:
    """Carry out one comparison of quantities."""
    asked = stock.claim(comparison_id)
    if asked:
        stock.run(asked)


@shared_task(name="tieout.stock_due")
def stock_due() -> None:
    """Find comparisons that were left behind."""
    stock.wake_open()
