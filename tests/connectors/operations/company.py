"""A fresh company of each system with our connector to it, in process and without limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connectors.config import Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.inprocess import InProcessTransport
from connectors.emulation.serve import load
from connectors.http.budget import NoBudget
from connectors.registry import open_connector, sandbox
from tests.connectors.operations.plan import World


def _open(system: str) -> World:
    clock = EmulatorClock()
    emulator = load(system).make("S", 1, None, clock, False)
    hello = {"url": f"http://{system}.inside", **emulator.hello()}
    transport = InProcessTransport(emulator.app)
    services = Services(budget=NoBudget(), transport=transport, clock=clock)
    limiter = getattr(emulator, "limiter", None)
    if limiter is not None:
        limiter.ceilings.minute = limiter.ceilings.day = 0  # limits have tests of their own
    throttle = getattr(emulator, "throttle", None)
    if throttle is not None:
        throttle.windows = type(throttle.windows)(0, 0, 0, 0)
    config = sandbox(system, hello)
    if system == "qbo":
        settings = {**config.settings, "batch_per_minute": "100000"}
        config = config.model_copy(update={"settings": settings})
    return World(system, open_connector(config, services), emulator)


@contextmanager
def companies(*systems: str) -> Iterator[dict[str, World]]:
    """The systems asked for, all three when none is named."""
    made = {system: _open(system) for system in systems or ("syspro", "qbo", "xero")}
    try:
        yield made
    finally:
        for world in made.values():
            world.connector.close()
            world.emulator.close()
