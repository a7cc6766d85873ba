"""What was ticked on the review page, and as which revision it was seen."""

from __future__ import annotations

import uuid

from django.http import QueryDict


def ticks(post: QueryDict) -> list[tuple[uuid.UUID, int]]:
    """``<row>:<revision>`` for each ticked row."""
    found = []
    for tick in post.getlist("tick"):
        name, _colon, revision = tick.partition(":")
        if revision.isdigit():
            try:
                found.append((uuid.UUID(name), int(revision)))
            except ValueError:
                continue
    return found
