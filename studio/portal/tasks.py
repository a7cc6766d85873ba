"""Celery entry points: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

from celery import shared_task

from studio.portal import reading


@shared_task(name="portal.read_items")
def read_items(shop_id: int) -> None:
    """Read what a shop sells."""
    reading.read_items(shop_id)


@shared_task(name="portal.read_account")
def read_account(account_id: int) -> None:
    """Read the standing and documents of an account."""
    reading.read_account(account_id)


@shared_task(name="portal.due")
def due() -> None:
    """Wake what is old or was never read."""
    reading.due()
