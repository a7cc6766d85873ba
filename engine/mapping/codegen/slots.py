"""Code for target fields: the plain case as one dict literal, anything else step by step."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from engine.mapping import fitting, runtime
from engine.mapping.codegen.expressions import Writer
from engine.mapping.codegen.templates import constant, expression, name, statements
from engine.mapping.codegen.writer import Atom
from engine.mapping.nodes import Confirm, Literal, Row
from engine.mapping.plan import Slot
from engine.mapping.types import Known, infer
from engine.schema.model import FieldType

_ANYTHING = "(_V.__class__ is str and _V) or _V.__class__ is D"
_TESTS: dict[FieldType, str] = {
    FieldType.INTEGER: "_V.__class__ is int",
    FieldType.BOOLEAN: "_V.__class__ is bool",
    FieldType.DATE: "_V in KNOWN_DAYS",
    FieldType.DATETIME: "_V.__class__ is str and _V",
    FieldType.OBJECT: _ANYTHING,
    FieldType.ARRAY: _ANYTHING,
}
_SURE = {FieldType.BOOLEAN: "bool", FieldType.INTEGER: "int"}
_TEXTS = (FieldType.STRING, FieldType.ENUM, FieldType.REFERENCE)


@dataclass(frozen=True, slots=True)
class Ready:
    """A target value on its way.

    Attributes:
        keys: names from the element down to the value, usually one.
        value: what is stored in the plain case.
        test: whether it is the plain case; None for always.
        otherwise: statements for the other case; they end by storing into ``out``.
    """

    keys: tuple[str, ...]
    value: ast.expr
    test: ast.expr | None
    otherwise: list[ast.stmt]

    def wrapped(self) -> ast.expr:
        """The value inside the objects that only hold it."""
        node = self.value
        for key in reversed(self.keys[1:]):
            node = ast.Dict([constant(key)], [node])
        return node


def wrap(keys: tuple[str, ...], node: ast.expr) -> ast.expr:
    """The node inside one object per key after the first."""
    for key in reversed(keys[1:]):
        node = ast.Dict([constant(key)], [node])
    return node


class SlotWriter:
    """Prepares target fields with a writer.

    Attributes:
        writer: where statements go.
        known: types, so that needless tests are left out.
    """

    def __init__(self, writer: Writer, known: Known) -> None:
        self.writer = writer
        self.known = known

    def prepare(self, slot: Slot, keys: tuple[str, ...], out: ast.Name) -> Ready:
        """Compute the value of a slot and say how it is stored."""
        if len(slot.rows) == 1 and slot.rows[0].when is None:
            return self.single(slot, slot.rows[0], keys, out)
        result = name(self.writer.fresh("f"))
        self.writer.write("_T = None", _T=result)
        self.cases(slot, slot.rows, result)
        return Ready(keys, result, expression("_T is not None", _T=result), self.empty(slot))

    def empty(self, slot: Slot) -> list[ast.stmt]:
        """What happens when there is no value."""
        return statements("raise GIVE_UP") if slot.required else []

    def cases(self, slot: Slot, rows: tuple[Row, ...], result: ast.Name) -> None:
        """The first row whose condition holds gives the value."""
        row = rows[0]
        if row.when is None:
            self.fitted(slot, row, result)
            return
        test = self.writer.test(row.when)
        with self.writer.branch() as yes:
            self.fitted(slot, row, result)
        with self.writer.branch() as no:
            if len(rows) > 1:
                self.cases(slot, rows[1:], result)
        if no:
            self.writer.write("if _C: _YES\nelse: _NO", _C=test, _YES=yes, _NO=no)
        else:
            self.writer.write("if _C: _YES", _C=test, _YES=yes)

    def fitted(self, slot: Slot, row: Row, result: ast.Name) -> None:
        """Write the fitted value of a row into ``result``; blank leaves None."""
        atom = self.writer.value(row.value)
        test = self.test(slot, row, atom)
        if test is None:
            self.writer.write("_T = _V", _T=result, _V=atom.node)
            return
        self.writer.write(
            "if _C: _T = _V\nelse: _T = _F",
            _C=test, _T=result, _V=atom.node, _F=self.fit(slot, row, atom),
        )  # fmt: skip

    def single(self, slot: Slot, row: Row, keys: tuple[str, ...], out: ast.Name) -> Ready:
        """A slot with one unconditional row."""
        atom = self.writer.value(row.value)
        test = self.test(slot, row, atom)
        if test is None:
            return Ready(keys, atom.node, None, [])
        fitted = name(self.writer.fresh("w"))
        store = statements("_O[_K] = _V", _O=out, _K=constant(keys[0]), _V=wrap(keys, fitted))
        missing = self.empty(slot)
        text = "_W = _F\nif _W is not None: _STORE" + ("\nelse: _MISSING" if missing else "")
        inner = statements(
            text, _W=fitted, _F=self.fit(slot, row, atom), _STORE=store, _MISSING=missing
        )
        if atom.sure == "bool":
            otherwise = inner
        elif atom.sure in ("str", "str?") and slot.limit is None and slot.type in _TEXTS:
            # The test failed, so there is nothing in it.
            otherwise = missing
        elif atom.sure in ("str", "str?"):
            otherwise = statements(
                "if _V: _INNER" + ("\nelse: _MISSING" if missing else ""),
                _V=atom.node, _INNER=inner, _MISSING=missing,
            )  # fmt: skip
        else:
            otherwise = statements(
                "if _V is not None and _V != '': _INNER" + ("\nelse: _MISSING" if missing else ""),
                _V=atom.node, _INNER=inner, _MISSING=missing,
            )  # fmt: skip
        return Ready(keys, atom.node, test, otherwise)

    def test(self, slot: Slot, row: Row, atom: Atom) -> ast.expr | None:
        """Whether a value can be stored as it is; None when that is certain."""
        node = atom.node
        if isinstance(row.value, Literal) and self.plain_literal(slot, row.value):
            return None
        if slot.allowed:
            codes = self.writer.held(slot.allowed - {""}, "S")
            return expression("_V in _S", _V=node, _S=codes)
        if slot.type in _TEXTS:
            return self.text_test(slot, atom)
        if slot.type is FieldType.DECIMAL:
            return self.number_test(slot, row, atom)
        if _SURE.get(slot.type) == atom.sure:
            return None
        self.writer.uses["KNOWN_DAYS"] = fitting.KNOWN_DAYS
        return expression(_TESTS[slot.type], _V=node)

    def plain_literal(self, slot: Slot, literal: Literal) -> bool:
        """Whether a literal fits without a look."""
        value = literal.value
        if not isinstance(value, str) or not value or slot.type not in _TEXTS:
            return isinstance(value, bool) and slot.type is FieldType.BOOLEAN
        if slot.allowed:
            return value in slot.allowed
        return slot.limit is None or len(value) <= slot.limit

    def text_test(self, slot: Slot, atom: Atom) -> ast.expr:
        """A text that is there and not too long."""
        text = "_V" if atom.sure in ("str", "str?") else "_V.__class__ is str and _V"
        if slot.limit is not None:
            # Also where the schema promises a shorter text: records are not to be trusted.
            text += " and len(_V) <= _L"
        return expression(text, _V=atom.node, _L=constant(slot.limit))

    def number_test(self, slot: Slot, row: Row, atom: Atom) -> ast.expr | None:
        """A number without more digits than the target takes."""
        typed = infer(row.value, self.known)
        exact = slot.places is None or (typed.places is not None and typed.places <= slot.places)
        if exact and slot.places is None:
            return None if atom.sure == "D" else expression("_V.__class__ is D", _V=atom.node)
        return expression(
            "_V.__class__ is D and _V.as_tuple().exponent >= _P",
            _V=atom.node, _P=constant(-(slot.places or 0)),
        )  # fmt: skip

    def fit(self, slot: Slot, row: Row, atom: Atom) -> ast.expr:
        """The call that fits any value, or finds that it does not fit."""
        cut = constant(row.confirm is Confirm.LOSSY)
        holes: dict[str, Any] = {"_V": atom.node, "_CUT": cut}
        use = self.writer.helper
        if slot.allowed:
            use(fitting.fit_enum)
            return expression(
                "fit_enum(_V, _S) or None", **holes, _S=self.writer.held(slot.allowed, "S")
            )
        if slot.type in _TEXTS:
            use(fitting.fit_text)
            return expression(
                "fit_text(_V, _L, cut=_CUT) or None", **holes, _L=constant(slot.limit)
            )
        match slot.type:
            case FieldType.DECIMAL:
                use(fitting.fit_number)
                return expression("fit_number(_V, _P, cut=_CUT)", **holes, _P=constant(slot.places))
            case FieldType.INTEGER:
                use(fitting.fit_whole)
                return expression("fit_whole(_V, cut=_CUT)", **holes)
            case FieldType.BOOLEAN:
                use(fitting.fit_flag)
                return expression("fit_flag(_V)", **holes)
            case FieldType.DATE:
                use(fitting.keep_day)
                return expression("keep_day(_V)", **holes)
            case FieldType.DATETIME:
                use(runtime.text)
                return expression("text(_V) or None", **holes)
            case _:
                use(runtime.blank)
                return expression("None if blank(_V) else _V", **holes)
