"""Pages of the stock levels: comparisons of quantities, one of them item by item, export."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from engine.runtime.quantities import Why
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import READ, TIE_OUT
from studio.core.htmx import page_or_part
from studio.core.paging import keyset
from studio.core.paper import download
from studio.flows.models import Flow
from studio.tieout import stock
from studio.tieout.models import StockComparison
from studio.tieout.reasons import WORDS
from studio.tieout.signing import sign_stock
from studio.tieout.stock_exports import FORMS
from studio.tieout.stock_queries import ORDERS, SHOWN, Narrowing, reasons_of


@page(READ)
@require_GET
def comparisons(request: StudioRequest) -> HttpResponse:
    """Comparisons of quantities, newest first."""
    rows = StockComparison.objects.filter(flow__workspace=request.workspace).select_related("flow")
    asked = request.GET
    return page_or_part(
        request,
        "tieout/stock.html",
        "tieout/_stock.html",
        {
            "rows": keyset(rows, ("-id",), after=asked.get("after"), before=asked.get("before")),
            "flows": Flow.objects.filter(
                workspace=request.workspace,
                design__has_key="compares",
                state__in=("live", "paused"),
            ),
            "may_run": request.actor.may(TIE_OUT),
            "busy": rows.filter(state__in=("waiting", "running")).exists(),
        },
    )


@page(TIE_OUT)
@require_POST
def run(request: StudioRequest) -> HttpResponse:
    """Put a comparison before the workers."""
    flow = get_object_or_404(Flow, workspace=request.workspace, key=request.POST.get("flow", ""))
    try:
        asked = stock.ask(request.actor, flow)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("tieout:stock")
    return redirect("tieout:stock-detail", key=asked.uuid)


def _found(request: HttpRequest, key: str) -> StockComparison:
    return get_object_or_404(
        StockComparison.objects.select_related("flow", "flow__source", "flow__target", "run"),
        flow__workspace=request.workspace,  # type: ignore[attr-defined]
        uuid=key,
    )


@page(READ)
@require_GET
def detail(request: StudioRequest, key: str) -> HttpResponse:
    """One comparison: every item on both sides, and every unit of difference by name."""
    found = _found(request, key)
    narrowing = Narrowing.read(request.GET.dict())
    rows = narrowing.page(found, request.GET.get("after", ""), request.GET.get("before", ""))
    shown: list[dict[str, Any]] = [
        {"row": row, "parts": [(WORDS[Why(p.why)], p) for p in row.parts.all()]}
        for row in rows.rows
    ]
    return page_or_part(
        request,
        "tieout/stock_detail.html",
        "tieout/_stock_detail.html",
        {
            "one": found,
            "rows": rows,
            "shown": shown,
            "narrowing": narrowing,
            "reasons": reasons_of(found),
            "orders": [(name, words) for name, (words, _order) in ORDERS.items()],
            "choices": list(SHOWN.items()),
            "may_sign": request.actor.may(TIE_OUT)
            and found.state == "ready"
            and not found.signed_at,
        },
    )


@page(TIE_OUT)
@require_POST
def sign(request: StudioRequest, key: str) -> HttpResponse:
    """Sign what was compared."""
    try:
        sign_stock(request.actor, _found(request, key), request.POST.get("note", ""))
        messages.success(request, _("Signed."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("tieout:stock-detail", key=key)


@page(READ)
@require_GET
def export(request: StudioRequest, key: str, form: str) -> HttpResponse:
    """The comparison as CSV, XLSX or PDF."""
    found = _found(request, key)
    if found.state != "ready":
        raise Http404(_("There is no export of a comparison that is not ready."))
    name = f"stock-levels-{found.flow.key}-{found.created_at:%Y%m%d-%H%M}"
    return download(name, form, {k: partial(make, found) for k, make in FORMS.items()})
