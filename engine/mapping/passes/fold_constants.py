"""Calculates what is constant, and makes division by a power of ten a multiplication.

Runs last: everything it meets has been checked. Example: ``1 - 5 / 100`` becomes ``0.95`` and
``rate / 100`` becomes ``rate * 0.01``, which is exact and the same for every way of running.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine.mapping import runtime
from engine.mapping.functions import FUNCTIONS, Form
from engine.mapping.nodes import Binary, Block, Call, Expr, Literal, Negative, Row, rebuild
from engine.mapping.passes.draft import Draft
from engine.mapping.runtime import FieldFault

_POWERS = {Decimal(10) ** n: Decimal(1).scaleb(-n) for n in range(1, 7)}


def fold(expr: Expr) -> Expr:
    """The expression with constant parts calculated."""
    return rebuild(expr, _fold)


def _fold(expr: Expr) -> Expr:
    try:
        match expr:
            case Binary(op=op, left=Literal(value=left), right=Literal(value=right)):
                return Literal(_kept(runtime.OPERATORS[op](left, right)), expr.at)
            case Binary(op="/", left=left, right=Literal(value=Decimal() as by)) if by in _POWERS:
                return replace(expr, op="*", left=left, right=Literal(_POWERS[by], expr.right.at))
            case Negative(operand=Literal(value=value)):
                return Literal(runtime.negative(value), expr.at)
            case Call(name=name, args=args) if all(isinstance(a, Literal) for a in args):
                function = FUNCTIONS[name]
                if function.form is Form.STRICT and function.run is not None:
                    values = [a.value for a in args if isinstance(a, Literal)]
                    return Literal(_kept(function.run(*values)), expr.at)
    except (FieldFault, ArithmeticError, TypeError):
        # Left as it is: the record's issue will say what is wrong.
        return expr
    return expr


def _kept(value: object) -> str | Decimal | bool | None:
    if value is None or isinstance(value, (str, Decimal, bool)):
        return value
    raise TypeError


def _rows(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    return tuple(
        replace(r, value=fold(r.value), when=fold(r.when) if r.when is not None else None)
        for r in rows
    )


def _block(block: Block) -> Block:
    return replace(
        block,
        where=fold(block.where) if block.where is not None else None,
        group=tuple(fold(g) for g in block.group),
        rows=_rows(block.rows),
        blocks=tuple(_block(b) for b in block.blocks),
    )


def fold_constants(draft: Draft) -> Draft:
    """The draft with constant parts calculated; the stored document stays as it was written."""
    mapping = draft.mapping
    return replace(
        draft,
        mapping=replace(
            mapping,
            rows=_rows(mapping.rows),
            blocks=tuple(_block(b) for b in mapping.blocks),
            actions=tuple(replace(a, when=fold(a.when)) for a in mapping.actions),
        ),
    )
