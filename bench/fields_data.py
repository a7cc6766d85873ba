"""Development sets for field proposals as matrices: features, labels, what is judged."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from connectors.ai.embed import SentenceTransformerEmbedder
from connectors.ai.vector_cache import SqliteVectorCache
from engine.propose.leaves import leaves_of
from engine.propose.pairing import Pairs
from engine.propose.prepare import prepare
from engine.propose.ranking import all_pairs, both_spoken, compared, with_context
from engine.propose.scorer import Linear
from engine.propose.signals import measure
from engine.schema.load import load_schema, task_side
from engine.schema.model import SystemSchema

SUFFIXES = (".value", ".Address", ".FreeFormNumber", ".URI")
PUBLIC = ("po", "gdc", "valentine")
Key = tuple[str, str]


@dataclass(slots=True)
class Task:
    """One matching task with its features and labels.

    Attributes:
        name: pair or task name.
        suite: ``erp``, ``po``, ``gdc``, ``valentine``, ``made`` (fabricated here).
        group: what is left out together in evaluations.
        pairs, signals, grade: pairs, their signals, and 0, 1 or 2 for each.
        seconds: processor seconds that vectors and signals took.
        beside: what the signals say next to each other.
        x: all features, once a first impression was given.
        judged: pairs whose target is judged at all.
        source_keys, target_keys: names in the scorer's spelling.
        gold, negatives: accepted sources by target with their grade; targets that stay empty.
    """

    name: str
    suite: str
    group: str
    pairs: Pairs
    signals: np.ndarray
    grade: np.ndarray
    judged: np.ndarray
    source_keys: list[Key]
    target_keys: list[Key]
    gold: dict[Key, dict[Key, int]] = field(default_factory=dict)
    negatives: set[Key] = field(default_factory=set)
    raw: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    beside: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    x: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))

    def required(self) -> list[Key]:
        return [t for t, s in self.gold.items() if max(s.values()) == 2]


def canon(name: str) -> str:
    """The scorer's spelling of a field."""
    return next((name[: -len(s)] for s in SUFFIXES if name.endswith(s)), name)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


@cache
def embedder(cache_file: str = "var/vectors.sqlite") -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(SqliteVectorCache(Path(cache_file)))


@cache
def schema(path: str) -> SystemSchema:
    return load_schema(Path(path))


def matrix(left: Any, right: Any) -> tuple[Pairs, np.ndarray]:
    """Pairs with their signals; context is added by :func:`add_context`."""
    one = embedder()
    left, right = both_spoken(left, right)
    pairs = all_pairs(prepare(left, one), prepare(right, one), one)
    return pairs, measure(pairs)


def erp_tasks(pairs_file: Path, root: Path, gold_folder: Path, suite: str = "erp") -> list[Task]:
    """The judged pairs of a ``pairs.json``; the group is its ``group`` letter."""
    out = []
    for row in json.loads(pairs_file.read_text(encoding="utf-8")):
        source = schema(str(root / row["source_schema"]))
        target = schema(str(root / row["target_schema"]))
        gold: dict[Key, dict[Key, int]] = defaultdict(dict)
        for g in read_rows(gold_folder / row["gold_file"]):
            t = (g["target_entity"], canon(g["target_field"]))
            s = (g["source_entity"], canon(g["source_field"]))
            gold[t][s] = max(gold[t].get(s, 0), int(g["grade"]))
        file = gold_folder / row["negatives_file"]
        negatives = {(g["target_entity"], canon(g["target_field"])) for g in read_rows(file)}
        left = leaves_of(source, row["source_entities"])
        right = leaves_of(target, [row["target_entity"]])
        pairs, x = matrix(left, right)
        source_keys = [(o.entity, canon(o.field.path)) for o in left]
        target_keys = [(o.entity, canon(o.field.path)) for o in right]
        negatives -= set(gold)
        judged_targets = np.array([t in gold or t in negatives for t in target_keys])
        grade = np.array(
            [
                gold.get(target_keys[b], {}).get(source_keys[a], 0)
                for a, b in zip(pairs.i, pairs.j, strict=True)
            ]
        )
        out.append(
            Task(
                row["pair"], suite, row["group"], pairs, x, grade, judged_targets[pairs.j],
                source_keys, target_keys, dict(gold), negatives,
            )
        )  # fmt: skip
    return out


def public_tasks(folder: Path, suite: str) -> list[Task]:
    """The tasks of a public suite; the group is the suite."""
    files = sorted((folder / suite).glob("*.json"))
    return [task_from(json.loads(f.read_text(encoding="utf-8")), suite) for f in files]


def task_from(raw: dict[str, Any], suite: str) -> Task:
    """One task in the public format: source, target, gold."""
    left = leaves_of(task_side("source", raw["source"]), [""])
    right = leaves_of(task_side("target", raw["target"]), [""])
    started = time.process_time()
    pairs, x = matrix(left, right)
    seconds = time.process_time() - started
    gold = {tuple(g) for g in raw["gold"]} | {tuple(g) for g in raw.get("also", [])}
    source = [o.field.path for o in left]
    target = [o.field.path for o in right]
    grade = np.array(
        [2 * ((source[a], target[b]) in gold) for a, b in zip(pairs.i, pairs.j, strict=True)]
    )
    return Task(
        raw["task"], suite, suite, pairs, x, grade, np.ones(len(pairs), bool),
        [("", s) for s in source], [("", t) for t in target], raw=raw, seconds=seconds,
    )  # fmt: skip


def add_context(tasks: list[Task], base: Linear) -> None:
    """Compute the context of every pair from a first impression, in place."""
    for task in tasks:
        if not task.beside.size:
            task.beside = compared(task.pairs, task.signals)
        task.x = with_context(task.pairs, task.signals, task.beside, base)
