"""Reading a request body by the catalogue: what is unknown, too long, of a wrong type, or noise.

Real clients send noise (``""`` for "nothing", zeros, read-only members, numbers as text); the service
takes it. ``""`` clears a text, and is ignored in dates, numbers, enumerations and references, except
that ``{"value": ""}`` alone clears a reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from connectors.qbo.catalogue import Fact, catalogue, expand
from connectors.qbo.emulator.refusals import (
    Complaint,
    RefusedError,
    bad_value,
    missing,
    too_long,
    unsupported_property,
)

CLEAR = object()
"""Stands for a field that the client wants emptied."""

_NOISE = frozenset({"MetaData", "domain", "sparse", "time", "status", "LineEx", "NameAndId"})
_SPACED = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(slots=True)
class _Node:
    fact: Fact | None = None
    children: dict[str, _Node] = field(default_factory=dict)


@cache
def tree(entity: str) -> _Node:
    """The catalogue's paths as a tree; arrays are plain names here."""
    root = _Node()
    facts = catalogue()[entity]
    for stated in facts.fields:
        for fact in expand(stated):
            node = root
            for step in fact.path.replace("[]", "").split("."):
                node = node.children.setdefault(step, _Node())
            node.fact = fact
    for name in facts.also:
        root.children.setdefault(name.replace("[]", ""), _Node())
    return root


def read_body(entity: str, body: Any, *, creating: bool) -> dict[str, Any]:
    """The body cleaned: typed values, noise gone, ``CLEAR`` for what shall be emptied.

    Raises:
        RefusedError: all complaints about names, types, lengths and missing members together.
    """
    if not isinstance(body, dict):
        raise RefusedError(unsupported_property(""))
    complaints: list[Complaint] = []
    clean = _object(tree(entity), body, "", complaints)
    if creating:
        clean = {k: v for k, v in clean.items() if v is not CLEAR}
        for fact in catalogue()[entity].fields:
            name = fact.path.replace("[]", "")
            if fact.required and "." not in name and clean.get(name) in (None, [], {}):
                complaints.append(missing(name))
    if complaints:
        raise RefusedError(*complaints)
    return clean


def _object(
    node: _Node, body: dict[str, Any], path: str, complaints: list[Complaint]
) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for name, value in body.items():
        if name in _NOISE and name not in node.children:
            continue
        child = node.children.get(name)
        if child is None:
            if not _is_noise(value):
                complaints.append(unsupported_property(name))
            continue
        where = f"{path}.{name}" if path else name
        if child.fact is not None and child.fact.read_only and where not in ("Id", "SyncToken"):
            continue
        read = _value(child, value, where, complaints)
        if read is not None:
            clean[name] = read
    return clean


def _is_noise(value: Any) -> bool:
    return value in ("", None, 0, [], {}) or value is False


def _value(node: _Node, value: Any, where: str, complaints: list[Complaint]) -> Any:
    if value is None:
        return None
    fact = node.fact
    if fact is None:  # only the XSD knows it: kept as it is
        return None if _is_noise(value) else value
    if isinstance(value, list) or fact.type == "a":
        return _array(node, value, where, complaints)
    if fact.type in "orA":
        return _nested(node, value, where, complaints)
    if isinstance(value, dict):
        complaints.append(unsupported_property(where))
        return None
    return _scalar(fact, value, where, complaints)


def _array(node: _Node, value: Any, where: str, complaints: list[Complaint]) -> Any:
    if not isinstance(value, list):
        complaints.append(unsupported_property(where))
        return None
    return [
        _without_clears(_object(node, one, where, complaints)) if isinstance(one, dict) else one
        for one in value
    ]


def _nested(node: _Node, value: Any, where: str, complaints: list[Complaint]) -> Any:
    fact = node.fact
    reference = fact is not None and fact.type == "r"
    if value == "":
        return None
    if not isinstance(value, dict):
        complaints.append(unsupported_property(where))
        return None
    if reference:
        if value.get("value") in ("", None):
            return CLEAR if list(value) == ["value"] else None
        kept = {"value": str(value["value"])}
        return kept | ({"type": value["type"]} if value.get("type") else {})
    if not value:
        return CLEAR if "." not in where else {}
    return _without_clears(_object(node, value, where, complaints))


def _without_clears(values: dict[str, Any]) -> dict[str, Any]:
    """Below the top nothing can be cleared: nested members are replaced as a whole."""
    return {k: v for k, v in values.items() if v is not CLEAR}


def _scalar(fact: Fact, value: Any, where: str, complaints: list[Complaint]) -> Any:
    leaf = where.rpartition(".")[2]
    if value == "" and fact.type in "dibDTe":
        return None
    if fact.type == "s":
        return _text(fact, value, leaf, complaints)
    if fact.type in "di":
        return _number(fact, value, leaf, complaints)
    if fact.type == "b":
        return _boolean(value, leaf, complaints)
    if fact.type in "DT":
        return _day(fact, str(value), leaf, complaints)
    if fact.enum and str(value) not in fact.enum:
        complaints.append(bad_value("2170", leaf, value))
        return None
    return str(value)


def _text(fact: Fact, value: Any, leaf: str, complaints: list[Complaint]) -> Any:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text == "":
        return CLEAR
    if fact.length and len(text) > fact.length:
        complaints.append(too_long(leaf, fact.length, len(text)))
    return text


def _number(fact: Fact, value: Any, leaf: str, complaints: list[Complaint]) -> Any:
    try:
        number = Decimal("NaN") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number.adjusted() >= 15:
        complaints.append(bad_value("2080", leaf, value))
        return None
    return int(number) if fact.type == "i" else number


def _boolean(value: Any, leaf: str, complaints: list[Complaint]) -> Any:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    complaints.append(bad_value("2230", leaf, value))
    return None


def _day(fact: Fact, text: str, leaf: str, complaints: list[Complaint]) -> Any:
    if fact.type == "T":
        return text
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        complaints.append(bad_value("2070", leaf, text))
        return None


def spaced(name: str) -> str:
    """``JournalEntry`` as ``Journal Entry``."""
    return _SPACED.sub(" ", name)
