"""What a change of a schema does to flows: those whose mappings or write-back use it, and open cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.urls import reverse

from engine.schema.drift import Change
from engine.schema.model import SystemSchema
from studio.catalog.models import Connection
from studio.catalog.uses import Hit
from studio.flows.models import Flow
from studio.mapping.drift import mappings_hit
from studio.mapping.models import Mapping as FieldMapping
from studio.mapping.paths import full_path
from studio.triage.models import OPEN_STATES, Case

MOST_CASES = 5


def flows_hit(connection: Connection, change: Change, before: SystemSchema) -> list[Hit]:
    """Flows that carry the field, with what of them names it, and open cases about it."""
    found: list[Hit] = []
    entities = _entities(connection, change, before)
    for flow in Flow.between.filter(Q(source=connection) | Q(target=connection)):
        why = uses_of_design(flow, flow.design, connection, change) or _reads_or_writes(
            flow, connection, entities
        )
        if why:
            found.append(Hit("flow", f"{flow.name}: {why}", reverse("flows:flow", args=[flow.key])))
    if change.path:
        keys = [f.key for f in Flow.objects.filter(Q(source=connection) | Q(target=connection))]
        cases = Case.objects.filter(
            Q(field__endswith=change.path) | Q(evidence__field=change.path),
            workspace=connection.workspace, flow_key__in=keys, state__in=OPEN_STATES,
        )  # fmt: skip
        found += [
            Hit(
                "case",
                f"{case.record_label}: {case.sentence}",
                reverse("triage:case", args=[case.uuid]),
            )
            for case in cases[:MOST_CASES]
        ]
    return found


def _entities(connection: Connection, change: Change, before: SystemSchema) -> set[str]:
    """Entities whose mapping rows use what changed."""
    if not mappings_hit(connection, change, before):
        return set()
    mappings = FieldMapping.objects.filter(connection=connection)
    return {m.entity for m in mappings if full_path(before, m.entity, change.entity, change.path)}


def uses_of_design(
    flow: Flow, design: Mapping[str, Any], connection: Connection, change: Change
) -> str:
    """How a design itself names the field, beside its mappings; empty where it does not."""
    if flow.source_id == connection.pk:
        plan = design.get("write_back") or {}
        if change.path and change.path in plan.get("fields", {}):
            return f"writes back to {change.path}"
    if flow.target_id == connection.pk:
        for name, facts in design.get("entities", {}).items():
            if name == change.entity and change.path in facts.values():
                return f"recognises documents by {change.path}"
    return ""


def _reads_or_writes(flow: Flow, connection: Connection, entities: set[str]) -> str:
    design = flow.design
    if flow.source_id == connection.pk and design.get("trigger", {}).get("entity") in entities:
        return f"reads it with {design['trigger']['entity']}"
    if flow.target_id == connection.pk:
        written = [b["entity"] for b in design.get("branches", []) if b["entity"] in entities]
        if written:
            return f"writes it with {written[0]}"
    return ""
