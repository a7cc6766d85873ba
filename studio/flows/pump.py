"""Loops of a worker: claim, do, claim again, for a bounded time, then let others have a turn."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.utils import timezone

from connectors.registry import capabilities
from engine.errors import MappingRefused, RemoteFault, StudioError
from studio.catalog.models import Connection
from studio.catalog.wiring import note_fault, opened
from studio.core.dispatch import nudge
from studio.flows.bundle import Bundle, Contexts, bundle_of
from studio.flows.deliver import deliver
from studio.flows.ledger import claim_deliveries, claim_items, due_deliveries
from studio.flows.models import Flow, FlowVersion, InboxItem
from studio.flows.together import work_all

log = logging.getLogger(__name__)
TURN_SECONDS = 20.0
# Items claimed by one UPDATE and decided with what is known at that moment.
AT_ONCE = 20


def pump_flow(flow_id: int) -> int:
    """Work due items of a flow; returns how many."""
    flow = Flow.objects.select_related("source", "target", "workspace").get(pk=flow_id)
    if flow.state not in ("live", "draining"):
        return 0
    deadline = time.monotonic() + TURN_SECONDS
    bundles: dict[int, Bundle] = {}
    contexts = Contexts(flow)
    count = 0
    while time.monotonic() < deadline:
        items = claim_items(flow_id, AT_ONCE)
        if not items:
            return count
        published = flow.versions.filter(state="published").first()
        # Looked at after the claim, so that a link made before the items were released is seen.
        sides = contexts.now()
        for version, mine in _by_version(items, published, flow):
            try:
                if version.pk not in bundles:
                    bundles[version.pk] = bundle_of(version)
            except Exception as error:
                for item in mine:
                    _failed(item, error)
            else:
                work_all(mine, bundles[version.pk], sides, _failed)
        count += len(items)
    nudge("flows.pump_items", flow_id)
    return count


def _by_version(
    items: list[InboxItem], published: FlowVersion | None, flow: Flow
) -> list[tuple[FlowVersion, list[InboxItem]]]:
    """The items by the version each is to be worked by; without one they are given back."""
    found: dict[int, tuple[FlowVersion, list[InboxItem]]] = {}
    for item in items:
        item.flow = flow
        version = item.use_version or published
        if version is None:
            refusal = MappingRefused(problems=(f"{flow.name} has no published version",))
            _failed(item, refusal)
        else:
            found.setdefault(version.pk, (version, []))[1].append(item)
    return list(found.values())


def _failed(item: InboxItem, error: Exception) -> None:
    """A record that could not be worked now: it stays, and is tried again."""
    if isinstance(error, RemoteFault):
        # What the record needs to know from the target could not be read just now.
        note_fault(item.flow.target, error)
    else:
        log.error("inbox item %s", item.uuid, exc_info=error)
    _give_back(item)


def _give_back(item: InboxItem) -> None:
    """A fault of our own: the item stays and is tried again, ever more slowly."""
    pause = min(600, 2 ** min(item.attempts, 9))
    InboxItem.objects.filter(pk=item.pk, state="working", claimed_by=item.claimed_by).update(
        state="new", lease_until=None, not_before=timezone.now() + timedelta(seconds=pause)
    )


def pump_connection(connection_id: int) -> int:
    """Send due deliveries to a connection; returns how many were tried."""
    connection = Connection.objects.select_related("workspace", "credential").get(pk=connection_id)
    if connection.resting() or not due_deliveries(connection_id).exists():
        return 0
    deadline = time.monotonic() + TURN_SECONDS
    known = capabilities(connection.system)
    count = 0
    try:
        with opened(connection) as connector:
            while time.monotonic() < deadline:
                claims = claim_deliveries(connection_id, known.batch, known.changes)
                if not claims:
                    return count
                for claim in claims:
                    claim.delivery.connection = connection
                deliver(claims, connector)
                count += len(claims)
                if connection.resting():
                    return count
    except StudioError as error:
        # Opening or closing failed (sign-in, network): the rows stay due, the connection rests.
        note_fault(connection, error)
        return count
    nudge("flows.pump_deliveries", connection_id)
    return count
