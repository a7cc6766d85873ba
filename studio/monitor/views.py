"""Home, audit trail, segregation of duties."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import BUY, CONNECT, MAP, MATCH, OPERATE, READ, TIE_OUT, TRIAGE
from studio.catalog.whom import whom_to_ask
from studio.core.htmx import page_or_part
from studio.core.models import AuditEvent, SealHead
from studio.core.paging import keyset
from studio.monitor import duties, pack, queries, seal
from studio.monitor.models import Alert
from studio.monitor.search import keep_words
from studio.monitor.sentences import sentence, told
from studio.monitor.waiting import waiting_for
from studio.monitor.watch import acknowledge
from studio.tieout.balances.queries import money


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What needs me now, what moved today, is anything red; a buyer's is the portal."""
    actor = getattr(request, "actor", None)
    if actor and actor.may(BUY) and not actor.may(READ):
        return redirect("portal:catalogue")
    return _home(request)


@page(READ)
def _home(request: StudioRequest) -> HttpResponse:
    context = queries.home(request.workspace)
    context["waiting"] = waiting_for(request.actor, request.workspace)
    context["may_acknowledge"] = request.actor.may(OPERATE) or request.actor.may(TRIAGE)
    # A figure stands only where the reader can do something about it.
    may = request.actor.may
    # Who cannot sign in again is told who can.
    helped = [] if may(CONNECT) else context["connections"]
    context["whom"] = {one.pk: whom_to_ask(one) for one in helped}
    context["maps"], context["matches"], context["may_run"] = may(MAP), may(MATCH), may(TIE_OUT)
    if may(TIE_OUT) or not (may(MAP) or may(CONNECT)):
        # For who closes the books, and for who only reads.
        context["money"] = money(request.workspace)
    return render(request, "monitor/home.html", context)


@page(READ)
@require_POST
def alert_seen(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Somebody sees to what an alert says."""
    alert = get_object_or_404(Alert, workspace=request.workspace, uuid=key)
    acknowledge(request.actor, alert)
    messages.success(request, _("You see to it; it is shown no more."))
    return redirect("home")


@page(READ)
@require_GET
def audit(request: StudioRequest) -> HttpResponse:
    """Who did what, when."""
    get = request.GET
    text = get.get("q", "").strip()[:80]
    if text:
        # What was done a moment ago is found too.
        keep_words()
    events = queries.audit(
        request.workspace,
        key=get.get("key", ""),
        actor=get.get("actor", ""),
        text=text,
        who=get.get("who", ""),
    )
    rows = keyset(events, ["-id"], after=get.get("after"), before=get.get("before"), size=60)
    return page_or_part(
        request,
        "monitor/audit.html",
        "monitor/_audit_rows.html",
        {
            "rows": rows,
            "lines": told(rows.rows),
            "narrowed": bool(text or get.get("actor") or get.get("who") or get.get("key")),
            "person": get.get("actor", ""),
            "unworded": bool(text) and AuditEvent.objects.filter(search="").exists(),
            "names": queries.actors_of(request.workspace),
            "people": duties.duties(queries.audit(request.workspace)),
            "alone": queries.decided_alone(request.workspace),
            "duties": duties.LABELS.values(),
            "text": get.get("q", ""),
            "who": get.get("who", ""),
            "whose": [("", _("All")), ("people", _("People")), ("machine", _("Machine"))],
            "end": SealHead.objects.filter(pk=1).first(),
            "packs": [(e, sentence(e)) for e in queries.packs(request.workspace)],
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
