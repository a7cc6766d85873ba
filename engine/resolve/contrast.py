"""Learn from pairs inside one register what agrees by habit and not because two records are one.

Two entries of the same register are hardly ever one person, yet relatives share name and home. Every
kind of agreement that is as frequent inside each register as across the two therefore proves
nothing; only the surplus across does. With s the log-odds that a pair across is one, a pair drawn from
across and inside together comes from across with log-odds log(1 + exp(s)): s is linear in the
evidence and is fitted to that, without any label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.resolve import block_register
from engine.resolve.compare_register import (
    UNKNOWN,
    UNLIKE,
    Doubles,
    Levels,
    Prepared,
    levels,
    weigh,
)
from engine.resolve.fellegi import Weights
from engine.resolve.keys import Floats

_RECORDS = 90.0
_PAIRS = 40_000
_LIMIT = 50
_ROUNDS = 20
_SCALE = 4.0
_USUAL = 2.0
_HOLD = 3.0
_ENOUGH = 200


@dataclass(frozen=True, slots=True)
class Line:
    """Log-odds of a pair as a sum: per field a factor for its weight, one where unlike, one where unknown.

    Attributes:
        factor: share of the Fellegi-Sunter weight that stands, per field.
        unlike: added where the cells are unlike, per field.
        unknown: added where a cell is empty, per field.
        constant: the log-odds where nothing speaks.
    """

    factor: Floats
    unlike: Floats
    unknown: Floats
    constant: float

    def parts(self, weight: Floats, level: Levels) -> Floats:
        """What every field adds, shape (pairs, fields)."""
        out = weight * self.factor
        out += (level == UNLIKE) * self.unlike
        out += (level == UNKNOWN) * self.unknown
        return np.asarray(out, dtype=np.float32)


def _inside(p: Prepared, weights: Weights, side: str) -> tuple[Floats, float]:
    """Evidence of pairs inside one register, and how many pairs across each of them stands for."""
    r = np.random.default_rng(5)
    own = [getattr(f, side) for f in p.fields]
    total = len(own[0])
    # The number of pairs among so many records stays the same however large the register is.
    heard = np.sort(r.permutation(total)[: int(_RECORDS * math.sqrt(total))])
    codes = [k[heard] for k in own]
    fields = [replace(f, left=c, right=c) for f, c in zip(p.fields, codes, strict=True)]
    share = len(heard) / max(total, 1)
    group = max(int(block_register.GROUP * share * share), 4)
    i, j = block_register.candidates(fields, p.keys, _LIMIT, group)
    at = np.flatnonzero(i < j)
    across = float(len(p.fields[0].left)) * len(p.fields[0].right)
    stands_for = across / (0.5 * max(len(heard), 1) ** 2)
    if len(at) > _PAIRS:
        stands_for *= len(at) / _PAIRS
        at = r.permutation(at)[:_PAIRS]
    i, j = i[at], j[at]
    level = levels(fields, i, j)
    q = Prepared(fields, p.rarity, p.keys)
    return _table(weigh(q, weights, level, i), level), stands_for


def _table(weight: Floats, level: Levels) -> Floats:
    one = np.ones((len(weight), 1))
    return np.hstack([weight / _SCALE, level == UNLIKE, level == UNKNOWN, one]).astype(np.float32)


def learn(p: Prepared, weights: Weights, weight: Floats, level: Levels) -> Line:
    """Fit the line on candidates across (``weight``, ``level``) and on pairs inside both registers."""
    width = weight.shape[1]
    usual = np.r_[np.full(width, _USUAL), np.zeros(2 * width), 0.5 * weights.prior]
    inside = [_inside(p, weights, side) for side in ("left", "right")]
    if len(weight) < _ENOUGH or min(len(rows) for rows, _ in inside) < _ENOUGH:
        return _line(usual, width)
    at = np.random.default_rng(3).permutation(len(weight))[:_PAIRS]
    rows = np.vstack([_table(weight[at], level[at]), *(rows for rows, _ in inside)])
    across = np.zeros(len(rows), dtype=np.float32)
    across[: len(at)] = 1.0
    count = np.r_[
        np.full(len(at), len(weight) / len(at)),
        *(np.full(len(found), 0.5 * stands_for) for found, stands_for in inside),
    ]
    return _line(_fit(rows, across, (count / count.max()).astype(np.float32), usual), width)


def _line(beta: Doubles, width: int) -> Line:
    found = beta.astype(np.float32)
    return Line(
        found[:width] / np.float32(_SCALE),
        found[width : 2 * width],
        found[2 * width : 3 * width],
        float(found[-1]),
    )


def _squares(rows: Floats, weight: Floats) -> Doubles:
    """Weighted sums of products of every two columns.

    In stacks of 256 rows: on larger matrices the linear algebra library starts threads that burn
    every core in waiting, twenty times the work itself.
    """
    tall = -(-len(rows) // 256) * 256
    padded = np.zeros((tall, rows.shape[1]), dtype=np.float32)
    padded[: len(rows)] = rows * np.sqrt(weight)[:, None]
    stacked = padded.reshape(-1, 256, rows.shape[1])
    found = np.matmul(stacked.transpose(0, 2, 1), stacked)
    return np.asarray(found.sum(axis=0, dtype=np.float64))


def _fit(rows: Floats, across: Floats, count: Floats, usual: Doubles) -> Doubles:
    """Damped Newton steps from ``usual``, which also holds the factors back where little is known."""
    hold = np.full(rows.shape[1], _HOLD)
    hold[-1] = 1e-3

    def odds(beta: Doubles) -> Floats:
        return np.asarray(np.einsum("ij,j->i", rows, beta.astype(np.float32)))

    def loss(beta: Doubles) -> float:
        z = np.logaddexp(0, odds(beta))
        fit = (count * (np.logaddexp(0, z) - across * z)).sum(dtype=np.float64)
        return float(fit + 0.5 * (hold * (beta - usual) ** 2).sum())

    beta, best = usual.copy(), loss(usual)
    for _ in range(_ROUNDS):
        s = np.clip(odds(beta), -30, 30)
        one = np.asarray(1 / (1 + np.exp(-s)), dtype=np.float32)
        drawn = np.asarray(1 / (1 + np.exp(-np.logaddexp(0, s))), dtype=np.float32)
        pull = np.einsum("ij,i->j", rows, count * (across - drawn) * one)
        curve = _squares(rows, count * drawn * (1 - drawn) * one * one)
        held = np.diag(hold + 1e-6)
        step, size = np.linalg.solve(curve + held, pull - hold * (beta - usual)), 1.0
        while (found := loss(beta + size * step)) > best and size > 1e-3:
            size /= 2
        if found > best:
            break
        beta, gained, best = beta + size * step, best - found, found
        if gained < 1e-4 * abs(best):
            break
    return beta
