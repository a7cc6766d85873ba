"""A refused page is one line in the log, not a traceback."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from studio.accounts.models import User
from studio.core.logs import OneLineRefusals

pytestmark = pytest.mark.django_db


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [r for r in caplog.records if r.name == "django.request"]


def test_a_refused_page_is_one_line_with_who_where_and_what_is_missing(
    ana: User, as_person: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    answer = as_person(ana).post("/flows/orders/publish/")

    assert answer.status_code == 403
    (line,) = lines(caplog)
    assert (line.levelname, line.exc_info, line.exc_text) == ("WARNING", None, None)
    assert line.getMessage() == (
        "Refused with 403: POST /flows/orders/publish/ for ana (accountant); "
        "missing permission “publish”"
    )


def test_a_person_of_no_workspace_is_told_and_logged(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = User.objects.create(username="zoe")
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/exceptions/").status_code == 403

    (line,) = lines(caplog)
    assert line.getMessage().endswith(
        "GET /exceptions/ for zoe; You are not a member of any workspace. Ask your administrator."
    )


def record_of(fault: Exception, path: str = "/") -> logging.LogRecord:
    info = (type(fault), fault, None)
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "was", (), info)
    record.request = RequestFactory().get(path)
    OneLineRefusals().filter(record)
    return record


def test_a_path_cannot_forge_a_line() -> None:
    said = record_of(PermissionDenied("no"), "/a%0A2026 INFO forged").getMessage()

    assert said == r"Refused with 403: GET /a\n2026 INFO forged for nobody signed in; no"


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    assert record_of(ValueError("bug")).exc_info is not None
