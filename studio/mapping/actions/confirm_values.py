"""The second pair of eyes on what codes mean: a second name under a translation of tax or accounts."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from studio.core.action import Actor, acting
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping.actions.confirm import second_permission
from studio.mapping.models import LookupRow, ValueProposal
from studio.mapping.value_risk import class_of_table, why_value_not_confirmed


def confirm_value(
    actor: Actor, proposal: ValueProposal, *, revision: int | None = None
) -> ValueProposal:
    """Put a second name under what a code means. Who disagrees decides it anew instead.

    The row's history gets no line: what the code means, and who said so when, is as it was.

    Raises:
        DecisionRefused: there is nothing to confirm, or this person said what it means.
        DecidedMeanwhile: it was decided again since ``revision`` was shown.
    """
    subject = f"value:{proposal.uuid}"
    with acting(actor, second_permission(actor), "lookup.confirmed", subject) as line:
        reason = why_value_not_confirmed(actor, proposal)
        row = proposal.row
        if reason or row is None:
            raise DecisionRefused(reason, _("Nothing was changed."))
        shown = proposal.revision if revision is None else revision
        same = ValueProposal.objects.filter(pk=proposal.pk, revision=shown).exists()
        # Who decides anew in between changes the row.
        won = same and LookupRow.objects.filter(
            pk=row.pk, target=row.target, decided_by=row.decided_by, seconded_by=""
        ).update(seconded_by=actor.name, seconded_at=timezone.now())
        if not won:
            said = _("“%s” was decided again while you looked at it.")
            raise DecidedMeanwhile(said % proposal.source)
        line.data = {
            "table": proposal.table.name,
            "source": proposal.source,
            "target": row.target,
            "means": row.target_label,
            "risk": class_of_table(proposal.table),
            "decided_by": row.decided_by,
        }
        row.refresh_from_db()
    return proposal
