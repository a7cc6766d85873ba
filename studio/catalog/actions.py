"""Looking at systems: snapshots, samples, code lists, health; connecting and reconnecting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from pydantic import TypeAdapter

from connectors.http.jsontext import dump
from connectors.registry import CodeList, capabilities
from engine.errors import StudioError
from engine.ports import Connector, Health, SourceRecord
from engine.runtime.idempotency import content_hash
from engine.schema.model import SystemSchema
from studio.accounts.models import Workspace
from studio.accounts.roles import CONNECT
from studio.catalog.models import Code, Connection, Credential, Sample, SchemaSnapshot
from studio.catalog.uses import tell_seen
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.action import Actor, acting
from studio.core.vault import seal, unseal

SCHEMA: TypeAdapter[SystemSchema] = TypeAdapter(SystemSchema)
SAMPLES_KEPT = 40
PAGE = 200


def plain(record: SourceRecord) -> dict[str, Any]:
    """A record as a JSON column keeps it: exact numbers as text."""
    import json

    found: dict[str, Any] = json.loads(dump(dict(record.data)), parse_float=str)
    return found


@dataclass(frozen=True, slots=True)
class Details:
    """What a new connection needs; secrets never show in ``repr``."""

    system: str
    name: str
    base_url: str
    company: str
    currency: str
    options: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)


def connect(actor: Actor, workspace: Workspace, details: Details) -> Connection:
    """Store a connection with its secrets encrypted; ``check`` proves it afterwards."""
    with acting(actor, CONNECT, "connection.created", f"workspace:{workspace.uuid}") as line:
        connection = Connection.objects.create(
            workspace=workspace,
            system=details.system,
            name=details.name,
            base_url=details.base_url,
            company=details.company,
            currency=details.currency,
            options=details.options,
            owner_id=actor.user_id,
        )
        Credential.objects.create(connection=connection, sealed=seal(details.secrets))
        line.subject = f"connection:{connection.uuid}"
        line.data = {"system": details.system, "name": details.name, "company": details.company}
    return connection


def settle(actor: Actor, connection: Connection, changes: dict[str, Any]) -> None:
    """Say how a connection is reached: address, path, hours, limits, owner."""
    with acting(actor, CONNECT, "connection.changed", f"connection:{connection.uuid}") as line:
        before = {name: str(getattr(connection, name) or "") for name in changes}
        for name, value in changes.items():
            setattr(connection, name, value)
        connection.save(update_fields=[*changes, "updated_at"])
        after = {name: str(value or "") for name, value in changes.items()}
        changed = {n: [before[n], after[n]] for n in changes if before[n] != after[n]}
        line.data = {"name": connection.name, "changed": changed}


def reconnect(
    actor: Actor,
    connection: Connection,
    secrets: dict[str, Any],
    options: dict[str, str] | None = None,
) -> None:
    """Replace secrets after they expired or were rotated, and settings that are none; the others stay."""
    with acting(actor, CONNECT, "connection.reconnected", f"connection:{connection.uuid}") as line:
        held = Credential.objects.get(connection=connection)
        merged = {**unseal(held.sealed), **secrets}
        Credential.objects.filter(pk=held.pk).update(sealed=seal(merged), version=held.version + 1)
        Connection.objects.filter(pk=connection.pk).update(
            state="new",
            paused_until=None,
            paused_reason="",
            failures=0,
            options={**connection.options, **(options or {})},
        )
        line.data = {"name": connection.name, "replaced": sorted(secrets)}


def check(connection: Connection) -> Health:
    """A light call that proves the connection works; the answer is kept on the row."""
    try:
        with opened(connection) as connector:
            health = connector.check()
    except StudioError as error:
        health = Health(ok=False, detail=str(error), error=error)
    if health.ok:
        note_success(connection)
    elif health.error is not None and connection.state != "new":
        # Who is just connecting sees what failed; it is no outage of anything.
        note_fault(connection, health.error)
    Connection.objects.filter(pk=connection.pk).update(
        checked_at=timezone.now(),
        health={
            "ok": health.ok,
            "who": health.who,
            "detail": health.detail,
            "limits": health.limits,
        },
    )
    return health


def introspect(
    actor: Actor, connection: Connection, *, sample: int = 200, permission: str = CONNECT
) -> SchemaSnapshot:
    """Look at the system and keep what was seen as a new, immutable snapshot.

    The same picture as last time makes no new snapshot.

    Args:
        actor: who looks.
        connection: at which system.
        sample: records of each entity whose values are profiled.
        permission: what the actor needs; less for a sender that registers its own schema.

    Raises:
        StudioError: the system could not be read.
    """
    actor.require(permission)
    started = time.monotonic()
    with opened(connection) as connector:
        schema = connector.snapshot(sample=sample)
    note_success(connection)
    content = SCHEMA.dump_python(schema, mode="json")
    digest = content_hash(content)
    last = connection.snapshots.first()
    if last and last.content_hash == digest:
        return last
    subject = f"connection:{connection.uuid}"
    with acting(actor, permission, "connection.introspected", subject) as line:
        snapshot = SchemaSnapshot.objects.create(
            connection=connection,
            number=last.number + 1 if last else 1,
            content=content,
            content_hash=digest,
            entity_count=len(schema.entities),
            field_count=sum(len(e.fields) for e in schema.entities),
            looked_as=schema.looked_as[:80],
            seconds=time.monotonic() - started,
        )
        line.data = {
            "snapshot": snapshot.number,
            "entities": snapshot.entity_count,
            "fields": snapshot.field_count,
        }
        tell_seen(connection)
    return snapshot


def every(
    connector: Connector, entity: str, most: int | None = None, *, cursor: str = ""
) -> Iterator[SourceRecord]:
    """All records of an entity (changed since ``cursor``), oldest change first, page by page."""
    seen = 0
    while True:
        page = connector.changes(entity, cursor=cursor, limit=PAGE)
        for record in page.records:
            yield record
            seen += 1
            if most is not None and seen >= most:
                return
        if not page.more:
            return
        cursor = page.cursor


def take_samples(connection: Connection, entities: list[str]) -> int:
    """Keep some real records of each entity for previews; returns how many."""
    kept = 0
    with opened(connection) as connector:
        for entity in entities:
            rows = list(every(connector, entity, SAMPLES_KEPT))
            with transaction.atomic():
                for record in rows:
                    Sample.objects.update_or_create(
                        connection=connection,
                        entity=entity,
                        key=record.key[:80],
                        defaults={"data": plain(record)},
                    )
            kept += len(rows)
    return kept


def refresh_codes(connection: Connection) -> int:
    """Read the remote lists (accounts, tax codes, terms, …); what vanished is kept as inactive."""
    plans = capabilities(connection.system).codes
    now = timezone.now()
    count = 0
    with opened(connection) as connector:
        for plan in plans:
            rows = list(every(connector, plan.entity))
            with transaction.atomic():
                for record in rows:
                    if _belongs(plan, record):
                        _keep_code(connection, plan, record, now)
                Code.objects.filter(connection=connection, kind=plan.kind).exclude(
                    seen_at=now
                ).update(active=False)
            count += len(rows)
    return count


def _belongs(plan: CodeList, record: SourceRecord) -> bool:
    return all(record.data.get(name) == value for name, value in plan.where) and not any(
        record.data.get(name) == value for name, value in plan.unless
    )


def _keep_code(connection: Connection, plan: CodeList, record: SourceRecord, now: datetime) -> None:
    data = dict(record.data)
    inactive = (
        data.get(plan.active) in (False, "ARCHIVED", "DELETED", "N") if plan.active else False
    )
    key = str(data.get(plan.key) or record.key)
    Code.objects.update_or_create(
        connection=connection,
        kind=plan.kind,
        key=key[:80],
        defaults={
            "code": str(data.get(plan.code) or "")[:80],
            "label": str(data.get(plan.label) or data.get(plan.code) or key)[:200],
            "detail": {n: str(data[f]) for n, f in plan.detail if data.get(f) is not None},
            "active": not inactive and not record.deleted,
            "seen_at": now,
        },
    )
