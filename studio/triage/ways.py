"""Pages where the cause of a case is put right. Each app registers the ways to its own pages.

A way is no remedy: nothing happens to the case until somebody did something there and came back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from studio.core.action import Actor
from studio.triage.models import Case


@dataclass(frozen=True, slots=True)
class Way:
    """One page.

    Attributes:
        label: what the button says; a verb.
        permission: who can do something there; nobody else is led to it.
        address: called with the case; empty where the way does not fit it.
        about: what is found there, and what is done afterwards.
    """

    label: str | Promise
    permission: str
    address: Callable[[Case], str]
    about: str | Promise


_WAYS: list[Way] = []


def register_way(way: Way) -> None:
    """Add a way; called from ``AppConfig.ready``."""
    if way not in _WAYS:
        _WAYS.append(way)


def ways_for(actor: Actor, case: Case) -> list[tuple[Way, str]]:
    """The ways from a case that this person can use, each with its address."""
    found = [(w, w.address(case)) for w in _WAYS if actor.may(w.permission)]
    return [(w, address) for w, address in found if address]
