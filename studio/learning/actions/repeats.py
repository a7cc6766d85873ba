"""Blind repeats: one decision in twenty is asked again, and a difference is looked at a third time.

Which decisions are repeated follows from their keys, which nobody knows before deciding, and from the
workspace's own key as the seed; anybody can draw the same sample again.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from engine.resolve.active import blind_repeats
from studio.accounts.models import Workspace
from studio.accounts.roles import READ
from studio.core.action import Actor, acting, person_of, record
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.learning.models import Repeat
from studio.learning.queries import OTHERS_AFTER, to_ask, to_settle, to_take_back
from studio.learning.sources import CANNOT_SAY, SOURCES, Source

SHARE = 0.05
KEPT, TAKEN_BACK = "kept", "taken_back"


def sample(actor: Actor, workspace: Workspace) -> int:
    """Choose what is to be asked again among the decisions in force; returns how many are new."""
    actor.require(READ)
    return sum(_sample(actor, workspace, source) for source in SOURCES.all())


def _sample(actor: Actor, workspace: Workspace, source: Source) -> int:
    kinds = list(source.kinds)
    known = set(
        Repeat.objects.filter(workspace=workspace, kind__in=kinds).values_list(
            "decision", flat=True
        )
    )
    _withdraw(workspace, source, kinds)
    fresh_keys = [key for key in source.keys(workspace) if key not in known]
    answered = [("", str(key)) for key in fresh_keys]
    drawn = {key for _, key in blind_repeats(answered, share=SHARE, salt=str(workspace.uuid))}
    chosen = [key for key in fresh_keys if str(key) in drawn]
    if not chosen:
        return 0
    fresh = [
        Repeat(
            workspace=workspace,
            kind=one.kind,
            decision=one.decision,
            subject=one.subject,
            label=one.label[:200],
            first=one.answer,
            machine=one.machine,
            confidence=one.confidence,
            unseen=one.unseen,
            decided_by=person_of(one.by),
            decided_at=one.at,
            due_at=one.at + OTHERS_AFTER,
        )
        for one in source.load(workspace, chosen)
    ]
    with transaction.atomic():
        # Two workers may draw the same sample; the key of the decision lets one of them win.
        Repeat.objects.bulk_create(fresh, ignore_conflicts=True)
        record(
            actor,
            "learning.sampled",
            f"workspace:{workspace.uuid}",
            {"kinds": kinds, "count": len(fresh), "share": SHARE, "seed": str(workspace.uuid)},
        )
    return len(fresh)


def _withdraw(workspace: Workspace, source: Source, kinds: list[str]) -> None:
    """What is not in force any more is not worth asking about."""
    waiting = Repeat.objects.filter(
        workspace=workspace, kind__in=kinds, settled="", withdrawn_at__isnull=True
    ).exclude(agrees=True)
    keys = list(waiting.values_list("decision", flat=True))
    gone = set(keys) - source.standing(keys)
    # An answer that was given counts, whatever became of the decision since.
    waiting.filter(decision__in=gone, answered_at__isnull=True).update(withdrawn_at=timezone.now())
    waiting.filter(decision__in=gone, agrees=False).update(
        settled=TAKEN_BACK, settled_at=timezone.now(), reason="The decision was changed since."
    )


def answer(actor: Actor, repeat: Repeat, value: str, *, comment: str = "") -> Repeat:
    """Give the second answer. The decision stays as it is, whatever is answered.

    Raises:
        DecisionRefused: it is not this person's to answer, or the answer is none of the offered ones.
        DecidedMeanwhile: it was answered already.
    """
    source = SOURCES.of(repeat.kind)
    permission = source.permission_of(actor)
    with acting(actor, permission, "learning.repeated", f"repeat:{repeat.uuid}") as line:
        if repeat.answered_at is not None:
            raise DecidedMeanwhile(
                _("%s answered this already.") % repeat.answered_by, _("Take the next one.")
            )
        if not to_ask(actor, repeat.workspace).filter(pk=repeat.pk).exists():
            raise DecisionRefused(
                _("This question is not for you now."),
                _("Somebody who did not decide it is asked first."),
            )
        question = source.question(repeat.decision)
        offered = {o.value for o in question.options} if question else set()
        if value not in offered:
            raise DecisionRefused(
                _("That is none of the answers."), _("Choose one of those shown.")
            )
        agrees = None if value == CANNOT_SAY else value == repeat.first
        now = timezone.now()
        won = Repeat.objects.filter(pk=repeat.pk, answered_at__isnull=True).update(
            answer=value,
            answered_by=actor.person,
            answered_at=now,
            comment=comment.strip(),
            agrees=agrees,
            updated_at=now,
        )
        if not won:
            raise DecidedMeanwhile(_("Somebody else answered this just now."))
        repeat.refresh_from_db()
        line.data = {"about": repeat.label, "kind": repeat.kind, "agrees": agrees}
    return repeat


def settle(actor: Actor, repeat: Repeat, verdict: str, *, reason: str) -> Repeat:
    """The third look: what stands is kept, or is taken back so that it is decided anew.

    Raises:
        DecisionRefused: there is nothing to settle, it is not this person's to settle, no reason was
            given, or the decision cannot be taken back.
    """
    source = SOURCES.of(repeat.kind)
    permission = source.back_permission if verdict == TAKEN_BACK else source.permission_of(actor)
    with acting(actor, permission, f"learning.{verdict}", f"repeat:{repeat.uuid}") as line:
        if verdict not in (KEPT, TAKEN_BACK):
            raise DecisionRefused(_("“%s” is not an answer to a third look.") % verdict)
        allowed = to_take_back if verdict == TAKEN_BACK else to_settle
        if not allowed(actor, repeat.workspace).filter(pk=repeat.pk).exists():
            raise DecisionRefused(
                _("There is nothing here for you to settle."),
                _("It is settled already, or somebody else than the two has to look."),
            )
        if not reason.strip():
            raise DecisionRefused(_("Say in a few words why."), _("The next reader wants to know."))
        if verdict == TAKEN_BACK:
            source.take_back(actor, repeat.decision)
        now = timezone.now()
        won = Repeat.objects.filter(pk=repeat.pk, settled="").update(
            settled=verdict,
            settled_by=actor.person,
            settled_at=now,
            reason=reason.strip(),
            updated_at=now,
        )
        if not won:
            raise DecidedMeanwhile(_("Somebody else settled this just now."))
        repeat.refresh_from_db()
        line.data = {"about": repeat.label, "kind": repeat.kind, "reason": reason.strip()}
    return repeat
