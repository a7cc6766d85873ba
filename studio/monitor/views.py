"""Home, audit trail, segregation of duties."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import READ
from studio.core.htmx import page_or_part
from studio.core.paging import keyset
from studio.monitor import duties, pack, queries, seal
from studio.monitor.sentences import sentence, subjects
from studio.monitor.waiting import waiting_for


@page(READ)
@require_GET
def home(request: StudioRequest) -> HttpResponse:
    """What needs me now, what moved today, is anything red."""
    context = queries.home(request.workspace)
    context["waiting"] = waiting_for(request.actor, request.workspace)
    return render(request, "monitor/home.html", context)


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
        who=get.get("who", ""),
    )
    rows = keyset(events, ["-id"], after=get.get("after"), before=get.get("before"), size=60)
    about = subjects(rows.rows)
    return page_or_part(
        request,
        "monitor/audit.html",
        "monitor/_audit_rows.html",
        {
            "rows": rows,
            "lines": [(e, sentence(e), about[e.subject]) for e in rows.rows],
            "people": duties.duties(queries.audit(request.workspace)),
            "duties": duties.LABELS.values(),
            "text": get.get("q", ""),
            "who": get.get("who", ""),
            "whose": [("", _("All")), ("people", _("People")), ("machine", _("Machine"))],
            "today": timezone.now().date(),
            "month": timezone.now().date().replace(day=1),
        },
    )


@page(READ)
@require_GET
def audit_export(request: StudioRequest) -> HttpResponse:
    """The sealed trail as JSON lines; ``docs/audit.md`` says how to verify it offline."""
    while seal.seal_events():
        pass
    lines = "".join(pack.trail(str(request.workspace.uuid)))
    response = HttpResponse(lines, content_type="application/x-ndjson; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return response


@page(READ)
@require_GET
def audit_pack(request: StudioRequest) -> HttpResponse:
    """Everything an auditor asks about a period, as one file that can be verified without us."""
    today = timezone.now().date()
    try:
        since = date.fromisoformat(request.GET.get("from") or str(today - timedelta(days=30)))
        until = date.fromisoformat(request.GET.get("to") or str(today))
        content = pack.make_pack(request.actor, request.workspace, since, until)
    except (ValueError, ValidationError) as error:
        said = (
            error.messages
            if isinstance(error, ValidationError)
            else [_("Give both days as YYYY-MM-DD.")]
        )
        messages.error(request, " ".join(said))
        return redirect("monitor:audit")
    response = HttpResponse(content, content_type="application/zip")
    name = f"audit-{request.workspace.slug}-{since}-{until}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
