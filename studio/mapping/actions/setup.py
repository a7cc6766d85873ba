"""Mapping rows for the fields of a target, so that somebody can decide about each."""

from __future__ import annotations

from django.db import transaction

from studio.accounts.roles import MAP
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.mapping.assemble import take_apart
from studio.mapping.models import Mapping
from studio.mapping.schemas import latest_snapshot
from studio.mapping.shipped import CANONICAL, Starter, starters_of
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


def open_reading(
    actor: Actor, connection: Connection, entity: str, document: str, each: str = ""
) -> Mapping:
    """The mapping that reads an entity as a document; made empty where nothing is shipped for it.

    Args:
        actor: who opens it.
        connection: whose entity it is.
        entity: what is read.
        document: the canonical document it is.
        each: the list of the entity that becomes the document's lines; empty where it has none.
    """
    source = {"system": connection.system, "entity": entity}
    frame = {
        "mapping": f"{entity} to {document}",
        "source": source,
        "target": {"system": CANONICAL, "entity": document},
    }
    loops = [{"to": "lines", "each": each, "rows": []}] if each else []
    return _ensure(actor, connection, Starter(entity, {**frame, "rows": [], "blocks": loops}))


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
