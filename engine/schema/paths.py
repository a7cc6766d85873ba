"""Field paths: ``Line[].SalesItemLineDetail.Qty`` parsed, read from and written into records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.schema.model import JsonValue, Record

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Step:
    """One level of a path: the member's name and whether it is an array."""

    name: str
    many: bool = False


def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        ValueError: the path is empty or has an empty step.
    """
    steps = tuple(
        Step(part.removesuffix("[]"), many=part.endswith("[]")) for part in path.split(".")
    )
    if not all(s.name for s in steps):
        raise ValueError(f"“{path}” is not a field path")
    return steps


def text(steps: tuple[Step, ...]) -> str:
    """The path written as text; the inverse of :func:`parse`."""
    return ".".join(s.name + ("[]" if s.many else "") for s in steps)


def leaf(path: str) -> str:
    """The last member's name."""
    return path.rsplit(".", 1)[-1].removesuffix("[]")


def parent(path: str) -> str:
    """The path without its last step; empty at the top."""
    return path.rpartition(".")[0]


def tokens(name: str) -> list[str]:
    """Lower-case words of a name: camel case, digits, underscores and dots separate them."""
    return [t.lower() for t in _CAMEL.findall(name)]


def get(record: Record, path: str) -> list[JsonValue]:
    """All values at a path, in order; empty when nothing is there. Nulls count as values."""
    return list(_walk(record, parse(path)))


def _walk(value: JsonValue, steps: tuple[Step, ...]) -> Iterator[JsonValue]:
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if not isinstance(value, dict) or step.name not in value:
        return
    inner = value[step.name]
    if not step.many:
        yield from _walk(inner, rest)
    elif isinstance(inner, list):
        for one in inner:
            yield from _walk(one, rest)


def put(record: Record, path: str, value: JsonValue, *, index: int = 0) -> None:
    """Write a value at a path, making objects and arrays on the way.

    Args:
        record: changed in place.
        path: where; every array level on the way uses ``index``.
        value: what.
        index: element of the arrays on the way; missing elements before it become empty objects.

    Raises:
        ValueError: something on the way is neither missing, an object nor an array.
    """
    steps = parse(path)
    here = record
    for step in steps[:-1]:
        inner = here.setdefault(step.name, [] if step.many else {})
        if step.many:
            inner = _element(inner, index)
        if not isinstance(inner, dict):
            raise ValueError(f"“{path}”: {step.name} holds a plain value")  # noqa: TRY004 the path is wrong
        here = inner
    last = steps[-1]
    if not last.many:
        here[last.name] = value
        return
    row = here.setdefault(last.name, [])
    if not isinstance(row, list):
        raise ValueError(f"“{path}”: {last.name} is not an array")  # noqa: TRY004 the path is wrong
    row.extend([None] * (index + 1 - len(row)))
    row[index] = value


def _element(row: JsonValue, index: int) -> JsonValue:
    if not isinstance(row, list):
        return None
    while len(row) <= index:
        row.append({})
    return row[index]
