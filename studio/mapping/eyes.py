"""Which open rows a person has to look at singly, however sure the machine is of them.

Accepting unseen is for what cannot do harm: a row that would keep the mapping from being published,
or an optional field that changes what a document is worth (a discount on top of a price that is
already net), waits for somebody who reads it. So does what a second person has sent back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from engine.mapping import read
from engine.mapping.check import examine
from engine.schema.paths import tokens
from studio.mapping.assemble import put_together
from studio.mapping.catalog import catalog_of
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.preview import said
from studio.mapping.risk import counts
from studio.mapping.schemas import latest_snapshot, sides
from studio.mapping.stored import from_store

REFUSED, MONEY, RETURNED = "refused", "money", "returned"
# A shipped row was written for exactly this document, together with its neighbours.
SHIPPED = "Rule"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one row wants eyes: its kind for counting, and the sentence."""

    kind: str
    sentence: str


def wanting_eyes(rows: Iterable[MappingRow]) -> dict[int, Reason]:
    """The open rows among these that may not be accepted unseen, by id."""
    by_mapping: defaultdict[int, list[MappingRow]] = defaultdict(list)
    for row in rows:
        if row.state == "open" and row.candidates:
            by_mapping[row.mapping_id].append(row)
    found: dict[int, Reason] = {}
    for some in by_mapping.values():
        refused = _refused(some[0].mapping, some)
        for row in some:
            if row.sent_back_by:
                found[row.pk] = Reason(RETURNED, f"{row.target_path} was sent back: {row.reason}")
            elif row.target_path in refused:
                found[row.pk] = Reason(REFUSED, refused[row.target_path])
            elif _changes_money(row):
                found[row.pk] = Reason(
                    MONEY, f"{row.target_path} is optional and changes what a document is worth."
                )
    return found


def _refused(mapping: Mapping, rows: list[MappingRow]) -> dict[str, str]:
    """What the compiler says against these rows beside those already approved, by target path."""
    snapshot = latest_snapshot(mapping.connection)
    if snapshot is None:
        return {}
    approved = mapping.rows.filter(state="approved").defer("candidates")
    texts = [text for row in (*approved, *rows) if (text := said(row)) is not None]
    tree, unread = read(put_together(from_store(mapping.frame), from_store(mapping.blocks), texts))
    source, target = sides(mapping, snapshot)
    _draft, refusals = examine(tree, source, target, catalog_of(mapping))
    found: dict[str, str] = {}
    for refusal in (*unread, *refusals):
        if refusal.target:
            found.setdefault(refusal.target, refusal.sentence)
    return found


def _changes_money(row: MappingRow) -> bool:
    if row.required or row.method == SHIPPED:
        return False
    words = {*tokens(row.target_path), *tokens(row.target_label)}
    return counts(words, row.target_type)


def sentence_of(reasons: Iterable[Reason]) -> str:
    """How many were left to people and why; empty where none was."""
    counts = Counter(one.kind for one in reasons)
    parts = []
    if n := counts[RETURNED]:
        parts.append(f"{n} {'was' if n == 1 else 'were'} sent back")
    if n := counts[REFUSED]:
        parts.append(f"{n} could not be published as {'it stands' if n == 1 else 'they stand'}")
    if n := counts[MONEY]:
        parts.append(f"{n} {'is' if n == 1 else 'are'} optional and would change amounts")
    if not parts:
        return ""
    total = sum(counts.values())
    return f"{total} sure {'one wants' if total == 1 else 'ones want'} a look: {', '.join(parts)}."
