"""The language model on pairs: which candidate is the same, and open pairs moved by what it said."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from engine.propose.question import raised
from engine.resolve.explain import word
from engine.resolve.question import RULES, Choices, Rival, compose
from studio.accounts.models import Workspace
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.learning.actions import request_opinion
from studio.learning.fits import BAR as CALIBRATED
from studio.learning.fits import log_odds, on_bars
from studio.learning.models import Opinion
from studio.learning.opinions import Suggestion, suggestions
from studio.learning.sources import NONE
from studio.learning.topics import Topic
from studio.linking.calibrated import fit_of, weighed
from studio.linking.models import KINDS, Judgement, Pair
from studio.linking.queries import OPEN, SHOWN

# The bar of a waterfall that an opinion adds; its name is data and is not translated.
BAR = "language model"
_SAID = "said"
_KEPT = 5
_OURS = (BAR, CALIBRATED, "prior")


def ask_about(actor: Actor, pair: Pair) -> None:
    """Have a worker ask the language model which candidate of a record is the same.

    Raises:
        DecisionRefused: the pair is judged, or the model cannot be asked now.
    """
    if pair.judged not in OPEN:
        raise DecisionRefused(_("%s is decided.") % pair.left.label, _("Nothing was sent."))
    request_opinion(actor, pair.left.connection.workspace, pair.kind, pair.uuid)


def question(key: uuid.UUID) -> Choices | None:
    """Which of the candidates of a pair's record is the same; None where the pair is gone."""
    pair = Pair.objects.select_related("right").filter(uuid=key).first()
    if pair is None:
        return None
    rivals = [
        Rival((one.right.key, one.right.label), _evidence(one.waterfall))
        for one in _candidates(pair).filter(Q(probability__gte=SHOWN) | Q(judged="same"))[:_KEPT]
    ]
    return compose(pair.kind, rivals, str(pair.left_id)) if rivals else None


def _candidates(pair: Pair) -> QuerySet[Pair]:
    """Every pair of the same record in the same target, the likeliest first."""
    return (
        Pair.objects.filter(left=pair.left_id, right__connection=pair.right.connection_id)
        .select_related("right", "left__connection__workspace")
        .order_by("-probability", "rank")
    )


def _evidence(bars: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    """The comparisons of a waterfall; what a calibration or an opinion added is none."""
    return [
        (str(bar["label"]), str(bar.get("detail", "")), float(bar["effect"]))
        for bar in bars
        if bar.get("label") not in _OURS
    ]


def words(key: tuple[str, str]) -> str:
    """What is compared with judgements: the key of the record."""
    return key[0]


def _standing() -> QuerySet[Judgement]:
    return Judgement.objects.filter(
        verdict__in=["same", "create_new"], unseen=False, undo_of=None, undone_by=None
    ).exclude(role="machine")


def decided(kind: str, workspace: Workspace, most: int) -> list[uuid.UUID]:
    """Pairs of records that a person linked, newest first."""
    pairs = Pair.objects.filter(
        kind=kind,
        judged="same",
        left__connection__workspace=workspace,
        left__in=_standing().values("left"),
    )
    return list(pairs.order_by("-updated_at").values_list("uuid", flat=True)[:most])


def truths(keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Which record people said is the same as the left one of each pair, or that none is."""
    ends = {
        (left, target): key
        for key, left, target in Pair.objects.filter(uuid__in=list(keys)).values_list(
            "uuid", "left_id", "right__connection_id"
        )
    }
    said = _standing().filter(left__in=[left for left, _target in ends]).order_by("id")
    found = {}
    for left, target, verdict, right in said.values_list(
        "left_id", "target_id", "verdict", "right__key"
    ):
        if (left, target) in ends:
            found[ends[left, target]] = right if verdict == "same" else NONE
    return found


def suggestions_on(
    workspace: Workspace, kind: str, pairs: Iterable[Pair]
) -> dict[tuple[int, int], Suggestion]:
    """The newest opinion about each record of these pairs, by left record and target connection."""
    # The pair that was asked about may have fallen below what is shown since.
    lefts = {p.left_id for p in pairs}
    ends = {
        key: (left, target)
        for key, left, target in Pair.objects.filter(left__in=lefts).values_list(
            "uuid", "left_id", "right__connection_id"
        )
    }
    found: dict[tuple[int, int], Suggestion] = {}
    for key, said in suggestions(workspace, kind, list(ends)).items():
        known = found.get(ends[key])
        if known is None or known.at < said.at:
            found[ends[key]] = said
    return found


def apply(key: uuid.UUID) -> None:
    """Show the open candidates of a pair's record with the newest opinion about it."""
    pair = Pair.objects.select_related("right").filter(uuid=key).first()
    if pair is not None:
        _apply(list(_candidates(pair).filter(judged__in=OPEN, probability__gt=0)))


def reapply(workspace: Workspace, kind: str, lefts: Iterable[int]) -> None:
    """Opinions outlive new searches: show the open pairs of these records with them again."""
    asked = Opinion.objects.filter(
        workspace=workspace, kind=kind, control=False, choice__isnull=False
    ).values("subject")
    wanted = set(lefts)
    for pair in Pair.objects.filter(kind=kind, uuid__in=asked).select_related("right"):
        if pair.left_id in wanted:
            _apply(list(_candidates(pair).filter(judged__in=OPEN, probability__gt=0)))


def _apply(pairs: list[Pair]) -> None:
    if not pairs:
        return
    workspace, kind = pairs[0].left.connection.workspace, pairs[0].kind
    told = suggestions_on(workspace, kind, pairs)
    said = told.get((pairs[0].left_id, pairs[0].right.connection_id))
    if said is None:
        return
    for pair in pairs:
        _restore(pair)
    at = next((n for n, p in enumerate(pairs) if p.right.key == said.answer), None)
    if said.weight > 0 and (at is not None or said.none):
        after = raised([p.probability for p in pairs], at, said.weight)
        for n, (pair, new) in enumerate(zip(pairs, after, strict=True)):
            _move(pair, new, chose=n == at)
    weighed(pairs, fit_of(workspace, kind))
    Pair.objects.bulk_update(pairs, ["probability", "word", "waterfall", "rank"])


def _restore(pair: Pair) -> None:
    """A pair as it was found, before any opinion."""
    probability, bars = on_bars(pair.probability, pair.waterfall, None)
    pair.probability = next((float(b[_SAID]) for b in bars if b.get("label") == BAR), probability)
    pair.waterfall = [b for b in bars if b.get("label") != BAR]
    pair.word = word(pair.probability)


def _move(pair: Pair, new: float, *, chose: bool) -> None:
    told = _("it chose this one") if chose else _("it chose something else")
    change = round(log_odds(new) - log_odds(pair.probability), 4)
    bar = {"label": BAR, "effect": change, "detail": told, _SAID: pair.probability}
    pair.waterfall = [*pair.waterfall, bar]
    pair.probability, pair.word = new, word(new)


def _topic(kind: str) -> Topic:
    return Topic(
        kind=kind,
        rules=RULES.format(kind=kind),
        question=question,
        words=words,
        decided=lambda workspace, most: decided(kind, workspace, most),
        truths=truths,
        apply=apply,
    )


QUESTIONS = tuple(_topic(kind) for kind, _name in KINDS)
