"""An emulator of Xero: identity, accounting API, webhooks, with the books of the sister company."""

from __future__ import annotations

from pathlib import Path

from connectors.emulation.clock import EmulatorClock
from connectors.xero.emulator.app import XeroEmulator


def make(
    size: str = "S",
    seed: int = 1,
    data: Path | None = None,
    clock: EmulatorClock | None = None,
    control: bool = False,  # noqa: FBT001, FBT002 (the agreed call)
) -> XeroEmulator:
    """An emulator with the seeded books of the UK company.

    Args:
        size: ``S`` or ``L``.
        seed: of the company, identifiers and faults.
        data: folder (or file) to keep changes in; None keeps them in memory.
        clock: time; real time when absent.
        control: mount ``/_control/…``.
    """
    made = XeroEmulator(size, seed, data, clock or EmulatorClock())
    return made.with_control() if control else made
