from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from studio.core import addresses


def test_narrowing_starts_the_list_again_and_an_empty_value_removes_the_key() -> None:
    query = QueryDict("q=bolt&state=open&after=abc&row=7")

    assert addresses.narrowed(query, state="apart") == "?q=bolt&state=apart"
    assert addresses.narrowed(query, state="") == "?q=bolt"


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("/list/?q=bolt", "/list/?q=bolt"),
        ("/list/", "/list/"),
        ("", "/list/"),
        ("/elsewhere/?q=bolt", "/list/"),
        ("https://evil.test/list/?q=bolt", "/list/"),
        ("//evil.test/list/", "/list/"),
    ],
)
def test_a_form_leads_back_to_its_own_list_only(said: str, back: str) -> None:
    assert addresses.back(RequestFactory().post("/", {"next": said}), "/list/") == back


def test_a_part_knows_which_page_of_ours_asked_for_it() -> None:
    asked = RequestFactory().get("/", headers={"HX-Current-URL": "http://here.test/list/?q=bolt"})
    other = RequestFactory().get("/", headers={"HX-Current-URL": "http://here.test/other/"})

    assert addresses.came_from(asked, "/list/") == "/list/?q=bolt"
    assert addresses.came_from(other, "/list/") == "/list/"
