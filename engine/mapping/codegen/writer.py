"""The body a function grows in: variables, branches, globals."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.mapping.codegen.templates import constant, name, statements
from engine.mapping.nodes import Expr, Scalar
from engine.mapping.paths import Prefix


@dataclass(frozen=True, slots=True)
class Atom:
    """A variable or constant with what is sure about its class.

    ``sure`` is ``str``, ``D``, ``int`` or ``bool``, ``str?`` for a text or None, empty for anything.
    """

    node: ast.expr
    sure: str = ""


class Body:
    """Writes statements into the current body and keeps what is already known in variables.

    Attributes:
        body: where statements go.
        known: expression -> variable that holds its value here.
        lists: list -> variable that holds its current element here.
        uses: globals of the function.
        head: statements that run once, before everything (tables, links).
    """

    def __init__(self, constants: dict[str, Scalar]) -> None:
        self.body: list[ast.stmt] = []
        self.head: list[ast.stmt] = []
        self.known: dict[Expr, Atom] = {}
        self.lists: dict[Prefix, str] = {}
        self.uses: dict[str, Any] = {"D": Decimal, "HALF_UP": "ROUND_HALF_UP", "EMPTY": {}}
        self.constants = constants
        self.count = 0
        self.tables: dict[tuple[str, str], str] = {}

    def fresh(self, stem: str = "v") -> str:
        """A new variable name."""
        self.count += 1
        return f"{stem}{self.count}"

    def write(self, text: str, **holes: ast.expr | list[ast.stmt]) -> None:
        """Append statements."""
        self.body += statements(text, **holes)

    def store(self, value: ast.expr, stem: str = "v") -> ast.Name:
        """Put a value into a new variable."""
        variable = name(self.fresh(stem))
        self.write("_T = _V", _T=variable, _V=value)
        return variable

    @contextmanager
    def branch(self) -> Iterator[list[ast.stmt]]:
        """A body of its own; what becomes known inside is forgotten after it."""
        outer, known = self.body, self.known
        self.body, self.known = [], dict(known)
        try:
            yield self.body
        finally:
            self.body, self.known = outer, known

    def helper(self, function: Callable[..., Any]) -> ast.Name:
        """A runtime function as a global."""
        self.uses[function.__name__] = function
        return name(function.__name__)

    def held(self, value: Any, stem: str = "K") -> ast.Name:
        """Any value as a global."""
        for key, found in self.uses.items():
            if key.startswith(stem) and found.__class__ is value.__class__ and found == value:
                same = str(found) == str(value)
                if same:
                    return name(key)
        key = self.fresh(stem)
        self.uses[key] = value
        return name(key)

    def scalar(self, value: Scalar) -> Atom:
        """A literal."""
        if isinstance(value, Decimal):
            return Atom(self.held(value), "D")
        sure = "str" if isinstance(value, str) else "bool" if isinstance(value, bool) else ""
        return Atom(constant(value), sure)

    def value(self, expr: Expr) -> Atom:
        """The value of an expression; the layers above know how."""
        raise NotImplementedError

    def test(self, expr: Expr) -> ast.expr:
        """An expression as a condition; the layers above know how."""
        raise NotImplementedError
