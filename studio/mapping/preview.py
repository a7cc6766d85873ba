"""What rows make of a real record: shown beside each row while it is reviewed."""

from __future__ import annotations

import datetime as dt
from collections import abc
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.mapping import Context, Result, read
from engine.mapping.careful import run_careful
from engine.mapping.check import examine
from engine.mapping.plan import plan
from engine.schema.model import Record
from studio.catalog.models import Connection, Sample
from studio.mapping.assemble import RowText, put_together
from studio.mapping.catalog import catalog_of
from studio.mapping.examples import Example
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.schemas import latest_snapshot, sides
from studio.mapping.stored import from_store
from studio.mapping.versions import lookups_for

MISSING = "missing_reference"
# Kind of record -> code at the source -> key at the target.
Links = abc.Mapping[str, abc.Mapping[str, str]]


LinksBetween = Callable[[Connection, Connection], Links]
_LINKS: list[LinksBetween] = []


def register_links(teller: LinksBetween) -> None:
    """Add who knows which records of two companies are the same; called from ``AppConfig.ready`` of its app."""
    _LINKS.append(teller)


def _links_between(source: Connection, target: Connection) -> Links:
    return next((teller(source, target) for teller in _LINKS), {})


@dataclass(frozen=True, slots=True)
class Shown:
    """The result of one row on the sample: value and what it read, or why there is none."""

    value: str = ""
    read: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    fault: str = ""


@dataclass(slots=True)
class Preview:
    """Results by target path, and which record they come from."""

    label: str = ""
    by_path: dict[str, Shown] = field(default_factory=dict)
    record: Record = field(default_factory=dict)

    def of(self, path: str) -> Shown:
        """The result of one row; the first line's where the row stands in a loop."""
        return self.by_path.get(path.replace("[]", "[0]"), Shown())


def said(row: MappingRow) -> RowText | None:
    """What the row would say: the expression in force, else its best candidate."""
    if row.state in ("do_not_map", "rejected"):
        return None
    if row.state == "approved":
        return RowText(
            row.block,
            row.target_path,
            row.alternative,
            row.expression,
            row.condition,
            row.confirm_lossy,
        )
    if not row.candidates:
        return None
    best = max(row.candidates, key=lambda c: float(c["confidence"]))
    return RowText(
        row.block,
        row.target_path,
        row.alternative,
        best["expression"],
        best.get("condition", ""),
        bool(best.get("confirm_lossy")),
    )


def preview(
    mapping: Mapping, rows: Iterable[MappingRow], example: Example | None = None
) -> Preview:
    """Run what the rows say on a real record of the source side; empty where there is none.

    Args:
        mapping: whose rows they are.
        rows: what is run.
        example: the record of the case that led here, in place of a sample.
    """
    label, record = (
        (example.case.record_label, example.record) if example else source_record(mapping)
    )
    if not record:
        return Preview()
    return Preview(label, *run(mapping, rows, record))


def run(
    mapping: Mapping, rows: Iterable[MappingRow], record: Record
) -> tuple[dict[str, Shown], Record]:
    """Values and faults by concrete target path, and the record made."""
    result = result_of(mapping, rows, record)
    if result is None:
        return {}, {}
    found = {
        t.target: Shown(_text(t.value), tuple((r.path, _text(r.value)) for r in t.reads), t.steps)
        for t in result.trace or ()
    }
    for issue in result.issues:
        found.setdefault(issue.path, Shown(fault=issue.sentence))
    return found, result.record


def result_of(mapping: Mapping, rows: Iterable[MappingRow], record: Record) -> Result | None:
    """What the rows make of a record, with everything they used; None where the schema is not known."""
    snapshot = latest_snapshot(mapping.connection)
    if snapshot is None:
        return None
    texts = [text for row in rows if (text := said(row)) is not None]
    tree, _ = read(put_together(from_store(mapping.frame), from_store(mapping.blocks), texts))
    source, target = sides(mapping, snapshot)
    draft, _ = examine(tree, source, target, catalog_of(mapping))
    if draft is None:
        return None
    first_hop = _first_hop(mapping)
    context = Context(
        lookups=lookups_for(mapping.connection),
        links=_links_between(first_hop.connection, mapping.connection) if first_hop else {},
        today=dt.datetime.now(dt.UTC).date().isoformat(),
    )
    return run_careful(plan(draft.mapping, draft.target), record, context, trace=True)


def source_record(mapping: Mapping) -> tuple[str, Record]:
    """A real record of the mapping's source side; for outbound, the first hop made from one."""
    return next(iter(source_records(mapping, 1)), ("", {}))


def source_records(mapping: Mapping, most: int) -> list[tuple[str, Record]]:
    """Some real records of the mapping's source side, each with what it is called."""
    if mapping.direction == "inbound":
        samples = Sample.objects.filter(connection=mapping.connection, entity=mapping.entity)
        return [(f"{s.entity} {s.key}", dict(s.data)) for s in samples.order_by("id")[:most]]
    first_hop = _first_hop(mapping)
    if first_hop is None:
        return []
    rows = list(first_hop.rows.exclude(candidates=[], state="open"))
    return [
        (label, run(first_hop, rows, record)[1])
        for label, record in source_records(first_hop, most)
    ]


def _first_hop(mapping: Mapping) -> Mapping | None:
    """The mapping that makes what an outbound one sends."""
    if mapping.direction == "inbound":
        return None
    feeding = Mapping.objects.filter(
        connection__in=mapping.fed_by.all(), direction="inbound", document=mapping.document
    )
    return feeding.select_related("connection").order_by("id").first()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)[:120]
