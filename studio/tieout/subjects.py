"""From the row of ours behind a difference to the page that explains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from studio.flows.models import Delivery, InboxItem


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


@dataclass(frozen=True, slots=True)
class About:
    """Whom a document is with and what day it bears; empty where no record of ours says it."""

    party: str = ""
    on: date | None = None


def about(subjects: Iterable[str]) -> dict[str, About]:
    """Subject -> whose document and of what day; two queries for all."""
    wanted = {subject.partition(":")[::2] for subject in subjects if subject}
    items = InboxItem.objects.filter(uuid__in=[key for kind, key in wanted if kind == "inbox"])
    posts = Delivery.objects.filter(uuid__in=[key for kind, key in wanted if kind == "delivery"])
    found = {
        f"inbox:{key}": About(party, on)
        for key, party, on in items.values_list("uuid", "party", "document_on")
    }
    for key, party, posted_on, on in posts.values_list(
        "uuid", "item__party", "document_on", "item__document_on"
    ):
        found[f"delivery:{key}"] = About(party, posted_on or on)
    return found
