"""What hangs on a link: documents that were posted through it."""

from __future__ import annotations

from django.db.models import Count, Sum

from studio.flows.models import Delivery
from studio.linking.models import Link
from studio.linking.uses import Use


def deliveries_using(link: Link) -> Use | None:
    """Posted documents of the linked customer or supplier, or those that carry the linked item."""
    if link.kind not in ("customer", "supplier", "item"):
        return None
    posts = Delivery.objects.filter(
        flow__source=link.left_connection,
        flow__target=link.right_connection,
        step="post",
        state="done",
    )
    if link.kind == "item":
        # Lines carry the item's code; the text search narrows, a document names each code once.
        posts = posts.filter(item__payload__contains=f'"{link.left_code}"')
    else:
        posts = posts.filter(item__canonical__party=link.left_code)
    found = posts.aggregate(n=Count("id"), gross=Sum("gross"))
    count = int(found["n"] or 0)
    if not count:
        return None
    what = "posted document carries it" if count == 1 else "posted documents carry it"
    return Use(count, f"{count} {what}, {found['gross']:,.2f} in all. They stay as they are.")
