"""What a language model may be asked about: apps register how the question reads and what is right."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from studio.accounts.models import Workspace
from studio.learning.families import Families


class Closed(Protocol):
    """A closed question: the data as JSON, and which candidate each number means."""

    @property
    def data(self) -> str:
        """What is sent."""
        ...

    @property
    def candidates(self) -> tuple[tuple[str, str], ...]:
        """Keys of the candidates, in the order of their numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Topic:
    """One family of questions.

    Attributes:
        kind: its name.
        rules: what the model is to do; the data of a question never tells it.
        question: the question about a subject; None where there is nothing to choose among.
        words: what an answer's key stands for, as it is compared with decisions.
        decided: subjects that people looked at and decided, newest first, for control questions.
        truths: what people decided about some subjects, in the same words; open ones are missing.
        apply: shows an open subject with the newest opinion about it.
    """

    kind: str
    rules: str
    question: Callable[[uuid.UUID], Closed | None]
    words: Callable[[tuple[str, str]], str]
    decided: Callable[[Workspace, int], list[uuid.UUID]]
    truths: Callable[[Sequence[uuid.UUID]], dict[uuid.UUID, str]]
    apply: Callable[[uuid.UUID], None]

    @property
    def kinds(self) -> tuple[str]:
        """Each family of questions is of one kind."""
        return (self.kind,)


TOPICS = Families[Topic]()
