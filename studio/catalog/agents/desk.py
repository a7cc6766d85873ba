"""The desk of a connection that is reached through an agent: its requests and answers as rows.

Rows, because workers, pages and the agent's door are different processes, and because "handed out once" is a
conditional UPDATE that both sides see; a broker may lose or repeat a message, a cache may forget it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.db import connections, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from connectors.agent.transport import GRACE_SECONDS, Stage
from connectors.agent.wire import Asked, Brought
from connectors.http.faults import NeverSent
from studio.catalog.models import AGENT_SEEN, Agent, AgentCall, Connection
from studio.core.templatetags.studio import written
from studio.core.vault import seal, unseal

T = TypeVar("T")
# Kept for so long after nobody can wait any more, for the clocks of several machines.
MARGIN_SECONDS = 60.0
LOOK_AHEAD = 5


class StoredDesk:
    """Implements ``connectors.agent.transport.Desk``."""

    def __init__(self, connection_id: int) -> None:
        self._id = connection_id

    def absent(self) -> str:
        """Why nobody can take anything just now; empty where an agent is connected."""
        return absence_of(self._id)

    def put(self, asked: Asked, *, wait: float, within: float) -> str:
        """Lay a request down, sealed; returns its key."""
        now = timezone.now()
        call = AgentCall(
            connection_id=self._id,
            sealed=seal(asked.plain()),
            within=within,
            take_until=now + timedelta(seconds=wait),
            until=now + timedelta(seconds=wait + within + GRACE_SECONDS + MARGIN_SECONDS),
        )
        _apart(call.save)
        return str(call.uuid)

    def stage(self, key: str) -> Stage:
        """How far it has come."""
        taker = Agent.objects.filter(pk=OuterRef("agent_id"), run=OuterRef("run"), revoked_at=None)
        rows = AgentCall.objects.filter(uuid=key).annotate(held=Exists(taker))

        def seen() -> Stage:
            state, held = rows.values_list("state", "held").get()
            return Stage.LOST if state == Stage.TAKEN and not held else Stage(state)

        return _apart(seen)

    def drop(self, key: str, stage: Stage) -> bool:
        """Take it away if it is still in that stage; whether it was."""
        rows = AgentCall.objects.filter(uuid=key)

        def dropped() -> bool:
            # By an UPDATE: a deletion may first look and then delete what has gone on meanwhile.
            won = rows.filter(state=stage).update(state="over", sealed=b"")
            rows.filter(state="over").delete()
            return won > 0

        return _apart(dropped)

    def collect(self, key: str) -> Brought:
        """The answer; the row is gone afterwards."""

        def collected() -> Brought:
            row = AgentCall.objects.get(uuid=key)
            row.delete()
            return Brought.read(unseal(row.sealed))

        return _apart(collected)


def _apart(step: Callable[[], T]) -> T:
    """Do it where the agent's door sees it at once: not inside a transaction of the caller.

    Raises:
        NeverSent: SQLite has one writer, and the caller is it.
    """
    here = transaction.get_connection()
    if not here.in_atomic_block:
        return step()
    if here.vendor == "sqlite":
        raise NeverSent(
            "With the embedded database no agent can be asked while other work is being written down."
        )
    # A thread of its own has a connection of its own.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_closing, step).result()


def _closing(step: Callable[[], T]) -> T:
    try:
        return step()
    finally:
        connections.close_all()


def absence_of(connection_id: int) -> str:
    """Why nobody can take a request of this connection, and what to do; empty where somebody can."""
    here = Agent.objects.filter(connection_id=connection_id, revoked_at=None)
    last = here.filter(seen_at__isnull=False).order_by("seen_at").last()
    if last is None:
        return "Nobody has started one. Its token and its command line are on the page of the connection, under Agents."
    if last.connected or _at_work(connection_id):
        return ""
    return (
        f"Start “{last.name}” on {last.host or 'its machine'} again, where it was last seen "
        f"{written(last.seen_at)}; its command line is on the page of the connection, under Agents."
    )


def _at_work(connection_id: int) -> bool:
    """Whether an agent has something in hand: one whose hands are full asks for nothing."""
    taken = AgentCall.objects.filter(connection_id=connection_id, state=Stage.TAKEN)
    latest = taken.aggregate(at=Max("until"))["at"]
    margin = timedelta(seconds=MARGIN_SECONDS)
    return latest is not None and latest - margin > timezone.now()


@dataclass(frozen=True, slots=True)
class Handed:
    """A request that was handed to an agent."""

    key: str
    within: float
    asked: Asked


def hand_out(agent: Agent) -> Handed | None:
    """Give the agent the oldest request of its connection that waits; to nobody else, ever again."""
    now = timezone.now()
    waiting = AgentCall.objects.filter(
        connection_id=agent.connection_id, state=Stage.WAITING, take_until__gt=now
    )
    # Said in the UPDATE itself: a poll whose agent died, or was revoked, takes nothing for it.
    present = Exists(Agent.objects.filter(pk=agent.pk, run=agent.run, revoked_at=None))
    for call in waiting.order_by("id")[:LOOK_AHEAD]:
        won = waiting.filter(present, pk=call.pk).update(
            state=Stage.TAKEN, agent=agent, run=agent.run, sealed=b""
        )
        if won:
            return Handed(str(call.uuid), call.within, Asked.read(unseal(call.sealed)))
    return None


def accept(agent: Agent, key: str, brought: Brought) -> bool:
    """Lay down the answer; False where the request is over, or never was this agent's."""
    mine = AgentCall.objects.filter(uuid=key, agent=agent, state=Stage.TAKEN)
    won = mine.filter(until__gt=timezone.now()).update(
        state=Stage.ANSWERED, sealed=seal(brought.plain())
    )
    return won > 0


def tidy() -> int:
    """Forget what nobody waits for any more (its worker died); returns how many."""
    return AgentCall.objects.filter(until__lt=timezone.now()).delete()[0]


def present_agents(connection: Connection) -> bool:
    """Whether an agent of the connection is there."""
    since = timezone.now() - AGENT_SEEN
    return Agent.objects.filter(connection=connection, revoked_at=None, seen_at__gt=since).exists()
