"""Every case of ``cases/*.toml``: the careful way, the compiled way and the traced way agree with it."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.mapping import Catalog, Context, UnitRow, compile_mapping, parse
from engine.schema.model import SystemSchema

World = tuple[SystemSchema, SystemSchema, Catalog]
CASES = [
    case
    for file in sorted((Path(__file__).parent / "cases").glob("*.toml"))
    for case in tomllib.loads(file.read_text(), parse_float=Decimal)["case"]
]


def context(case: dict[str, Any]) -> Context:
    units = case.get("units", {})
    return Context(
        lookups=case.get("lookups", {}),
        links=case.get("links", {}),
        facts=case.get("facts", {}),
        units={i: {u: UnitRow(Decimal(f)) for u, f in m.items()} for i, m in units.items()},
        today="2026-11-21",
    )


@pytest.mark.parametrize("case", CASES, ids=[c["title"] for c in CASES])
@pytest.mark.promise("T02", "T03", "T05", "T06", "T07", "T08", "T09", "T10", "T11")
@pytest.mark.golden(3, 32)
def test_case(case: dict[str, Any], world: World) -> None:
    source, target, catalog = world
    keys = ("rows", "blocks", "actions", "constants")
    document = {
        "mapping": "case",
        "source": {"system": "erp", "entity": "order"},
        "target": {"system": "books", "entity": "Loose"},
        **{k: case[k] for k in keys if k in case},
    }
    compiled = compile_mapping(parse(document), source, target, catalog)

    result = compiled.apply(case["record"], context(case))
    traced = compiled.apply(case["record"], context(case), trace=True)

    assert result.record == case["expected"]
    assert _whole(result.record) == _whole(case["expected"])
    wanted = case.get("issues", [])
    assert [(i.code, i.path) for i in result.issues] == [(i["code"], i["path"]) for i in wanted]
    assert all(
        i.evidence == w["evidence"]
        for i, w in zip(result.issues, wanted, strict=True)
        if "evidence" in w
    )
    assert [[n.kind, n.code] for n in result.needs] == case.get("needs", [])
    assert list(result.actions) == case.get("did", [])
    assert traced._replace(trace=None) == result
    if not wanted:
        assert compiled.fast(case["record"], context(case))[0] == case["expected"]


def _whole(value: Any) -> Any:
    """Which numbers are ints, so that an integer field does not get a decimal by accident."""
    if isinstance(value, dict):
        return {k: _whole(v) for k, v in value.items() if k in ("Count", "No", "Line")}
    return [_whole(v) for v in value] if isinstance(value, list) else isinstance(value, int)
