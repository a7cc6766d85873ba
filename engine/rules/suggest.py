"""Proposes rules from what the values of a field look like; a person approves them.

Every proposal tells how many records it was seen on and how sure it can be: with n records and no
exception, the rule of succession gives (n + 1) / (n + 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from engine.errors import Severity
from engine.mapping.nodes import Binary, Call, Expr, Literal, Path
from engine.mapping.write import write_expression
from engine.rules.expression import ExpressionRule
from engine.schema.model import EntitySchema, FieldSchema, FieldType, ValueProfile

ENOUGH = 20
MOST_CODES = 8


@dataclass(frozen=True, slots=True)
class RuleProposal:
    """A rule the values suggest.

    Attributes:
        rule: the rule, effective only once approved.
        reason: why, in one sentence.
        seen: records looked at.
        confidence: probability that the next record keeps it.
    """

    rule: ExpressionRule
    reason: str
    seen: int
    confidence: float


def suggest(kind: str, entity: EntitySchema) -> list[RuleProposal]:
    """Proposals for a canonical document whose fields carry value profiles, surest first."""
    found: list[RuleProposal] = []
    for field in entity.fields:
        if field.profile is not None and field.profile.rows >= ENOUGH:
            found += _field(kind, field, field.profile)
    return sorted(found, key=lambda p: -p.confidence)


def _field(kind: str, field: FieldSchema, profile: ValueProfile) -> Iterator[RuleProposal]:
    each, _, rest = field.path.rpartition("[].")
    if "[]" in each or field.type in (FieldType.OBJECT, FieldType.ARRAY):
        return
    path = Path(("line", *rest.split("."))) if each else Path(tuple(field.path.split(".")))
    label = field.label or rest

    def proposal(code: str, holds: Expr, sentence: str, reason: str, seen: int) -> RuleProposal:
        rule = ExpressionRule(
            f"{code}.{field.path}",
            kind,
            write_expression(holds),
            sentence,
            Severity.WARN,
            each,
            rest,
        )
        return RuleProposal(rule, reason, seen, (seen + 1) / (seen + 2))

    if profile.filled == profile.rows:
        filled = Call("NOT", (Call("ISBLANK", (path,)),))
        yield proposal(
            "filled", filled, f"{label} is empty.", f"It was filled in all {profile.rows} records.",
            profile.rows,
        )  # fmt: skip
    blank = Call("ISBLANK", (path,))
    whole_list = 0 < profile.distinct <= min(MOST_CODES, len(profile.samples))
    if field.type in (FieldType.STRING, FieldType.ENUM) and whole_list and profile.filled >= ENOUGH:
        cases = tuple(Binary("=", path, Literal(s)) for s in sorted(profile.samples))
        listed = ", ".join(sorted(profile.samples))
        yield proposal(
            "known", Call("OR", (blank, *cases)), f"{label} has a value never seen before.",
            f"Only {listed} occurred.", profile.filled,
        )  # fmt: skip
    low = _number(profile.low)
    if field.type is FieldType.DECIMAL and low is not None and low >= 0:
        at_least = Binary(">=", path, Literal(Decimal(0)))
        yield proposal(
            "sign", Call("OR", (blank, at_least)), f"{label} is negative.",
            f"The smallest of {profile.filled} values was {profile.low}.", profile.filled,
        )  # fmt: skip
    one_shape = len(profile.patterns) == 1 and profile.distinct > MOST_CODES
    if field.type is FieldType.STRING and one_shape:
        size = Binary("=", Call("LEN", (path,)), Literal(Decimal(len(profile.patterns[0]))))
        yield proposal(
            "shape", Call("OR", (blank, size)), f"{label} has an unusual length.",
            f"All values look like {profile.patterns[0]}.", profile.filled,
        )  # fmt: skip


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
