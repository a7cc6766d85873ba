"""Functions exist, have the right number and kinds of arguments, and names are written as texts.

Example: ``LEFT(name)`` is fine, ``LEFT(name, "two")`` is refused because a number is expected.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.canon.money import MAX_PLACES
from engine.mapping.calculations import make_date
from engine.mapping.functions import FUNCTIONS, Form, Function, Kind
from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, children, walk
from engine.mapping.passes.draft import Draft, Spot, spots
from engine.mapping.paths import aggregates
from engine.mapping.refusals import Refusal
from engine.mapping.runtime import FieldFault
from engine.mapping.schemas import nearest
from engine.mapping.types import Known, Typed, infer
from engine.mapping.write import write_expression

MAX_LOOPS = 2
_FREE = (Kind.ANY, Kind.BLANK)
# What may stand where a kind is expected, besides the kind itself; a date is a text as well.
_ALSO: dict[Kind, tuple[Kind, ...]] = {
    Kind.TEXT: (Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.FLAG),
    Kind.DATE: (Kind.TEXT, Kind.TIME),
    Kind.NUMBER: (),
    Kind.FLAG: (Kind.TEXT,),
}
_FIXES = {
    Kind.NUMBER: "Turn it into a number with NUMBER(…).",
    Kind.FLAG: 'Compare it with something, such as status = "9".',
    Kind.DATE: "Turn it into a date with TODATE(…) or DATE(…).",
}


def check_calls(draft: Draft) -> Draft:
    """Refuse unknown functions and arguments that cannot work."""
    known = Known(draft.catalog, dict(draft.mapping.constants))
    found: list[Refusal] = []
    for spot in spots(draft.mapping):
        for expr in walk(spot.expr):
            found += _expression(spot, expr, known)
        if spot.condition:
            found += _kind(spot, spot.expr, Kind.FLAG, known, "The condition")
        found += _loops(spot, spot.expr, 0)
    return draft.refuse(found)


def _expression(spot: Spot, expr: Expr, known: Known) -> Iterator[Refusal]:
    match expr:
        case Call(name=name):
            function = FUNCTIONS.get(name)
            if function is None:
                like = nearest(name, list(FUNCTIONS))
                fix = f"Did you mean {like}?" if like else "Choose a function from the list."
                yield spot.refusal(expr, f"There is no function {name}.", fix)
                return
            yield from _arguments(spot, expr, function, known)
            if name == "DATE":
                yield from _day(spot, expr)
        case Binary(op=op, left=left, right=right) if op in "+-*/":
            for side in (left, right):
                yield from _kind(spot, side, Kind.NUMBER, known, f"“{op}”")
            if op == "/" and isinstance(right, Literal) and right.value == 0:
                yield spot.refusal(expr, "This divides by zero.", "Divide by something else.")
        case Negative(operand=operand):
            yield from _kind(spot, operand, Kind.NUMBER, known, "“-”")
        case _:
            return


def _arguments(spot: Spot, call: Call, function: Function, known: Known) -> Iterator[Refusal]:
    count = len(call.args)
    if not function.needs <= count <= function.most:
        takes = str(function.needs)
        if function.repeats:
            takes += " or more"
        elif function.most != function.needs:
            takes += f" to {function.most}"
        yield spot.refusal(
            call,
            f"{call.name} takes {takes} arguments, not {count}.",
            f"Example: {function.example}",
        )
        return
    if call.name == "FILTER" and not _inside_aggregate(spot.expr, call):
        yield spot.refusal(
            call, "FILTER gives a list.", "Put it into SUM, COUNT, FIRST, JOIN, MIN or MAX."
        )
        return
    for index, arg in enumerate(call.args):
        if aggregates(call) and isinstance(arg, Call) and arg.name == "FILTER":
            continue
        yield from _kind(spot, arg, function.kind(index), known, call.name)
    if function.form is Form.TABLE and call.name not in ("CONVERT", "CONVERTPRICE"):
        first = call.args[0]
        if not (isinstance(first, Literal) and isinstance(first.value, str)):
            yield spot.refusal(
                first, f"{call.name} needs a fixed name.", f"Example: {function.example}"
            )
    if call.name in ("ROUND", "FIXED") and count > 1:
        yield from _digits(spot, call)


def _day(spot: Spot, call: Call) -> Iterator[Refusal]:
    """A written day that the calendar does not have fails on every record; one that is worked out may."""
    parts = [arg.value for arg in call.args if isinstance(arg, Literal)]
    try:
        if len(parts) == len(call.args) == 3:
            make_date(*parts)
    except FieldFault as error:
        yield spot.refusal(call, str(error), "Write a day that the calendar has.")


def _digits(spot: Spot, call: Call) -> Iterator[Refusal]:
    places = call.args[1]
    fits = (
        isinstance(places, Literal)
        and isinstance(places.value, Decimal)
        and places.value in range(MAX_PLACES + 1)
    )
    if not fits:
        yield spot.refusal(
            places, f"{call.name} takes 0 to {MAX_PLACES} digits.", "Write the number, such as 2."
        )


def _inside_aggregate(expr: Expr, wanted: Call) -> bool:
    for one in walk(expr):
        if isinstance(one, Call) and aggregates(one) and one.args[0] is wanted:
            return True
    return False


def _kind(spot: Spot, expr: Expr, wanted: Kind, known: Known, who: str) -> Iterator[Refusal]:
    found: Typed = infer(expr, known)
    if wanted in _FREE or found.kind in (*_FREE, wanted) or found.kind in _ALSO.get(wanted, ()):
        return
    yield spot.refusal(
        expr,
        f"{who} expects {wanted.value}, but {write_expression(expr)} is {found.kind.value}.",
        _FIXES.get(wanted, "Use another field."),
    )


def _loops(spot: Spot, expr: Expr, depth: int) -> Iterator[Refusal]:
    """Aggregates inside aggregates multiply the work; two levels are enough for documents."""
    deeper = depth + (isinstance(expr, Call) and aggregates(expr))
    if deeper > MAX_LOOPS:
        yield spot.refusal(
            expr, "Too many aggregates inside each other.", f"Use at most {MAX_LOOPS} levels."
        )
        return
    for child in children(expr):
        yield from _loops(spot, child, deeper)
