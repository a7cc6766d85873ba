"""Who uses mappings: higher apps register, so that publishing can say what has to follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.accounts.models import Workspace
from studio.mapping.models import Mapping


@dataclass(frozen=True, slots=True)
class User:
    """Something that runs with a mapping.

    Attributes:
        name: as people know it.
        url: where it is published.
        words: which version it runs with.
        behind: it has to be published to use the version in force.
    """

    name: str
    url: str
    words: str
    behind: bool


@dataclass(frozen=True, slots=True)
class Way:
    """What a flow reads and what it writes: the two hops that it puts together."""

    source_id: int
    reads: str
    document: str
    target_id: int
    writes: str


FINDERS: list[Callable[[Mapping], list[User]]] = []


def register_user(finder: Callable[[Mapping], list[User]]) -> None:
    """Add a finder; called from ``AppConfig.ready`` of the app that uses mappings."""
    if finder not in FINDERS:
        FINDERS.append(finder)


def users_of(mapping: Mapping) -> list[User]:
    """Everything that runs with the mapping."""
    return [user for finder in FINDERS for user in finder(mapping)]


WAYS: list[Callable[[Workspace], set[Way]]] = []


def register_ways(finder: Callable[[Workspace], set[Way]]) -> None:
    """Add a finder of the ways that records take; called from ``AppConfig.ready`` likewise."""
    if finder not in WAYS:
        WAYS.append(finder)


def ways_of(workspace: Workspace) -> set[Way]:
    """Every way that something in the workspace is made for, running or not."""
    return {way for finder in WAYS for way in finder(workspace)}
