"""First pass: every name gets its meaning in the source; names nobody knows are refused.

Example: with a list ``lines`` in the source, ``SUM(lines.net_amount)`` is bound, while
``lines.net_amount`` alone is refused because it is a list, not a value.
"""

from __future__ import annotations

from dataclasses import replace

from engine.mapping.nodes import Block, Call, Expr, Path, Row, children, rebuild
from engine.mapping.passes.draft import Draft, Scopes, document_scope, inner_scopes
from engine.mapping.paths import GROUP, Prefix, aggregates, bind, body, loop_of, prefixes
from engine.mapping.refusals import Refusal, Unreadable


class _Binder:
    def __init__(self) -> None:
        self.refusals: list[Refusal] = []

    def expression(self, expr: Expr, scopes: Scopes, place: str, target: str) -> Expr:
        """The expression with bound paths."""
        missing: list[Unreadable] = []

        def change(node: Expr) -> Expr:
            if not isinstance(node, Path):
                return node
            try:
                return bind(node, scopes)
            except Unreadable as fault:
                missing.append(fault)
                return node

        found = rebuild(expr, change)
        self.refusals += [m.refusal(place, target) for m in missing]
        if not missing:
            try:
                _check_lists(found, frozenset())
            except Unreadable as fault:
                self.refusals.append(fault.refusal(place, target))
        return found

    def rows(self, rows: tuple[Row, ...], scopes: Scopes, place: str, path: str) -> tuple[Row, ...]:
        bound = []
        for row in rows:
            here, target = place + row.target, path + row.target
            value = self.expression(row.value, scopes, here, target)
            when = row.when
            if when is not None:
                when = self.expression(when, scopes, f"{here}, condition", target)
            bound.append(replace(row, value=value, when=when))
        return tuple(bound)

    def block(self, block: Block, scopes: Scopes, place: str, path: str) -> Block:
        here, target = place + block.target, f"{path}{block.target}[]"
        taken = {GROUP, *scopes[0].node.below, *(s.alias for s in scopes)}
        if block.each is not None and block.alias in taken:
            self.refusals.append(
                Refusal(
                    here,
                    f"The name “{block.alias}” for the element is taken.",
                    "Choose another name with “as:”.",
                    target,
                )
            )
        try:
            current, inner = inner_scopes(block, scopes)
        except Unreadable as fault:
            self.refusals.append(fault.refusal(f"{here}, each", target))
            return block
        each = bind(block.each, scopes) if block.each is not None else None
        where = block.where
        if where is not None:
            where = self.expression(where, current, f"{here}, where", target)
        inside = f"{here} › "
        return replace(
            block,
            each=each,
            where=where,
            group=tuple(self.expression(g, current, f"{here}, group", target) for g in block.group),
            rows=self.rows(block.rows, inner, inside, f"{target}."),
            blocks=tuple(self.block(b, inner, inside, f"{target}.") for b in block.blocks),
        )


def _check_lists(expr: Expr, taken: frozenset[Prefix]) -> None:
    """Refuse lists where a value is expected, and aggregates over two lists at once."""
    if isinstance(expr, Path):
        free = [p for p in prefixes(expr) if p not in taken]
        if free:
            name = ".".join(expr.names)
            raise Unreadable(
                f"“{name}” is a list of values, one is expected.",
                f"Use FIRST({name}), SUM({name}) or JOIN({name}), or move the row into a block.",
                *expr.at,
            )
        return
    if isinstance(expr, Call) and aggregates(expr):
        loops = loop_of(expr, taken)
        if not loops:
            raise Unreadable(
                f"{expr.name} needs a list.",
                "Name a field of the lines, such as lines.amount.",
                *expr.at,
            )
        inside = taken | frozenset(loops)
        value, condition = body(expr)
        _check_lists(value, inside)
        if condition is not None:
            _check_lists(condition, inside)
        for arg in expr.args[1:]:
            _check_lists(arg, taken)
        return
    for child in children(expr):
        _check_lists(child, taken)


def bind_paths(draft: Draft) -> Draft:
    """Bind every path of the mapping against the source."""
    binder, mapping, scopes = _Binder(), draft.mapping, document_scope(draft)
    as_of = mapping.as_of
    bound = replace(
        mapping,
        as_of=binder.expression(as_of, scopes, "as_of", "") if as_of is not None else None,
        rows=binder.rows(mapping.rows, scopes, "", ""),
        blocks=tuple(binder.block(b, scopes, "", "") for b in mapping.blocks),
        actions=tuple(
            replace(a, when=binder.expression(a.when, scopes, f"action {a.action}", ""))
            for a in mapping.actions
        ),
    )
    return replace(draft, mapping=bound).refuse(binder.refusals)
