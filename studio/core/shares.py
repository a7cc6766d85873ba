"""Parts of one as people read them, on pages and in pictures alike."""

from __future__ import annotations

# Where the word of a confidence changes (product.md 7.1).
_FLOORS = (0.95, 0.80, 0.50, 0.30)


def percent_of(share: float) -> int:
    """0.934 to 93; what is not quite all never reads as 100, what is not nothing never as 0.

    Nor is a number rounded up to where another word begins: “strong 95 %” would stand in two bands.
    """
    shown = min(round(share * 100), 99) if share < 1 else 100
    if any(share < floor <= shown / 100 for floor in _FLOORS):
        shown -= 1
    return max(shown, 1) if share > 0 else 0
