from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.contracts.subject import WORDS, Subject, connected

CASES = [(system, where) for system in WORDS for where in ("in process", "over HTTP")]


@pytest.fixture(scope="module", params=CASES, ids=[f"{s}, {w}" for s, w in CASES])
def reading(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A subject that a module only reads from."""
    system, where = request.param
    with connected(system, over_http=where == "over HTTP") as subject:
        yield subject


@pytest.fixture(params=CASES, ids=[f"{s}, {w}" for s, w in CASES])
def writing(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A fresh subject that a test may change and break."""
    system, where = request.param
    with connected(system, over_http=where == "over HTTP") as subject:
        yield subject
