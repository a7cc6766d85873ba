"""Families of what is learned about; higher apps register theirs, so that this one knows none of them."""

from __future__ import annotations

from collections.abc import Container
from typing import Generic, Protocol, TypeVar


class Family(Protocol):
    """Something that speaks for some kinds."""

    @property
    def kinds(self) -> Container[str]:
        """The kinds it speaks for."""
        ...


Kind = TypeVar("Kind", bound=Family)


class Families(Generic[Kind]):
    """What was registered, in the order of the apps."""

    def __init__(self) -> None:
        self._known: list[Kind] = []

    def register(self, family: Kind) -> None:
        """Add a family; called from ``AppConfig.ready`` of its app."""
        self._known.append(family)

    def all(self) -> list[Kind]:
        """Every family."""
        return list(self._known)

    def of(self, kind: str) -> Kind:
        """The family a kind belongs to.

        Raises:
            LookupError: no app registered it.
        """
        for family in self._known:
            if kind in family.kinds:
                return family
        raise LookupError(kind)
