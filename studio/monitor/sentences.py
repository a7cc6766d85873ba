"""Audit keys as sentences; the stored line keeps key and data, so wording can change."""

from __future__ import annotations

from studio.core.models import AuditEvent

SENTENCES = {
    "connection.created": "connected {name} ({system})",
    "connection.reconnected": "reconnected {name}",
    "connection.introspected": "looked at the schema: {entities} entities, {fields} fields",
    "mapping.created": "opened the mapping of {entity} to {document}",
    "mapping.decided": "decided a field mapping",
    "mapping.proposed": "had mappings proposed",
    "mapping.published": "published a mapping",
    "linking.same": "said that {left} is {right}",
    "linking.not_a_match": "said that {left} is not {right}",
    "linking.create_new": "said that {left} is to be created",
    "linking.linked": "linked {left} to {right}",
    "linking.loaded": "read {kind} records: {new} new, {changed} changed",
    "linking.compared": "compared {compared} {kind} records: {pairs} pairs",
    "flow.published": "published {flow}, version {version}",
    "flow.changed": "changed the step {step} of {flow}",
    "flow.paused": "paused {flow}: {reason}",
    "flow.resumed": "resumed {flow}",
    "case.assigned": "assigned a case of {record} to {to}",
    "case.commented": "commented on {record}",
    "item.closed": "closed {record} without posting: {reason}",
    "delivery.adopted": "accepted {key} as the posting of {record}",
    "tieout.run": "tied out {flow}",
    "tieout.signed": "signed the tie-out of {flow} in {currency}: difference {residual}",
}


class _Missing(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


def sentence(event: AuditEvent) -> str:
    """The line in words."""
    if event.key.startswith("case.") and event.key not in SENTENCES:
        return f"fixed a case of {event.data.get('record', '…')}: {event.data.get('result', event.key)}"
    words = SENTENCES.get(event.key, event.key.replace(".", " ").replace("_", " "))
    return words.format_map(_Missing(event.data))
