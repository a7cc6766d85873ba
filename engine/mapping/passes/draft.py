"""What the passes work on: the mapping with the schemas and the catalogue it is checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from engine.mapping.context import Value
from engine.mapping.functions import Kind
from engine.mapping.nodes import Block, Expr, Mapping, Path, Row
from engine.mapping.paths import GROUP, Scope, bind
from engine.mapping.refusals import Refusal, Unreadable
from engine.mapping.schemas import Node


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A lookup table as the catalogue knows it.

    Attributes:
        gives: kind of its values.
        codes: its codes, or empty where they are not known yet.
        longest: length of its longest value, or None.
        values: its values, or empty where they are not known.
    """

    gives: Kind = Kind.TEXT
    codes: frozenset[str] = frozenset()
    longest: int | None = None
    values: frozenset[Value] = frozenset()


@dataclass(frozen=True, slots=True)
class Catalog:
    """What exists outside the mapping.

    Attributes:
        lookups: tables by name.
        links: canonical kinds that have cross-references.
        facts: names of facts with their kinds.
        actions: actions the target can do.
    """

    lookups: dict[str, TableInfo] = field(default_factory=dict)
    links: frozenset[str] = frozenset(
        ("customer", "supplier", "item", "account", "tax_code", "term", "payment_method",
         "warehouse", "invoice", "credit_note", "bill", "payment", "sales_order", "unit", "currency")
    )  # fmt: skip
    facts: dict[str, Kind] = field(default_factory=dict)
    actions: frozenset[str] = frozenset(
        ("create", "update", "void", "delete", "deactivate", "reactivate", "hold", "ignore",
         "create_payment", "create_credit")
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping under check; a pass returns another draft.

    Attributes:
        mapping: the tree, bound once ``bind_paths`` ran.
        source: the source entity as a tree.
        target: the target entity as a tree.
        catalog: what exists outside.
        refusals: what was found so far.
    """

    mapping: Mapping
    source: Node
    target: Node
    catalog: Catalog
    refusals: tuple[Refusal, ...] = ()

    def refuse(self, found: list[Refusal]) -> Draft:
        """The draft with more refusals."""
        return replace(self, refusals=(*self.refusals, *found)) if found else self


Pass = Callable[[Draft], Draft]
Scopes = tuple[Scope, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """An expression with its place.

    Attributes:
        place: words for people.
        expr: the expression.
        target: the row's target path, with the blocks in front.
        row: the row it belongs to, or None.
        condition: it decides whether something happens.
        blocks: blocks around it, outermost first.
    """

    place: str
    expr: Expr
    target: str = ""
    row: Row | None = None
    condition: bool = False
    blocks: tuple[Block, ...] = ()

    def refusal(self, expr: Expr, sentence: str, fix: str) -> Refusal:
        """A refusal that points at a part of the expression."""
        line, column = expr.at
        spot = f"line {line} column {column}" if line > 1 else f"column {column}"
        return Refusal(f"{self.place}, {spot}", sentence, fix, self.target)


def document_scope(draft: Draft) -> Scopes:
    """The scope of expressions outside blocks."""
    return (Scope("", draft.source),)


def inner_scopes(block: Block, scopes: Scopes) -> tuple[Scopes, Scopes]:
    """Scopes for the block's condition and group, and for its rows.

    Raises:
        Unreadable: ``each`` is not a list of the source.
    """
    if block.each is None:
        return scopes, scopes
    path = bind(block.each, scopes)
    bound = path.bound
    scope = next(s for s in scopes if bound is not None and s.alias == bound.scope)
    node = scope.node
    for name in bound.steps if bound else ():
        node = node.below.get(name, Node(name, open=True))
    if bound is None or not node.many or len(bound.arrays) != 1:
        raise Unreadable(
            f"“{'.'.join(block.each.names)}” is not a list.",
            "Choose a list of the source.",
            *block.each.at,
        )
    owner = ".".join(x for x in (scope.owner, ".".join(bound.steps) + "[]") if x)
    current = (*scopes, Scope(block.alias, node, owner))
    if not block.group:
        return current, current
    return current, (*current, Scope(GROUP, node, owner, many=True))


def spots(mapping: Mapping) -> Iterator[Spot]:
    """Every expression of the mapping with its place, in document order."""
    if mapping.as_of is not None:
        yield Spot("as_of", mapping.as_of)
    yield from _rows(mapping.rows, "", "", ())
    for block in mapping.blocks:
        yield from _block(block, "", "", ())
    for action in mapping.actions:
        yield Spot(f"action {action.action}", action.when, condition=True)


def _rows(
    rows: tuple[Row, ...], place: str, target: str, blocks: tuple[Block, ...]
) -> Iterator[Spot]:
    for row in rows:
        path = target + row.target
        yield Spot(place + row.target, row.value, path, row, blocks=blocks)
        if row.when is not None:
            yield Spot(f"{place}{row.target}, condition", row.when, path, row, True, blocks)  # noqa: FBT003


def _block(block: Block, place: str, target: str, blocks: tuple[Block, ...]) -> Iterator[Spot]:
    here, path = place + block.target, f"{target}{block.target}[]"
    inside = (*blocks, block)
    if block.where is not None:
        yield Spot(f"{here}, where", block.where, path, None, True, inside)  # noqa: FBT003
    for one in block.group:
        yield Spot(f"{here}, group", one, path, blocks=inside)
    yield from _rows(block.rows, f"{here} › ", f"{path}.", inside)
    for inner in block.blocks:
        yield from _block(inner, f"{here} › ", f"{path}.", inside)


def is_list(expr: Expr) -> bool:
    """Whether a bound expression names a whole list or a field over a list."""
    return isinstance(expr, Path) and expr.bound is not None and bool(expr.bound.arrays)
