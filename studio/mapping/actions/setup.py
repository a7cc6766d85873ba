"""Mapping rows for the fields of a target, so that somebody can decide about each."""

from __future__ import annotations

from django.db import transaction

from studio.accounts.roles import MAP
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.mapping.assemble import take_apart
from studio.mapping.models import Mapping
from studio.mapping.schemas import latest_snapshot
from studio.mapping.shipped import Starter, starters_of
from studio.mapping.stored import to_store


def ensure_mappings(actor: Actor, source: Connection, target: Connection) -> list[Mapping]:
    """The mappings that the shipped flows between two connections need; missing ones are created.

    Both hops of both sides: what is read from either system, and what is written to it.
    """
    actor.require(MAP)
    with transaction.atomic():
        found = [
            _ensure(actor, connection, starter)
            for connection in dict.fromkeys((source, target))
            for starter in starters_of(connection.system)
        ]
        for mapping in found:
            if mapping.direction == "outbound":
                mapping.fed_by.add(source if mapping.connection_id == target.pk else target)
    return found


def _ensure(actor: Actor, connection: Connection, starter: Starter) -> Mapping:
    found = Mapping.objects.filter(
        connection=connection,
        direction=starter.direction,
        entity=starter.entity,
        document=starter.canonical,
    ).first()
    if found is not None:
        return found
    with acting(actor, MAP, "mapping.created", f"connection:{connection.uuid}") as line:
        parts = take_apart(starter.document)
        mapping = Mapping.objects.create(
            workspace_id=connection.workspace_id,
            connection=connection,
            direction=starter.direction,
            entity=starter.entity,
            document=starter.canonical,
            joined=sorted({str(b["each"]) for b in parts.blocks if b.get("each")}),
            blocks=to_store(parts.blocks),
            frame=to_store(parts.frame),
            snapshot=latest_snapshot(connection),
        )
        line.subject = f"mapping:{mapping.uuid}"
        line.data = {"entity": starter.entity, "document": starter.canonical, "from": starter.name}
    return mapping
