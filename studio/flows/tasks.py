"""Celery entry points: keys in, one action called, no logic. All may run twice or never."""

from __future__ import annotations

import logging

from celery import shared_task

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.dispatch import nudge
from studio.flows.digests import send_digests, write_digests
from studio.flows.look import take_events as take_all_events
from studio.flows.masters import refresh_and_match
from studio.flows.missing import find_missing as find_missing_of
from studio.flows.missing import wake_comparisons
from studio.flows.models import Flow
from studio.flows.notices import send_notices
from studio.flows.pairing import prepare_pair as prepare_pair_of
from studio.flows.poll import poll as poll_flow
from studio.flows.pump import pump_connection, pump_flow
from studio.flows.rehearsal.run import claim as claim_rehearsal
from studio.flows.rehearsal.run import run as run_rehearsal
from studio.flows.sweep import poll_due as wake_polls
from studio.flows.sweep import sweep as wake_all
from studio.flows.sweep import wake_flows_of
from studio.mapping.wiring import embedder

log = logging.getLogger(__name__)


@shared_task(name="flows.poll")
def poll(flow_id: int, trigger: str = "poll") -> None:
    """Read what changed at the source of one flow."""
    flow = Flow.objects.select_related("source", "target", "workspace").filter(pk=flow_id).first()
    if flow:
        poll_flow(flow, trigger=trigger)


@shared_task(name="flows.poll_source")
def poll_source(connection_id: int) -> None:
    """Read what a system has sent into every flow that waits for changes of it."""
    wake_flows_of(connection_id)


@shared_task(name="flows.prepare_pair")
def prepare_pair(one_id: int, other_id: int) -> None:
    """Samples and proposals between two connections."""
    found = Connection.objects.select_related("workspace").in_bulk([one_id, other_id])
    if len(found) == 2:
        prepare_pair_of(found[one_id], found[other_id], embedder())


@shared_task(name="flows.pump_items")
def pump_items(flow_id: int) -> None:
    """Work the inbox of one flow until nothing is due."""
    pump_flow(flow_id)


@shared_task(name="flows.pump_deliveries")
def pump_deliveries(connection_id: int) -> None:
    """Send what is due to one connection."""
    pump_connection(connection_id)


@shared_task(name="flows.take_events")
def take_events(connection_id: int) -> None:
    """Read what a vendor told us about."""
    connection = (
        Connection.objects.select_related("workspace", "credential")
        .filter(pk=connection_id)
        .first()
    )
    if connection:
        take_all_events(connection)


@shared_task(name="flows.find_missing")
def find_missing(flow_id: int) -> None:
    """Look for records that are gone at the source of one flow."""
    flow = Flow.objects.select_related("source", "workspace").filter(pk=flow_id).first()
    if flow:
        find_missing_of(flow)


@shared_task(name="flows.missing_due")
def missing_due() -> None:
    """Wake the daily comparisons of keys."""
    wake_comparisons()


@shared_task(name="flows.rehearse")
def rehearse(rehearsal_id: int) -> None:
    """Carry out one rehearsal."""
    asked = claim_rehearsal(rehearsal_id)
    if asked:
        run_rehearsal(asked)


@shared_task(name="flows.sweep")
def sweep() -> None:
    """Find what was left behind."""
    wake_all()


@shared_task(name="flows.poll_due")
def poll_due() -> None:
    """Wake the polls whose time has come."""
    wake_polls()


@shared_task(name="flows.match_masters")
def match_masters(workspace_id: int) -> None:
    """Read customers, suppliers and items of a workspace's flows and compare them."""
    workspace = Workspace.objects.filter(pk=workspace_id).first()
    if workspace:
        refresh_and_match(workspace)


@shared_task(name="flows.send_notices")
def notices() -> None:
    """Mail what flows have to tell."""
    send_notices()


@shared_task(name="flows.digests_due")
def digests_due() -> None:
    """Tell who answers for the books what went out yesterday."""
    write_digests()
    send_digests()


@shared_task(name="flows.match_due")
def match_due() -> None:
    """Wake the comparison of every workspace with a live flow."""
    for key in Flow.objects.filter(state="live").values_list("workspace_id", flat=True).distinct():
        nudge("flows.match_masters", key)
