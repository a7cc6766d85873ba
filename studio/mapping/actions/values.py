"""Codes: many accepted at once, what a person decided last taken back, remarks beside one."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from studio.accounts.roles import LOOKUP
from studio.core.action import Actor, acting
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping.actions.bulk import BulkResult
from studio.mapping.actions.lookups import decide_value, undo_value
from studio.mapping.models import ValueNote, ValueProposal
from studio.mapping.rates import RateDiffers


def accept_values(
    actor: Actor, proposals: Iterable[ValueProposal], revisions: Mapping[int, int] | None = None
) -> BulkResult[ValueProposal]:
    """Accept the best candidate of every code singly under one bulk id; what cannot be is named.

    A tax code of another rate is left: that it is meant is said of one code, never of many.

    Args:
        actor: who accepts.
        proposals: the codes.
        revisions: id -> revision on the page, which guards against races.
    """
    actor.require(LOOKUP)
    result: BulkResult[ValueProposal] = BulkResult(uuid.uuid4())
    with transaction.atomic():
        for one in proposals:
            try:
                with transaction.atomic():
                    _still_open(one)
                    revision = (revisions or {}).get(one.pk)
                    decide_value(actor, one, "approved", revision=revision, bulk=result.bulk)
            except RateDiffers as fault:
                said = _("%(rates)s Accept it by itself and say that it is meant")
                result.left.append((one, said % {"rates": fault.sentence}))
            except DecisionRefused as fault:
                result.left.append((one, fault.sentence))
            else:
                result.done.append(one)
    return result


def _still_open(proposal: ValueProposal) -> None:
    if proposal.state != "open":
        said = _("“%(code)s” was decided by %(who)s already.")
        raise DecidedMeanwhile(said % {"code": proposal.source, "who": proposal.decided_by})


def undo_values(actor: Actor, proposals: QuerySet[ValueProposal], bulk: uuid.UUID) -> list[str]:
    """Take back what still stands of a bulk; returns the codes.

    Raises:
        DecisionRefused: nothing of it stands any more.
    """
    actor.require(LOOKUP)
    standing = proposals.filter(bulk=bulk).exclude(state="open")
    with transaction.atomic():
        done = [undo_value(actor, one).source for one in standing]
    if not done:
        raise DecisionRefused(
            _("Nothing of what was accepted together stands any more."), _("Nothing was changed.")
        )
    return done


def undo_last_value(actor: Actor, proposals: QuerySet[ValueProposal]) -> list[str]:
    """Take back the actor's last decision among these, with its bulk; repeatable. Returns the codes.

    Raises:
        DecisionRefused: nothing of theirs is left.
    """
    actor.require(LOOKUP)
    mine = proposals.filter(decided_by=actor.name).exclude(state="open")
    last = mine.order_by("-decided_at", "-id").first()
    if last is None:
        raise DecisionRefused(_("There is nothing of yours left to undo here."))
    if last.bulk:
        return undo_values(actor, proposals, last.bulk)
    return [undo_value(actor, last).source]


def comment_value(actor: Actor, proposal: ValueProposal, text: str) -> ValueNote:
    """Leave a remark or a question beside a code."""
    words = text.strip()
    if not words:
        raise DecisionRefused(_("The comment is empty."))
    with acting(actor, LOOKUP, "lookup.noted", f"value:{proposal.uuid}") as line:
        line.data = {"source": proposal.source, "text": words}
        return ValueNote.objects.create(proposal=proposal, author=actor.name, text=words)
