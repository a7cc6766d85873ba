from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.canon.tax import LINE_ROUNDED
from engine.errors import Audience, CaseClass, Severity
from engine.rules import (
    RULES,
    NoNeighbours,
    Override,
    Reference,
    RuleSet,
    TargetFacts,
    Twin,
    evaluate,
    override,
)

FACTS = TargetFacts(label="Books")
INVOICE: dict[str, Any] = {
    "number": "SO1", "date": "2026-11-02", "due_date": "2026-12-02", "party": "C1", "currency": "USD",
    "net_total": Decimal("48.00"), "tax_total": Decimal("7.20"), "gross_total": Decimal("55.20"),
    "lines": [
        {"item": "200", "quantity": Decimal(24), "unit_price": Decimal("2.00"), "net_amount": Decimal("48.00"),
         "tax_amount": Decimal("7.20"), "tax_code": "A", "account": "200"},
    ],
    "custom": {"tax_rates": {"A": Decimal(15)}},
}  # fmt: skip


def codes(kind: str, record: dict[str, Any], facts: TargetFacts = FACTS, **more: Any) -> list[str]:
    return [i.code for i in evaluate(kind, record, facts, **more).issues]


def changed(**fields: Any) -> dict[str, Any]:
    return {**INVOICE, **fields}


def with_line(**fields: Any) -> dict[str, Any]:
    return {**INVOICE, "lines": [{**INVOICE["lines"][0], **fields}]}


class Known(NoNeighbours):
    def __init__(self, *references: Reference, twins: tuple[Twin, ...] = ()) -> None:
        self.references = {(r.kind, r.code): r for r in references}
        self.found = twins

    def reference(self, kind: str, code: str) -> Reference | None:
        return self.references.get((kind, code))

    def twins(self, kind: str, number: str, party: str, date: str, gross: Decimal) -> list[Twin]:
        return [t for t in self.found if t.number == number or t.gross == gross]


def test_a_good_invoice_has_no_issues() -> None:
    assert codes("invoice", INVOICE, replace(FACTS, model=LINE_ROUNDED)) == []


@pytest.mark.parametrize(
    ("record", "facts", "expected"),
    [
        (changed(net_total=Decimal("48.01")), {}, ["lines_sum", "header_sum"]),
        (changed(tax_total=Decimal("7.21")), {}, ["tax_sum", "header_sum"]),
        (changed(gross_total=Decimal("55.21")), {}, ["header_sum"]),
        (with_line(unit_price=Decimal("2.01")), {}, ["line_product"]),
        (changed(date="2026-02-30"), {}, ["not_a_date"]),
        (changed(date=""), {}, ["no_date"]),
        (changed(due_date="2026-11-01"), {}, ["due_before_date"]),
        (changed(number="N" * 22), {"number_length": 21}, ["too_long"]),
        (changed(rate=Decimal(0)), {}, ["rate"]),
        (changed(currency="XXX"), {"currencies": frozenset(("USD",))}, ["currency_unknown"]),
        (changed(party_name="A:B"), {"forbidden": {"party_name": ":\t"}}, ["character"]),
        (changed(terms=""), {"required": {"invoice": frozenset(("terms",))}}, ["missing"]),
        (with_line(discount_percent=Decimal(0), net_amount=Decimal("-48.00")), {"negative_lines": False},
         ["lines_sum", "negative", "line_product"]),
        (changed(lines=[], net_total=None), {}, ["no_lines"]),
        (with_line(description="x" * 11), {"lengths": {"lines[].description": 10}}, ["too_long"]),
        (changed(), {"max_lines": 0}, ["too_many_lines"]),
        (changed(), {"amount_limit": Decimal(10)}, ["too_large"]),
    ],
    ids=lambda v: str(v) if isinstance(v, list) else "",
)  # fmt: skip
@pytest.mark.promise("F24")
def test_faults_are_found(
    record: dict[str, Any], facts: dict[str, Any], expected: list[str]
) -> None:
    assert codes("invoice", record, replace(FACTS, **facts)) == expected


@pytest.mark.golden(25)
def test_golden_25_a_date_in_a_closed_period_is_blocked_before_any_call() -> None:
    facts = replace(FACTS, lock_date="2026-11-02")

    issue = evaluate("invoice", INVOICE, facts).issues[0]

    assert (issue.code, issue.case_class, issue.audience) == (
        "period_closed", CaseClass.PERIOD, Audience.APPROVER,
    )  # fmt: skip
    assert issue.blocks
    assert issue.fixes[0].kind == "move_date"
    assert codes("invoice", changed(date="2026-11-03"), facts) == []


@pytest.mark.golden(3)
def test_golden_3_the_kind_of_a_code_is_stored_and_never_inferred() -> None:
    known = Known(
        Reference("item", "200", "Trail pack"), Reference("account", "200", "Sales", active=False)
    )

    issues = evaluate("invoice", INVOICE, FACTS, known).issues

    assert [(i.path, i.evidence["kind"]) for i in issues] == [("lines[0].account", "account")]


@pytest.mark.golden(32)
def test_golden_32_two_cases_and_twenty_four_pieces_both_keep_their_value() -> None:
    cases = with_line(quantity=Decimal(2), unit_price=Decimal("24.00"))

    assert codes("invoice", cases, replace(FACTS, amount_is_product=True)) == []
    assert codes("invoice", INVOICE, replace(FACTS, amount_is_product=True)) == []


def test_a_target_that_computes_other_totals_is_told_beforehand() -> None:
    record = changed(tax_total=Decimal("7.21"), gross_total=Decimal("55.21"))
    record["lines"] = [{**INVOICE["lines"][0], "tax_amount": None}]

    issues = evaluate("invoice", record, replace(FACTS, model=LINE_ROUNDED)).issues

    assert [(i.code, i.severity) for i in issues] == [("target_totals", Severity.WARN)]
    assert issues[0].evidence["difference"] == Decimal("-0.01")


def test_the_party_must_be_open_solvent_and_of_the_currency() -> None:
    party = Reference(
        "customer", "C1", "Kelso", active=False, currency="EUR", on_hold=True,
        credit_limit=Decimal(100), owed=Decimal(90),
    )  # fmt: skip

    assert sorted(codes("invoice", INVOICE, FACTS, neighbours=Known(party))) == [
        "credit_limit", "inactive", "on_hold", "party_currency",
    ]  # fmt: skip


def test_twins_are_looked_for_before_create_only() -> None:
    same = Twin("58", "SO1", "2026-11-02", Decimal("55.20"), same_number=True)
    like = Twin("59", "X", "2026-11-01", Decimal("55.20"), same_number=False)
    known = Known(twins=(same, like))

    found = evaluate(
        "invoice", INVOICE, replace(FACTS, unique_numbers=frozenset(("invoice",))), known
    )

    assert [(i.severity, [f.kind for f in i.fixes]) for i in found.issues] == [
        (Severity.BLOCK, ["link", "ignore"]),
        (Severity.WARN, ["link", "create", "ignore"]),
    ]
    assert codes("invoice", INVOICE, FACTS, neighbours=known, creating=False) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([{"account": "1", "debit": Decimal(5)}, {"account": "2", "credit": Decimal(5)}], []),
        (
            [{"account": "1", "debit": Decimal(5)}, {"account": "2", "credit": Decimal(4)}],
            ["unbalanced"],
        ),
        ([{"account": "1", "debit": Decimal(5), "credit": Decimal(5)}], ["no_lines", "side"]),
        (
            [{"account": "", "debit": Decimal(5)}, {"account": "2", "credit": Decimal(5)}],
            ["missing"],
        ),
    ],
    ids=["balanced", "unbalanced", "both sides", "no account"],
)
def test_journals_balance(lines: list[dict[str, Any]], expected: list[str]) -> None:
    assert codes("journal", {"date": "2026-11-02", "lines": lines}) == expected


def test_parties_have_names_and_plausible_addresses() -> None:
    assert codes("party", {"name": " ", "email": "nobody"}) == ["missing", "email"]
    assert codes("party", {"name": "Kelso", "email": "a@b.example, c@d.example"}) == []


def test_rules_can_be_switched_off_or_softened() -> None:
    record = changed(gross_total=Decimal("55.21"))

    assert codes("invoice", record, rules=RuleSet(without=frozenset(("header_sum",)))) == []
    soft = RuleSet(severities=(("header_sum", Severity.INFO),))
    assert not evaluate("invoice", record, FACTS, rules=soft).blocked


def test_an_override_needs_a_reason_and_above_the_limit_another_person() -> None:
    issues = evaluate("invoice", changed(gross_total=Decimal("55.21")), FACTS).issues
    by_ana = Override("header_sum", "gross_total", "known rounding", "ana")

    small = override(issues, [by_ana], money=Decimal(10), limit=Decimal(50))
    large = override(issues, [by_ana], money=Decimal(60), limit=Decimal(50))
    herself = override(
        issues, [replace(by_ana, second="ana")], money=Decimal(60), limit=Decimal(50)
    )
    both = override(issues, [replace(by_ana, second="ivo")], money=Decimal(60), limit=Decimal(50))
    silent = override(issues, [replace(by_ana, reason=" ")], money=Decimal(10), limit=Decimal(50))

    assert [s[0].blocks for s in (small, large, herself, both, silent)] == [
        False, True, True, False, True,
    ]  # fmt: skip
    assert "ana and ivo: known rounding" in both[0].sentence


def test_a_journal_out_of_balance_cannot_be_let_pass() -> None:
    lines = [{"account": "1", "debit": Decimal(5)}, {"account": "2", "credit": Decimal(4)}]
    issues = evaluate("journal", {"date": "2026-11-02", "lines": lines}, FACTS).issues
    decision = Override("unbalanced", "lines", "later", "ana", "ivo")

    assert override(issues, [decision], money=Decimal(1), limit=Decimal(50))[0].blocks


def test_every_rule_says_what_it_makes_sure_of() -> None:
    assert all(r.title and r.kinds and r.examine.__doc__ for r in RULES.values())
