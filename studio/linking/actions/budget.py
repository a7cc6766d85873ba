"""Linking the surest unseen: how many, at which risk, said before anything is linked."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from studio.accounts.roles import MATCH
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.core.surest import Told
from studio.linking.actions.judge import SAME, BulkResult, bulk
from studio.linking.eyes import SURE, reason, sentence_of, with_rivals
from studio.linking.models import Judgement, Pair


@dataclass(frozen=True, slots=True)
class Budget(Told):
    """Which open pairs fit into a risk budget, the surest first, and who was left and why."""

    pairs: tuple[int, ...] = ()
    left: str = ""


def budget(best: QuerySet[Pair], expected_wrong: float) -> Budget:
    """The most best-ranked open pairs whose expected number of wrong ones stays within the budget.

    However large the budget, only what is at least strong is linked unseen, and what wants eyes
    (``studio.linking.eyes``) is passed over. What was linked this way before and stands counts against it.
    Three queries, however many pairs there are.

    Args:
        best: the best open candidate of each record.
        expected_wrong: the budget.
    """
    found = best.order_by()
    spent = unseen_risk(set(found.values_list("left__connection", flat=True).distinct()))
    chosen: list[int] = []
    left: list[str] = []
    risk = spent
    sure = found.filter(probability__gte=SURE).order_by("-probability", "pk")
    # The first few hundred fill any budget that somebody means: the others are not fetched.
    for key, probability, rival, active, judged in with_rivals(sure).iterator(chunk_size=500):
        if why := reason(probability, rival, active=active, judged=judged):
            left.append(why)
        elif risk + (1 - probability) > expected_wrong + 1e-9:
            break
        else:
            risk += 1 - probability
            chosen.append(key)
    return Budget(len(chosen), risk, tuple(chosen), sentence_of(left))


def accept_within(
    actor: Actor, best: QuerySet[Pair], expected_wrong: float, *, told: str
) -> BulkResult:
    """Link what ``budget`` says, if that is still what the person was told; the result names who was left.

    Args:
        actor: who links.
        best: the best open candidate of each record.
        expected_wrong: the budget.
        told: the ``token`` of the budget the person saw.

    Raises:
        DecisionRefused: it would be something else than what was told; the sentence says what.
    """
    actor.require(MATCH)
    found = budget(best, expected_wrong)
    if not found.count:
        raise DecisionRefused(
            _(
                "Nothing was taken: what is open is too doubtful for this budget, or the budget is "
                "spent on what was taken this way before. Decide singly, or allow more."
            ),
            found.left,
        )
    found.require(told, _("Nothing was linked yet; press again to link them."))
    ends = Pair.objects.select_related("left__connection", "right__connection")
    pairs = ends.in_bulk(found.pairs)
    chosen = [pairs[key] for key in found.pairs if key in pairs]
    result = bulk(actor, chosen, SAME, unseen=True)
    result.eyes = found.left
    return result


def unseen_risk(connections: set[int]) -> float:
    """Expected wrong ones among the standing links of these sources that were made within a budget."""
    standing = Judgement.objects.filter(
        left__connection__in=connections,
        unseen=True,
        verdict=SAME,
        undone_by__isnull=True,
        undo_of__isnull=True,
    )
    return float(sum(1 - p for p in standing.values_list("probability", flat=True)))
