"""A remark or a question beside a record and its candidates in one target."""

from __future__ import annotations

from django.utils.translation import gettext as _

from studio.accounts.roles import MATCH
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.core.refused import DecisionRefused
from studio.linking.models import Party, RecordNote


def comment(actor: Actor, left: Party, target: Connection, text: str) -> RecordNote:
    """Leave a remark; it stays beside the record whichever candidate is the best one later.

    Raises:
        DecisionRefused: there is nothing in it.
    """
    words = text.strip()
    if not words:
        raise DecisionRefused(_("The comment is empty."))
    with acting(actor, MATCH, "linking.noted", f"party:{left.uuid}") as line:
        line.data = {"left": left.code or left.key, "target": str(target.uuid), "text": words}
        return RecordNote.objects.create(left=left, target=target, author=actor.name, text=words)
