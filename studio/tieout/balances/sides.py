"""What one system says is open, document by document, by the plan of the system."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.ports import Connector, SourceRecord
from engine.runtime.balances import Open
from engine.schema.paths import get
from studio.catalog.actions import every
from studio.flows.places import first

Plan = dict[str, Any]
# Kinds whose open amount is used up by other documents instead of being paid.
GIVES = ("credit_note", "money")
# A document without a number is called by the beginning of its key: GUIDs tell people nothing.
SHORT = 12
# Records between two signs of life of a reader.
ALIVE = 200


@cache
def plans() -> dict[str, dict[str, Any]]:
    """System -> area -> where its documents say what is open; ``cash`` -> where its accounts say what is in them."""
    text = (Path(__file__).parent / "plans.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found


@dataclass(frozen=True, slots=True)
class Held:
    """One document as a system holds it.

    Attributes:
        key: the system's key.
        kind: ``invoice``, ``credit_note``, ``bill`` or ``money`` (paid, not applied to a document).
        called: the kind that links and flows know it by; a bill below zero is a credit note all the same.
        code: what links and payments call it.
        number: what people call it.
        party: key or code of the customer or supplier.
        name: the party's name, where the document says it.
        currency: of the document; empty where it does not say.
        on: its date.
        open: total and what is left, signed.
        record: key of the record that a flow reads for it; empty where there is none.
        receipts: references of the receipts on it.
        entity: the system's entity.
    """

    key: str
    kind: str
    called: str
    code: str
    number: str
    party: str
    name: str
    currency: str
    on: date | None
    open: Open
    record: str
    receipts: tuple[str, ...]
    entity: str


@dataclass(slots=True)
class Side:
    """All documents of one area in one system, by kind and key.

    ``drafts`` are the keys of those that do not count yet.
    """

    documents: dict[tuple[str, str], Held] = field(default_factory=dict)
    drafts: set[str] = field(default_factory=set)


def read_side(
    connector: Connector, system: str, area: str, alive: Callable[[], None] = lambda: None
) -> Side:
    """Read everything of an area; closed documents too, for their counterpart may be open.

    Args:
        connector: of the system.
        system: ``syspro``, ``qbo``, ``xero``.
        area: ``receivable`` or ``payable``.
        alive: called now and then, so that a claim does not run out meanwhile.
    """
    side = Side()
    # Several plans may read one entity: it is asked for once.
    by_entity: dict[str, list[Plan]] = {}
    for plan in plans().get(system, {}).get(area, []):
        by_entity.setdefault(plan["entity"], []).append(plan)
    for entity, fitting in by_entity.items():
        # A poll may bring a record more than once; the newest version counts.
        newest = {r.key: r for r in _each(connector, entity, alive)}
        for record in newest.values():
            if not record.deleted:
                for plan in fitting:
                    _take(side, record, plan)
    return side


def _each(connector: Connector, entity: str, alive: Callable[[], None]) -> Iterator[SourceRecord]:
    for number, record in enumerate(every(connector, entity)):
        if number % ALIVE == 0:
            alive()
        yield record


def _take(side: Side, record: SourceRecord, plan: Plan) -> None:
    data: dict[str, Any] = dict(record.data)
    if _fits(data, plan.get("only")):
        held = _held(record, data, plan)
        side.documents[held.kind, held.key] = held
    elif "drafts" in plan and _fits(data, plan["drafts"]):
        side.drafts.add(record.key)


def _fits(data: dict[str, Any], wanted: Mapping[str, list[str]] | None) -> bool:
    return all(str(first(data, path)) in values for path, values in (wanted or {}).items())


def _held(record: SourceRecord, data: dict[str, Any], plan: Plan) -> Held:
    def text(name: str) -> str:
        value = first(data, plan[name]) if name in plan else None
        return "" if value is None else str(value)

    kind = plan["kind"]
    if isinstance(kind, Mapping):
        kind = kind["words"].get(str(first(data, kind["path"])), "invoice")
    sign = -1 if plan.get("negative") else 1
    total = sign * _number(text("total"))
    said = text("date")
    return Held(
        key=record.key,
        kind="credit_note" if kind == "bill" and total < 0 else kind,
        called=kind,
        code=text("code") or record.key,
        number=text("number") or record.key[:SHORT],
        party=text("party"),
        name=text("name"),
        currency=text("currency"),
        on=date.fromisoformat(said[:10]) if said else None,
        open=Open(total, sign * _number(text("left"))),
        record=text("record") if "record" in plan else record.key,
        receipts=tuple(str(v) for v in get(data, plan["receipts"]) if v)
        if "receipts" in plan
        else (),
        entity=record.entity,
    )


def _number(text: str) -> Decimal:
    return Decimal(text) if text else Decimal(0)
