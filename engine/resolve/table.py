"""Plain values that go in and out of the matcher."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["customer", "supplier", "item", "generic"]


@dataclass(frozen=True, slots=True)
class Table:
    """Records as columns of text.

    Attributes:
        keys: one unique key per record.
        columns: column name to one text per record, empty text where not filled; the key column
            is among them under its own name.
        key: name of the key column.
    """

    keys: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    key: str = ""

    def __len__(self) -> int:
        return len(self.keys)

    @staticmethod
    def from_rows(rows: Sequence[Mapping[str, object]], key: str) -> Table:
        """Build from dict rows; nested dicts are flattened with dots, lists with their position."""
        flat = [dict(_flatten(row, "")) for row in rows]
        names = list(dict.fromkeys(name for row in flat for name in row))
        columns = {name: [row.get(name, "") for row in flat] for name in names}
        return Table(keys=columns.get(key, [""] * len(flat)), columns=columns, key=key)


def _flatten(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _flatten(inner, f"{path}[{at}]")
    elif value is None:
        yield path, ""
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    else:
        yield path, str(value)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a waterfall: what spoke, in words, and how much it moved the log-odds."""

    evidence: str
    detail: str
    log_odds: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One proposed match.

    Attributes:
        left_key: key in the left table.
        right_key: key in the right table.
        probability: calibrated probability that the two records are one, 0 to 1.
        word: ``certain``, ``strong``, ``possible``, ``guess`` or ``unlikely``.
        method: ``Identity``, ``Memory``, ``Rule``, ``Similarity`` or ``Model``.
        sentence: one sentence for a person.
    """

    left_key: str
    right_key: str
    probability: float
    word: str
    method: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Policy:
    """How pairs become an answer.

    Attributes:
        one_to_one: each right record belongs to at most one left record and vice versa; by default
            a left record may have several right records (duplicates in the books are all true).
        floor: pairs below this probability are not returned.
        candidates: at most so many candidates per left record.
    """

    one_to_one: bool = False
    floor: float = 0.01
    candidates: int = 50


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Prior, bars and final log-odds; ``probability`` is the number shown everywhere."""

    prior: float
    bars: tuple[Bar, ...] = field(default=())
    final: float = 0.0
    probability: float = 0.0
