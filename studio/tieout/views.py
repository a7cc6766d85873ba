"""Pages of the tie-out: periods by flow, one comparison with its named differences, export, signature."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from engine.errors import StudioError
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import READ, TIE_OUT
from studio.core.paper import download
from studio.flows.models import Flow, InboxItem
from studio.tieout import actions
from studio.tieout.balances.queries import Look, cash_rows, looks
from studio.tieout.exports import FORMS, rows_of
from studio.tieout.labels import LABELS, NOT_COMPARED, OPEN_LABELS
from studio.tieout.models import PENDING, CashBalance, TieOut
from studio.tieout.overtaken import posted_since
from studio.tieout.signing import sign as sign_tieout
from studio.tieout.subjects import about, urls_of

# Comparisons listed below the latest ones.
EARLIER = 60


@page(READ)
@require_GET
def periods(request: StudioRequest) -> HttpResponse:
    """The latest tie-out of every flow and currency, and earlier ones."""
    return _periods(request)


def _periods(request: StudioRequest, fault: str = "") -> HttpResponse:
    """The page; after a refusal with what was filled in and why, at its field."""
    ties = TieOut.objects.filter(flow__workspace=request.workspace).select_related(
        "flow", "flow__source", "flow__target"
    )
    latest: dict[tuple[int, str], TieOut] = {}
    newest = list(ties[:300])
    seen = looks(request.workspace)
    later = posted_since(newest)
    for tie in newest:
        tie.after = later.get(tie.pk)
        latest.setdefault((tie.flow_id, tie.currency), tie)
    return render(
        request,
        "tieout/periods.html",
        {
            "latest": sorted(latest.values(), key=lambda t: (t.flow.name, actions.lead(t))),
            "earlier": [t for t in newest if latest[t.flow_id, t.currency] is not t][:EARLIER],
            "flows": Flow.between.filter(
                workspace=request.workspace, state__in=("live", "paused")
            ).exclude(design__has_key="compares"),
            "may_run": request.actor.may(TIE_OUT),
            "looks": seen,
            "cash": _cash(seen),
            "filled": request.POST,
            "fault": fault,
        },
        status=422 if fault else 200,
    )


def _cash(seen: Sequence[Look]) -> list[tuple[CashBalance, Any, list[tuple[Any, str, str, str]]]]:
    """Each account with why it is not compared, or the parts of its difference: words, key, amount, place."""
    rows = cash_rows(seen)
    urls = urls_of(subject for row in rows for *_, subject in row.named)
    return [
        (
            row,
            NOT_COMPARED.get(row.why, row.why),
            [
                (OPEN_LABELS.get(name, name), key, amount, urls.get(subject, ""))
                for name, key, amount, subject in row.named
            ],
        )
        for row in rows
    ]


def _day(request: HttpRequest, name: str) -> date | None:
    text = request.POST.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValidationError(
            _("“%(text)s” is not a day; write YYYY-MM-DD.") % {"text": text}
        ) from error


@page(TIE_OUT)
@require_POST
def run(request: StudioRequest) -> HttpResponse:
    """Compare now, live on both sides."""
    flow = get_object_or_404(Flow, workspace=request.workspace, key=request.POST.get("flow", ""))
    try:
        found = actions.run_tieout(
            request.actor, flow, since=_day(request, "since"), until=_day(request, "until")
        )
    except ValidationError as error:
        if hasattr(error, "error_dict"):
            return _periods(request, " ".join(error.messages))
        messages.error(request, " ".join(error.messages))
        return redirect("tieout:periods")
    except StudioError as error:
        messages.error(
            request,
            _("%(error)s Nothing was changed; try again when the system answers.")
            % {"error": error},
        )
        return redirect("tieout:periods")
    if not found:
        messages.error(request, _("There is nothing to compare in this period."))
        return redirect("tieout:periods")
    return redirect("tieout:detail", key=found[0].uuid)


def _found(request: StudioRequest, key: str) -> TieOut:
    return get_object_or_404(
        TieOut.objects.select_related("flow", "flow__source", "flow__target"),
        flow__workspace=request.workspace,
        uuid=key,
    )


def _together(tie: TieOut) -> QuerySet[TieOut]:
    """The results of the same comparison, one per currency."""
    found = TieOut.objects.filter(flow=tie.flow).select_related("flow__source")
    return found.filter(run=tie.run) if tie.run else found.none()


@page(READ)
@require_GET
def detail(request: StudioRequest, key: str) -> HttpResponse:
    """One comparison: three places, and every cent of difference by name."""
    tie = _found(request, key)
    differences = list(tie.differences.all())
    urls = urls_of(one.subject for one in differences)
    known = about(one.subject for one in differences)
    kinds: dict[str, dict[str, Any]] = {}
    for one in differences:
        group = kinds.setdefault(
            one.kind, {"label": LABELS.get(one.kind, one.kind), "amount": 0, "rows": []}
        )
        group["amount"] += one.amount
        group["rows"].append((one, urls.get(one.subject, ""), known.get(one.subject)))
    return render(
        request,
        "tieout/detail.html",
        {
            "tie": tie,
            "tabs": sorted(_together(tie), key=actions.lead),
            "kinds": kinds,
            "pending": [kinds[k] for k in kinds if k in PENDING],
            "to_answer": [kinds[k]["label"] for k in kinds if k in actions.RED],
            "places": [
                (tie.flow.source, tie.totals["source"]),
                (_("Our ledger"), tie.totals["ledger"]),
                (tie.flow.target, tie.totals["target"]),
            ],
            "apart": {
                m: Decimal(tie.totals["source"][m]) - Decimal(tie.totals["target"][m])
                for m in ("net", "tax")
            },
            "may_sign": request.actor.may(TIE_OUT) and not tie.signed_at,
            "after": posted_since([tie]).get(tie.pk),
            "parked": InboxItem.objects.filter(flow=tie.flow, state="parked").count(),
        },
    )


@page(TIE_OUT)
@require_POST
def sign(request: StudioRequest, key: str) -> HttpResponse:
    """Sign what was compared."""
    tie = _found(request, key)
    try:
        sign_tieout(request.actor, tie, request.POST.get("note", ""))
        messages.success(request, _("Signed."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("tieout:detail", key=key)


@page(READ)
@require_GET
def export(request: StudioRequest, key: str, form: str) -> HttpResponse:
    """The comparison as CSV, XLSX or PDF."""
    tie = _found(request, key)
    name = f"tie-out-{tie.flow.key}-{tie.currency}-{tie.created_at:%Y%m%d-%H%M}"
    rows = rows_of(tie, LABELS)
    return download(name, form, {k: partial(make, tie, rows) for k, make in FORMS.items()})
