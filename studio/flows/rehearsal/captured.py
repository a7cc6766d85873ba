"""A sink that remembers instead of writing: rehearsals hand it to the executor in place of the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from engine.ports import Action, Connector, Draft, ItemResult, Receipt

# Stands where a key will stand that the target has yet to give out.
PREFIX = "planned-"


def planned_key(draft: Draft) -> str:
    """The stand-in key of a record that would be created; the same for the same intent."""
    return f"{PREFIX}{draft.idempotency_key[:24]}"


class CapturedSink:
    """Implements ``engine.ports.Sink``; answers as a target would that takes everything."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []

    def _answer(self, draft: Draft, key: str) -> Receipt:
        self.drafts.append(draft)
        return Receipt(draft.entity, key, number=draft.reference, data=dict(draft.data))

    def create(self, draft: Draft) -> Receipt:
        """Remember a creation."""
        return self._answer(draft, planned_key(draft))

    def update(self, draft: Draft) -> Receipt:
        """Remember a change."""
        return self._answer(draft, draft.key)

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Remember a void, a deletion or the like."""
        return self._answer(draft, draft.key)

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Remember several creations."""
        return [ItemResult(self.create(d)) for d in drafts]

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Remember several changes."""
        return [ItemResult(self.update(d)) for d in drafts]

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """Nothing was sent, so nothing can have been left behind."""
        return None

    def as_connector(self) -> Connector:
        """For the executor, which is handed connectors; it only ever writes through them."""
        return cast("Connector", self)
