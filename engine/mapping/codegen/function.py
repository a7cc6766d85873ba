"""The whole function of a plan: loads, target objects, loops, actions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from operator import itemgetter
from typing import Any

from engine.mapping import runtime
from engine.mapping.codegen.expressions import Writer
from engine.mapping.codegen.levels import (
    CLASSES,
    Level,
    block_expressions,
    levels,
    mentions,
    moved_to,
    only_codes,
    single_paths,
    slot_expressions,
    type_of,
    unready,
)
from engine.mapping.codegen.slots import Ready, SlotWriter, wrap
from engine.mapping.codegen.templates import constant, expression, name, statements
from engine.mapping.codegen.writer import Atom
from engine.mapping.context import Context
from engine.mapping.functions import FUNCTIONS, Form
from engine.mapping.nodes import (
    Binary,
    Block,
    Call,
    Expr,
    Negative,
    Path,
    children,
    walk,
)
from engine.mapping.paths import GROUP, Prefix, aggregates, loop_of
from engine.mapping.plan import Plan, PlanBlock
from engine.mapping.types import Known
from engine.schema.model import Record

Fast = Callable[[Record, Context], tuple[Record, tuple[str, ...]]]


_MANY = 10


class GiveUp(Exception):
    """The quick way does not do this record; the careful way does."""


class FunctionWriter:
    """Writes the function of one plan."""

    def __init__(self, plan: Plan, known: Known) -> None:
        self.plan = plan
        self.writer = Writer(known.constants)
        self.slots = SlotWriter(self.writer, known)

    # Loading ------------------------------------------------------------------------------------

    def load(self, scope: str, paths: list[Path]) -> None:
        """Put the values of paths into variables: several at once where all names are there."""
        self.load_from(name(f"s_{scope}"), {p: p.bound.steps for p in paths if p.bound})

    def load_from(self, start: ast.Name, steps: dict[Path, tuple[str, ...]]) -> None:
        """Load leaves of an object, then the objects inside it."""
        writer = self.writer
        leaves = {p: s[0] for p, s in steps.items() if len(s) == 1}
        inner: dict[str, dict[Path, tuple[str, ...]]] = {}
        for path, rest in steps.items():
            if len(rest) > 1:
                inner.setdefault(rest[0], {})[path] = rest[1:]
        keys = list(dict.fromkeys([*leaves.values(), *inner]))
        variables = {k: writer.fresh("p") for k in keys}
        self.fetch(start, variables)
        for path, key in leaves.items():
            writer.known[path] = Atom(name(variables[key]))
        for key, below in inner.items():
            holder = name(variables[key])
            writer.write("if _O is None: _O = EMPTY", _O=holder)
            self.load_from(holder, below)

    def fetch(self, start: ast.Name, variables: dict[str, str]) -> None:
        """One read per name, or one for all of them when the record has every name."""
        gets = [
            statements("_T = _O.get(_K)", _T=name(v), _O=start, _K=constant(k))[0]
            for k, v in variables.items()
        ]
        if len(variables) < 3:
            self.writer.body += gets
            return
        getter = self.writer.held(itemgetter(*variables), "G")
        target = ast.Tuple([ast.Name(v, ast.Store()) for v in variables.values()], ast.Store())
        whole = ast.Assign([target], ast.Call(getter, [start], []))
        # Once a record lacks a name, its other lines most likely do too.
        flag = name(f"full_{start.id}")
        self.writer.head += statements("_F = True", _F=flag)
        self.writer.write(
            "if _F:\n try: _WHOLE\n except KeyError:\n  _F = False\n  _GETS\nelse: _GETS",
            _F=flag, _WHOLE=[whole], _GETS=gets,
        )  # fmt: skip

    # Target objects -----------------------------------------------------------------------------

    def level(self, level: Level, stem: str) -> ast.Name:
        """Write one target object into a variable."""
        out = name(self.writer.fresh(stem))
        # Lists first: their loops also carry the sums over the same lists that fields need.
        lists = [self.filled(k, b) for k, b in level.lists.items()]
        ready = [self.slots.prepare(s, (k,), out) for k, s in level.fields.items()]
        ready += [self.object(k, o, out) for k, o in level.objects.items()]
        ready += lists
        tests = [r.test for r in ready if r.test is not None]
        literal = ast.Dict([constant(r.keys[0]) for r in ready], [r.wrapped() for r in ready])
        quick = statements("_O = _L", _O=out, _L=literal)
        if len(tests) > _MANY:
            # Among many optional values one is always blank; do not try them all first.
            self.writer.body += self.stepwise(ready, out)
            return out
        if not tests:
            self.writer.body += quick
            return out
        test = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
        slow = self.stepwise(ready, out)
        self.writer.write("if _C: _QUICK\nelse: _SLOW", _C=test, _QUICK=quick, _SLOW=slow)
        return out

    def stepwise(self, ready: list[Ready], out: ast.Name) -> list[ast.stmt]:
        """Store value by value."""
        sure = [r for r in ready if r.test is None]
        literal = ast.Dict([constant(r.keys[0]) for r in sure], [r.wrapped() for r in sure])
        steps = statements("_O = _L", _O=out, _L=literal)
        for one in ready:
            if one.test is None:
                continue
            store = statements("_O[_K] = _V", _O=out, _K=constant(one.keys[0]), _V=one.wrapped())
            text = "if _C: _STORE" + ("\nelse: _OTHER" if one.otherwise else "")
            steps += statements(text, _C=one.test, _STORE=store, _OTHER=one.otherwise)
        return steps

    def object(self, key: str, level: Level, out: ast.Name) -> Ready:
        """An object inside an object; one that holds a single field is written in place."""
        keys = [key]
        inner = level
        while inner.names() == 1 and inner.objects:
            step, inner = next(iter(inner.objects.items()))
            keys.append(step)
        if inner.names() == 1 and inner.fields:
            step, slot = next(iter(inner.fields.items()))
            return self.slots.prepare(slot, (*keys, step), out)
        made = self.level(level, "o")
        return Ready((key,), made, made, [])

    # Lists --------------------------------------------------------------------------------------

    def filled(self, key: str, blocks: list[PlanBlock]) -> Ready:
        """A target list filled by its blocks, one after the other."""
        made = name(self.writer.fresh("m"))
        self.writer.write("_M = []", _M=made)
        for block in blocks:
            self.block(block, made)
        return Ready((key,), made, made, [])

    def block(self, block: PlanBlock, made: ast.Name) -> None:
        """The loop of one block."""
        spec = block.block
        if spec.each is None:
            if spec.where is None:
                self.element(block, made)
                return
            test = self.writer.test(spec.where)
            with self.writer.branch() as body:
                self.element(block, made)
            self.writer.write("if _C: _BODY", _C=test, _BODY=body)
            return
        self.hoist(block)
        bound = spec.each.bound
        if bound is None:
            raise TypeError(spec.each)
        elements = self.writer.elements((bound.scope, bound.steps))
        if spec.group:
            self.groups(block, elements, made)
            return
        carried = [(c, m, self.writer.begin(c)) for c, m in self.carried(spec)]
        used = [*block_expressions(block), *(m for _, m, _ in carried)]
        with self.writer.branch() as body:
            self.load(spec.alias, single_paths(used, spec.alias))

            def inside() -> None:
                for _, moved, result in carried:
                    self.writer.collect(moved, result)
                self.where(block, lambda: self.element(block, made))

            self.twice(block, single_paths(used, spec.alias), inside)
        variable = name(f"s_{spec.alias}")
        self.writer.write("for _E in _L: _BODY", _E=variable, _L=elements, _BODY=body)
        for call, _, result in carried:
            self.writer.known[call] = self.writer.end(call, result)

    def twice(self, block: PlanBlock, paths: list[Path], inside: Callable[[], None]) -> None:
        """``inside`` once for elements whose values all have the schema's classes, once for others.

        The first needs no further tests. Blocks with blocks inside are written once only, so that the
        function stays small.
        """
        known = self.writer.known
        codes = only_codes([*block_expressions(block)])
        facts = {p: sure for p in paths if (sure := CLASSES.get(type_of(p), "")) and p not in codes}
        if not facts or block.blocks:
            inside()
            return
        tests = [
            expression(f"_V.__class__ is {sure}", _V=known[p].node) for p, sure in facts.items()
        ]
        with self.writer.branch() as plain:
            for path, sure in facts.items():
                self.writer.known[path] = Atom(known[path].node, sure)
            inside()
        with self.writer.branch() as other:
            inside()
        test = tests[0] if len(tests) == 1 else ast.BoolOp(ast.And(), tests)
        self.writer.write("if _C: _PLAIN\nelse: _OTHER", _C=test, _PLAIN=plain, _OTHER=other)

    def carried(self, spec: Block) -> list[tuple[Call, Call]]:
        """Aggregates of the document over the list of this block, also as seen from its element."""
        bound = spec.each.bound if spec.each else None
        if bound is None or bound.scope or self.writer.lists:
            return []
        prefix: Prefix = ("", bound.steps)
        found: dict[Call, Call] = {}
        for slot in self.plan.slots:
            for one in walk(slot.rows[0].value) if slot.rows[0].when is None else ():
                if not isinstance(one, Call) or not aggregates(one) or len(one.args) != 1:
                    continue
                if one not in self.writer.known and loop_of(one, frozenset()) == [prefix]:
                    found[one] = moved_to(one, prefix, spec.alias)
        return list(found.items())

    def where(self, block: PlanBlock, inside: Callable[[], None]) -> None:
        """``inside`` under the block's condition."""
        if block.block.where is None:
            inside()
            return
        test = self.writer.test(block.block.where)
        with self.writer.branch() as body:
            inside()
        self.writer.write("if _C: _BODY", _C=test, _BODY=body)

    def element(self, block: PlanBlock, made: ast.Name) -> None:
        """One element of the target list."""
        out = self.level(levels(block.slots, block.blocks), "x")
        self.writer.write("_M.append(_X)", _M=made, _X=out)

    def groups(self, block: PlanBlock, elements: ast.Name, made: ast.Name) -> None:
        """Collect elements by equal keys, then one target element per group."""
        writer, spec = self.writer, block.block
        grouped = name(writer.fresh("d"))
        writer.write("_D = {}", _D=grouped)
        variable = name(f"s_{spec.alias}")
        with writer.branch() as body:
            self.load(spec.alias, single_paths(block_expressions(block, rows=False), spec.alias))
            self.where(block, lambda: self.collect(block, grouped, variable))
        writer.write("for _E in _L: _BODY", _E=variable, _L=elements, _BODY=body)
        members = name(f"g_{GROUP}")
        with writer.branch() as body:
            writer.known = {
                e: a for e, a in writer.known.items() if not mentions(e, (GROUP, spec.alias))
            }
            writer.write("_E = _G[0]", _E=variable, _G=members)
            self.load(spec.alias, single_paths(block_expressions(block), spec.alias))
            self.element(block, made)
        writer.write("for _G in _D.values(): _BODY", _G=members, _D=grouped, _BODY=body)

    def collect(self, block: PlanBlock, grouped: ast.Name, variable: ast.Name) -> None:
        """Put the current element into its group."""
        keys = [
            expression("'' if _K is None else _K", _K=self.writer.value(k).node)
            for k in block.block.group
        ]
        key = name(self.writer.fresh("k"))
        self.writer.write(
            "_K = _T\nif _K in _D: _D[_K].append(_E)\nelse: _D[_K] = [_E]",
            _K=key, _T=ast.Tuple(keys, ast.Load()), _D=grouped, _E=variable,
        )  # fmt: skip

    def hoist(self, block: PlanBlock) -> None:
        """Compute what does not depend on the element once, before the loop."""
        for slot in block.slots:
            for row in slot.rows:
                if row.when is None:
                    self.hoisted(row.value)
                else:
                    break

    def hoisted(self, expr: Expr) -> None:
        """Compute the largest parts that only read outer scopes and are always needed."""
        if isinstance(expr, (Call, Binary, Negative)) and not unready(expr, self.writer.known):
            self.writer.value(expr)
            return
        if isinstance(expr, Call):
            if aggregates(expr) or FUNCTIONS[expr.name].form is Form.LAZY:
                return
            needed = expr.args[:2] if expr.name == "LOOKUP" else expr.args
            for arg in needed:
                self.hoisted(arg)
            return
        for child in children(expr):
            self.hoisted(child)

    # The function -------------------------------------------------------------------------------

    def write(self) -> tuple[list[ast.stmt], dict[str, Any]]:
        """Body and globals of the function."""
        writer, mapping = self.writer, self.plan.mapping
        everything = [*slot_expressions(self.plan.slots)]
        for block in self.plan.blocks:
            everything += block_expressions(block)
        everything += [a.when for a in mapping.actions]
        if mapping.as_of is not None:
            everything.append(mapping.as_of)
        self.load("", single_paths(everything, ""))
        writer.write("day = context.today")
        if mapping.as_of is not None:
            found = writer.value(mapping.as_of)
            writer.helper(runtime.day)
            writer.uses["day_of_record"] = runtime.day
            writer.write("day = day_of_record(_V) or day", _V=found.node)
        loads, writer.body = writer.body, []
        out = self.level(levels(self.plan.slots, self.plan.blocks), "out")
        actions = self.actions()
        writer.write("return _O, _A", _O=out, _A=actions)
        flags = [s for s in writer.head if _is_flag(s)]
        tables = [s for s in writer.head if not _is_flag(s)]
        return [*flags, *loads, *tables, *writer.body], writer.uses

    def actions(self) -> ast.expr:
        """The actions whose condition holds."""
        if not self.plan.mapping.actions:
            return ast.Tuple([], ast.Load())
        found = name(self.writer.fresh("c"))
        self.writer.write("_T = ()", _T=found)
        for action in self.plan.mapping.actions:
            test = self.writer.test(action.when)
            self.writer.write(
                "if _C: _T = _T + (_A,)", _C=test, _T=found, _A=constant(action.action)
            )
        return found


def _is_flag(statement: ast.stmt) -> bool:
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    return isinstance(target, ast.Name) and target.id.startswith("full_")


def source_of(plan: Plan, known: Known) -> tuple[ast.Module, dict[str, Any]]:
    """The module with the function, and its globals."""
    body, uses = FunctionWriter(plan, known).write()
    function = statements("def transform(s_, context): _BODY", _BODY=body)
    module = ast.Module(function, [])
    return ast.fix_missing_locations(module), uses


def generate(plan: Plan, known: Known) -> Fast:
    """The compiled function of a plan."""
    module, uses = source_of(plan, known)
    scope: dict[str, Any] = {
        **uses, "D": Decimal, "HALF_UP": "ROUND_HALF_UP", "EMPTY": {}, "GIVE_UP": GiveUp
    }  # fmt: skip
    code = compile(module, f"<mapping {plan.mapping.name}>", "exec")
    exec(code, scope)  # noqa: S102 - our own tree; texts of users are only constants in it
    found: Fast = scope["transform"]
    return found


__all__ = ["Fast", "GiveUp", "generate", "source_of", "wrap"]
