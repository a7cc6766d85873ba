"""From numbers to words: the waterfall and one sentence for people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.propose.context import CONTEXT
from engine.propose.contrast import CONTRASTED, SCHEMAS
from engine.propose.leaves import Leaf
from engine.propose.pairing import Pairs
from engine.propose.prepare import Floats
from engine.propose.proposal import Step, Waterfall
from engine.propose.signals import SIGNALS
from engine.propose.words import vocabulary
from engine.schema.model import FieldType

_SAYS = {row.name: row.says for row in SIGNALS} | dict(CONTEXT) | dict(SCHEMAS)
_SAYS |= {f"{n}_ahead": f"{_SAYS[n]}, against other sources" for n in CONTRASTED}
_SAYS |= {f"{n}_ahead_for_source": f"{_SAYS[n]}, against other targets" for n in CONTRASTED}
_KIND = {
    FieldType.STRING: "text",
    FieldType.REFERENCE: "text",
    FieldType.ENUM: "a list of values",
    FieldType.BOOLEAN: "yes or no",
    FieldType.INTEGER: "whole numbers",
    FieldType.DECIMAL: "numbers",
    FieldType.DATE: "dates",
    FieldType.DATETIME: "times",
}
SHOWN = 8
_SMALL = 0.05


def _samples(one: Leaf) -> str:
    seen = one.field.profile
    return ", ".join(seen.samples[:3]) if seen else ""


def _values(name: str, source: Leaf, target: Leaf) -> tuple[str, str]:
    """The two values a signal looked at."""
    if name.startswith(("meaning_of_notes", "note_")):
        return source.field.description, target.field.description
    if name.startswith(("label", "meaning_of_labels")):
        return source.field.label or source.field.path, target.field.label or target.field.path
    if name.startswith("samples"):
        return _samples(source), _samples(target)
    if name in ("type_fit", "flag_fit"):
        return _KIND.get(source.field.type, ""), _KIND.get(target.field.type, "")
    if name == "length_fit":
        return str(source.field.length or ""), str(target.field.length or "")
    if name in ("references", "reference_says"):
        return source.field.references, target.field.references
    return source.field.path, target.field.path


def waterfall(
    pair: tuple[Leaf, Leaf],
    names: Sequence[str],
    row: tuple[Floats, Floats],
    prior: float,
    confidence: float,
) -> Waterfall:
    """The way from prior to final in log-odds.

    Args:
        pair: source and target.
        names: features in order.
        row: the features' values and their contributions.
        prior: log-odds before anything is known.
        confidence: the final probability, the number shown everywhere.

    Returns:
        The strongest steps one by one, the rest together, and the judgement of rivals and target.
    """
    values, parts = row
    source, target = pair
    order = np.argsort(-np.abs(parts))
    steps = []
    for k in order[:SHOWN]:
        if abs(parts[k]) < _SMALL:
            break
        first, second = _values(names[k], source, target)
        steps.append(
            Step(
                names[k],
                _SAYS[names[k]],
                round(float(parts[k]), 3),
                round(float(values[k]), 3),
                first,
                second,
            )
        )
    rest = float(parts.sum()) - sum(s.change for s in steps)
    if abs(rest) >= 0.001:
        steps.append(Step("other", "all other signals together", round(rest, 3)))
    final = float(np.log(confidence / (1 - confidence)))
    so_far = round(prior, 3) + sum(s.change for s in steps)
    steps.append(
        Step(
            "judgement",
            "how clearly it leads, and whether such a target takes a value at all",
            round(final - so_far, 3),
        )
    )
    return Waterfall(round(prior, 3), tuple(steps), round(final, 3))


def _names_clause(get: dict[str, float], source: Leaf, target: Leaf, idea: str) -> str:
    if [*source.words] == [*target.words]:
        return "Same name"
    if get["same_words"] >= 0.6:
        return f"Same words in the name ({get['same_words']:.2f})"
    if get["like_words"] >= 0.6:
        return f"Words that mean the same in the name ({get['like_words']:.2f})"
    if get["word_beginnings"] >= 0.9:
        return "One name is made of the beginnings of the other's words"
    if get["concept_first"] > 0 and idea:
        return f"Both are about {idea}"
    if max(get["note_says_target"], get["note_says_source"]) >= 0.7:
        return "The description of one names the other"
    if get["samples_equal"] >= 0.5:
        return f"The same values ({get['samples_equal']:.0%} of the samples)"
    return f"Meaning alike ({max(get['meaning_of_fields'], get['meaning_of_names'], 0.0):.2f})"


def _type_clause(source: Leaf, target: Leaf) -> str:
    a, b = _KIND.get(source.field.type, "text"), _KIND.get(target.field.type, "text")
    if a != b:
        return f"{a} becomes {b}"
    first, second = source.field.length, target.field.length
    if a == "text" and first and second:
        if first == second:
            return f"both text of {first} characters"
        if first > second:
            return f"text of {first} characters must fit {second}"
        return f"text of {first} characters fits {second}"
    return f"both {a}"


def _place_clause(source: Leaf, target: Leaf) -> str:
    if source.line and target.line:
        return "both on the line"
    if source.line != target.line:
        return "one on the line, one on the header"
    return ""


def sentence(p: Pairs, k: int, values: Floats, names: Sequence[str]) -> str:
    """One sentence about pair ``k``: name, type, place, and what speaks against it."""
    source, target = p.left.leaves[p.i[k]], p.right.leaves[p.j[k]]
    get = {n: float(v) for n, v in zip(names, values, strict=True)}
    idea = list(vocabulary().concepts)[int(p.right_concepts[p.j[k]].argmax())]
    clauses = [_names_clause(get, source, target, idea), _type_clause(source, target)]
    place = _place_clause(source, target)
    if get["samples_equal"] >= 0.3 and not clauses[0].startswith("The same values"):
        clauses.append(f"{get['samples_equal']:.0%} of the sample values the same")
    against = []
    if get["side_conflict"] > 0:
        against.append("one is about selling, the other about buying")
    if get["type_fit"] < 0 and get["samples_equal"] < 0.3:
        against.append("the types do not fit")
    text = ", ".join(clauses) + (f"; {place}" if place else "")
    return text + (f"; but {' and '.join(against)}" if against else "") + "."
