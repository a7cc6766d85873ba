from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django_htmx.middleware import HtmxMiddleware

from studio.core.htmx import wants_part

pytestmark = pytest.mark.django_db


def asked(**headers: str) -> bool:
    request = RequestFactory().get("/", headers=headers)
    HtmxMiddleware(lambda _request: HttpResponse())(request)
    return wants_part(request)


def test_htmx_gets_the_part_and_a_browser_the_page() -> None:
    assert asked(hx_request="true")
    assert not asked()


def test_a_history_restore_gets_the_whole_page() -> None:
    assert not asked(hx_request="true", hx_history_restore_request="true")


def test_the_theme_is_remembered_and_cannot_send_people_elsewhere() -> None:
    client = Client()

    answer = client.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})

    assert answer["Location"] == "/"
    assert 'data-theme="dark"' in client.get("/accounts/sign-in/").content.decode()


def test_an_unknown_theme_is_ignored() -> None:
    client = Client()

    client.post("/theme/", {"theme": "<script>"})

    assert 'data-theme="auto"' in client.get("/accounts/sign-in/").content.decode()


def test_health_answers_without_a_session() -> None:
    assert Client().get("/healthz").json() == {"status": "ok"}


def test_every_page_carries_the_strict_policy() -> None:
    policy = Client().get("/accounts/sign-in/")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy


def test_an_unknown_address_is_a_page_in_our_own_words() -> None:
    answer = Client().get("/nowhere/")

    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()


def test_htmx_gets_a_refusal_as_one_sentence() -> None:
    answer = Client().get("/nowhere/", headers={"HX-Request": "true"})

    assert answer["Content-Type"].startswith("text/plain")


def test_the_style_guide_is_a_sandbox_page(settings, ivo, as_person) -> None:
    client = as_person(ivo)
    assert client.get("/_style").status_code == 200

    settings.SANDBOX = False
    assert client.get("/_style").status_code == 404


def test_an_administrator_sees_the_admin_site_in_the_navigation(ada, ivo, as_person) -> None:
    assert 'href="/admin/"' in as_person(ada).get("/_style").content.decode()
    assert 'href="/admin/"' not in as_person(ivo).get("/_style").content.decode()


def test_the_admin_site_has_no_sign_in_of_its_own() -> None:
    answer = Client().get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0] == "/accounts/sign-in/?next=/admin/"


def test_who_is_not_an_administrator_is_refused_at_the_admin_site(ivo, as_person) -> None:
    answer = as_person(ivo).get("/admin/", follow=True)

    assert answer.status_code == 403
    assert "Only administrators" in answer.content.decode()
