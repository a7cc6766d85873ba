"""What changed between two versions of a mapping, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.mapping.nodes import ActionRow, Block, Expr, Mapping, Row, Side
from engine.mapping.write import scalar_text, write_expression


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the place (target path, block, constant, …) and a sentence."""

    place: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


def diff(old: Mapping, new: Mapping) -> list[Change]:
    """All changes from ``old`` to ``new``; empty when both say the same."""
    return list(_mapping(old, new))


def _mapping(old: Mapping, new: Mapping) -> Iterator[Change]:
    if old.name != new.name:
        yield Change("name", f"now {new.name}, was {old.name}.")
    for word, was, now in (("source", old.source, new.source), ("target", old.target, new.target)):
        if was != now:
            yield Change(word, f"now {_side(now)}, was {_side(was)}.")
    yield from _text("note", old.note, new.note)
    yield from _expression("as_of", "date of lookups", old.as_of, new.as_of)
    yield from _constants(old, new)
    yield from _rows("", old.rows, new.rows)
    yield from _blocks("", old.blocks, new.blocks)
    yield from _actions(old.actions, new.actions)


def _side(side: Side) -> str:
    return f"{side.system} {side.entity}"


def _text(place: str, old: str, new: str) -> Iterator[Change]:
    if old != new:
        yield Change(place, f"note now “{new}”, was “{old}”." if old else f"note “{new}” added.")


def _words(expr: Expr | None) -> str:
    return "always" if expr is None else write_expression(expr)


def _expression(place: str, what: str, old: Expr | None, new: Expr | None) -> Iterator[Change]:
    if _words(old) != _words(new):
        yield Change(place, f"{what} now {_words(new)}, was {_words(old)}.")


def _constants(old: Mapping, new: Mapping) -> Iterator[Change]:
    was, now = dict(old.constants), dict(new.constants)
    for name in sorted({*was, *now}):
        place = f"constant {name}"
        if name not in now:
            yield Change(place, f"removed (was {scalar_text(was[name])}).")
        elif name not in was:
            yield Change(place, f"added with {scalar_text(now[name])}.")
        elif scalar_text(was[name]) != scalar_text(now[name]):
            yield Change(place, f"now {scalar_text(now[name])}, was {scalar_text(was[name])}.")


def _rows(prefix: str, old: tuple[Row, ...], new: tuple[Row, ...]) -> Iterator[Change]:
    was, now = _numbered(old), _numbered(new)
    for key, row in was.items():
        if key not in now:
            yield Change(prefix + row.target, f"no longer supplied (was {_words(row.value)}).")
    for key, row in now.items():
        place = prefix + row.target
        before = was.get(key)
        if before is None:
            when = f" when {_words(row.when)}" if row.when is not None else ""
            yield Change(place, f"new, from {_words(row.value)}{when}.")
            continue
        yield from _expression(place, "value", before.value, row.value)
        yield from _expression(place, "condition", before.when, row.when)
        if before.confirm != row.confirm:
            words = "is confirmed" if row.confirm else "is no longer confirmed"
            yield Change(place, f"that something may be lost {words}.")
        yield from _text(place, before.note, row.note)
    if was.keys() == now.keys() and list(was) != list(now):
        yield Change(prefix or "rows", "the order of rows changed.")


def _numbered(rows: tuple[Row, ...]) -> dict[tuple[str, int], Row]:
    """Rows by target and turn, because one target may have several."""
    found: dict[tuple[str, int], Row] = {}
    turns: dict[str, int] = {}
    for row in rows:
        turn = turns.get(row.target, 0)
        turns[row.target] = turn + 1
        found[row.target, turn] = row
    return found


def _blocks(prefix: str, old: tuple[Block, ...], new: tuple[Block, ...]) -> Iterator[Change]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        if after is None and before is not None:
            yield Change(f"{prefix}{before.target}[]", "block removed.")
        elif before is None and after is not None:
            yield Change(f"{prefix}{after.target}[]", f"new block over {_words(after.each)}.")
        elif before is not None and after is not None:
            yield from _block(prefix, before, after)


def _block(prefix: str, old: Block, new: Block) -> Iterator[Change]:
    place = f"{prefix}{new.target}[]"
    if old.target != new.target or old.alias != new.alias:
        yield Change(
            place, f"now fills {new.target} as {new.alias}, was {old.target} as {old.alias}."
        )
    yield from _expression(place, "list", old.each, new.each)
    yield from _expression(place, "condition", old.where, new.where)
    was, now = (", ".join(_words(g) for g in b.group) or "nothing" for b in (old, new))
    if was != now:
        yield Change(place, f"grouped by {now}, was by {was}.")
    yield from _text(place, old.note, new.note)
    yield from _rows(f"{place}.", old.rows, new.rows)
    yield from _blocks(f"{place}.", old.blocks, new.blocks)


def _actions(old: tuple[ActionRow, ...], new: tuple[ActionRow, ...]) -> Iterator[Change]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        if before == after:
            continue
        if after is None and before is not None:
            yield Change(f"action {before.action}", "removed.")
        elif after is not None:
            was = f", was {before.action} when {_words(before.when)}" if before else ""
            yield Change(f"action {after.action}", f"now when {_words(after.when)}{was}.")
