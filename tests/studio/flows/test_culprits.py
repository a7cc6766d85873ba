"""A case marks the fields it is about, and no others that happen to say the same."""

from __future__ import annotations

from typing import Any

import pytest

from studio.flows.evidence import case_evidence

pytestmark = pytest.mark.django_db


def marks(rows: list[tuple[str, Any, bool]]) -> list[tuple[str, Any]]:
    return [(path, value) for path, value, marked in rows if marked]


def test_only_the_field_of_the_unknown_code_is_marked(world) -> None:
    # The same text stands in the name and on a line; the case is about the terms.
    world.order("1001", Terms="TX", Name="TX", Lines=[{"Line": 1, "Text": "TX", "Net": 5}])
    world.run()

    found = case_evidence(world.case())

    assert found is not None
    assert marks(found.left) == [("Terms", "TX")]
    assert marks(found.right) == [("terms", "TX")]
    assert found.left[0][0] == "Terms"


def test_a_customer_nobody_linked_is_marked_where_the_order_names_it(world) -> None:
    world.order("1001", Customer="COB", Name="COB")
    world.run()

    found = case_evidence(world.case())

    assert found is not None
    assert marks(found.left) == [("Customer", "COB")]
    assert marks(found.right) == [("party", "COB")]


def test_where_the_field_is_not_known_every_equal_value_is_marked(world) -> None:
    world.order("1001", Terms="TX", Name="TX")
    world.run()
    case = world.case()
    case.field = ""

    found = case_evidence(case)

    assert found is not None
    assert marks(found.left) == [("Name", "TX"), ("Terms", "TX")]


def test_on_lines_the_code_itself_tells_which_line_is_meant(world) -> None:
    lines = [{"Line": n, "Text": text, "Net": 5} for n, text in ((1, "A"), (2, "B"))]
    world.order("1001", Terms="TX", Lines=lines)
    world.run()
    case = world.case()
    case.field, case.evidence = "Line[0].Description", {**case.evidence, "code": "B"}

    found = case_evidence(case)

    assert found is not None
    assert marks(found.left) == [("Lines[1].Text", "B")]
    assert marks(found.right) == [("line 2, description", "B")]
