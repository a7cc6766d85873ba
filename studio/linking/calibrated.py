"""What judgements of pairs teach about the weight of each evidence, and open pairs shown with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction

from engine.resolve.explain import word
from engine.resolve.refit import Fit, Label
from studio.accounts.models import Workspace
from studio.accounts.roles import MATCH
from studio.learning.fits import in_force, on_bars, shipped_bars
from studio.learning.learners import Learner
from studio.linking.models import KINDS, Judgement, Pair
from studio.linking.queries import OPEN

_CHUNK = 500
# What a person decided before is no evidence of the machine's.
_MEMORY = "Memory"
_FIELDS = ["probability", "word", "waterfall", "rank"]


def weighed(pairs: Iterable[Pair], fit: Fit | None) -> list[Pair]:
    """Show pairs with a fit, or as shipped, and rank them anew; returns those that changed."""
    rivals: defaultdict[tuple[int, int], list[Pair]] = defaultdict(list)
    changed: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        probability, bars = on_bars(pair.probability, pair.waterfall, fit)
        if bars != pair.waterfall:
            pair.probability, pair.word, pair.waterfall = probability, word(probability), bars
            changed[pair.left_id, pair.right_id] = pair
        rivals[pair.left_id, pair.right.connection_id].append(pair)
    for those in rivals.values():
        those.sort(key=lambda p: (-p.probability, p.rank))
        for rank, pair in enumerate(those, start=1):
            if pair.rank != rank:
                pair.rank = rank
                changed[pair.left_id, pair.right_id] = pair
    return list(changed.values())


def rescore(workspace: Workspace, kind: str) -> int:
    """Open pairs of a kind with what is in force now; judged ones stay as they were."""
    pairs = Pair.objects.filter(
        kind=kind, left__connection__workspace=workspace, judged__in=OPEN, probability__gt=0
    ).exclude(method=_MEMORY)
    fit = fit_of(workspace, kind)
    changed = weighed(pairs.select_related("right").iterator(chunk_size=_CHUNK), fit)
    with transaction.atomic():
        for start in range(0, len(changed), _CHUNK):
            part = changed[start : start + _CHUNK]
            # Somebody may have judged meanwhile: only what is still open is written.
            still = set(pairs.filter(pk__in=[p.pk for p in part]).values_list("pk", flat=True))
            Pair.objects.bulk_update([p for p in part if p.pk in still], _FIELDS)
    return len(changed)


def fit_of(workspace: Workspace, kind: str) -> Fit | None:
    """The fit in force for a kind of records."""
    return in_force(workspace, [kind]).get(kind)


def labels(workspace: Workspace) -> dict[str, list[Label]]:
    """Every standing judgement of a pair that a person looked at, with its evidence as shipped."""
    judged = (
        Judgement.objects.filter(
            left__connection__workspace=workspace,
            verdict__in=["same", "not_a_match"],
            right__isnull=False,
            unseen=False,
            undo_of=None,
            undone_by=None,
        )
        .exclude(role="machine")
        .order_by("-id")
        .values_list("kind", "uuid", "left_id", "right_id", "verdict", "evidence")
    )
    seen: set[tuple[int, int | None]] = set()
    found: dict[str, list[Label]] = {}
    for kind, key, left, right, verdict, evidence in judged.iterator(chunk_size=_CHUNK):
        newest = (left, right) not in seen
        seen.add((left, right))
        bars = shipped_bars(evidence.get("waterfall", []))
        if newest and bars and evidence.get("method") != _MEMORY:
            found.setdefault(kind, []).append(Label(str(key), bars, verdict == "same"))
    return found


LEARNER = Learner(
    kinds=dict(KINDS),
    weights=True,
    permission=MATCH,
    labels=labels,
    rescore=rescore,
)
