"""What learns from decisions: apps whose proposals carry a probability register here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from studio.accounts.models import Workspace

if TYPE_CHECKING:
    from engine.resolve.refit import Label


@dataclass(frozen=True, slots=True)
class Learner:
    """One family of proposals.

    Attributes:
        kinds: what is calibrated by itself, with its name (to be translated where it is shown).
        weights: whether each evidence may get a weight of its own, besides slope and shift.
        permission: who decides these proposals may put a calibration in force or take it back.
        labels: judged proposals by kind, of this workspace only, from finished reviews only, looked at
            by a person, with the evidence as it was shipped.
        rescore: shows open proposals of a kind with what is in force now; decided ones stay as they
            are. Returns how many changed.
    """

    kinds: Mapping[str, str]
    weights: bool
    permission: str
    labels: Callable[[Workspace], dict[str, list[Label]]]
    rescore: Callable[[Workspace, str], int]


_LEARNERS: list[Learner] = []


def register_learner(learner: Learner) -> None:
    """Add a family; called from ``AppConfig.ready`` of its app."""
    _LEARNERS.append(learner)


def learners() -> list[Learner]:
    """Every family, in the order of the apps."""
    return list(_LEARNERS)


def learner_of(kind: str) -> Learner:
    """The family a kind belongs to.

    Raises:
        LookupError: no app registered it.
    """
    for learner in _LEARNERS:
        if kind in learner.kinds:
            return learner
    raise LookupError(kind)


def kind_name(kind: str) -> str:
    """The kind for people."""
    return gettext(learner_of(kind).kinds[kind])
