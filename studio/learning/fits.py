"""The calibration in force, and how a stored proposal is shown with it.

What a proposal said as shipped can always be read from it again, so that a calibration is never laid
over another one and taking it back restores the very numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from engine.resolve.refit import Fit
from studio.accounts.models import Workspace
from studio.learning.models import Calibration

# The bar of a waterfall that a calibration adds; its name is data and is not translated.
BAR = "calibrated here"
# What an evidence weighed, and what a proposal said, as shipped.
_RAW, _SAID = "raw", "said"
_LOW, _HIGH = 0.001, 0.999

Bars = list[dict[str, Any]]


def environment() -> str:
    """Where this installation works; what a sandbox learns stays in it."""
    return "sandbox" if settings.SANDBOX else "production"


def in_force(workspace: Workspace, kinds: Iterable[str]) -> dict[str, Fit]:
    """The fits in force by kind; one query."""
    rows = Calibration.objects.filter(
        workspace=workspace, environment=environment(), kind__in=list(kinds), state="in_force"
    )
    return {row.kind: Fit.from_json(row.content) for row in rows}


def log_odds(probability: float) -> float:
    """Log-odds of a probability, finite also for 0 and 1."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


def shipped_odds(confidence: float, bars: Sequence[dict[str, Any]]) -> float:
    """What a proposal said before any calibration, in log-odds."""
    return log_odds(_shipped(confidence, bars))


def _shipped(probability: float, bars: Sequence[dict[str, Any]]) -> float:
    """What was said before any calibration; the bar of a calibration remembers it."""
    return next((float(bar[_SAID]) for bar in bars if bar.get("label") == BAR), probability)


def on_line(confidence: float, bars: Bars, fit: Fit | None) -> tuple[float, Bars]:
    """A confidence and its waterfall under a line, or as shipped where there is none."""
    said = _shipped(confidence, bars)
    kept = [bar for bar in bars if bar.get("label") != BAR]
    if fit is None:
        return said, kept
    odds = log_odds(said)
    moved = round(_share(fit.slope * odds + fit.shift), 4)
    return moved, [*kept, _bar(log_odds(moved) - odds, said)]


def shipped_bars(bars: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The evidence of a waterfall as shipped, by name."""
    found: dict[str, float] = {}
    for bar in bars:
        if bar.get("label") != BAR:
            name = str(bar.get("label"))
            found[name] = found.get(name, 0.0) + float(bar.get(_RAW, bar["effect"]))
    return found


def on_bars(probability: float, bars: Bars, fit: Fit | None) -> tuple[float, Bars]:
    """A probability and its waterfall with each evidence weighted, or as shipped where there is no fit."""
    said = _shipped(probability, bars)
    found: Bars = []
    for bar in bars:
        if bar.get("label") == BAR:
            continue
        shipped = float(bar[_RAW] if _RAW in bar else bar["effect"])
        plain = {k: v for k, v in bar.items() if k != _RAW} | {"effect": shipped}
        if fit is not None:
            plain |= {"effect": round(fit.moved(str(bar.get("label")), shipped), 4), _RAW: shipped}
        found.append(plain)
    if fit is None:
        return said, found
    found.append(_bar(fit.shift, said))
    return _share(sum(float(bar["effect"]) for bar in found)), found


def _bar(change: float, said: float) -> dict[str, Any]:
    told = _("what decisions in this workspace taught")
    return {"label": BAR, "effect": round(change, 4), "detail": told, _SAID: said}


def _share(odds: float) -> float:
    share = 1.0 / (1.0 + math.exp(-min(max(odds, -30.0), 30.0)))
    return min(max(share, _LOW), _HIGH)
