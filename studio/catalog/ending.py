"""Ending a connection: what runs on it is paused, the vendor is told, secrets are forgotten, agents revoked.

Everything that was read, mapped and posted stays; signing in again goes on where it stopped.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from connectors.registry import capabilities, signing_in
from engine.errors import StudioError
from studio.accounts.roles import CONNECT
from studio.catalog.agents.actions import end_agents
from studio.catalog.models import Connection, Credential
from studio.catalog.services import StoredTokens
from studio.catalog.uses import stop_on
from studio.catalog.wiring import config_of, services_of
from studio.core.action import Actor, acting
from studio.core.vault import seal


def disconnect(actor: Actor, connection: Connection, reason: str) -> str:
    """End a connection.

    Returns:
        What a person still has to do at the vendor; empty where nothing is left.

    Raises:
        ValidationError: no reason was given, or it is disconnected already.
    """
    actor.require(CONNECT)
    if not reason.strip():
        raise ValidationError(_("Say in a few words why it is disconnected."))
    if connection.state == "ended":
        raise ValidationError(
            _("%(connection)s is disconnected already.") % {"connection": connection}
        )
    # Told before the secrets are gone; work that was claimed meanwhile meets a sign-in that is over.
    left = _tell_vendor(connection)
    with (
        transaction.atomic(),
        acting(actor, CONNECT, "connection.ended", f"connection:{connection.uuid}") as line,
    ):
        stopped = stop_on(actor, connection, f"{connection} was disconnected: {reason.strip()}")
        Credential.objects.filter(connection=connection).update(
            sealed=seal({}), version=F("version") + 1, lease_until=None
        )
        end_agents(actor, connection)
        Connection.objects.filter(pk=connection.pk).update(
            state="ended", paused_until=None, paused_reason=reason.strip()[:300], failures=0
        )
        line.data = {
            "name": connection.name,
            "reason": reason.strip(),
            "paused": stopped,
            "vendor": left or "told",
        }
    connection.refresh_from_db()
    return left


def _tell_vendor(connection: Connection) -> str:
    """End the grant at the vendor; what cannot be ended from here is said, and stops nothing."""
    consent = capabilities(connection.system).consent
    tokens = StoredTokens(connection.pk).get() if consent else None
    if consent is None or tokens is None:
        return ""
    try:
        client, _scopes = signing_in(config_of(connection), services_of(connection))
        client.revoke(tokens.refresh_token or tokens.access_token, as_json=consent.ends_by_json)
    except StudioError as error:
        return (
            f"{connection.name} could not be told ({error}). Remove the studio from the connected apps "
            "there, too."
        )
    return ""
