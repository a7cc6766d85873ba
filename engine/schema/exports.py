"""Exports as people have them: separated by commas, semicolons, tabs or bars, UTF-8 or Excel's Unicode text."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from itertools import chain
from pathlib import Path, PurePath
from typing import BinaryIO, Literal

# Excel separates by what the country does not write in numbers: a semicolon wherever a comma is in them.
_SEPARATORS = ",;\t|"
_HINT = "sep="


class ExportFileError(ValueError):
    """A file that is no table of texts; the message names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent to us and is on no disk: read like a path that is called ``name``."""

    name: str
    content: bytes

    def __str__(self) -> str:
        return self.name

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePath(self.name).stem

    @property
    def suffix(self) -> str:
        """The ending with its dot."""
        return PurePath(self.name).suffix

    @property
    def parent(self) -> PurePath:
        """No folder."""
        return PurePath()

    def open(self, mode: Literal["rb"]) -> BinaryIO:
        """Its bytes from the beginning."""
        return BytesIO(self.content)


@contextmanager
def export_rows(path: Path | Upload) -> Iterator[Iterator[list[str]]]:
    """The rows of a separated file, the heading first; empty lines are left out.

    The separator is the one that occurs most in the heading (outside quotes), or what a first line
    ``sep=;`` says, as Excel writes it.

    Args:
        path: the file, or what was sent: UTF-8 with or without its mark, or UTF-16 with it ("Unicode text").

    Raises:
        ExportFileError: it cannot be opened, or read as text.
    """
    try:
        with path.open("rb") as file:
            marked = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            file.seek(0)
            lines = TextIOWrapper(file, "utf-16" if marked else "utf-8-sig", newline="")
            head = next(lines, "")
            if "\0" in head:
                raise ExportFileError(f"{path}: not UTF-8 text (save the export as CSV UTF-8)")
            if head.lower().startswith(_HINT) and len(head.strip()) == len(_HINT) + 1:
                rows = csv.reader(lines, delimiter=head[len(_HINT)])
            else:
                rows = csv.reader(chain([head], lines), delimiter=_separator(head))
            yield (row for row in rows if row)
    except FileNotFoundError as error:
        raise ExportFileError(f"{path}: no such file") from error
    except OSError as error:
        raise ExportFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeError as error:
        raise ExportFileError(f"{path}: not UTF-8 text (save the export as CSV UTF-8)") from error
    except csv.Error as error:
        raise ExportFileError(f"{path}: is no table of texts ({error})") from error


def _separator(head: str) -> str:
    bare = "".join(head.split('"')[::2])
    return max(_SEPARATORS, key=bare.count)
