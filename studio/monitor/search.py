"""What the lines of the trail are found by: the words that their row shows, kept beside each line.

The words are made from key, data and the names of that time, so they are written once, soon after
the line. A search reads one column of text and asks no other table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from studio.core.models import AuditEvent
from studio.monitor.sentences import told

BATCH = 500
# Words of a search that count, and characters kept of a line.
WORDS = 8
LENGTH = 2000


def keep_words() -> int:
    """Write the words of lines that have none yet; returns of how many."""
    events = list(AuditEvent.objects.filter(search="").order_by("-id")[:BATCH])
    for event, words, subject in told(events):
        event.search = _words(event, words, subject)
    AuditEvent.objects.bulk_update(events, ["search"], batch_size=100)
    return len(events)


def find(events: QuerySet[AuditEvent], text: str) -> QuerySet[AuditEvent]:
    """The lines that show every word of a text, in any order."""
    for word in text.casefold().split()[:WORDS]:
        events = events.filter(search__contains=word)
    return events


def _words(event: AuditEvent, words: str, subject: str) -> str:
    parts = [
        event.actor,
        event.role,
        words,
        subject,
        *_values(event.data),
        event.key,
        event.subject,
    ]
    return " ".join(dict.fromkeys(" ".join(parts).replace("_", " ").casefold().split()))[:LENGTH]


def _values(value: Any) -> Iterator[str]:
    """Numbers and texts of a line's data, codes among them."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _values(one)
    elif isinstance(value, list):
        for one in value:
            yield from _values(one)
    elif value not in (None, "", True, False):
        yield str(value)
