"""Every write of the app; pages, API and tasks call these."""

from __future__ import annotations

from studio.mapping.actions.bulk import BulkResult, accept_within, apply_to_identical, bulk
from studio.mapping.actions.confirm import confirm, confirm_many, send_back, send_back_many
from studio.mapping.actions.confirm_values import confirm_value
from studio.mapping.actions.decide import comment, decide
from studio.mapping.actions.later import put_off
from studio.mapping.actions.lookups import (
    ValueChoice,
    add_lookup_row,
    decide_value,
    ensure_lookup_tables,
    propose_lookup_values,
    undo_value,
)
from studio.mapping.actions.propose import propose
from studio.mapping.actions.publish import publish, refusals
from studio.mapping.actions.setup import ensure_mappings, open_reading
from studio.mapping.actions.undo import undo, undo_bulk, undo_last, undo_named, undo_row
from studio.mapping.actions.values import (
    accept_values,
    comment_value,
    undo_last_value,
    undo_values,
)
from studio.mapping.versions import load_compiled, lookups_for

__all__ = [
    "BulkResult",
    "ValueChoice",
    "accept_values",
    "accept_within",
    "add_lookup_row",
    "apply_to_identical",
    "bulk",
    "comment",
    "comment_value",
    "confirm",
    "confirm_many",
    "confirm_value",
    "decide",
    "decide_value",
    "ensure_lookup_tables",
    "ensure_mappings",
    "load_compiled",
    "lookups_for",
    "open_reading",
    "propose",
    "propose_lookup_values",
    "publish",
    "put_off",
    "refusals",
    "send_back",
    "send_back_many",
    "undo",
    "undo_bulk",
    "undo_last",
    "undo_last_value",
    "undo_named",
    "undo_row",
    "undo_value",
    "undo_values",
]
