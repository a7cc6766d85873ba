"""What QuickBooks leaves unsaid when it refuses a document, found out by reading.

- 2500 in its second form says that *something* is inactive, not what.
- 6140 for a supplier's document compares the number with every supplier's; two suppliers may well use
  the same one (qbo.md 16), and ``include=allowduplicatedocnum`` is how QuickBooks is told so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.qbo.catalogue import catalogue
from connectors.qbo.client import Json, QboClient
from connectors.qbo.facts import SYSTEM
from engine.errors import DuplicateAtTarget, RecordMissing, ReferenceUnknown

SUPPLIERS_NUMBERS = frozenset({"Bill", "VendorCredit"})
"""Documents whose number somebody else gave."""

_KINDS = {"Customer": "customer", "Vendor": "supplier", "Item": "item", "Account": "account"}
# Documents name a currency by its code, by which it cannot be read; it does not go inactive alone.
_BY_CODE = frozenset({"CompanyCurrency"})
# Reading costs a call each; a document of a hundred lines is not worth a hundred.
_MOST = 12


def references(entity: str, body: Json) -> Iterator[tuple[str, str]]:
    """Entity and key of every record a document refers to by its id, in the order of the document.

    Currencies and, in the US, the tax codes TAX and NON are named by their code: nobody can have made those
    inactive, and reading ``companycurrency/USD`` finds nothing.

    Args:
        entity: of the document.
        body: as it is sent.
    """
    facts = catalogue()[entity]

    def walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
        if isinstance(value, list):
            for one in value:
                yield from walk(one, f"{path}[]")
        elif isinstance(value, dict):
            fact = facts.fact(path) if path else None
            key = str(value.get("value") or "")
            if fact is not None and fact.references and key.isdigit():
                yield fact.references, key
            for name, inner in value.items():
                yield from walk(inner, f"{path}.{name}" if path else name)

    yield from walk(body, "")


def named(
    client: QboClient, entity: str, body: Json, refusal: ReferenceUnknown
) -> ReferenceUnknown:
    """The same refusal with the record named that may not be used; itself where none is found.

    Raises:
        RemoteFault: QuickBooks cannot be read now.
    """
    seen = dict.fromkeys(references(entity, body))
    for of, key in list(seen)[:_MOST]:
        if of in _BY_CODE or of not in catalogue() or not catalogue()[of].can("R"):
            continue
        try:
            held = client.get(of, key)
        except RecordMissing:
            return _about(refusal, of, key, "")
        if held.get("Active") is False:
            name = str(
                held.get("DisplayName") or held.get("FullyQualifiedName") or held.get("Name")
            )
            return _about(refusal, of, key, name)
    return refusal


def _about(refusal: ReferenceUnknown, of: str, key: str, name: str) -> ReferenceUnknown:
    detail = "It is inactive there: make it active again, or choose another one." if name else ""
    return ReferenceUnknown(
        system=SYSTEM,
        call=refusal.call,
        trace=refusal.trace,
        kind=_KINDS.get(of, of.lower()),
        value=name or key,
        does="refuses" if name else "does not know",
        of=of,
        key=key,
        detail=detail or refusal.detail,
        vendor_code=refusal.vendor_code,
    )


def is_another_suppliers(
    client: QboClient, entity: str, body: Json, taken: DuplicateAtTarget
) -> bool:
    """Whether the number is taken by a document of another supplier, which is no duplicate.

    Raises:
        RemoteFault: QuickBooks cannot be read now.
    """
    if entity not in SUPPLIERS_NUMBERS or not taken.existing_key:
        return False
    try:
        holder = client.get(entity, taken.existing_key)
    except RecordMissing:
        return False
    return bool(holder.get("VendorRef", {}).get("value") != body.get("VendorRef", {}).get("value"))
