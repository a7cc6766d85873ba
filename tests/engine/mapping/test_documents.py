from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.mapping import FUNCTIONS, content_hash, dump, from_yaml, parse, to_json, to_yaml

TEXT = """
actions:
- {when: 'flag="Y"', do: void}
rows:
- {from: "IF( a>1 , 2.50,lines[].b )", to: X, confirm: lossy}
- {to: Day, from: "\\"2026-11-21\\""}
constants: {z: 1, a: "1", d: 2026-11-21, f: 2.50, t: yes}
target: {entity: T, system: t}
source: {system: s, entity: S}
mapping: m
"""


def test_the_canonical_form_orders_keys_and_writes_expressions_one_way() -> None:
    assert to_yaml(parse(TEXT)) == (
        "mapping: m\n"
        "source:\n  system: s\n  entity: S\n"
        "target:\n  system: t\n  entity: T\n"
        "constants:\n  a: '1'\n  d: '2026-11-21'\n  f: 2.50\n  t: true\n  z: 1\n"
        "rows:\n- to: X\n  from: IF(a > 1, 2.50, lines.b)\n  confirm: lossy\n"
        "- to: Day\n  from: '\"2026-11-21\"'\n"
        'actions:\n- do: void\n  when: flag = "Y"\n'
    )


def test_numbers_and_texts_that_look_alike_have_different_hashes() -> None:
    one = parse(TEXT)
    other = parse(TEXT.replace("z: 1", "z: '1'"))

    assert dict(one.constants)["f"] == Decimal("2.50")
    assert content_hash(one) != content_hash(other)
    assert content_hash(one) == content_hash(from_yaml(to_yaml(one)))


def test_a_document_is_the_same_from_yaml_from_a_dict_and_from_json() -> None:
    mapping = parse(TEXT)

    assert parse(dump(mapping)) == mapping
    assert to_json(mapping).startswith('{"mapping":"m","source":{"system":"s"')


def test_the_guide_explains_every_function() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "mapping-language.md").read_text()

    assert [f for f in FUNCTIONS if f"`{f}`" not in guide] == []


@pytest.mark.parametrize(
    "odd", ["\x85", "a\u2028b", "\r\n", "\ufeff", "  two  ", "#: -", "'", "é" * 200 + " x" * 90]
)
def test_texts_that_yaml_would_fold_survive(odd: str) -> None:
    mapping = parse({**dump(parse(TEXT)), "note": odd, "rows": [{"to": "X", "from": f'"{odd}"'}]})

    assert from_yaml(to_yaml(mapping)) == mapping
