"""The only way to wake a worker: after commit, by name, allowed to be lost."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def nudge(task: str, *args: Any) -> None:
    """Send ``task`` once the present transaction has committed.

    A broker that cannot be reached costs seconds, not data: the sweep finds the row.
    """

    def send() -> None:
        try:
            current_app.send_task(task, args=args)
        except Exception as error:
            # The broker's many client libraries share no base class for "cannot reach it".
            log.warning("could not wake %s: %s", task, type(error).__name__)

    transaction.on_commit(send)
