"""Writes an expression back as text; reading the text again gives the same tree."""

from __future__ import annotations

import re
from decimal import Decimal

from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, Path, Scalar

_PLAIN = re.compile(r"[^\W\d][\w#$@]*")
_WORDS = {"TRUE", "FALSE", "BLANK"}
_LEVEL = {"=": 0, "<>": 0, "<": 0, "<=": 0, ">": 0, ">=": 0, "&": 1, "+": 2, "-": 2, "*": 3, "/": 3}
_UNARY = 4


def scalar_text(value: Scalar) -> str:
    """A literal as it is written in an expression."""
    if value is None:
        return "BLANK"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return format(value, "f")
    return '"' + value.replace('"', '""') + '"'


def _segment(name: str, *, alone: bool) -> str:
    plain = _PLAIN.fullmatch(name) and not (alone and name.upper() in _WORDS)
    return name if plain else f"[{name}]"


def write_expression(expr: Expr, level: int = 0) -> str:
    """The canonical text; brackets only where they are needed."""
    match expr:
        case Literal(value=value):
            text = scalar_text(value)
            return f"({text})" if text.startswith("-") and level > _UNARY else text
        case Path(names=names):
            return ".".join(_segment(n, alone=len(names) == 1) for n in names)
        case Call(name=name, args=args):
            return f"{name}({', '.join(write_expression(a) for a in args)})"
        case Negative(operand=operand):
            inner = write_expression(operand, _UNARY)
            # A bracket keeps "minus the number 5" apart from "the number minus 5".
            number = isinstance(operand, Literal) and isinstance(operand.value, Decimal)
            return f"-({inner})" if number else f"-{inner}"
        case Binary(op=op, left=left, right=right):
            own = _LEVEL[op]
            # Comparisons do not chain, so both sides of one are a level tighter.
            first = write_expression(left, own + 1 if own == 0 else own)
            text = f"{first} {op} {write_expression(right, own + 1)}"
            return f"({text})" if own < level else text
