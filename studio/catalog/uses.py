"""Who uses a field of a system: higher apps register what a change hits, and what could be read instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.schema.drift import Change, Remap
from engine.schema.model import SystemSchema
from studio.catalog.models import Connection
from studio.core.action import Actor


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that a change concerns.

    Attributes:
        kind: mapping, flow, case.
        words: what it is and how it uses the field.
        url: where it is looked at.
    """

    kind: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """What can be done with a connection once it is ready.

    Attributes:
        label: what the button says.
        url: where it leads.
        permission: who may.
        post: it makes something.
    """

    label: str
    url: str
    permission: str
    post: bool = False


Finder = Callable[[Connection, Change, SystemSchema], list[Hit]]
Suggester = Callable[[Change, SystemSchema, SystemSchema], list[Remap]]
FINDERS: list[Finder] = []
SUGGESTERS: list[Suggester] = []
NEXT: list[Callable[[Connection], list[NextStep]]] = []
DEPENDENTS: list[Callable[[Connection], list[Hit]]] = []
SEEN: list[Callable[[Connection], None]] = []
LEAVING: list[Callable[[Actor, Connection, str], list[str]]] = []


def register_seen(told: Callable[[Connection], None]) -> None:
    """Add what is told when a system looks otherwise than before; called from ``AppConfig.ready``."""
    if told not in SEEN:
        SEEN.append(told)


def tell_seen(connection: Connection) -> None:
    """A new picture of a system was kept."""
    for told in SEEN:
        told(connection)


def register_finder(finder: Finder) -> None:
    """Add a finder; called from ``AppConfig.ready`` of the app that uses fields."""
    if finder not in FINDERS:
        FINDERS.append(finder)


def register_suggester(suggester: Suggester) -> None:
    """Add what knows replacements; called from ``AppConfig.ready``."""
    if suggester not in SUGGESTERS:
        SUGGESTERS.append(suggester)


def register_next(finder: Callable[[Connection], list[NextStep]]) -> None:
    """Add what knows a next step; called from ``AppConfig.ready``."""
    if finder not in NEXT:
        NEXT.append(finder)


def register_dependent(finder: Callable[[Connection], list[Hit]]) -> None:
    """Add what knows who needs a connection; called from ``AppConfig.ready``."""
    if finder not in DEPENDENTS:
        DEPENDENTS.append(finder)


def register_leaving(stop: Callable[[Actor, Connection, str], list[str]]) -> None:
    """Add what stops work on a connection that is ended and says what; from ``AppConfig.ready``."""
    if stop not in LEAVING:
        LEAVING.append(stop)


def dependents_of(connection: Connection) -> list[Hit]:
    """Everything that needs a connection."""
    return [hit for finder in DEPENDENTS for hit in finder(connection)]


def stop_on(actor: Actor, connection: Connection, reason: str) -> list[str]:
    """Stop everything that works on a connection; returns what was stopped."""
    return [said for stop in LEAVING for said in stop(actor, connection, reason)]


def next_steps_of(connection: Connection) -> list[NextStep]:
    """Everything that can be done with a connection now."""
    return [step for finder in NEXT for step in finder(connection)]


def hits_of(connection: Connection, change: Change, before: SystemSchema) -> list[Hit]:
    """Everything that uses what changed."""
    return [hit for finder in FINDERS for hit in finder(connection, change, before)]


def instead_of(change: Change, before: SystemSchema, after: SystemSchema) -> list[Remap]:
    """What could be read instead of a field that went away, best first."""
    return [found for suggest in SUGGESTERS for found in suggest(change, before, after)]
