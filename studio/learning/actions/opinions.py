"""Ask a language model, keep what it said, and let it move the odds as far as its record allows."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from engine.propose.question import CONTROLS, ENOUGH_ANSWERS
from studio.accounts.models import Workspace
from studio.accounts.roles import DECIDE_AI
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.learning.models import Opinion
from studio.learning.opinions import adjudicator, record_of, why_off
from studio.learning.sources import NONE
from studio.learning.topics import TOPICS, Closed, Topic

if TYPE_CHECKING:
    from connectors.ai.adjudicate import Adjudicator


def request_opinion(actor: Actor, workspace: Workspace, kind: str, subject: uuid.UUID) -> None:
    """Have a worker ask; the page shows the opinion once it is there.

    Raises:
        DecisionRefused: no model is set up, its budget is used up, or there is nothing to choose among.
    """
    with acting(actor, DECIDE_AI, "learning.asked", f"{kind}:{subject}") as line:
        off = why_off()
        if off == "no key":
            raise DecisionRefused(
                _("No language model is set up."), _("Everything works without one.")
            )
        if off:
            raise DecisionRefused(
                _("This month's budget of the language model is used up."),
                _("It may be asked again next month."),
            )
        if TOPICS.of(kind).question(subject) is None:
            raise DecisionRefused(
                _("There is nothing to ask: nothing is proposed, or it is decided."),
                _("Nothing was sent."),
            )
        line.data = {"kind": kind}
        nudge("learning.ask", workspace.pk, kind, str(subject), actor.name)


def ask(workspace: Workspace, kind: str, subject: uuid.UUID, asked_by: str) -> Opinion | None:
    """Ask about one subject, and first, where the model has no record here, about decided ones.

    Calls another system, so nothing is locked meanwhile; each answer is a row of its own.
    """
    topic = TOPICS.of(kind)
    question = topic.question(subject)
    if question is None:
        return None
    model = adjudicator()
    try:
        if record_of(workspace, kind).asked < ENOUGH_ANSWERS:
            _control(workspace, topic, model)
        found = _put(workspace, topic, model, subject, question, asked_by)
    finally:
        model.close()
    topic.apply(subject)
    return found


def _control(workspace: Workspace, topic: Topic, model: Adjudicator) -> None:
    """Questions whose answer people gave already; without them an opinion could not be weighed."""
    known = set(
        Opinion.objects.filter(
            workspace=workspace, kind=topic.kind, choice__isnull=False
        ).values_list("subject", flat=True)
    )
    for subject in topic.decided(workspace, CONTROLS + len(known)):
        if subject in known:
            continue
        question = topic.question(subject)
        if question is None or not model.on:
            continue
        said = _put(workspace, topic, model, subject, question, "", control=True)
        if said.choice is None:
            # What went wrong once will go wrong twenty times.
            return


def _put(
    workspace: Workspace,
    topic: Topic,
    model: Adjudicator,
    subject: uuid.UUID,
    question: Closed,
    asked_by: str,
    *,
    control: bool = False,
) -> Opinion:
    said = model.ask(topic.rules, question.data, len(question.candidates))
    answer = ""
    if said.choice is not None:
        answer = topic.words(question.candidates[said.choice - 1]) if said.choice else NONE
    return Opinion.objects.create(
        workspace=workspace,
        kind=topic.kind,
        subject=subject,
        model=said.log.model[:80],
        prompt_version=said.log.prompt_version,
        prompt_hash=said.log.prompt_hash,
        options=len(question.candidates),
        choice=said.choice,
        answer=answer,
        said=said.confidence,
        reason=said.reason,
        control=control,
        asked_by=asked_by,
        tokens=said.log.tokens_in + said.log.tokens_out,
        seconds=said.log.seconds,
        cached=said.log.cached,
    )
