from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from django.core.management import call_command
from django.test import Client

from studio.accounts.models import User


def test_the_document_is_generated_without_a_warning(db: None, tmp_path: Path) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--fail-on-warn", "--validate", file=str(file))
    text = file.read_text()
    assert "/api/v1/cases/{uuid}/apply/" in text
    assert "Idempotency-Key" in text


def test_document_and_swagger_are_for_people_who_signed_in(
    olga: User, as_person: Callable[[User], Client]
) -> None:
    assert Client().get("/api/schema/").status_code == 401
    client = as_person(olga)
    assert client.get("/api/schema/").status_code == 200
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "<script>" not in page.content.decode()


def test_the_policy_is_loosened_for_swagger_only_and_for_styles_only(
    olga: User, as_person: Callable[[User], Client]
) -> None:
    client = as_person(olga)
    loose = client.get("/api/docs/")["Content-Security-Policy"]
    strict = client.get("/api/tokens/")["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in loose
    assert "script-src 'self';" in loose + ";"
    assert "unsafe" not in strict
