"""Customers, suppliers and items of both sides in canonical form, ready to be matched."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from connectors.registry import capabilities
from engine.errors import RemoteUnavailable, StudioError
from engine.mapping import Context
from engine.ports import Connector, SourceRecord
from engine.schema.model import Record
from studio.accounts.models import Workspace, machine
from studio.accounts.roles import MATCH
from studio.catalog.actions import every
from studio.catalog.models import Connection
from studio.catalog.services import lane
from studio.catalog.wiring import note_fault, opened
from studio.core.action import Actor
from studio.flows.bundle import company_facts, today
from studio.flows.keeping import is_forward
from studio.flows.models import Flow
from studio.linking.actions import Held, find_pairs, load_parties
from studio.linking.models import Party
from studio.mapping.actions import load_compiled, lookups_for
from studio.mapping.models import MappingVersion

DOCUMENTS = ("party", "item")
KINDS = ("customer", "supplier", "item")


@dataclass(frozen=True, slots=True)
class Found:
    """A record as its system gave it, and as the studio understands it."""

    record: SourceRecord
    held: Held


def master_versions(connection: Connection) -> list[MappingVersion]:
    """The published mappings that read customers, suppliers and items of a connection."""
    return list(
        MappingVersion.objects.select_related("mapping__connection").filter(
            mapping__connection=connection,
            mapping__direction="inbound",
            mapping__document__in=DOCUMENTS,
            state="published",
        )
    )


def kind_of(document: str, record: Record) -> str:
    """``customer``, ``supplier`` or ``item``."""
    return str(record.get("role") or "customer") if document == "party" else "item"


def refresh_masters(actor: Actor, connection: Connection) -> dict[str, int]:
    """Read all masters of a connection through its published mappings; returns how many by kind."""
    actor.require(MATCH)
    found: dict[str, list[Held]] = defaultdict(list)
    context = Context(
        lookups=lookups_for(connection), facts=company_facts(connection), today=today()
    )
    with opened(connection) as connector:
        for version in master_versions(connection):
            compiled = load_compiled(version)
            for record in every(connector, version.mapping.entity):
                canonical = compiled.apply(dict(record.data), context).record
                kind = kind_of(version.mapping.document, canonical)
                refer = capabilities(connection.system).refer.get(version.mapping.entity)
                key = str(record.data.get(refer) or record.key) if refer else record.key
                found[kind].append(Held(key, canonical, record.version))
    for kind, rows in found.items():
        load_parties(actor, connection, kind, rows)
    return {kind: len(rows) for kind, rows in found.items()}


def read_one(connector: Connector, connection: Connection, kind: str, key: str) -> Found | None:
    """A record as it stands in its system now, by the published mapping that reads its kind; None if it is gone.

    Raises:
        StudioError: the system does not answer.
    """
    context = Context(
        lookups=lookups_for(connection), facts=company_facts(connection), today=today()
    )
    for version in master_versions(connection):
        found = connector.read(version.mapping.entity, key)
        if found is None or found.deleted:
            continue
        canonical = load_compiled(version).apply(dict(found.data), context).record
        if kind_of(version.mapping.document, canonical) == kind:
            return Found(found, Held(key, canonical, found.version))
    return None


def read_again(party: Party, connector: Connector | None = None) -> None:
    """Store what the system of a customer, supplier or item says of it now; calls that system.

    What is gone there stays as it was: the hourly look notices that.

    Args:
        party: the stored record.
        connector: to its system, if one is open.

    Raises:
        StudioError: the system does not answer.
    """
    connection = party.connection
    if connector is None:
        with opened(connection) as own:
            found = read_one(own, connection, party.kind, party.key)
    else:
        found = read_one(connector, connection, party.kind, party.key)
    if found is not None:
        actor = machine(connection.workspace, "the matcher", MATCH)
        held = replace(found.held, money=party.money)
        load_parties(actor, connection, party.kind, [held])


def match_masters(actor: Actor, workspace_flows: list[Flow]) -> dict[str, int]:
    """Look for counterparts between the two sides of each flow; returns candidate pairs by kind."""
    # A flow that only reads back what another wrote names its parties by the links that are there already.
    linking = [f for f in workspace_flows if f.design.get("references") or is_forward(f.design)]
    sides = {(f.source_id, f.target_id): f for f in linking}
    counts: dict[str, int] = defaultdict(int)
    for flow in sides.values():
        for kind in KINDS:
            counts[kind] += find_pairs(actor, flow.source, flow.target, kind).pairs
    return dict(counts)


def refresh_and_match(workspace: Workspace) -> dict[str, int]:
    """Read both sides of every flow and look for counterparts; a side that rests keeps what it had.

    One worker per workspace at a time; another one waits a minute, then leaves it to the hourly wake-up.
    """
    actor = machine(workspace, "the matcher", MATCH)
    flows = list(Flow.between.filter(workspace=workspace).select_related("source", "target"))
    sides = {c.pk: c for f in flows for c in (f.source, f.target)}
    try:
        with lane(f"masters:{workspace.pk}", seconds=900, patience=60):
            for connection in sides.values():
                if connection.resting():
                    continue
                try:
                    refresh_masters(actor, connection)
                except StudioError as error:
                    note_fault(connection, error)
            return match_masters(actor, flows)
    except RemoteUnavailable:
        return {}
