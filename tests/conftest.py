"""People, a clock, no network but loopback; the same for every test."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from celery import current_app
from django.conf import settings
from hypothesis import HealthCheck
from hypothesis import settings as examples

if TYPE_CHECKING:
    from django.test import Client

    from studio.accounts.models import User, Workspace
    from studio.core.action import Actor

PEOPLE = {
    "ivo": ("Ivo Marsh", "integrator"),
    "ana": ("Ana Keller", "accountant"),
    "ada": ("Ada Brook", "administrator"),
    "olga": ("Olga Stern", "auditor"),
    "bea": ("Bea Lindt", "buyer"),
}


def pytest_configure(config: pytest.Config) -> None:
    """Settings that only tests want; before a connection reads them."""
    if not os.environ.get("CI"):  # there Hypothesis has this, and fixed examples, by itself
        # How long an example takes says how busy the machine is, not whether we are right.
        slow = [HealthCheck.too_slow]
        examples.register_profile("busy", deadline=None, suppress_health_check=slow)
        examples.load_profile("busy")
    if not os.environ.get("REDIS_URL"):
        current_app.conf.update(broker_url="memory://", broker_transport_options={})
    settings.EMBEDDER = "hash"
    settings.AXES_ENABLED = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LOGGING["root"]["level"] = "WARNING"
    database = settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        # Several people and runners may test one checkout at once.
        folder = Path(settings.VAR_DIR) / "test"
        folder.mkdir(parents=True, exist_ok=True)
        database.setdefault("TEST", {})["NAME"] = str(folder / f"{os.getpid()}.sqlite3")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of the studio that touches rows also runs on PostgreSQL."""
    here = Path(__file__).parent
    for item in items:
        ours = {here / "studio", here / "journeys"} & set(item.path.parents)
        rows = item.get_closest_marker("django_db") or "db" in getattr(item, "fixturenames", ())
        if ours and rows:
            item.add_marker(pytest.mark.services)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """A test that reaches for another machine fails, and says where it wanted to go."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            if host not in {"localhost", "::1"} and not host.startswith("127."):
                raise AssertionError(f"a test wanted to reach {host}:{address[1]}")
        real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


class FakeClock:
    """A clock that goes on only when a test says so."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> datetime:
        """``advance(minutes=5)``; returns the new moment."""
        self.at += timedelta(**by)
        return self.at


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


@pytest.fixture
def workspace(db: None) -> Workspace:
    from studio.accounts.models import Workspace

    return Workspace.objects.create(name="Sample", slug="sample")


def _person(workspace: Workspace, username: str) -> User:
    from studio.accounts.models import Membership, User

    name, role = PEOPLE[username]
    user = User.objects.create_user(
        username,
        password=f"{username}-sandbox",
        display_name=name,
        is_staff=role == "administrator",
    )
    Membership.objects.create(user=user, workspace=workspace, role=role)
    return user


@pytest.fixture
def ivo(workspace: Workspace) -> User:
    """The integrator."""
    return _person(workspace, "ivo")


@pytest.fixture
def ana(workspace: Workspace) -> User:
    """The accountant."""
    return _person(workspace, "ana")


@pytest.fixture
def ada(workspace: Workspace) -> User:
    """The administrator."""
    return _person(workspace, "ada")


@pytest.fixture
def olga(workspace: Workspace) -> User:
    """The auditor, who only reads."""
    return _person(workspace, "olga")


@pytest.fixture
def bea(workspace: Workspace) -> User:
    """The buyer, somebody else's employee; bound to a customer by the tests of the portal."""
    return _person(workspace, "bea")


@pytest.fixture
def otto(db: None) -> User:
    """The outsider: can sign in, belongs to no workspace, is refused everywhere."""
    from studio.accounts.models import User

    return User.objects.create_user("otto", password="otto-sandbox", display_name="Otto Fern")


@pytest.fixture
def actor_of() -> Callable[[User], Actor]:
    """The person as an action knows them."""

    def actor(user: User) -> Actor:
        return user.memberships.get().actor()

    return actor


@pytest.fixture
def as_person() -> Callable[[User], Client]:
    """A test client signed in as a person."""
    from django.test import Client

    def client(user: User) -> Client:
        made = Client()
        made.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return made

    return client
