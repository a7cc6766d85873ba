"""Which open records a person has to look at singly, however sure the machine is of the best candidate.

Accepting unseen is for what has one answer. A record with a second candidate that is nearly as sure has two, and the
probability of the best says nothing about which of them it is; a record that is inactive in the target cannot be
posted to; what somebody put off waits for a person. The page says the same beside each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.translation import ngettext

from studio.linking.models import Pair
from studio.linking.queries import OPEN

# From here on a probability is called strong.
SURE = 0.80
# A second candidate this close behind the best is nearly as sure.
NEARLY = 0.10
RIVAL, INACTIVE, PUT_OFF = "rival", "inactive", "put off"


def with_rivals(
    pairs: QuerySet[Pair],
) -> QuerySet[Pair, tuple[int, float, float | None, bool, str]]:
    """Of each pair: its id, how sure it and the next best open candidate are, whether it is active, what was said."""
    others = Pair.objects.filter(
        left=OuterRef("left"), right__connection=OuterRef("right__connection"), judged__in=OPEN
    ).exclude(pk=OuterRef("pk"))
    best = others.order_by().values("left").annotate(p=Max("probability")).values("p")
    return pairs.annotate(rival=Subquery(best)).values_list(
        "pk", "probability", "rival", "right__active", "judged"
    )


def rivals(best: float, other: float | None) -> bool:
    """Whether a second candidate leaves it open which of the two it is."""
    return other is not None and (other >= SURE or other > best - NEARLY)


def reason(probability: float, other: float | None, *, active: bool, judged: str) -> str:
    """Why a record wants eyes; empty where it does not.

    Args:
        probability: of its best candidate.
        other: of the next best, if there is one.
        active: whether the best can be posted to.
        judged: what was said of the best so far.
    """
    if rivals(probability, other):
        return RIVAL
    if not active:
        return INACTIVE
    return PUT_OFF if judged else ""


def sentence_of(reasons: Iterable[str]) -> str:
    """How many were left to people and why; empty where none was."""
    counts = Counter(reasons)
    said = [
        (
            counts[RIVAL],
            ngettext(
                "%(n)d has a second candidate that is nearly as sure",
                "%(n)d have a second candidate that is nearly as sure",
                counts[RIVAL],
            ),
        ),
        (
            counts[INACTIVE],
            ngettext(
                "%(n)d is inactive in the target",
                "%(n)d are inactive in the target",
                counts[INACTIVE],
            ),
        ),
        (counts[PUT_OFF], ngettext("%(n)d was put off", "%(n)d were put off", counts[PUT_OFF])),
    ]
    parts = [words % {"n": n} for n, words in said if n]
    if not parts:
        return ""
    whole = ngettext(
        "%(n)d sure one wants a look: %(why)s.",
        "%(n)d sure ones want a look: %(why)s.",
        counts.total(),
    )
    return whole % {"n": counts.total(), "why": ", ".join(parts)}
