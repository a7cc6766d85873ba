"""What a proposal is: values that the studio stores and people read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from engine.schema.model import JsonValue

BANDS: tuple[tuple[float, str], ...] = (
    (0.95, "certain"),
    (0.80, "strong"),
    (0.50, "possible"),
    (0.30, "guess"),
)


def word_for(confidence: float) -> str:
    """The word for a confidence; empty below 0.30, where nothing is shown."""
    return next((word for least, word in BANDS if confidence >= least), "")


class Method(StrEnum):
    """Where a candidate comes from."""

    MEMORY = "memory"
    SIMILARITY = "similarity"
    CANONICAL = "canonical"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what changed the log-odds, by how much, and the two values."""

    name: str
    says: str
    change: float
    score: float | None = None
    source_value: str = ""
    target_value: str = ""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From prior to final in log-odds; ``prior`` and the steps' changes add up to ``final``."""

    prior: float
    steps: tuple[Step, ...]
    final: float

    @staticmethod
    def among(count: int) -> Waterfall:
        """Before any evidence: each of ``count`` things to choose from, or none, is as likely."""
        prior = _log_odds(1 / (count + 1))
        return Waterfall(prior, (), prior)

    def then(self, name: str, says: str, confidence: float) -> Waterfall:
        """With one more signal, after which the confidence is this; one that changes nothing is left out."""
        final = _log_odds(confidence)
        if abs(final - self.final) < _NOTHING:
            return self
        step = Step(name, says, final - self.final)
        return Waterfall(self.prior, (*self.steps, step), final)


# A share closer to 0 or 1 than this is drawn as if it were this far.
_EDGE = 1e-4
_NOTHING = 1e-6


def _log_odds(share: float) -> float:
    kept = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(kept / (1 - kept))


@dataclass(frozen=True, slots=True)
class FieldCandidate:
    """A source field that could feed the target.

    Attributes:
        entity: source entity.
        path: source path.
        confidence: probability that this is right, 0 to 1.
        word: certain, strong, possible, guess, or empty below 0.30.
        method: where it comes from.
        sentence: one sentence for people.
        waterfall: how the confidence came about.
        expression: how to make the value, see :mod:`engine.propose.expression`.
    """

    entity: str
    path: str
    confidence: float
    word: str
    method: Method
    sentence: str
    waterfall: Waterfall
    expression: dict[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """What is proposed for one target field.

    Attributes:
        entity: target entity.
        path: target path.
        candidates: at most five, best first; empty where the field takes nothing.
        reason: why there is no candidate, or empty.
    """

    entity: str
    path: str
    candidates: tuple[FieldCandidate, ...] = ()
    reason: str = ""

    @property
    def no_counterpart(self) -> float:
        """Probability that the target should stay empty or take something else."""
        return 1.0 - self.candidates[0].confidence if self.candidates else 1.0
