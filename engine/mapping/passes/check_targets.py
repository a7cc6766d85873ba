"""Targets exist, can be written, are reached the right way, and all required ones are supplied."""

from __future__ import annotations

from engine.mapping.nodes import Block, Row
from engine.mapping.passes.draft import Draft
from engine.mapping.plan import find, steps_of
from engine.mapping.refusals import Refusal
from engine.mapping.schemas import Node, nearest


def check_targets(draft: Draft) -> Draft:
    """Refuse unknown, read-only and doubly supplied targets and missing required ones."""
    found = _level(draft.mapping.rows, draft.mapping.blocks, draft.target, "", "")
    return draft.refuse(found)


def _level(
    rows: tuple[Row, ...], blocks: tuple[Block, ...], node: Node, place: str, path: str
) -> list[Refusal]:
    found: list[Refusal] = []
    for row in rows:
        found += _row(row, node, place, path)
    found += _doubles(rows, place, path)
    for block in blocks:
        found += _block(block, node, place, path)
    return found + _required(rows, blocks, node, place, path)


def _missing(target: str, node: Node, here: str, path: str) -> Refusal:
    """The target has no such field; the fix names the nearest one at the level that fails."""
    level = node
    for step in steps_of(target):
        if step not in level.below:
            like = nearest(step, list(level.below))
            break
        level = level.below[step]
    else:
        like = ""
    fix = f"Did you mean “{like}”?" if like else "Choose a field of the target."
    return Refusal(here, f"The target has no field “{target}”.", fix, path + target)


def _row(row: Row, node: Node, place: str, path: str) -> list[Refusal]:
    here = place + row.target
    below = find(node, row.target)
    if below is None:
        return [_missing(row.target, node, here, path)]
    target = path + row.target
    if below.many or _through_list(row.target, node):
        fix = f"Use a block with “to: {row.target.split('[]')[0]}”."
        return [Refusal(here, "This is a list, not a value.", fix, target)]
    if below.field is not None and below.field.read_only:
        return [Refusal(here, "The target assigns this field itself.", "Remove the row.", target)]
    if below.below:
        like = ", ".join(list(below.below)[:3])
        return [
            Refusal(here, "This is an object with fields of its own.",
                    f"Map its fields instead ({row.target}.{like}).", target)
        ]  # fmt: skip
    return []


def _through_list(target: str, node: Node) -> bool:
    for step in steps_of(target)[:-1]:
        below = node.below.get(step)
        if below is None:
            return False
        if below.many:
            return True
        node = below
    return False


def _doubles(rows: tuple[Row, ...], place: str, path: str) -> list[Refusal]:
    always: set[str] = set()
    found: list[Refusal] = []
    for row in rows:
        if row.target in always:
            found.append(
                Refusal(
                    place + row.target,
                    "A row above supplies this field in every case, so this one is never used.",
                    "Remove it, or give the row above a condition.",
                    path + row.target,
                )
            )
        if row.when is None:
            always.add(row.target)
    return found


def _block(block: Block, node: Node, place: str, path: str) -> list[Refusal]:
    here = place + block.target
    below = find(node, block.target)
    if below is None:
        return [_missing(block.target, node, here, path)]
    target = f"{path}{block.target}[]"
    if not below.many and not below.open:
        return [
            Refusal(
                here, "The target is not a list.", "Map it with rows instead of a block.", target
            )
        ]
    if below.field is not None and below.field.read_only:
        return [Refusal(here, "The target makes this list itself.", "Remove the block.", target)]
    return _level(block.rows, block.blocks, below, f"{here} › ", f"{target}.")


def _required(
    rows: tuple[Row, ...], blocks: tuple[Block, ...], node: Node, place: str, path: str
) -> list[Refusal]:
    """Required fields of this level; those inside an object count once the object is used."""
    rowed = {".".join(steps_of(r.target)) for r in rows}
    blocked = {".".join(steps_of(b.target)) for b in blocks}
    used = rowed | blocked
    found: list[Refusal] = []

    def supplied(dotted: str) -> bool:
        return any(u == dotted or u.startswith(dotted + ".") for u in used)

    def look(level: Node, prefix: str) -> None:
        for name, below in level.below.items():
            dotted = prefix + name
            field = below.field
            needed = field is not None and field.required and not field.read_only
            if needed and not supplied(dotted):
                found.append(
                    Refusal(
                        place + dotted,
                        "The target requires this field and nothing supplies it.",
                        "Add a row, for example with a constant.",
                        path + dotted,
                    )
                )
            elif below.below and not below.many and (supplied(dotted) or _needs(below)):
                look(below, f"{dotted}.")

    look(node, "")
    return found


def _needs(node: Node) -> bool:
    """Whether a value directly inside an object must be there for the document itself."""
    return any(n.field is not None and n.field.required and not n.many for n in node.below.values())
