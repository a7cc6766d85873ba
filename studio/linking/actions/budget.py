"""Linking the surest unseen: how many, at which risk, said before anything is linked."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studio.accounts.roles import MATCH
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.linking.actions.judge import SAME, BulkResult, bulk
from studio.linking.models import Judgement, Pair

# From here on a probability is called strong.
SURE = 0.80


@dataclass(frozen=True, slots=True)
class Budget:
    """Which open pairs fit into a risk budget, and what all links that nobody looked at then add up to."""

    pairs: list[int]
    risk: float

    @property
    def count(self) -> int:
        """How many would be linked."""
        return len(self.pairs)

    @property
    def token(self) -> str:
        """What a person was told; linking asks for it, so that nothing else is done than what was said."""
        return f"{self.count}:{self.risk:.3f}"


def budget(best: QuerySet[Pair], expected_wrong: float) -> Budget:
    """The most best-ranked open pairs whose expected number of wrong ones stays within the budget.

    However large the budget, only what is at least strong is linked unseen. What was linked this way
    before and stands counts against it. Three queries, however many pairs there are.

    Args:
        best: the best open candidate of each record.
        expected_wrong: the budget.
    """
    found = best.order_by()
    spent = unseen_risk(set(found.values_list("left__connection", flat=True).distinct()))
    chosen: list[int] = []
    risk = spent
    sure = found.filter(probability__gte=SURE).order_by("-probability", "pk")
    for key, probability in sure.values_list("pk", "probability"):
        if risk + (1 - probability) > expected_wrong + 1e-9:
            break
        risk += 1 - probability
        chosen.append(key)
    return Budget(chosen, risk)


def accept_within(
    actor: Actor, best: QuerySet[Pair], expected_wrong: float, *, told: str
) -> BulkResult:
    """Link what ``budget`` says, if that is still what the person was told.

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
            )
        )
    if found.token != told:
        said = ngettext(
            "It would be %(n)d, with %(risk)s wrong ones expected among all that nobody looked at.",
            "It would be %(n)d, with %(risk)s wrong ones expected among all that nobody looked at.",
            found.count,
        )
        raise DecisionRefused(
            said % {"n": found.count, "risk": f"{found.risk:.2f}"},
            _("Nothing was linked yet; press again to link them."),
        )
    ends = Pair.objects.select_related("left__connection", "right__connection")
    pairs = ends.in_bulk(found.pairs)
    return bulk(actor, [pairs[key] for key in found.pairs if key in pairs], SAME, unseen=True)


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
