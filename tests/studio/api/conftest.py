from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from studio.accounts.models import User
from studio.accounts.roles import INGEST, permissions_of
from studio.api.tokens import make_token


@pytest.fixture
def client_of() -> Callable[..., APIClient]:
    """A program with a token made by a person; without scopes named it has all the person has."""

    def made(user: User, *scopes: str, all_scopes: bool = False) -> APIClient:
        member = user.memberships.get()
        # Sending records is never one scope of several.
        wanted: Any = permissions_of(member.role) - {INGEST} if all_scopes else scopes
        _, secret = make_token(member.actor(), member.workspace, "loader", wanted)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return made
