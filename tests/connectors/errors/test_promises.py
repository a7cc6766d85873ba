from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.errors import Audience
from tests.connectors.errors.promises import PROMISES, Promise, caught
from tests.connectors.operations.company import companies
from tests.connectors.operations.plan import World


@pytest.fixture
def worlds(promise: Promise) -> Iterator[dict[str, World]]:
    with companies(promise.system) as made:
        yield made


@pytest.mark.promise(*sorted({p.name for p in PROMISES}))
@pytest.mark.parametrize("promise", PROMISES, ids=lambda p: f"{p.name}-{p.title}")
def test_a_promised_error_arrives_as_its_class_with_a_sentence_to_read(
    promise: Promise, worlds: dict[str, World]
) -> None:
    error = caught(promise, worlds)

    assert type(error) is promise.expected
    for words in promise.says:
        assert words in str(error)
    machine = error.audience is Audience.MACHINE
    assert error.retryable == machine


def test_every_promised_error_is_among_them() -> None:
    assert {p.name for p in PROMISES} == {f"E{n:02d}" for n in range(1, 11)}
