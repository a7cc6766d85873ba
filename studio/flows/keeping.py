"""What a flow that keeps records equal compiles to: the fields both sides share, and who owns each.

The design of the flow that goes from the ERP to the books says the owners (``source``, ``target``,
``newest``, ``ask`` or ``apart``, for the whole entity and per field). The flow that goes back has none:
it takes them over, mirrored, so the two can never disagree.
"""

from __future__ import annotations

from typing import Any

from engine.mapping import CompiledMapping
from engine.runtime.merge import Owner, Side
from studio.flows.models import Flow, FlowVersion
from studio.mapping.actions import load_compiled
from studio.mapping.models import Mapping as FieldMapping
from studio.mapping.models import MappingVersion

OWNERS = {
    "source": Owner.LEFT,
    "target": Owner.RIGHT,
    "newest": Owner.NEWEST,
    "ask": Owner.ASK,
    "apart": Owner.APART,
}
# What identifies or closes a record is no field to keep equal: links and states take care of it.
NOT_KEPT = frozenset({"code", "role", "active", "custom"})


def is_forward(design: dict[str, Any]) -> bool:
    """Whether the flow is the one that says who owns what."""
    return "owners" in design


def opposite(flow: Flow) -> Flow | None:
    """The flow that keeps the same records equal in the other direction, if there is one."""
    kind = flow.design.get("keeps", {}).get("kind")
    flows = Flow.objects.filter(
        workspace=flow.workspace_id, source=flow.target_id, target=flow.source_id
    ).select_related("source", "target", "workspace")
    return next((f for f in flows if f.design.get("keeps", {}).get("kind") == kind), None)


def read_at_target(design: dict[str, Any]) -> str:
    """The entity whose records are read at the target to decide; empty where only postings are."""
    if "compares" in design:
        return str(design["compares"]["entity"])
    return str(design["branches"][0]["entity"]) if "keeps" in design else ""


def published(
    connection_id: int, direction: str, entity: str, document: str
) -> MappingVersion | None:
    """The mapping in force, None where it was never published."""
    mapping = FieldMapping.objects.filter(
        connection_id=connection_id, direction=direction, entity=entity, document=document
    ).first()
    return mapping.versions.filter(state="published").first() if mapping else None


def pin(version: MappingVersion) -> dict[str, Any]:
    """A mapping version as a flow version names it."""
    return {"version": version.pk, "number": version.number, "hash": version.content_hash}


def add_keeping(flow: Flow, content: dict[str, Any], problems: list[str]) -> None:
    """Add what keeping records equal needs to the content of the next version, or say what is missing."""
    design = flow.design
    document = design["document"]
    entity = read_at_target(design)
    counter = published(flow.target_id, "inbound", entity, document)
    if counter is None:
        problems.append(
            f"{flow.target}: the mapping of {entity} is not published; without it nobody sees what "
            "changed there. Review and publish it first."
        )
        return
    content["counter"] = pin(counter)
    forward = flow if is_forward(design) else opposite(flow)
    if forward is None or not is_forward(forward.design):
        problems.append(
            f"No flow from {flow.target} to {flow.source} says who owns the fields. "
            "Add it before the one that goes back."
        )
        return
    if flow is not forward and design["keeps"].get("unlinked", "leave") != "leave":
        problems.append(
            f"Records that only {flow.source} has are left alone by this flow: new ones are made in "
            f"{flow.target} by a person. Set “unlinked” to “leave”."
        )
    content["keeps"] = {
        "kind": design["keeps"]["kind"],
        "side": str(Side.LEFT if flow is forward else Side.RIGHT),
        "align": forward.design["keeps"].get("first") == "align",
        "owners": {p: str(o) for p, o in owners_of(forward, problems).items()},
    }


def owners_of(forward: Flow, problems: list[str]) -> dict[str, Owner]:
    """Path -> owner of every field that both sides supply and at least one can be told.

    A field that the design names must fit; the others follow the entity's owner as far as they can.
    """
    readers = _readers(forward)
    if readers is None:
        problems.append(
            f"{forward.source} or {forward.target}: a mapping that reads {forward.design['document']} "
            "is not published. Review and publish it first."
        )
        return {}
    left, right, to_right, to_left = readers
    said: dict[str, str] = forward.design["owners"].get("fields", {})
    usual = OWNERS[str(forward.design["owners"].get("entity", "source"))]
    shared = [p for p in left if p in right and (p in to_right or p in to_left)]
    found: dict[str, Owner] = {}
    for path in (*said, *(p for p in shared if p not in said)):
        owner = OWNERS.get(str(said.get(path, "")), usual)
        fault = (
            _fault(forward, path, owner, readers)
            if path not in NOT_KEPT
            else "it identifies the record"
        )
        if path in said and said[path] not in OWNERS:
            problems.append(f"{path}: “{said[path]}” is no owner; say one of {', '.join(OWNERS)}.")
        elif not fault:
            found[path] = owner
        elif path in said and owner is not Owner.APART:
            problems.append(f"{path} cannot be kept equal: {fault}.")
        elif path in to_right and path not in NOT_KEPT and path in shared:
            found[path] = Owner.LEFT
    return dict(sorted(found.items()))


def _fault(
    flow: Flow, path: str, owner: Owner, readers: tuple[set[str], set[str], set[str], set[str]]
) -> str:
    """Why a field cannot have this owner; empty if it can."""
    left, right, to_right, to_left = readers
    document = flow.design["document"]
    for known, where in ((left, flow.source), (right, flow.target)):
        if path not in known:
            return f"no approved mapping of {where} supplies it; add a row for {document}.{path}"
    if owner in (Owner.LEFT, Owner.NEWEST, Owner.ASK) and path not in to_right:
        return f"no approved mapping writes it to {flow.target}; add a row that reads {path}"
    if owner in (Owner.RIGHT, Owner.NEWEST, Owner.ASK) and path not in to_left:
        return (
            f"no approved mapping writes it to {flow.source}; give it to the source, keep it apart or "
            f"add a row that reads {path}"
        )
    return ""


def _readers(flow: Flow) -> tuple[set[str], set[str], set[str], set[str]] | None:
    """Canonical fields that either side supplies, and those that can be told to either side."""
    design = flow.design
    document, entity = design["document"], design["branches"][0]["entity"]
    mine, theirs = design["trigger"]["entity"], entity
    left = published(flow.source_id, "inbound", mine, document)
    right = published(flow.target_id, "inbound", theirs, document)
    if left is None or right is None:
        return None
    back = opposite(flow)
    to_right = published(flow.target_id, "outbound", theirs, document)
    to_left = published(flow.source_id, "outbound", mine, document) if back else None
    return (
        {f.target for f in load_compiled(left).lineage()},
        {f.target for f in load_compiled(right).lineage()},
        _told(load_compiled(to_right)) if to_right else set(),
        _told(load_compiled(to_left)) if to_left else set(),
    )


def _told(compiled: CompiledMapping) -> set[str]:
    """Canonical fields that an outbound mapping reads as values."""
    return {path for field in compiled.lineage() for path in field.sources}


def owners_in(version: FlowVersion) -> dict[str, Owner]:
    """The owners a published version works by."""
    return {p: Owner(o) for p, o in version.content["keeps"]["owners"].items()}
