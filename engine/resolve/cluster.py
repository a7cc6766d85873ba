"""Groups of records that are one, built from pairs without ever joining what a person set apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.resolve.judgement import Decision, Judgement, latest

Node = tuple[str, str]


def clusters(
    pairs: Iterable[tuple[str, str, float]],
    decisions: Sequence[Decision] = (),
    *,
    floor: float = 0.95,
) -> list[set[Node]]:
    """Connected groups of ``("left", key)`` and ``("right", key)`` records.

    Approved pairs are joined first, then pairs from the most probable down to ``floor``. A pair is
    passed over when it is rejected or when joining its groups would bring two records together that
    a person decided are not the same.

    Raises:
        ValueError: the decisions contradict each other (A is B, B is C, A is not C).
    """
    judged = latest(decisions)
    apart = [(("left", a), ("right", b)) for (a, b), v in judged.items() if v is Judgement.REJECTED]
    group: dict[Node, set[Node]] = {}
    enemies: dict[Node, set[Node]] = {}
    for a, b in apart:
        enemies.setdefault(a, set()).add(b)
        enemies.setdefault(b, set()).add(a)

    def join(a: Node, b: Node) -> bool:
        one, two = group.setdefault(a, {a}), group.setdefault(b, {b})
        if one is two:
            return b not in enemies.get(a, ())
        small, large = (one, two) if len(one) < len(two) else (two, one)
        if any(not enemies[n].isdisjoint(large) for n in small if n in enemies):
            return False
        large |= small
        for node in small:
            group[node] = large
        return True

    for (left, right), value in judged.items():
        if value is Judgement.APPROVED and not join(("left", left), ("right", right)):
            raise ValueError(f"decisions contradict each other at {left} and {right}")
    for left, right, p in sorted(pairs, key=lambda t: -t[2]):
        if p >= floor and judged.get((left, right)) is not Judgement.REJECTED:
            join(("left", left), ("right", right))
    return list({id(g): g for g in group.values() if len(g) > 1}.values())
