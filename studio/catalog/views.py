"""Pages of connections: list, one connection with health and snapshots, schema explorer, drift."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors.registry import capabilities
from engine.errors import StudioError
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import CONNECT, READ
from studio.catalog import actions
from studio.catalog.forms import ConnectForm
from studio.catalog.models import Code, Connection, Sample
from studio.catalog.schemas import differences, field_rows, schema_of
from studio.core.htmx import page_or_part


@page(READ)
@require_GET
def connections(request: StudioRequest) -> HttpResponse:
    """All connections with their health."""
    rows = Connection.objects.filter(workspace=request.workspace).select_related("owner")
    return render(
        request,
        "catalog/connections.html",
        {"rows": rows.order_by("system", "name"), "may_connect": request.actor.may(CONNECT)},
    )


@page(CONNECT)
def connect(request: StudioRequest) -> HttpResponse:
    """The wizard: system, address, company, secrets, network path; then a light test."""
    form = ConnectForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        connection = actions.connect(
            request.actor,
            request.workspace,
            actions.Details(
                system=form.cleaned_data["system"],
                name=form.cleaned_data["name"],
                base_url=form.cleaned_data["base_url"],
                company=form.cleaned_data["company"],
                currency=form.cleaned_data["currency"],
                options=form.options(),
                secrets=form.secrets(),
            ),
        )
        Connection.objects.filter(pk=connection.pk).update(
            network_path=form.cleaned_data["network_path"],
            allowed_hours=form.cleaned_data["allowed_hours"],
        )
        health = actions.check(connection)
        if health.ok:
            messages.success(request, f"Connected as {health.who}.")
        else:
            messages.error(request, f"Stored, but the test failed: {health.detail}")
        return redirect("catalog:connection", key=connection.uuid)
    return render(
        request, "catalog/connect.html", {"form": form}, status=422 if form.errors else 200
    )


def _found(request: StudioRequest, key: str) -> Connection:
    return get_object_or_404(Connection, workspace=request.workspace, uuid=key)


@page(READ)
@require_GET
def connection(request: StudioRequest, key: str) -> HttpResponse:
    """One connection: health, limits, snapshots, code lists, latest calls that failed."""
    found = _found(request, key)
    snapshots = list(found.snapshots.defer("content")[:8])
    return render(
        request,
        "catalog/connection.html",
        {
            "connection": found,
            "can": capabilities(found.system),
            "snapshots": snapshots,
            "codes": _code_lists(found),
            "exchanges": found.exchanges.order_by("-id")[:15],
            "may_connect": request.actor.may(CONNECT),
        },
    )


def _code_lists(found: Connection) -> list[tuple[str, list[Code]]]:
    lists: dict[str, list[Code]] = {}
    for code in found.codes.order_by("kind", "-active", "label")[:600]:
        lists.setdefault(code.kind, []).append(code)
    return sorted(lists.items())


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
        messages.success(request, f"Snapshot {snapshot.number}: {snapshot.field_count} fields.")
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
    return page_or_part(
        request,
        "catalog/schema.html",
        "catalog/_fields.html",
        {
            "connection": found,
            "snapshot": snapshot,
            "entities": known.entities if known else (),
            "entity": entity,
            "rows": field_rows(entity, text) if entity else [],
            "text": text,
            "samples": _samples(found, entity.name) if entity else [],
        },
    )


def _samples(found: Connection, entity: str) -> list[dict[str, Any]]:
    return [s.data for s in Sample.objects.filter(connection=found, entity=entity)[:3]]


@page(READ)
@require_GET
def drift(request: StudioRequest, key: str) -> HttpResponse:
    """What changed between two snapshots."""
    found = _found(request, key)
    snapshots = list(found.snapshots.all()[:2])
    changes = differences(snapshots[1], snapshots[0]) if len(snapshots) == 2 else []
    return render(
        request,
        "catalog/drift.html",
        {"connection": found, "changes": changes, "snapshots": snapshots},
    )
