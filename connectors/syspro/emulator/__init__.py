"""A truthful SYSPRO e.net server for the sample company; the facts are in ``reference/syspro``."""

from __future__ import annotations

from pathlib import Path

from connectors.emulation.clock import EmulatorClock
from connectors.syspro.emulator.app import SysproEmulator


def make(
    size: str = "S",
    seed: int = 1,
    data: Path | None = None,
    clock: EmulatorClock | None = None,
    control: bool = False,  # noqa: FBT001, FBT002 - the call agreed with connectors.emulation
) -> SysproEmulator:
    """A SYSPRO server with companies EDU1 and EDU2."""
    return SysproEmulator(size, seed, data, clock, control=control)
