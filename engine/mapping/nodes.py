"""The syntax tree of a mapping: expressions, rows, blocks, and the document around them.

Everything is frozen and compares by content, so two trees are equal when they say the same. Where
something stood in the text (``at``) and what a name was found to mean (``bound``) do not take part
in the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from engine.schema.model import FieldSchema

Scalar = str | Decimal | bool | None
At = tuple[int, int]
"""Line and column in the text of the expression, both counted from 1."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a path was found to mean.

    Attributes:
        scope: alias of the block it starts from, or empty for the document.
        steps: names below that scope.
        arrays: positions in ``steps`` that are lists.
        field: the schema's field, or None below a free ``custom`` object.
        owner: path of the scope inside the source entity, with ``[]``.
    """

    scope: str
    steps: tuple[str, ...]
    arrays: tuple[int, ...] = ()
    field: FieldSchema | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, TRUE, FALSE or BLANK."""

    value: Scalar
    at: At = field(default=(1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class Path:
    """A field of the document or of the current line: ``party``, ``line.quantity``."""

    names: tuple[str, ...]
    at: At = field(default=(1, 1), compare=False)
    bound: Bound | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    args: tuple[Expr, ...]
    at: At = field(default=(1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands with ``+ - * / & = <> < <= > >=`` between them."""

    op: str
    left: Expr
    right: Expr
    at: At = field(default=(1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus something."""

    operand: Expr
    at: At = field(default=(1, 1), compare=False)


Expr = Literal | Path | Call | Binary | Negative


class Confirm(StrEnum):
    """What a person has confirmed about a row."""

    NOTHING = ""
    LOSSY = "lossy"


@dataclass(frozen=True, slots=True)
class Row:
    """One target field: where the value goes, how it is made, and when.

    Several rows may have the same target; the first whose condition holds is used.

    Attributes:
        target: path inside the target entity (or inside the block's element).
        value: the expression.
        when: condition, or None for always.
        confirm: ``lossy`` once a person agreed that the conversion may lose something.
        note: a person's remark.
    """

    target: str
    value: Expr
    when: Expr | None = None
    confirm: Confirm = Confirm.NOTHING
    note: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Elements of a target list: one per source element, per group, or a single one.

    Several blocks may fill the same list; their elements follow each other, which is how one
    source line becomes several target lines.

    Attributes:
        target: path of the target list, without ``[]``.
        each: path of the source list, or None for a single element.
        alias: name by which expressions call the current element.
        where: condition an element must meet; for a single element, whether it is made at all.
        group: expressions whose equal values put elements into one group. Inside, the alias is the
            first element of the group and ``group`` is the list of all of them.
        rows: rows of one element.
        blocks: lists inside one element.
        note: a person's remark.
    """

    target: str
    each: Path | None = None
    alias: str = "line"
    where: Expr | None = None
    group: tuple[Expr, ...] = ()
    rows: tuple[Row, ...] = ()
    blocks: tuple[Block, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ActionRow:
    """A state of the source that calls for an action at the target (void, pay, …)."""

    action: str
    when: Expr
    note: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a mapping: a system and one of its entities."""

    system: str
    entity: str


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one entity becomes another.

    Attributes:
        name: short name, unique inside a company.
        source: what is read.
        target: what is made.
        rows: fields of the document.
        blocks: lists of the document.
        actions: state -> action rows.
        constants: named values for ``CONST``, sorted by name.
        as_of: expression of the date at which lookup tables are read; None: the run's date.
        note: a person's remark.
    """

    name: str
    source: Side
    target: Side
    rows: tuple[Row, ...] = ()
    blocks: tuple[Block, ...] = ()
    actions: tuple[ActionRow, ...] = ()
    constants: tuple[tuple[str, Scalar], ...] = ()
    as_of: Expr | None = None
    note: str = ""


def children(expr: Expr) -> tuple[Expr, ...]:
    """The operands of an expression, left to right."""
    match expr:
        case Call(args=args):
            return args
        case Binary(left=left, right=right):
            return (left, right)
        case Negative(operand=operand):
            return (operand,)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything inside it, outermost first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """A copy with ``change`` applied to every node, innermost first."""
    match expr:
        case Call(args=args):
            return change(replace(expr, args=tuple(rebuild(a, change) for a in args)))
        case Binary(left=left, right=right):
            return change(replace(expr, left=rebuild(left, change), right=rebuild(right, change)))
        case Negative(operand=operand):
            return change(replace(expr, operand=rebuild(operand, change)))
        case _:
            return change(expr)
