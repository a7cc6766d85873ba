"""Who can sign a connection in again, by name, for those who cannot."""

from __future__ import annotations

from django.utils.translation import gettext as _

from studio.accounts.models import few, who_can
from studio.accounts.roles import CONNECT, who_may
from studio.catalog.models import Connection

OVER = ("broken", "revoked")


def whom_to_ask(connection: Connection) -> str:
    """Whom to ask to sign in again: its owner, or else everybody here who may; empty where it is signed in."""
    if connection.state not in OVER:
        return ""
    people = who_can(connection.workspace_id, CONNECT)
    owner = next((str(p) for p in people if p.pk == connection.owner_id), "")
    if owner:
        said = _("Ask %(owner)s, who owns the connection, to sign in again.")
        return said % {"owner": owner}
    if not people:
        return _(
            "Nobody here may sign in again. An administrator gives somebody the role %(role)s."
        ) % {"role": who_may(CONNECT)}
    names = few([str(p) for p in people], _(" or "))
    return _("Ask %(people)s to sign in again.") % {"people": names}
