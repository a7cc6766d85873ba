"""Runs rules over a record; nothing stops at the first fault, and all faults are one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.canon.money import spoken
from engine.errors import Audience, Severity
from engine.issue import Issue
from engine.mapping.context import Context
from engine.rules import documents, formats  # noqa: F401 - registers the built-in rules
from engine.rules.expression import CompiledRule
from engine.rules.facts import Neighbours, NoNeighbours, TargetFacts
from engine.rules.rule import RULES, Subject
from engine.schema.model import Record


@dataclass(frozen=True, slots=True)
class Verdict:
    """The record with everything found about it."""

    record: Record
    issues: tuple[Issue, ...]

    @property
    def blocked(self) -> bool:
        """Whether an issue stops the record."""
        return any(i.blocks for i in self.issues)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What applies to a flow.

    Attributes:
        without: codes of built-in rules that are switched off.
        severities: rule code -> severity that replaces the rule's own.
        expressions: rules people wrote or approved.
    """

    without: frozenset[str] = frozenset()
    severities: tuple[tuple[str, Severity], ...] = ()
    expressions: tuple[CompiledRule, ...] = ()


def evaluate(
    kind: str,
    record: Record,
    facts: TargetFacts,
    neighbours: Neighbours | None = None,
    rules: RuleSet | None = None,
    *,
    creating: bool = True,
    context: Context | None = None,
) -> Verdict:
    """Examine a canonical record.

    Args:
        kind: canonical kind, e.g. ``invoice``.
        record: the canonical record.
        facts: the target's capabilities.
        neighbours: what is known about other records.
        rules: switches and expression rules of the flow.
        creating: it is not at the target yet; duplicates are looked for.
        context: lookups and links for expression rules.

    Returns:
        The record and its issues, blocking ones first.
    """
    chosen = rules or RuleSet()
    subject = Subject(kind, record, facts, neighbours or NoNeighbours(), creating)
    found: list[Issue] = []
    severities = dict(chosen.severities)
    for one in RULES.values():
        if kind in one.kinds and one.code not in chosen.without:
            for issue in one.examine(subject):
                changed = severities.get(one.code)
                found.append(replace(issue, severity=changed) if changed else issue)
    for expression in chosen.expressions:
        if expression.kind == kind:
            found += expression.run(record, context or Context())
    order = list(Severity)
    return Verdict(record, tuple(sorted(found, key=lambda i: order.index(i.severity))))


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision to let a fault pass.

    Attributes:
        code: the issue's code.
        path: the issue's path.
        reason: why; must not be blank.
        by: who decided.
        second: who agreed; another person.
    """

    code: str
    path: str
    reason: str
    by: str
    second: str = ""


# Faults that would be refused by the target or break the books cannot be overridden.
NEVER = frozenset(("missing", "unbalanced", "not_a_date", "no_date", "no_lines", "side"))


def override(
    issues: Sequence[Issue], overrides: Sequence[Override], *, money: Decimal, limit: Decimal
) -> tuple[Issue, ...]:
    """Apply overrides: a blocking issue becomes a warning that names who decided and why.

    Above ``limit`` a second person must have agreed; otherwise the issue stays and says who is missing.

    Args:
        issues: what was found.
        overrides: decisions of people.
        money: amount at risk in the base currency.
        limit: from this amount on two people decide.
    """
    decisions = {(o.code, o.path): o for o in overrides}
    return tuple(_overridden(i, decisions.get((i.code, i.path)), money, limit) for i in issues)


def _overridden(issue: Issue, found: Override | None, money: Decimal, limit: Decimal) -> Issue:
    if found is None or not issue.blocks or issue.code in NEVER or not found.reason.strip():
        return issue
    alone = not found.second or found.second == found.by
    if abs(money) >= limit and alone:
        return replace(
            issue,
            sentence=f"{issue.sentence} {found.by} let it pass; above {spoken(limit)} a second person must agree.",
            audience=Audience.APPROVER,
        )
    people = f"{found.by} and {found.second}" if found.second else found.by
    return replace(
        issue,
        severity=Severity.WARN,
        sentence=f"{issue.sentence} Let pass by {people}: {found.reason}",
        evidence={**issue.evidence, "by": found.by, "second": found.second, "reason": found.reason},
    )
