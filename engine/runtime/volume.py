"""Whether a run looks wrong by its numbers alone: nothing came of what was read, or far too much came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

# A run is suspect when chance would explain it less often than this.
RARE = 0.005
# What is believed before there is history: two of three records read are for the flow, and weakly so.
PRIOR_HANDED, PRIOR_LEFT = 2, 1
# Runs needed before a volume can be called unusual.
ENOUGH_RUNS = 5


@dataclass(frozen=True, slots=True)
class Volume:
    """Records a run read, and how many of them were for the flow (not filtered out)."""

    read: int
    handed: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What makes a run suspect.

    Attributes:
        nothing: that nothing came of what was read.
        too_much: that far more was read than usual.
        times: so many times the usual is too much.
        least: so many records are never too much.
    """

    nothing: bool = True
    too_much: bool = True
    times: int = 10
    least: int = 50


USUAL = Limits()


def suspicion(run: Volume, history: Sequence[Volume], limits: Limits = USUAL) -> str:
    """Why a run looks wrong, in a sentence; empty when it does not.

    Args:
        run: with everything it read decided.
        history: earlier runs of the same flow, suspect ones left out.
        limits: what makes a run of this flow suspect.
    """
    if limits.nothing and run.read and not run.handed:
        handed = PRIOR_HANDED + sum(h.handed for h in history)
        left = PRIOR_LEFT + sum(h.read - h.handed for h in history)
        if _chance_of_none(run.read, handed, left) < RARE:
            share = handed / (handed + left)
            usual = (
                f"{share:.0%} of what is read is" if history else "some of what is read would be"
            )
            return (
                f"{run.read} records were read and none of them is for the flow; usually {usual}."
            )
    if limits.too_much and len(history) >= ENOUGH_RUNS:
        usual_read = median(h.read for h in history)
        if run.read > max(limits.times * usual_read, limits.least):
            return f"{run.read} records were read where {usual_read:.0f} are usual."
    return ""


def _chance_of_none(read: int, handed: int, left: int) -> float:
    """How often none of ``read`` is handed on, by a share known only from so many seen.

    The share itself is uncertain while little was seen (beta-binomial): of three records one was for
    the flow says nearly nothing about the next twenty.
    """
    chance = 1.0
    for n in range(read):
        chance *= (left + n) / (handed + left + n)
        if chance < RARE:
            break
    return chance
