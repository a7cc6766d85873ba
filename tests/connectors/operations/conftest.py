from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.operations.company import companies
from tests.connectors.operations.plan import World


@pytest.fixture(scope="module")
def worlds() -> Iterator[dict[str, World]]:
    """One company of each system, shared by the whole module; every test makes its own records."""
    with companies() as made:
        yield made
