"""What people set for one record by hand: which value, who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from studio.core.models import AuditEvent
from studio.flows.models import InboxItem
from studio.triage.models import Case


@dataclass(frozen=True, slots=True)
class Correction:
    """One value that a person gave a record; ``by`` is empty where no line of the trail names them."""

    path: str
    value: str
    by: str = ""
    at: datetime | None = None
    reason: str = ""


def corrections_of(item: InboxItem) -> list[Correction]:
    """Every value set by hand, with the decision behind it; three queries, none where there is nothing."""
    if not item.overrides:
        return []
    events, found = _answers(item), list[Correction]()
    for path, value in item.overrides.items():
        text = str(value)
        said = next((e for e in events if text in e.data["values"].values()), None)
        if said is None:
            found.append(Correction(path, text))
        else:
            reason = str(said.data["values"].get("reason", ""))
            found.append(Correction(path, text, said.actor, said.at, reason))
    return found


def _answers(item: InboxItem) -> list[AuditEvent]:
    """What people did about the cases of a record, newest first; whichever version of it they were about."""
    versions = InboxItem.objects.filter(flow=item.flow_id, entity=item.entity, key=item.key)
    records = [f"inbox:{key}" for key in versions.values_list("uuid", flat=True)]
    cases = Case.objects.filter(subject__in=records).values_list("uuid", flat=True)
    subjects = [f"case:{key}" for key in cases]
    found = AuditEvent.objects.filter(subject__in=subjects, key__startswith="case.")
    return [e for e in found.order_by("-pk") if isinstance(e.data.get("values"), dict)]
