"""Plain values that go in and out of the matcher."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, overload

Kind = Literal["customer", "supplier", "item", "generic"]


_PIECE = 4096
_MARK = "\x1f"


class Column(Sequence[str]):
    """Texts of one column packed by the thousand: a tenth of the memory of as many ``str``."""

    __slots__ = ("_count", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[bytes | tuple[str, ...]] = []
        self._count = 0

    def add(self, values: Sequence[str]) -> None:
        """Append up to 4,096 texts; only the last call may bring fewer."""
        joined = _MARK.join(values)
        plain = joined.count(_MARK) == len(values) - 1
        self._pieces.append(joined.encode("utf-8", "surrogatepass") if plain else tuple(values))
        self._count += len(values)

    def _piece(self, at: int) -> Sequence[str]:
        piece = self._pieces[at]
        if isinstance(piece, tuple):
            return piece
        return piece.decode("utf-8", "surrogatepass").split(_MARK)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for at in range(len(self._pieces)):
            yield from self._piece(at)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, int):
            if not -self._count <= at < self._count:
                raise IndexError(at)
            number = at % self._count
            return self._piece(number // _PIECE)[number % _PIECE]
        start, stop, step = at.indices(self._count)
        if step != 1 or start >= stop:
            return list(self)[at]
        first = start // _PIECE
        found = [v for n in range(first, (stop - 1) // _PIECE + 1) for v in self._piece(n)]
        return found[start - first * _PIECE : stop - first * _PIECE]


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

    @staticmethod
    def columns_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, Column]:
        """Pack rows of texts, one per heading, as they come; no list of all rows is built.

        Raises:
            ValueError: a row has another length than the heading; the message names its number,
                the heading being number 1.
        """
        columns = [Column() for _ in head]
        rest, read = iter(rows), 1
        while piece := list(islice(rest, _PIECE)):
            for at, row in enumerate(piece, read + 1):
                if len(row) != len(head):
                    raise ValueError(f"record {at}: {len(row)} values under {len(head)} headings")
            read += len(piece)
            for column, values in zip(columns, zip(*piece, strict=True), strict=True):
                column.add(values)
        return dict(zip(head, columns, strict=True))


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
