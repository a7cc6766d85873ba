"""Code for lists: loops over elements and functions that gather over them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from engine.mapping import calculations, runtime
from engine.mapping.codegen.tables import Tables
from engine.mapping.codegen.templates import constant, expression, name, statements
from engine.mapping.codegen.writer import Atom
from engine.mapping.nodes import Call
from engine.mapping.paths import Prefix, body, loop_of


class Lists(Tables):
    """Writes loops and aggregates."""

    def elements(self, prefix: Prefix) -> ast.Name:
        """A variable with the elements of a list; missing is none, a single one is a list of one."""
        scope, steps = prefix
        if not steps:
            return name(f"g_{scope}")
        start, rest = f"s_{scope}", steps
        for outer, variable in self.lists.items():
            if outer[0] == scope and outer[1] == steps[: len(outer[1])] and outer != prefix:
                start, rest = variable, steps[len(outer[1]) :]
        node: ast.expr = name(start)
        for step in rest[:-1]:
            node = expression("_O.get(_S, EMPTY)", _O=node, _S=constant(step))
        node = expression("_O.get(_S)", _O=node, _S=constant(rest[-1]))
        found = self.store(node, "l")
        self.helper(as_list)
        self.write("if _L.__class__ is not list: _L = as_list(_L)", _L=found)
        return found

    def loop(self, loops: list[Prefix], inside: Callable[[], None]) -> None:
        """Nested loops over lists with ``inside`` in the innermost."""
        if not loops:
            inside()
            return
        found = self.elements(loops[0])
        element = self.fresh("e")
        lists = self.lists
        self.lists = {**lists, loops[0]: element}
        with self.branch() as body_:
            self.loop(loops[1:], inside)
        self.lists = lists
        self.write("for _E in _L: _BODY", _E=name(element), _L=found, _BODY=body_)

    def aggregate(self, call: Call) -> Atom:
        """A function over a list: SUM adds up, the others collect and call the runtime."""
        result = self.begin(call)
        self.loop(loop_of(call, frozenset(self.lists)), lambda: self.collect(call, result))
        return self.end(call, result)

    def begin(self, call: Call) -> ast.Name:
        """The variable in which an aggregate grows."""
        result = name(self.fresh("a"))
        start = self.held(Decimal(0)) if call.name == "SUM" else ast.List([], ast.Load())
        self.write("_T = _V", _T=result, _V=start)
        return result

    def collect(self, call: Call, result: ast.Name) -> None:
        """What an aggregate does with one element."""
        value, condition = body(call)
        if call.name == "SUM" and condition is None and self.value(value).sure == "D":
            self.write("_T = _T + _V", _T=result, _V=self.value(value).node)
            return
        text = (
            "if _V.__class__ is D: _T = _T + _V\n"
            "elif _V is not None and _V != '': _T = _T + number(_V)"
            if call.name == "SUM"
            else "if not blank(_V): _T.append(_V)"
        )
        self.helper(runtime.number)
        self.helper(runtime.blank)
        if condition is None:
            self.write(text, _T=result, _V=self.value(value).node)
            return
        test = self.test(condition)
        with self.branch() as kept:
            kept.extend(statements(text, _T=result, _V=self.value(value).node))
        self.write("if _C: _BODY", _C=test, _BODY=kept)

    def end(self, call: Call, result: ast.Name) -> Atom:
        """The value of an aggregate after its last element."""
        if call.name == "SUM":
            return Atom(result, "D")
        separator = self.value(call.args[1]).node if len(call.args) > 1 else constant(", ")
        self.helper(finish)
        code = expression("finish(_N, _T, _S)", _N=constant(call.name), _T=result, _S=separator)
        return Atom(self.store(code), "D" if call.name == "COUNT" else "")


def as_list(value: Any) -> list[Any]:
    """The elements of a list field: nothing, one, or as they are."""
    return [] if value is None else [value]


def finish(word: str, filled: list[Any], separator: Any) -> Any:
    """The result of an aggregate other than SUM, from the values that are not blank."""
    match word:
        case "COUNT":
            return Decimal(len(filled))
        case "FIRST":
            return filled[0] if filled else None
        case "LAST":
            return filled[-1] if filled else None
        case "JOIN":
            return runtime.text(separator).join([runtime.text(v) for v in filled])
        case "MIN":
            return calculations.smallest(*filled)
        case "MAX":
            return calculations.largest(*filled)
        case _:
            numbers = [n for v in filled if (n := runtime.number(v)) is not None]
            return sum(numbers, Decimal(0)) / len(numbers) if numbers else None
