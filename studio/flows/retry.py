"""Trying a record again: with the version in force, with the one it was tried with, or from the start.

Whatever is chosen, the record is mapped and checked anew; nothing that was decided before is believed.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from engine.errors import StudioError
from studio.catalog.wiring import opened
from studio.core.dispatch import nudge
from studio.flows.actions import replay
from studio.flows.models import Delivery, FlowVersion, InboxItem
from studio.flows.poll import new_items
from studio.flows.reversal import ENDED

HOW = {
    "current": "with the version in force",
    "same": "with the version it was tried with",
    "start": "from the start: read it again, forget what was changed by hand",
}


def version_tried(item: InboxItem) -> FlowVersion | None:
    """The flow version that the record was last worked with."""
    if item.use_version is not None:
        return item.use_version
    delivery = item.deliveries.order_by("-pk").first()
    if delivery is not None:
        return delivery.version
    return item.run.version if item.run else None


def retry(item: InboxItem, how: str) -> bool:
    """Send a held-up record through again; False if it is under way.

    Args:
        item: parked, filtered or closed.
        how: a key of ``HOW``.

    Raises:
        ValidationError: no such way, or the source cannot be read just now.
    """
    if how not in HOW:
        raise ValidationError(_("Choose how the record is to be tried again."))
    if how == "same":
        return replay(item, version=version_tried(item))
    if how == "current":
        return replay(item)
    return _from_start(item)


def _from_start(item: InboxItem) -> bool:
    try:
        with opened(item.flow.source) as source:
            record = source.read(item.entity, item.key)
    except StudioError as error:
        raise ValidationError(
            _("It could not be read again: %(error)s") % {"error": error}
        ) from error
    if record is None:
        raise ValidationError(
            _("%(source)s has no %(entity)s %(key)s any more.")
            % {"source": item.flow.source, "entity": item.entity, "key": item.key}
        )
    with transaction.atomic():
        fresh = new_items(item.flow, item.run, [record])[0]
        versions = InboxItem.objects.filter(flow=item.flow, entity=item.entity, key=item.key)
        posts = Delivery.objects.filter(item__in=versions, step="post")
        # What stands at the target keeps what it was made with.
        standing = posts.exclude(state__in=("parked", *ENDED)).values("item")
        versions.exclude(pk__in=standing).update(overrides={})
        if fresh.payload_hash == item.payload_hash:
            return replay(item)
        InboxItem.objects.bulk_create([fresh], ignore_conflicts=True)
        nudge("flows.pump_items", item.flow_id)
    return True
