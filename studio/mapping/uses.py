"""Who uses mappings: higher apps register, so that publishing can say what has to follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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


FINDERS: list[Callable[[Mapping], list[User]]] = []


def register_user(finder: Callable[[Mapping], list[User]]) -> None:
    """Add a finder; called from ``AppConfig.ready`` of the app that uses mappings."""
    if finder not in FINDERS:
        FINDERS.append(finder)


def users_of(mapping: Mapping) -> list[User]:
    """Everything that runs with the mapping."""
    return [user for finder in FINDERS for user in finder(mapping)]
