"""From the row of ours behind a difference to the page that explains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from engine.runtime.residual import Name
from studio.flows.models import Delivery, InboxItem
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


@dataclass(frozen=True, slots=True)
class About:
    """Whom a document is with, what day it bears and since when it is here; empty where no record says it."""

    party: str = ""
    on: date | None = None
    since: datetime | None = None


def about(subjects: Iterable[str]) -> dict[str, About]:
    """Subject -> whose document, of what day and since when; two queries for all."""
    wanted = {subject.partition(":")[::2] for subject in subjects if subject}
    items = InboxItem.objects.filter(uuid__in=[key for kind, key in wanted if kind == "inbox"])
    posts = Delivery.objects.filter(uuid__in=[key for kind, key in wanted if kind == "delivery"])
    found = {
        f"inbox:{key}": About(party, on, since)
        for key, party, on, since in items.values_list("uuid", "party", "document_on", "created_at")
    }
    for key, party, posted_on, on, since in posts.values_list(
        "uuid", "item__party", "document_on", "item__document_on", "item__created_at"
    ):
        found[f"delivery:{key}"] = About(party, posted_on or on, since)
    return found


def flows_of(differences: Iterable[OpenDifference]) -> dict[str, str]:
    """Subject of what a flow of ours did itself -> name of the flow; one query for all."""
    ours = {one.subject.partition(":")[2] for one in differences if one.kind in OURS}
    posts = Delivery.objects.filter(uuid__in=ours) if ours else Delivery.objects.none()
    return {f"delivery:{key}": name for key, name in posts.values_list("uuid", "flow__name")}
