"""Runs a plan field by field: faults become issues, and every value can tell where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import Audience, CaseClass
from engine.issue import Issue
from engine.mapping import runtime as r
from engine.mapping.context import Context, FieldTrace, Need, Result
from engine.mapping.evaluate import FAULTS, Element, Evaluator, Frame, Log, fixes_of
from engine.mapping.nodes import Expr, Row
from engine.mapping.plan import Plan, PlanBlock, Slot, fit
from engine.schema.model import Record


@dataclass(slots=True)
class _Run:
    """State of one record."""

    evaluator: Evaluator
    issues: list[Issue] = field(default_factory=list)
    traces: list[FieldTrace] = field(default_factory=list)

    def fault(self, place: str, error: Exception, row: Row | None = None) -> None:
        words = self.evaluator.words(row.value) if row else ""
        if not isinstance(error, r.FieldFault):
            error = r.FieldFault("The value cannot be calculated.", "calculation")
        evidence: dict[str, Any] = {"target": place, **error.evidence}
        if words:
            evidence["expression"] = words
        missing = error.case_class is CaseClass.MISSING_REFERENCE
        self.issues.append(
            Issue(
                code=error.code,
                path=place,
                sentence=error.sentence,
                case_class=error.case_class,
                audience=Audience.ACCOUNTANT,
                evidence=error.evidence if missing else evidence,
                fixes=fixes_of(error),
            )
        )

    def condition(self, expr: Expr | None, frame: Frame, place: str) -> bool:
        """Whether the condition holds; one that cannot be told is an issue and does not hold."""
        if expr is None:
            return True
        try:
            return r.truth(self.evaluator.value(expr, frame))
        except FAULTS as error:
            self.fault(place, error)
            return False

    def trace(self, where: str, value: Any, row: Row, log: Log) -> None:
        """Keep where a value came from."""
        words = self.evaluator.words(row.value)
        self.traces.append(
            FieldTrace(where, value, words, tuple(log.reads), tuple(log.steps), tuple(log.used))
        )

    def slot(self, slot: Slot, out: Record, frame: Frame, place: str) -> None:
        where = f"{place}{'.'.join(slot.steps)}"
        for row in slot.rows:
            log = self.evaluator.log = Log()
            faults = len(self.issues)
            if not self.condition(row.when, frame, where):
                if len(self.issues) > faults:
                    return
                continue
            try:
                value = fit(slot, row, self.evaluator.value(row.value, frame))
            except FAULTS as error:
                self.fault(where, error, row)
                return
            if value is not None:
                _put(out, slot.steps, value)
                if self.evaluator.tracing:
                    self.trace(where, value, row, log)
                return
            break
        if slot.required:
            self.fault(where, r.FieldFault(f"{where} must not be empty.", "required"))

    def block(self, plan: PlanBlock, out: Record, frame: Frame, place: str) -> None:
        where = f"{place}{'.'.join(plan.steps)}"
        made: list[Any] = []
        start = len(_get(out, plan.steps) or [])
        for inner in self.frames(plan, frame, where):
            element: Record = {}
            self.fill(plan.slots, plan.blocks, element, inner, f"{where}[{start + len(made)}].")
            made.append(element)
        if made:
            _put(out, plan.steps, [*(_get(out, plan.steps) or []), *made])

    def frames(self, plan: PlanBlock, frame: Frame, where: str) -> list[Frame]:
        """A frame for every element the block makes."""
        block = plan.block
        if block.each is None:
            return [frame] if self.condition(block.where, frame, where) else []
        bound = block.each.bound
        if bound is None:
            return []
        kept: list[Frame] = []
        for element in self.evaluator.elements((bound.scope, bound.steps), frame):
            inner = Frame({**frame.scopes, block.alias: element}, frame.groups)
            if self.condition(block.where, inner, where):
                kept.append(inner)
        return self.grouped(plan, kept, where) if block.group else kept

    def grouped(self, plan: PlanBlock, kept: list[Frame], where: str) -> list[Frame]:
        """One frame per group: its first element, and all of them under ``group``."""
        groups: dict[tuple[Any, ...], list[Frame]] = {}
        for inner in kept:
            try:
                key = tuple(_key(self.evaluator.value(one, inner)) for one in plan.block.group)
            except FAULTS as error:
                self.fault(where, error)
                continue
            groups.setdefault(key, []).append(inner)
        alias = plan.block.alias
        return [
            Frame(found[0].scopes, {"group": [one.scopes[alias] for one in found]})
            for found in groups.values()
        ]

    def fill(
        self, slots: tuple[Slot, ...], blocks: tuple[PlanBlock, ...], out: Record, frame: Frame,
        place: str,
    ) -> None:  # fmt: skip
        for slot in slots:
            self.slot(slot, out, frame, place)
        for one in blocks:
            self.block(one, out, frame, place)


def _key(value: Any) -> Any:
    """A value by which elements are grouped: 2 and 2.00 are one group."""
    return "" if value is None else value


def _get(out: Record, steps: tuple[str, ...]) -> Any:
    found: Any = out
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _put(out: Record, steps: tuple[str, ...], value: Any) -> None:
    found: Any = out
    for step in steps[:-1]:
        found = found.setdefault(step, {})
    found[steps[-1]] = value


def run_careful(plan: Plan, record: Record, context: Context, *, trace: bool) -> Result:
    """Map one record; never raises for what is in the record."""
    needs: dict[Need, None] = {}
    evaluator = Evaluator(context, dict(plan.mapping.constants), needs, plan.texts)
    evaluator.tracing = trace
    run = _Run(evaluator)
    frame = Frame({"": Element(record)})
    if plan.mapping.as_of is not None:
        try:
            found = r.day(evaluator.value(plan.mapping.as_of, frame))
            evaluator.day = found or context.today
        except FAULTS as error:
            run.fault("as_of", error)
    out: Record = {}
    run.fill(plan.slots, plan.blocks, out, frame, "")
    actions = tuple(
        a.action for a in plan.mapping.actions if run.condition(a.when, frame, f"action {a.action}")
    )
    return Result(
        out, tuple(run.issues), tuple(run.traces) if trace else None, tuple(needs), actions
    )
