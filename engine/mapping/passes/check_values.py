"""Values fit their targets: kind, list of codes, length, digits; what may lose something is confirmed.

Example: a date into a text field is fine, a text into a date field is refused until TODATE reads it,
and a decimal into a whole number needs ``confirm: lossy``.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from engine.mapping.functions import Kind
from engine.mapping.nodes import Call, Confirm, Expr, Literal, Path, Row, Scalar
from engine.mapping.passes.draft import Draft, Spot, spots
from engine.mapping.plan import find
from engine.mapping.refusals import Refusal
from engine.mapping.runtime import FieldFault, truth
from engine.mapping.schemas import Node
from engine.mapping.types import Known, Typed, branches, infer, kind_of
from engine.schema.model import FieldSchema, FieldType

_FITS: dict[Kind, tuple[Kind, ...]] = {
    Kind.TEXT: (Kind.NUMBER, Kind.DATE, Kind.TIME, Kind.FLAG),
    Kind.NUMBER: (),
    Kind.FLAG: (),
    Kind.DATE: (),
    Kind.TIME: (Kind.DATE,),
}
# Conversions that work for many values but not for all, or that drop something.
_LOSSY: dict[tuple[Kind, Kind], str] = {
    (Kind.TEXT, Kind.NUMBER): "A text may not be a number.",
    (Kind.TEXT, Kind.DATE): "A text may not be a date.",
    (Kind.TEXT, Kind.TIME): "A text may not be a time.",
    (Kind.TEXT, Kind.FLAG): "A text may be neither yes nor no.",
    (Kind.NUMBER, Kind.FLAG): "Every number but 0 becomes yes.",
    (Kind.TIME, Kind.DATE): "The time of the day is lost.",
}


def check_values(draft: Draft) -> Draft:
    """Refuse values that cannot fit, and lossy ones nobody confirmed."""
    known = Known(draft.catalog, dict(draft.mapping.constants))
    found: list[Refusal] = []
    for spot in spots(draft.mapping):
        if spot.row is not None and not spot.condition:
            field = _target(draft.target, spot)
            if field is not None and field.type not in (FieldType.OBJECT, FieldType.ARRAY):
                found += _value(spot, spot.row, field, known)
    return draft.refuse(found)


def _target(root: Node, spot: Spot) -> FieldSchema | None:
    node = find(root, spot.target)
    return node.field if node else None


def _value(spot: Spot, row: Row, field: FieldSchema, known: Known) -> Iterator[Refusal]:
    typed = infer(row.value, known)
    wanted = Kind.TEXT if field.enum else kind_of(field.type)
    if typed.kind in (Kind.ANY, Kind.BLANK):
        yield from _options(spot, row.value, field, known)
        return
    if typed.kind is Kind.OBJECT:
        yield spot.refusal(
            row.value, "This is an object, not a value.", "Choose a field inside it."
        )
        return
    if typed.kind is not wanted and typed.kind not in _FITS.get(wanted, ()):
        yield from _conversion(spot, row, typed, wanted)
        return
    yield from _options(spot, row.value, field, known)
    yield from _loss(spot, row, typed, field)


def _conversion(spot: Spot, row: Row, typed: Typed, wanted: Kind) -> Iterator[Refusal]:
    reason = _LOSSY.get((typed.kind, wanted))
    if reason is None:
        yield spot.refusal(
            row.value,
            f"The target takes {wanted.value}, this is {typed.kind.value}.",
            "Map another field, or calculate the value.",
        )
    elif typed.values is not None and _all_convert(typed.values, wanted):
        return
    elif row.confirm is not Confirm.LOSSY:
        yield spot.refusal(
            row.value,
            f"The target takes {wanted.value}, this is {typed.kind.value}. {reason}",
            "Confirm it with “confirm: lossy”, or convert it with a function.",
        )


def _all_convert(values: frozenset[Scalar], wanted: Kind) -> bool:
    """Whether every possible value has a plain meaning in the wanted kind."""
    if wanted is not Kind.FLAG:
        return False
    try:
        return all(isinstance(truth(v), bool) for v in values if not isinstance(v, Decimal))
    except FieldFault:
        return False


def _options(spot: Spot, expr: Expr, field: FieldSchema, known: Known) -> Iterator[Refusal]:
    """Fixed texts and code lists against the target's own list and length."""
    for one in _leaves(expr):
        typed = infer(one, known)
        if field.enum and typed.values is not None:
            allowed = {code for code, _ in field.enum}
            wrong = sorted(str(v) for v in typed.values if v not in (None, "") and v not in allowed)
            if wrong:
                listed = ", ".join(sorted(allowed)[:10])
                yield spot.refusal(
                    one,
                    f"“{', '.join(wrong[:5])}” is not allowed; allowed: {listed}.",
                    "Translate it with LOOKUP or SWITCH."
                    if isinstance(one, Path)
                    else "Use an allowed value.",
                )
        literal = one.value if isinstance(one, Literal) else None
        if isinstance(literal, str) and field.length is not None and len(literal) > field.length:
            yield spot.refusal(
                one,
                f"“{literal[:40]}” has {len(literal)} characters, {field.length} are allowed.",
                "Shorten it.",
            )


def _leaves(expr: Expr) -> Iterator[Expr]:
    options = branches(expr) if isinstance(expr, Call) else []
    if not options:
        yield expr
    for one in options:
        yield from _leaves(one)


def _loss(spot: Spot, row: Row, typed: Typed, field: FieldSchema) -> Iterator[Refusal]:
    if row.confirm is Confirm.LOSSY:
        return
    if field.type is FieldType.INTEGER and not typed.whole and typed.kind is Kind.NUMBER:
        yield spot.refusal(
            row.value,
            "The target takes whole numbers; digits after the point would be lost.",
            "Use ROUND(…, 0) or INT(…), or confirm it with “confirm: lossy”.",
        )
    places = typed.places
    finer = field.scale is not None and places is not None and places > field.scale
    if field.type is FieldType.DECIMAL and finer:
        yield spot.refusal(
            row.value,
            f"The target keeps {field.scale} digits after the point, this may have {places}.",
            f"Use ROUND(…, {field.scale}), or confirm it with “confirm: lossy”.",
        )
    too_long = field.length is not None and typed.limit is not None and typed.limit > field.length
    if too_long and not field.enum and not isinstance(row.value, Literal):
        yield spot.refusal(
            row.value,
            f"The text may have {typed.limit} characters, the target takes {field.length}.",
            f"Use LEFT(…, {field.length}), or confirm it with “confirm: lossy”.",
        )
