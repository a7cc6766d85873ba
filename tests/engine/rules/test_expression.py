from __future__ import annotations

from decimal import Decimal

import pytest

from engine.errors import MappingRefused, Severity
from engine.mapping import Catalog, Context, TableInfo
from engine.rules import (
    ExpressionRule,
    RuleSet,
    TargetFacts,
    check_rule,
    compile_rule,
    evaluate,
    suggest,
)
from engine.schema.model import EntitySchema, FieldSchema, FieldType, ValueProfile

MARGIN = ExpressionRule(
    "price", "invoice", "line.unit_price > 0", "Line {line.number} of {number} has no price.",
    Severity.WARN, each="lines", path="unit_price",
)  # fmt: skip


def test_a_rule_over_lines_names_the_line() -> None:
    record = {
        "number": "I1",
        "lines": [{"number": 1, "unit_price": Decimal(5)}, {"number": 2, "unit_price": Decimal(0)}],
    }

    issues = list(compile_rule(MARGIN).run(record, Context()))

    assert [(i.path, i.sentence) for i in issues] == [
        ("lines[1].unit_price", "Line 2 of I1 has no price.")
    ]


def test_rules_of_people_run_with_the_built_in_ones() -> None:
    rule = compile_rule(
        ExpressionRule("po", "invoice", "NOT(ISBLANK(reference))", "No order number.")
    )
    record = {"date": "2026-11-02", "lines": [{"net_amount": Decimal(1)}]}

    found = evaluate("invoice", record, TargetFacts(), rules=RuleSet(expressions=(rule,)))

    assert [i.code for i in found.issues] == ["rule.po"]
    assert found.blocked


def test_a_condition_that_cannot_be_told_is_a_breach() -> None:
    rule = compile_rule(
        ExpressionRule("zone", "invoice", 'LOOKUP("zones", area) = "1"', "Wrong zone."),
        Catalog(lookups={"zones": TableInfo()}),
    )

    assert len(list(rule.run({"area": "N"}, Context()))) == 1
    assert not list(rule.run({"area": "N"}, Context(lookups={"zones": {"N": "1"}})))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (ExpressionRule("a", "voucher", "TRUE", ""), "no document"),
        (ExpressionRule("a", "invoice", "partyy = 1", ""), "Did you mean “party”"),
        (ExpressionRule("a", "invoice", "net_total >", ""), "value is expected"),
        (ExpressionRule("a", "invoice", "1 = 1", ""), "always true"),
        (ExpressionRule("a", "invoice", "net_total", ""), "expects yes/no"),
        (ExpressionRule("a", "invoice", "TRUE", "", each="party & 1"), "must name a list"),
        (ExpressionRule("a", "invoice", "line.x = 1", "", each="party"), "is not a list"),
    ],
)
def test_rules_that_cannot_work_are_refused(rule: ExpressionRule, words: str) -> None:
    assert words in " ".join(map(str, check_rule(rule)))
    with pytest.raises(MappingRefused):
        compile_rule(rule)


def profiled(path: str, kind: FieldType, **profile: object) -> FieldSchema:
    base: dict[str, object] = {"rows": 100, "filled": 100}
    return FieldSchema(path, type=kind, profile=ValueProfile(**{**base, **profile}))  # type: ignore[arg-type]


@pytest.mark.promise("F24")
def test_values_suggest_rules_that_compile_and_say_why() -> None:
    entity = EntitySchema(
        "invoice",
        fields=(
            profiled("branch", FieldType.STRING, distinct=2, samples=("N", "S")),
            profiled("lines[].unit_price", FieldType.DECIMAL, filled=90, distinct=50, low="0.10"),
            profiled("reference", FieldType.STRING, filled=80, distinct=80, patterns=("AA-999",)),
            profiled("area", FieldType.STRING, rows=5, filled=5),
        ),
    )

    found = suggest("invoice", entity)

    assert [p.rule.code for p in found] == [
        "filled.branch", "known.branch", "sign.lines[].unit_price", "shape.reference",
    ]  # fmt: skip
    assert all(check_rule(p.rule) == [] and p.reason and p.confidence > 0.98 for p in found)
    record = {"branch": "X", "reference": "1", "lines": [{"unit_price": Decimal(-1)}]}
    breaches = [len(list(compile_rule(p.rule).run(record, Context()))) for p in found]
    assert breaches == [0, 1, 1, 1]
