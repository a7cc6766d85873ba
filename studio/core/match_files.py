"""Two exports that are matched before anything is connected: how they are read, how the pairs are written.

The command ``match-records`` and the page “Try” both work this way. Nothing here loads an app.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.resolve import Pair, Table
from engine.resolve.roles import key_column
from engine.schema.exports import ExportFileError, Upload, export_rows

HEAD = ("left_key", "right_key", "probability", "word", "method", "sentence")
CERTAIN = 0.95


class NoKeyColumn(ExportFileError):
    """Nothing tells the records of a file apart."""


def read_table(path: Path | Upload, key: str = "", *, most: int | None = None) -> Table:
    """Read an export.

    Args:
        path: the file.
        key: its key column; empty for the one that is recognised.
        most: records that may be in it.

    Raises:
        ExportFileError: it is no table with a key; the message names the file and what is wrong.
    """
    try:
        with export_rows(path) as rows:
            head = next(rows, [])
            columns = Table.columns_of(head, rows if most is None else _at_most(path, rows, most))
    except ExportFileError:
        raise
    except ValueError as error:
        raise ExportFileError(f"{path} {error}") from error
    if not head:
        raise ExportFileError(f"{path}: the file is empty; a heading line is needed")
    count = len(next(iter(columns.values())))
    chosen = key or key_column(columns) or (head[0] if not count else None)
    if chosen is None:
        raise NoKeyColumn(f"{path}: no column is filled and unique in every record")
    if chosen not in columns:
        raise ExportFileError(f"{path}: no column {chosen!r}; there are {', '.join(head)}")
    keys = list(columns[chosen])
    if len(set(keys)) != count:
        raise ExportFileError(f"{path}: column {chosen!r} is not unique")
    return Table(keys=keys, columns=columns, key=chosen)


def _at_most(path: Path | Upload, rows: Iterable[list[str]], most: int) -> Iterator[list[str]]:
    for number, row in enumerate(rows):
        if number == most:
            raise ExportFileError(f"{path}: there are more than {most:,} records in it")
        yield row


def pair_row(pair: Pair) -> tuple[str, ...]:
    """A pair as a line of the result, under ``HEAD``."""
    return (
        pair.left_key,
        pair.right_key,
        f"{pair.probability:.6f}",
        pair.word,
        pair.method,
        pair.sentence,
    )
