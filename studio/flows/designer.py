"""A flow as steps on a canvas: what each does in words, and where it can be changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse

from studio.flows.models import Flow
from studio.mapping.models import Mapping


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the canvas.

    Attributes:
        key: name of the step in the design.
        title: what it is.
        words: what it does, for people.
        inputs: (name, label, value, kind) that can be changed here; kind is text, choice or expression.
        choices: input name -> (value, label) where the kind is choice.
        links: (words, address) of pages that belong to it.
        lane: branch the box lies in; 0 is the trunk.
    """

    key: str
    title: str
    words: str
    inputs: list[tuple[str, str, str, str]] = field(default_factory=list)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    lane: int = 0


POLICIES = [("ask", "ask a person"), ("create", "create it"), ("block", "stop the record")]


def steps_of(flow: Flow) -> list[Step]:
    """The draft design as steps, in the order in which a record meets them."""
    design = flow.design
    trigger = design.get("trigger", {})
    steps = [
        Step(
            "trigger",
            "Trigger",
            f"Looks for changed {trigger.get('entity')} in {flow.source} every "
            f"{trigger.get('every_seconds', settings.POLL_SECONDS)} seconds.",
            [
                (
                    "every_seconds",
                    "Seconds between looks",
                    str(trigger.get("every_seconds", settings.POLL_SECONDS)),
                    "text",
                )
            ],
        ),
        Step(
            "inbound",
            "Understand",
            f"Makes a canonical {str(design.get('document')).replace('_', ' ')} of it.",
            links=_mapping(flow.source_id, "inbound", str(trigger.get("entity"))),
        ),
        Step(
            "filter",
            "Filter",
            f"Goes on only if {design.get('filter') or 'always'}.",
            [("filter", "Condition", str(design.get("filter", "")), "expression")],
        ),
        Step(
            "references",
            "Resolve",
            "Finds each customer and item at the target by approved links; "
            + ", ".join(
                f"a missing {k}: {_policy(v)}" for k, v in design.get("references", {}).items()
            )
            + ".",
            [
                (kind, f"If a {kind} is missing", str(plan.get("policy", "ask")), "choice")
                for kind, plan in design.get("references", {}).items()
            ],
            dict.fromkeys(design.get("references", {}), POLICIES),
        ),
    ]
    for lane, branch in enumerate(design.get("branches", []), start=1):
        steps.append(
            Step(
                f"branch-{lane}",
                f"{branch['entity']}",
                f"{branch.get('label', '')}: becomes {branch['entity']} in {flow.target}.",
                [("when", "When", str(branch.get("when", "")), "expression")],
                links=_mapping(flow.target_id, "outbound", branch["entity"]),
                lane=lane,
            )
        )
    steps.append(
        Step("check", "Check", "Rules, period, totals and tax as the target will compute them.")
    )
    steps.append(
        Step("deliver", "Deliver", f"Posts to {flow.target} once, whatever fails on the way.")
    )
    back = design.get("write_back")
    if back:
        words = f"Writes the document's key back to {flow.source}: {', '.join(back['fields'])}."
        steps.append(Step("write_back", "Write back", words))
    return steps


def _policy(plan: dict[str, Any]) -> str:
    return dict(POLICIES).get(str(plan.get("policy")), "ask a person")


def _mapping(connection_id: int, direction: str, entity: str) -> list[tuple[str, str]]:
    found = Mapping.objects.filter(
        connection_id=connection_id, direction=direction, entity=entity
    ).first()
    return [("Open the mapping", reverse("mapping:review", args=[found.uuid]))] if found else []
