"""Parts of one as people read them, on pages and in pictures alike."""

from __future__ import annotations


def percent_of(share: float) -> int:
    """0.934 to 93; what is not quite all never reads as 100, what is not nothing never as 0."""
    shown = min(round(share * 100), 99) if share < 1 else 100
    return max(shown, 1) if share > 0 else 0
