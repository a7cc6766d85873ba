"""How the records bench judges what a program wrote, and what it draws."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.records_speed import Quality, Row, Spent, judge, line, plot, run

PAIRS = [("a", "1", 0.99), ("b", "2", 0.9), ("c", "9", 0.8), ("d", "4", 0.4), ("x", "8", 0.95)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "out.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(["left_key", "right_key", "probability"])
        rows.writerows(PAIRS)
    return path


def test_pairs_are_judged_against_the_truth(out: Path) -> None:
    truth = {("a", "1"), ("b", "2"), ("d", "4"), ("e", "5")}

    found = judge(out, truth, ignored={("x", "8")})

    # At one half: a, b right and c wrong of four that there are.
    assert found.f1 == pytest.approx(2 * 2 / (3 + 4))
    # The best cut is after d: three right of four given.
    assert found.best == pytest.approx(2 * 3 / (4 + 4))
    assert found.r99 == pytest.approx(2 / 4)


def test_pairs_that_are_left_out_of_the_judgement_count_on_neither_side(out: Path) -> None:
    everything = {(a, b) for a, b, _ in PAIRS}

    assert judge(out, everything, ignored={("x", "8")}).best == 1.0


def test_a_program_is_measured_and_its_failure_is_told(tmp_path: Path) -> None:
    import sys

    spent = run([sys.executable, "-c", "x = bytearray(40_000_000); import time; time.sleep(0.6)"])
    assert spent.seconds >= 0.6
    assert spent.mb >= 35
    with pytest.raises(RuntimeError, match="no such column"):
        run([sys.executable, "-c", "raise SystemExit('no such column')"])


def test_the_plot_has_a_line_for_each_program_and_its_law() -> None:
    quality = Quality(0.99, 0.99, 0.98)
    rows = [
        Row("persons", size, program, quality, Spent(size / 1000, size / 900, 100.0))
        for size in (5000, 50_000)
        for program in ("ours", "Splink 5.0.0")
    ]

    drawn = ElementTree.fromstring(plot(rows))

    lines = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 4
    assert "| persons 5,000 x 5,000 | ours | 0.9900 |" in line(rows[0])
