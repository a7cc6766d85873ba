"""Code for expressions.

Every piece has a quick way for the plain case (exact decimals, texts) guarded by a class test, and
falls back to the same functions in ``engine.mapping.runtime`` that the careful way uses; so both ways
agree by construction. What the quick way cannot do raises ``GIVE_UP``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal

from engine.canon.money import MAX_PLACES, QUANTA
from engine.mapping import calculations, runtime
from engine.mapping.codegen.lists import Lists
from engine.mapping.codegen.templates import constant, expression, name, statements
from engine.mapping.codegen.writer import Atom
from engine.mapping.evaluate import literal_text
from engine.mapping.functions import FUNCTIONS
from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, Path
from engine.mapping.paths import aggregates, prefixes

_ARITHMETIC = {"+": "_A + _B", "-": "_A - _B", "*": "_A * _B"}
_COMPARE = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TEXTS = {"TRIM": "_A.strip()", "UPPER": "_A.upper()", "LOWER": "_A.lower()"}
_OPERATOR_NAMES = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "=": "equal", "<>": "unequal",
    "<": "less", "<=": "at_most", ">": "more", ">=": "at_least", "&": "join",
}  # fmt: skip


class Writer(Lists):
    """Writes values and conditions."""

    # Values -------------------------------------------------------------------------------------

    def value(self, expr: Expr) -> Atom:
        """The value of an expression as a variable or constant."""
        if isinstance(expr, Literal):
            return self.scalar(expr.value)
        found = self.known.get(expr)
        if found is None:
            found = self.make(expr)
            self.known[expr] = found
        return found

    def make(self, expr: Expr) -> Atom:
        """Write the code of an expression that is not known yet."""
        match expr:
            case Path():
                return self.path(expr)
            case Negative(operand=operand):
                inner = self.value(operand)
                code = self.guarded("-_A", "negative(_A)", "D", inner)
                self.helper(runtime.negative)
                return Atom(self.store(code), inner.sure)
            case Binary():
                return self.binary(expr)
            case Call():
                return self.call(expr)
            case Literal():
                return self.scalar(expr.value)

    def path(self, path: Path) -> Atom:
        """Read a path that was not loaded at the start of its scope."""
        bound = path.bound
        if bound is None:
            raise TypeError(path)
        steps = bound.steps
        start = f"s_{bound.scope}"
        for prefix in prefixes(path):
            start, steps = self.lists[prefix], bound.steps[len(prefix[1]) :]
        node: ast.expr = name(start)
        for step in steps:
            node = self.store(expression("_O.get(_S)", _O=node, _S=constant(step)))
            if step is not steps[-1]:
                self.write("if _O is None: _O = EMPTY", _O=node)
        return Atom(node)

    def guarded(self, quick: str, slow: str, sure: str, *atoms: Atom) -> ast.expr:
        """``quick`` when every operand has the class, else ``slow``; tests only what is not sure."""
        holes = dict(zip(("_A", "_B", "_X"), [a.node for a in atoms], strict=False))
        open_ones = [h for h, a in zip(holes, atoms, strict=False) if a.sure != sure]
        if not open_ones:
            return expression(quick, **holes)
        test = " and ".join(f"{h}.__class__ is {sure}" for h in open_ones)
        return expression(f"({quick} if {test} else {slow})", **holes)

    def binary(self, expr: Binary) -> Atom:
        """Arithmetic, joined texts, comparisons."""
        if expr.op in _COMPARE:
            return Atom(self.store(self.comparison(expr)), "bool")
        left, right = self.value(expr.left), self.value(expr.right)
        slow = f"{_OPERATOR_NAMES[expr.op]}(_A, _B)"
        self.helper(runtime.OPERATORS[expr.op])
        if expr.op == "&":
            return Atom(self.store(self.guarded("_A + _B", slow, "str", left, right)), "str")
        if expr.op == "/":
            return self.division(expr, left, right, slow)
        code = self.guarded(_ARITHMETIC[expr.op], slow, "D", left, right)
        return Atom(self.store(code), "D" if left.sure == right.sure == "D" else "")

    def division(self, expr: Binary, left: Atom, right: Atom, slow: str) -> Atom:
        """A quotient; by a literal that is not zero it needs no further look."""
        divisor = expr.right.value if isinstance(expr.right, Literal) else None
        if isinstance(divisor, Decimal) and divisor:
            return Atom(self.store(self.guarded("_A / _B", slow, "D", left, right)), left.sure)
        return Atom(self.store(expression(slow, _A=left.node, _B=right.node)))

    def comparison(self, expr: Binary) -> ast.expr:
        """A comparison as an expression without a variable of its own."""
        left, right = self.value(expr.left), self.value(expr.right)
        self.helper(runtime.OPERATORS[expr.op])
        slow = f"{_OPERATOR_NAMES[expr.op]}(_A, _B)"
        quick = f"_A {_COMPARE[expr.op]} _B"
        sure = "D" if "D" in (left.sure, right.sure) else "str"
        if expr.op not in ("=", "<>") and sure == "str":
            # An empty text never comes before or after anything.
            return expression(slow, _A=left.node, _B=right.node)
        return self.guarded(quick, slow, sure, left, right)

    def test(self, expr: Expr) -> ast.expr:
        """An expression as a condition."""
        match expr:
            case Binary(op=op) if op in _COMPARE and expr not in self.known:
                return self.comparison(expr)
            case Call(name="NOT", args=(inner,)):
                return ast.UnaryOp(ast.Not(), self.test(inner))
            case Call(name="ISBLANK", args=(inner,)):
                atom = self.value(inner)
                self.helper(runtime.blank)
                return self.guarded('_A == ""', "blank(_A)", "str", atom)
            case Call(name="AND" | "OR", args=args) if expr not in self.known:
                return self.joined(expr.name, args)
        atom = self.value(expr)
        self.helper(runtime.truth)
        return self.guarded("_A", "truth(_A)", "bool", atom)

    def joined(self, word: str, args: tuple[Expr, ...]) -> ast.expr:
        """AND and OR; the right side is only evaluated when it matters."""
        first = self.test(args[0])
        if len(args) == 1:
            return first
        with self.branch() as later:
            rest = self.joined(word, args[1:])
        if not later:
            kind: ast.boolop = ast.And() if word == "AND" else ast.Or()
            return ast.BoolOp(kind, [first, rest])
        result = name(self.fresh())
        later.extend(statements("_T = _R", _T=result, _R=rest))
        text = "_T = _F\nif _T: _BODY" if word == "AND" else "_T = _F\nif not _T: _BODY"
        self.write(text, _T=result, _F=first, _BODY=later)
        return result

    # Functions ----------------------------------------------------------------------------------

    def call(self, call: Call) -> Atom:
        """A function."""
        if aggregates(call):
            return self.aggregate(call)
        special = _SPECIAL.get(call.name)
        return special(self, call) if special else self.strict(call)

    def condition(self, call: Call) -> Atom:
        """AND, OR, NOT, ISBLANK."""
        return Atom(self.store(self.test(call)), "bool")

    def cleaned(self, call: Call) -> Atom:
        """TRIM, UPPER, LOWER."""
        inner = self.value(call.args[0])
        word = call.name.lower()
        self.helper(getattr(calculations, word))
        code = self.guarded(_TEXTS[call.name], f"{word}(_A)", "str", inner)
        return Atom(self.store(code), "str")

    def strict(self, call: Call) -> Atom:
        """A function whose arguments come first: a plain call."""
        run = FUNCTIONS[call.name].run
        if run is None:
            raise TypeError(call.name)
        args = [self.value(a).node for a in call.args]
        texts = ("LEFT", "RIGHT", "MID", "CONCAT", "SUBSTITUTE", "SPLIT", "STRIPZEROS", "TEXT")
        sure = "str" if call.name in texts else "bool" if call.name == "CONTAINS" else ""
        return Atom(self.store(ast.Call(self.helper(run), args, [])), sure)

    def rounded(self, call: Call) -> Atom:
        """ROUND with a fixed number of digits."""
        inner = self.value(call.args[0])
        places = call.args[1] if len(call.args) > 1 else Literal(Decimal(0))
        self.helper(calculations.round_to)
        digits = self.value(places).node
        whole = isinstance(places, Literal) and isinstance(places.value, Decimal)
        if not whole or not 0 <= int(str(digits_of(places))) <= MAX_PLACES:
            return Atom(self.store(expression("round_to(_A, _B)", _A=inner.node, _B=digits)))
        quantum = self.held(QUANTA[digits_of(places)], "Q")
        quick = expression("_A.quantize(_Q, HALF_UP)", _A=inner.node, _Q=quantum)
        if inner.sure != "D":
            quick = expression(
                "_R if _A.__class__ is D else round_to(_A, _B)", _R=quick, _A=inner.node, _B=digits
            )
        return Atom(self.store(quick), inner.sure)

    def choice(self, condition: Expr, yes: Expr, no: Expr) -> Atom:
        """IF: one of two bodies."""
        test = self.test(condition)
        result = name(self.fresh())
        sures = []
        bodies: list[list[ast.stmt]] = []
        for expr in (yes, no):
            with self.branch() as inside:
                atom = self.value(expr)
                inside.extend(statements("_T = _V", _T=result, _V=atom.node))
            sures.append(atom.sure)
            bodies.append(inside)
        self.write("if _C: _YES\nelse: _NO", _C=test, _YES=bodies[0], _NO=bodies[1])
        return Atom(result, sures[0] if sures[0] == sures[1] else "")

    def switch(self, subject: Expr, pairs: tuple[Expr, ...]) -> Atom:
        """SWITCH as a chain of choices."""
        if len(pairs) < 2:
            return self.value(pairs[0] if pairs else Literal(None))
        same = Binary("=", subject, pairs[0])
        self.value(subject)
        rest = Call("SWITCH", (subject, *pairs[2:]))
        return self.choice(same, pairs[1], rest if len(pairs) > 2 else Literal(None))

    def coalesce(self, args: tuple[Expr, ...]) -> Atom:
        """COALESCE: the first that is not blank."""
        if len(args) == 1:
            return self.value(args[0])
        return self.choice(Call("ISBLANK", (args[0],)), Call("COALESCE", args[1:]), args[0])


_SPECIAL: dict[str, Callable[[Writer, Call], Atom]] = {
    "IF": lambda w, c: w.choice(c.args[0], c.args[1], [*c.args[2:], Literal(None)][0]),
    "SWITCH": lambda w, c: w.switch(c.args[0], c.args[1:]),
    "COALESCE": lambda w, c: w.coalesce(c.args),
    "CONST": lambda w, c: w.scalar(w.constants[literal_text(c.args[0])]),
    "FACT": lambda w, c: w.once("fact", literal_text(c.args[0]), "context.facts[_N]"),
    **dict.fromkeys(("AND", "OR", "NOT", "ISBLANK"), Writer.condition),
    **dict.fromkeys(("TRIM", "UPPER", "LOWER"), Writer.cleaned),
    **dict.fromkeys(("LOOKUP", "LINK"), Writer.lookup),
    **dict.fromkeys(("CONVERT", "CONVERTPRICE"), Writer.conversion),
    "ROUND": Writer.rounded,
}


def digits_of(expr: Expr) -> int:
    """The number of digits a literal asks for."""
    return int(expr.value) if isinstance(expr, Literal) and isinstance(expr.value, Decimal) else -1
