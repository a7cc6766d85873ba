"""Home, audit trail, segregation of duties."""

from __future__ import annotations

import json

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import READ
from studio.core.htmx import page_or_part
from studio.core.paging import keyset
from studio.monitor import queries, seal
from studio.monitor.sentences import sentence, subject


@page(READ)
@require_GET
def home(request: StudioRequest) -> HttpResponse:
    """What needs me now, what moved today, is anything red."""
    return render(request, "monitor/home.html", queries.home(request.workspace, request.user.pk))


@page(READ)
@require_GET
def audit(request: StudioRequest) -> HttpResponse:
    """Who did what, when."""
    get = request.GET
    events = queries.audit(
        request.workspace,
        key=get.get("key", ""),
        actor=get.get("actor", ""),
        text=get.get("q", "").strip()[:80],
    )
    rows = keyset(events, ["-id"], after=get.get("after"), before=get.get("before"), size=60)
    return page_or_part(
        request,
        "monitor/audit.html",
        "monitor/_audit_rows.html",
        {
            "rows": rows,
            "lines": [(e, sentence(e), subject(e)) for e in rows.rows],
            "segregation": queries.segregation(request.workspace),
            "text": get.get("q", ""),
        },
    )


@page(READ)
@require_GET
def audit_export(request: StudioRequest) -> HttpResponse:
    """The sealed trail as JSON lines; ``docs/audit.md`` says how to verify it offline."""
    seal.seal_events()
    events = queries.audit(request.workspace).filter(seal__isnull=False).order_by("seal")
    lines = (
        json.dumps({**seal.content_of(e), "hash": e.hash}, ensure_ascii=False) + "\n"
        for e in events
    )
    response = HttpResponse("".join(lines), content_type="application/x-ndjson; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return response
