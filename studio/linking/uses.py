"""Who uses links: higher apps register a counter, so that unlinking can say its consequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.linking.models import Link


@dataclass(frozen=True, slots=True)
class Use:
    """E.g. 3 posted documents worth 1,200.00 that carry the link."""

    count: int
    sentence: str


COUNTERS: list[Callable[[Link], Use | None]] = []


def register_use(counter: Callable[[Link], Use | None]) -> None:
    """Add a counter; called from ``AppConfig.ready`` of the app that uses links."""
    if counter not in COUNTERS:
        COUNTERS.append(counter)


def uses_of(link: Link) -> list[Use]:
    """Every use that anybody counts."""
    return [use for counter in COUNTERS if (use := counter(link)) is not None and use.count]
