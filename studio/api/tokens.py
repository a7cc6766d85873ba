"""Making and revoking tokens. The secret is answered once and kept nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.registry import CONNECTORS
from studio.accounts.models import Workspace
from studio.accounts.roles import ADMINISTER, INGEST, READ
from studio.api.models import ApiToken
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.core.vault import digest_of

PREFIX = "mst_"
LONGEST_DAYS = 366
SENDERS = [key for key, one in CONNECTORS.items() if one.capabilities.receives]


def make_token(
    actor: Actor,
    workspace: Workspace,
    name: str,
    scopes: Iterable[str],
    *,
    days: int = 90,
    source: Connection | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret.

    Args:
        actor: who makes it.
        workspace: where it works.
        name: the program that will use it.
        scopes: what it may do besides reading; none for a sender's.
        days: how long it works.
        source: a system that sends its records: the token sends them, and neither reads nor does anything else.

    Raises:
        ValidationError: no name, a scope beyond the maker's role or that a token cannot have, or too long a life.
        PermissionDenied: the actor is not a person of the workspace.
    """
    wanted = _wanted(scopes, source)
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
    with acting(
        actor, INGEST if source else READ, "token.made", f"workspace:{workspace.uuid}"
    ) as line:
        token = ApiToken.objects.create(
            workspace=workspace,
            maker_id=actor.user_id,
            name=name.strip()[:60],
            digest=digest_of(secret),
            scopes=sorted(wanted),
            source=source,
            expires_at=timezone.now() + timedelta(days=days),
        )
        line.subject = f"token:{token.uuid}"
        line.data = {"name": token.name, "scopes": token.scopes, "days": days}
        if source is not None:
            line.data["source"] = source.name
    return token, secret


def _wanted(scopes: Iterable[str], source: Connection | None) -> set[str]:
    """A sender's program stands in somebody else's shop: it gets one scope, for one source."""
    wanted = set(scopes)
    if source is None and INGEST in wanted:
        raise ValidationError(_("Choose the one system whose records the token sends."))
    if source is None:
        return wanted | {READ}
    if wanted - {INGEST} or source.system not in SENDERS:
        raise ValidationError(_("Such a token only sends the records of a system that sends them."))
    return {INGEST}


def revoke_token(actor: Actor, token: ApiToken) -> None:
    """End a token at once; its maker may, and an administrator."""
    needed = READ if token.maker_id == actor.user_id else ADMINISTER
    with acting(actor, needed, "token.revoked", f"token:{token.uuid}") as line:
        ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(
            revoked_at=timezone.now(), revoked_by=actor.name
        )
        line.data = {"name": token.name}
