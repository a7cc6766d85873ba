"""Pages that belong to no app: theme, health, errors, the style guide."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.core import charts


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the machine's own; works without script."""
    chosen = request.POST.get("theme", "auto")
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponseRedirect(target)
    if chosen in {"light", "dark", "auto"}:
        response.set_cookie("theme", chosen, max_age=31_536_000, samesite="Lax")
    return response


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """For a load balancer: this process answers and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with the sentence the action gave."""
    text = str(exception or "") or _("Your role does not allow this. Ask your administrator.")
    return _error(request, 403, _("You may not do this"), text)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    text = _("There is nothing at this address; it may have been replaced by a newer version.")
    return _error(request, 404, _("Not found"), text)


def broken(request: HttpRequest) -> HttpResponse:
    """500; nothing that could fail again."""
    text = _("The studio could not answer. Nothing was changed. The operator finds why in the log.")
    return _error(request, 500, _("Something went wrong"), text)


def _error(request: HttpRequest, code: int, title: str, text: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # Shown as a toast by studio.js; a page inside a table row would help nobody.
        return HttpResponse(text, status=code, content_type="text/plain; charset=utf-8")
    return render(request, "error.html", {"code": code, "title": title, "text": text}, status=code)


@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """For the admin site, whose pages name none."""
    return HttpResponseRedirect(static("studio/img/favicon.svg"))


@require_GET
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """One sign-in for everything; who is signed in and comes here may not enter the admin site."""
    if request.user.is_authenticated:
        raise PermissionDenied(_("Only administrators may enter the admin site."))
    return redirect_to_login(request.GET.get("next", reverse("admin:index")))


@require_GET
def style_guide(request: HttpRequest) -> HttpResponse:
    """Every part of the design system on one page; sandbox and debug only."""
    if not (settings.DEBUG or settings.SANDBOX):
        raise Http404
    messages.success(request, _("38 accepted, 2 left because they are required and unsure."))
    return render(request, "core/style.html", _samples())


def _samples() -> dict[str, Any]:
    steps = [
        charts.Step("prior", 0.30, total=True),
        charts.Step("name alike 0.93", 0.34),
        charts.Step("same tax number", 0.28),
        charts.Step("phone differs", -0.06),
        charts.Step("confidence", 0.86, total=True),
    ]
    bins = [
        charts.Bin(0.05 + i / 10, min(max(0.04 + i / 10 + 0.03 * math.sin(i), 0), 1), 10 * i + 8)
        for i in range(10)
    ]
    fields = [
        ("ArCustomer.Customer", "party.code", "Customer.AcctNum", 0.981, "Identity"),
        ("ArCustomer.Name", "party.name", "Customer.DisplayName", 0.934, "Similarity"),
        ("ArCustomer.TermsCode", "party.terms", "Customer.SalesTermRef.value", 0.72, "Memory"),
        ("ArCustomer.UserField1", "", "Customer.Notes", 0.41, "Model"),
    ]
    return {
        "waterfall": charts.waterfall(steps, "How 86 % came about"),
        "reliability": charts.reliability(bins, "Said against true"),
        "bars": charts.bars(
            [("Missing reference", 18420, "18,420.00"), ("Period closed", 7310, "7,310.00")],
            "Money by cause",
        ),
        "spark": [4, 6, 5, 8, 7, 9, 12, 11, 14],
        "fields": [
            dict(zip(("source", "canonical", "target", "score", "method"), f, strict=True))
            for f in fields
        ],
        "total": Decimal("-1284.5"),
        "big": Decimal("1284213.50"),
        "yen": Decimal(98000),
        "when": timezone.now() - timedelta(minutes=17),
        "states": ["posted", "open", "sending", "parked", "draft", "suggested", "void"],
        "facets": [
            {
                "name": "Confidence",
                "rows": [
                    {"label": "certain", "count": 212, "url": "?c=certain", "on": True},
                    {"label": "strong", "count": 87, "url": "?c=strong", "on": False},
                    {"label": "possible", "count": 14, "url": "?c=possible", "on": False},
                ],
            },
            {
                "name": "Entity",
                "rows": [{"label": "Customer", "count": 64, "url": "?e=1", "on": False}],
            },
        ],
        "hints": [("↵", "accept"), ("1–5", "choose"), ("r", "reject"), ("u", "undo")],
    }
