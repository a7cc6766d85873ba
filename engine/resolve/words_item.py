"""The evidence about two items in words."""

from __future__ import annotations

from engine.resolve.compare_item import EVIDENCE
from engine.resolve.explain import Fact
from engine.resolve.keys import Floats

_AT = {name: k for k, (name, _) in enumerate(EVIDENCE)}
_WORDS = "kept_left kept_right alike lost_left lost_right lost_both weakest_left weakest_right first guessed shared words_left words_right text inferred opposed cut same_text strange_left strange_right strange_both"
GROUPS: dict[str, str] = (
    dict.fromkeys(_WORDS.split(), "description")
    | dict.fromkeys(
        ("code", "loose", "written", "code_elsewhere", "code_taken", "code_ratio"), "code"
    )
    | dict.fromkeys(
        ("numbers", "numbers_lost_left", "numbers_lost_right", "numbers_lost_both"),
        "sizes and numbers",
    )
    | {"pack": "pack", "price": "price", "cost": "cost", "placeholder": "marker"}
)


def facts(row: Floats) -> list[Fact]:
    """What the evidence row says, most telling first."""
    value = {name: float(row[k]) for name, k in _AT.items()}
    alike = value["alike"]
    text = Fact("description", f"description {alike:.2f} alike", 1 if alike >= 0.7 else -1)
    out = [*_code(value), text]
    for condition, fact in (
        (value["numbers_lost_both"] > 0, Fact("sizes and numbers", "sizes or numbers differ", -1)),
        (
            value["numbers"] > 0 >= value["numbers_lost_both"],
            Fact("sizes and numbers", "same sizes and numbers", 1),
        ),
        (value["pack"] > 0, Fact("pack", "same pack", 1)),
        (value["pack"] <= -2, Fact("pack", "pack differs", -1)),
        (value["price"] >= 2, Fact("price", "same price", 1)),
        (value["price"] < 0, Fact("price", "price differs", -1)),
        (value["placeholder"] > 0, Fact("marker", "placeholder item", -1)),
    ):
        if condition:
            out.append(fact)
    return out


def _code(value: dict[str, float]) -> list[Fact]:
    if value["code"] > 0:
        return [Fact("code", "same code", 1, identity=True)]
    if value["loose"] > 0:
        return [Fact("code", "same code apart from prefix or suffix", 1, identity=True)]
    if value["written"] > 0:
        return [Fact("code", "code written in the text", 1, identity=True)]
    if value["code_elsewhere"] > 0 or value["code_taken"] > 0:
        return [Fact("code", "its code belongs to another item", -1)]
    return []
