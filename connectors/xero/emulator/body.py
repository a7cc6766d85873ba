"""Request bodies: any letter case in, the documented names and exact types out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from connectors.emulation.wsgi import Request
from connectors.xero.catalogue import entities
from connectors.xero.dates import to_date, to_datetime
from connectors.xero.emulator.errors import BadBodyError, RefusedError
from engine.schema.model import FieldSchema, FieldType

_GUID = re.compile(
    r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$", re.IGNORECASE
)
_MOST = Decimal(10) ** 15


@dataclass(slots=True)
class Node:
    """What one key may hold: a plain field, an object or a list of objects."""

    name: str = ""
    kind: FieldType = FieldType.OBJECT
    length: int | None = None
    enum: tuple[str, ...] = ()
    many: bool = False
    inner: dict[str, Node] = field(default_factory=dict)


_EXTRA: dict[str, dict[str, FieldType]] = {
    "Allocation": {
        "AllocationID": FieldType.STRING,
        "Amount": FieldType.DECIMAL,
        "Date": FieldType.DATE,
        "Invoice.InvoiceID": FieldType.STRING,
        "Invoice.InvoiceNumber": FieldType.STRING,
    },
    "Option": {
        "TrackingOptionID": FieldType.STRING,
        "Name": FieldType.STRING,
        "Status": FieldType.STRING,
    },
    "BatchPayment": {
        "Account.Code": FieldType.STRING,
        "Account.AccountID": FieldType.STRING,
        "Payments[].Invoice.InvoiceID": FieldType.STRING,
        "Payments[].Invoice.InvoiceNumber": FieldType.STRING,
        "Payments[].Amount": FieldType.DECIMAL,
        "Payments[].Reference": FieldType.STRING,
    },
    "BankTransaction": {
        "BankAccount.Code": FieldType.STRING,
        "BankAccount.AccountID": FieldType.STRING,
    },
    "ManualJournal": {"LineAmountTypes": FieldType.STRING},
}


def _insert(root: Node, path: str, leaf: Node) -> None:
    node = root
    *parents, last = path.split(".")
    for part in parents:
        name = part.replace("[]", "")
        node = node.inner.setdefault(name.lower(), Node(name, many=part.endswith("[]")))
    name = last.replace("[]", "")
    node.inner.setdefault(
        name.lower(), Node(name, leaf.kind, leaf.length, leaf.enum, many=last.endswith("[]"))
    )


def _leaf(one: FieldSchema) -> Node:
    enum = tuple(code for code, _ in one.enum)
    kind = FieldType.STRING if one.type in {FieldType.REFERENCE, FieldType.ENUM} else one.type
    return Node("", kind, one.length, enum)


@cache
def tree(entity: str) -> Node:
    """The shape of an entity's body."""
    root = Node(entity)
    for path, kind in _EXTRA.get(entity, {}).items():
        _insert(root, path, Node("", kind))
    found = next((e for e in entities() if e.name == entity), None)
    for one in found.fields if found else ():
        _insert(root, one.path, _leaf(one))
    return root


def _number(name: str, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise BadBodyError(f"Could not convert {name} to decimal")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise BadBodyError(f"Could not convert string to decimal: {name}") from error
    if not number.is_finite() or abs(number) > _MOST:
        raise BadBodyError(f"{name} is too large or not a number")
    return number


def _truth(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise BadBodyError(f"Could not convert {name} to boolean")


def _text(node: Node, value: Any, faults: list[str]) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadBodyError(f"Unexpected value for {node.name}")
    text = str(value).replace("\x00", "")
    if node.length and len(text) > node.length:
        faults.append(f"The field {node.name} must be {node.length} characters or fewer.")
    if node.enum and text and text not in node.enum:
        same = next((e for e in node.enum if e.casefold() == text.casefold()), None)
        if same is None:
            faults.append(f"'{text[:50]}' is not a valid {node.name}.")
        return same or text
    if text and node.name.endswith("ID") and not _GUID.match(text):
        raise BadBodyError(f"Error converting value '{text[:60]}' to type Guid: {node.name}")
    return text


def _plain(node: Node, value: Any, faults: list[str]) -> Any:
    if node.kind is FieldType.DECIMAL:
        return _number(node.name, value)
    if node.kind is FieldType.INTEGER:
        return int(_number(node.name, value))
    if node.kind is FieldType.BOOLEAN:
        return _truth(node.name, value)
    if node.kind in {FieldType.DATE, FieldType.DATETIME}:
        if not isinstance(value, str):
            raise BadBodyError(f"Could not convert {node.name} to DateTime")
        try:
            if node.kind is FieldType.DATE:
                return to_date(value).isoformat()
            return to_datetime(value).isoformat()
        except ValueError as error:
            raise BadBodyError(f"Could not convert string to DateTime: {node.name}") from error
    return _text(node, value, faults)


def read(node: Node, raw: Any, faults: list[str]) -> Any:
    """One value as the node says; nulls and unknown keys are dropped, faults are collected.

    Raises:
        BadBodyError: a value of the wrong type.
    """
    if node.many:
        if not isinstance(raw, list):
            raise BadBodyError(f"{node.name} must be an array")
        one = Node(node.name, node.kind, node.length, node.enum, inner=node.inner)
        return [read(one, value, faults) for value in raw if value is not None]
    if not node.inner:
        return _plain(node, raw, faults)
    if not isinstance(raw, dict):
        raise BadBodyError(f"{node.name} must be an object")
    made: dict[str, Any] = {}
    for key, value in raw.items():
        child = node.inner.get(str(key).lower())
        if child is not None and value is not None:
            made[child.name] = read(child, value, faults)
    return made


def element(entity: str, raw: Any) -> dict[str, Any]:
    """One typed element of a request.

    Raises:
        BadBodyError: not an object or a value of the wrong type.
        RefusedError: too long texts, unknown enumeration values.
    """
    faults: list[str] = []
    made = read(tree(entity), raw, faults)
    if faults:
        raise RefusedError(*dict.fromkeys(faults), sent=made)
    return dict(made)


def elements(request: Request, list_key: str) -> list[Any]:
    """The raw elements of a body: wrapped list, bare list or one bare object.

    Raises:
        BadBodyError: not JSON, or no object in it.
    """
    try:
        body = request.json()
    except ValueError as error:
        raise BadBodyError(f"JSON for post data was invalid, {error}") from error
    if isinstance(body, dict):
        for key, value in body.items():
            if key.lower() == list_key.lower():
                body = value
                break
    found = body if isinstance(body, list) else [body]
    if not found or not all(isinstance(e, dict) for e in found):
        raise BadBodyError("JSON for post data was invalid: objects expected")
    return found
