"""The exact mapping versions a flow runs with, and those it would run with if published now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from studio.accounts.models import Workspace
from studio.flows.keeping import published, read_at_target
from studio.flows.models import Flow
from studio.flows.problems import Found
from studio.mapping.models import Mapping as FieldMapping
from studio.mapping.models import MappingVersion
from studio.mapping.uses import User, Way


@dataclass(frozen=True, slots=True)
class Pin:
    """One mapping version that a flow names: which mapping in words, its row and its number."""

    words: str
    version: int
    number: int


Pins = dict[str, Pin]


def pins_of(content: Mapping[str, Any]) -> Pins:
    """What a flow version runs with, by role."""
    return {
        role: Pin(words, int(raw["version"]), int(raw["number"]))
        for role, words, raw in _pinned(content)
    }


def _pinned(content: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    design = content["design"]
    if content.get("inbound"):
        yield "inbound", f"the mapping of {design['trigger']['entity']}", content["inbound"]
    for entity, raw in content.get("outbound", {}).items():
        yield f"outbound {entity}", f"the mapping to {entity}", raw
    for kind, raw in content.get("creates", {}).items():
        yield f"creates {kind}", f"the mapping of a new {kind.replace('_', ' ')}", raw
    if content.get("counter"):
        yield "counter", f"the mapping of {read_at_target(design)}", content["counter"]


def pins_now(flow: Flow, found: Found) -> Pins:
    """What the draft would run with if it were published now; ``found`` is its examination."""
    design = flow.design
    content: dict[str, Any] = {
        "design": design,
        "inbound": _raw(found.inbound),
        "outbound": {entity: _raw(version) for entity, version in found.outbound.items()},
        "creates": {kind: _raw(version) for kind, version in found.creates.items()},
    }
    entity = read_at_target(design)
    if entity:
        counter = published(flow.target_id, "inbound", entity, str(design["document"]))
        content["counter"] = _raw(counter)
    return pins_of(content)


def _raw(version: MappingVersion | None) -> dict[str, Any] | None:
    return {"version": version.pk, "number": version.number} if version else None


def changed_pins(before: Pins, after: Pins) -> list[tuple[Pin, Pin]]:
    """Mappings that both name in different versions."""
    return [
        (before[role], after[role])
        for role in before
        if role in after and before[role].version != after[role].version
    ]


def users_of_mapping(mapping: FieldMapping) -> list[User]:
    """The flows that run with the mapping or are designed to, and whether they are behind."""
    versions = dict(mapping.versions.values_list("pk", "number"))
    force = mapping.versions.filter(state="published").first()
    flows = Flow.between.filter(Q(source=mapping.connection) | Q(target=mapping.connection))
    found = []
    for flow in flows.exclude(state="retired").order_by("name"):
        live = flow.versions.filter(state="published").first()
        pins = pins_of(live.content).values() if live else ()
        pinned = next((versions[p.version] for p in pins if p.version in versions), None)
        if pinned is None and not _designed_for(flow, mapping):
            continue
        words = "not published with it yet" if pinned is None else f"runs with version {pinned}"
        fixed = _fixed(flow, mapping)
        if fixed:
            words = f"{words}, chosen in its design"
        behind = force is not None and pinned != force.number and not fixed
        found.append(User(flow.name, reverse("flows:flow", args=[flow.key]), words, behind))
    return found


def ways_of_flows(workspace: Workspace) -> set[Way]:
    """What the flows of a workspace read and write, whatever their state; ours of the portal are no mapping's."""
    return {
        Way(
            flow.source_id,
            str(flow.design.get("trigger", {}).get("entity", "")),
            str(flow.design.get("document", "")),
            flow.target_id,
            branch["entity"],
        )
        for flow in Flow.between.filter(workspace=workspace)
        for branch in flow.design.get("branches", [])
    }


def _fixed(flow: Flow, mapping: FieldMapping) -> bool:
    """Whether the design names a version itself, so that publishing it changes nothing."""
    if mapping.direction == "inbound":
        return bool(flow.design.get("understand", {}).get("mapping"))
    branches = flow.design.get("branches", [])
    return any(b["entity"] == mapping.entity and b.get("mapping") for b in branches)


def _designed_for(flow: Flow, mapping: FieldMapping) -> bool:
    design = flow.design
    if str(design.get("document", "")) != mapping.document:
        return any(
            isinstance(plan, dict)
            and mapping.direction == "outbound"
            and flow.target_id == mapping.connection_id
            and plan.get("entity") == mapping.entity
            for plan in design.get("creates", {}).values()
        )
    written = {b["entity"] for b in design.get("branches", [])}
    if mapping.direction == "outbound":
        return flow.target_id == mapping.connection_id and mapping.entity in written
    if flow.source_id == mapping.connection_id:
        return bool(design.get("trigger", {}).get("entity") == mapping.entity)
    # A flow that keeps records equal, or compares them, reads them at its target as well.
    return mapping.entity == read_at_target(design)
