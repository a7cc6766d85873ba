"""Code for expressions.

Every piece has a quick way for the plain case (exact decimals, texts) guarded by a class test, and
falls back to the same functions in ``engine.mapping.runtime`` that the careful way uses; so both ways
agree by construction. What the quick way cannot do raises ``GIVE_UP``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.canon.money import MAX_PLACES, QUANTA
from engine.mapping import runtime
from engine.mapping.codegen.templates import constant, expression, name, statements
from engine.mapping.evaluate import literal_text
from engine.mapping.functions import FUNCTIONS
from engine.mapping.nodes import Binary, Call, Expr, Literal, Negative, Path, Scalar
from engine.mapping.paths import Prefix, aggregates, body, loop_of, prefixes


@dataclass(frozen=True, slots=True)
class Atom:
    """A variable or constant with what is sure about its class.

    ``sure`` is ``str``, ``D``, ``int`` or ``bool``, ``str?`` for a text or None, empty for anything.
    """

    node: ast.expr
    sure: str = ""


_ARITHMETIC = {"+": "_A + _B", "-": "_A - _B", "*": "_A * _B"}
_COMPARE = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_TEXTS = {"TRIM": "_A.strip()", "UPPER": "_A.upper()", "LOWER": "_A.lower()"}
_OPERATOR_NAMES = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "=": "equal", "<>": "unequal",
    "<": "less", "<=": "at_most", ">": "more", ">=": "at_least", "&": "join",
}  # fmt: skip


class Writer:
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

    # Building -----------------------------------------------------------------------------------

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
        self.helper(getattr(runtime, word))
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
        self.helper(runtime.round_to)
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
        quick = expression("_R[_C] if _C else None", _R=table.node, _C=code.node)
        if code.sure == "str":
            return self.store(quick)
        result = name(self.fresh())
        self.write(
            "if _C: _T = _R[_C]\nelif _C is None or _C == '': _T = None\nelse: raise GIVE_UP",
            _T=result, _R=table.node, _C=code.node,
        )  # fmt: skip
        return result

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
        from engine.mapping.evaluate import convert

        self.helper(convert)
        args = [self.value(a).node for a in call.args]
        code = expression(
            "convert(context, _A, _B, _X, price=_P)", _A=args[0], _B=args[1], _X=args[2],
            _P=constant(call.name == "CONVERTPRICE"),
        )  # fmt: skip
        return Atom(self.store(code))

    # Lists --------------------------------------------------------------------------------------

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
            return runtime.smallest(*filled)
        case "MAX":
            return runtime.largest(*filled)
        case _:
            numbers = [n for v in filled if (n := runtime.number(v)) is not None]
            return sum(numbers, Decimal(0)) / len(numbers) if numbers else None
