from __future__ import annotations

from collections.abc import Callable

from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.core.paging import keyset
from studio.mapping.facets import Narrowing
from studio.mapping.models import Mapping, MappingRow
from tests.studio.mapping.conftest import candidate

MakeRow = Callable[..., MappingRow]


def rows_of(make_row: MakeRow) -> list[str]:
    """From what settles most to what settles least."""
    make_row("sure", candidate("A", 0.97))
    make_row("tax_code", candidate("B", 0.9), risk="tax")
    make_row("doubtful", candidate("C", 0.5))
    make_row("missing", required=True)
    return ["missing", "tax_code", "doubtful", "sure"]


def test_what_settles_most_stands_first_and_every_row_once(
    inbound: Mapping, make_row: MakeRow
) -> None:
    wanted = rows_of(make_row)
    narrowing = Narrowing.of(QueryDict("sort=worth"))
    seen: list[str] = []
    after = None
    for _ in wanted:
        page = keyset(narrowing.apply(inbound.rows.all()), narrowing.order, after=after, size=1)
        seen += [r.target_path for r in page.rows]
        after = page.after

    assert seen == wanted
    assert after is None


def test_an_answer_that_settles_the_same_field_elsewhere_comes_first(
    inbound: Mapping, outbound: Mapping, make_row: MakeRow
) -> None:
    make_row("alone", candidate("A", 0.6))
    make_row("shared", candidate("B", 0.6))
    Mapping.objects.filter(pk=outbound.pk).update(direction="inbound")
    make_row("shared", candidate("B", 0.6), mapping=outbound)
    narrowing = Narrowing.of(QueryDict("sort=worth"))

    found = keyset(narrowing.apply(inbound.rows.all()), narrowing.order).rows

    assert [r.target_path for r in found] == ["shared", "alone"]


def test_the_order_is_offered_on_the_page(
    inbound: Mapping, make_row: MakeRow, ivo: User, as_person: Callable[..., Client]
) -> None:
    rows_of(make_row)

    url = reverse("mapping:review", args=[inbound.uuid])
    text = as_person(ivo).get(url, {"sort": "worth"}).content.decode()

    assert "Settles most first" in text
    assert text.index("tax_code") < text.index("doubtful")
