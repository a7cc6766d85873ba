"""Code for lookup tables, links, facts and units: fetched once per record, then dict accesses."""

from __future__ import annotations

import ast
from typing import Any

from engine.mapping.codegen.templates import constant, expression, name, statements
from engine.mapping.codegen.writer import Atom, Body
from engine.mapping.evaluate import convert, literal_text
from engine.mapping.nodes import Call, Expr, Literal


class Tables(Body):
    """Writes what reads the context."""

    def once(self, kind: str, key: str, text: str, **holes: ast.expr) -> Atom:
        """Something of the context that is fetched once per record."""
        found = self.tables.get((kind, key))
        if found is None:
            found = self.fresh("t")
            self.tables[kind, key] = found
            self.head += statements(
                "_T = _V", _T=name(found), _V=expression(text, _N=constant(key), **holes)
            )
        return Atom(name(found))

    def table(self, key: str) -> Atom:
        """The rows of a lookup table as a dict; plain dicts are taken as they are."""
        everything = self.once("context", "lookups", "context.lookups")
        found = self.tables.get(("table", key))
        if found is None:
            atom = self.once("table", key, "_L.get(_N, EMPTY)", _L=everything.node)
            self.head += statements(
                "if _T.__class__ is not dict: _T = context.rows(_N, day)",
                _T=atom.node, _N=constant(key),
            )  # fmt: skip
            return atom
        return Atom(name(found))

    def links(self, kind: str) -> Atom:
        """The approved links of one kind."""
        everything = self.once("context", "links", "context.links")
        return self.once("link", kind, "_L.get(_N, EMPTY)", _L=everything.node)

    def lookup(self, call: Call) -> Atom:
        """LOOKUP and LINK: one dict access when the code is there."""
        key = literal_text(call.args[0])
        table = self.table(key) if call.name == "LOOKUP" else self.links(key)
        code = self.value(call.args[1])
        if call.name == "LINK" or len(call.args) < 3:
            found = self.found(table, code)
            return Atom(found, "str?" if call.name == "LINK" else "")
        return self.found_or(table, code, call.args[2])

    def found(self, table: Atom, code: Atom) -> ast.Name:
        """The value of a code that must be there; a blank code gives nothing."""
        # A code that is no text is not in the table, which is trouble enough to give up; only what
        # counts as nothing without being blank (0, FALSE) needs a look of its own.
        other = "None" if code.sure == "str" else "no_code(_C)"
        self.helper(no_code)
        quick = expression(f"_R[_C] if _C else {other}", _R=table.node, _C=code.node)
        return self.store(quick)

    def found_or(self, table: Atom, code: Atom, default: Expr) -> Atom:
        """The value of a code, or the default where the table has no row."""
        holes: dict[str, Any] = {"_R": table.node, "_C": code.node}
        if code.sure == "str" and isinstance(default, Literal):
            other = self.scalar(default.value).node
            return Atom(self.store(expression("_R.get(_C, _O) if _C else _O", **holes, _O=other)))
        result = name(self.fresh())
        if code.sure != "str":
            self.write("if _C.__class__ is not str and _C is not None: raise GIVE_UP", **holes)
        with self.branch() as otherwise:
            atom = self.value(default)
            otherwise.extend(statements("_T = _V", _T=result, _V=atom.node))
        self.write("if _C and _C in _R: _T = _R[_C]\nelse: _O", **holes, _T=result, _O=otherwise)
        return Atom(result)

    def conversion(self, call: Call) -> Atom:
        """CONVERT and CONVERTPRICE."""
        self.helper(convert)
        args = [self.value(a).node for a in call.args]
        code = expression(
            "convert(context, _A, _B, _X, price=_P)", _A=args[0], _B=args[1], _X=args[2],
            _P=constant(call.name == "CONVERTPRICE"),
        )  # fmt: skip
        return Atom(self.store(code))


def no_code(value: Any) -> None:
    """Nothing for a blank code.

    Raises:
        LookupError: the code is not blank, although Python takes it for nothing.
    """
    if value is not None and value != "":
        raise LookupError(value)
