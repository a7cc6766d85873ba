"""What became of a record that was sent to us, flow by flow."""

from __future__ import annotations

from dataclasses import dataclass

from studio.catalog.models import Arrival
from studio.flows.models import InboxItem


@dataclass(frozen=True, slots=True)
class OfFlow:
    """What one flow made of one version: its state in words, why, and the documents it became."""

    flow: str
    state: str
    why: str
    posted: tuple[str, ...]


def outcomes_of(arrival: Arrival) -> list[OfFlow]:
    """Flows that read this very version."""
    items = InboxItem.objects.filter(
        flow__source=arrival.connection_id,
        entity=arrival.entity,
        key=arrival.key,
        source_version=str(arrival.number),
    ).select_related("flow")
    found = []
    for item in items.prefetch_related("deliveries").order_by("pk"):
        posts = [d for d in item.deliveries.all() if d.step == "post" and d.state == "done"]
        found.append(
            OfFlow(
                item.flow.name,
                item.get_state_display(),
                item.why,
                tuple(d.target_number or d.target_key for d in posts),
            )
        )
    return found
