"""The only way to wake a worker: after commit, by name, allowed to be lost."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)


def nudge(task: str, *args: Any) -> None:
    """Send ``task`` once the present transaction has committed; asked for twice in it, it is sent once.

    A broker that cannot be reached costs seconds, not data: the sweep finds the row.
    """
    wake = _Wake(task, args)
    # Twenty postings written down together all wake the write-back.
    waiting = (call for _, call, _ in transaction.get_connection().run_on_commit)
    if wake not in waiting:
        transaction.on_commit(wake)


@dataclass(frozen=True)
class _Wake:
    task: str
    args: tuple[Any, ...]

    def __call__(self) -> None:
        try:
            current_app.send_task(self.task, args=self.args)
        except Exception as error:
            # The broker's many client libraries share no base class for "cannot reach it".
            log.warning("could not wake %s: %s", self.task, type(error).__name__)
