from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.config import Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.inprocess import InProcessTransport
from connectors.emulation.serve import load
from connectors.http.budget import NoBudget
from connectors.registry import open_connector, sandbox
from tests.connectors.operations.plan import World


def _world(system: str) -> Iterator[World]:
    clock = EmulatorClock()
    emulator = load(system).make("S", 1, None, clock, False)
    hello = {"url": f"http://{system}.inside", **emulator.hello()}
    services = Services(budget=NoBudget(), transport=InProcessTransport(emulator.app), clock=clock)
    limiter = getattr(emulator, "limiter", None)
    if limiter is not None:
        limiter.ceilings.minute = limiter.ceilings.day = 0  # limits have tests of their own
    throttle = getattr(emulator, "throttle", None)
    if throttle is not None:
        throttle.windows = type(throttle.windows)(0, 0, 0, 0)
    config = sandbox(system, hello)
    if system == "qbo":
        config = config.model_copy(
            update={"settings": {**config.settings, "batch_per_minute": "100000"}}
        )
    connector = open_connector(config, services)
    yield World(system, connector, emulator)
    connector.close()
    emulator.close()


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    """One company of each system, shared by the whole module; every test makes its own records."""
    made = {system: _world(system) for system in ("syspro", "qbo", "xero")}
    yield {system: next(one) for system, one in made.items()}
    for one in made.values():
        next(one, None)
