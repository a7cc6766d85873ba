"""Stored documents as the API shows them: date forms, siblings as text, nothing that is null."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from connectors.xero.catalogue import entities
from connectors.xero.dates import from_date, from_datetime
from engine.schema.model import FieldType

_STRINGED = {
    "Invoice": ("Date", "DueDate"),
    "CreditNote": ("Date", "DueDate"),
    "BankTransaction": ("Date",),
    "PurchaseOrder": ("Date", "DeliveryDate"),
    "Quote": ("Date", "ExpiryDate"),
    "Overpayment": ("Date",),
    "Prepayment": ("Date",),
    "BankTransfer": ("Date",),
}
_UPDATED_TEXT = {"Invoice", "CreditNote", "Payment", "Overpayment", "Prepayment"}
_NO_OFFSET = {"Item"}


@cache
def _dated() -> tuple[frozenset[str], frozenset[str]]:
    days, moments = set(), set()
    for entity in entities():
        for one in entity.fields:
            name = one.path.rsplit(".", 1)[-1]
            if one.type is FieldType.DATE:
                days.add(name)
            elif one.type is FieldType.DATETIME:
                moments.add(name)
    return frozenset(days), frozenset(moments - days)


def _value(name: str, value: Any, *, offset: bool) -> Any:
    if isinstance(value, dict):
        return wire(value, offset=offset)
    if isinstance(value, list):
        return [wire(v, offset=offset) if isinstance(v, dict) else v for v in value]
    if isinstance(value, str) and value:
        days, moments = _dated()
        if name in days:
            return from_date(date.fromisoformat(value[:10]))
        if name in moments:
            return from_datetime(datetime.fromisoformat(value), offset=offset)
    return value


def wire(doc: dict[str, Any], *, offset: bool = True) -> dict[str, Any]:
    """A document with dates in the vendor's form; nulls and internal keys (``_x``) left out."""
    return {
        name: _value(name, value, offset=offset)
        for name, value in doc.items()
        if value is not None and not name.startswith("_")
    }


def shown(entity: str, doc: dict[str, Any]) -> dict[str, Any]:
    """``wire`` plus the sibling texts that some entities carry."""
    made = wire(doc, offset=entity not in _NO_OFFSET)
    for name in _STRINGED.get(entity, ()):
        if doc.get(name):
            made[f"{name}String"] = f"{doc[name][:10]}T00:00:00"
    if entity in _UPDATED_TEXT and doc.get("UpdatedDateUTC"):
        moment = datetime.fromisoformat(doc["UpdatedDateUTC"]).astimezone(UTC)
        made["UpdatedDateUTCString"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return made
