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
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np

from bench.fields_data import PUBLIC
from bench.fields_quoted import QUOTED
from bench.train_fields import Unseen, all_tasks, describe, judge_model, out_of_fold
from engine.propose.scorer import combination, probability

START, END = "<!-- fields:start -->", "<!-- fields:end -->"


def module_at(path: Path, name: str) -> Any:
    """The scorer of the shared folder as a module."""
    spec = util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def public_figures(found: Sequence[Unseen], suite: str, metrics: Any) -> dict[str, float]:
    """The figures of the public scorer for one suite."""
    mine = [u for u in found if u.task.suite == suite]
    tables = []
    for one in mine:
        task = one.task
        sure = probability(one.scores.astype(np.float64))
        tables.append(
            {
                (task.source_keys[a][1], task.target_keys[b][1]): float(v)
                for a, b, v in zip(task.pairs.i, task.pairs.j, sure, strict=True)
            }
        )
    figures = metrics.report(suite, [u.task.raw for u in mine], tables)
    return {k: float(figures[k]) for k in ("acc1", "acc5", "mrr", "r_at_gt", "f1")}


def erp_lines(found: Sequence[Unseen]) -> list[dict[str, Any]]:
    """Proposals for the ERP pairs in the scorer's format; the judge never saw the pair's group."""
    lines = []
    mine = [u for u in found if u.task.suite == "erp"]
    for group in sorted({u.task.group for u in mine}):
        judge = combination(judge_model([u for u in found if u.task.group != group]))
        for one in (u for u in mine if u.task.group == group):
            lines += _lines(one, probability(judge.score(one.about)))
    return lines


def _lines(one: Unseen, sure: np.ndarray) -> list[dict[str, Any]]:
    task, pairs = one.task, one.task.pairs
    order = np.lexsort((-one.scores, pairs.j))
    ranked: dict[int, list[int]] = {}
    for k in order:
        row = ranked.setdefault(int(pairs.j[k]), [])
        if len(row) < 5:
            row.append(int(k))
    lines = []
    for best, first in zip(one.best, sure, strict=True):
        target = pairs.right.leaves[pairs.j[best]]
        if target.field.read_only:
            continue
        candidates = []
        for n, k in enumerate(ranked[int(pairs.j[best])]):
            fall = min(0.9, float(np.exp(min(0.0, one.scores[k] - one.scores[best]))))
            source = pairs.left.leaves[pairs.i[k]]
            candidates.append(
                {
                    "source_entity": source.entity,
                    "source_field": source.field.path,
                    "confidence": round(float(first) * (fall if n else 1.0), 4),
                }
            )
        lines.append(
            {
                "pair": task.name,
                "target_entity": target.entity,
                "target_field": target.field.path,
                "candidates": candidates,
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


def catalogue_seconds(shared: Path, target: str, cache: Path) -> float:
    """Seconds of the command for all SYSPRO fields against all of a target, start to end."""
    reference = shared / "reference"
    started = time.monotonic()
    subprocess.run(
        [
            sys.executable, "manage.py", "propose-fields",
            "--source", str(reference / "syspro" / "schema.json"),
            "--target", str(reference / target / "schema.json"),
            "--out", os.devnull, "--cache", str(cache),
        ],
        check=True, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.monotonic() - started


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
    times: Sequence[Sequence[str]],
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
            "suite without the suite; first impression, context, scorer and calibration all count as training. "
            f"Trained on the rest of: {sets}. “own” are invented systems of `bench/fields_own.py`, “made” "
            "fabricated tables of `bench/fields_made.py`; neither contains a benchmark's fields. No language "
            f"model. Seed {about['seed']}. Command: `python -m bench.fields`.\n"
        ),
        table(
            ("pair", "targets", "hit@1", "hit@5", "MRR", "F1 best", "F1@.5", "ECE", "Brier"), pairs
        ),
        (
            "\nPublic sets, left out as a whole. Quoted peers are from `shared/bench/README.md`, the same "
            "machine type; seconds are for the whole suite.\n"
        ),
        table(
            ("set", "matcher", "hit@1", "hit@5", "MRR", "recall@gold", "F1 (1-1)", "seconds", "MB"),
            public,
        ),
        "\nAll fields of all SYSPRO catalogue entities against all of a target (command start to end).\n",
        table(("target", "run", "seconds"), times),
    ]
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SHARED_DIR", "../shared"))
    )
    parser.add_argument("--results", type=Path, default=Path("bench/RESULTS.md"))
    options = parser.parse_args()
    started = time.monotonic()
    tasks = all_tasks(options.shared)
    prepared = time.monotonic() - started
    found = out_of_fold(tasks)
    run(options, tasks, found, prepared)


def run(
    options: argparse.Namespace, tasks: Sequence[Any], found: Sequence[Unseen], prepared: float
) -> None:
    """Figures, table and section from tasks and out-of-fold scores."""
    work = Path("var")
    work.mkdir(exist_ok=True)
    metrics = module_at(options.shared / "bench" / "public" / "schema_metrics.py", "schema_metrics")
    figures = erp_figures(erp_lines(found), options.shared, work)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    public: list[tuple[str, ...]] = []
    for suite in PUBLIC:
        mine = public_figures(found, suite, metrics)
        public.append(
            (suite, "**ours**", *(f"**{v:.3f}**" for v in mine.values()), "–", f"{memory:.0f}")
        )
        public += QUOTED[suite]
    times = []
    for target in ("qbo", "xero"):
        cache = work / f"bench-{target}.sqlite"
        cache.unlink(missing_ok=True)
        times += [
            (target, name, f"{catalogue_seconds(options.shared, target, cache):.1f}")
            for name in ("cold", "warm")
        ]
    text = section(figures, public, times, describe(tasks))
    text += f"\n\nSignals of all tasks took {prepared:.0f} s in one process ({memory:.0f} MB, training included)."
    write_section(options.results, text)
    print(text)


if __name__ == "__main__":
    main()
