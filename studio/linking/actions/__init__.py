"""Every write of the app; pages, API and tasks call these."""

from __future__ import annotations

from studio.linking.actions.budget import Budget, accept_within, budget
from studio.linking.actions.judge import (
    BulkResult,
    bulk,
    guard_create,
    judge,
    near_twins,
)
from studio.linking.actions.links import Ends, add_link
from studio.linking.actions.notes import comment
from studio.linking.actions.pairs import find_pairs
from studio.linking.actions.parties import Held, load_parties, mark_active
from studio.linking.actions.undo import consequences, undo, undo_bulk, undo_last, undo_named, unlink
from studio.linking.references import links_for

__all__ = [
    "Budget",
    "BulkResult",
    "Ends",
    "Held",
    "accept_within",
    "add_link",
    "budget",
    "bulk",
    "comment",
    "consequences",
    "find_pairs",
    "guard_create",
    "judge",
    "links_for",
    "load_parties",
    "mark_active",
    "near_twins",
    "undo",
    "undo_bulk",
    "undo_last",
    "undo_named",
    "unlink",
]
