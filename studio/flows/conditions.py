"""Conditions as people fill them in: rows of field, operator and value, all or any of which must hold.

The text is what is stored; rows are another way of writing it. A text that is not of this shape is
left to the text box, unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.canon.fields import canonical_schema
from engine.canon.typed import typed, typed_day, typed_number
from engine.mapping import parse_expression, write_expression
from engine.mapping.nodes import Binary, Call, Expr, Literal, Path, rebuild, walk
from engine.mapping.refusals import Unreadable
from engine.mapping.schemas import nearest
from engine.schema.model import FieldSchema, FieldType, Record

NUMBERS = (FieldType.DECIMAL, FieldType.INTEGER)
DAYS = (FieldType.DATE, FieldType.DATETIME)
SIGNS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "has": "contains",
    "no": "is no",
    "yes": "is yes",
    "empty": "is empty",
    "filled": "is filled in",
}
WITHOUT_VALUE = ("yes", "no", "empty", "filled")
JOINS = {"AND": "all of these hold", "OR": "one of these holds"}
_SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_UNSUITED = (FieldType.ARRAY, FieldType.OBJECT)


@dataclass(frozen=True, slots=True)
class Choice:
    """A field that conditions may name."""

    path: str
    label: str
    type: FieldType
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the form."""

    field: str = ""
    operator: str = "eq"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A condition as rows; ``join`` is AND or OR."""

    join: str = "AND"
    lines: tuple[Line, ...] = ()


def choices(document: str, each: str = "") -> list[Choice]:
    """Fields of a canonical document for conditions; with ``each`` also those of its elements."""
    entity = canonical_schema().entity(document)
    found = []
    for one in entity.fields if entity else ():
        if one.type in _UNSUITED:
            continue
        if "[]" not in one.path:
            found.append(_choice(one.path, one))
        elif each and one.path.startswith(f"{each}[]."):
            found.append(_choice(f"line.{one.path.removeprefix(f'{each}[].')}", one))
    return found


def _choice(path: str, one: FieldSchema) -> Choice:
    words = path.replace(".", " · ").replace("_", " ")
    return Choice(path, words, one.type, tuple(code for code, _ in one.enum))


def to_text(rows: Rows, known: Sequence[Choice]) -> str:
    """The rows as an expression; rows without a field are left out.

    Raises:
        ValueError: a value does not fit its field.
    """
    types = {c.path: c.type for c in known}
    parts = [_part(line, types) for line in rows.lines if line.field]
    if not parts:
        return ""
    whole = parts[0] if len(parts) == 1 else Call(rows.join, tuple(parts))
    return write_expression(whole)


def _part(line: Line, types: Mapping[str, FieldType]) -> Expr:
    kind = types.get(line.field)
    if kind is None:
        raise ValueError(f"There is no field “{line.field}”.")
    path = Path(tuple(line.field.split(".")))
    match line.operator:
        case "yes":
            return path
        case "no":
            return Call("NOT", (path,))
        case "empty":
            return Call("ISBLANK", (path,))
        case "filled":
            return Call("NOT", (Call("ISBLANK", (path,)),))
        case "has":
            return Call("CONTAINS", (path, Literal(line.value)))
        case sign if sign in SIGNS:
            return Binary(SIGNS[sign], path, _literal(line, kind))
        case _:
            raise ValueError(f"There is no operator “{line.operator}”.")


def _literal(line: Line, kind: FieldType) -> Expr:
    said = line.value.strip()
    name = line.field.replace("_", " ")
    try:
        if kind in NUMBERS:
            return Literal(typed_number(said))
        if kind in DAYS:
            day = typed_day(said)
            return Call("DATE", tuple(Literal(Decimal(p)) for p in (day.year, day.month, day.day)))
    except ValueError as error:
        raise ValueError(f"{name[:1].upper()}{name[1:]}: {error}") from error
    if kind is FieldType.BOOLEAN:
        return Literal(said.lower() in ("true", "yes", "1"))
    return Literal(said)


def to_rows(text: str) -> Rows | None:
    """The expression as rows; None where it says more than rows can."""
    if not text.strip() or text.strip().upper() == "TRUE":
        return Rows()
    try:
        tree = parse_expression(text)
    except Unreadable:
        return None
    join, parts = (
        (tree.name, tree.args)
        if isinstance(tree, Call) and tree.name in JOINS
        else ("AND", (tree,))
    )
    lines = [_line(part) for part in parts]
    plain = tuple(line for line in lines if line is not None)
    return Rows(join, plain) if len(plain) == len(lines) else None


def _line(part: Expr) -> Line | None:
    match part:
        case Path(names=names):
            return Line(".".join(names), "yes")
        case Call(name="NOT", args=(Path(names=names),)):
            return Line(".".join(names), "no")
        case Call(name="ISBLANK", args=(Path(names=names),)):
            return Line(".".join(names), "empty")
        case Call(name="NOT", args=(Call(name="ISBLANK", args=(Path(names=names),)),)):
            return Line(".".join(names), "filled")
        case Call(name="CONTAINS", args=(Path(names=names), Literal(value=str() as value))):
            return Line(".".join(names), "has", value)
        case Binary(op=op, left=Path(names=names), right=right):
            return _compared(op, names, right, swapped=False)
        case Binary(op=op, left=left, right=Path(names=names)):
            return _compared(op, names, left, swapped=True)
        case _:
            return None


def _compared(op: str, names: tuple[str, ...], other: Expr, *, swapped: bool) -> Line | None:
    sign = next((k for k, v in SIGNS.items() if v == op), None)
    value = _said(other)
    if sign is None or value is None:
        return None
    return Line(".".join(names), _SWAPPED.get(sign, sign) if swapped else sign, value)


def _said(expr: Expr) -> str | None:
    match expr:
        case Literal(value=bool() as value):
            return "yes" if value else "no"
        case Literal(value=Decimal() as value):
            return typed(value)
        case Literal(value=str() as value):
            return value
        case Call(name="DATE", args=(Literal(value=y), Literal(value=m), Literal(value=d))):
            numbers = [int(p) for p in (y, m, d) if isinstance(p, Decimal)]
            return _day(*numbers) if len(numbers) == 3 else None
        case _:
            return None


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def in_words(text: str) -> str:
    """The condition for people; the text itself where rows cannot say it."""
    rows = to_rows(text)
    if rows is None:
        return text
    if not rows.lines:
        return "always"
    return _joined(rows.join, rows.lines)


def _joined(join: str, lines: Sequence[Line]) -> str:
    said = [
        f"{line.field.replace('_', ' ')} {OPERATORS[line.operator]}"
        + ("" if line.operator in WITHOUT_VALUE else f" “{line.value}”")
        for line in lines
    ]
    return (" and " if join == "AND" else " or ").join(said)


def changed_lines(before: str, after: str) -> tuple[str, str] | None:
    """What only one of two conditions asks, in words; None where they share no line to tell it against."""
    one, two = to_rows(before), to_rows(after)
    if one is None or two is None or one.join != two.join:
        return None
    gone = [line for line in one.lines if line not in two.lines]
    new = [line for line in two.lines if line not in one.lines]
    if len(gone) == len(one.lines) or not (gone or new):
        return None
    return _joined(one.join, gone), _joined(two.join, new)


def parts(text: str) -> list[str]:
    """What must hold each for itself: the members of an AND, or the whole condition."""
    try:
        tree = parse_expression(text)
    except Unreadable:
        return [text]
    if isinstance(tree, Call) and tree.name == "AND":
        return [write_expression(part) for part in tree.args]
    return [text]


def named(text: str) -> list[str]:
    """The fields that a condition looks at, each once, in its order."""
    try:
        tree = parse_expression(text)
    except Unreadable:
        return []
    return list(dict.fromkeys(".".join(n.names) for n in walk(tree) if isinstance(n, Path)))


def found_there(text: str, record: Record) -> str:
    """What a record has in the fields of a condition, for people; lists are left out."""
    values = {name: _dug(record, name) for name in named(text)}
    return ", ".join(
        f"{name.replace('_', ' ')} {'is empty' if value in (None, '') else f'“{value}”'}"
        for name, value in values.items()
        if not isinstance(value, (list, dict))
    )


def _dug(record: Record, path: str) -> object:
    here: object = record
    for name in path.split("."):
        here = here.get(name) if isinstance(here, dict) else None
    return here


def corrected(text: str, document: str, each: str = "") -> str:
    """The text with unknown names replaced by the nearest known ones; empty where there is none."""
    known = [c.path for c in choices(document, each)]
    tops = {p.split(".")[0] for p in known} | {"lines", "custom", "taxes", "allocations"}
    changed = False

    def nearer(node: Expr) -> Expr:
        nonlocal changed
        if not isinstance(node, Path) or node.names[0] in tops:
            return node
        like = nearest(".".join(node.names), known)
        if not like:
            return node
        changed = True
        return Path(tuple(like.split(".")))

    try:
        tree = rebuild(parse_expression(text), nearer)
    except Unreadable:
        return ""
    return write_expression(tree) if changed else ""
