"""Opinions of the language model: whether it may be asked, what it said, and what that is worth."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from engine.propose.proposal import word_for
from engine.propose.question import ENOUGH_ANSWERS, Record, weight
from studio.accounts.models import Workspace
from studio.accounts.roles import DECIDE_AI
from studio.core.action import Actor
from studio.learning.models import Opinion
from studio.learning.sources import NONE
from studio.learning.topics import TOPICS

if TYPE_CHECKING:
    from connectors.ai.adjudicate import Adjudicator


def used_this_month() -> int:
    """Tokens used by the whole installation in this month."""
    start = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = Opinion.objects.filter(created_at__gte=start).aggregate(n=Sum("tokens"))["n"]
    return int(spent or 0)


def why_off() -> str:
    """Why the language model cannot be asked now; empty when it can."""
    if not settings.AI_API_KEY:
        return "no key"
    limit = settings.AI_MONTHLY_TOKENS
    return "budget" if limit and used_this_month() >= limit else ""


def may_ask(actor: Actor) -> bool:
    """Whether there is a language model that this person may ask."""
    return bool(settings.AI_API_KEY) and actor.may(DECIDE_AI)


class _Spent:
    """The budget as the rows say it, and what this process has used since it read them."""

    def __init__(self) -> None:
        self._used = used_this_month()

    def used(self) -> int:
        """Tokens used so far this month."""
        return self._used

    def add(self, tokens: int) -> None:
        """Count tokens; the row of the opinion keeps them."""
        self._used += tokens


class _Kept:
    """Answers by prompt hash, as the rows keep them."""

    def get(self, key: str) -> str | None:
        """The answer's JSON, or None."""
        one = Opinion.objects.filter(prompt_hash=key, choice__isnull=False).first()
        if one is None:
            return None
        return json.dumps({"choice": one.choice, "confidence": one.said, "reason": one.reason})

    def put(self, key: str, answer: str) -> None:
        """The row of the opinion keeps it."""
        del key, answer


def adjudicator() -> Adjudicator:
    """The model of this installation; only worker processes call this."""
    from connectors.ai.adjudicate import Adjudicator, Settings

    found = Settings(
        api_key=settings.AI_API_KEY,
        base_url=settings.AI_BASE_URL,
        model=settings.AI_MODEL,
        monthly_tokens=settings.AI_MONTHLY_TOKENS,
        temperature=settings.AI_TEMPERATURE,
    )
    return Adjudicator(found, budget=_Spent(), cache=_Kept())


def record_of(workspace: Workspace, kind: str) -> Record:
    """How often this model was right here: on controls, and on what people decided afterwards."""
    said: dict[uuid.UUID, str] = {}
    rows = Opinion.objects.filter(
        workspace=workspace, kind=kind, model=settings.AI_MODEL, choice__isnull=False
    )
    for subject, answer in rows.values_list("subject", "answer"):
        said.setdefault(subject, answer)
    if not said:
        return Record()
    truths = TOPICS.of(kind).truths(list(said))
    return Record(len(truths), sum(said[key] == truth for key, truth in truths.items()))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An opinion as pages show it, beside what it is worth.

    Attributes:
        answer: what it chose, ``none`` for nothing of it, empty where it said nothing.
        reason: its reason, or why it said nothing.
        rate: share of its answers here that were right, drawn towards a half while they are few.
        asked: answers of it that could be compared with decisions.
        right: how many of them were right.
        weight: log-odds that the opinion moves; 0 while too few could be compared.
        missing: how many comparisons are needed before it counts.
        model: which model.
        at: when.
    """

    answer: str
    reason: str
    rate: float
    asked: int
    right: int
    weight: float
    missing: int
    model: str
    at: datetime

    @property
    def word(self) -> str:
        """The band of its record, as for any other confidence."""
        return word_for(self.rate)

    @property
    def none(self) -> bool:
        """It said that nothing offered is right."""
        return self.answer == NONE


def suggestions(
    workspace: Workspace, kind: str, subjects: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Suggestion]:
    """The newest opinion about each subject that somebody asked about."""
    newest: dict[uuid.UUID, Opinion] = {}
    rows = Opinion.objects.filter(
        workspace=workspace, kind=kind, subject__in=list(subjects), control=False
    )
    for one in rows:
        newest.setdefault(one.subject, one)
    if not newest:
        return {}
    record = record_of(workspace, kind)
    return {key: _suggestion(one, record) for key, one in newest.items()}


def _suggestion(one: Opinion, record: Record) -> Suggestion:
    answered = one.choice is not None
    return Suggestion(
        answer=one.answer if answered else "",
        reason=one.reason,
        rate=record.rate(),
        asked=record.asked,
        right=record.right,
        weight=weight(record, one.options) if answered else 0.0,
        missing=max(0, ENOUGH_ANSWERS - record.asked),
        model=one.model,
        at=one.created_at,
    )
