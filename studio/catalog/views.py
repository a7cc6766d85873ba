"""Pages of connections: list, one connection with health and snapshots, schema explorer, drift."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from connectors.registry import capabilities
from engine.errors import StudioError
from engine.schema.registration import registered
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import APPROVE, CONNECT, INGEST, PUBLISH, READ
from studio.catalog import actions
from studio.catalog.agents.desk import absence_of
from studio.catalog.forms import PATHS
from studio.catalog.models import (
    AGENT,
    Arrival,
    Code,
    Connection,
    Registration,
    Sample,
    SchemaSnapshot,
)
from studio.catalog.moving import may_agree
from studio.catalog.ready import GO_ON, left_at
from studio.catalog.schemas import differences, field_rows, schema_of
from studio.catalog.twins import twins_among, twins_of
from studio.catalog.uses import hits_of, instead_of, next_steps_of
from studio.catalog.whom import whom_to_ask
from studio.core.htmx import page_or_part
from studio.core.templatetags.studio import grouped

MOST_CHANGES = 200
MOST_FIELDS = 600
MOST_ARRIVALS = 10


@page(READ)
@require_GET
def connections(request: StudioRequest) -> HttpResponse:
    """All connections with their health."""
    rows = list(Connection.objects.filter(workspace=request.workspace).order_by("system", "name"))
    may_connect = request.actor.may(CONNECT)
    twins = twins_among(rows)
    found = [(one, _go_on(one) if may_connect else None, twins.get(one.pk, ())) for one in rows]
    return render(request, "catalog/connections.html", {"rows": found, "may_connect": may_connect})


def _go_on(found: Connection) -> tuple[str, str] | None:
    """Where a person goes on who stopped while connecting: the address and its words."""
    step = left_at(found)
    return (reverse(step, args=[found.uuid]), str(GO_ON[step])) if step else None


def _found(request: StudioRequest, key: str) -> Connection:
    return get_object_or_404(Connection, workspace=request.workspace, uuid=key)


@page(READ)
@require_GET
def connection(request: StudioRequest, key: str) -> HttpResponse:
    """One connection: health, limits, snapshots, code lists, latest calls that failed."""
    found = _found(request, key)
    snapshots = list(found.snapshots.defer("content")[:8])
    move = found.moves.filter(state="waiting").first()
    through_agent = found.network_path == AGENT
    return render(
        request,
        "catalog/connection.html",
        {
            "connection": found,
            "can": capabilities(found.system),
            "snapshots": snapshots,
            "version": version_of(found),
            "rests_until": found.rests_until(),
            "codes": _code_lists(found),
            "exchanges": found.exchanges.order_by("-id")[:15],
            "twins": twins_of(found),
            "may_connect": request.actor.may(CONNECT),
            "whom": "" if request.actor.may(CONNECT) else whom_to_ask(found),
            "go_on": _go_on(found),
            "move": move,
            "may_agree": move is not None and may_agree(request.actor, move),
            "may_drop": move is not None
            and (request.actor.may(CONNECT) or request.actor.may(APPROVE)),
            **(_sender(request, found) if capabilities(found.system).receives else {}),
            "path": PATHS.get(found.network_path, found.network_path),
            "through_agent": through_agent,
            "agents": found.agents.filter(revoked_at=None) if through_agent else (),
            "no_agent": absence_of(found.pk) if through_agent and found.state != "ended" else "",
        },
    )


def _sender(request: StudioRequest, found: Connection) -> dict[str, Any]:
    """What a system that sends its records has to know, and what it has sent."""
    registration = Registration.objects.filter(connection=found).first()
    arrivals = Arrival.objects.filter(connection=found)
    known = registered(registration.content, system=found.system) if registration else None
    counts = dict(arrivals.filter(newest=True).values_list("entity").annotate(n=Count("pk")))
    return {
        "registration": registration,
        "refused_at": datetime.fromisoformat(registration.refused["at"])
        if registration and registration.refused
        else None,
        "entities": [(e, counts.get(e.name, 0)) for e in known.schema.entities] if known else [],
        "arrived": arrivals.defer("payload").order_by("-number")[:MOST_ARRIVALS],
        "address": f"{settings.SITE_URL}{reverse('api:sources-detail', args=[found.uuid])}",
        "next_steps": next_steps_of(found) if registration else [],
        "may_start": request.actor.may(PUBLISH),
        "may_send": request.actor.may(INGEST),
    }


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the interface we speak, and the newest one where ours is behind."""

    used: str
    newest: str = ""


def version_of(found: Connection) -> Version:
    """What the last look saw, against the newest version we know."""
    used = str(found.snapshots.values_list("content__version", flat=True).first() or "")
    newest = capabilities(found.system).newest
    return Version(used, newest if used and newest and _numbers(used) < _numbers(newest) else "")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


MOST_CODES = 100


def _code_lists(found: Connection) -> list[tuple[str, list[Code]]]:
    kinds = found.codes.order_by("kind").values_list("kind", flat=True).distinct()
    return [
        (kind, list(found.codes.filter(kind=kind).order_by("-active", "label")[:MOST_CODES]))
        for kind in kinds
    ]


@page(CONNECT)
@require_POST
def check(request: StudioRequest, key: str) -> HttpResponse:
    """Test with a light call."""
    health = actions.check(_found(request, key))
    (messages.success if health.ok else messages.error)(
        request, f"It works, as {health.who}." if health.ok else health.detail
    )
    return redirect("catalog:connection", key=key)


@page(CONNECT)
@require_POST
def introspect(request: StudioRequest, key: str) -> HttpResponse:
    """Look at the schema again."""
    found = _found(request, key)
    try:
        snapshot = actions.introspect(request.actor, found)
        actions.refresh_codes(found)
        said = _("Snapshot %(number)s: %(count)s fields.")
        count = grouped(snapshot.field_count)
        messages.success(request, said % {"number": snapshot.number, "count": count})
    except StudioError as error:
        messages.error(request, str(error))
    return redirect("catalog:connection", key=key)


@page(READ)
@require_GET
def schema(request: StudioRequest, key: str) -> HttpResponse:
    """Every field of an entity with type, meaning, samples and profile."""
    found = _found(request, key)
    snapshot = found.snapshots.first()
    known = schema_of(snapshot) if snapshot else None
    name = request.GET.get("entity", "")
    entity = known.entity(name) if known and name else (known.entities[0] if known else None)
    text = request.GET.get("q", "").strip().lower()[:60]
    everywhere = bool(text and request.GET.get("all"))
    looked = (known.entities if everywhere else (entity,)) if known and entity else ()
    rows = [row for one in looked for row in field_rows(one, text)]
    return page_or_part(
        request,
        "catalog/schema.html",
        "catalog/_fields.html",
        {
            "connection": found,
            "snapshot": snapshot,
            "entities": known.entities if known else (),
            "entity": entity,
            "rows": rows[:MOST_FIELDS],
            "more": max(0, len(rows) - MOST_FIELDS),
            "everywhere": everywhere,
            "text": text,
            "samples": _samples(found, entity.name) if entity else [],
        },
    )


def _samples(found: Connection, entity: str) -> list[dict[str, Any]]:
    return [s.data for s in Sample.objects.filter(connection=found, entity=entity)[:3]]


@page(READ)
@require_GET
def drift(request: StudioRequest, key: str) -> HttpResponse:
    """What changed between two looks, what that hits, and what could be read instead."""
    found = _found(request, key)
    snapshots = list(found.snapshots.defer("content")[:20])
    before, after = _two(request, snapshots)
    changes: list[dict[str, Any]] = []
    if before and after:
        old, new = schema_of(before), schema_of(after)
        for change in differences(before, after)[:MOST_CHANGES]:
            hits = hits_of(found, change, old)
            changes.append(
                {"change": change, "hits": hits, "instead": instead_of(change, old, new)}
            )
        changes.sort(key=lambda row: not row["hits"])
    return render(
        request,
        "catalog/drift.html",
        {"connection": found, "changes": changes, "snapshots": snapshots, "before": before,
         "after": after, "hit": sum(1 for row in changes if row["hits"])},
    )  # fmt: skip


def _two(
    request: StudioRequest, snapshots: list[SchemaSnapshot]
) -> tuple[SchemaSnapshot | None, SchemaSnapshot | None]:
    """The two looks that are compared: those asked for, else the last two."""
    if len(snapshots) < 2:
        return None, None
    by_number = {str(s.number): s for s in snapshots}
    before = by_number.get(request.GET.get("before", ""), snapshots[1])
    return before, by_number.get(request.GET.get("after", ""), snapshots[0])
