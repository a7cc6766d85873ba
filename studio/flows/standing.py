"""What people said of a record by hand stands for its next version, as long as the source says the same.

Telling the source what was posted changes its record, and so does a remark typed there. Neither asks a person
again what was answered already: a document that was moved into an open period stays where it was moved to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.http.jsontext import load
from studio.flows.bundle import Bundle, Sides
from studio.flows.models import Delivery, InboxItem
from studio.flows.reversal import ENDED
from studio.flows.work import as_read


def answered_before(items: Sequence[InboxItem]) -> dict[int, InboxItem]:
    """Item -> the version before it whose answers may stand; two queries for all items of one flow.

    Once a posting was taken back, only what stands at the target now vouches for the answers it was made with:
    another posting asks for another look.
    """
    bare = {(i.entity, i.key): i for i in items if not i.overrides}
    if not bare:
        return {}
    flow, keys = items[0].flow, [key for _, key in bare]
    rows = InboxItem.objects.filter(flow=flow, key__in=keys).exclude(overrides={})
    answered = list(rows.order_by("-pk"))
    if not answered:
        return {}
    living, ended = set[int](), set[tuple[str, str]]()
    posts = Delivery.objects.filter(flow=flow, step="post", item__key__in=keys)
    for item_id, entity, key, state in posts.values_list(
        "item_id", "item__entity", "item__key", "state"
    ):
        if state in ENDED:
            ended.add((entity, key))
        else:
            living.add(item_id)
    found: dict[int, InboxItem] = {}
    for row in answered:
        record = (row.entity, row.key)
        item = bare.get(record)
        if item is not None and row.pk < item.pk and (row.pk in living or record not in ended):
            found.setdefault(item.pk, row)
    return found


def take_over(item: InboxItem, before: InboxItem, bundle: Bundle, sides: Sides) -> None:
    """Give a claimed item the answers of an earlier version that still stand."""
    standing = _standing(item, before, bundle, sides)
    if standing:
        mine = InboxItem.objects.filter(pk=item.pk, state="working", claimed_by=item.claimed_by)
        mine.update(overrides=standing)
        item.overrides = standing


def _standing(item: InboxItem, before: InboxItem, bundle: Bundle, sides: Sides) -> dict[str, Any]:
    """A value of the document's head stands where the source says the same there, the rest if it says all the same.

    Lines may have changed places, and what was accepted was accepted of that very document.
    """
    now, then = (as_read(one, bundle, sides) for one in (item, before))
    gone = [load(one.payload)["deleted"] for one in (item, before)]
    if now == then and item.control == before.control and gone[0] == gone[1]:
        return dict(before.overrides)
    return {
        path: value
        for path, value in before.overrides.items()
        if path.isidentifier() and now.get(path) == then.get(path)
    }
