"""``match`` and ``dedupe``: the two doors of the package."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.ports import Embedder
from engine.resolve import assign, explain, profiles, scorer
from engine.resolve.judgement import Decision, Judgement, latest
from engine.resolve.keys import Floats, Ints
from engine.resolve.table import Kind, Pair, Policy, Table, Waterfall

Progress = Callable[[str, float], None]


class Prepared(Protocol):
    """Whatever a profile made of the two tables; opaque to everybody else."""


@dataclass(slots=True)
class MatchResult:
    """Pairs of one run, best first, with everything needed to explain them.

    Attributes:
        left: the left table.
        right: the right table.
        i: left record number per pair.
        j: right record number per pair.
        probability: calibrated probability per pair.
        model: version of the model that spoke.
        statement: what that model was trained on.
    """

    left: Table
    right: Table
    i: Ints
    j: Ints
    probability: Floats
    log_odds: Floats
    table: Floats
    decided: dict[tuple[str, str], Judgement]
    profile: profiles.Profile
    model_object: scorer.Model | None
    model: str
    statement: str

    def __len__(self) -> int:
        return len(self.i)

    def rows(self) -> Iterator[tuple[str, str, float]]:
        """Left key, right key, probability, without building sentences."""
        for a, b, p in zip(
            self.i.tolist(), self.j.tolist(), self.probability.tolist(), strict=True
        ):
            yield self.left.keys[a], self.right.keys[b], p

    def __iter__(self) -> Iterator[Pair]:
        for at in range(len(self.i)):
            yield self.pair(at)

    @property
    def pairs(self) -> list[Pair]:
        """All pairs with word, method and sentence."""
        return list(self)

    def pair(self, at: int) -> Pair:
        """Pair number ``at`` in words."""
        keys = self.left.keys[int(self.i[at])], self.right.keys[int(self.j[at])]
        p = float(self.probability[at])
        if keys in self.decided:
            return Pair(
                *keys,
                p,
                explain.word(p),
                "Memory",
                f"Decided by a person: {self.decided[keys].value}.",
            )
        facts = self.profile.facts(self.table[at])
        return Pair(*keys, p, explain.word(p), explain.method(facts, p), explain.sentence(facts))

    def explain(self, at: int) -> Waterfall:
        """The waterfall of pair number ``at``; its final probability is the pair's probability."""
        keys = self.left.keys[int(self.i[at])], self.right.keys[int(self.j[at])]
        p = float(self.probability[at])
        if keys in self.decided:
            return explain.decided(p, self.decided[keys])
        return explain.waterfall(
            self.profile, self.model_object, self.table[at], float(self.log_odds[at]), p
        )


def match(
    left: Table,
    right: Table,
    *,
    kind: Kind,
    judgements: Iterable[Decision] = (),
    policy: Policy | None = None,
    embed: Embedder | None = None,
    progress: Progress | None = None,
) -> MatchResult:
    """Compare two tables and return the pairs that may be one, with calibrated probability.

    Args:
        left: records of the one system; the same object as ``right`` to look inside one table.
        right: records of the other system.
        kind: what the records are.
        judgements: decisions of people; they bind, the score never overrules them.
        policy: how pairs become an answer.
        embed: a language model for texts, used for generic records only where given.
        progress: called with a step's name and the share done, 0 to 1.
    """
    policy = policy or Policy()
    tell = progress or (lambda _step, _share: None)
    decided = latest(judgements)
    if not len(left) or not len(right):
        return _empty(left, right, profiles.profile(kind), decided)
    profile = profiles.fitting(kind, left, right)
    tell("reading the columns", 0.0)
    with _without_collector():
        prepared: Any = profile.prepare(left, right)
        tell("finding candidates", 0.4)
        i, j = profile.candidates(prepared, policy.candidates)
        i, j, must = _with_decided(left, right, decided, i, j)
        if left is right:
            apart = i != j
            i, j, must = i[apart], j[apart], must[apart]
        tell("comparing", 0.55)
        compared = profile.compare(prepared, i, j, must)
    i, j, model, scored = i[compared.at], j[compared.at], compared.model, compared.scored
    p, odds = _bind(left, right, decided, i, j, scored)
    keep = assign.choose(i, j, p, policy)
    order = keep[np.argsort(-p[keep], kind="stable")]
    tell("done", 1.0)
    return MatchResult(
        left, right, i[order], j[order], p[order], odds[order], scored.table[order], decided, profile, model,
        model.version if model else "unsupervised", model.statement if model else "estimated on these records only",
    )  # fmt: skip


@contextmanager
def _without_collector() -> Iterator[None]:
    """Building millions of small tuples makes no garbage cycles; looking for them costs a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def dedupe(
    table: Table,
    *,
    kind: Kind,
    judgements: Iterable[Decision] = (),
    policy: Policy | None = None,
) -> MatchResult:
    """Duplicates inside one table: every pair once, never a record with itself."""
    policy = policy or Policy()
    result = match(table, table, kind=kind, judgements=judgements, policy=policy)
    keep = np.flatnonzero(result.i < result.j)
    for name in ("i", "j", "probability", "log_odds", "table"):
        setattr(result, name, getattr(result, name)[keep])
    return result


def _empty(
    left: Table, right: Table, profile: profiles.Profile, decided: dict[tuple[str, str], Judgement]
) -> MatchResult:
    none = np.empty(0, dtype=np.int32)
    blank = np.empty(0, dtype=np.float32)
    return MatchResult(
        left,
        right,
        none,
        none,
        blank,
        blank,
        blank.reshape(0, 0),
        decided,
        profile,
        None,
        "none",
        "nothing compared",
    )


def _positions(
    left: Table, right: Table, decided: dict[tuple[str, str], Judgement]
) -> dict[tuple[int, int], Judgement]:
    if not decided:
        return {}
    lefts = {k: n for n, k in enumerate(left.keys)}
    rights = {k: n for n, k in enumerate(right.keys)}
    return {(lefts[a], rights[b]): v for (a, b), v in decided.items() if a in lefts and b in rights}


def _with_decided(
    left: Table, right: Table, decided: dict[tuple[str, str], Judgement], i: Ints, j: Ints
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Add approved pairs that blocking did not find; which pairs must not be dropped."""
    places = _positions(left, right, decided)
    wanted = {k for k, v in places.items() if v is Judgement.APPROVED}
    missing = sorted(wanted - set(zip(i.tolist(), j.tolist(), strict=True))) if wanted else []
    extra = np.asarray(missing, dtype=np.int32).reshape(-1, 2)
    i, j = np.r_[i, extra[:, 0]].astype(np.int32), np.r_[j, extra[:, 1]].astype(np.int32)
    must = np.zeros(len(i), dtype=np.bool_)
    if places:
        must[:] = [pair in places for pair in zip(i.tolist(), j.tolist(), strict=True)]
    return i, j, must


def _bind(
    left: Table,
    right: Table,
    decided: dict[tuple[str, str], Judgement],
    i: Ints,
    j: Ints,
    scored: scorer.Scored,
) -> tuple[Floats, Floats]:
    p, odds = scored.probability.copy(), scored.log_odds.copy()
    places = _positions(left, right, decided)
    if places:
        for at, pair in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
            if pair in places:
                p[at] = 1.0 if places[pair] is Judgement.APPROVED else 0.0
    return p, odds
