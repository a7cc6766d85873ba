"""Conversions that need no confirmation because every possible value has a plain meaning."""

from __future__ import annotations

from typing import Any

import pytest

from engine.mapping import Context, compile_mapping, parse
from engine.mapping.nodes import Literal, Path
from engine.mapping.parse import parse_expression
from engine.mapping.passes.fold_constants import fold
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

YES_NO = (("Y", "yes"), ("N", "no"))
HOLD = (("", "open"), ("P", "partial"))


def world(codes: tuple[tuple[str, str], ...]) -> tuple[SystemSchema, SystemSchema]:
    source = FieldSchema("held", type=FieldType.ENUM, enum=codes)
    target = FieldSchema("on_hold", type=FieldType.BOOLEAN)
    return (
        SystemSchema("erp", entities=(EntitySchema("a", fields=(source,)),)),
        SystemSchema("books", entities=(EntitySchema("b", fields=(target,)),)),
    )


def document() -> dict[str, Any]:
    return {
        "mapping": "m",
        "source": {"system": "erp", "entity": "a"},
        "target": {"system": "books", "entity": "b"},
        "rows": [{"to": "on_hold", "from": "held"}],
    }


@pytest.mark.parametrize(
    ("value", "expected"), [("Y", {"on_hold": True}), ("N", {"on_hold": False}), ("", {})]
)
def test_a_list_of_yes_and_no_fits_a_yes_no_field(value: str, expected: dict[str, Any]) -> None:
    compiled = compile_mapping(parse(document()), *world(YES_NO))

    assert compiled.apply({"held": value}, Context()).record == expected


def test_a_list_with_other_codes_does_not() -> None:
    with pytest.raises(Exception, match="neither yes nor no"):
        compile_mapping(parse(document()), *world(HOLD))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("1 + 2 * 3", "7"),
        ('UPPER("a") & "b"', '"Ab"'),
        ("-(2 - 5)", "3"),
        ("10 / 4", "2.5"),
        ("x / 100", "x * 0.01"),
    ],
)
def test_constant_parts_are_calculated_once(text: str, folded: str) -> None:
    assert fold(parse_expression(text)) == parse_expression(folded)


@pytest.mark.parametrize("text", ["1 / 0", 'NUMBER("x")', "x + 0", 'CONST("a")'])
def test_what_cannot_be_calculated_yet_is_left_as_it_is(text: str) -> None:
    found = fold(parse_expression(text))

    assert found == parse_expression(text)
    assert not isinstance(found, (Literal, Path))
