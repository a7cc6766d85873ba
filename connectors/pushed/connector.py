"""The connector of a system that sends its records: it reads what was received and makes no call.

Its schema is what the sender registered, its changes are what arrived, in the order of arrival. Nothing can be
written to it, because it has told us no address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from connectors.config import ConnectionConfig, Services
from connectors.parts import Assembled, one_by_one
from connectors.received import Received
from engine.errors import RemoteRejected, RemoteUnavailable
from engine.ports import Action, Connector, Draft, Health, ItemResult, Page, Receipt, SourceRecord
from engine.schema.model import EntitySchema, FieldType, JsonValue, SystemSchema
from engine.schema.profile import profile

SYSTEM = "pushed"
_SAMPLED = 1000


class PushedIntrospector:
    """The registered schema, with profiles of the values that arrived."""

    def __init__(self, received: Received, name: str) -> None:
        self._received, self._name = received, name

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """What was registered.

        Raises:
            RemoteUnavailable: nothing was registered yet.
        """
        schema = self._received.schema()
        if schema is None:
            raise RemoteUnavailable(
                system=self._name,
                call="read the schema",
                detail="The sender has not registered its schema yet",
            )
        entities = tuple(self._profiled(e, sample) for e in schema.entities)
        return replace(schema, entities=entities)

    def _profiled(self, entity: EntitySchema, sample: int) -> EntitySchema:
        rows = [a.record.data for a in self._received.after(entity.name, 0, sample)]
        if not rows:
            return entity
        fields = tuple(
            one
            if one.type in (FieldType.OBJECT, FieldType.ARRAY)
            else replace(one, profile=profile([v for r in rows for v in _values(r, one.path)]))
            for one in entity.fields
        )
        return replace(entity, fields=fields)


def _values(value: JsonValue, path: str) -> Iterator[JsonValue]:
    """Every value at a path; one that is not there counts as empty."""
    step, _, rest = path.partition(".")
    inner = value.get(step.removesuffix("[]")) if isinstance(value, dict) else None
    for one in inner if isinstance(inner, list) else [inner]:
        if rest:
            yield from _values(one, rest)
        else:
            yield one


class PushedSource:
    """Reads what was received; the cursor is the number of the last arrival."""

    def __init__(self, received: Received) -> None:
        self._received = received

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """The newest version of every record that arrived after the cursor."""
        found = self._received.after(entity, int(cursor or 0), limit)
        last = str(found[-1].number) if found else cursor
        return Page([a.record for a in found], last, more=len(found) == limit)

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """The newest version of one record."""
        return self._received.one(entity, key)

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records with these values, compared as text."""
        return list(islice(self._found(entity, where), limit))

    def _found(self, entity: str, where: Mapping[str, str]) -> Iterator[SourceRecord]:
        number = 0
        while some := self._received.after(entity, number, _SAMPLED):
            number = some[-1].number
            for one in some:
                data = one.record.data
                if all(said in map(str, _values(data, path)) for path, said in where.items()):
                    yield one.record


class PushedSink:
    """Refuses every write: the sender listens at no address."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refused(self, call: str) -> RemoteRejected:
        return RemoteRejected(
            system=self._name, call=call, detail="It only sends records; nothing is written to it."
        )

    def create(self, draft: Draft) -> Receipt:
        """Never."""
        raise self._refused(f"create {draft.entity}")

    def update(self, draft: Draft) -> Receipt:
        """Never."""
        raise self._refused(f"change {draft.entity}")

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Never."""
        raise self._refused(f"{action} {draft.entity}")

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Each refused."""
        return one_by_one(self.create, drafts)

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Each refused."""
        return one_by_one(self.update, drafts)

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """Nothing was ever written."""
        return None


class PushedConnector(Assembled):
    """Implements ``engine.ports.Connector`` over what was received."""

    system = SYSTEM

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        name = config.name or SYSTEM
        self._received, self._name = services.received, name
        self.introspector = PushedIntrospector(services.received, name)
        self.source = PushedSource(services.received)
        self.sink = PushedSink(name)

    def check(self) -> Health:
        """Whether a schema was registered; there is nobody to call."""
        schema = self._received.schema()
        if schema is None:
            return Health(ok=False, detail="The sender has not registered its schema yet.")
        return Health(ok=True, who=self._name, detail="Sends its records; is never called.")

    def close(self) -> None:
        """Nothing is open."""


def connect(config: ConnectionConfig, services: Services) -> Connector:
    """The connector of one sender."""
    return PushedConnector(config, services)
