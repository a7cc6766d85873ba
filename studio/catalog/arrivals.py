"""What a sender registered and sent, as its connector reads it."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.http.jsontext import load
from connectors.received import Arrival as Arrived
from engine.ports import SourceRecord
from engine.schema.model import SystemSchema
from engine.schema.registration import registered
from studio.catalog.models import Arrival, Registration


class StoredArrivals:
    """The arrivals of one connection in their rows."""

    def __init__(self, connection_id: int) -> None:
        self._id = connection_id

    def schema(self) -> SystemSchema | None:
        """The schema in force."""
        rows = Registration.objects.filter(connection_id=self._id).select_related("connection")
        found = rows.first()
        return registered(found.content, system=found.connection.system).schema if found else None

    def after(self, entity: str, number: int, limit: int) -> Sequence[Arrived]:
        """The newest versions that arrived after a number; no later one may be missed (``Registration``)."""
        rows = Arrival.objects.filter(
            connection_id=self._id, entity=entity, newest=True, number__gt=number
        ).order_by("number")
        return [Arrived(row.number, _record(row)) for row in rows[:limit]]

    def one(self, entity: str, key: str) -> SourceRecord | None:
        """The newest version of one record."""
        row = Arrival.objects.filter(
            connection_id=self._id, entity=entity, key=key, newest=True
        ).first()
        return _record(row) if row else None


def _record(row: Arrival) -> SourceRecord:
    return SourceRecord(
        entity=row.entity,
        key=row.key,
        version=str(row.number),
        data=load(row.payload),
        changed_at=row.changed_at,
    )
