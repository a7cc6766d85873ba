"""Say it in words: band, method, one sentence, and the waterfall from prior to final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.resolve.judgement import Judgement
from engine.resolve.keys import Floats
from engine.resolve.table import Bar, Waterfall

if TYPE_CHECKING:
    from engine.resolve.profiles import Profile
    from engine.resolve.scorer import Model

_BANDS = ((0.95, "certain"), (0.8, "strong"), (0.5, "possible"), (0.3, "guess"))


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing seen about a pair: what speaks, how it reads, and in which direction.

    Attributes:
        evidence: name of the evidence kind (``tax number``).
        text: how it reads in a sentence (``same tax number``).
        speaks: 1 for, -1 against, 0 neither.
        identity: it identifies by itself.
    """

    evidence: str
    text: str
    speaks: int
    identity: bool = False


def word(probability: float) -> str:
    """The named band of a probability (product.md 7.1)."""
    for floor, name in _BANDS:
        if probability >= floor:
            return name
    return "unlikely"


def method(facts: list[Fact], probability: float) -> str:
    """Identity where an identifier agrees and the pair stands, Rule where a marker decided, else Model."""
    if probability >= 0.8 and any(f.identity and f.speaks > 0 for f in facts):
        return "Identity"
    if probability < 0.3 and any(f.evidence == "marker" for f in facts):
        return "Rule"
    return "Model"


def sentence(facts: list[Fact]) -> str:
    """What agrees, then what differs: ``Same tax number, name 0.93 alike; phone differs.``."""
    agree = [f.text for f in facts if f.speaks > 0][:5]
    against = [f.text for f in facts if f.speaks < 0][:3]
    text = ", ".join(agree) or "nothing agrees"
    if against:
        text += "; " + ", ".join(against)
    return text[:1].upper() + text[1:] + "."


def decided(probability: float, judgement: Judgement) -> Waterfall:
    """A decision of a person is the whole story."""
    bar = Bar(
        "decision", f"a person decided: {judgement.value}", 20.0 if probability > 0.5 else -20.0
    )
    return Waterfall(0.0, (bar,), bar.log_odds, probability)


def waterfall(
    profile: Profile, model: Model | None, row: Floats, log_odds: float, probability: float
) -> Waterfall:
    """Prior, one bar per kind of evidence, and the final log-odds behind ``probability``."""
    prior, moved = profile.contributions(model, row)
    texts: dict[str, str] = {}
    for fact in profile.facts(row):
        texts.setdefault(fact.evidence, fact.text)
    bars = [
        Bar(name, texts.get(name, ""), round(value, 4))
        for name, value in sorted(moved.items(), key=lambda kv: -abs(kv[1]))
        if abs(value) >= 0.005
    ]
    rest = log_odds - prior - sum(bar.log_odds for bar in bars)
    if abs(rest) >= 0.005:
        bars.append(Bar("other", "evidence too small to list", round(rest, 4)))
    return Waterfall(round(prior, 4), tuple(bars), log_odds, probability)
