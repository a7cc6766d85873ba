"""From the row of ours behind a difference to the page that explains it."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from engine.runtime.residual import Name
from studio.flows.models import Delivery
from studio.tieout.models import OpenDifference

# Differences that a flow made and not a person: pages say which flow.
OURS = frozenset({str(Name.RECEIPT_UNAPPLIED)})


def urls_of(subjects: Iterable[str]) -> dict[str, str]:
    """Subject (``inbox:…``, ``delivery:…``) -> address of the record's journey; one query for all."""
    wanted = {subject.partition(":")[::2] for subject in subjects if subject}
    found = {
        f"{kind}:{key}": reverse("flows:item", args=[key])
        for kind, key in wanted
        if kind == "inbox"
    }
    deliveries = Delivery.objects.filter(
        uuid__in=[key for kind, key in wanted if kind == "delivery"]
    )
    for key, item in deliveries.values_list("uuid", "item__uuid"):
        found[f"delivery:{key}"] = reverse("flows:item", args=[item])
    return found


def flows_of(differences: Iterable[OpenDifference]) -> dict[str, str]:
    """Subject of what a flow of ours did itself -> name of the flow; one query for all."""
    ours = {one.subject.partition(":")[2] for one in differences if one.kind in OURS}
    posts = Delivery.objects.filter(uuid__in=ours) if ours else Delivery.objects.none()
    return {f"delivery:{key}": name for key, name in posts.values_list("uuid", "flow__name")}
