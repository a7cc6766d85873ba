"""The Celery app. Messages only wake workers; the guarantee is in the rows (docs/decisions/0003)."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging
from kombu import Exchange, Queue

from studio.core import broker

broker.register()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")

app = Celery("studio")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Two queues because two costs: `sync` waits for other people's servers, `ai` computes with the
# embedding model, which must not be forked and wants one thread.
# Each has its own exchange: Celery would give both the default one, and every message to both.
app.conf.task_queues = [
    Queue(name, Exchange(name), routing_key=name, durable=True) for name in ("sync", "ai")
]
app.conf.task_routes = {
    name: {"queue": "ai"}
    for name in ("mapping.*", "linking.*", "learning.*", "flows.match_masters", "tryout.work")
}


@app.on_after_configure.connect
def _schedule(sender: Celery, **_: object) -> None:
    from django.conf import settings

    # A sweep message that waited longer than its own interval is worth nothing.
    for task, seconds in (
        ("flows.sweep", settings.SWEEP_SECONDS),
        ("flows.poll_due", settings.POLL_SECONDS),
        ("webhooks.sweep", settings.SWEEP_SECONDS),
        ("monitor.seal", 30),
        ("monitor.watch", 60),
        ("tieout.balances_due", 60),
        ("catalog.tidy", 60),
        ("flows.match_due", 3600),
        ("flows.missing_due", 1800),
        ("flows.digests_due", 1800),
        ("learning.due", 3600),
        ("tieout.stock_due", 60),
        ("portal.due", 60),
        ("tryout.due", 60),
    ):
        sender.conf.beat_schedule[task] = {
            "task": task,
            "schedule": float(seconds),
            "options": {"expires": float(seconds)},
        }


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery would put its own handlers over the project's; one format for all processes."""
