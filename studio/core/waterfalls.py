"""Stored waterfalls (log-odds) as the picture people read: parts of 100 %."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from studio.core.charts import Step, waterfall


def _share(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))


def drawn(bars: Sequence[dict[str, Any]], confidence: float, label: str) -> SafeString:
    """Prior, each signal, final; the final bar is the number shown everywhere else."""
    if not bars:
        return SafeString("")
    odds = float(bars[0]["effect"])
    level = _share(odds)
    steps = [Step(str(bars[0]["label"]), level, str(bars[0].get("detail", "")), total=True)]
    for bar in bars[1:]:
        odds += float(bar["effect"])
        reached = _share(odds)
        name = str(bar["label"]).replace("_", " ")
        note = ": ".join(t for t in (name, str(bar.get("detail", ""))) if t)
        steps.append(Step(name, reached - level, note))
        level = reached
    steps.append(Step(_("final"), confidence, _("the confidence shown"), total=True))
    return waterfall(steps, label)
