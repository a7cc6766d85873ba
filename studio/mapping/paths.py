"""Source fields as an expression calls them, inside the loop where the row stands."""

from __future__ import annotations

from typing import Any

from engine.mapping.nodes import Path
from engine.mapping.write import write_expression
from engine.schema.model import SystemSchema
from studio.mapping.assemble import prefix_of


def full_path(schema: SystemSchema, main: str, entity: str, path: str) -> str | None:
    """Where a field stands seen from the main entity; None for an entity that is not inside it."""
    if entity in ("", main):
        return path
    child = schema.entity(entity)
    if child is not None and child.lines_of == main:
        return f"{entity}[].{path}"
    return None


def as_expression(path: str, block_id: str, blocks: list[dict[str, Any]]) -> str | None:
    """The expression that reads one source field from a row of the loop; None where it cannot.

    A field of the list that the loop runs over is read through the loop's name (``line.price``); a
    field of another list has many values and is no single value here.
    """
    for alias, source in _scopes(block_id, blocks):
        if source and path.startswith(f"{source}[]."):
            rest = path.removeprefix(f"{source}[].")
            return None if "[]" in rest else _text((alias, *rest.split(".")))
    return None if "[]" in path else _text(tuple(path.split(".")))


def _scopes(block_id: str, blocks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Alias and full source list of every loop around a row, innermost first."""
    by_id = {b["id"]: b for b in blocks}
    found: list[tuple[str, str]] = []
    block = by_id.get(block_id)
    while block is not None:
        if block.get("each"):
            found.append((block.get("as", "line"), str(block["each"])))
        block = by_id.get(block.get("parent", ""))
    return found


def _text(names: tuple[str, ...]) -> str:
    return write_expression(Path(names))


def block_for(target_path: str, blocks: list[dict[str, Any]]) -> str | None:
    """The first loop that fills the list a target field is in; None where there is no such loop."""
    if "[]" not in target_path:
        return ""
    wanted = target_path[: target_path.rindex("[]") + 2]
    return next((b["id"] for b in blocks if prefix_of(b["id"]) == f"{wanted}."), None)
