"""Many decisions at once: each is still one decision with one audit line, and can be undone alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from studio.accounts.roles import MAP
from studio.core.action import Actor
from studio.core.refused import DecisionRefused
from studio.mapping.actions.decide import APPROVED, decide
from studio.mapping.models import MappingRow
from studio.mapping.queries import budget_of, identical_rows
from studio.mapping.risk import SENT_BACK

Row = TypeVar("Row", bound=Model)


@dataclass(slots=True)
class BulkResult(Generic[Row]):
    """What a bulk decision did, and which rows stay ticked and why."""

    bulk: uuid.UUID
    verdict: str = APPROVED
    done: list[Row] = field(default_factory=list)
    left: list[tuple[Row, str]] = field(default_factory=list)
    eyes: str = ""

    @property
    def sentence(self) -> str:
        """E.g. “38 accepted, 2 left because …”, and which were not even tried."""
        return f"{self._said} {self.eyes}".strip()

    @property
    def _said(self) -> str:
        word = {"approved": "accepted", "do_not_map": "not mapped", SENT_BACK: "sent back"}
        said = f"{len(self.done)} {word.get(self.verdict, self.verdict)}"
        if not self.left:
            return said + "."
        reasons = dict.fromkeys(why.rstrip(".") for _, why in self.left)
        shown = "; ".join(list(reasons)[:2])
        more = f" and {len(reasons) - 2} other reasons" if len(reasons) > 2 else ""
        return f"{said}, {len(self.left)} left because: {shown}{more}."


def bulk(
    actor: Actor,
    rows: Iterable[MappingRow],
    *,
    verdict: str = APPROVED,
    reason: str = "",
    revisions: Mapping[int, int] | None = None,
    candidates: Mapping[int, int] | None = None,
    unseen: bool = False,
) -> BulkResult[MappingRow]:
    """Decide every row singly under one bulk id; rows that lost a race are left and named.

    ``revisions`` (row id -> revision on the page) guards against races, ``candidates`` (row id ->
    number) says which to approve; rows without take the best.
    """
    actor.require(MAP)
    result: BulkResult[MappingRow] = BulkResult(uuid.uuid4(), verdict)
    with transaction.atomic():
        for row in rows:
            try:
                with transaction.atomic():
                    decide(
                        actor,
                        row,
                        verdict,
                        candidate=(candidates or {}).get(row.pk),
                        reason=reason,
                        revision=(revisions or {}).get(row.pk),
                        bulk=result.bulk,
                        unseen=unseen,
                    )
            except DecisionRefused as fault:
                result.left.append((row, fault.sentence))
            else:
                result.done.append(row)
    return result


def accept_within(
    actor: Actor,
    mapping_rows: QuerySet[MappingRow],
    expected_wrong: float,
    *,
    told: str | None = None,
) -> BulkResult[MappingRow]:
    """Accept as many open rows as possible with at most ``expected_wrong`` expected wrong ones.

    What wants eyes (``studio.mapping.eyes``) is left, and the result says how many and why.

    Args:
        actor: who accepts.
        mapping_rows: the sure ones among them that are open count.
        expected_wrong: the budget.
        told: the ``token`` of the budget that the person saw; None where nobody was told anything.

    Raises:
        DecisionRefused: it would be something else than what was told; the sentence says what.
    """
    budget = budget_of(mapping_rows, expected_wrong)
    if told is not None:
        budget.require(told, _("Nothing was accepted yet; press again to accept them."))
    result = bulk(actor, budget.rows, unseen=True)
    result.eyes = budget.left
    return result


def apply_to_identical(actor: Actor, row: MappingRow) -> BulkResult[MappingRow]:
    """Approve, wherever it is still open, what is approved on ``row``: same field, same candidate."""
    if row.state != APPROVED:
        raise DecisionRefused("Approve this row first; then it can be applied to identical ones.")
    twins = identical_rows(row)
    return bulk(
        actor,
        [twin for twin, _ in twins],
        candidates={twin.pk: number for twin, number in twins},
    )
