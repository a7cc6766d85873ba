"""New records only: match what came in since the last run, and reuse what was already compared."""

from __future__ import annotations

from collections.abc import Iterable

from engine.resolve.facade import MatchResult, match
from engine.resolve.judgement import Decision
from engine.resolve.table import Kind, Policy, Table


def subset(table: Table, keys: Iterable[str]) -> Table:
    """The records of a table with the given keys, in the table's order."""
    wanted = set(keys)
    rows = [at for at, key in enumerate(table.keys) if key in wanted]
    columns = {name: [values[at] for at in rows] for name, values in table.columns.items()}
    return Table(keys=[table.keys[at] for at in rows], columns=columns, key=table.key)


def match_new(
    left: Table,
    right: Table,
    *,
    kind: Kind,
    new_left: Iterable[str] = (),
    new_right: Iterable[str] = (),
    judgements: Iterable[Decision] = (),
    policy: Policy | None = None,
) -> list[MatchResult]:
    """Pairs that involve a new or changed record: new left against all right, old left against new right."""
    fresh, came = set(new_left), set(new_right)
    decisions = list(judgements)
    results = []
    if fresh:
        results.append(
            match(subset(left, fresh), right, kind=kind, judgements=decisions, policy=policy)
        )
    if came:
        old = subset(left, (k for k in left.keys if k not in fresh))
        results.append(
            match(old, subset(right, came), kind=kind, judgements=decisions, policy=policy)
        )
    return results
