"""Making and revoking tokens. The secret is answered once and kept nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.accounts.models import Workspace
from studio.accounts.roles import ADMINISTER, READ
from studio.api.models import ApiToken
from studio.core.action import Actor, acting
from studio.core.vault import digest_of

PREFIX = "mst_"
LONGEST_DAYS = 366


def make_token(
    actor: Actor, workspace: Workspace, name: str, scopes: Iterable[str], *, days: int = 90
) -> tuple[ApiToken, str]:
    """A new token and its secret.

    Raises:
        ValidationError: no name, a scope beyond the maker's role, or too long a life.
        PermissionDenied: the actor is not a person of the workspace.
    """
    wanted = set(scopes) | {READ}
    if actor.user_id is None:
        raise PermissionDenied("Only a person may make a token.")
    if not name.strip():
        raise ValidationError(_("Name the program that will use the token."))
    beyond = sorted(wanted - actor.permissions)
    if beyond:
        raise ValidationError(
            _("Your role does not carry: %(list)s.") % {"list": ", ".join(beyond)}
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError(_("A token lives from 1 to %(most)s days.") % {"most": LONGEST_DAYS})
    secret = PREFIX + secrets.token_urlsafe(32)
    with acting(actor, READ, "token.made", f"workspace:{workspace.uuid}") as line:
        token = ApiToken.objects.create(
            workspace=workspace,
            maker_id=actor.user_id,
            name=name.strip()[:60],
            digest=digest_of(secret),
            scopes=sorted(wanted),
            expires_at=timezone.now() + timedelta(days=days),
        )
        line.subject = f"token:{token.uuid}"
        line.data = {"name": token.name, "scopes": token.scopes, "days": days}
    return token, secret


def revoke_token(actor: Actor, token: ApiToken) -> None:
    """End a token at once; its maker may, and an administrator."""
    needed = READ if token.maker_id == actor.user_id else ADMINISTER
    with acting(actor, needed, "token.revoked", f"token:{token.uuid}") as line:
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
            revoked_at=timezone.now(), revoked_by=actor.name
        )
        line.data = {"name": token.name}
