from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from studio.accounts.models import Membership, User, Workspace
from studio.catalog.models import Connection
from studio.linking.models import Pair, Party
from studio.mapping.models import Mapping, MappingRow


@pytest.fixture
def ben(workspace: Workspace) -> User:
    """Another accountant."""
    user = User.objects.create_user("ben", password="ben-sandbox", display_name="Ben Ortiz")
    Membership.objects.create(user=user, workspace=workspace, role="accountant")
    return user


@pytest.fixture
def erp(workspace: Workspace) -> Connection:
    return Connection.objects.create(workspace=workspace, system="syspro", name="ERP")


@pytest.fixture
def books(workspace: Workspace) -> Connection:
    return Connection.objects.create(workspace=workspace, system="qbo", name="Books")


@pytest.fixture
def make_rows(workspace: Workspace, erp: Connection) -> Callable[..., list[MappingRow]]:
    mapping = Mapping.objects.create(
        workspace=workspace, connection=erp, direction="inbound", entity="A", document="party"
    )

    def make(count: int = 1, first: float = 0.9, **more: Any) -> list[MappingRow]:
        candidates = [
            {
                "expression": name,
                "confidence": sure,
                "word": "strong",
                "method": "Similarity",
                "sentence": f"{name} looks right.",
                "waterfall": [],
            }
            for name, sure in (("Name", first), ("Email", first / 2))
        ]
        start = mapping.rows.count()
        return [
            MappingRow.objects.create(
                mapping=mapping,
                position=start + n,
                target_path=f"f{start + n}",
                candidates=candidates,
                confidence=first,
                method="Similarity",
                **more,
            )
            for n in range(count)
        ]

    return make


@pytest.fixture
def make_pairs(erp: Connection, books: Connection) -> Callable[..., list[Pair]]:
    def party(connection: Connection, key: str) -> Party:
        return Party.objects.create(
            connection=connection,
            kind="customer",
            key=key,
            code=key,
            label=f"Bayside {key}",
            data={"name": f"Bayside {key}", "phone": "555 0101"},
        )

    def make(count: int = 1, probability: float = 0.93, bars: Any = None) -> list[Pair]:
        start = Pair.objects.count()
        told = bars or {"prior": -3.0, "phone": 5.6}
        return [
            Pair.objects.create(
                kind="customer",
                left=party(erp, f"L{n}"),
                right=party(books, f"R{n}"),
                probability=probability,
                word="strong",
                method="Model",
                sentence="Same phone.",
                waterfall=[
                    {"label": label, "detail": "", "effect": effect}
                    for label, effect in told.items()
                ],
            )
            for n in range(start, start + count)
        ]

    return make


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let time pass: everything that asks Django for the time hears a later one."""
    real = timezone.now

    def go(**by: float) -> None:
        monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(**by))

    return go
