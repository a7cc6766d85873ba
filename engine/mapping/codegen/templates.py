"""Pieces of Python as trees: our own text with holes, never a user's text.

Holes are names in capitals with a leading underscore (``_X``). What fills them are ``ast`` nodes;
values out of a mapping enter only as ``ast.Constant`` or as entries of the function's globals.
"""

from __future__ import annotations

import ast
import copy
from functools import cache


@cache
def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@cache
def _statements(text: str) -> tuple[ast.stmt, ...]:
    return tuple(ast.parse(text).body)


class _Filler(ast.NodeTransformer):
    def __init__(self, holes: dict[str, ast.expr | list[ast.stmt]]) -> None:
        self.holes = holes

    def visit_Name(self, node: ast.Name) -> ast.AST:
        filled = self.holes.get(node.id)
        if filled is None or isinstance(filled, list):
            return node
        if isinstance(filled, ast.Name):
            return ast.Name(filled.id, node.ctx)
        return copy.deepcopy(filled)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        if isinstance(node.value, ast.Name):
            filled = self.holes.get(node.value.id)
            if isinstance(filled, list):
                return filled or [ast.Pass()]
        return self.generic_visit(node)


def expression(text: str, **holes: ast.expr) -> ast.expr:
    """An expression with its holes filled."""
    found = _Filler(dict(holes)).visit(copy.deepcopy(_expression(text)))
    assert isinstance(found, ast.expr)  # noqa: S101 - for the type checker
    return found


def statements(text: str, **holes: ast.expr | list[ast.stmt]) -> list[ast.stmt]:
    """Statements with their holes filled; a hole that is a statement takes a list."""
    filler = _Filler(dict(holes))
    found: list[ast.stmt] = []
    for one in _statements(text):
        made = filler.visit(copy.deepcopy(one))
        found += made if isinstance(made, list) else [made]
    return found


def name(text: str) -> ast.Name:
    """A variable."""
    return ast.Name(text, ast.Load())


def constant(value: object) -> ast.Constant:
    """A constant; numbers that are Decimals go through the globals instead."""
    return ast.Constant(value)  # type: ignore[arg-type]
