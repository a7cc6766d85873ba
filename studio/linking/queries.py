"""Reads for pages, API and flows: links as the mapping language wants them, pairs to review."""

from __future__ import annotations

from studio.catalog.models import Connection
from studio.linking.models import Link


def links_for(source: Connection, target: Connection) -> dict[str, dict[str, str]]:
    """Canonical kind -> code at the source -> key at the target; one query."""
    found: dict[str, dict[str, str]] = {}
    rows = Link.objects.filter(
        left_connection=source, right_connection=target, active=True
    ).values_list("kind", "left_code", "right_key")
    for kind, code, key in rows.iterator(chunk_size=5000):
        found.setdefault(kind, {})[code] = key
    return found
