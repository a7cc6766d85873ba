"""Retry as a decided value: when to try again, or that it is enough."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential back-off with full jitter.

    Attributes:
        first_seconds: upper bound of the first pause.
        factor: growth of the bound per try.
        cap_seconds: greatest bound.
        give_up_after: tries after which a person is asked (the row stays, nothing is dropped).
    """

    first_seconds: float = 1.0
    factor: float = 2.0
    cap_seconds: float = 300.0
    give_up_after: int = 12

    def pause(self, tries: int, seed: str, said_seconds: float | None = None) -> float | None:
        """Seconds until the next try after ``tries`` failed ones; None means ask a person.

        A pause that the system itself named (Retry-After) is a floor. The jitter is seeded by the
        delivery's key so that a replayed schedule is the same and two deliveries differ.
        """
        if tries >= self.give_up_after:
            return None
        bound = min(self.cap_seconds, self.first_seconds * self.factor ** max(0, tries - 1))
        drawn = random.Random(f"{seed}:{tries}").uniform(bound / 2, bound)  # noqa: S311
        return max(drawn, said_seconds or 0.0)
