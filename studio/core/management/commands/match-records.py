"""Match two exports of customers, suppliers or items from the command line, without a database."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engine.resolve import Policy, Table, match, parallel
from engine.schema.exports import ExportFileError
from studio.core.match_files import CERTAIN, HEAD, NoKeyColumn, pair_row, read_table

# Bytes of both files from which on a process for each is worth its start.
_LARGE = 8_000_000


class Command(BaseCommand):
    """``match-records --kind customer --left L.csv --right R.csv --out pairs.csv``."""

    help = "Find which record of one export is which record of another; writes left_key,right_key,probability."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--kind", required=True, choices=["customer", "supplier", "item", "generic"]
        )
        parser.add_argument(
            "--left", required=True, type=Path, help="CSV export of the first system"
        )
        parser.add_argument(
            "--right", required=True, type=Path, help="CSV export of the second system"
        )
        parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
        parser.add_argument(
            "--left-key", default="", help="key column of the left file (default: recognised)"
        )
        parser.add_argument(
            "--right-key", default="", help="key column of the right file (default: recognised)"
        )
        parser.add_argument(
            "--floor", type=float, default=0.01, help="leave out pairs below this probability"
        )
        parser.add_argument("--one-to-one", action="store_true", help="each record at most once")
        parser.add_argument(
            "--sentences", action="store_true", help="add word, method and sentence columns"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        started = time.monotonic()
        show = _Progress(started, sys.stderr)
        files = [(options["left"], options["left_key"]), (options["right"], options["right_key"])]
        size = sum(path.stat().st_size for path, _ in files if path.exists())
        left, right = parallel.each(_read, files, large=size > _LARGE)
        show("reading the columns", 0.1)
        policy = Policy(one_to_one=options["one_to_one"], floor=options["floor"])
        result = match(left, right, kind=options["kind"], policy=policy, progress=show)
        with options["out"].open("w", encoding="utf-8", newline="") as handle:
            out = csv.writer(handle, lineterminator="\n")
            if options["sentences"]:
                out.writerow(HEAD)
                out.writerows(pair_row(pair) for pair in result)
            else:
                out.writerow(HEAD[:3])
                out.writerows([a, b, f"{p:.6f}"] for a, b, p in result.rows())
        sure = int((result.probability >= CERTAIN).sum())
        self.stderr.write(
            f"{len(left)} left, {len(right)} right, {len(result)} pairs, {sure} of them certain, "
            f"{time.monotonic() - started:.1f} s -> {options['out']}"
        )


def _read(file: tuple[Path, str]) -> Table:
    try:
        return read_table(*file)
    except NoKeyColumn as error:
        raise CommandError(f"{error}; name one with --left-key or --right-key") from error
    except ExportFileError as error:
        raise CommandError(str(error)) from error


class _Progress:
    """One line on the terminal with the share done and the time left."""

    def __init__(self, started: float, stream: Any) -> None:
        self._started, self._stream = started, stream

    def __call__(self, step: str, share: float) -> None:
        spent = time.monotonic() - self._started
        left = spent / share - spent if share > 0.02 else 0.0
        bar = "#" * int(share * 20)
        end = "\n" if share >= 1 or not self._stream.isatty() else "\r"
        self._stream.write(f"[{bar:<20}] {share:4.0%} {step}, {left:.0f} s left{end}")
        self._stream.flush()
