"""What stands at the target today: twins of what would be created, and the records that would change."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.registry import capabilities
from studio.catalog.actions import every
from studio.catalog.wiring import PATIENCE_APART, opened
from studio.flows.amounts import amount_at
from studio.flows.models import Delivery, Flow
from studio.flows.places import first
from studio.linking.models import Party


@dataclass(frozen=True, slots=True)
class Twin:
    """A document at the target that carries the reference of one we would create."""

    key: str
    number: str
    gross: str

    def plain(self) -> dict[str, str]:
        """For a JSON column."""
        return {"key": self.key, "number": self.number, "gross": self.gross}


@dataclass(slots=True)
class TargetNow:
    """One live look at the target, made before anything is planned.

    Attributes:
        twins: (entity, reference) -> a document there that is not ours.
        ours: (entity, key) -> the record there now, where we posted it.
        names: (step, label) -> party or item there of that name.
        accounts: entity -> key -> account of a record that lines refer to.
    """

    twins: dict[tuple[str, str], Twin] = field(default_factory=dict)
    ours: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    names: dict[tuple[str, str], Twin] = field(default_factory=dict)
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)


def look(flow: Flow, design: dict[str, Any]) -> TargetNow:
    """Read the entities a design writes to, each once, page by page.

    Raises:
        StudioError: the target cannot be read; nothing can be said about twins then.
    """
    found = TargetNow()
    posted = Delivery.objects.filter(connection=flow.target, state="done").exclude(target_key="")
    known = set(posted.values_list("entity", "target_key"))
    entities: dict[str, dict[str, Any]] = design.get("entities", {})
    with opened(flow.target, patience=PATIENCE_APART) as target:
        for entity, plan in entities.items():
            for record in every(target, entity):
                data = dict(record.data)
                if (entity, record.key) in known:
                    found.ours[(entity, record.key)] = data
                    continue
                reference = str(first(data, plan.get("reference", "")) or "")
                if record.deleted or not reference:
                    continue
                gross = amount_at(data, plan["gross"]) if plan.get("gross") else None
                said = "" if gross is None else str(gross)
                found.twins[(entity, reference)] = Twin(record.key, reference, said)
        for entity, field_ in _account_fields(entities).items():
            refer = capabilities(flow.target.system).refer.get(entity, "")
            found.accounts[entity] = {
                str(r.data.get(refer) or r.key): str(first(dict(r.data), field_) or "")
                for r in every(target, entity)
            }
    for party in Party.objects.filter(connection=flow.target):
        found.names[(f"create_{party.kind}", party.label.casefold())] = Twin(
            party.key, party.label, ""
        )
    return found


def _account_fields(entities: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Entity -> path of the account on it, for lines that carry an item instead of an account."""
    found: dict[str, str] = {}
    for plan in entities.values():
        of = plan.get("lines", {}).get("account_of")
        if of:
            found[of["entity"]] = of["account"]
    return found


def decimal(value: Any) -> Decimal:
    """An amount as text or number; nothing is zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)
