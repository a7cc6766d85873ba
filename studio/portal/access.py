"""Who enters the portal: a buyer for his account, or one of us who looks at it without being able to act."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from studio.accounts.middleware import StudioRequest
from studio.accounts.roles import BUY, READ
from studio.portal.models import Account, Buyer

P = ParamSpec("P")
LOOK = "preview"


class BuyerRequest(StudioRequest):
    """A request for one account; ``preview``: by one of us, who only looks."""

    account: Account
    preview: bool


def _bound(request: StudioRequest) -> Account:
    """The one account the person buys for, asked anew with every request."""
    found = (
        Buyer.objects.filter(
            user=request.user, account__shop__connection__workspace=request.workspace
        )
        .select_related("account__shop__connection__workspace", "account__shop__flow")
        .first()
    )
    if found is None:
        raise PermissionDenied(_("Your user is bound to no customer yet. Please ask us."))
    return found.account


def _looked_at(request: StudioRequest) -> Account:
    """The account one of us looks at; nobody writes in another's name."""
    asked = request.GET.get(LOOK, "")
    if request.method not in ("GET", "HEAD") or not asked:
        raise PermissionDenied(
            _("This page is a buyer's. Look at a customer's portal from the page “Portal”.")
        )
    request.actor.require(READ)
    try:
        key = uuid.UUID(asked)
    except ValueError:
        raise PermissionDenied(_("There is no such customer in the portal.")) from None
    mine = Account.objects.select_related("shop__connection__workspace", "shop__flow")
    return get_object_or_404(mine, uuid=key, shop__connection__workspace=request.workspace)


def buyers_page(
    view: Callable[Concatenate[BuyerRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Decorate a page of the portal: signed in, and for exactly one account. Kept by no cache."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        here = cast("BuyerRequest", request)
        if not hasattr(here, "actor"):
            raise PermissionDenied(_("You are not a member of any workspace. Please ask us."))
        here.preview = not here.actor.may(BUY)
        here.account = _looked_at(here) if here.preview else _bound(here)
        response = view(here, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", login_required(guarded))
