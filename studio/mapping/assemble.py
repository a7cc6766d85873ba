"""A mapping document as rows and loops in tables, and back.

``Mapping.blocks`` is the flat list of loops. A loop's ``id`` is its full target path, with ``#2`` and
so on where several loops fill the same list. A row's ``target_path`` is the full path from the
document (``Line[].Amount``), so that a page can show it without knowing the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

_FRAME = ("mapping", "source", "target", "note", "as_of", "constants", "actions")
_LOOP = ("to", "each", "as", "where", "group", "note")


@dataclass(frozen=True, slots=True)
class RowText:
    """One row of a document: where it goes and what it says."""

    block: str
    target_path: str
    alternative: int
    expression: str
    condition: str = ""
    confirm_lossy: bool = False


class RowLike(Protocol):
    """What assembling needs of a row; read-only, so that frozen values and table rows both fit."""

    @property
    def block(self) -> str: ...
    @property
    def target_path(self) -> str: ...
    @property
    def expression(self) -> str: ...
    @property
    def condition(self) -> str: ...
    @property
    def confirm_lossy(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """A document taken apart: head, loops, rows."""

    frame: dict[str, Any]
    blocks: list[dict[str, Any]]
    rows: list[RowText]


def prefix_of(block_id: str) -> str:
    """What stands before a field of the loop in its full path: ``Line[]#2`` gives ``Line[].``."""
    return f"{block_id.partition('#')[0]}." if block_id else ""


def take_apart(document: dict[str, Any]) -> Parts:
    """Head, loops and rows of a document as ``engine.mapping.dump`` writes it."""
    parts = Parts({k: document[k] for k in _FRAME if k in document}, [], [])
    parts.rows.extend(_rows(document, ""))
    _loops(document, "", parts)
    return parts


def _loops(owner: dict[str, Any], parent: str, parts: Parts) -> None:
    taken = {b["id"] for b in parts.blocks}
    for raw in owner.get("blocks", []):
        path = f"{prefix_of(parent)}{raw['to']}[]"
        number = 1
        block_id = path
        while block_id in taken:
            number += 1
            block_id = f"{path}#{number}"
        taken.add(block_id)
        loop = {k: raw[k] for k in _LOOP if k in raw}
        parts.blocks.append({"id": block_id, "parent": parent} | loop)
        parts.rows.extend(_rows(raw, block_id))
        _loops(raw, block_id, parts)
        taken = {b["id"] for b in parts.blocks}


def _rows(owner: dict[str, Any], block: str) -> Iterator[RowText]:
    seen: dict[str, int] = {}
    for raw in owner.get("rows", []):
        number = seen.get(raw["to"], 0)
        seen[raw["to"]] = number + 1
        yield RowText(
            block=block,
            target_path=prefix_of(block) + raw["to"],
            alternative=number,
            expression=str(raw["from"]),
            condition=str(raw.get("when", "")),
            confirm_lossy=raw.get("confirm") == "lossy",
        )


def put_together(
    frame: dict[str, Any], blocks: list[dict[str, Any]], rows: Iterable[RowLike]
) -> dict[str, Any]:
    """The document that the rows and loops say; a loop without rows is left out."""
    by_block: dict[str, list[RowLike]] = {}
    for row in rows:
        by_block.setdefault(row.block, []).append(row)
    document = dict(frame)
    document["rows"] = [_raw(r) for r in by_block.get("", [])]
    document["blocks"] = list(_loop_tree(blocks, "", by_block))
    return document


def _loop_tree(
    blocks: list[dict[str, Any]], parent: str, rows: dict[str, list[RowLike]]
) -> Iterator[dict[str, Any]]:
    for block in blocks:
        if block.get("parent", "") != parent:
            continue
        inner = list(_loop_tree(blocks, block["id"], rows))
        own = [_raw(r) for r in rows.get(block["id"], [])]
        if own or inner:
            loop = {k: block[k] for k in _LOOP if k in block}
            yield loop | {"rows": own} | ({"blocks": inner} if inner else {})


def _raw(row: RowLike) -> dict[str, Any]:
    raw = {"to": row.target_path.removeprefix(prefix_of(row.block)), "from": row.expression}
    if row.condition:
        raw["when"] = row.condition
    if row.confirm_lossy:
        raw["confirm"] = "lossy"
    return raw
