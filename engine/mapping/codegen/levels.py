"""The shape of the target, and questions about expressions that the function writer asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.mapping.codegen.writer import Atom
from engine.mapping.nodes import Bound, Call, Expr, Path, children, rebuild, walk
from engine.mapping.paths import Prefix
from engine.mapping.plan import PlanBlock, Slot
from engine.schema.model import FieldType


@dataclass(slots=True)
class Level:
    """One object of the target: name -> field, object or list."""

    fields: dict[str, Slot] = field(default_factory=dict)
    objects: dict[str, Level] = field(default_factory=dict)
    lists: dict[str, list[PlanBlock]] = field(default_factory=dict)

    def names(self) -> int:
        """How many values are in it, lists and objects below included."""
        below = sum(o.names() for o in self.objects.values())
        return len(self.fields) + len(self.lists) + below


def levels(slots: Iterable[Slot], blocks: Iterable[PlanBlock]) -> Level:
    """The tree of target objects."""
    root = Level()
    for slot in slots:
        _inside(root, slot.steps).fields[slot.steps[-1]] = slot
    for block in blocks:
        _inside(root, block.steps).lists.setdefault(block.steps[-1], []).append(block)
    return root


def _inside(level: Level, steps: tuple[str, ...]) -> Level:
    for step in steps[:-1]:
        level = level.objects.setdefault(step, Level())
    return level


def slot_expressions(slots: Iterable[Slot]) -> Iterable[Expr]:
    """Values and conditions of target fields."""
    for slot in slots:
        for row in slot.rows:
            yield row.value
            if row.when is not None:
                yield row.when


def block_expressions(block: PlanBlock, *, rows: bool = True) -> Iterable[Expr]:
    """Everything a block evaluates; without ``rows`` only what chooses and groups elements."""
    if block.block.where is not None:
        yield block.block.where
    yield from block.block.group
    if rows:
        yield from slot_expressions(block.slots)
        for inner in block.blocks:
            yield from block_expressions(inner)


def single_paths(expressions: Iterable[Expr], scope: str) -> list[Path]:
    """Paths of one scope that name a single value, each once."""
    found: dict[Path, None] = {}
    for expr in expressions:
        for one in walk(expr):
            if not isinstance(one, Path) or one.bound is None or one.bound.scope != scope:
                continue
            if one.bound.steps and not one.bound.arrays:
                found[one] = None
    return list(found)


CLASSES: dict[FieldType | None, str] = {
    FieldType.STRING: "str",
    FieldType.ENUM: "str",
    FieldType.REFERENCE: "str",
    FieldType.DECIMAL: "D",
    FieldType.INTEGER: "int",
    FieldType.BOOLEAN: "bool",
}


def type_of(path: Path) -> FieldType | None:
    """The schema's type of a path."""
    return path.bound.field.type if path.bound and path.bound.field else None


def moved_to(call: Call, prefix: Prefix, alias: str) -> Call:
    """An aggregate with the paths of its list rewritten to those of the block's element."""
    steps = prefix[1]

    def change(node: Expr) -> Expr:
        if not isinstance(node, Path) or node.bound is None or node.bound.arrays == ():
            return node
        rest = node.bound.steps[len(steps) :]
        inner = Bound(alias, rest, (), node.bound.field, node.bound.owner)
        return Path((alias, *rest), node.at, inner)

    moved = rebuild(call, change)
    return moved if isinstance(moved, Call) else call


def mentions(expr: Expr, scopes: tuple[str, ...]) -> bool:
    """Whether an expression reads one of the scopes."""
    return any(isinstance(e, Path) and e.bound and e.bound.scope in scopes for e in walk(expr))


def unready(expr: Expr, known: dict[Expr, Atom]) -> bool:
    """Whether a part reads a scope whose values are not loaded yet."""
    paths = [e for e in walk(expr) if isinstance(e, Path)]
    return any(p not in known for p in paths if p.bound and not p.bound.arrays) or any(
        p.bound is None or (p.bound.arrays and p.bound.scope != "") for p in paths
    )


def only_codes(expressions: list[Expr]) -> set[Path]:
    """Paths that serve as nothing but codes of links and of lookups without a default."""
    codes: set[Path] = set()
    others: set[Path] = set()

    def look(expr: Expr) -> None:
        plain = isinstance(expr, Call) and expr.name in ("LOOKUP", "LINK") and len(expr.args) == 2
        for child in children(expr):
            if isinstance(child, Path):
                (codes if plain else others).add(child)
            look(child)

    for one in expressions:
        if isinstance(one, Path):
            others.add(one)
        look(one)
    return codes - others
