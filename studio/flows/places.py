"""Concrete places in records: ``lines[2].quantity``; one value read or written."""

from __future__ import annotations

import re
from typing import Any

from engine.schema.paths import get

_STEP = re.compile(r"^(?P<name>[^\[\]]+)(?:\[(?P<index>\d+)\])?$")


def first(record: dict[str, Any], path: str) -> Any:
    """The first value at a schema path, None where there is none."""
    return next(iter(get(record, path)), None)


def assign(record: dict[str, Any], path: str, value: Any) -> None:
    """Write one value at a concrete place, making objects on the way.

    Raises:
        ValueError: the place is not one, or a list on the way is shorter than its index.
    """
    here: Any = record
    parts = path.split(".")
    for number, part in enumerate(parts):
        found = _STEP.match(part)
        if found is None or not isinstance(here, dict):
            raise ValueError(f"“{path}” is not a place in this record")
        name, index = found["name"], found["index"]
        last = number == len(parts) - 1
        if index is None:
            if last:
                here[name] = value
                return
            here = here.setdefault(name, {})
            continue
        row = here.get(name)
        if not isinstance(row, list) or int(index) >= len(row):
            raise ValueError(f"“{path}”: there is no such line")
        if last:
            row[int(index)] = value
            return
        here = row[int(index)]
