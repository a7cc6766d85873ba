"""From a connection row to a working connector, and from its faults back to the row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import SecretStr

from connectors.agent.transport import ThroughAgent
from connectors.config import ConnectionConfig, Lane, Services
from connectors.http.budget import Budget, Limits, NoBudget, Patience
from connectors.http.budget_redis import RedisBudget
from connectors.http.evidence import EvidenceSink
from connectors.registry import capabilities, open_connector
from engine.errors import (
    AccessDenied,
    AgentMissing,
    PermissionMissing,
    RemoteUnavailable,
    StudioError,
)
from engine.ports import Connector
from engine.runtime.disposition import Verdict, dispose
from studio.catalog.agents.desk import StoredDesk, absence_of
from studio.catalog.arrivals import StoredArrivals
from studio.catalog.models import AGENT, Connection
from studio.catalog.services import StoredBudget, StoredEvidence, StoredTokens, lane
from studio.core.vault import unseal
from studio.triage.actions import Trouble, close_cases, open_case

# Consecutive outages after which the connection rests, and for how long.
BREAK_AFTER = 4
REST_SECONDS = 20.0


def config_of(connection: Connection) -> ConnectionConfig:
    """The connector's settings and secrets from the rows."""
    secrets = unseal(connection.credential.sealed)
    return ConnectionConfig(
        system=connection.system,
        name=connection.name,
        base_url=connection.base_url,
        auth_url=str(connection.options.get("auth_url", "")),
        company=connection.company,
        settings={k: str(v) for k, v in connection.options.items() if k != "auth_url"},
        secrets={k: SecretStr(str(v)) for k, v in secrets.items() if k != "tokens"},
    )


# Seconds a call waits for its turn. Work in a queue gives way soon, for it comes back by itself;
# a call of many records, or a person's reading of a whole period, is worth waiting for.
PATIENCE = 5.0
PATIENCE_APART = 30.0


def budget_of(connection: Connection, name: str = "", *, patience: float = PATIENCE) -> Budget:
    """The shared budget: in Redis where there is one, else in the connection's row.

    Args:
        connection: whose limits.
        name: of calls that have a limit of their own; empty for the limits of all calls.
        patience: seconds a call waits for its turn before it gives up with ``RemoteBusy``.
    """
    known = capabilities(connection.system)
    said = connection.options.get(f"{name}_per_minute")
    apart = {**known.apart.get(name, {}), **({"per_minute": int(said)} if said else {})}
    limits = Limits(**(apart if name else {**known.rate, **connection.limits}))
    if limits == Limits():
        return NoBudget()
    longest = max(patience, PATIENCE_APART) if name else patience
    if settings.REDIS_URL:
        client = redis.Redis.from_url(settings.REDIS_URL)
        return RedisBudget(
            client,
            f"{connection.uuid}:{name}" if name else str(connection.uuid),
            connection.system,
            limits,
            patience=Patience(connection.system, longest=longest),
        )
    return StoredBudget(connection.pk, connection.system, limits, longest=longest, name=name)


def services_of(
    connection: Connection, evidence: EvidenceSink | None = None, *, patience: float = PATIENCE
) -> Services:
    """What the surroundings give to the connector of this connection."""
    return Services(
        tokens=StoredTokens(connection.pk),
        budget=budget_of(connection, patience=patience),
        apart=partial(budget_of, connection),
        lane=_lane_of(connection),
        evidence=evidence or StoredEvidence(connection.pk),
        received=StoredArrivals(connection.pk),
        transport=ThroughAgent(StoredDesk(connection.pk))
        if connection.network_path == AGENT
        else None,
    )


def _lane_of(connection: Connection) -> Lane:
    """The locks; behind an agent a host's name means something inside one company's network only."""
    if connection.network_path != AGENT:
        return lane
    return lambda name: lane(f"{connection.workspace_id}/{name}")


@contextmanager
def opened(connection: Connection, *, patience: float = PATIENCE) -> Iterator[Connector]:
    """A connector of this connection, closed (SYSPRO: logged off) at the end.

    Args:
        connection: to which system.
        patience: seconds a call waits while the vendor's limit is used up.

    Raises:
        AccessDenied: a person disconnected it.
        AgentMissing: nobody is there who could carry anything; so nothing is claimed in vain.
    """
    if connection.state == "ended":
        raise AccessDenied(
            system=connection.name, call="sign in", detail="It was disconnected here by a person."
        )
    if connection.network_path == AGENT and (why := absence_of(connection.pk)):
        raise AgentMissing(system=connection.name, call="connect", detail=why)
    connector = open_connector(config_of(connection), services_of(connection, patience=patience))
    try:
        yield connector
    finally:
        connector.close()


def note_success(connection: Connection) -> None:
    """The connection answered: its outage, if there was one, is over."""
    if connection.failures or connection.state != "live" or connection.paused_until:
        with transaction.atomic():
            # Who disconnects while a call is under way means it: no answer brings it back.
            used = Connection.objects.filter(pk=connection.pk).exclude(state="ended")
            used.update(failures=0, state="live", paused_until=None, paused_reason="")
            close_cases(
                f"connection:{connection.uuid}",
                state="auto_closed",
                reason="The connection answers again.",
                by="machine",
            )
        connection.failures, connection.state, connection.paused_until = 0, "live", None


def note_fault(connection: Connection, error: StudioError) -> None:
    """Count an outage, or pause the connection for a limit or a refused sign-in; one case for all."""
    if Connection.objects.filter(pk=connection.pk, state="ended").exists():
        return
    said = dispose(error)
    if said.verdict is Verdict.PAUSE:
        wait = said.wait_seconds or 3600.0
        state = (
            "broken" if isinstance(error, AccessDenied | PermissionMissing) else connection.state
        )
        _rest(connection, error, wait, state)
    elif isinstance(error, RemoteUnavailable):
        connection.failures += 1
        Connection.objects.filter(pk=connection.pk).update(failures=connection.failures)
        if connection.failures >= BREAK_AFTER:
            _rest(connection, error, REST_SECONDS, connection.state)


def _rest(connection: Connection, error: StudioError, seconds: float, state: str) -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    with transaction.atomic():
        Connection.objects.filter(pk=connection.pk).update(
            paused_until=until, paused_reason=str(error)[:300], state=state
        )
        open_case(
            connection.workspace,
            Trouble(
                subject=f"connection:{connection.uuid}",
                code=error.code,
                case_class=str(error.case_class),
                audience=str(error.audience),
                sentence=str(error),
                cause=f"connection:{connection.uuid}:{error.code}",
                cause_label=f"{connection.name} cannot be used",
                record_label=connection.name,
                evidence=error.evidence(),
            ),
        )
    connection.paused_until = until
