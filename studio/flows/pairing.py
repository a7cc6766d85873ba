"""Two connections that shall exchange records: their mappings opened, their flows drafted, proposals made."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from engine.errors import StudioError
from engine.ports import Embedder
from studio.accounts.models import machine
from studio.accounts.roles import LOOKUP, MAP, PUBLISH
from studio.catalog.actions import take_samples
from studio.catalog.models import Connection
from studio.catalog.uses import NextStep
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.flows.designs import ensure_flows, shipped
from studio.flows.facts import fill_fact_tables
from studio.flows.models import Flow
from studio.flows.sent import sender_of
from studio.mapping.actions import ensure_mappings, propose, propose_lookup_values
from studio.mapping.models import Mapping

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """What starting a pair made or found."""

    mappings: int
    flows: int


def between(one: Connection, other: Connection) -> bool:
    """Whether the product ships flows between the two systems, in either direction."""
    if sender_of(one, other) is not None:
        return True
    pair = {one.system, other.system}
    return any({design["source"], design["target"]} == pair for design in shipped())


def next_steps(connection: Connection) -> list[NextStep]:
    """For each connection this one can exchange records with: start, or where what was started is."""
    others = Connection.objects.filter(workspace=connection.workspace_id).exclude(pk=connection.pk)
    flows = Flow.between.filter(Q(source=connection) | Q(target=connection))
    started = {key for pair in flows.values_list("source_id", "target_id") for key in pair}
    found = []
    for other in others.order_by("system", "name"):
        if not between(connection, other):
            continue
        if other.pk in started and sender_of(connection, other) is None:
            found.append(
                NextStep(f"Flows with {other.name}", reverse("flows:flows"), permission="read")
            )
            continue
        if (pair := sender_of(connection, other)) is not None:
            url = reverse("flows:start-sent", args=[pair[0].uuid, pair[1].uuid])
            label = f"Choose what goes from {pair[0].name} to {pair[1].name}"
            found.append(NextStep(label, url, permission=PUBLISH))
            continue
        url = reverse("flows:start-pair", args=[connection.uuid, other.uuid])
        found.append(NextStep(f"Start with {other.name}", url, permission=PUBLISH, post=True))
    return found


def start_pair(actor: Actor, one: Connection, other: Connection) -> Started:
    """Open the mappings and draft the flows between two connections; a worker makes the proposals.

    Nothing runs before somebody reviews and publishes it. Safe to repeat: what is there stays.

    Raises:
        DecisionRefused: there is no shipped flow between the two systems.
    """
    actor.require(MAP)
    if one.pk == other.pk or sender_of(one, other) or not between(one, other):
        raise DecisionRefused(
            f"The product has no flow between {one} and {other}.", "Choose another connection."
        )
    with (
        transaction.atomic(),
        acting(actor, PUBLISH, "flow.drafted", f"connection:{one.uuid}") as line,
    ):
        mappings = ensure_mappings(actor, one, other)
        flows = [*ensure_flows(one, other), *ensure_flows(other, one)]
        line.data = {"one": one.name, "other": other.name, "flows": len(flows)}
        nudge("flows.prepare_pair", one.pk, other.pk)
    return Started(len(mappings), len(flows))


def prepare_pair(one: Connection, other: Connection, embedder: Embedder) -> int:
    """The slow part: samples, proposals for fields, then for codes. Returns mappings proposed.

    A side that cannot be read just now, or lacks an entity, does not keep the rest from being
    proposed.
    """
    actor = machine(one.workspace, "the proposer", MAP, LOOKUP)
    both = (one, other)
    mappings = list(
        Mapping.objects.filter(connection__in=both, proposed_at=None).select_related("connection")
    )
    for connection in both:
        entities = sorted({m.entity for m in mappings if m.connection_id == connection.pk})
        try:
            take_samples(connection, entities)
        except StudioError as error:
            log.warning("no samples of %s: %s", connection, error.code)
    done = 0
    for mapping in mappings:
        try:
            propose(actor, mapping, embedder)
        except DecisionRefused as refused:
            log.warning("%s: %s", mapping, refused.sentence)
        else:
            done += 1
    for connection in both:
        propose_lookup_values(actor, connection)
        fill_fact_tables(actor, connection)
    return done
