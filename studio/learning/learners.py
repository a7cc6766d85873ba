"""What learns from decisions: apps whose proposals carry a probability register here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from studio.accounts.models import Workspace
from studio.learning.families import Families

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


LEARNERS = Families[Learner]()


def kind_name(kind: str) -> str:
    """The kind for people."""
    return gettext(LEARNERS.of(kind).kinds[kind])
