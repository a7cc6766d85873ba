"""What a page asks several times is asked of the database once, and anew after a deed and for the next request."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext

from studio.core.once import OncePerRequest, once
from studio.triage.models import Case
from studio.triage.queries import held_up, open_cases

pytestmark = pytest.mark.django_db


def counts(client: Any, path: str) -> list[str]:
    """The statements by which a page counts records that are held up."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(path).status_code == 200
    # The moment of the question is none of its words.
    said = [re.sub(r"'\d{4}-[^']*'", "…", q["sql"]) for q in seen.captured_queries]
    return [s for s in said if "COUNT(" in s and 'DISTINCT "triage_case"."subject"' in s]


@pytest.mark.parametrize("path", ["/", "/exceptions/", "/flows/"])
@pytest.mark.parametrize("person", ["ana", "ivo", "ada"])
def test_the_number_of_the_queue_is_counted_once_a_page(
    path, person, world, request, as_person
) -> None:
    world.order("1001", Terms="45")
    world.run()

    asked = counts(as_person(request.getfixturevalue(person)), path)

    assert asked
    assert len(asked) == len(set(asked))


def test_it_is_counted_anew_after_a_deed_of_the_same_request(world, accountant) -> None:
    from studio.triage.actions import apply_remedy

    world.order("1001", Terms="45")
    world.run()
    seen: list[int] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(held_up(open_cases(world.workspace)))
        apply_remedy(accountant, Case.objects.get(), "void", {"reason": "a test order"})
        seen.append(held_up(open_cases(world.workspace)))
        return HttpResponse()

    OncePerRequest(view)(HttpRequest())

    assert seen == [1, 0]


def test_nothing_is_kept_outside_of_a_request() -> None:
    answers = iter([1, 2])

    assert [once("n", lambda: next(answers)) for _ in range(2)] == [1, 2]
