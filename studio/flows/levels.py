"""How far a flow goes by itself: suggest, draft at the target, post after approval, post.

History is never posted by itself, whatever the flow was allowed: it stands as a draft at the target, or
waits here for approval where the target has no drafts (product.md 4.5, 6.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.flows.comparing import is_comparing
from studio.flows.models import Flow

BY_ITSELF = ("digest", "silent")


def level_of(flow: Flow, design: Mapping[str, Any]) -> str:
    """The rung of the ladder that a posting of this flow stands on."""
    if design.get("history") and flow.ladder not in ("suggest", "approve"):
        return "draft"
    return flow.ladder


def posting_fact(flow: Flow) -> str:
    """What a mapping reads as ``FACT("posting")``: ``draft`` or ``post``."""
    return "draft" if level_of(flow, flow.design) == "draft" else "post"


def is_held(flow: Flow, design: Mapping[str, Any], entity: str) -> bool:
    """Whether a posting waits for a person before it is sent."""
    level = level_of(flow, design)
    if is_comparing(design):
        # An adjustment moves value that no document of the source stands for: always a person's.
        return True
    # Where each document is approved by itself (``approval: each``), what comes here was approved.
    if level in BY_ITSELF or design.get("approval") == "each":
        return False
    drafts = bool(design["entities"][entity].get("drafts"))
    return not (level == "draft" and drafts)
