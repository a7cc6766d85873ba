"""The flows that come with the product, ready to review; data files know the vendors, code does not."""

from __future__ import annotations

from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from django.utils.text import slugify

from engine.canon.needed import WITH_LINES
from studio.catalog.models import Connection
from studio.flows.models import Flow

# What a design file says about the flow itself, not about its steps.
HEAD = ("key", "name", "source", "target", "ladder")
# Leaves room for the number of a second one.
KEY_LETTERS = 46
FOLDER = Path(__file__).parent / "shipped"


@cache
def shipped() -> tuple[dict[str, Any], ...]:
    """All shipped designs, by file name."""
    return tuple(
        yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))
    )


def ensure_flows(source: Connection, target: Connection) -> list[Flow]:
    """Draft flows between two connections, made from the shipped designs that fit; never overwrites."""
    found = []
    for design in shipped():
        if (design["source"], design["target"]) != (source.system, target.system):
            continue
        plan = {k: v for k, v in design.items() if k not in HEAD}
        flow, _ = Flow.objects.get_or_create(
            workspace=target.workspace,
            key=_free_key(design["key"], source, target),
            defaults={
                "name": _free_name(design["name"], source, target),
                "source": source,
                "target": target,
                "design": plan,
                "ladder": design.get("ladder", "digest"),
            },
        )
        found.append(flow)
    return found


def _free_name(name: str, source: Connection, target: Connection) -> str:
    """The design's name with the system it writes to; with the one it reads as well where that is not enough."""
    most = Flow._meta.get_field("name").max_length or 0
    short = f"{name} · {target.name}"[:most]
    named = Flow.objects.filter(workspace=target.workspace_id, name__startswith=f"{name} · ")
    same = named.filter(target=target).exclude(source=source)
    for first in same.filter(name=short):
        # It was the only one until now.
        first.name = f"{name} · {first.source.name} → {target.name}"[:most]
        first.save(update_fields=["name", "updated_at"])
    return f"{name} · {source.name} → {target.name}"[:most] if same.exists() else short


def design_for(document: str, target: Connection) -> dict[str, Any] | None:
    """The shipped design that posts a document to a system, whatever it is read from."""
    return next((d for d in postings_to(target) if d["document"] == document), None)


def postings_to(target: Connection) -> list[dict[str, Any]]:
    """The shipped designs that post documents with lines to a system; they stand for themselves, whoever sends them."""
    return [d for d in shipped() if d["target"] == target.system and d["document"] in WITH_LINES]


def ensure_flow_from(
    source: Connection, entity: str, document: str, target: Connection
) -> Flow | None:
    """A draft flow that reads an entity of any system as a document and posts it as the shipped design does.

    Nothing is written back: that part of a design belongs to the system it was made for.
    """
    design = design_for(document, target)
    if design is None:
        return None
    plan = {k: v for k, v in design.items() if k not in (*HEAD, "write_back")}
    plan["trigger"] = {**design["trigger"], "kind": "poll", "entity": entity}
    key = slugify(f"{source.name}-{entity}-to-{target.system}")[:KEY_LETTERS]
    flow, _ = Flow.objects.get_or_create(
        workspace=target.workspace,
        key=_free_key(key, source, target),
        defaults={
            "name": f"{source.name}: {entity} · {target.name}",
            "source": source,
            "target": target,
            "design": plan,
            "ladder": design.get("ladder", "digest"),
        },
    )
    return flow


def _free_key(key: str, source: Connection, target: Connection) -> str:
    """The design's key, numbered where another pair of connections has it already."""
    taken = dict(
        Flow.objects.filter(workspace=target.workspace_id, key__startswith=key).values_list(
            "key", "pk"
        )
    )
    own = Flow.objects.filter(pk__in=taken.values(), source=source, target=target)
    mine = set(own.values_list("key", flat=True))
    for number in count(1):
        one = key if number == 1 else f"{key}-{number}"
        if one in mine or one not in taken:
            return one
    raise AssertionError("there are numbers without end")
