"""Between the service's JSON and typed records, by the catalogue.

Inbound: amounts become ``Decimal``, ids text, times stay ISO text; names the catalogue does not know
are kept as they came. A value of a wrong type raises ``SurpriseAnswer`` naming field and expectation.
Custom fields of a transaction appear twice: as the service's ``CustomField[]`` and flat under
``Custom`` by definition id (``Custom.1``), which is what mappings read and write.

Outbound: empty members are left out, ``Custom`` becomes ``CustomField[]``, read-only members are
dropped, ``DetailType`` is filled where the detail object says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast

from connectors.qbo.catalogue import Fact, catalogue
from connectors.qbo.facts import SYSTEM
from engine.errors import SurpriseAnswer
from engine.schema.model import JsonValue, Record

CUSTOM = "Custom"
_KEPT = frozenset({"Id", "SyncToken"})
_DETAILS = (
    "SalesItemLineDetail",
    "GroupLineDetail",
    "DiscountLineDetail",
    "AccountBasedExpenseLineDetail",
    "ItemBasedExpenseLineDetail",
    "JournalEntryLineDetail",
    "DepositLineDetail",
    "ItemAdjustmentLineDetail",
)


@cache
def _arrays(entity: str) -> frozenset[str]:
    return frozenset(f.path for f in catalogue()[entity].fields if f.path.endswith("[]"))


def inbound(entity: str, raw: Mapping[str, Any]) -> Record:
    """A typed record from the service's JSON.

    Raises:
        SurpriseAnswer: a documented field has another type.
    """
    record = cast("Record", _typed(entity, "", raw))
    custom = _flat_custom(record.get("CustomField"))
    if custom:
        record[CUSTOM] = custom
    return record


def _flat_custom(fields: JsonValue | None) -> dict[str, JsonValue]:
    flat: dict[str, JsonValue] = {}
    for one in fields if isinstance(fields, list) else ():
        if isinstance(one, dict) and one.get("DefinitionId"):
            value = next((one[n] for n in one if n.endswith("Value")), None)
            if value is not None:
                flat[str(one["DefinitionId"])] = value
    return flat


def _typed(entity: str, path: str, value: Any) -> JsonValue:
    fact = catalogue()[entity].fact(path) if path else None
    if isinstance(value, Mapping):
        _expect(fact, "orA", entity, path, "a single value")
        return {
            str(k): _typed(entity, f"{path}.{k}" if path else str(k), v)
            for k, v in value.items()
            if v is not None
        }
    if isinstance(value, list):
        inside = f"{path}[]"
        if fact is not None and fact.type != "a" and inside not in _arrays(entity):
            raise _surprise(entity, path, "a single value")
        return [_typed(entity, inside, v) if isinstance(v, Mapping) else v for v in value]
    return _scalar(fact, value, entity, path)


def _scalar(fact: Fact | None, value: Any, entity: str, path: str) -> JsonValue:
    if fact is None or value is None:
        return cast("JsonValue", value)
    if fact.type in "oArA" and value != "":
        raise _surprise(entity, path, "an object")
    if fact.type == "d":
        return _decimal(value, entity, path)
    if fact.type == "b" and not isinstance(value, bool):
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
        raise _surprise(entity, path, "true or false")
    if fact.type == "i":
        return int(_decimal(value, entity, path))
    if fact.type in "seDT" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return cast("JsonValue", value)


def _decimal(value: Any, entity: str, path: str) -> Decimal:
    try:
        if isinstance(value, bool):
            raise _surprise(entity, path, "a number")
        number = Decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        raise _surprise(entity, path, "a number") from None
    if not number.is_finite():
        raise _surprise(entity, path, "a number")
    return number


def _expect(fact: Fact | None, types: str, entity: str, path: str, expected: str) -> None:
    # Array members arrive with the array's own fact ("a").
    if fact is not None and fact.type not in types + "a":
        raise _surprise(entity, path, expected)


def _surprise(entity: str, path: str, expected: str) -> SurpriseAnswer:
    return SurpriseAnswer(system=SYSTEM, call=f"read {entity}", field=path, expected=expected)


def outbound(entity: str, record: Record) -> dict[str, Any]:
    """A request body from a record in the service's field names."""
    body = cast(
        "dict[str, Any]", _bare(entity, "", {k: v for k, v in record.items() if k != CUSTOM})
    )
    custom = record.get(CUSTOM)
    if isinstance(custom, dict):
        fields = [
            {"DefinitionId": number, "StringValue": str(value)}
            for number, value in custom.items()
            if value not in (None, "")
        ]
        if fields:
            body["CustomField"] = fields
    return body


def _bare(entity: str, path: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {}
        for name, inner in value.items():
            where = f"{path}.{name}" if path else str(name)
            fact = catalogue()[entity].fact(where)
            if inner is None or (fact is not None and fact.read_only and where not in _KEPT):
                continue
            bare = _bare(entity, where, inner)
            if bare not in ({}, None) or inner == {}:
                kept[str(name)] = bare
        return _with_detail_type(kept)
    if isinstance(value, list):
        return [_bare(entity, f"{path}[]", v) if isinstance(v, Mapping) else v for v in value]
    return value


def _with_detail_type(line: dict[str, Any]) -> dict[str, Any]:
    if "DetailType" not in line:
        found = next((d for d in _DETAILS if d in line), None)
        if found is not None:
            return {**line, "DetailType": found}
    return line
