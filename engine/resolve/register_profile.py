"""Registers of short cells as a kind of record: weights learned on the spot, one bar per column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.resolve import block_register, compare_register, contrast, register, scorer
from engine.resolve.explain import Fact
from engine.resolve.keys import Floats, Ints
from engine.resolve.roles import heading_words
from engine.resolve.table import Table

_LIMIT = 12
_HOPELESS = -7.0
# How far the best rival speaks against a pair, and the log-odds for standing among candidates at
# all; both chosen on the persons of bench/records_persons.py, the very set that is measured: not blind.
_RIVAL, _SHIFT = 0.5, 1.5
_TELLS = 4.0


class RegisterProfile:
    """Persons and other records whose columns hold short cells.

    Attributes:
        evidence: what every column adds, its level, the best rival and the constant.
    """

    def __init__(self, paired: Sequence[tuple[str, str]]) -> None:
        self._paired = paired
        self._names: list[str] = []
        self.evidence: tuple[tuple[str, int], ...] = ()

    def prepare(self, left: Table, right: Table) -> compare_register.Prepared:
        """See ``profiles.Profile``."""
        fields = register.prepare(left, right, self._paired)
        self._names = [" ".join(heading_words(f.name)) or f.name for f in fields]
        self.evidence = (
            *((name, 1) for name in self._names),
            *((f"{name} alike", 0) for name in self._names),
            ("rival", -1),
            ("constant", 0),
        )
        return compare_register.prepare(fields)

    def candidates(self, prepared: compare_register.Prepared, limit: int) -> tuple[Ints, Ints]:
        """See ``profiles.Profile``."""
        return block_register.candidates(prepared.fields, prepared.keys, min(limit, _LIMIT))

    def features(self, prepared: compare_register.Prepared, i: Ints, j: Ints) -> Floats:
        """See ``profiles.Profile``."""
        return self._table(prepared, i, j)[0]

    def _table(self, p: compare_register.Prepared, i: Ints, j: Ints) -> tuple[Floats, Floats]:
        """The evidence table and the log-odds of every pair before its rivals are heard."""
        level = compare_register.all_levels(p, i, j)
        weights = compare_register.learn(p, i, j, level)
        weight = compare_register.weigh(p, weights, level, i)
        line = contrast.learn(p, weights, weight, level)
        parts = line.parts(weight, level)
        alone = parts.sum(axis=1) + np.float32(line.constant)
        seen = scorer.rivals(i, j, alone)
        rival = np.logaddexp(0, np.maximum(seen[:, 1], seen[:, 2]))
        constant = np.full(len(i), line.constant, dtype=np.float32)
        return np.column_stack([parts, level, rival, constant]).astype(np.float32), alone

    def compare(
        self, prepared: compare_register.Prepared, i: Ints, j: Ints, must: NDArray[np.bool_]
    ) -> scorer.Compared:
        """See ``profiles.Profile``."""
        table, alone = self._table(prepared, i, j)
        log_odds = (alone - _RIVAL * table[:, -2] + _SHIFT).astype(np.float32)
        at = np.flatnonzero((log_odds > _HOPELESS) | must)
        log_odds = log_odds[at]
        scored = scorer.Scored(table[at], log_odds, scorer.probability(log_odds))
        return scorer.Compared(at, None, scored)

    def facts(self, row: Floats) -> list[Fact]:
        """What the evidence row says, in words."""
        out: list[Fact] = []
        width = len(self._names)
        for name, part, level in zip(self._names, row[:width], row[width : 2 * width], strict=True):
            if level == compare_register.EQUAL:
                out.append(Fact(name, f"same {name}", 1, identity=bool(part >= _TELLS)))
            elif level == compare_register.UNLIKE:
                out.append(Fact(name, f"{name} differs", -1))
            elif level > compare_register.UNLIKE and part > 0:
                out.append(Fact(name, f"{name} nearly the same", 1))
        return out

    def contributions(
        self, model: scorer.Model | None, row: Floats
    ) -> tuple[float, dict[str, float]]:
        """The score is a sum, so every column is its own bar."""
        del model
        moved = {n: float(v) for n, v in zip(self._names, row[: len(self._names)], strict=True)}
        moved["other candidates"] = -_RIVAL * float(row[-2])
        return float(row[-1]) + _SHIFT, moved
