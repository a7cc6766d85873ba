"""Every branch can be reached: conditions that are always true or always false are refused."""

from __future__ import annotations

from collections.abc import Iterator

from engine.mapping import runtime
from engine.mapping.nodes import Binary, Call, Expr, Literal, walk
from engine.mapping.passes.draft import Draft, Spot, spots
from engine.mapping.passes.fold_constants import fold
from engine.mapping.refusals import Refusal
from engine.mapping.types import Known, infer
from engine.mapping.write import write_expression


def reach_branches(draft: Draft) -> Draft:
    """Refuse conditions that decide nothing and cases that can never be chosen."""
    known = Known(draft.catalog, dict(draft.mapping.constants))
    found: list[Refusal] = []
    for spot in spots(draft.mapping):
        if spot.condition:
            found += _condition(spot, spot.expr, known)
        for expr in walk(spot.expr):
            if isinstance(expr, Call):
                found += _call(spot, expr, known)
    found += _repeated(draft)
    return draft.refuse(found)


def _call(spot: Spot, call: Call, known: Known) -> Iterator[Refusal]:
    match call.name:
        case "IF" if call.args:
            yield from _condition(spot, call.args[0], known)
        case "SWITCH" if len(call.args) >= 3:
            yield from _switch(spot, call, known)
        case "COALESCE":
            for arg in call.args[:-1]:
                if isinstance(arg, Literal) and not runtime.blank(arg.value):
                    yield spot.refusal(
                        arg, "What follows this value is never used.", "Remove it or what follows."
                    )
        case _:
            return


def _condition(spot: Spot, expr: Expr, known: Known) -> Iterator[Refusal]:
    settled = _settled(expr, known)
    if settled is None:
        return
    words = "true" if settled else "false"
    yield spot.refusal(
        expr,
        f"The condition {write_expression(expr)} is always {words}.",
        "Correct it, or remove the branch that can never be reached.",
    )


def _settled(expr: Expr, known: Known) -> bool | None:
    """The value of a condition if it is the same for every record."""
    folded = fold(expr)
    if isinstance(folded, Literal):
        try:
            return runtime.truth(folded.value)
        except runtime.FieldFault:
            return None
    if isinstance(folded, Binary) and folded.op in ("=", "<>"):
        return _impossible(folded, known)
    if isinstance(folded, Call) and folded.name in ("AND", "OR"):
        parts = [_settled(a, known) for a in folded.args]
        decisive = folded.name == "OR"
        if decisive in parts:
            return decisive
        return (not decisive) if all(p is not None for p in parts) else None
    if isinstance(folded, Call) and folded.name == "NOT" and folded.args:
        inner = _settled(folded.args[0], known)
        return None if inner is None else not inner
    return None


def _impossible(expr: Binary, known: Known) -> bool | None:
    """A comparison of a list of codes with a code it does not have."""
    for side, other in ((expr.left, expr.right), (expr.right, expr.left)):
        if isinstance(other, Literal) and isinstance(other.value, str) and other.value:
            values = infer(side, known).values
            if values and not any(runtime.equal(v, other.value) for v in values):
                return expr.op == "<>"
    return None


def _switch(spot: Spot, call: Call, known: Known) -> Iterator[Refusal]:
    subject, pairs = call.args[0], call.args[1:]
    values = infer(subject, known).values
    seen: list[Expr] = []
    for index in range(0, len(pairs) - 1, 2):
        case = pairs[index]
        if case in seen:
            yield spot.refusal(
                case, f"The case {write_expression(case)} appears twice.", "Remove the second one."
            )
        seen.append(case)
        fixed = case.value if isinstance(case, Literal) else None
        if values and fixed not in (None, "") and not any(runtime.equal(v, fixed) for v in values):
            yield spot.refusal(
                case,
                f"{write_expression(subject)} never has the value {write_expression(case)}.",
                "Remove the case.",
            )


def _repeated(draft: Draft) -> Iterator[Refusal]:
    """Rows of one target with the same condition: the second is never used."""
    seen: set[tuple[str, Expr]] = set()
    for spot in spots(draft.mapping):
        if spot.row is None or not spot.condition:
            continue
        key = (f"{id(spot.blocks[-1]) if spot.blocks else ''}{spot.target}", spot.expr)
        if key in seen:
            yield spot.refusal(
                spot.expr, "A row above has the same condition.", "Remove one of the two rows."
            )
        seen.add(key)
