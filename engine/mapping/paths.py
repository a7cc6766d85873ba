"""Finds what the names in expressions mean: which scope, which field, which lists on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.mapping.functions import AGGREGATES
from engine.mapping.nodes import Bound, Call, Expr, Path, children, walk
from engine.mapping.refusals import Unreadable
from engine.mapping.schemas import Node, nearest
from engine.schema.model import FieldSchema, FieldType

GROUP = "group"
Prefix = tuple[str, tuple[str, ...]]
"""Scope and steps up to a list: names one list of the source."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A name that stands for an element, with the schema below it.

    Attributes:
        alias: empty for the document.
        node: what is below it.
        owner: its full path in the source entity.
        many: the name stands for a list (``group``).
    """

    alias: str
    node: Node
    owner: str = ""
    many: bool = False


def bind(path: Path, scopes: tuple[Scope, ...]) -> Path:
    """The path with what it means.

    Raises:
        Unreadable: no such field; the fix names the nearest one.
    """
    scope = next((s for s in scopes if s.alias and s.alias == path.names[0]), scopes[0])
    steps = path.names[1:] if scope.alias else path.names
    node = scope.node
    arrays = [-1] if scope.many else []
    for index, name in enumerate(steps):
        if node.open and name not in node.below:
            return replace(path, bound=Bound(scope.alias, steps, tuple(arrays), None, scope.owner))
        below = node.below.get(name)
        if below is None:
            raise Unreadable(_unknown(name, node, scope), _hint(name, node, scopes), *path.at)
        node = below
        if node.many:
            arrays.append(index)
    field = node.field
    if field is None and node.below:
        # The schema only implies this object by the fields inside it.
        field = FieldSchema(node.path, type=FieldType.OBJECT)
    return replace(path, bound=Bound(scope.alias, steps, tuple(arrays), field, scope.owner))


def _unknown(name: str, node: Node, scope: Scope) -> str:
    place = node.path or scope.owner or "the source"
    return f"There is no field “{name}” in {place}."


def _hint(name: str, node: Node, scopes: tuple[Scope, ...]) -> str:
    for scope in scopes:
        if scope.alias and name in scope.node.below:
            return f"Did you mean “{scope.alias}.{name}”?"
    like = nearest(name, list(node.below))
    if like:
        return f"Did you mean “{like}”?"
    return "Choose a field from the schema."


def prefixes(path: Path) -> list[Prefix]:
    """The lists on the way of a bound path, outermost first."""
    bound = path.bound
    if bound is None:
        return []
    return [(bound.scope, bound.steps[: index + 1]) for index in bound.arrays]


def body(call: Call) -> tuple[Expr, Expr | None]:
    """What an aggregate takes of every element, and the condition of a FILTER around it."""
    inner = call.args[0]
    if isinstance(inner, Call) and inner.name == "FILTER" and len(inner.args) == 2:
        return inner.args[0], inner.args[1]
    return inner, None


def aggregates(call: Call) -> bool:
    """Whether this use of the function goes over a list (MIN and MAX do both)."""
    if call.name not in AGGREGATES or not call.args:
        return False
    if call.name in ("MIN", "MAX"):
        return len(call.args) == 1
    return call.name != "FILTER"


def loop_of(call: Call, taken: frozenset[Prefix]) -> list[Prefix]:
    """The lists an aggregate goes over, outermost first; ``taken`` ones are already fixed."""
    value, condition = body(call)
    longest: list[Prefix] = []
    for expr in (value, *([condition] if condition else [])):
        for path in open_paths(expr):
            found = [p for p in prefixes(path) if p not in taken]
            if len(found) > len(longest):
                longest = found
    return longest


def open_paths(expr: Expr) -> Iterator[Path]:
    """Paths of an expression that are not inside an aggregate of their own."""
    if isinstance(expr, Path):
        yield expr
    elif not (isinstance(expr, Call) and aggregates(expr)):
        for child in children(expr):
            yield from open_paths(child)


def paths_of(expr: Expr) -> list[Path]:
    """All paths of an expression."""
    return [e for e in walk(expr) if isinstance(e, Path)]


def shown(path: Path) -> str:
    """The full source path with ``[]`` as schemas write it."""
    bound = path.bound
    if bound is None:
        return ".".join(path.names)
    steps = [s + ("[]" if i in bound.arrays else "") for i, s in enumerate(bound.steps)]
    return ".".join([*([bound.owner] if bound.owner else []), *steps])
