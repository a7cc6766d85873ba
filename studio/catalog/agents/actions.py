"""Agents of a connection: made with a token that is shown once, revoked, and what they say of themselves."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.errors import AgentMissing
from studio.accounts.models import machine
from studio.accounts.roles import CONNECT
from studio.catalog.agents.desk import present_agents
from studio.catalog.models import Agent, Connection
from studio.core.action import Actor, acting, record
from studio.core.vault import digest_of
from studio.triage.actions import close_cases
from studio.triage.models import OPEN_STATES, Case

PREFIX = "msa_"
MOST = 10
MOST_ALLOWED = 20


def make_agent(actor: Actor, connection: Connection, name: str) -> tuple[Agent, str]:
    """A new agent of the connection and its token, which is answered this once.

    Raises:
        ValidationError: no name, too many, or the connection is disconnected.
    """
    if not name.strip():
        raise ValidationError(_("Name the machine that the agent runs on."))
    if connection.state == "ended":
        raise ValidationError(_("The connection is disconnected. Sign in again first."))
    token = PREFIX + secrets.token_urlsafe(32)
    with acting(actor, CONNECT, "agent.made", f"connection:{connection.uuid}") as line:
        if connection.agents.filter(revoked_at=None).count() >= MOST:
            raise ValidationError(
                _("There are %(most)s agents already. Revoke one first.") % {"most": MOST}
            )
        agent = Agent.objects.create(
            connection=connection,
            name=name.strip()[:60],
            digest=digest_of(token),
            made_by=actor.name,
        )
        line.data = {"name": connection.name, "agent": agent.name}
    return agent, token


def revoke_agent(actor: Actor, agent: Agent) -> None:
    """End its token at once; what it has in hand is dropped when it brings it."""
    connection = agent.connection
    with acting(actor, CONNECT, "agent.revoked", f"connection:{connection.uuid}") as line:
        end_agents(actor, connection, agent.pk)
        line.data = {"name": connection.name, "agent": agent.name}


def end_agents(actor: Actor, connection: Connection, *only: int) -> None:
    """Revoke the agents of a connection, all where none is named; call inside a write."""
    rows = connection.agents.filter(revoked_at=None)
    rows = rows.filter(pk__in=only) if only else rows
    rows.update(revoked_at=timezone.now(), revoked_by=actor.name)


@dataclass(frozen=True, slots=True)
class Said:
    """What an agent says of itself when it asks for work."""

    run: str
    host: str
    version: str
    allowed: list[str]


def introduce(agent: Agent, said: Said) -> None:
    """An agent was started with this token: it is the one from now on."""
    known = (agent.host, agent.allowed)
    with transaction.atomic():
        Agent.objects.filter(pk=agent.pk).update(
            run=said.run, host=said.host, version=said.version, allowed=said.allowed
        )
        agent.run, agent.host, agent.allowed = said.run, said.host, said.allowed
        if known != (said.host, said.allowed):
            here = agent.connection
            record(
                machine(here.workspace),
                "agent.introduced",
                f"connection:{here.uuid}",
                {
                    "name": here.name,
                    "agent": agent.name,
                    "host": said.host,
                    "allowed": ", ".join(said.allowed),
                },
            )


def seen(agent: Agent) -> None:
    """The agent is there; where none was, what waited for one goes on."""
    alone = not present_agents(agent.connection)
    Agent.objects.filter(pk=agent.pk).update(seen_at=timezone.now())
    if alone:
        _arrived(agent)


def _arrived(agent: Agent) -> None:
    here = agent.connection
    subject = f"connection:{here.uuid}"
    missing = f"{subject}:{AgentMissing.code}"
    cases = Case.objects.filter(subject=subject, state__in=OPEN_STATES)
    if not cases.filter(cause=missing).exists():
        return
    with transaction.atomic():
        Connection.objects.filter(pk=here.pk).exclude(state="ended").update(
            paused_until=None, paused_reason=""
        )
        close_cases(
            subject,
            state="auto_closed",
            reason=f"The agent “{agent.name}” is connected.",
            by="machine",
            keep=cases.exclude(cause=missing).values_list("cause", flat=True),
        )
