from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.linking.models import Pair, Party


@pytest.fixture
def erp(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace, system="syspro", name="Harbour Tools ERP", company="H"
    )


@pytest.fixture
def books(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace, system="qbo", name="Harbour Tools US", company="1"
    )


@pytest.fixture
def make_party() -> Callable[..., Party]:
    def make(connection: Connection, key: str, name: str, **data: Any) -> Party:
        kind = data.pop("kind", "customer")
        code = data.pop("code", key)
        return Party.objects.create(
            connection=connection,
            kind=kind,
            key=key,
            code=code,
            label=name,
            data={"code": code, "name": name, **data},
        )

    return make


@pytest.fixture
def left(erp: Connection, make_party: Callable[..., Party]) -> Party:
    return make_party(erp, "0000042", "Bayside Marine Pty Ltd", phone="555 0101")


@pytest.fixture
def right(books: Connection, make_party: Callable[..., Party]) -> Party:
    return make_party(books, "58", "Bayside Marine", code="", phone="(555) 0101")


def pair_of(left: Party, right: Party, probability: float = 0.93, **more: Any) -> Pair:
    return Pair.objects.create(
        kind=left.kind,
        left=left,
        right=right,
        probability=probability,
        word="strong",
        method="Model",
        sentence="Same phone, name 0.93 alike.",
        waterfall=[
            {"label": "prior", "detail": "before any evidence", "effect": -3.0},
            {"label": "phone", "detail": "same phone", "effect": 5.6},
        ],
        **more,
    )


@pytest.fixture
def pair(left: Party, right: Party) -> Pair:
    return pair_of(left, right)
