"""Every write of the app; pages, API and tasks call these."""

from __future__ import annotations

from studio.learning.actions.repeats import answer, sample, settle

__all__ = ["answer", "sample", "settle"]
