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
    return _current(item, _answers(item)) if item.overrides else []


def decisions_about(item: InboxItem) -> list[Correction]:
    """Every value set by hand and, after each, what it was set to before; for who looks back."""
    if not item.overrides:
        return []
    events, found = _answers(item), list[Correction]()
    for one in _current(item, events):
        # Where the answer is called like the value, as a day is, each earlier one can be told.
        earlier = (e for e in events if one.path in e.data["values"] and e.at != one.at)
        found += [one, *(_said(e, one.path, str(e.data["values"][one.path])) for e in earlier)]
    return found


def _current(item: InboxItem, events: list[AuditEvent]) -> list[Correction]:
    found = []
    for path, value in item.overrides.items():
        said = next((e for e in events if str(value) in e.data["values"].values()), None)
        found.append(_said(said, path, str(value)) if said else Correction(path, str(value)))
    return found


def _said(event: AuditEvent, path: str, value: str) -> Correction:
    reason = str(event.data["values"].get("reason", ""))
    return Correction(path, value, event.actor, event.at, reason)


def _answers(item: InboxItem) -> list[AuditEvent]:
    """What people did about the cases of a record, newest first; whichever version of it they were about."""
    versions = InboxItem.objects.filter(flow=item.flow_id, entity=item.entity, key=item.key)
    records = [f"inbox:{key}" for key in versions.values_list("uuid", flat=True)]
    cases = Case.objects.filter(subject__in=records).values_list("uuid", flat=True)
    subjects = [f"case:{key}" for key in cases]
    found = AuditEvent.objects.filter(subject__in=subjects, key__startswith="case.")
    return [e for e in found.order_by("-pk") if isinstance(e.data.get("values"), dict)]
