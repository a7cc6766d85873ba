"""Records of both sides as canonical rows: what there is to match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from studio.accounts.roles import MATCH
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.linking.models import Party

_BATCH = 500
# So few are looked up by their keys; of more, all of the kind are read.
_FEW = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A record as one system holds it, in canonical form (``party`` or ``item``).

    Attributes:
        key: key in that system.
        data: the canonical document.
        version: changes with the content; empty means: compare the content.
        money: what flows through it, for the order of questions.
    """

    key: str
    data: Mapping[str, Any]
    version: str = ""
    money: Decimal = Decimal(0)


def load_parties(actor: Actor, connection: Connection, kind: str, records: Iterable[Held]) -> int:
    """Store or refresh the records of one kind; returns how many changed.

    A record that is not among ``records`` stays as it was: an incremental read brings few.
    """
    with acting(actor, MATCH, "linking.loaded", f"connection:{connection.uuid}") as line:
        rows, stored = list(records), Party.objects.filter(connection=connection, kind=kind)
        if len(rows) <= _FEW:
            stored = stored.filter(key__in=[held.key for held in rows])
        known = {p.key: p for p in stored}
        fresh: dict[str, Party] = {}
        changed: dict[str, Party] = {}
        for held in rows:
            party = known.get(held.key) or fresh.get(held.key)
            data = plain(held.data)
            if party is None:
                party = fresh[held.key] = Party(connection=connection, kind=kind, key=held.key)
            elif party.data == data and party.money == held.money:
                continue
            elif party.pk:
                changed[held.key] = party
            _fill(party, held, data)
        Party.objects.bulk_create(fresh.values(), batch_size=_BATCH)
        Party.objects.bulk_update(
            changed.values(),
            ["code", "label", "data", "version", "active", "money", "updated_at"],
            batch_size=_BATCH,
        )
        line.data = {"kind": kind, "new": len(fresh), "changed": len(changed)}
    return len(fresh) + len(changed)


def mark_active(parties: QuerySet[Party]) -> None:
    """They are in use again at their own system: on their rows, and in what is made of them."""
    for party in parties:
        party.active, party.data = True, {**party.data, "active": True}
        party.save(update_fields=["active", "data", "updated_at"])


def _fill(party: Party, held: Held, data: dict[str, Any]) -> None:
    party.code = str(data.get("code") or "")[:120]
    party.label = str(data.get("name") or data.get("description") or party.code)[:200]
    party.data = data
    party.version = held.version[:80]
    party.active = data.get("active") is not False
    party.money = held.money
    party.updated_at = timezone.now()


def plain(value: Any) -> Any:
    """The same as JSON keeps it: exact numbers and dates as text, empty values left out."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items() if v not in (None, "", {}, [])}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
