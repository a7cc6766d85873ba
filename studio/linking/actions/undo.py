"""Taking back: undo a judgement, or unlink with its consequences said first."""

from __future__ import annotations

import uuid

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.accounts.roles import MATCH
from studio.core.action import Actor, acting
from studio.core.refused import DecisionRefused
from studio.linking.models import Judgement, Link, Pair, Party
from studio.linking.uses import Use, uses_of

UNDONE = "undone"


def undo(actor: Actor, judgement: Judgement) -> Judgement:
    """Take a judgement back; the pair is open again with the candidates it had."""
    with acting(actor, MATCH, "linking.undone", f"party:{judgement.left.uuid}") as line:
        if judgement.undo_of_id or judgement.undone_by.exists():
            raise DecisionRefused("This judgement was undone already.")
        if judgement.verdict == "same" and judgement.right is not None:
            for one in _links(judgement.left, judgement.right):
                used = uses_of(one)
                if used:
                    raise DecisionRefused(
                        "The link is in use: " + "; ".join(u.sentence for u in used),
                        "Unlink it with a reason instead.",
                    )
                _retire(one, "undone")
        if judgement.right is not None:
            Pair.objects.filter(left=judgement.left, right=judgement.right).update(
                judged=_earlier(judgement), objection=""
            )
        left = judgement.left.code or judgement.left.key
        line.data = {"judgement": str(judgement.uuid), "verdict": judgement.verdict, "left": left}
        return _counter(actor, judgement)


def _earlier(judgement: Judgement) -> str:
    """The judgement that was in force before this one."""
    before = Judgement.objects.filter(
        left=judgement.left,
        right=judgement.right,
        undo_of=None,
        undone_by=None,
        pk__lt=judgement.pk,
    ).first()
    return before.verdict if before else ""


def _counter(actor: Actor, judgement: Judgement) -> Judgement:
    return Judgement.objects.create(
        kind=judgement.kind,
        left=judgement.left,
        right=judgement.right,
        target=judgement.target,
        verdict=UNDONE,
        actor=actor.name,
        role=actor.role,
        probability=judgement.probability,
        undo_of=judgement,
    )


def undo_bulk(actor: Actor, bulk: uuid.UUID) -> list[Judgement]:
    """Take back every judgement of a bulk that still stands."""
    actor.require(MATCH)
    standing = Judgement.objects.filter(bulk=bulk, undo_of=None, undone_by=None)
    done = [undo(actor, j) for j in standing.select_related("left", "right", "target")]
    if not done:
        raise DecisionRefused("Nothing of this bulk judgement stands any more.")
    return done


def undo_named(actor: Actor, key: uuid.UUID) -> list[Judgement]:
    """Take back one judgement, or what stands of a bulk, and no other: what a page said it would.

    Raises:
        DecisionRefused: it was taken back, or judged again since; says what and by whom.
    """
    actor.require(MATCH)
    found = list(
        Judgement.objects.filter(Q(uuid=key) | Q(bulk=key), undo_of=None)
        .filter(target__workspace__uuid=actor.workspace_key)
        .select_related("left", "right", "target")
    )
    said = {one.pk: overtaken(one) for one in found}
    standing = [one for one in found if not said[one.pk]]
    if not standing:
        raise DecisionRefused(
            said[found[0].pk] if found else _("There is no such judgement."),
            _("Nothing was changed."),
        )
    return [undo(actor, one) for one in standing]


def overtaken(judgement: Judgement) -> str:
    """What happened to a judgement since, that it cannot be taken back any more; empty if nothing."""
    back = judgement.undone_by.first()
    if back is not None:
        words = _("%(record)s was taken back already by %(who)s.")
        return words % {"record": judgement.left.label, "who": back.actor}
    later = Judgement.objects.filter(
        left=judgement.left, right=judgement.right, target=judgement.target, pk__gt=judgement.pk,
        undo_of=None, undone_by=None,
    ).first()  # fmt: skip
    if later is not None:
        words = _("%(record)s was judged again by %(who)s since.")
        return words % {"record": judgement.left.label, "who": later.actor}
    return ""


def undo_last(actor: Actor) -> list[Judgement]:
    """Take back the actor's last judgement (with its bulk) that still stands; repeatable."""
    actor.require(MATCH)
    last = (
        Judgement.objects.filter(
            actor=actor.name,
            undo_of=None,
            undone_by=None,
            target__workspace__uuid=actor.workspace_key,
        )
        .select_related("left", "right", "target")
        .first()
    )
    if last is None:
        raise DecisionRefused("There is nothing of yours left to undo here.")
    return undo_bulk(actor, last.bulk) if last.bulk else [undo(actor, last)]


def consequences(link: Link) -> list[Use]:
    """What unlinking would touch, for the page to show before."""
    return uses_of(link)


def unlink(actor: Actor, link: Link, *, reason: str) -> Link:
    """Break a link. Documents that were posted with it stay posted; new ones will ask again."""
    if not reason.strip():
        raise DecisionRefused("Say in a few words why the two are not the same.")
    with acting(actor, MATCH, "linking.unlinked", f"link:{link.uuid}") as line:
        if not link.active:
            raise DecisionRefused("They are not linked any more.")
        line.data = {
            "kind": link.kind,
            "left": link.left_code,
            "right": link.right_key,
            "reason": reason.strip(),
            "uses": [u.sentence for u in uses_of(link)],
        }
        _retire(link, reason.strip())
        pairs = Pair.objects.filter(
            kind=link.kind,
            left__connection=link.left_connection,
            left__code=link.left_code,
            right__connection=link.right_connection,
            right__key=link.right_key,
        )
        for pair in pairs.select_related("left", "right"):
            standing = Judgement.objects.filter(
                left=pair.left, right=pair.right, verdict="same", undo_of=None, undone_by=None
            )
            for judgement in standing:
                _counter(actor, judgement)
        pairs.update(judged="", objection="")
    return link


def _links(left: Party, right: Party) -> list[Link]:
    return list(
        Link.objects.filter(
            kind=left.kind,
            left_connection=left.connection,
            left_code=left.code or left.key,
            right_connection=right.connection,
            right_key=right.key,
            active=True,
        )
    )


def _retire(link: Link, reason: str) -> None:
    Link.objects.filter(pk=link.pk).update(
        active=False, ended_at=timezone.now(), retired_reason=reason[:200]
    )
    link.active, link.retired_reason = False, reason[:200]
