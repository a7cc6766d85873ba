"""Field proposals on every development set, each judged by a model that never saw it.

``python -m bench.fields --shared ../shared`` prints one table and writes the section
between ``<!-- fields:start -->`` and ``<!-- fields:end -->`` of ``bench/RESULTS.md``. For the ERP
pairs one group of documents is left out at a time (suppliers, items, supplier invoices, QBO to
Xero), for the public sets the whole suite; calibration is fitted without the set, too.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from bench.fields_data import PUBLIC, Task
from bench.fields_quoted import QUOTED
from bench.train_fields import Unseen, all_tasks, describe, out_of_fold, review_model, write_model
from engine.propose.ranking import Ranked
from engine.propose.review import settled
from engine.propose.scorer import combination

FIGURE_NAMES = {
    "acc1": "hit@1",
    "acc5": "hit@5",
    "mrr": "MRR",
    "r_at_gt": "recall@gold",
    "f1": "F1",
}
PUBLIC_FIGURES = tuple(FIGURE_NAMES)
START, END = "<!-- fields:start -->", "<!-- fields:end -->"


def module_at(path: Path, name: str) -> Any:
    """The scorer of the shared folder as a module."""
    spec = util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the product would propose for one task that no part of the model has seen.

    Attributes:
        task: the task.
        best: for each target position its candidates, best first: source position and confidence.
    """

    task: Task
    best: dict[int, list[tuple[int, float]]]


def proposed(found: Sequence[Unseen]) -> list[Proposed]:
    """The second look at every task, by a model that was trained without the task's group."""
    out = []
    for group in sorted({u.task.group for u in found}):
        review = combination(review_model([u for u in found if u.task.group != group]))
        for one in (u for u in found if u.task.group == group):
            pairs = one.task.pairs
            likely = settled(pairs, one.kept, one.about, review.score(one.about))
            ranked = Ranked(pairs, one.task.x, one.kept, likely)
            best = {
                t: [(int(pairs.i[k]), sure) for k, sure in rows] for t, rows in ranked.top().items()
            }
            out.append(Proposed(one.task, best))
    return out


def public_figures(found: Sequence[Proposed], suite: str, metrics: Any) -> dict[str, float]:
    """The figures of the public scorer for one suite, of the five candidates for each target."""
    mine = [one for one in found if one.task.suite == suite]
    tables = [
        {
            (one.task.source_keys[s][1], one.task.target_keys[t][1]): sure
            for t, rows in one.best.items()
            for s, sure in rows
        }
        for one in mine
    ]
    figures = metrics.report(suite, [one.task.raw for one in mine], tables)
    return {k: float(figures[k]) for k in PUBLIC_FIGURES}


def behind_of(suite: str, mine: dict[str, float]) -> list[str]:
    """The figures of a suite in which some quoted matcher is ahead of ours."""
    out = []
    for n, (key, ours) in enumerate(mine.items()):
        best = max(QUOTED[suite], key=lambda row: float(row[2 + n]))
        if ours < float(best[2 + n]):
            out.append(f"{suite} {FIGURE_NAMES[key]} {ours:.3f} ({best[1]} {best[2 + n]})")
    return out


def peer_row(shared: Path, suite: str, metrics: Any, work: Path) -> tuple[str, ...]:
    """COMA run now on the same tasks, or what is missing to run it."""
    python, out = work / "peers" / "bin" / "python", work / f"peer-{suite}.json"
    name = "COMA (valentine), run here"
    if not python.exists():
        return (suite, f"{name}: no {python}", *("–",) * 7)
    folder = shared / "bench" / "public" / "schema" / suite
    ran = subprocess.run(
        [str(python), str(Path(__file__).with_name("fields_peer_coma.py")), str(folder), str(out)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if ran.returncode:
        return (suite, f"{name}: {ran.stderr.strip().splitlines()[-1]}", *("–",) * 7)
    peer = json.loads(out.read_text(encoding="utf-8"))
    tasks = [json.loads(f.read_text(encoding="utf-8")) for f in sorted(folder.glob("*.json"))]
    tables = [{(a, b): s for a, b, s in rows} for rows in peer["tables"]]
    figures = metrics.report(suite, tasks, tables)
    shown = (f"{figures[k]:.3f}" for k in PUBLIC_FIGURES)
    return (suite, name, *shown, f"{peer['processor seconds']:.0f} (cpu)", f"{peer['MB']:.0f}")


def erp_lines(found: Sequence[Proposed]) -> list[dict[str, Any]]:
    """Proposals for the ERP pairs in the scorer's format."""
    lines = []
    for one in (p for p in found if p.task.suite == "erp"):
        left, right = one.task.pairs.left.leaves, one.task.pairs.right.leaves
        for t, rows in one.best.items():
            if right[t].field.read_only:
                continue
            lines.append(
                {
                    "pair": one.task.name,
                    "target_entity": right[t].entity,
                    "target_field": right[t].field.path,
                    "candidates": [
                        {
                            "source_entity": left[s].entity,
                            "source_field": left[s].field.path,
                            "confidence": round(sure, 4),
                        }
                        for s, sure in rows
                    ],
                }
            )
    return lines


def erp_figures(lines: Sequence[dict[str, Any]], shared: Path, work: Path) -> dict[str, Any]:
    """The figures of the ERP scorer."""
    proposals, out = work / "fields-proposals.jsonl", work / "fields-figures.json"
    proposals.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    folder = shared / "bench" / "fields"
    command = [
        sys.executable,
        str(folder / "score.py"),
        str(proposals),
        str(folder),
        "--json",
        str(out),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    figures: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return figures


def catalogue_seconds(shared: Path, target: str, cache: Path) -> tuple[float, float]:
    """The command for all SYSPRO fields against all of a target: wall and processor seconds."""
    reference = shared / "reference"
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [
            sys.executable, "manage.py", "propose-fields",
            "--source", str(reference / "syspro" / "schema.json"),
            "--target", str(reference / target / "schema.json"),
            "--out", os.devnull, "--cache", str(cache),
        ],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def catalogue_rows(shared: Path, work: Path) -> list[tuple[str, ...]]:
    """Cold and warm runs against both targets; the cache of vectors is new for each target."""
    rows = []
    for target in ("qbo", "xero"):
        cache = work / f"bench-{target}.sqlite"
        cache.unlink(missing_ok=True)
        for name in ("cold", "warm"):
            wall, processor = catalogue_seconds(shared, target, cache)
            rows.append((target, name, f"{processor:.1f}", f"{wall:.1f}"))
    return rows


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_section(path: Path, text: str) -> None:
    """Replace our section of the results, or add it."""
    old = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    block = f"{START}\n{text}\n{END}"
    if START in old and END in old:
        before, rest = old.split(START, 1)
        new = before + block + rest.split(END, 1)[1]
    else:
        new = old.rstrip() + "\n\n" + block + "\n"
    path.write_text(new, encoding="utf-8")


def section(
    figures: dict[str, Any],
    public: Sequence[Sequence[str]],
    about: dict[str, Any],
) -> str:
    """Our section as Markdown."""
    pairs = [
        (
            r["pair"], str(r["required"]), f"{r['hit1']:.3f}", f"{r['hit5']:.3f}", f"{r['mrr']:.3f}",
            f"{r['best']['f1']:.3f}", f"{r['at_fixed']['f1']:.3f}", f"{r['ece']:.3f}", f"{r['brier']:.3f}",
        )
        for r in [*figures["pairs"], figures["overall"]]
    ]  # fmt: skip
    sets = ", ".join(
        f"{s} ({v['tasks']} tasks, {v['right pairs']} right pairs)"
        for s, v in about["sets"].items()
    )
    parts = [
        "## Field proposals\n",
        (
            "Every row comes from a model that was trained without it: for the ERP pairs without the whole "
            "group of documents (both supplier pairs, both bill pairs, both QBO pairs together), for a public "
            "suite without the suite; first impression, context, scorer and second look with its calibration all "
            "count as training; only the scores that the second look learns from are of scorers that had seen "
            "the set left out. What is judged is what the product puts out: five candidates for each target. "
            f"Trained on the rest of: {sets}. “own” are invented systems of `bench/fields_own.py`, “made” "
            "fabricated tables of `bench/fields_made.py`; neither contains a benchmark's fields. No language "
            f"model. Seed {about['seed']}. Command: `python -m bench.fields`.\n"
        ),
        table(
            ("pair", "targets", "hit@1", "hit@5", "MRR", "F1 best", "F1@.5", "ECE", "Brier"), pairs
        ),
        (
            "\nPublic sets, left out as a whole. COMA is run in the same run (valentine in its own "
            "environment: `python -m venv var/peers && var/peers/bin/pip install valentine==1.0.1`); the other "
            "peers are quoted from `shared/bench/README.md`, the same machine type. Seconds are for the whole "
            "suite; ours are vectors and signals, our memory that of this whole run with its training.\n"
        ),
        table(
            ("set", "matcher", "hit@1", "hit@5", "MRR", "recall@gold", "F1 (1-1)", "seconds", "MB"),
            public,
        ),
    ]
    return "\n".join(parts)


def catalogue_section(rows: Sequence[Sequence[str]]) -> str:
    """The seconds of the catalogue runs as Markdown."""
    said = (
        "All fields of all SYSPRO catalogue entities against all of a target, command start to end, two "
        f"cores shared with other work (load {os.getloadavg()[0]:.0f}): processor seconds are the fair "
        "figure.\n"
    )
    return said + "\n" + table(("target", "run", "processor seconds", "wall seconds"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SHARED_DIR", "../shared"))
    )
    parser.add_argument("--results", type=Path, default=Path("bench/RESULTS.md"))
    parser.add_argument("--train", action="store_true", help="train the shipped model on all, too")
    parser.add_argument(
        "--catalogue", action="store_true", help="time the catalogue runs, too (minutes)"
    )
    options = parser.parse_args()
    tasks = all_tasks(options.shared)
    found = out_of_fold(tasks)
    if options.train:
        write_model(tasks, found)
    text = report(options.shared, tasks, proposed(found))
    if options.catalogue:
        text += "\n\n" + catalogue_section(catalogue_rows(options.shared, Path("var")))
    write_section(options.results, text)
    print(text)


def report(shared: Path, tasks: Sequence[Task], found: Sequence[Proposed]) -> str:
    """Figures of all sets as Markdown."""
    work = Path("var")
    work.mkdir(exist_ok=True)
    metrics = module_at(shared / "bench" / "public" / "schema_metrics.py", "schema_metrics")
    figures = erp_figures(erp_lines(found), shared, work)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    public: list[tuple[str, ...]] = []
    behind = [
        f"SYSPRO and QBO pairs {name} {figures['overall'][key]:.3f} (goal {goal})"
        for name, key, goal, missed in (
            ("hit@1", "hit1", 0.90, figures["overall"]["hit1"] < 0.90),
            ("hit@5", "hit5", 0.98, figures["overall"]["hit5"] < 0.98),
            ("ECE", "ece", 0.05, figures["overall"]["ece"] > 0.05),
        )
        if missed
    ]
    for suite in PUBLIC:
        mine = public_figures(found, suite, metrics)
        seconds = sum(t.seconds for t in tasks if t.suite == suite)
        bold = (f"**{v:.3f}**" for v in mine.values())
        public.append((suite, "**ours**", *bold, f"{seconds:.0f} (cpu)", f"{memory:.0f}"))
        behind += behind_of(suite, mine)
        public.append(peer_row(shared, suite, metrics, work))
        public += QUOTED[suite]
    text = section(figures, public, describe(tasks))
    return f"{text}\n\nNot reached: {'; '.join(behind) or 'nothing of the above'}."


if __name__ == "__main__":
    main()
