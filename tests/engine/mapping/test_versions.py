"""What a version knows of itself: lineage, trace, differences, lookups by date."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from engine.mapping import (
    FUNCTIONS,
    Catalog,
    Context,
    LookupRow,
    LookupTable,
    Used,
    compile_mapping,
    diff,
    parse,
    to_json,
)
from engine.schema.model import SystemSchema

World = tuple[SystemSchema, SystemSchema, Catalog]
BASE: dict[str, Any] = {
    "mapping": "m",
    "source": {"system": "erp", "entity": "order"},
    "target": {"system": "books", "entity": "Loose"},
    "constants": {"a": Decimal(1), "b": "x"},
    "rows": [
        {"to": "DocNumber", "from": "number"},
        {"to": "Memo", "from": 'LOOKUP("terms", terms)', "when": "paid"},
        {"to": "CustomerRef.value", "from": 'LINK("customer", party)'},
        {"to": "Status", "from": '"OPEN"'},
    ],
    "blocks": [
        {"to": "Line", "each": "lines", "where": 'line.kind <> "6"', "group": ["line.item"],
         "rows": [{"to": "Amount", "from": "SUM(group.net)"}]},
    ],
    "actions": [{"do": "void", "when": 'flag = "Y"'}],
}  # fmt: skip


def test_static_lineage_names_sources_conditions_lookups_and_links(world: World) -> None:
    found = {f.target: f for f in compile_mapping(parse(BASE), *world).lineage()}

    assert found["Memo"].sources == ("terms",)
    assert found["Memo"].conditions == ("paid",)
    assert found["Memo"].lookups == ("terms",)
    assert found["CustomerRef.value"].links == ("customer",)
    assert found["Line[].Amount"].sources == ("lines[].net",)
    assert found["Line[].Amount"].conditions == ("lines[].kind", "lines[].item")
    assert found["Status"].constant


@pytest.mark.promise("F23")
def test_a_trace_tells_values_read_steps_and_rows_used(world: World) -> None:
    table = LookupTable([LookupRow("30", "Net 30", key="row-7")])
    context = Context(lookups={"terms": table}, links={"customer": {"C1": "58"}})
    record: dict[str, Any] = {
        "number": "S1", "terms": "30", "paid": True, "party": "C1",
        "lines": [{"item": "A", "net": Decimal(1)}, {"item": "A", "net": Decimal(2)}],
    }  # fmt: skip

    result = compile_mapping(parse(BASE), *world).apply(record, context, trace=True)

    traces = {t.target: t for t in result.trace or ()}
    assert traces["Memo"].used == (Used("lookup", "terms", "30", "Net 30", "row-7"),)
    assert traces["CustomerRef.value"].used == (Used("link", "customer", "C1", "58"),)
    assert [(r.path, r.value) for r in traces["Line[0].Amount"].reads] == [
        ("lines[0].net", Decimal(1)), ("lines[1].net", Decimal(2)),
    ]  # fmt: skip
    assert traces["Line[0].Amount"].steps == ("SUM(group.net) = 3",)


def test_no_trace_is_kept_unless_asked_for(world: World) -> None:
    assert compile_mapping(parse(BASE), *world).apply({}, Context()).trace is None


CHANGES = [
    ("value", lambda d: d["rows"][0].update({"from": "party"}), "DocNumber: value now party, was number."),
    ("condition", lambda d: d["rows"][1].update({"when": "NOT(paid)"}), "Memo: condition now NOT(paid), was paid."),
    ("new row", lambda d: d["rows"].append({"to": "Due", "from": "date"}), "Due: new, from date."),
    ("gone row", lambda d: d["rows"].pop(0), "DocNumber: no longer supplied (was number)."),
    ("confirmed", lambda d: d["rows"][0].update(confirm="lossy"), "DocNumber: that something may be lost is confirmed."),
    ("order", lambda d: d["rows"].reverse(), "rows: the order of rows changed."),
    ("constant", lambda d: d["constants"].update(a=Decimal(2)), "constant a: now 2, was 1."),
    ("constant gone", lambda d: d["constants"].pop("b"), 'constant b: removed (was "x").'),
    ("where", lambda d: d["blocks"][0].pop("where"), 'Line[]: condition now always, was line.kind <> "6".'),
    ("group", lambda d: d["blocks"][0].update(group=[]), "Line[]: grouped by nothing, was by line.item."),
    ("line row", lambda d: d["blocks"][0]["rows"][0].update({"from": "line.net"}),
     "Line[].Amount: value now line.net, was SUM(group.net)."),
    ("block", lambda d: d["blocks"].append({"to": "Tax", "each": "lines"}), "Tax[]: new block over lines."),
    ("action", lambda d: d["actions"].clear(), "action void: removed."),
    ("as of", lambda d: d.update(as_of="date"), "as_of: date of lookups now date, was always."),
    ("target", lambda d: d["target"].update(entity="Invoice"), "target: now books Invoice, was books Loose."),
    ("note", lambda d: d["rows"][0].update(note="hi"), "DocNumber: note “hi” added."),
    ("name", lambda d: d.update(mapping="n"), "name: now n, was m."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_difference_is_one_sentence(change: Any, words: str) -> None:
    other = copy.deepcopy(BASE)
    change(other)

    assert [str(c) for c in diff(parse(BASE), parse(other))] == [words]
    assert diff(parse(BASE), parse(BASE)) == []
    assert to_json(parse(BASE)) != to_json(parse(other))


def test_lookups_are_read_at_the_date_the_mapping_says(world: World) -> None:
    document = {**BASE, "as_of": "date", "rows": [{"to": "Memo", "from": 'LOOKUP("terms", terms)'}]}
    table = LookupTable([
        LookupRow("30", "old", until="2026-07-01"), LookupRow("30", "new", since="2026-07-01"),
        LookupRow("60", "always"),
    ])  # fmt: skip
    compiled = compile_mapping(parse(document), *world)
    context = Context(lookups={"terms": table}, today="2026-11-21")

    def memo(**record: Any) -> Any:
        return compiled.apply(record, context).record.get("Memo")

    assert memo(terms="30", date="2026-06-30") == "old"
    assert memo(terms="30", date="2026-07-01") == "new"
    assert memo(terms="30") == "new"
    assert memo(terms="60", date="2020-01-01") == "always"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda f: f.name)
def test_every_function_is_explained_with_an_example(function: Any) -> None:
    assert function.doc.endswith(".")
    assert function.example
    assert 0 < function.needs <= function.most
