"""What a version would change against the one it takes the place of, for the person who signs it."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.flows.design_diff import Difference, differences, mapping_differences
from studio.flows.models import FlowVersion, InboxItem, Rehearsal
from studio.flows.pins import pins_of


@dataclass(frozen=True, slots=True)
class Changed:
    """The version in force, if there is one, and what is another in the rehearsed one."""

    before: FlowVersion | None = None
    rows: list[Difference] = field(default_factory=list)


def changed_by(found: Rehearsal) -> Changed:
    """What the rehearsed version changes against the one in force; of one that went live, the one before it."""
    version = found.version
    others = found.flow.versions.exclude(pk=version.pk)
    if version.published_at:
        earlier = others.filter(published_at__lt=version.published_at)
        before = earlier.order_by("-published_at").first()
    else:
        before = others.filter(state="published").first()
    if before is None:
        return Changed()
    rows = differences(before.content["design"], version.content["design"])
    return Changed(
        before, rows + mapping_differences(pins_of(before.content), pins_of(version.content))
    )


def dropped_by(found: Rehearsal) -> list[InboxItem]:
    """Records that wait for a person today and that the rehearsed version would let go unposted."""
    if found.kind != "rehearsal" or found.version.state != "rehearsal":
        return []
    left_out = found.plan.filter(outcome="filtered").values("key")
    held = InboxItem.objects.filter(flow=found.flow, state="parked", key__in=left_out)
    return list(held.defer("payload", "canonical", "log").order_by("-amount", "pk"))
