"""Undo: the state before comes back, and the candidates were never gone."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from studio.accounts.roles import MAP
from studio.core.action import Actor, acting
from studio.core.refused import DecisionRefused
from studio.mapping.actions.decide import TIMES, put_in_force
from studio.mapping.models import Decision, Mapping, MappingRow

UNDONE = "undone"


def undo(actor: Actor, decision: Decision) -> Decision:
    """Put back what was in force before ``decision``.

    Raises:
        DecisionRefused: it was undone already, or the row was decided again since.
    """
    with acting(actor, MAP, "mapping.undone", f"row:{decision.row.uuid}") as line:
        done = _undo_one(actor, decision)
        line.data = {"decision": str(decision.uuid), "after": done.after}
    return done


def undo_row(actor: Actor, row: MappingRow) -> Decision:
    """Take back the decision in force on one row, whoever took it.

    Raises:
        DecisionRefused: nobody decided the row, or what was decided is undone.
    """
    newest = in_force(row)
    if newest is None:
        raise DecisionRefused(f"Nothing that a person decided is in force on {row.target_path}.")
    return undo(actor, newest)


def undo_bulk(actor: Actor, bulk: uuid.UUID) -> list[Decision]:
    """Undo every decision of a bulk that is still in force; the others are left alone."""
    actor.require(MAP)
    decisions = Decision.objects.filter(bulk=bulk, undo_of=None).select_related("row__mapping")
    done = [undo(actor, decision) for decision in decisions if is_in_force(decision)]
    if not done:
        raise DecisionRefused("Nothing of this bulk decision is in force any more.")
    return done


def undo_named(actor: Actor, mapping: Mapping, key: uuid.UUID) -> list[Decision]:
    """Undo the one decision, or what stands of the bulk, that a page named, and no other.

    A bulk may reach into other mappings of the workspace (the same for all identical).

    Raises:
        DecisionRefused: it was undone, or the row was decided again since; says what and by whom.
    """
    actor.require(MAP)
    decisions = Decision.objects.filter(
        row__mapping__workspace_id=mapping.workspace_id, undo_of=None
    )
    found = decisions.filter(uuid=key, row__mapping=mapping).select_related("row__mapping").first()
    if found is not None:
        return [undo(actor, found)]
    if decisions.filter(bulk=key).exists():
        return undo_bulk(actor, key)
    raise DecisionRefused(_("There is no such decision."), _("Nothing was changed."))


def undo_last(actor: Actor, mapping: Mapping | None = None) -> list[Decision]:
    """Undo the actor's last decision (with its bulk) that is not undone yet; repeatable."""
    actor.require(MAP)
    found = Decision.objects.filter(actor=actor.name, undo_of=None, undone_by=None)
    if mapping is not None:
        found = found.filter(row__mapping=mapping)
    last = found.select_related("row__mapping").first()
    if last is None:
        raise DecisionRefused("There is nothing of yours left to undo here.")
    return undo_bulk(actor, last.bulk) if last.bulk else [undo(actor, last)]


def is_in_force(decision: Decision) -> bool:
    """Whether no later decision on the row stands (undone ones do not count)."""
    newest = in_force(decision.row)
    return newest is not None and newest.pk == decision.pk


def in_force(row: MappingRow) -> Decision | None:
    """The newest decision on a row that was not taken back."""
    return row.decisions.filter(undo_of=None, undone_by=None).first()


def _undo_one(actor: Actor, decision: Decision) -> Decision:
    row: MappingRow = decision.row
    back = decision.undone_by.first()
    if back is not None or decision.undo_of_id:
        by = back.actor if back else decision.actor
        words = _("The decision on %(field)s was taken back already by %(who)s.")
        raise DecisionRefused(
            words % {"field": row.target_path, "who": by}, _("Nothing was changed.")
        )
    later = in_force(row)
    if later is None or later.pk != decision.pk:
        by = later.actor if later else row.decided_by
        words = _("%(field)s was decided again by %(who)s since; undo the later decision first.")
        raise DecisionRefused(
            words % {"field": row.target_path, "who": by}, _("Nothing was changed.")
        )
    before: dict[str, Any] = dict(decision.before)
    for name in TIMES:
        at = before.pop(name, None)
        before[name] = parse_datetime(at) if at else None
    return put_in_force(
        actor,
        row,
        UNDONE,
        before,
        revision=row.revision,
        undo_of=decision,
    )
