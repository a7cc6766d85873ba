"""What people decided about pairs, and how two decisions combine. A decision always beats a score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Judgement(StrEnum):
    """The four values a pair can have."""

    APPROVED = "approved"
    REJECTED = "rejected"
    UNSURE = "unsure"
    NONE = "none"

    def __add__(self, other: object) -> Judgement:
        """Combine along a path: linked and linked is linked, linked and not linked is not linked.

        Two rejections say nothing about the ends of the path; neither do unsure or none.
        """
        pair = {self, other}
        if pair == {Judgement.APPROVED}:
            return Judgement.APPROVED
        if pair == {Judgement.APPROVED, Judgement.REJECTED}:
            return Judgement.REJECTED
        return Judgement.UNSURE if Judgement.UNSURE in pair else Judgement.NONE


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's decision about one pair; ``left_key`` and ``right_key`` as in the tables."""

    left_key: str
    right_key: str
    judgement: Judgement


def latest(decisions: Iterable[Decision]) -> dict[tuple[str, str], Judgement]:
    """The decision that counts per pair: the last one given; unsure and none take back earlier ones."""
    out: dict[tuple[str, str], Judgement] = {}
    for decision in decisions:
        pair = (decision.left_key, decision.right_key)
        if decision.judgement in (Judgement.APPROVED, Judgement.REJECTED):
            out[pair] = decision.judgement
        else:
            out.pop(pair, None)
    return out
