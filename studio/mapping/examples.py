"""A case that led somebody to a mapping: its record is the example there, and the way back is kept.

Cases are of records of flows, which mappings do not know: the app above supplies what a mapping read.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.http import QueryDict

from engine.schema.model import Record
from studio.accounts.models import Workspace
from studio.core.action import Actor
from studio.mapping.models import Mapping
from studio.mapping.uses import User, users_of
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedy

# The case in the address of the pages it leads to.
NAME = "case"
AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Example:
    """The case, and what this mapping read of its record."""

    case: Case
    record: Record


Finder = Callable[[Case, Mapping], Record | None]
FINDERS: list[Finder] = []


def register_example(finder: Finder) -> None:
    """Add a finder; called from ``AppConfig.ready`` of the app whose records cases are about."""
    if finder not in FINDERS:
        FINDERS.append(finder)


def example_of(workspace: Workspace, query: QueryDict, mapping: Mapping) -> Example | None:
    """The case an address names, if this mapping read its record."""
    try:
        key = uuid.UUID(query.get(NAME, ""))
    except ValueError:
        return None
    case = Case.objects.filter(workspace=workspace, uuid=key).first()
    if case is None:
        return None
    found = (finder(case, mapping) for finder in FINDERS)
    return next((Example(case, record) for record in found if record), None)


def may_try_again(actor: Actor, case: Case) -> bool:
    """Whether the record can be sent through again, by this person."""
    again = remedy(AGAIN)
    open_ = case.state in OPEN_STATES
    return open_ and again is not None and again.fits(case) and again.allows(actor, case)


def behind(case: Case, mapping: Mapping) -> User | None:
    """The flow of the case, where it does not run with the mapping in force yet."""
    return next((u for u in users_of(mapping) if u.behind and u.name == case.flow_label), None)
