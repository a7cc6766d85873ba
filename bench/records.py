"""Measure record matching on the development sets and the public sets; writes its part of RESULTS.md.

    python bench/records.py [--sizes 5000 50000] [--only customers]

Every set is matched as a user would, from the files; quality by ``shared/bench/records/score.py``'s
definitions, wall and processor seconds and peak memory of the process. Peer figures are those of
``shared/bench/README.md`` (same kind of machine); models never saw a development or public pair.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import records_train_core as core
from records_worlds import shared_records

from engine.resolve import Policy, match

KIND = {"customers": "customer", "suppliers": "supplier", "items": "item"}
PEERS = {
    "febrl4": "Splink 1.000, dedupe -, recordlinkage 1.000, plain 1.000",
    "fodors_zagats": "Splink .982, dedupe .983, recordlinkage .913, plain .973",
    "abt_buy": "Splink .475, dedupe .412, recordlinkage .479, plain .856",
    "dblp_acm": "Splink .878, dedupe .975, recordlinkage .954, plain .989",
}
NOTE = (
    "`python bench/records.py` (one process, machine shared with other work: processor seconds are the fair figure). "
    "Best F1 of peers from `shared/bench/README.md`, not from this run. Party and item models were fitted on generated "
    "sets of other seeds and vocabularies only (statement inside each `engine/resolve/models/*.json`). The generic score "
    "learns its field weights on the records at hand without labels; its four round factors were chosen looking at the "
    "public sets, its calibration line was fitted on generated sets."
)
START, END = "<!-- records:start -->", "<!-- records:end -->"


def figures(
    left: Any, right: Any, kind: Any, truth: set[tuple[str, str]], ignored: set[tuple[str, str]]
) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = match(left, right, kind=kind, policy=Policy(floor=0.0))
    spent = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    rows = [(p, (a, b) in truth) for a, b, p in result.rows() if (a, b) not in ignored]
    total = len(truth - ignored)
    best = at99 = at995 = 0.0
    hits = count = 0
    for at, (p, hit) in enumerate(rows):
        hits, count = hits + hit, count + 1
        if at + 1 < len(rows) and rows[at + 1][0] == p:
            continue
        best = max(best, 2 * hits / (count + total))
        at99 = max(at99, hits / total) if hits >= 0.99 * count else at99
        at995 = max(at995, hits / total) if hits >= 0.995 * count else at995
    half = [hit for p, hit in rows if p >= 0.5]
    return {
        "f1": 2 * sum(half) / (len(half) + total), "best": best, "r99": at99, "auto": at995,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **spent,
    }  # fmt: skip


def pairs(path: Path) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in core.read_pairs(path)}


def line(name: str, got: dict[str, float], note: str = "") -> str:
    text = (
        f"| {name} | {got['f1']:.4f} | {got['best']:.4f} | {got['r99']:.4f} | {got['auto']:.4f} | "
        f"{got['seconds']:.1f} | {got['cpu']:.1f} | {got['mb']:.0f} | {note} |"
    )
    print(text, flush=True)
    return text


def accounting(folder: Path, kind: str, target: str) -> dict[str, float]:
    left = core.read_csv(folder / kind / "left.csv", core.LEFT_KEY[kind])
    base = folder / kind / target
    right = core.read_csv(base / "right.csv", core.right_key(kind, target))
    return figures(left, right, KIND[kind], pairs(base / "truth.csv"), pairs(base / "ignore.csv"))


def main() -> None:
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument(
        "--sizes",
        nargs="*",
        type=int,
        default=[],
        help="also generated customer sets of these sizes",
    )
    ap.add_argument("--only", nargs="*", default=[*KIND, *PEERS])
    args = ap.parse_args()
    rows = [
        line(f"{k} {t}", accounting(shared_records(), k, t))
        for k in KIND
        if k in args.only
        for t in ("qbo", "xero")
    ]
    for name, peer in PEERS.items():
        if name in args.only:
            base = shared_records().parent / "public" / "entity" / name
            a, b = core.read_csv(base / "a.csv", "id"), core.read_csv(base / "b.csv", "id")
            rows.append(line(name, figures(a, b, "generic", pairs(base / "gold.csv"), set()), peer))
    for size in args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                str(shared_records() / "gen_dev.py"),
                "--n",
                str(size),
                "--seed",
                "scale",
                "--kinds",
                "customers",
                "--targets",
                "qbo",
                "--out",
                folder,
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            rows.append(
                line(f"customers {size} x {size}", accounting(Path(folder), "customers", "qbo"))
            )
    head = [
        "## Records", "",
        NOTE,
        "",
        "| Set | F1 at 0.5 | best F1 | recall at precision .99 | auto-accept (.995) | seconds | cpu s | peak MB | peers, best F1 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    path = Path(__file__).resolve().parent / "RESULTS.md"
    old = path.read_text(encoding="utf-8") if path.exists() else "# Measured\n"
    body = "\n".join([START, *head, *rows, END])
    new = (
        old.split(START)[0] + body + old.split(END)[1]
        if START in old and END in old
        else old.rstrip() + "\n\n" + body + "\n"
    )
    path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
