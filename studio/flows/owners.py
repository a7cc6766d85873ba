"""Giving a field of shared records to another owner: a change of the draft like any other."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from studio.core.action import Actor
from studio.flows.drafts import edit
from studio.flows.edits import Design
from studio.flows.keeping import OWNERS, owners_of
from studio.flows.models import DraftEdit, Flow


def change_owners(actor: Actor, flow: Flow, said: Mapping[str, str]) -> DraftEdit:
    """Give fields to other owners in the draft; the published version runs on unchanged.

    Raises:
        ValidationError: nothing changed, an owner that does not exist, or one that no mapping can serve.
    """
    problems: list[str] = []
    before = owners_of(flow, problems)
    moved = {p: o for p, o in said.items() if p in before and OWNERS.get(o) is not before[p]}

    def change(standing: Design) -> tuple[Design, str, str]:
        design = copy.deepcopy(standing)
        design["owners"].setdefault("fields", {}).update(moved)
        draft = Flow(
            workspace=flow.workspace,
            key=flow.key,
            source=flow.source,
            target=flow.target,
            design=design,
        )
        refused: list[str] = []
        owners_of(draft, refused)
        fresh = [p for p in refused if p not in problems]
        if fresh:
            raise ValidationError(fresh)
        words = ", ".join(f"{path} to {owner}" for path, owner in moved.items())
        return design, "owners", f"gave {words}"

    return edit(actor, flow, flow.revision, change)
