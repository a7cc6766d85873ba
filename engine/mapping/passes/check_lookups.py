"""Lookup tables, links, facts, constants and actions that are named do exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from engine.mapping.evaluate import literal_text
from engine.mapping.nodes import Call, Expr, Literal, walk
from engine.mapping.passes.draft import Draft, Spot, spots
from engine.mapping.refusals import Refusal
from engine.mapping.schemas import nearest


def check_lookups(draft: Draft) -> Draft:
    """Refuse names that stand for nothing, and fixed codes a table does not have."""
    catalog = draft.catalog
    known: dict[str, tuple[str, Collection[str]]] = {
        "LOOKUP": ("lookup table", catalog.lookups),
        "LINK": ("kind of link", catalog.links),
        "FACT": ("fact", catalog.facts),
        "CONST": ("constant", dict(draft.mapping.constants)),
    }
    found: list[Refusal] = []
    for spot in spots(draft.mapping):
        for expr in walk(spot.expr):
            if isinstance(expr, Call) and expr.name in known and expr.args:
                found += _name(spot, expr, *known[expr.name])
                found += _code(spot, expr, draft)
    for action in draft.mapping.actions:
        if action.action not in catalog.actions:
            found.append(
                Refusal(
                    f"action {action.action}",
                    f"The target has no action “{action.action}”.",
                    f"Choose one of: {', '.join(sorted(catalog.actions))}.",
                )
            )
    return draft.refuse(found)


def _name(spot: Spot, call: Call, words: str, names: Collection[str]) -> Iterator[Refusal]:
    name = literal_text(call.args[0])
    if not name or name in names:
        return
    like = nearest(name, list(names))
    create = {"LOOKUP": "Create the table.", "CONST": "Add it under “constants”."}
    listed = ", ".join(sorted(names)[:10])
    fix = create.get(call.name, f"Choose one of: {listed}." if listed else "Choose another.")
    fix = f"Did you mean “{like}”?" if like else fix
    missing = name if call.name == "LOOKUP" and not like else ""
    yield replace(spot.refusal(call, f"There is no {words} “{name}”.", fix), table=missing)


def _code(spot: Spot, call: Call, draft: Draft) -> Iterator[Refusal]:
    """A literal code without a row and without a default would fail for every record."""
    if call.name != "LOOKUP" or len(call.args) != 2:
        return
    info = draft.catalog.lookups.get(literal_text(call.args[0]))
    code: Expr = call.args[1]
    fixed = isinstance(code, Literal) and isinstance(code.value, str) and code.value != ""
    if info is None or not info.codes or not fixed:
        return
    if literal_text(code) not in info.codes:
        yield spot.refusal(
            call,
            f"The table “{literal_text(call.args[0])}” has no row for “{literal_text(code)}”.",
            "Add the row, or a default as third argument.",
        )
