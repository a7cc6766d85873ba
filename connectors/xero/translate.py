"""Between Xero's JSON and the records of ``engine.schema.model``: both date forms, exact numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.xero import catalogue
from connectors.xero.dates import to_date, to_datetime
from engine.errors import SurpriseAnswer
from engine.ports import SourceRecord
from engine.schema.model import FieldType, JsonValue, Record

_MARKS = {"ValidationErrors", "Warnings", "HasAttachments"}
_GONE = {"DELETED", "VOIDED"}
_NUMBERS = {
    "Invoice": "InvoiceNumber",
    "CreditNote": "CreditNoteNumber",
    "PurchaseOrder": "PurchaseOrderNumber",
    "Quote": "QuoteNumber",
    "Contact": "Name",
    "Item": "Code",
    "Account": "Code",
    "Journal": "JournalNumber",
    "TaxRate": "Name",
    "Payment": "Reference",
    "BankTransaction": "Reference",
}


def number_of(entity: str, record: Mapping[str, Any]) -> str:
    """The number or name by which people know the record; may be empty."""
    return str(record.get(_NUMBERS.get(entity, ""), "") or "")


def _surprise(entity: str, path: str, expected: str) -> SurpriseAnswer:
    return SurpriseAnswer(
        system="xero", call=f"read {entity}", field=f"{entity}.{path}", expected=expected
    )


def _leaf(entity: str, path: str, value: Any, kind: FieldType) -> JsonValue:
    try:
        if kind is FieldType.DATE:
            return to_date(str(value)).isoformat() if value else None
        if kind is FieldType.DATETIME:
            return _moment(to_datetime(str(value))) if value else None
        if kind is FieldType.DECIMAL:
            return _decimal(value)
    except (ValueError, InvalidOperation) as error:
        raise _surprise(entity, path, f"a {kind.value}") from error
    if kind is FieldType.BOOLEAN and not isinstance(value, bool):
        raise _surprise(entity, path, "true or false")
    if isinstance(value, str | bool | int | Decimal):
        return value
    raise _surprise(entity, path, f"a {kind.value}")


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise InvalidOperation
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidOperation
    return number


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _value(entity: str, path: str, value: Any, types: Mapping[str, FieldType]) -> JsonValue:
    if value is None:
        return None
    if isinstance(value, dict):
        if path in types:
            raise _surprise(entity, path, f"a {types[path].value}")
        return {k: _value(entity, f"{path}.{k}", v, types) for k, v in value.items()}
    if isinstance(value, list):
        return [_value(entity, f"{path}[]", v, types) for v in value]
    return _leaf(entity, path, value, types.get(path, FieldType.STRING))


def record(entity: str, raw: Mapping[str, Any]) -> Record:
    """A record typed as the catalogue says; fields unknown to it are kept as they are.

    Raises:
        SurpriseAnswer: a field is not of its documented type.
    """
    types = catalogue.field_types().get(entity, {})
    return {name: _value(entity, name, value, types) for name, value in raw.items()}


def version_of(raw: Mapping[str, Any]) -> str:
    """What changes whenever the content changes: the vendor's time stamp, else a hash."""
    stamp = raw.get("UpdatedDateUTC")
    if stamp:
        return str(stamp)
    text = json.dumps(raw, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def source_record(entity: str, raw: Mapping[str, Any]) -> SourceRecord:
    """A ``SourceRecord`` from one element of an answer.

    Raises:
        SurpriseAnswer: the key is missing or a field is not of its documented type.
    """
    resource = catalogue.resources()[entity]
    key = raw.get(resource.key)
    if not isinstance(key, str) or not key:
        raise _surprise(entity, resource.key, "a key")
    data = record(entity, raw)
    stamp = data.get("UpdatedDateUTC") or data.get("CreatedDateUTC")
    return SourceRecord(
        entity=entity,
        key=key,
        version=version_of(data),
        data=data,
        changed_at=_when(stamp),
        deleted=str(raw.get("Status", "")) in _GONE,
    )


def _when(stamp: JsonValue) -> datetime | None:
    try:
        return to_datetime(stamp) if isinstance(stamp, str) and stamp else None
    except ValueError:
        return None


def body(data: Record) -> dict[str, Any]:
    """A record as a request body: nulls and empty lists of the reader left out."""
    return {name: _clean(value) for name, value in data.items() if value is not None}


def _clean(value: JsonValue) -> Any:
    if isinstance(value, dict):
        return {k: _clean(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_clean(v) for v in value if v is not None]
    return value


def sendable(value: JsonValue) -> Any:
    """A value read from Xero as it may be sent back: marks of validation left out."""
    if isinstance(value, dict):
        return {k: sendable(v) for k, v in value.items() if k not in _MARKS and v is not None}
    if isinstance(value, list):
        return [sendable(v) for v in value]
    return value
