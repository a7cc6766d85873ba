"""What a case shows about its record; the app that owns the record supplies it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from studio.triage.models import Case


@dataclass(frozen=True, slots=True)
class Evidence:
    """Both records side by side, and what was tried.

    Attributes:
        title: what is shown, where it is not records.
        left: title and (field, value, marked) rows of the source record.
        right: the same for what would be written.
        tried: (time, words, tone) of each attempt.
        links: (words, address) to related pages.
    """

    title: str = ""
    left_title: str = ""
    left: list[tuple[str, Any, bool]] = field(default_factory=list)
    right_title: str = ""
    right: list[tuple[str, Any, bool]] = field(default_factory=list)
    tried: list[tuple[Any, str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


_SOURCES: dict[str, Callable[[Case], Evidence | None]] = {}


def register(kind: str, source: Callable[[Case], Evidence | None]) -> None:
    """Supply evidence for subjects ``kind:…``; called from ``AppConfig.ready``."""
    _SOURCES[kind] = source


def evidence_of(case: Case) -> Evidence | None:
    """The evidence for a case, where an app supplies it."""
    source = _SOURCES.get(case.subject.partition(":")[0])
    return source(case) if source else None
