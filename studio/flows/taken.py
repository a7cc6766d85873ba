"""What the target put into the lines of a posting by itself, from the items that they name.

An income account is seldom sent: it stands with the item. Who linked the item is who answers for the account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from connectors.http.jsontext import load
from connectors.registry import capabilities
from studio.catalog.models import Code
from studio.flows.evidence import flat
from studio.flows.models import Delivery


@dataclass(frozen=True, slots=True)
class Taken:
    """One value of a line that was not sent: where it stands, and where the line names the item."""

    field: str
    item: str
    value: Any
    label: str


def taken_from_items(delivery: Delivery) -> list[Taken]:
    """Accounts and tax codes of the lines that the target took from their items, by its own answer."""
    plans = capabilities(delivery.connection.system).from_item
    if not plans or not delivery.receipt:
        return []
    kept = dict(flat(load(delivery.receipt)))
    sent = delivery.trace
    found = [
        (plan.kind, one) for plan in plans for one in _of_lines(plan.field, plan.item, kept, sent)
    ]
    if not found:
        return []
    names = _names(delivery, {(kind, str(value)) for kind, (_, _, value) in found})
    return [
        Taken(field, item, value, names.get((kind, str(value)), ""))
        for kind, (field, item, value) in found
    ]


def _of_lines(
    field: str, item: str, kept: Mapping[str, Any], sent: Mapping[str, Any]
) -> Iterator[tuple[str, str, Any]]:
    """Field, item and value of each line that has the value, and that was sent with this item but without it."""
    for place, value in kept.items():
        if re.sub(r"\[\d+\]", "[]", place) != field or place in sent:
            continue
        of_item = item
        for number in re.findall(r"\[\d+\]", place):
            of_item = of_item.replace("[]", number, 1)
        # A line that the target added, or put elsewhere, tells nothing of the one that was sent there.
        if of_item in sent and str(sent[of_item]["value"]) == str(kept.get(of_item)):
            yield place, of_item, value


def _names(delivery: Delivery, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(kind, key or code) -> what the target calls it."""
    values, kinds = {value for _, value in wanted}, {kind for kind, _ in wanted}
    rows = Code.objects.filter(
        Q(key__in=values) | Q(code__in=values), connection=delivery.connection, kind__in=kinds
    )
    found: dict[tuple[str, str], str] = {}
    for kind, key, code, label in rows.values_list("kind", "key", "code", "label"):
        found.setdefault((kind, code), label)
        found[kind, key] = label
    return found
