"""Why records would be refused, as the page tells it: many of one kind as one row, with the way to settle it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from studio.flows.heal import MISSING
from studio.flows.models import Rehearsal
from studio.linking.models import KINDS
from studio.mapping.models import LookupTable
from studio.triage.models import Case

# From so many on, causes that are settled on the same page are one row.
MANY = 4
Place = tuple[str, str]


def place_of(case: Case) -> Place | None:
    """What kind of answer is missing and of what (``link`` of ``item``, ``lookup`` in ``terms``)."""
    if case.code not in MISSING:
        return None
    return str(case.evidence.get("kind", "")), str(case.evidence.get("table", ""))


@dataclass(slots=True)
class Reason:
    """One row: what is said, how many records it holds up, their money, and where it is settled."""

    said: str
    count: int
    money: dict[str, str]
    url: str = ""
    action: str = ""
    parts: list[str] = field(default_factory=list)


def reasons_of(found: Rehearsal) -> list[Reason]:
    """The reasons, most records first; older rehearsals knew neither money nor places."""
    where = {said: (kind, what) for said, kind, what in found.totals.get("where", [])}
    ways = {place: way for place in set(where.values()) if (way := _way(found, place))}
    by_place: dict[Place, list[Reason]] = {}
    rows: list[Reason] = []
    for said, count, *money in found.totals.get("reasons", []):
        row = Reason(said, count, *(money or [{}]))
        rows.append(row)
        place = where.get(said)
        if place in ways:
            row.url, row.action = ways[place]
            by_place.setdefault(place, []).append(row)
    totals = {(k, w): (n, money) for k, w, n, money in found.totals.get("places", [])}
    for place, some in by_place.items():
        if len(some) < MANY or place not in totals:
            continue
        first, gone = rows.index(some[0]), {id(r) for r in some}
        one = Reason(_together(found, place, len(some)), *totals[place], *ways[place])
        one.parts = [r.said for r in some]
        rows[first:] = [one, *(r for r in rows[first:] if id(r) not in gone)]
    return sorted(rows, key=lambda r: -r.count)


def _way(found: Rehearsal, place: Place) -> tuple[str, str] | None:
    kind, what = place
    if kind == "link" and what in dict(KINDS):
        return f"{reverse('linking:matches')}?{urlencode({'kind': what})}", _("Look at the matches")
    if kind == "lookup" and (table := _table(found, what)):
        return f"{reverse('mapping:values')}?{urlencode({'table': table.uuid})}", _(
            "Look at the codes"
        )
    return None


def _table(found: Rehearsal, name: str) -> LookupTable | None:
    ends = (found.flow.target_id, found.flow.source_id)
    tables = LookupTable.objects.filter(name=name, connection__in=ends)
    return min(tables, key=lambda t: ends.index(t.connection_id), default=None)


def _together(found: Rehearsal, place: Place, n: int) -> str:
    kind, what = place
    named = dict(KINDS).get(what, what).lower() if kind == "link" else str(_table(found, what))
    said: dict[str, Any] = {"n": n, "what": named, "target": found.flow.target}
    if kind == "link":
        return _("%(n)d %(what)s are linked to nothing in %(target)s yet.") % said
    return _("%(n)d codes are not in the table “%(what)s” yet.") % said
