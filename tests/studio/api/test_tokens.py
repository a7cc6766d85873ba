from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from studio.accounts.models import Membership, User
from studio.api.models import ApiToken
from studio.api.tokens import make_token
from studio.core.models import AuditEvent

LIST = "/api/v1/connections/"


def test_a_call_without_token_is_answered_401_as_a_problem(db: None) -> None:
    said = APIClient().get(LIST)
    assert said.status_code == 401
    assert said["Content-Type"] == "application/problem+json"
    assert said["WWW-Authenticate"] == "Bearer"
    assert said.json()["code"] == "not-authenticated"


def test_a_token_is_stored_as_a_digest_only(ivo: User) -> None:
    member = ivo.memberships.get()
    token, secret = make_token(member.actor(), member.workspace, "loader", ["map"])
    row = ApiToken.objects.values().get(pk=token.pk)
    assert secret not in str(row)
    assert secret not in str(list(AuditEvent.objects.values()))
    assert row["scopes"] == ["map", "read"]


def test_a_scope_beyond_the_role_of_the_maker_is_refused(ana: User) -> None:
    member = ana.memberships.get()
    with pytest.raises(ValidationError, match="publish"):
        make_token(member.actor(), member.workspace, "loader", ["publish"])


def test_a_revoked_and_an_expired_token_open_nothing(
    ivo: User, client_of: Callable[..., APIClient]
) -> None:
    client = client_of(ivo)
    assert client.get(LIST).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(LIST).status_code == 401
    ApiToken.objects.update(
        expires_at=timezone.now() + timedelta(days=1), revoked_at=timezone.now()
    )
    assert client.get(LIST).status_code == 401


def test_a_token_loses_what_its_maker_loses(
    world: Any, ivo: User, client_of: Callable[..., APIClient]
) -> None:
    client = client_of(ivo, "operate")
    pause = f"/api/v1/flows/{world.flow.uuid}/pause/"
    assert client.post(pause).status_code == 200
    Membership.objects.filter(user=ivo).update(role="auditor")
    said = client.post(pause)
    assert said.status_code == 403
    assert "may not operate" in said.json()["sentence"]
    Membership.objects.filter(user=ivo).delete()
    assert client.get(LIST).status_code == 403


def test_the_use_of_a_token_is_noted(ivo: User, client_of: Callable[..., APIClient]) -> None:
    client_of(ivo).get(LIST)
    assert ApiToken.objects.get().last_used_at is not None


def test_the_page_shows_a_secret_once_and_revokes(
    ivo: User, as_person: Callable[[User], Client]
) -> None:
    client = as_person(ivo)
    made = client.post("/api/tokens/", {"name": "loader", "days": "30", "scope": ["map"]})
    assert "mst_" in made.content.decode()
    again = client.get("/api/tokens/")
    assert "mst_" not in again.content.decode()
    assert "loader" in again.content.decode()
    client.post(f"/api/tokens/{ApiToken.objects.get().uuid}/revoke/")
    assert ApiToken.objects.get().revoked_by == "Ivo Marsh"


def test_a_colleague_may_not_revoke_but_an_administrator_may(
    ivo: User, ana: User, ada: User, as_person: Callable[[User], Client]
) -> None:
    member = ivo.memberships.get()
    token, _ = make_token(member.actor(), member.workspace, "loader", [])
    address = f"/api/tokens/{token.uuid}/revoke/"
    assert as_person(ana).post(address).status_code == 403
    assert as_person(ada).post(address).status_code == 302


def test_a_person_signed_in_may_call_without_token(
    ivo: User, otto: User, as_person: Callable[[User], Client]
) -> None:
    assert as_person(ivo).get(LIST).status_code == 200
    assert as_person(otto).get(LIST).status_code == 403
