"""Celery entry points: keys in, one action called."""

from __future__ import annotations

from celery import shared_task

from studio.accounts.models import machine
from studio.accounts.roles import LOOKUP, MAP
from studio.catalog.models import Connection
from studio.mapping import actions
from studio.mapping.models import Mapping
from studio.mapping.wiring import embedder


@shared_task(name="mapping.propose")
def propose(mapping_id: int) -> None:
    """Propose for one mapping on the newest snapshot."""
    mapping = Mapping.objects.select_related("connection__workspace").get(pk=mapping_id)
    actor = machine(mapping.workspace, "the proposer", MAP)
    actions.propose(actor, mapping, embedder())


@shared_task(name="mapping.propose_values")
def propose_values(connection_id: int) -> None:
    """Propose translations for every code that a connection's mappings look up."""
    connection = Connection.objects.select_related("workspace").get(pk=connection_id)
    actor = machine(connection.workspace, "the proposer", LOOKUP)
    actions.propose_lookup_values(actor, connection)
