"""Who calls: a token (``Authorization: Bearer …``) or a person signed in on the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated

from studio.accounts.models import Membership, User, Workspace
from studio.accounts.roles import READ, permissions_of
from studio.api.models import ApiToken
from studio.core.action import Actor
from studio.core.vault import digest_of

if TYPE_CHECKING:
    from rest_framework.request import Request

# How exact "last used" is; each call would otherwise be a write.
SEEN_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer mst_…``."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The maker and the token; None when the call carries none."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != self.keyword.lower():
            return None
        token = (
            ApiToken.objects.select_related("maker", "workspace", "source")
            .filter(digest=digest_of(secret.strip()))
            .first()
        )
        if token is None or not token.usable or not token.maker.is_active:
            raise AuthenticationFailed("The token is unknown, revoked or expired.")
        _seen(token)
        return token.maker, token

    def authenticate_header(self, request: Request) -> str:
        """Makes the answer a 401 rather than a 403."""
        return self.keyword


def _seen(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > SEEN_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def caller(request: Request) -> tuple[Actor, Workspace]:
    """The actor behind a call and the workspace it works in.

    Raises:
        PermissionDenied: a person without workspace, or a token whose maker left it.
    """
    token = request.auth
    if isinstance(token, ApiToken):
        member = Membership.objects.filter(
            user_id=token.maker_id, workspace_id=token.workspace_id
        ).first()
        if member is None:
            raise PermissionDenied("Who made this token is no longer a member of the workspace.")
        return _token_actor(token, member.role), token.workspace
    # The session's actor was set by the workspace middleware.
    page = request._request  # noqa: SLF001 - DRF offers no other way to the wrapped request
    actor, workspace = getattr(page, "actor", None), getattr(page, "workspace", None)
    if actor is None or workspace is None:
        raise PermissionDenied("You are not a member of any workspace. Ask your administrator.")
    return actor, workspace


class MayRead(IsAuthenticated):
    """Signed in, and one of us: a buyer is shown nothing of the API, not even what it offers."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller may read here."""
        return super().has_permission(request, view) and caller(request)[0].may(READ)


def _token_actor(token: ApiToken, role: str) -> Actor:
    """Never more than the maker may today, whatever the token was given."""
    return Actor(
        name=f"token: {token.name} ({token.maker})"[:150],
        role=role,
        permissions=frozenset(token.scopes) & permissions_of(role),
        user_id=token.maker_id,
        workspace_key=str(token.workspace.uuid),
    )
