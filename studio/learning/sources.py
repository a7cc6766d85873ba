"""What can be asked again: apps whose rows people decide register here, as data and functions.

This app knows neither mapping rows nor pairs; it keeps which decision is asked again, of whom, and
what came of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from studio.accounts.models import Workspace
from studio.core.action import Actor
from studio.learning.families import Families

# The answers that are the same for every kind.
NONE, CANNOT_SAY = "none", "cannot_say"


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision in force, in the words in which its repeat will be compared.

    Attributes:
        kind: what was decided about.
        decision: key of the decision.
        subject: key of what it is about.
        label: its name for people.
        answer: the decision.
        machine: what the machine thought most likely then.
        confidence: how likely it thought that.
        by: who decided.
        at: when.
        unseen: accepted within a risk budget.
    """

    kind: str
    decision: uuid.UUID
    subject: uuid.UUID
    label: str
    answer: str
    machine: str
    confidence: float
    by: str
    at: datetime
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One answer a person may give; ``hint`` says more, ``code`` shows the words as an expression."""

    value: str
    words: str
    hint: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """The same question once more, without score, word, reason or earlier answer.

    Attributes:
        title: what is asked about.
        words: the question.
        options: answers, in an order that says nothing.
        heads: names of the two columns of ``facts``.
        facts: (name, left, right) rows; right is empty where there is one side only.
    """

    title: str
    words: str
    options: Sequence[Option]
    heads: tuple[str, str] = ("", "")
    facts: Sequence[tuple[str, str, str]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Source:
    """One family of decisions.

    Attributes:
        kinds: its kinds.
        permissions: who carries one of them may be asked.
        keys: keys of all decisions in force.
        load: those of some keys.
        standing: which of some decisions are still in force.
        question: the question about a decision; None where the thing is gone.
        take_back: takes the decision back, with the rights of the person.
        address: where the thing is reviewed, for who gives the third look.
        back_permission: what taking back needs.
    """

    kinds: Sequence[str]
    permissions: tuple[str, ...]
    keys: Callable[[Workspace], Iterable[uuid.UUID]]
    load: Callable[[Workspace, Sequence[uuid.UUID]], list[Decided]]
    standing: Callable[[Sequence[uuid.UUID]], set[uuid.UUID]]
    question: Callable[[uuid.UUID], Question | None]
    take_back: Callable[[Actor, uuid.UUID], None]
    address: Callable[[uuid.UUID], str]
    back_permission: str

    def permission_of(self, actor: Actor) -> str:
        """The permission by which this person may answer; the first one where they may not."""
        return next((p for p in self.permissions if actor.may(p)), self.permissions[0])

    def may(self, permissions: frozenset[str]) -> bool:
        """Whether who has these permissions may be asked."""
        return bool(permissions & set(self.permissions))


SOURCES = Families[Source]()
