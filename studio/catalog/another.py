"""Another company behind a connection: only as long as nothing rests on what was read of the first."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from connectors.registry import capabilities
from studio.accounts.roles import CONNECT
from studio.catalog.models import Connection, Credential
from studio.catalog.uses import dependents_of
from studio.core.action import Actor, acting
from studio.core.vault import seal, unseal


def require_free(connection: Connection) -> None:
    """Refuse to exchange the company of a connection that is in use.

    Raises:
        ValidationError: what rests on it.
    """
    rests = dependents_of(connection)
    if rests:
        told = {"name": connection.name, "company": connection.company, "hit": rests[0].words}
        raise ValidationError(
            _(
                "%(name)s stays with company %(company)s: flows rest on it (%(hit)s). Connect the other "
                "company as a connection of its own."
            )
            % told
        )


def leave_company(actor: Actor, connection: Connection) -> None:
    """Let a connection stand for no company; what was read of it is forgotten.

    A sign-in that is good for one company only is forgotten as well.

    Raises:
        ValidationError: something rests on it.
    """
    require_free(connection)
    consent = capabilities(connection.system).consent
    with (
        transaction.atomic(),
        acting(actor, CONNECT, "connection.left", f"connection:{connection.uuid}") as line,
    ):
        for read in (connection.snapshots, connection.samples, connection.codes):
            read.all().delete()
        if consent and consent.company:
            held = Credential.objects.get(connection=connection)
            kept = {k: v for k, v in unseal(held.sealed).items() if k != "tokens"}
            Credential.objects.filter(pk=held.pk).update(
                sealed=seal(kept), version=F("version") + 1
            )
        line.data = {"name": connection.name, "company": connection.company}
        Connection.objects.filter(pk=connection.pk).update(
            company="", currency="", state="new", checked_at=None, health={}, progress={},
            paused_until=None, paused_reason="", failures=0,
        )  # fmt: skip
    connection.refresh_from_db()
