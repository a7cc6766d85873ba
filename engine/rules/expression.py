"""Rules that people write in the language of mappings, over canonical documents.

The expression says what must hold. ``each`` names a list to look at element by element, as ``line``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.canon.fields import canonical_schema
from engine.errors import Audience, CaseClass, Severity
from engine.issue import Fix, Issue
from engine.mapping import runtime
from engine.mapping.context import Context
from engine.mapping.evaluate import FAULTS, Element, Evaluator, Frame
from engine.mapping.nodes import Block, Mapping, Path, Row, Side
from engine.mapping.parse import parse_expression
from engine.mapping.passes.bind_paths import bind_paths
from engine.mapping.passes.check_calls import check_calls
from engine.mapping.passes.check_lookups import check_lookups
from engine.mapping.passes.draft import Catalog, Draft
from engine.mapping.passes.reach_branches import reach_branches
from engine.mapping.refusals import Refusal, Unreadable, refused
from engine.mapping.schemas import Node, tree
from engine.mapping.write import write_expression
from engine.schema.model import Record


@dataclass(frozen=True, slots=True)
class ExpressionRule:
    """A rule as it is stored.

    Attributes:
        code: stable name.
        kind: canonical kind it applies to.
        holds: expression that must be true.
        sentence: what is wrong when it is not; canonical paths in braces are filled in.
        severity: what a breach does.
        each: list whose elements are looked at one by one, or empty.
        path: field the breach is shown at.
        audience: who can act.
    """

    code: str
    kind: str
    holds: str
    sentence: str
    severity: Severity = Severity.BLOCK
    each: str = ""
    path: str = ""
    audience: Audience = Audience.ACCOUNTANT


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A checked rule, ready to run."""

    rule: ExpressionRule
    condition: Row
    each: Path | None

    @property
    def kind(self) -> str:
        """The canonical kind it applies to."""
        return self.rule.kind

    def run(self, record: Record, context: Context) -> Iterator[Issue]:
        """The breaches in a record; a condition that cannot be told is a breach."""
        evaluator = Evaluator(context, {}, {})
        document = Element(record)
        elements = [document]
        if self.each is not None and self.each.bound is not None:
            prefix = ("", self.each.bound.steps)
            elements = list(evaluator.elements(prefix, Frame({"": document})))
        for element in elements:
            frame = Frame({"": document, "line": element})
            try:
                held = runtime.truth(evaluator.value(self.condition.value, frame))
            except FAULTS:
                held = False
            if not held:
                yield self.issue(record, element)

    def issue(self, record: Record, element: Element) -> Issue:
        """The breach as an issue."""
        rule = self.rule
        place = ".".join(p for p in (element.path, rule.path) if p)
        return Issue(
            f"rule.{rule.code}",
            place,
            _filled(rule.sentence, record, element.value),
            rule.severity,
            CaseClass.VALUE,
            rule.audience,
            {"rule": rule.code, "holds": write_expression(self.condition.value)},
            (Fix("edit", "Edit the value"), Fix("override", "Let it pass, with a reason")),
        )


def _filled(sentence: str, record: Record, element: object) -> str:
    for name in [*_names(sentence)]:
        inner = name.startswith("line.") and isinstance(element, dict)
        source: Record = element if inner and isinstance(element, dict) else record
        value = source.get(name.removeprefix("line."))
        plain = "" if isinstance(value, (list, dict)) else runtime.text(value)
        sentence = sentence.replace("{" + name + "}", plain)
    return sentence


def _names(sentence: str) -> list[str]:
    return [part.split("}")[0] for part in sentence.split("{")[1:] if "}" in part]


def check_rule(rule: ExpressionRule, catalog: Catalog | None = None) -> list[Refusal]:
    """Why a rule cannot be used; empty when it can."""
    return _examine(rule, catalog or Catalog())[1]


def compile_rule(rule: ExpressionRule, catalog: Catalog | None = None) -> CompiledRule:
    """Check and prepare a rule.

    Raises:
        MappingRefused: with every reason.
    """
    compiled, refusals = _examine(rule, catalog or Catalog())
    if compiled is None or refusals:
        raise refused(refusals)
    return compiled


def _examine(rule: ExpressionRule, catalog: Catalog) -> tuple[CompiledRule | None, list[Refusal]]:
    entity = canonical_schema().entity(rule.kind)
    if entity is None:
        return None, [Refusal(rule.code, f"There is no document “{rule.kind}”.", "Choose another.")]
    try:
        holds = parse_expression(rule.holds)
        each = parse_expression(rule.each) if rule.each else None
    except Unreadable as fault:
        return None, [fault.refusal(rule.code)]
    if each is not None and not isinstance(each, Path):
        return None, [Refusal(rule.code, "“each” must name a list.", "Write lines.")]
    # The condition stands where a mapping has one, so that the same passes check it.
    row = Row(rule.code, holds, holds)
    side = Side("canonical", rule.kind)
    mapping = Mapping(rule.code, side, side)
    mapping = (
        replace(mapping, rows=(row,))
        if each is None
        else replace(mapping, blocks=(Block(rule.code, each, rows=(row,)),))
    )
    draft = Draft(mapping, tree(canonical_schema(), entity), Node(""), catalog)
    for one in (bind_paths, check_calls, check_lookups, reach_branches):
        draft = one(draft)
    found = list(dict.fromkeys(draft.refusals))
    if found:
        return None, found
    rows, blocks = draft.mapping.rows, draft.mapping.blocks
    bound = rows[0] if rows else blocks[0].rows[0]
    return CompiledRule(rule, bound, blocks[0].each if blocks else None), []
