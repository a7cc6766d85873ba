"""A document that a person entered at the target counts as a record's posting, if it truly is that."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from engine.canon.money import spoken
from engine.errors import StudioError
from engine.ports import Receipt
from studio.accounts.roles import TRIAGE
from studio.catalog.wiring import opened
from studio.core.action import Actor, acting
from studio.flows.deliver import count_as_posted
from studio.flows.models import Delivery, InboxItem
from studio.flows.places import first
from studio.flows.sending import CENTS, total_of
from studio.triage.actions import close_cases


def adopt(
    actor: Actor, item: InboxItem, said: str, reason: str, *, permission: str = TRIAGE
) -> Receipt:
    """Accept that a document at the target is this record's posting (entered there by a person).

    Args:
        actor: who says so.
        item: the record whose posting was refused.
        said: key or document number of the document at the target.
        reason: why, for the audit trail.
        permission: what the actor needs; less for whom the question was put to.

    Raises:
        ValidationError: nothing waits, the target has no such document, or its total is another.
    """
    delivery = (
        Delivery.objects.filter(item=item, step="post", state="parked")
        .select_related("connection", "version", "flow__source", "flow__target")
        .first()
    )
    if delivery is None:
        raise ValidationError(_("Nothing of this record waits to be posted any more."))
    found = _document(delivery, said.strip())
    total = total_of(delivery, dict(found.data))
    if total is not None and abs(total - delivery.gross) > CENTS:
        raise ValidationError(
            _(
                "%(entity)s %(what)s in %(connection)s says %(total)s, %(label)s says %(gross)s. "
                "Correct one of the two first, or close this record without posting."
            )
            % {
                "entity": delivery.entity,
                "what": found.number or found.key,
                "connection": delivery.connection,
                "total": spoken(total),
                "label": item.label,
                "gross": spoken(delivery.gross),
            }
        )
    with acting(actor, permission, "delivery.adopted", f"delivery:{delivery.uuid}") as line:
        if not count_as_posted(delivery, found):
            raise ValidationError(_("Somebody else decided about this record just now."))
        InboxItem.objects.filter(pk=item.pk).update(state="done", why="linked by a person")
        close_cases(f"inbox:{item.uuid}", state="fixed", reason=reason, by=actor.name)
        line.data = {
            "record": item.label,
            "key": found.key,
            "reason": reason,
            **item.worth,
        }
    return found


def _document(delivery: Delivery, said: str) -> Receipt:
    """The document at the target that a person means by a key or a number."""
    target, entity = delivery.connection, delivery.entity
    path = delivery.version.content["design"]["entities"][entity]["reference"]
    try:
        with opened(target) as connector:
            record = connector.read(entity, said)
            named = [] if record else connector.find(entity, {path: said}, limit=2)
    except StudioError as error:
        raise ValidationError(
            _("%(target)s could not be asked: %(error)s") % {"target": target, "error": error}
        ) from error
    if len(named) > 1:
        raise ValidationError(
            _(
                "%(target)s has several documents with the number “%(said)s”: give the key of the one."
            )
            % {"target": target, "said": said}
        )
    record = record or (named[0] if named else None)
    if record is None or record.deleted:
        raise ValidationError(
            _("%(target)s has no %(entity)s with the key or number “%(said)s”.")
            % {"target": target, "entity": entity, "said": said}
        )
    number = str(first(record.data, path) or "")
    return Receipt(entity, record.key, number, record.version, record.data)
