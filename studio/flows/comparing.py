"""Flows that compare quantities: what their design says, and what a version of one is made of.

Such a flow posts no records one by one. A comparison (``studio.tieout``) reads both sides; where the policy
is ``adjust`` it hands the differences to the flow as one batch, and each becomes an ordinary posting that
waits for the approval of a second person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.flows.keeping import pin, published
from studio.flows.models import Flow

POLICIES = {
    "compare": "only compare, never post",
    "adjust": "post the difference once it is approved",
}
# What a record that no comparison found is told.
ALONE = "is compared with the other side, not posted by itself; see the stock levels under Tie-out"


def is_comparing(design: Mapping[str, Any]) -> bool:
    """Whether the flow compares quantities."""
    return "compares" in design


def adjusts(design: Mapping[str, Any]) -> bool:
    """Whether a comparison of the flow may lead to adjustments."""
    return is_comparing(design) and design["compares"].get("policy") == "adjust"


def writes(design: Mapping[str, Any]) -> bool:
    """Whether the flow writes to its target at all."""
    return not is_comparing(design) or adjusts(design)


def add_comparing(flow: Flow, content: dict[str, Any], problems: list[str]) -> None:
    """Add what a comparison needs to the content of the next version, or say what is missing."""
    plan = flow.design["compares"]
    entity, document = str(plan["entity"]), str(flow.design["document"])
    if plan.get("policy") not in POLICIES:
        problems.append(
            f"“{plan.get('policy')}” is no policy for differences; say one of {', '.join(POLICIES)}."
        )
    counter = published(flow.target_id, "inbound", entity, document)
    if counter is None:
        problems.append(
            f"{flow.target}: the mapping of {entity} to stock levels is not published; without it nobody "
            "sees what the books have. Review and publish it first."
        )
        return
    content["counter"] = pin(counter)
