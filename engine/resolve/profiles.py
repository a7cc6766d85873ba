"""One profile per kind of record: how to prepare, find candidates, compare, score and put in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.resolve import (
    block,
    compare_generic,
    compare_item,
    compare_party,
    parallel,
    register,
    register_profile,
    roles,
    scorer,
    words_generic,
    words_item,
    words_party,
)
from engine.resolve.explain import Fact
from engine.resolve.keys import Floats, Ints
from engine.resolve.scorer import Compared
from engine.resolve.table import Table

SECOND_LOOK = {
    "first_look": "all evidence together",
    "rival_left": "other candidates",
    "rival_right": "other candidates",
    "lead_left": "other candidates",
    "lead_right": "other candidates",
}


_PARTY_MOST = 20
_HOPELESS = -7.0


def _in_pieces(
    model: scorer.Model,
    i: Ints,
    j: Ints,
    must: NDArray[np.bool_],
    features: Callable[[Ints, Ints], Floats],
) -> Compared:
    """First look at all pairs, piece by piece on all cores; second look where there is any hope.

    A pair below ``_HOPELESS`` after the first look ends below one in fifty whatever its rivals; it
    still counts as a rival of others.
    """

    def look(rows: range) -> tuple[NDArray[np.int64], Floats, Floats]:
        part = slice(rows.start, rows.stop)
        evidence = features(i[part], j[part])
        first = model.first.score(evidence)
        keep = np.flatnonzero((first > _HOPELESS) | must[part])
        return keep + rows.start, first, evidence[keep]

    pieces = parallel.pieces(len(i), _PIECE)
    found = list(parallel.each(look, pieces, large=len(i) >= 4 * _PIECE)) or [look(range(0))]
    at, first, evidence = (np.concatenate(part) for part in zip(*found, strict=True))
    del found
    table = np.hstack([evidence, scorer.rivals(i, j, first)[at]])
    return Compared(at, model, scorer.second_look(model, table))


_PIECE = 50_000


class Profile(Protocol):
    """What the facade needs to know about a kind of record.

    Attributes:
        evidence: name and direction (1 speaks for, -1 against, 0 either) of every evidence column.
    """

    evidence: tuple[tuple[str, int], ...]

    def prepare(self, left: Table, right: Table) -> Any:
        """Normalise both tables."""
        ...

    def candidates(self, prepared: Any, limit: int) -> tuple[Ints, Ints]:
        """Pairs worth comparing."""
        ...

    def features(self, prepared: Any, i: Ints, j: Ints) -> Floats:
        """The evidence table of the pairs."""
        ...

    def compare(self, prepared: Any, i: Ints, j: Ints, must: NDArray[np.bool_]) -> Compared:
        """Score the pairs; hopeless ones may be left out, those of ``must`` never are."""
        ...

    def facts(self, row: Floats) -> list[Fact]:
        """What the row says, in words."""
        ...

    def contributions(
        self, model: scorer.Model | None, row: Floats
    ) -> tuple[float, dict[str, float]]:
        """Prior and log-odds per kind of evidence, on the calibrated scale."""
        ...


def grouped(
    model: scorer.Model, row: Floats, groups: dict[str, str]
) -> tuple[float, dict[str, float]]:
    """Contributions of both looks, features gathered into kinds of evidence.

    The first look enters the second as one feature; its share is handed on to the evidence that
    made it, in proportion, so that a person sees evidence and not machinery.
    """
    prior, moved = model.second.explain(row)
    out: dict[str, float] = {}
    shared = moved.pop("first_look", 0.0)
    for name, value in moved.items():
        group = groups.get(name) or SECOND_LOOK.get(name, name)
        out[group] = out.get(group, 0.0) + model.slope * value
    _, first = model.first.explain(row)
    total = sum(abs(v) for v in first.values())
    net = sum(first.values())
    if total > 0 and abs(net) > 0.1 * total:
        for name, value in first.items():
            group = groups.get(name, name)
            out[group] = out.get(group, 0.0) + model.slope * shared * value / net
    else:
        out[SECOND_LOOK["first_look"]] = model.slope * shared
    return model.slope * prior + model.shift, out


class PartyProfile:
    """Customers and suppliers."""

    evidence = compare_party.EVIDENCE

    def prepare(self, left: Table, right: Table) -> compare_party.Prepared:
        """See ``Profile``."""
        return compare_party.prepare(left, right)

    def candidates(self, prepared: compare_party.Prepared, limit: int) -> tuple[Ints, Ints]:
        """See ``Profile``."""
        i, j, score = compare_party.candidates(prepared, min(limit, _PARTY_MOST))
        keep = block.promising(i, j, score, share=0.25, always=4, most=_PARTY_MOST, both=0.6)
        return i[keep], j[keep]

    def features(self, prepared: compare_party.Prepared, i: Ints, j: Ints) -> Floats:
        """See ``Profile``."""
        return compare_party.features(prepared, i, j)

    def compare(
        self, prepared: compare_party.Prepared, i: Ints, j: Ints, must: NDArray[np.bool_]
    ) -> Compared:
        """See ``Profile``."""
        model = scorer.shipped("party")
        return _in_pieces(model, i, j, must, lambda a, b: compare_party.features(prepared, a, b))

    def facts(self, row: Floats) -> list[Fact]:
        """See ``Profile``."""
        return words_party.facts(row)

    def contributions(
        self, model: scorer.Model | None, row: Floats
    ) -> tuple[float, dict[str, float]]:
        """See ``Profile``."""
        return grouped(model or scorer.shipped("party"), row, words_party.GROUPS)


class ItemProfile:
    """Stock items, services, charges."""

    evidence = compare_item.EVIDENCE

    def prepare(self, left: Table, right: Table) -> compare_item.Prepared:
        """See ``Profile``."""
        return compare_item.prepare(left, right)

    def candidates(self, prepared: compare_item.Prepared, limit: int) -> tuple[Ints, Ints]:
        """See ``Profile``."""
        i, j, score = compare_item.candidates(prepared, limit)
        keep = block.promising(i, j, score, always=14, most=50)
        return i[keep], j[keep]

    def features(self, prepared: compare_item.Prepared, i: Ints, j: Ints) -> Floats:
        """See ``Profile``."""
        return compare_item.features(prepared, i, j)

    def compare(
        self, prepared: compare_item.Prepared, i: Ints, j: Ints, must: NDArray[np.bool_]
    ) -> Compared:
        """See ``Profile``."""
        model = scorer.shipped("item")
        return _in_pieces(model, i, j, must, lambda a, b: compare_item.features(prepared, a, b))

    def facts(self, row: Floats) -> list[Fact]:
        """See ``Profile``."""
        return words_item.facts(row)

    def contributions(
        self, model: scorer.Model | None, row: Floats
    ) -> tuple[float, dict[str, float]]:
        """See ``Profile``."""
        return grouped(model or scorer.shipped("item"), row, words_item.GROUPS)


class GenericProfile:
    """Records of any sort."""

    evidence = compare_generic.EVIDENCE

    def prepare(self, left: Table, right: Table) -> compare_generic.Prepared:
        """See ``Profile``."""
        return compare_generic.prepare(left, right)

    def candidates(self, prepared: compare_generic.Prepared, limit: int) -> tuple[Ints, Ints]:
        """See ``Profile``."""
        i, j, score = compare_generic.candidates(prepared, limit)
        keep = block.promising(i, j, score, share=0.2, always=8, most=30)
        return i[keep], j[keep]

    def features(self, prepared: compare_generic.Prepared, i: Ints, j: Ints) -> Floats:
        """See ``Profile``."""
        return compare_generic.features(prepared, i, j)

    def compare(
        self, prepared: compare_generic.Prepared, i: Ints, j: Ints, must: NDArray[np.bool_]
    ) -> Compared:
        """Fellegi-Sunter weight learned on these records, rare words and codes, less the best rival."""
        del must
        evidence = compare_generic.features(prepared, i, j)
        alone = sum(evidence[:, _AT[name]] * factor for name, factor in _FACTORS.items())
        table = np.hstack([evidence, scorer.rivals(i, j, np.asarray(alone, dtype=np.float32))])
        rival = np.maximum(table[:, -4:-2].max(axis=1, initial=_NO_RIVAL), _NO_RIVAL)
        log_odds = (_SLOPE * (table[:, -5] - _RIVAL * rival) + _SHIFT).astype(np.float32)
        scored = scorer.Scored(table, log_odds, scorer.probability(log_odds))
        return Compared(np.arange(len(i), dtype=np.int64), None, scored)

    def facts(self, row: Floats) -> list[Fact]:
        """See ``Profile``."""
        return words_generic.facts(row)

    def contributions(
        self, model: scorer.Model | None, row: Floats
    ) -> tuple[float, dict[str, float]]:
        """The score is a sum, so every part is its own bar."""
        moved: dict[str, float] = {}
        for name, factor in _FACTORS.items():
            group = words_generic.GROUPS[name]
            moved[group] = moved.get(group, 0.0) + _SLOPE * factor * float(row[_AT[name]])
        rival = max(float(row[-4]), float(row[-3]), _NO_RIVAL)
        moved["other candidates"] = -_SLOPE * _RIVAL * rival
        return _SHIFT, moved


# Round factors chosen by hand; slope and shift fitted on generated customers and items
# (bench/records_worlds.py), never on a public set.
_AT = {name: k for k, (name, _) in enumerate(compare_generic.EVIDENCE)}
_FACTORS = {"weight": 0.5, "whole": 8.0, "codes": 0.5, "first": 6.0}
_RIVAL, _NO_RIVAL, _SLOPE, _SHIFT = 0.75, -4.0, 0.774, -1.837


def fitting(kind: str, left: Table, right: Table) -> Profile:
    """The profile for these tables: registers of short cells have one of their own.

    Customers and suppliers without any column for a name of a firm (but given names, surnames) are
    such registers too.
    """
    persons = kind in ("customer", "supplier") and not any(
        "name" in roles.recognise(table, "party").values() for table in (left, right)
    )
    paired = register.pairs(left, right) if persons or kind == "generic" else []
    return register_profile.RegisterProfile(paired) if paired else profile(kind)


def profile(kind: str) -> Profile:
    """The profile of a kind of record."""
    if kind == "item":
        return ItemProfile()
    return GenericProfile() if kind == "generic" else PartyProfile()
