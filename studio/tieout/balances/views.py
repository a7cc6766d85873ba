"""Pages of open balances: one area in one currency, a customer or supplier, documents by reason, export."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import READ, TIE_OUT
from studio.core.paging import keyset
from studio.core.paper import download
from studio.core.refused import DecisionRefused
from studio.tieout.balances import actions
from studio.tieout.balances.exports import FORMS
from studio.tieout.balances.queries import in_order, looks, money
from studio.tieout.labels import KINDS, OPEN_LABELS
from studio.tieout.models import Balance, OpenDifference, OpenDocument, PartyBalance
from studio.tieout.subjects import OURS, flows_of, urls_of

PAGE = 50


@page(TIE_OUT)
@require_POST
def ask(request: StudioRequest) -> HttpResponse:
    """Have the balances read again; the page does not wait for it."""
    try:
        made = actions.ask(request.actor, request.workspace)
        words = ngettext(
            "The balances of %(n)d pair of companies are being read. Look again in a moment.",
            "The balances of %(n)d pairs of companies are being read. Look again in a moment.",
            len(made),
        )
        messages.success(request, words % {"n": len(made)})
    except DecisionRefused as refused:
        messages.error(request, f"{refused.sentence} {refused.fix}")
    home = request.POST.get("next") == "home"
    return redirect("home" if home else f"{reverse('tieout:periods')}#balances")


def _balance(request: StudioRequest, key: str) -> Balance:
    found = Balance.objects.select_related("reading__source", "reading__target")
    return get_object_or_404(found, reading__workspace=request.workspace, uuid=key)


@page(READ)
@require_GET
def balance(request: StudioRequest, key: str) -> HttpResponse:
    """One area in one currency: both sides, the difference by name, and by customer or supplier."""
    found = _balance(request, key)
    shown = request.GET.get("show", "apart")
    parties = found.parties.all() if shown == "all" else found.parties.filter(apart__gt=0)
    return render(
        request,
        "tieout/balance.html",
        {
            "balance": found,
            "tabs": in_order(found.reading.balances.all(), found.reading),
            "names": _names(found),
            "rows": keyset(
                parties,
                ["label", "id"],
                after=request.GET.get("after"),
                before=request.GET.get("before"),
                size=PAGE,
            ),
            "total": parties.count(),
            "shown": shown,
            "may_run": request.actor.may(TIE_OUT),
        },
    )


def _names(found: Balance) -> list[tuple[str, Any, Decimal, bool]]:
    """Name, words, sum, whether somebody has to answer for it; what is to be answered first."""
    rows = [
        (name, OPEN_LABELS.get(name, name), Decimal(amount), name in actions.TO_ANSWER)
        for name, amount in found.named.items()
    ]
    return sorted(rows, key=lambda row: (not row[3], -abs(row[2])))


@page(READ)
@require_GET
def party(request: StudioRequest, key: str) -> HttpResponse:
    """What one customer owes, or one supplier is owed, document by document."""
    found = get_object_or_404(
        PartyBalance.objects.select_related("balance__reading__source", "balance__reading__target"),
        balance__reading__workspace=request.workspace,
        uuid=key,
    )
    return _documents(request, found.balance, found.rows.all(), {"party": found})


@page(READ)
@require_GET
def documents(request: StudioRequest, key: str, name: str) -> HttpResponse:
    """Every document that differs for one reason."""
    found = _balance(request, key)
    if name not in OPEN_LABELS:
        raise Http404
    rows = OpenDocument.objects.filter(party__balance=found, differences__kind=name).distinct()
    return _documents(request, found, rows, {"name": name, "label": OPEN_LABELS[name]})


@page(READ)
@require_GET
def unapplied(request: StudioRequest) -> HttpResponse:
    """Customers' money that pays no document, in the books and at the source."""
    balances = [b for look in looks(request.workspace) for b in look.balances]
    rows = OpenDocument.objects.filter(
        on_account=True, party__balance__in=[b for b in balances if b.area == "receivable"]
    )
    shown = keyset(
        rows.select_related("party__balance__reading__source", "party__balance__reading__target"),
        ["id"],
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=PAGE,
    )
    urls = urls_of(row.subject for row in shown.rows)
    return render(
        request,
        "tieout/unapplied.html",
        {
            "rows": shown,
            "total": rows.count(),
            "lines": [(row, urls.get(row.subject, "")) for row in shown.rows],
            "money": money(request.workspace),
        },
    )


def _documents(
    request: StudioRequest, found: Balance, rows: QuerySet[OpenDocument], context: dict[str, Any]
) -> HttpResponse:
    names = OpenDifference.objects.order_by("id")
    shown = keyset(
        rows.select_related("party").prefetch_related(Prefetch("differences", queryset=names)),
        ["id"],
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        size=PAGE,
    )
    urls = urls_of(
        subject
        for row in shown.rows
        for subject in (row.subject, *(one.subject for one in row.differences.all()))
    )
    flows = flows_of(one for row in shown.rows for one in row.differences.all())
    lines = [
        (
            row,
            KINDS.get(row.kind, row.kind),
            urls.get(row.subject, ""),
            [
                (
                    OPEN_LABELS.get(one.kind, one.kind),
                    one,
                    urls.get(one.subject, ""),
                    flows.get(one.subject, "") if one.kind in OURS else "",
                )
                for one in row.differences.all()
            ],
        )
        for row in shown.rows
    ]
    return render(
        request,
        "tieout/open_documents.html",
        {
            "balance": found,
            "rows": shown,
            "total": rows.count(),
            "lines": lines,
            "none": _("Nothing is open."),
            **context,
        },
    )


@page(READ)
@require_GET
def export(request: StudioRequest, key: str, form: str) -> HttpResponse:
    """All documents of an area and currency as CSV, XLSX or PDF."""
    found = _balance(request, key)
    read = found.reading.read_at or found.created_at
    name = f"{found.area}s-{found.currency}-{found.reading.target.system}-{read:%Y%m%d-%H%M}"
    return download(name, form, {k: partial(make, found) for k, make in FORMS.items()})
