"""What is open with customers and suppliers of either side, for who decides whether two are one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from studio.accounts.models import Workspace
from studio.linking.models import Party
from studio.linking.owed import Owed
from studio.tieout.balances.queries import looks
from studio.tieout.models import PartyBalance

AREA = {"customer": "receivable", "supplier": "payable"}


def owed(workspace: Workspace, kind: str, parties: Sequence[Party]) -> dict[int, Owed]:
    """Party -> what the last look found open with it; parties of companies never looked at are left out.

    A company that was looked at beside several others says the same each time: the first look counts.
    """
    area = AREA.get(kind)
    if area is None or not parties:
        return {}
    read: dict[int, tuple[int, str, datetime]] = {}
    for look in looks(workspace):
        if look.reading and look.reading.read_at:
            for end in ("source", "target"):
                place = getattr(look.reading, f"{end}_id")
                read.setdefault(place, (look.reading.pk, end, look.reading.read_at))
    known = [p for p in parties if p.connection_id in read]
    names = {p.pk: _name(p, read[p.connection_id][1]) for p in known}
    sums: dict[tuple[int, str, str], list[tuple[Decimal, str]]] = defaultdict(list)
    rows = PartyBalance.objects.filter(
        Q(source_code__in=names.values()) | Q(target_key__in=names.values()),
        balance__area=area,
        balance__reading__in={reading for reading, *_rest in read.values()},
    ).select_related("balance")
    for row in rows.order_by("balance_id", "id"):
        for end, name in (("source", row.source_code), ("target", row.target_key)):
            amount = getattr(row, f"{end}_open")
            if name and amount:
                sums[row.balance.reading_id, end, name].append((amount, row.balance.currency))
    return {
        p.pk: Owed(at, tuple(sums[reading, end, names[p.pk]]))
        for p in known
        for reading, end, at in [read[p.connection_id]]
    }


def _name(party: Party, end: str) -> str:
    """How a balance calls a party: by its code in the source, by its key in the books."""
    return (party.code or party.key) if end == "source" else party.key
