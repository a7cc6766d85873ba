"""Who can sign a connection in again, by name, for those who cannot."""

from __future__ import annotations

from django.utils.translation import gettext as _

from studio.accounts.models import Membership
from studio.accounts.roles import CONNECT, ROLES, permissions_of, who_may
from studio.catalog.models import Connection

# People who are named; of more than that the first.
NAMED = 4
OVER = ("broken", "revoked")


def whom_to_ask(connection: Connection) -> str:
    """Whom to ask to sign in again: its owner, or else everybody here who may; empty where it is signed in."""
    if connection.state not in OVER:
        return ""
    roles = [role for role in ROLES if CONNECT in permissions_of(role)]
    members = Membership.objects.filter(
        workspace=connection.workspace_id, role__in=roles, user__is_active=True
    ).select_related("user")
    people = {m.user_id: str(m.user) for m in members}
    if connection.owner_id in people:
        return _("Ask %(owner)s, who owns the connection, to sign in again.") % {
            "owner": people[connection.owner_id]
        }
    if not people:
        return _(
            "Nobody here may sign in again. An administrator gives somebody the role %(role)s."
        ) % {"role": who_may(CONNECT)}
    first, *more = sorted(people.values())
    names = _(" or ").join([first, *more][:NAMED]) + (" …" if len(people) > NAMED else "")
    return _("Ask %(people)s to sign in again.") % {"people": names}
