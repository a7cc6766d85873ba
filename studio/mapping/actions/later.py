"""A person puts a field or a code off, or takes it back to its place; nothing is decided by that."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from studio.accounts.roles import LOOKUP, MAP
from studio.core.action import Actor, acting
from studio.core.refused import DecisionRefused
from studio.mapping.models import MappingRow, PutOff, ValueProposal


def put_off(actor: Actor, what: MappingRow | ValueProposal, *, back: bool = False) -> bool:
    """Show it last on this person's list, or (``back``) in its place again; whether that changed it.

    Raises:
        DecisionRefused: it is decided, so it stands on no list of what is to be reviewed.
    """
    field = isinstance(what, MappingRow)
    subject = f"{'row' if field else 'value'}:{what.uuid}"
    key = f"{'mapping' if field else 'lookup'}.{'taken_up' if back else 'put_off'}"
    with acting(actor, MAP if field else LOOKUP, key, subject) as line:
        if what.state != "open":
            raise DecisionRefused(_("It is decided already; there is nothing to put off."))
        line.data = {"what": what.target_path if isinstance(what, MappingRow) else what.source}
        mine: dict[str, Any] = {"person": actor.person, "row" if field else "proposal": what}
        if back:
            return bool(PutOff.objects.filter(**mine).delete()[0])
        return PutOff.objects.get_or_create(**mine)[1]
