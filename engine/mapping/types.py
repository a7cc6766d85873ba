"""What kind of value an expression gives: used by the checks and by the code generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from engine.mapping.functions import FUNCTIONS, Kind
from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, Path, Scalar
from engine.mapping.passes.draft import Catalog
from engine.mapping.paths import aggregates, body
from engine.schema.model import FieldType

_KINDS: dict[FieldType, Kind] = {
    FieldType.STRING: Kind.TEXT,
    FieldType.ENUM: Kind.TEXT,
    FieldType.REFERENCE: Kind.TEXT,
    FieldType.INTEGER: Kind.NUMBER,
    FieldType.DECIMAL: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.FLAG,
    FieldType.DATE: Kind.DATE,
    FieldType.DATETIME: Kind.TIME,
    FieldType.OBJECT: Kind.OBJECT,
    FieldType.ARRAY: Kind.OBJECT,
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What is known about the values of an expression.

    Attributes:
        kind: its kind.
        limit: greatest length as text, or None where unknown.
        values: all values it can have, or None where they are not known.
        whole: a number without digits after the point.
        places: at most so many digits after the point, or None where unknown.
    """

    kind: Kind
    limit: int | None = None
    values: frozenset[Scalar] | None = None
    whole: bool = False
    places: int | None = None


ANYTHING = Typed(Kind.ANY)
NOTHING = Typed(Kind.BLANK, 0, frozenset((None,)), whole=True, places=0)


def kind_of(field_type: FieldType) -> Kind:
    """The kind of a field's values."""
    return _KINDS[field_type]


@dataclass(frozen=True, slots=True)
class Known:
    """What the types of lookups, facts and constants are."""

    catalog: Catalog
    constants: dict[str, Scalar]


def infer(expr: Expr, known: Known) -> Typed:
    """The type of a bound expression; faults in it are found by other passes."""
    match expr:
        case Literal(value=value):
            return _literal(value)
        case Path():
            return _path(expr)
        case Negative(operand=operand):
            return replace(infer(operand, known), kind=Kind.NUMBER, values=None)
        case Binary(op="&", left=left, right=right):
            return _joined([infer(left, known), infer(right, known)])
        case Binary(op=op, left=left, right=right) if op in "+-*/":
            return _arithmetic(op, infer(left, known), infer(right, known))
        case Binary():
            return Typed(Kind.FLAG, 5)
        case Call():
            return _call(expr, known)


def _literal(value: Scalar) -> Typed:
    if value is None:
        return NOTHING
    only = frozenset((value,))
    if isinstance(value, bool):
        return Typed(Kind.FLAG, 5, only)
    if isinstance(value, str):
        return Typed(Kind.TEXT, len(value), only) if value else replace(NOTHING, values=only)
    places = max(-int(value.as_tuple().exponent), 0)
    whole = value == value.to_integral_value()
    return Typed(Kind.NUMBER, len(format(value, "f")), only, whole, places)


def _path(path: Path) -> Typed:
    bound = path.bound
    if bound is None or bound.field is None:
        return ANYTHING
    field = bound.field
    whole = field.type is FieldType.INTEGER
    values = frozenset[Scalar](code for code, _ in field.enum) if field.enum else None
    return Typed(kind_of(field.type), field.length, values, whole, 0 if whole else field.scale)


def _arithmetic(op: str, left: Typed, right: Typed) -> Typed:
    if op == "/":
        return Typed(Kind.NUMBER)
    places = None
    if left.places is not None and right.places is not None:
        both = (left.places, right.places)
        places = sum(both) if op == "*" else max(both)
    return Typed(Kind.NUMBER, None, None, left.whole and right.whole, places)


def _joined(parts: list[Typed]) -> Typed:
    limit = sum(p.limit for p in parts if p.limit is not None)
    return Typed(Kind.TEXT, limit if all(p.limit is not None for p in parts) else None)


def either(options: list[Typed]) -> Typed:
    """The type of a value that is one of several; blanks agree with everything."""
    filled = [o for o in options if o.kind is not Kind.BLANK]
    if not filled:
        return NOTHING
    kinds = {o.kind for o in filled}
    limits = [o.limit for o in filled]
    places = [o.places for o in filled]
    values: set[Scalar] | None = set()
    for one in options:
        values = values | one.values if values is not None and one.values is not None else None
    return Typed(
        kinds.pop() if len(kinds) == 1 else Kind.ANY,
        max(x for x in limits if x is not None) if None not in limits else None,
        frozenset(values) if values is not None else None,
        all(o.whole for o in filled),
        max(x for x in places if x is not None) if None not in places else None,
    )


def branches(call: Call) -> list[Expr]:
    """The expressions one of which a lazy function gives."""
    args = list(call.args)
    match call.name:
        case "IF":
            return args[1:] if len(args) > 2 else [*args[1:], Literal(None)]
        case "SWITCH":
            pairs = args[1:]
            last = [pairs[-1]] if len(pairs) % 2 else [Literal(None)]
            return [*pairs[1::2], *last]
        case "COALESCE":
            return args
        case _:
            return []


def _constant_name(call: Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, Literal) and isinstance(first.value, str) else ""


def _call(call: Call, known: Known) -> Typed:
    options = branches(call)
    if options:
        return either([infer(o, known) for o in options])
    name = _constant_name(call)
    match call.name:
        case "LOOKUP":
            info = known.catalog.lookups.get(name)
            if info is None:
                return ANYTHING
            values = frozenset[Scalar](v for v in info.values if not isinstance(v, int)) or None
            found = Typed(info.gives, info.longest, values)
            return either([found, infer(call.args[2], known)]) if len(call.args) > 2 else found
        case "CONST":
            return _literal(known.constants[name]) if name in known.constants else ANYTHING
        case "FACT":
            return Typed(known.catalog.facts.get(name, Kind.ANY))
        case _:
            return _plain(call, known)


def _plain(call: Call, known: Known) -> Typed:
    function = FUNCTIONS.get(call.name)
    if function is None or not call.args:
        return ANYTHING
    if aggregates(call) and call.name in ("FIRST", "LAST", "MIN", "MAX"):
        return infer(body(call)[0], known)
    first = infer(call.args[0], known)
    if call.name in ("MIN", "MAX"):
        return either([infer(a, known) for a in call.args])
    counts = [_count(a) for a in call.args]
    rule = _RULES.get(call.name)
    if rule is not None:
        return rule(first, counts)
    if call.name == "CONCAT":
        return _joined([infer(a, known) for a in call.args])
    if call.name in ("SUM", "ABS"):
        inner = infer(body(call)[0], known)
        return Typed(Kind.NUMBER, None, None, inner.whole, inner.places)
    return Typed(function.gives)


_Counts = list[int | None]


def _at(counts: _Counts, index: int, default: int | None) -> int | None:
    return counts[index] if len(counts) > index else default


def _padded(first: Typed, counts: _Counts) -> Typed:
    count = _at(counts, 1, None)
    if count is None or first.limit is None:
        return Typed(Kind.TEXT)
    return Typed(Kind.TEXT, max(count, first.limit))


def _rounded(_first: Typed, counts: _Counts) -> Typed:
    places = _at(counts, 1, 0)
    return Typed(Kind.NUMBER, None, None, places == 0, places)


def _same_text(first: Typed, _counts: _Counts) -> Typed:
    return Typed(Kind.TEXT, first.limit if first.kind in (Kind.TEXT, Kind.BLANK) else None)


def _whole(_first: Typed, _counts: _Counts) -> Typed:
    return Typed(Kind.NUMBER, None, None, whole=True, places=0)


_RULES: dict[str, Callable[[Typed, _Counts], Typed]] = {
    **dict.fromkeys(("LEFT", "RIGHT"), lambda _f, c: Typed(Kind.TEXT, _at(c, 1, 1))),
    "MID": lambda _f, c: Typed(Kind.TEXT, _at(c, 2, None)),
    "PAD": _padded,
    "ROUND": _rounded,
    **dict.fromkeys(("TRIM", "UPPER", "LOWER", "STRIPZEROS", "SPLIT", "TEXT"), _same_text),
    **dict.fromkeys(("COUNT", "LEN", "INT", "DAYS", "YEAR", "MONTH", "DAY"), _whole),
}


def _count(expr: Expr) -> int | None:
    """A literal number of characters or digits; never negative."""
    if isinstance(expr, Literal) and isinstance(expr.value, Decimal):
        return max(int(expr.value), 0)
    return None
