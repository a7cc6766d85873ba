"""The portal as we keep it: which connection is open, by which rules, who buys for whom, and a look inside."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from connectors.registry import capabilities
from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import ADMINISTER, READ
from studio.catalog.models import Connection
from studio.core.action import acting
from studio.core.refused import DecisionRefused
from studio.portal import people
from studio.portal.forms import RulesForm
from studio.portal.models import Account, Buyer, Order, Shop
from studio.portal.placing import way_of
from studio.portal.shops import open_shop as open_for

LATEST = 20


def _shops(request: StudioRequest) -> Any:
    return Shop.objects.filter(connection__workspace=request.workspace).select_related(
        "connection", "flow"
    )


def _shop(request: StudioRequest, key: uuid.UUID) -> Shop:
    found: Shop = get_object_or_404(_shops(request), uuid=key)
    return found


@page(READ)
@require_GET
def desk(request: StudioRequest) -> HttpResponse:
    """Shops with their customers and people, and the latest orders."""
    return _desk(request)


def _desk(request: StudioRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    shops = list(_shops(request))
    accounts = Account.objects.annotate(
        placed=Count("orders", filter=Q(orders__state="placed"), distinct=True)
    ).prefetch_related("buyers__user")
    there = {shop.connection_id for shop in shops}
    others = Connection.objects.filter(workspace=request.workspace).exclude(state="ended")
    wrong: RulesForm | None = more.pop("form", None)
    context = {
        "shops": [
            (
                shop,
                list(accounts.filter(shop=shop)),
                wrong if wrong and wrong.instance.pk == shop.pk else RulesForm(instance=shop),
            )
            for shop in shops
        ],
        "closed": [c for c in others if capabilities(c.system).sells and c.pk not in there],
        "orders": [
            (order, way_of(order))
            for order in Order.objects.filter(
                state="placed", account__shop__connection__workspace=request.workspace
            ).select_related("inbox", "account")[:LATEST]
        ],
        "may": request.actor.may(ADMINISTER),
        **more,
    }
    response = render(request, "portal/desk.html", context, status=status)
    # It may show the address of an invitation.
    response["Cache-Control"] = "no-store"
    return response


@page(ADMINISTER)
@require_POST
def open_shop(request: StudioRequest) -> HttpResponse:
    """Open the portal of a connection."""
    key = request.POST.get("connection", "")
    mine = Connection.objects.filter(workspace=request.workspace)
    connection = next((c for c in mine if str(c.uuid) == key), None)
    if connection is None:
        messages.error(request, _("Choose a connection."))
        return redirect("portal:desk")
    try:
        open_for(request.actor, connection)
    except DecisionRefused as refusal:
        messages.error(request, f"{refusal.sentence} {refusal.fix}")
    else:
        messages.success(request, _("It is open; its items are being read."))
    return redirect("portal:desk")


@page(ADMINISTER)
@require_POST
def rules(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Change what buyers see and may do."""
    shop = _shop(request, key)
    form = RulesForm(request.POST, instance=shop)
    if not form.is_valid():
        return _desk(request, form=form, status=422)
    with acting(request.actor, ADMINISTER, "portal.rules_changed", f"shop:{shop.uuid}") as line:
        form.save()
        line.data = {
            "connection": shop.connection.name,
            **{name: str(form.cleaned_data[name]) for name in form.changed_data},
        }
    messages.success(request, _("Changed."))
    return redirect("portal:desk")


@page(ADMINISTER)
@require_POST
def invite(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """A new person who buys for a customer; where he chooses a password is shown this once."""
    shop, said = _shop(request, key), request.POST
    try:
        account = people.account_of(request.actor, shop, said.get("customer", ""))
        invited = people.invite(
            request.actor, account, said.get("username", ""), said.get("name", ""),
            said.get("email", ""),
        )  # fmt: skip
    except ValidationError as error:
        return _desk(request, trouble=" ".join(error.messages), said=said, at=shop.pk, status=422)
    return _desk(request, invited=invited)


def _buyer(request: StudioRequest, key: uuid.UUID) -> Buyer:
    mine = Buyer.objects.select_related("user", "account__shop__connection")
    return get_object_or_404(mine, uuid=key, account__shop__connection__workspace=request.workspace)


@page(ADMINISTER)
@require_POST
def bind(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Bind a person to another customer of the same portal."""
    buyer = _buyer(request, key)
    try:
        account = people.account_of(
            request.actor, buyer.account.shop, request.POST.get("customer", "")
        )
        people.bind(request.actor, buyer, account)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(
            request,
            _("%(who)s buys for %(account)s now.") % {"who": buyer.user, "account": account},
        )
    return redirect("portal:desk")


@page(ADMINISTER)
@require_POST
def end(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """End a person's access."""
    buyer = _buyer(request, key)
    people.end(request.actor, buyer)
    messages.success(request, _("%(who)s cannot enter any more.") % {"who": buyer.user})
    return redirect("portal:desk")
