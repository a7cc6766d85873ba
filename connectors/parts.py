"""A connector put together from its parts: what looks at the schema, what reads, what writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from engine.errors import StudioError
from engine.ports import (
    Action,
    Draft,
    Introspector,
    ItemResult,
    Page,
    Receipt,
    Sink,
    Source,
    SourceRecord,
)
from engine.schema.model import SystemSchema


def one_by_one(call: Callable[[Draft], Receipt], drafts: Sequence[Draft]) -> list[ItemResult]:
    """Results of drafts that each need a call of their own; one that is refused spoils only itself."""
    made = []
    for draft in drafts:
        try:
            made.append(ItemResult(receipt=call(draft)))
        except StudioError as error:
            made.append(ItemResult(error=error))
    return made


class Assembled:
    """The calls of ``engine.ports.Connector`` that a part answers; the vendor adds the others.

    Attributes:
        introspector: answers ``snapshot``.
        source: answers ``changes``, ``read`` and ``find``.
        sink: answers the writes and ``find_by_reference``.
    """

    introspector: Introspector
    source: Source
    sink: Sink

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """Entities, fields, custom fields, live codes, value profiles."""
        return self.introspector.snapshot(sample=sample)

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """Records changed since ``cursor``."""
        return self.source.changes(entity, cursor=cursor, limit=limit)

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """One record by key."""
        return self.source.read(entity, key)

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records whose fields equal ``where``, inactive ones included."""
        return self.source.find(entity, where, limit=limit)

    def create(self, draft: Draft) -> Receipt:
        """Create a record."""
        return self.sink.create(draft)

    def update(self, draft: Draft) -> Receipt:
        """Change the given fields of a record."""
        return self.sink.update(draft)

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void, delete, deactivate or reactivate a record."""
        return self.sink.act(draft, action)

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Create several, in the vendor's batches."""
        return self.sink.create_many(drafts)

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Change several, in as few calls as the vendor allows."""
        return self.sink.update_many(drafts)

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """The document an unanswered ``create`` left, if any."""
        return self.sink.find_by_reference(entity, reference, idempotency_key)
