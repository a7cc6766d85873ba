"""Judgements of pairs as blind repeats ask them once more."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from studio.accounts.models import Workspace
from studio.accounts.roles import MATCH
from studio.core.action import Actor
from studio.learning.sources import CANNOT_SAY, Decided, Option, Question, Source
from studio.linking.actions.undo import undo
from studio.linking.compare import beside, meanings_of
from studio.linking.models import KINDS, Judgement, Pair

SAME, NOT_A_MATCH = "same", "not_a_match"
HALF = 0.5
NOWHERE = uuid.UUID(int=0)
_PAIR = Pair.objects.filter(left=OuterRef("left"), right=OuterRef("right"))


def standing_judgements() -> QuerySet[Judgement]:
    """What people said about pairs of two records and did not take back."""
    return Judgement.objects.filter(
        verdict__in=(SAME, NOT_A_MATCH), right__isnull=False, undo_of=None, undone_by=None
    )


def keys(workspace: Workspace) -> list[uuid.UUID]:
    """Keys of all judgements in force."""
    rows = standing_judgements().filter(left__connection__workspace=workspace)
    return list(rows.values_list("uuid", flat=True))


def standing(asked: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these judgements are still in force."""
    return set(standing_judgements().filter(uuid__in=asked).values_list("uuid", flat=True))


def load(workspace: Workspace, asked: Sequence[uuid.UUID]) -> list[Decided]:
    """The judgements in the words of their repeats."""
    rows = standing_judgements().filter(uuid__in=asked, left__connection__workspace=workspace)
    rows = rows.annotate(pair=Subquery(_PAIR.values("uuid")[:1]))
    found = []
    for one in rows.select_related("left", "right"):
        likely = SAME if one.probability >= HALF else NOT_A_MATCH
        found.append(
            Decided(
                kind=one.kind,
                decision=one.uuid,
                subject=one.pair or NOWHERE,
                label=f"{one.left.label} ~ {one.right.label if one.right else ''}",
                answer=one.verdict,
                machine=likely if one.probability else "",
                confidence=one.probability,
                by=one.actor,
                at=one.created_at,
                unseen=one.unseen,
            )
        )
    return found


def question(key: uuid.UUID) -> Question | None:
    """The two records beside each other; no score, no reason, no other candidate."""
    rows = Judgement.objects.select_related("left__connection", "right__connection")
    one = rows.filter(uuid=key, right__isnull=False).first()
    if one is None or one.right is None:
        return None
    left, right = one.left, one.right
    known = meanings_of([left.connection, right.connection])
    return Question(
        title=f"{left.label or left.code} · {right.label or right.code}",
        words=_("Are these two the same?"),
        heads=(
            f"{left.connection} {left.code or left.key}",
            f"{right.connection} {right.code or right.key}",
        ),
        facts=[(f.name, f.left, f.right) for f in beside(left, right, known)],
        options=[
            Option(SAME, _("The same")),
            Option(NOT_A_MATCH, _("Not the same")),
            Option(CANNOT_SAY, _("I cannot say")),
        ],
    )


def take_back(actor: Actor, key: uuid.UUID) -> None:
    """Undo the judgement as its author could; refused where the link is in use."""
    undo(actor, Judgement.objects.select_related("left", "right", "target").get(uuid=key))


def address(pair: uuid.UUID) -> str:
    """Where the pair is explained; the list where a link was made without one."""
    if pair == NOWHERE:
        return reverse("linking:matches")
    return reverse("linking:explain", args=[pair])


SOURCE = Source(
    kinds=tuple(kind for kind, _name in KINDS),
    permissions=(MATCH,),
    back_permission=MATCH,
    keys=keys,
    load=load,
    standing=standing,
    question=question,
    take_back=take_back,
    address=address,
)
