"""Every write of the app; pages, API and tasks call these."""

from __future__ import annotations

from studio.learning.actions.calibrations import may_change, put_back, refit, rescore, take_back
from studio.learning.actions.opinions import ask, request_opinion
from studio.learning.actions.repeats import answer, sample, settle

__all__ = [
    "answer",
    "ask",
    "may_change",
    "put_back",
    "refit",
    "request_opinion",
    "rescore",
    "sample",
    "settle",
    "take_back",
]
