"""Everything a compile refuses, with the place it names and the fix it offers."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import MappingRefused
from engine.mapping import Catalog, check, compile_mapping, parse
from engine.schema.model import SystemSchema

World = tuple[SystemSchema, SystemSchema, Catalog]


def document(entity: str = "Loose", source: str = "order", **parts: Any) -> dict[str, Any]:
    return {
        "mapping": "m",
        "source": {"system": "erp", "entity": source},
        "target": {"system": "books", "entity": entity},
        **parts,
    }


def row(to: str, value: str, **more: str) -> dict[str, Any]:
    return {"rows": [{"to": to, "from": value, **more}]}


def block(**more: Any) -> dict[str, Any]:
    return {
        "blocks": [
            {"to": "Line", "each": "lines", "rows": [{"to": "Amount", "from": "line.net"}], **more}
        ]
    }


def line(to: str, value: str) -> dict[str, Any]:
    return block(rows=[{"to": to, "from": value}])


TABLE = [
    # Names
    ("unknown source field", row("DocNumber", "nummber"), "DocNumber, column 1", "Did you mean “number”?"),
    ("field of the line without line", line("Item", "item"), "Line › Item", "Did you mean “line.item”?"),
    ("unknown nested field", row("Memo", "billing.town"), "Memo, column 1", "Choose a field"),
    ("unknown target field", row("DocNummer", "number"), "DocNummer", "Did you mean “DocNumber”?"),
    ("unknown target in a block", line("Amout", "line.net"), "Line › Amout", "Did you mean “Amount”?"),
    ("unknown nested target", row("Addr.Town", "number"), "Addr.Town", "Choose a field of the target."),
    ("unknown function", row("Memo", "UPER(note)"), "Memo, column 1", "Did you mean UPPER?"),
    ("unknown table", row("Memo", 'LOOKUP("term", terms)'), "Memo, column 1", "Did you mean “terms”?"),
    ("unknown table, a word in common", row("Memo", 'LOOKUP("ship_terms_method", terms)'), "Memo", "Create the table"),
    ("unknown table, nothing like it", row("Memo", 'LOOKUP("zz", terms)'), "Memo", "Create the table"),
    ("unknown link", row("Memo", 'LINK("custmer", party)'), "Memo", "Did you mean “customer”?"),
    ("unknown constant", row("Memo", 'CONST("x")'), "Memo", "Add it under “constants”"),
    ("unknown fact", row("Memo", 'FACT("base")'), "Memo", "base_currency"),
    ("unknown action", {"actions": [{"do": "burn", "when": "paid"}]}, "action burn", "Choose one of"),
    ("fixed code without a row", row("Memo", 'LOOKUP("terms", "99")'), "Memo", "Add the row"),
    # Lists
    ("list as a value", row("Memo", "lines.item"), "Memo, column 1", "FIRST(lines.item)"),
    ("aggregate without a list", row("Total", "SUM(total)"), "Total, column 1", "Name a field of the lines"),
    ("filter outside an aggregate", row("Memo", 'FILTER(note, paid)'), "Memo", "Put it into SUM"),
    ("each is no list", block(each="party"), "Line, each", "Choose a list"),
    ("each is an expression", block(each="party & 1"), "Line", "Write its path"),
    ("block onto a value", {"blocks": [{"to": "Memo", "each": "lines"}]}, "Memo", "rows instead of a block"),
    ("row onto a list", row("Line", "number"), "Line", "Use a block"),
    ("row into a list", row("Line[].Item", "number"), "Line[].Item", "Use a block"),
    ("row onto an object", row("Addr", "number"), "Addr", "Map its fields instead (Addr.City"),
    ("alias that hides a field", block(**{"as": "party"}), "Line", "Choose another name"),
    ("too many loops", row("Total", "SUM(SUM(SUM(lines.taxes.amount)))"), "Total", ""),
    # Targets
    ("read-only target", row("Id", "number"), "Id", "Remove the row"),
    ("read-only list", {"blocks": [{"to": "Read", "each": "lines"}]}, "Read", "Remove the block"),
    ("two rows, the second never used",
     {"rows": [{"to": "Memo", "from": "flag"}, {"to": "Memo", "from": "status"}]}, "Memo", "Remove it"),
    ("two rows with the same condition",
     {"rows": [{"to": "Memo", "from": "flag", "when": "paid"}, {"to": "Memo", "from": "status", "when": "paid"}]},
     "Memo, condition", "Remove one"),
    # Types
    ("text into a number", row("Total", "note"), "Total, column 1", "confirm: lossy"),
    ("text into a date", row("TxnDate", "note"), "TxnDate, column 1", "confirm: lossy"),
    ("decimal into a whole number", row("Count", "total"), "Count", "confirm: lossy"),
    ("time into a date", row("TxnDate", "shipped"), "TxnDate", "The time of the day is lost"),
    ("date into a number", row("Total", "date"), "Total", "Map another field"),
    ("too many digits", row("Cents", "ROUND(total, 4)"), "Cents", "ROUND(…, 2)"),
    ("text that may be too long", row("Memo", "name"), "Memo", "LEFT(…, 40)"),
    ("fixed text that is too long", row("Addr.Zip", '"123456"'), "Addr.Zip", "Shorten it"),
    ("fixed text not in the list", row("Status", '"DONE"'), "Status", "OPEN, PAID, VOID"),
    ("branch not in the list", row("Status", 'IF(paid, "PAID", "LATE")'), "Status, column 18", "Use an allowed value"),
    ("codes not in the list", row("Status", "status"), "Status", "LOOKUP or SWITCH"),
    ("object as a value", row("Memo", "billing"), "Memo", "Choose a field inside it"),
    ("text in arithmetic", row("Total", "total * note"), "Total, column 9", "NUMBER(…)"),
    ("text as a condition", row("Memo", "IF(total, 1, 2)"), "Memo, column 4", "Compare it"),
    ("number as a row's condition", row("Memo", "flag", when="total"), "Memo, condition", "Compare it"),
    ("a day the calendar does not have", row("TxnDate", "DATE(2026, 2, 30)"), "TxnDate, column 1", "calendar"),
    ("number as a date", row("TxnDate", "ADDDAYS(total, 1)"), "TxnDate, column 9", "TODATE"),
    ("division by zero", row("Total", "total / 0"), "Total", "something else"),
    # Calls
    ("too few arguments", row("Memo", 'MID(flag, 1)'), "Memo", "takes 3 arguments, not 2"),
    ("too many arguments", row("Memo", "TRIM(flag, 1)"), "Memo", "takes 1 arguments, not 2"),
    ("name that is not fixed", row("Memo", "LOOKUP(terms, terms)"), "Memo", "needs a fixed name"),
    ("digits that are not fixed", row("Cents", "ROUND(total, count)"), "Cents", "0 to 10"),
    # Branches
    ("condition always true", row("Memo", "flag", when="1 = 1"), "Memo, condition", "never be reached"),
    ("condition always false", row("Memo", 'IF(AND(paid, FALSE), "a", "b")'), "Memo, column 4", "always false"),
    ("code the source never has", row("Memo", 'IF(status = "7", "a", "b")'), "Memo, column 11", "always false"),
    ("case the source never has", row("Memo", 'SWITCH(status, "7", "a", "b")'), "Memo", "Remove the case"),
    ("case twice", row("Memo", 'SWITCH(flag, "7", "a", "7", "b")'), "Memo", "appears twice"),
    ("after a fixed value", row("Memo", 'COALESCE("a", flag)'), "Memo", "never used"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "place", "words"), [t[1:] for t in TABLE], ids=[t[0] for t in TABLE]
)
def test_it_is_refused_with_place_and_fix(
    parts: dict[str, Any], place: str, words: str, world: World
) -> None:
    try:
        found = check(parse(document(**parts)), *world)
    except MappingRefused as fault:
        found = list(fault.problems)  # type: ignore[arg-type]

    assert found
    assert any(place in str(f) and words in str(f) for f in found), "\n".join(map(str, found))


def test_all_refusals_come_at_once_and_compiling_raises_them(world: World) -> None:
    mapping = parse(
        document(
            "Invoice",
            rows=[{"to": "DocNumber", "from": "nummber"}, {"to": "Total", "from": "note"}],
        )
    )

    found = check(mapping, *world)

    assert len(found) == 3
    with pytest.raises(MappingRefused) as caught:
        compile_mapping(mapping, *world)
    assert caught.value.problems == tuple(str(f) for f in found)


def test_required_fields_that_nothing_supplies_are_named_inside_blocks_and_objects(
    world: World,
) -> None:
    mapping = parse(document("Invoice", blocks=[{"to": "Line", "each": "lines", "rows": []}]))

    assert [f.target for f in check(mapping, *world)] == [
        "Line[].Amount",
        "DocNumber",
        "CustomerRef.value",
    ]


@pytest.mark.parametrize(("source", "target", "words"), [
    ("ordr", "Loose", "Did you mean “order”?"), ("order", "Voucher", "Choose an entity"),
])  # fmt: skip
def test_unknown_entities_are_refused(source: str, target: str, words: str, world: World) -> None:
    assert words in str(check(parse(document(target, source)), *world)[0])


@pytest.mark.promise("T07")
def test_what_is_confirmed_is_not_refused(world: World) -> None:
    for to, value in (
        ("Total", "note"),
        ("Count", "total"),
        ("TxnDate", "shipped"),
        ("Memo", "name"),
    ):
        assert check(parse(document(**row(to, value, confirm="lossy"))), *world) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a +", "column 4: A value is expected here, not the end"),
        ('"abc', "column 1: The text is not closed"),
        ("a ? b", "column 3: The sign '?'"),
        ("IF(a, b", "column 8: “,” is expected"),
        ("(a", "column 3: “)” is expected"),
        ("a b", "column 3: “b” is left over"),
        ("a < b < c", "column 7: Two comparisons"),
        ("a.", "column 3: A field name is expected"),
        ("\n  1 +\n  *", "line 3 column 3"),
        ("(" * 60 + "1" + ")" * 60, "Nested deeper"),
        ("-" * 60 + "x", "Too many signs"),
        ("1" * 40, "too many digits"),
        ("x" * 5000, "Longer than"),
        ("+".join(["a"] * 300), "More than"),
    ],
)
def test_unreadable_expressions_name_line_and_column(text: str, words: str) -> None:
    with pytest.raises(MappingRefused) as caught:
        parse(document(**row("Memo", text)))

    assert words in caught.value.problems[0]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("[1, 2]", "A mapping document is expected"),
        ("a: [", "This is not YAML"),
        ({**document(), "rowz": []}, "“rowz” has no meaning"),
        ({**document(), "rows": "x"}, "A list of entries"),
        ({**document(), "rows": [{"to": "x"}]}, "needs “to” and “from”"),
        (
            {**document(), "rows": [{"to": "x", "from": "1", "confirm": "all"}]},
            "cannot be confirmed",
        ),
        ({**document(), "blocks": [{"each": "lines"}]}, "A block needs “to”"),
        ({**document(), "actions": [{"do": "void"}]}, "needs “do” and “when”"),
        ({"mapping": "", "source": 1, "target": {}}, "has no name"),
        ({**document(), "constants": {"a": [1]}}, "Not a text, number or yes/no"),
    ],
)
def test_documents_that_cannot_be_read_say_where(raw: Any, words: str) -> None:
    with pytest.raises(MappingRefused) as caught:
        parse(raw)

    assert any(words in p for p in caught.value.problems), caught.value.problems


def test_nothing_of_a_users_text_is_ever_run(world: World) -> None:
    evil = '__import__("os")'
    compiled = compile_mapping(
        parse(document(rows=[{"to": "DocNumber", "from": "number", "note": evil}],
                       constants={evil: evil})), *world)  # fmt: skip

    assert "__import__" not in compiled.fast.__code__.co_names
    assert check(parse(document(**row("Memo", evil))), *world)
