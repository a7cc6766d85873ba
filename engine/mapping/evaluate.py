"""The careful way of running a mapping: field by field, with faults as issues and a full trace.

The compiled function is the fast way; whenever it meets anything but plain values it gives up and
the record comes here. Both give the same record: a property test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import Any

from engine.errors import CaseClass
from engine.issue import Fix
from engine.mapping import calculations as c
from engine.mapping import runtime as r
from engine.mapping.context import Context, Need, Read, Used
from engine.mapping.functions import FUNCTIONS
from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, Path, Scalar
from engine.mapping.paths import Prefix, aggregates, body, loop_of, prefixes
from engine.mapping.write import write_expression
from engine.schema.model import JsonValue

FAULTS = (r.FieldFault, DecimalException, ArithmeticError, TypeError, ValueError, LookupError,
          AttributeError, RecursionError)  # fmt: skip


@dataclass(slots=True)
class Element:
    """An element of a list (or the document) with its concrete path."""

    value: Any
    path: str = ""


@dataclass(slots=True)
class Log:
    """What one field read, did and used."""

    reads: list[Read] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    used: list[Used] = field(default_factory=list)


@dataclass(slots=True)
class Frame:
    """Where names lead while an expression is evaluated.

    Attributes:
        scopes: alias -> element; empty alias is the document.
        groups: alias -> elements of the current group.
        taken: list -> its current element, inside an aggregate.
    """

    scopes: dict[str, Element]
    groups: dict[str, list[Element]] = field(default_factory=dict)
    taken: dict[Prefix, Element] = field(default_factory=dict)


class Evaluator:
    """Evaluates bound expressions of one record.

    Args:
        context: tables, links, units and facts.
        constants: constants of the mapping.
        needs: collects unresolved references.
        texts: written forms of expressions by identity, shared by all records of a plan.
    """

    def __init__(
        self,
        context: Context,
        constants: Map[str, Scalar],
        needs: dict[Need, None],
        texts: dict[int, str] | None = None,
    ) -> None:
        self.context = context
        self.constants = constants
        self.needs = needs
        self.day = context.today
        self.log = Log()
        self.texts = {} if texts is None else texts
        self.tracing = True

    def words(self, expr: Expr) -> str:
        """The written form of an expression of the plan."""
        found = self.texts.get(id(expr))
        if found is None:
            found = self.texts[id(expr)] = write_expression(expr)
        return found

    def value(self, expr: Expr, frame: Frame) -> Any:
        """The value of an expression.

        Raises:
            FieldFault: when it cannot be made.
        """
        match expr:
            case Literal(value=value):
                return value
            case Path():
                return self.path(expr, frame)
            case Negative(operand=operand):
                return r.negative(self.value(operand, frame))
            case Binary(op=op, left=left, right=right):
                found = r.OPERATORS[op](self.value(left, frame), self.value(right, frame))
                return self.step(expr, found)
            case Call():
                return self.step(expr, self.call(expr, frame))

    def step(self, expr: Expr, found: Any) -> Any:
        """Write the calculation down."""
        if self.tracing and found.__class__ is not list and found.__class__ is not dict:
            self.log.steps.append(f"{self.words(expr)} = {r.text(found) or 'blank'}")
        return found

    def path(self, path: Path, frame: Frame) -> Any:
        """The value at a path; a missing name is blank."""
        bound = path.bound
        if bound is None:
            raise r.FieldFault(f"“{'.'.join(path.names)}” was never bound.")
        start, steps = (
            frame.scopes.get(bound.scope),
            bound.steps,
        )
        for prefix in prefixes(path) if bound.arrays else ():
            if prefix not in frame.taken:
                raise r.FieldFault(f"“{'.'.join(path.names)}” is a list.")
            start, steps = frame.taken[prefix], bound.steps[len(prefix[1]) :]
        if start is None:
            return None
        found, place = start.value, start.path
        for name in steps:
            place = f"{place}.{name}" if place else name
            if found is None:
                break
            if found.__class__ is not dict:
                raise r.FieldFault(f"“{place}” is expected inside an object.")
            found = found.get(name)
        if found.__class__ is not dict and found.__class__ is not list:
            self.log.reads.append(Read(place, found))
        return found

    def call(self, call: Call, frame: Frame) -> Any:
        """The result of a function."""
        if aggregates(call):
            return self.aggregate(call, frame)
        special = _SPECIAL.get(call.name)
        if special is not None:
            return special(self, call, frame)
        run = FUNCTIONS[call.name].run
        if run is None:
            raise r.FieldFault(f"{call.name} cannot stand here.")
        return run(*[self.value(a, frame) for a in call.args])

    # Lists --------------------------------------------------------------------------------------

    def elements(self, prefix: Prefix, frame: Frame) -> Iterator[Element]:
        """The elements of a list, each with its concrete path."""
        scope, steps = prefix
        if not steps and scope in frame.groups:
            yield from frame.groups[scope]
            return
        outer = [
            p for p in frame.taken if p[0] == scope and p[1] == steps[: len(p[1])] and p != prefix
        ]
        if outer:
            longest = max(outer, key=lambda p: len(p[1]))
            start, rest = frame.taken[longest], steps[len(longest[1]) :]
        else:
            start, rest = frame.scopes[scope], steps
        found, place = start.value, start.path
        for name in rest:
            place = f"{place}.{name}" if place else name
            found = found.get(name) if found.__class__ is dict else None
        if found is None:
            return
        many = found if found.__class__ is list else [found]
        for index, one in enumerate(many):
            yield Element(one, f"{place}[{index}]")

    def each(self, loops: list[Prefix], frame: Frame) -> Iterator[Frame]:
        """A frame for every combination of elements."""
        if not loops:
            yield frame
            return
        for element in self.elements(loops[0], frame):
            inner = Frame(frame.scopes, frame.groups, {**frame.taken, loops[0]: element})
            yield from self.each(loops[1:], inner)

    def aggregate(self, call: Call, frame: Frame) -> Any:
        """The result of a function over a list."""
        value, condition = body(call)
        loops = loop_of(call, frozenset(frame.taken))
        found = [
            self.value(value, one)
            for one in self.each(loops, frame)
            if condition is None or r.truth(self.value(condition, one))
        ]
        filled = [v for v in found if not r.blank(v)]
        match call.name:
            case "SUM":
                return sum((n for v in filled if (n := r.number(v)) is not None), Decimal(0))
            case "COUNT":
                return Decimal(len(filled))
            case "AVERAGE":
                numbers = [n for v in filled if (n := r.number(v)) is not None]
                return sum(numbers, Decimal(0)) / len(numbers) if numbers else None
            case "FIRST":
                return filled[0] if filled else None
            case "LAST":
                return filled[-1] if filled else None
            case "JOIN":
                separator = self.value(call.args[1], frame) if len(call.args) > 1 else ", "
                return r.text(separator).join(r.text(v) for v in filled)
            case "MIN":
                return c.smallest(*filled)
            case _:
                return c.largest(*filled)


def _if(run: Evaluator, call: Call, frame: Frame) -> Any:
    if r.truth(run.value(call.args[0], frame)):
        return run.value(call.args[1], frame)
    return run.value(call.args[2], frame) if len(call.args) > 2 else None


def _and(run: Evaluator, call: Call, frame: Frame) -> bool:
    return all(r.truth(run.value(a, frame)) for a in call.args)


def _or(run: Evaluator, call: Call, frame: Frame) -> bool:
    return any(r.truth(run.value(a, frame)) for a in call.args)


def _not(run: Evaluator, call: Call, frame: Frame) -> bool:
    return not r.truth(run.value(call.args[0], frame))


def _isblank(run: Evaluator, call: Call, frame: Frame) -> bool:
    return r.blank(run.value(call.args[0], frame))


def _coalesce(run: Evaluator, call: Call, frame: Frame) -> Any:
    for arg in call.args:
        found = run.value(arg, frame)
        if not r.blank(found):
            return found
    return None


def _switch(run: Evaluator, call: Call, frame: Frame) -> Any:
    subject = run.value(call.args[0], frame)
    pairs = call.args[1:]
    for index in range(0, len(pairs) - 1, 2):
        if r.equal(subject, run.value(pairs[index], frame)):
            return run.value(pairs[index + 1], frame)
    return run.value(pairs[-1], frame) if len(pairs) % 2 else None


def literal_text(expr: Expr) -> str:
    """The text of a literal argument (table and constant names are literals, checked before)."""
    return expr.value if isinstance(expr, Literal) and isinstance(expr.value, str) else ""


def _lookup(run: Evaluator, call: Call, frame: Frame) -> Any:
    table = literal_text(call.args[0])
    code = r.text(run.value(call.args[1], frame))
    if not code:
        return run.value(call.args[2], frame) if len(call.args) > 2 else None
    rows = run.context.rows(table, run.day)
    if code in rows:
        if run.tracing:
            row = run.context.row(table, code, run.day)
            run.log.used.append(Used("lookup", table, code, rows[code], row.key if row else ""))
        return rows[code]
    if len(call.args) > 2:
        return run.value(call.args[2], frame)
    raise missing("lookup", table, code)


def missing(kind: str, table: str, code: str) -> r.FieldFault:
    """The fault for a code that nobody has translated yet."""
    words = {
        "lookup": f"The table “{table}” has no row for “{code}”.",
        "link": f"No {table} is linked to “{code}” yet.",
        "unit": f"The factor of {code} is not known.",
    }
    return r.FieldFault(
        words[kind],
        f"missing_{kind}",
        CaseClass.MISSING_REFERENCE,
        kind=kind,
        table=table,
        code=code,
    )


def _link(run: Evaluator, call: Call, frame: Frame) -> Any:
    kind = literal_text(call.args[0])
    code = r.text(run.value(call.args[1], frame))
    if not code:
        return None
    found = run.context.links.get(kind, {}).get(code)
    if found is None:
        run.needs[Need(kind, code)] = None
        raise missing("link", kind, code)
    run.log.used.append(Used("link", kind, code, found))
    return found


def _convert(run: Evaluator, call: Call, frame: Frame) -> Any:
    amount, unit, item = (run.value(a, frame) for a in call.args)
    found = convert(run.context, amount, unit, item, price=call.name == "CONVERTPRICE")
    run.log.used.append(Used("unit", r.text(item), r.text(unit), found))
    return found


def convert(context: Context, amount: Any, unit: Any, item: Any, *, price: bool) -> Decimal | None:
    """Quantity in stock units, or price per stock unit; their product stays what it was."""
    plain = r.number(amount)
    if plain is None:
        return None
    row = context.units.get(r.text(item), {}).get(r.text(unit))
    if row is None:
        raise missing("unit", "units", f"{r.text(item)} / {r.text(unit)}")
    return plain / row.factor if price is not row.divide else plain * row.factor


def _const(run: Evaluator, call: Call, frame: Frame) -> Any:
    return run.constants[literal_text(call.args[0])]


def _fact(run: Evaluator, call: Call, frame: Frame) -> JsonValue:
    name = literal_text(call.args[0])
    if name not in run.context.facts:
        raise r.FieldFault(f"The fact “{name}” is not known.", "missing_fact")
    return run.context.facts[name]


_SPECIAL: dict[str, Callable[[Evaluator, Call, Frame], Any]] = {
    "IF": _if,
    "AND": _and,
    "OR": _or,
    "NOT": _not,
    "SWITCH": _switch,
    "COALESCE": _coalesce,
    "ISBLANK": _isblank,
    "LOOKUP": _lookup,
    "LINK": _link,
    "CONVERT": _convert,
    "CONVERTPRICE": _convert,
    "CONST": _const,
    "FACT": _fact,
}


def fixes_of(fault: r.FieldFault) -> tuple[Fix, ...]:
    """Buttons for a fault."""
    kind = fault.evidence.get("kind")
    if kind == "lookup":
        return (Fix("add_lookup", "Add the row to the table", dict(fault.evidence)),)
    if kind == "link":
        return (
            Fix("link", "Choose the record", dict(fault.evidence)),
            Fix("create", "Create it at the target", dict(fault.evidence)),
        )
    if kind == "unit":
        return (Fix("add_unit", "Enter the factor", dict(fault.evidence)),)
    return (Fix("edit", "Edit the value", {}),)
