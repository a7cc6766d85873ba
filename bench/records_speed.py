"""Ours and Splink side by side on the same persons, and customers at scale; writes its part of RESULTS.md.

    python -m bench.records_speed --persons 5000 50000 500000 --customers 50000 500000

Both programs start as their users start them, one after the other, and read the same two files; wall
seconds, processor seconds of all processes and the peak of their memory together (proportional set
size, read from ``/proc`` four times a second) are measured from outside. Splink runs in its own
environment (``--peers``, made on first use), never in the product's.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.records_persons import write

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SHARED_DIR", ROOT.parent / "shared")) / "bench" / "records"
SPLINK = "splink==5.0.0"
START, END = "<!-- records-speed:start -->", "<!-- records-speed:end -->"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a program took: wall and processor seconds, peak memory in MB."""

    seconds: float
    cpu: float
    mb: float


@dataclass(frozen=True, slots=True)
class Quality:
    """F1 at one half, best F1, recall at precision .99."""

    f1: float
    best: float
    r99: float


@dataclass(frozen=True, slots=True)
class Row:
    """One program on one pair of files."""

    data: str
    size: int
    program: str
    quality: Quality
    spent: Spent


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found += [int(child) for child in text.split()]
    return found


def _memory(pid: int) -> float:
    total = 0
    for member in _family(pid):
        try:
            text = Path(f"/proc/{member}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += next((int(r.split()[1]) for r in text.splitlines() if r.startswith("Pss:")), 0)
    return total / 1024


def run(command: list[str]) -> Spent:
    """Run a program to its end and measure it.

    Raises:
        RuntimeError: it failed; the message carries the end of what it said.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    peak, over = 0.0, threading.Event()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as program:

        def watch() -> None:
            nonlocal peak
            while not over.wait(0.25):
                peak = max(peak, _memory(program.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, said = program.communicate()
        over.set()
        watcher.join()
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if program.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {said[-1500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(seconds, cpu, peak)


def _pairs(path: Path) -> set[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return {(row[0], row[1]) for row in list(csv.reader(handle))[1:]}


def judge(out: Path, truth: set[tuple[str, str]], ignored: set[tuple[str, str]]) -> Quality:
    """Quality by the definitions of ``shared/bench/records/score.py``; pairs not given count as 0."""
    with out.open(encoding="utf-8", newline="") as handle:
        rows = [
            (float(row["probability"]), (row["left_key"], row["right_key"]) in truth)
            for row in csv.DictReader(handle)
            if (row["left_key"], row["right_key"]) not in ignored
        ]
    rows.sort(key=lambda r: -r[0])
    total = len(truth - ignored)
    best = r99 = 0.0
    hits = 0
    for count, (p, hit) in enumerate(rows, 1):
        hits += hit
        if count < len(rows) and rows[count][0] == p:
            continue
        best = max(best, 2 * hits / (count + total))
        r99 = max(r99, hits / total) if hits >= 0.99 * count else r99
    half = [hit for p, hit in rows if p >= 0.5]
    return Quality(2 * sum(half) / max(len(half) + total, 1), best, r99)


def _ours(kind: str, left: Path, right: Path, out: Path) -> list[str]:
    return [
        sys.executable, "manage.py", "match-records", "--kind", kind, "--left", str(left), "--right", str(right),
        "--out", str(out),
    ]  # fmt: skip


def peers(folder: Path) -> Path:
    """The Python of the peers' environment, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", SPLINK], check=True)
    return python


def persons(size: int, work: Path, python: Path) -> list[Row]:
    """Both programs on ``size`` persons a side."""
    folder = work / f"persons{size}"
    if not (folder / "gold.csv").exists():
        write(size, "persons", folder)
    a, b, out = folder / "a.csv", folder / "b.csv", folder / "out.csv"
    truth = _pairs(folder / "gold.csv")
    rows = []
    for program, command in (
        ("ours", _ours("generic", a, b, out)),
        ("Splink 5.0.0", [str(python), "bench/peer_splink.py", str(a), str(b), str(out)]),
    ):
        out.unlink(missing_ok=True)
        spent = run(command)
        rows.append(Row("persons", size, program, judge(out, truth, set()), spent))
        print(line(rows[-1]), flush=True)
    return rows


def customers(size: int, work: Path) -> list[Row]:
    """Ours on ``size`` generated customers against QuickBooks Online."""
    folder = work / f"customers{size}"
    if not (folder / "customers" / "qbo" / "truth.csv").exists():
        command = [
            sys.executable, str(SHARED / "gen_dev.py"), "--n", str(size), "--seed", "scale", "--kinds", "customers",
            "--targets", "qbo", "--out", str(folder),
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    base = folder / "customers"
    out = folder / "out.csv"
    spent = run(_ours("customer", base / "left.csv", base / "qbo" / "right.csv", out))
    quality = judge(out, _pairs(base / "qbo" / "truth.csv"), _pairs(base / "qbo" / "ignore.csv"))
    rows = [Row("customers", size, "ours", quality, spent)]
    print(line(rows[0]), flush=True)
    return rows


def line(row: Row) -> str:
    """One row of the table."""
    q, s = row.quality, row.spent
    return (
        f"| {row.data} {row.size:,} x {row.size:,} | {row.program} | {q.f1:.4f} | {q.best:.4f} | {q.r99:.4f} | "
        f"{s.seconds:.1f} | {s.cpu:.1f} | {s.mb:.0f} |"
    )


_COLOURS = {"persons ours": "#0a6e4f", "persons Splink 5.0.0": "#b3541e", "customers ours": "#2f5fb3"}  # fmt: skip


def plot(rows: list[Row]) -> str:
    """Seconds against records a side, both axes logarithmic; dotted: n log n through the last point."""
    sizes = [r.size for r in rows]
    low, high = math.log10(min(sizes)), math.log10(max(sizes)) + 0.02
    seconds = [r.spent.seconds for r in rows]
    floor, top = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))

    def at(size: float, value: float) -> str:
        x = 70 + 480 * (math.log10(size) - low) / max(high - low, 0.1)
        y = 330 - 290 * (math.log10(value) - floor) / max(top - floor, 1)
        return f"{x:.1f},{max(min(y, 330), 20):.1f}"

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 380" font-family="sans-serif" font-size="13">',
        '<rect width="760" height="380" fill="white"/>',
        '<text x="310" y="370" text-anchor="middle">records a side</text>',
        '<text x="70" y="14">seconds, start of the program to its end</text>',
    ]
    for power in range(floor, top + 1):
        y = at(min(sizes), 10.0**power).split(",")[1]
        parts.append(f'<line x1="70" x2="550" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(
            f'<text x="62" y="{float(y) + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    for size in sorted(set(sizes)):
        x = at(size, 10.0**floor).split(",")[0]
        parts.append(f'<text x="{x}" y="348" text-anchor="middle">{size:,}</text>')
    for k, (name, colour) in enumerate(_COLOURS.items()):
        own = [r for r in rows if f"{r.data} {r.program}" == name]
        if not own:
            continue
        points = " ".join(at(r.size, r.spent.seconds) for r in own)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts += [
            '<circle cx="{}" cy="{}" r="3.5" fill="{}"/>'.format(
                *at(r.size, r.spent.seconds).split(","), colour
            )
            for r in own
        ]
        last = own[-1]
        unit = last.spent.seconds / (last.size * math.log(last.size))
        law = " ".join(
            at(s, unit * s * math.log(s)) for s in (own[0].size * f for f in (1, 2, 5, 10, 20, 50, 100)) if s <= last.size
        )  # fmt: skip
        parts.append(
            f'<polyline points="{law}" fill="none" stroke="{colour}" stroke-dasharray="2 4"/>'
        )
        parts.append(f'<text x="565" y="{60 + 24 * k}" fill="{colour}">{name}</text>')
    parts.append('<text x="565" y="140" fill="#555">dotted: n log n</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def report(rows: list[Row], load: float) -> None:
    """Write the table into RESULTS.md and the plot beside it."""
    body = [
        START,
        "### Speed and quality at scale",
        "",
        (
            "`python -m bench.records_speed`: persons invented by `bench/records_persons.py` (seed `persons`), customers by "
            "`gen_dev.py --seed scale`; each program from its start to its end, reading and writing files included. "
            f"Load of the machine when it began: {load:.1f} on {len(os.sched_getaffinity(0))} cores."
        ),
        "",
        "| Set | program | F1 at 0.5 | best F1 | recall at precision .99 | seconds | cpu s | peak MB, all processes |",
        "|---|---|---|---|---|---|---|---|",
        *(line(row) for row in rows),
        "",
        "![seconds against records a side](records-speed.svg)",
        END,
    ]
    folder = ROOT / "bench"
    (folder / "records-speed.svg").write_text(plot(rows), encoding="utf-8")
    path = folder / "RESULTS.md"
    old = path.read_text(encoding="utf-8")
    text = "\n".join(body)
    if START in old:
        new = old.split(START)[0] + text + old.split(END)[1]
    else:
        new = old.replace("<!-- records:end -->", f"<!-- records:end -->\n\n{text}", 1)
    path.write_text(new, encoding="utf-8")


def main() -> None:
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--persons", nargs="*", type=int, default=[5000, 50_000, 500_000])
    ap.add_argument("--customers", nargs="*", type=int, default=[5000, 50_000, 500_000])
    ap.add_argument(
        "--work", type=Path, default=ROOT / "var" / "bench", help="made files are kept here"
    )
    ap.add_argument("--peers", type=Path, default=ROOT / "var" / "peers")
    args = ap.parse_args()
    load = os.getloadavg()[0]
    python = peers(args.peers)
    rows = [row for size in args.persons for row in persons(size, args.work, python)]
    rows += [row for size in args.customers for row in customers(size, args.work)]
    report(rows, load)


if __name__ == "__main__":
    main()
