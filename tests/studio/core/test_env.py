from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from studio.core.env import env_bool, env_database, env_int, env_number, env_str


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "key"
    file.write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("X_KEY_FILE", str(file))

    assert env_str("X_KEY") == "s3cret"


def test_a_wrong_word_stops_the_start(monkeypatch) -> None:
    monkeypatch.setenv("X_FLAG", "perhaps")
    monkeypatch.setenv("X_NUMBER", "many")
    monkeypatch.setenv("X_DB", "mysql://x")

    for read in (
        lambda: env_bool("X_FLAG", default=False),
        lambda: env_int("X_NUMBER", 1),
        lambda: env_number("X_NUMBER"),
        lambda: env_database("X_DB", ""),
    ):
        with pytest.raises(ImproperlyConfigured):
            read()


@pytest.mark.parametrize(("said", "number"), [("", None), ("0", 0.0), ("0.7", 0.7)])
def test_a_number_may_be_left_open(said: str, number: float | None, monkeypatch) -> None:
    monkeypatch.setenv("X_NUMBER", said)

    assert env_number("X_NUMBER") == number


def test_a_postgres_url_becomes_django_settings(monkeypatch) -> None:
    monkeypatch.setenv("X_DB", "postgres://ana:p%40ss@db.example:5433/books?sslmode=require")

    found = env_database("X_DB", "")

    assert found["PASSWORD"] == "p@ss"
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", "5433", "books")
    assert found["OPTIONS"]["sslmode"] == "require"


def test_sqlite_takes_the_write_lock_at_once(monkeypatch) -> None:
    monkeypatch.setenv("X_DB", "sqlite:////srv/studio.sqlite3")

    found = env_database("X_DB", "")

    assert found["NAME"] == "/srv/studio.sqlite3"
    assert found["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
