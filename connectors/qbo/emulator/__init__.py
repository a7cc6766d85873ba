"""A truthful, stateful stand-in for QuickBooks Online; served by ``connectors.emulation.serve``."""

from __future__ import annotations

from pathlib import Path

from connectors.emulation.clock import EmulatorClock
from connectors.qbo.emulator.app import QboEmulator


def make(
    size: str = "S",
    seed: int = 1,
    data: Path | None = None,
    clock: EmulatorClock | None = None,
    control: bool = False,  # noqa: FBT001, FBT002 (the agreed call)
) -> QboEmulator:
    """An emulated company; see ``QboEmulator``."""
    return QboEmulator(size, seed, data, clock or EmulatorClock(), control=control)
