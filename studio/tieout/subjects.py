"""From the row of ours behind a difference to the page that explains it."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from studio.flows.models import Delivery


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
