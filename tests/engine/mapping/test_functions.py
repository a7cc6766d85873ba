"""Each function and operator on plain, blank and bad values; the fast and the careful way agree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.mapping import Catalog, Context, compile_mapping, parse
from engine.mapping.careful import run_careful
from engine.schema.model import SystemSchema

World = tuple[SystemSchema, SystemSchema, Catalog]
FAULT = "a fault"
LINES: dict[str, Any] = {
    "lines": [{"net": Decimal(1), "item": "A"}, {"net": Decimal(2), "item": "B"}, {}]
}
RECORD: dict[str, Any] = {
    "number": "000121", "name": "Kelso Outfitters", "note": "", "date": "2026-11-21", "total": Decimal("-2.5"),
    "rate": Decimal(0), "paid": True, "flag": "Y", "status": "8", "shipped": "2026-11-21T10:00:00Z", **LINES,
}  # fmt: skip
TEXTS = [
    ('RIGHT(name, 0) & "."', "."),
    ('MID(name, 0, 2)', "Ke"),
    ('SUBSTITUTE(name, "", "x")', "Kelso Outfitters"),
    ('SPLIT(name, "", -1)', "Outfitters"),
    ('SPLIT(name, " ", 5)', None),
    ('PAD(note, 5)', None),
    ('PAD(number, 8, "")', "  000121"),
    ("STRIPZEROS(name)", "Kelso Outfitters"),
    ('STRIPZEROS("000")', "0"),
    ("FIXED(total, 1)", "-2.5"),
    ("FIXED(NUMBER(note), 1)", None),
    ("TEXT(total)", "-2.5"),
    ("TEXT(paid)", "TRUE"),
    ("paid & total & note", "TRUE-2.5"),
    ("FORMATDATE(date, \"YYYY MMM DD YY\")", "2026 Nov 21 26"),
    ('FORMATDATE(NUMBER(note) & "", "DD")', None),
    ('JOIN(lines.item, " / ")', "A / B"),
    ("LAST(lines.item)", "B"),
    ("FIRST(FILTER(lines.item, lines.net > 9))", None),
    ('COALESCE(note, "", BLANK)', None),
    ('IF(ISBLANK(note), "none")', "none"),
    ('IF(paid, BLANK, "x")', None),
    ('SWITCH(status, "1", "a", "8", note)', None),
    ('SWITCH(flag, "Z", "a")', None),
    ('IF(CONTAINS(name, "OUTFIT"), "yes", "no")', "yes"),
    ('IF(flag, "yes", "no")', "yes"),
    ('IF(name, "yes", "no")', FAULT),
    ('IF(name > "A", "yes", "no")', "yes"),
    ('IF(AND(paid, OR(ISBLANK(note), total / rate > 1)), "short", "long")', "short"),
    ('IF(total <= -2.5, "le", "gt") & IF(total < 0, "lt", "") & IF(total >= 0, "ge", "")', "lelt"),
    ('IF(total = "-2.50", "same", "other")', "same"),
    ('IF(paid = "Y", "same", "other")', "same"),
    ('IF(total <> name, "differ", "same")', "differ"),
    ('SUBSTITUTE(SUBSTITUTE(SUBSTITUTE(name, "e", "' + "e" * 900 + '"), "e", "' + "e" * 900 + '"), "e", "ee")',
     FAULT),
    ("UPPER(total) & LOWER(NUMBER(note)) & TRIM(date)", "-2.52026-11-21"),
]  # fmt: skip
NUMBERS = [
    ("-total", "2.5"),
    ("-NUMBER(note)", None),
    ("total - NUMBER(note)", None),
    ("NUMBER(note) + 1", None),
    ("NUMBER(note) / 2", None),
    ("total / rate", FAULT),
    ("total / 10", "-0.25"),
    ("total / 3 * 3", "-2.500000000000000000000000000"),
    ("ABS(total)", "2.5"),
    ("ABS(NUMBER(note))", None),
    ("INT(total)", "-2"),
    ("INT(NUMBER(note))", None),
    ("ROUND(total)", "-3"),
    ("ROUND(NUMBER(note), 2)", None),
    ("NUMBER(number)", "121"),
    ('NUMBER("1e9")', FAULT),
    ("NUMBER(name)", FAULT),
    ("NUMBER(paid)", FAULT),
    ("LEN(name)", "16"),
    ("DAYS(date, ADDDAYS(date, 10))", "10"),
    ('DAYS(date, TODATE(note))', None),
    ("YEAR(shipped) + MONTH(shipped) + DAY(shipped)", "2058"),
    ("YEAR(TODATE(note))", None),
    ("MONTH(TODATE(note))", None),
    ("DAY(TODATE(note))", None),
    ("AVERAGE(lines.net)", "1.5"),
    ("AVERAGE(FILTER(lines.net, lines.net > 9))", None),
    ("SUM(FILTER(lines.net, lines.item = \"B\")) + COUNT(lines)", "5"),
    ("MAX(NUMBER(note), total, 1)", "1"),
    ("MIN(lines.net)", "1"),
    ("MIN(NUMBER(note), NUMBER(note))", None),
    ('LOOKUP("days", status, 30)', "30"),
    ('LOOKUP("days", status)', FAULT),
    ('LOOKUP("days", note)', None),
    ('LOOKUP("days", total, 7)', "7"),
]  # fmt: skip
DATES = [
    ("DATE(2024, 2, 29)", "2024-02-29"),
    ("DATE(2026, 2, 28 + 1)", FAULT),
    ("DATE(NUMBER(note), 1, 1)", None),
    ("ADDDAYS(date, NUMBER(note))", None),
    ('ADDDAYS(date, 9999999)', FAULT),
    ("ADDDAYS(shipped, 1)", "2026-11-22"),
    ("ENDOFMONTH(TODATE(note))", None),
    ("ENDOFMONTH(DATE(2026, 12, 1))", "2026-12-31"),
    ('TODATE("3.4.26", "DD.MM.YY")', "2026-04-03"),
    ('TODATE(name, "DD.MM.YY")', FAULT),
    ("ADDDAYS(total & \"\", 1)", FAULT),
]  # fmt: skip


def made(world: World, target: str, expression: str, record: dict[str, Any]) -> Any:
    rows = [{"to": target, "from": expression, "confirm": "lossy"}]
    document = {
        "mapping": "m",
        "source": {"system": "erp", "entity": "order"},
        "target": {"system": "books", "entity": "Loose"},
        "rows": rows,
    }
    compiled = compile_mapping(parse(document), *world)
    context = Context(today="2026-11-21")
    fast, careful = (
        compiled.apply(record, context),
        run_careful(compiled.plan, record, context, trace=False),
    )
    assert fast == careful
    found: Any = fast.record
    for step in target.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return FAULT if fast.issues else found


@pytest.mark.parametrize(("expression", "expected"), TEXTS, ids=[t[0][:60] for t in TEXTS])
def test_texts(expression: str, expected: str | None, world: World) -> None:
    assert made(world, "Text", expression, RECORD) == expected


@pytest.mark.parametrize(("expression", "expected"), NUMBERS, ids=[t[0] for t in NUMBERS])
def test_numbers(expression: str, expected: str | None, world: World) -> None:
    found = made(world, "Total", expression, RECORD)

    assert (str(found) if isinstance(found, Decimal) else found) == expected


@pytest.mark.parametrize(("expression", "expected"), DATES, ids=[t[0] for t in DATES])
def test_dates(expression: str, expected: str | None, world: World) -> None:
    assert made(world, "TxnDate", expression, RECORD) == expected


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        ("Count", Decimal("2.0"), 2), ("Count", Decimal(10) ** 19, FAULT), ("Count", "7", 7),
        ("Paid", "N", False), ("Paid", "", None), ("Paid", "perhaps", FAULT), ("Paid", 1, True),
        ("Status", "PAID", "PAID"), ("Status", "LATE", FAULT), ("Status", None, None),
        ("TxnDate", "2026-11-21T23:00:00+02:00", "2026-11-21"), ("TxnDate", 5, FAULT), ("TxnDate", "20261121", "2026-11-21"),
        ("Stamp", "2026-11-21T10:00:00Z", "2026-11-21T10:00:00Z"), ("Cents", Decimal("1.005"), Decimal("1.01")),
        ("Total", {"a": 1}, FAULT), ("Memo", ["x"], FAULT),
        ("Custom.x", ["a"], ["a"]), ("Custom.x", "", None), ("Custom.x", Decimal(0), Decimal(0)),
    ],
)  # fmt: skip
@pytest.mark.promise("E05")
def test_values_are_fitted_to_their_targets(
    target: str, value: Any, expected: Any, world: World
) -> None:
    assert made(world, target, "custom.v", {"custom": {"v": value}}) == expected


def test_a_record_that_is_no_record_has_issues_and_does_not_raise(world: World) -> None:
    document = {
        "mapping": "m",
        "source": {"system": "erp", "entity": "order"},
        "target": {"system": "books", "entity": "Loose"},
        "as_of": "date",
        "rows": [{"to": "Addr.City", "from": "billing.city"}, {"to": "Memo", "from": "flag", "when": "name"}],
        "blocks": [
            {"to": "Line", "each": "lines", "where": "line.text", "rows": [{"to": "Amount", "from": "line.net"}]},
            {"to": "Tax", "each": "lines", "group": ["NUMBER(line.text)"], "rows": [{"to": "Sum", "from": "line.net"}]},
        ],
    }  # fmt: skip
    compiled = compile_mapping(parse(document), *world)

    found = compiled.apply(
        {"date": "x", "billing": "no object", "name": "perhaps", "lines": {"text": "odd"}},
        Context(),
    )

    assert [i.path for i in found.issues] == ["as_of", "Addr.City", "Memo", "Line", "Tax"]
    assert found.blocked
    assert found.record == {}


def test_a_required_field_without_a_value_is_an_issue(world: World) -> None:
    document = {
        "mapping": "m",
        "source": {"system": "erp", "entity": "order"},
        "target": {"system": "books", "entity": "Invoice"},
        "rows": [
            {"to": "DocNumber", "from": "number"},
            {"to": "CustomerRef.value", "from": "party", "when": "paid"},
        ],
    }
    compiled = compile_mapping(parse(document), *world)

    found = compiled.apply({"number": " ".strip(), "paid": False}, Context())

    assert [(i.code, i.path) for i in found.issues] == [
        ("required", "DocNumber"), ("required", "CustomerRef.value"),
    ]  # fmt: skip
