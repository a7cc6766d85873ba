"""Records that were sent to us, as a connector reads them; the surroundings keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.ports import SourceRecord
from engine.schema.model import SystemSchema


@dataclass(frozen=True, slots=True)
class Arrival:
    """The newest version of a record, and the place of its arrival; later ones have greater numbers."""

    number: int
    record: SourceRecord


class Received(Protocol):
    """What one sender registered and sent."""

    def schema(self) -> SystemSchema | None:
        """The schema as it was registered; None before that."""
        ...

    def after(self, entity: str, number: int, limit: int) -> Sequence[Arrival]:
        """Records whose newest version arrived after ``number``, in the order of arrival."""
        ...

    def one(self, entity: str, key: str) -> SourceRecord | None:
        """The newest version of one record."""
        ...


class NothingReceived:
    """For the systems that we ask ourselves."""

    def schema(self) -> SystemSchema | None:
        """Nothing was registered."""
        return None

    def after(self, entity: str, number: int, limit: int) -> Sequence[Arrival]:
        """Nothing was sent."""
        return ()

    def one(self, entity: str, key: str) -> SourceRecord | None:
        """Nothing was sent."""
        return None
