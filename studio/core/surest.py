"""Taking many unseen within a risk budget: how many and at which risk is told first, and only that is done."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import ngettext

from studio.core.refused import DecisionRefused

# Nobody means more than this many wrong ones.
MOST = 100.0


@dataclass(frozen=True, slots=True)
class Told:
    """How many would be taken, and what all that nobody looked at then add up to."""

    count: int
    risk: float

    @property
    def token(self) -> str:
        """What a person was told; handed back, so that nothing else is done than that."""
        return f"{self.count}:{self.risk:.3f}"

    def require(self, told: str, fix: str) -> None:
        """Refuse what was not told; where nothing would be taken there is nothing to tell.

        Args:
            told: the token of what the person saw.
            fix: that nothing was done yet, and how it is done.

        Raises:
            DecisionRefused: it would be something else; the sentence says what.
        """
        if not self.count or told == self.token:
            return
        said = ngettext(
            "It would be %(n)d, with %(risk)s wrong ones expected among all that nobody looked at.",
            "It would be %(n)d, with %(risk)s wrong ones expected among all that nobody looked at.",
            self.count,
        )
        raise DecisionRefused(said % {"n": self.count, "risk": f"{self.risk:.2f}"}, fix)


def allowed_of(text: str) -> float | None:
    """How many wrong ones somebody allows; nothing where it is no number."""
    try:
        return max(0.0, min(float(text), MOST))
    except ValueError:
        return None
