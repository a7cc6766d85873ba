from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.accounts.models import User
from studio.core.action import Actor
from tests.studio.flows.keeping_world import kept
from tests.studio.world import world

__all__ = ["kept", "world"]


@pytest.fixture
def integrator(ivo: User, actor_of: Callable[[User], Actor]) -> Actor:
    return actor_of(ivo)


@pytest.fixture
def accountant(ana: User, actor_of: Callable[[User], Actor]) -> Actor:
    return actor_of(ana)


@pytest.fixture
def auditor(olga: User, actor_of: Callable[[User], Actor]) -> Actor:
    return actor_of(olga)
