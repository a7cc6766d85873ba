from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.config import Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.serve import Running, load, start_in_thread
from connectors.http.evidence import RecentEvidence
from connectors.registry import sandbox
from connectors.syspro.connector import SysproConnector

Connect = Callable[..., SysproConnector]


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock()


@pytest.fixture
def served(clock: EmulatorClock) -> Iterator[Running]:
    running = start_in_thread(load("syspro").make("S", 1, None, clock, True))
    yield running
    running.stop()


@pytest.fixture
def evidence() -> RecentEvidence:
    return RecentEvidence()


@pytest.fixture
def connect(served: Running, clock: EmulatorClock, evidence: RecentEvidence) -> Iterator[Connect]:
    made: list[SysproConnector] = []

    def one(**settings: str) -> SysproConnector:
        hello = served.hello()
        hello |= {k: settings.pop(k) for k in ("company", "operator_password") if k in settings}
        config = sandbox("syspro", hello)
        config = config.model_copy(update={"settings": {**config.settings, **settings}})
        made.append(SysproConnector(config, Services(clock=clock, evidence=evidence)))
        return made[-1]

    yield one
    for connector in made:
        connector.close()


@pytest.fixture
def syspro(connect: Connect) -> SysproConnector:
    return connect()
