"""What a system may do that sends its records: say what they look like, and send them.

A batch is taken whole or not at all: the answer's status alone tells the sender the truth, and what was refused
is still where it came from. The versions of a record are put in order here, once, so that whoever reads sees the
newest only, as with a system that is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.http.jsontext import dump
from connectors.registry import capabilities
from engine.runtime.idempotency import content_hash
from engine.schema.model import EntitySchema, Record
from engine.schema.records import Reader, moment_of, value_at
from engine.schema.registration import Fault, NotTaken, registered
from engine.schema.registration import Registration as Registered
from studio.accounts.roles import INGEST
from studio.catalog.actions import introspect
from studio.catalog.models import Arrival, Connection, Registration, SchemaSnapshot
from studio.catalog.wiring import note_success
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused

MOST_RECORDS = 500
# Faults of a batch that are told; a sender with more has one cause.
MOST_FAULTS = 100
FAULTS_KEPT = 10


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one record of a batch.

    Attributes:
        key: its key.
        outcome: ``taken``; ``known``: nothing new was said; ``late``: kept, but a later version was there.
        number: the place of its arrival.
    """

    key: str
    outcome: str
    number: int


def register(actor: Actor, connection: Connection, content: dict[str, Any]) -> SchemaSnapshot:
    """Register the schema of a sender's records, or replace it; a changed one is a new snapshot.

    Records that arrived before stay as they are.

    Raises:
        NotTaken: the schema cannot be read, or records could not be told apart by it.
        DecisionRefused: the connection sends nothing to us, or was disconnected.
    """
    actor.require(INGEST)
    _may_send(connection)
    schema = registered(content, system=connection.system).schema
    with (
        transaction.atomic(),
        acting(actor, INGEST, "source.registered", f"connection:{connection.uuid}") as line,
    ):
        Registration.objects.update_or_create(
            connection=connection, defaults={"content": content, "by": actor.name}
        )
        note_success(connection)
        snapshot = introspect(actor, connection, permission=INGEST)
        line.data = {
            "name": connection.name,
            "entities": [e.name for e in schema.entities],
            "snapshot": snapshot.number,
        }
    return snapshot


def send(actor: Actor, connection: Connection, entity: str, sent: Sequence[Any]) -> list[Taken]:
    """Take a batch of records of one entity: all of them, or none.

    Raises:
        NotTaken: a record is not what was registered; every such record and field is named.
        DecisionRefused: nothing can be taken just now.
    """
    actor.require(INGEST)
    _may_send(connection)
    with transaction.atomic():
        # Held until the batch is visible: the schema stays what it is, and nobody else numbers arrivals.
        held = Registration.objects.select_for_update().filter(connection=connection).first()
        if held is None:
            raise DecisionRefused(
                _("%(name)s has no schema yet, so no record can be held against it.")
                % {"name": connection.name},
                _("Register the schema first."),
            )
        contract = registered(held.content, system=connection.system)
        known = contract.schema.entity(entity)
        if known is None:
            names = ", ".join(e.name for e in contract.schema.entities)
            raise NotTaken([Fault("entity", f"“{entity}” is not registered.", f"One of {names}.")])
        read = _read(known, sent)
        taken = _store(held, actor, known, contract, read)
        nudge("flows.poll_source", connection.pk)
    return taken


def note_refused(actor: Actor, connection: Connection, entity: str, refused: NotTaken) -> None:
    """Keep why a batch was refused, for the people here; no value of a record is in it."""
    Registration.objects.filter(connection=connection).update(
        refused={
            "at": timezone.now().isoformat(),
            "by": actor.name,
            "entity": entity[:60],
            "faults": [[f.place, f.sentence] for f in refused.faults[:FAULTS_KEPT]],
        }
    )


def _may_send(connection: Connection) -> None:
    if not capabilities(connection.system).receives:
        raise DecisionRefused(
            _("%(name)s is asked for its records; it cannot send them.") % {"name": connection.name}
        )
    if connection.state == "ended":
        raise DecisionRefused(
            _("%(name)s was disconnected here. Nothing of it is taken.")
            % {"name": connection.name},
            _("Ask whoever runs the studio."),
        )


def _read(entity: EntitySchema, sent: Sequence[Any]) -> list[tuple[str, Record]]:
    if not 1 <= len(sent) <= MOST_RECORDS:
        raise NotTaken([Fault("records", f"A batch has 1 to {MOST_RECORDS} records.")])
    reader = Reader(entity)
    faults: list[Fault] = []
    found: list[tuple[str, Record]] = []
    for number, raw in enumerate(sent):
        record, wrong = reader.read(raw, f"records[{number}]")
        faults += wrong
        if not wrong:
            found.append((reader.key_of(record), record))
    if faults:
        raise NotTaken(faults[:MOST_FAULTS])
    return found


class _Versions:
    """The versions of the records of one batch, as they stand while it is stored."""

    def __init__(self, held: Registration, entity: str, keys: set[str]) -> None:
        mine = Arrival.objects.filter(
            connection_id=held.connection_id, entity=entity, key__in=keys
        ).defer("payload")
        stored = list(mine)
        self.newest = {row.key: row for row in stored if row.newest}
        self.known = {(row.key, row.payload_hash): row for row in stored}
        self._were_newest = list(self.newest.values())
        self.fresh: list[Arrival] = []

    def same(self, key: str, digest: str, moment: datetime | None) -> Arrival | None:
        """The version that says the same already.

        What is dated and known is a repetition, however late it comes. What is not dated may have come back to
        what it once said, which is a change.
        """
        if moment is not None:
            return self.known.get((key, digest))
        newest = self.newest.get(key)
        return newest if newest is not None and newest.payload_hash == digest else None

    def add(self, row: Arrival) -> None:
        """Put a version in its place: the newest is the one that is dated latest, or arrived last."""
        before = self.newest.get(row.key)
        row.newest = not (before and _is_before(row.changed_at, before.changed_at))
        if row.newest:
            if before is not None:
                before.newest = False
            self.newest[row.key] = row
        self.known[row.key, row.payload_hash] = row
        self.fresh.append(row)

    def save(self) -> None:
        """Write down what is new, and which versions are the newest no more."""
        old = [row.pk for row in self._were_newest if not row.newest]
        Arrival.objects.filter(pk__in=old).update(newest=False)
        Arrival.objects.bulk_create(self.fresh)


def _is_before(one: datetime | None, other: datetime | None) -> bool:
    """Whether a moment lies before another; what is not dated is in the order of arrival."""
    return one is not None and other is not None and one < other


def _store(
    held: Registration,
    actor: Actor,
    entity: EntitySchema,
    contract: Registered,
    read: list[tuple[str, Record]],
) -> list[Taken]:
    """Number and store what is new."""
    at = contract.changed_at.get(entity.name, "")
    versions = _Versions(held, entity.name, {key for key, _record in read})
    taken: list[Taken] = []
    for key, record in read:
        digest = content_hash(record)
        moment = moment_of(value_at(record, at)) if at else None
        same = versions.same(key, digest, moment)
        if same is not None:
            taken.append(Taken(key, "known", same.number))
            continue
        held.arrivals += 1
        row = Arrival(
            connection_id=held.connection_id,
            number=held.arrivals,
            entity=entity.name,
            key=key,
            changed_at=moment,
            payload=dump(record).decode(),
            payload_hash=digest,
            by=actor.name,
        )
        versions.add(row)
        taken.append(Taken(key, "taken" if row.newest else "late", row.number))
    versions.save()
    held.refused = {}
    held.save(update_fields=["arrivals", "refused", "updated_at"])
    return taken
