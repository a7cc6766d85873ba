"""What the transaction documents have in common: values of a draft, options, finding what was posted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.syspro import translate
from connectors.syspro.facts import tables
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.xml import write
from engine.errors import OutcomeUnknown, ValueRefused
from engine.schema.model import JsonValue, Record


def text(data: Record, name: str, otherwise: str = "") -> str:
    """A value of the draft as text, or another one where it is blank."""
    return translate.shown(data.get(name)) or otherwise


def need(data: Record, name: str, call: str) -> str:
    """A value that the object cannot do without.

    Raises:
        ValueRefused: it is blank.
    """
    found = text(data, name)
    if not found:
        raise ValueRefused(system="syspro", call=call, field=name, detail="A value is needed.")
    return found


def amount(value: JsonValue) -> Decimal:
    """A number of the draft; zero where there is none."""
    return value if isinstance(value, Decimal) else Decimal(translate.shown(value) or "0")


def filled(values: dict[str, Any]) -> dict[str, Any]:
    """The elements that say something; SYSPRO reads a blank one as a wish to blank the field."""
    return {k: v for k, v in values.items() if v not in ("", None, [])}


def parameters(root: str, **options: str) -> str:
    """The parameters document: the current period, no warning ignored, all or nothing."""
    usual = {"PostingPeriod": "C", "IgnoreWarnings": "N", "ApplyIfEntireDocumentValid": "Y"}
    return write(root, {"Parameters": {**usual, "ValidateOnly": "N", **options}})


def allocations(data: Record) -> list[Record]:
    """The documents a payment settles; a draft that names one itself is its own allocation."""
    listed = data.get("Allocations")
    if isinstance(listed, list) and listed:
        return [a for a in listed if isinstance(a, dict)]
    return [data] if data.get("Invoice") else []


def cash(allocation: Record) -> Decimal:
    """Money of the payment that goes to a document: a discount is settled and not paid."""
    discount = abs(amount(allocation.get("DiscValue")))
    return amount(allocation.get("TrnValue")) - discount


def posted_key(rows: Rows, table: str, column: str, wanted: tuple[str, str], call: str) -> str:
    """The key of the first row that carries a reference and belongs to a party.

    Args:
        rows: the company.
        table: the posting's table, whose first key is the party.
        column: where the reference stands.
        wanted: reference and code of the party.
        call: for messages.

    Raises:
        OutcomeUnknown: posted without an error, and not found.
    """
    reference, party = wanted
    first = tables()[table].columns[0]
    found = rows.find(table, [Test(column, "EQ", reference)], limit=50)
    shown = rows.rules.show(first, table, party)
    mine = [r for r in found if translate.shown(r.get(first.name)) in (party, shown)]
    if not mine:
        raise OutcomeUnknown(
            system="syspro", call=call, detail=f"No posting carries the reference {reference}."
        )
    return translate.key_of(tables()[table], mine[0])
