"""RULES: the registry of built-in rules; a rule is a function that yields issues."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.issue import Issue
from engine.rules.facts import Neighbours, TargetFacts
from engine.schema.model import Record


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined.

    Attributes:
        kind: canonical kind of the document.
        record: the canonical record.
        facts: the target's capabilities.
        neighbours: other records.
        creating: it is not at the target yet.
    """

    kind: str
    record: Record
    facts: TargetFacts
    neighbours: Neighbours
    creating: bool = True


Examine = Callable[[Subject], Iterator[Issue]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A built-in rule.

    Attributes:
        code: stable name.
        title: what it makes sure of, for people.
        kinds: canonical kinds it applies to.
        examine: the function.
    """

    code: str
    title: str
    kinds: frozenset[str]
    examine: Examine


RULES: dict[str, Rule] = {}
"""Code -> rule, in the order they run."""

SALES = ("sales_order", "invoice", "credit_note")
DOCUMENTS = (*SALES, "bill")
DATED = (*DOCUMENTS, "payment", "journal")


def rule(code: str, title: str, *kinds: str) -> Callable[[Examine], Examine]:
    """Register a rule for kinds of documents."""

    def register(examine: Examine) -> Examine:
        RULES[code] = Rule(code, title, frozenset(kinds), examine)
        return examine

    return register
