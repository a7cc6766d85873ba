"""Limits of SYSPRO's Custom Form Design, the program in which a person defines custom fields (3.14)."""

from __future__ import annotations

FIELDS = 300
"""Fields per form, key fields included."""

KINDS = ("alpha", "numeric", "date")
_NAME, _CAPTION, _ALPHA = 6, 30, 255
_WHOLE, _DECIMALS = 12, 6


def broken(name: str, caption: str, kind: str, size: tuple[int, int]) -> list[str]:
    """What is wrong with a definition, in words; empty where SYSPRO takes it.

    Args:
        name: field name.
        caption: what people read.
        kind: ``alpha``, ``numeric`` or ``date``.
        size: length (digits before the point of a number) and decimals.
    """
    length, decimals = size
    faults = []
    if not 1 <= len(name) <= _NAME:
        faults.append(f"the field name {name} must have 1 to {_NAME} characters")
    if not 1 <= len(caption) <= _CAPTION:
        faults.append(f"the caption {caption} must have 1 to {_CAPTION} characters")
    if kind not in KINDS:
        faults.append(f"the type {kind} must be one of {', '.join(KINDS)}")
    if kind == "alpha" and not 1 <= length <= _ALPHA:
        faults.append(f"the length {length} must be 1 to {_ALPHA}")
    if kind == "numeric" and not (1 <= length <= _WHOLE and 0 <= decimals <= _DECIMALS):
        faults.append(f"a number has at most {_WHOLE}.{_DECIMALS} digits, not {length}.{decimals}")
    return faults
