"""Puts the person's workspace and role on the request; pages refuse who may not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from studio.accounts.models import Membership, User, Workspace
from studio.accounts.roles import who_may
from studio.core.action import Actor, NotPermitted

P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


class StudioRequest(HttpRequest):
    """A request of a signed-in member."""

    user: User
    workspace: Workspace
    actor: Actor
    htmx: Any


class WorkspaceMiddleware:
    """Sets ``request.workspace`` and ``request.actor`` for signed-in members."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        here = cast("StudioRequest", request)
        if request.user.is_authenticated:
            member = (
                Membership.objects.select_related("user", "workspace")
                .filter(user_id=request.user.pk)
                .order_by("id")
                .first()
            )
            if member:
                here.workspace = member.workspace
                here.actor = member.actor()
        return self.get_response(request)


def page(
    permission: str,
) -> Callable[
    [Callable[Concatenate[StudioRequest, P], R]],
    Callable[Concatenate[HttpRequest, P], R],
]:
    """Decorate a view: sign-in needed, membership needed, permission needed."""

    def decorate(
        view: Callable[Concatenate[StudioRequest, P], R],
    ) -> Callable[Concatenate[HttpRequest, P], R]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> R:
            here = cast("StudioRequest", request)
            if not hasattr(here, "actor"):
                raise PermissionDenied(
                    "You are not a member of any workspace. Ask your administrator."
                )
            if not here.actor.may(permission):
                raise NotPermitted(here.actor.role, permission, who_may(permission))
            return view(here, *args, **kwargs)

        return cast("Callable[Concatenate[HttpRequest, P], R]", login_required(guarded))

    return decorate
