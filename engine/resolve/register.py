"""Tables of short cells (persons, registers of members, vehicles) as numbers: one code per distinct cell.

A cell is folded once, however many records carry it; records are rows of small integers from then on,
so that half a million a side stay a matter of seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from engine.resolve import parallel
from engine.resolve.align import align
from engine.resolve.keys import Ints
from engine.resolve.table import Table
from engine.resolve.text import fold, words

LARGE = 15_000
_SAMPLE = 500
_MOST = 12
_LEAST = 4
_ENOUGH = 300
_PIECE = 4096
_MARK = "\x1f"
_PLAIN = bytes(
    c if chr(c).isalnum() or c == ord(_MARK) else ord(" ")
    for c in (ord(chr(c).lower()) if c < 128 else c for c in range(256))
)
_BLANKS = re.compile(rb" {2,}")
_DIGITS = 12


@dataclass(slots=True)
class Field:
    """One pair of columns in numbers.

    Attributes:
        name: heading on the left.
        left: code of every left cell, 0 where it is empty.
        right: the same on the right; equal text has equal code on both sides.
        texts: folded text per code; number 0 is the empty text.
        coarse: a number per code that survives most slips of the pen: the first letters of a word,
            the digits of a number in order of size; -1 for the empty text.
        wordy: whether cells often hold more than one word.
    """

    name: str
    left: Ints
    right: Ints
    texts: list[str]
    coarse: NDArray[np.int64]
    wordy: bool


def _short(table: Table) -> bool:
    counts = []
    for name, values in table.columns.items():
        filled = list(islice((v for v in values if v), _SAMPLE))
        if filled and name != table.key:
            counts.append(sum(v.count(" ") + 1 for v in filled) / len(filled))
    return len(counts) >= _LEAST and max(counts) <= 3.5 and sum(counts) / len(counts) <= 2.0


def pairs(left: Table, right: Table) -> list[tuple[str, str]]:
    """Columns that mean the same, where both tables are registers; none where they are not.

    A register is large enough to learn from and holds nothing but short cells, judged by a sample.
    """
    if (
        left is right
        or min(len(left), len(right)) < _ENOUGH
        or not (_short(left) and _short(right))
    ):
        return []
    columns = [{n: v for n, v in t.columns.items() if n != t.key and any(v)} for t in (left, right)]
    # Columns under the same heading are paired by it; only the others are compared by their cells.
    plain = [
        {n: v if n in columns[1 - at] else list(folded(v)) for n, v in side.items()}
        for at, side in enumerate(columns)
    ]
    found = align(plain[0], plain[1])[:_MOST]
    return found if len(found) >= _LEAST else []


def folded(values: Sequence[str]) -> Iterator[str]:
    """Every text in lower case without accents, words parted by single blanks."""
    rest = iter(values)
    while piece := list(islice(rest, _PIECE)):
        joined = _MARK.join(piece)
        if joined.isascii() and joined.count(_MARK) == len(piece) - 1:
            flat = _BLANKS.sub(b" ", joined.encode().translate(_PLAIN))
            flat = flat.replace(b" \x1f", b"\x1f").replace(b"\x1f ", b"\x1f")
            yield from flat.strip(b" ").decode().split(_MARK)
        else:
            yield from (" ".join(words(fold(v))) for v in piece)


def _coarse(texts: list[str]) -> NDArray[np.int64]:
    packed = np.array(texts, dtype=f"S{_DIGITS}").view(np.uint8).reshape(len(texts), _DIGITS)
    digits = (packed >= ord("0")) & (packed <= ord("9"))
    filled = max(int((packed > 0).sum()), 1)
    if digits.sum() / filled > 0.7:
        kept = np.sort(np.where(digits, packed - ord("0") + 1, 0), axis=1)
        power = 11 ** np.arange(_DIGITS, dtype=np.int64)
        number = kept.astype(np.int64) @ power[::-1]
    else:
        number = packed[:, :3].astype(np.int64) @ np.asarray([65536, 256, 1], dtype=np.int64)
    number = np.unique(number, return_inverse=True)[1].astype(np.int64)
    number[0] = -1
    return np.asarray(number, dtype=np.int64)


def _field(name: str, left: Sequence[str], right: Sequence[str]) -> Field:
    a, b = list(folded(left)), list(folded(right))
    texts = list(dict.fromkeys(chain(("",), a, b)))
    voc = {text: code for code, text in enumerate(texts)}
    several = sum(" " in t for t in islice(texts, 1, 5000)) / max(min(len(texts) - 1, 4999), 1)
    codes = [np.fromiter(map(voc.__getitem__, s), dtype=np.int32, count=len(s)) for s in (a, b)]
    return Field(name, codes[0], codes[1], texts, _coarse(texts), several > 0.2)


def prepare(left: Table, right: Table, paired: Sequence[tuple[str, str]]) -> list[Field]:
    """Put every pair of columns into numbers; columns that hold one text only are left out."""

    def work(pair: tuple[str, str]) -> Field:
        return _field(pair[0], left.columns[pair[0]], right.columns[pair[1]])

    found = parallel.each(work, paired, large=len(left) + len(right) >= 2 * LARGE)
    return [f for f in found if len(f.texts) > 2]
