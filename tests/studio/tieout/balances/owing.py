"""A small company on in-memory systems whose customers owe: documents open in the ERP and in the books."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from engine.ports import SourceRecord
from studio.flows.models import Flow
from studio.tieout.balances.actions import ask, claim, read
from studio.tieout.models import Balance, Reading


def carry(world: Any) -> None:
    """The flow links the invoices it makes, as the shipped ones do."""
    design = copy.deepcopy(world.flow.design)
    design["entities"]["Invoice"]["link"] = {"kind": "invoice", "code": "number"}
    Flow.objects.filter(pk=world.flow.pk).update(design=design)
    world.version.content = {**world.version.content, "design": design}
    world.version.save()
    world.flow.refresh_from_db()


def in_erp(
    world: Any, number: str, left: str, *, total: str = "", order: str = "", **more: Any
) -> None:
    """An invoice in the ERP; ``order`` is the record that the flow reads for it."""
    data = {
        "Customer": "BAY", "Invoice": number, "DocumentType": "I", "SalesOrder": order,
        "InvoiceBal1": Decimal(left), "CurrencyValue": Decimal(total or left), "PostCurrency": "USD",
        "InvoiceDate": "2026-11-02", "ArInvoicePay": [],
    } | more  # fmt: skip
    record = SourceRecord("ArInvoice", f"BAY|{number}|I", number, data)
    world.source.records.setdefault("ArInvoice", []).append(record)


def in_books(
    world: Any,
    key: str,
    number: str,
    left: str,
    *,
    total: str = "",
    entity: str = "Invoice",
    **more: Any,
) -> None:
    """A document in the books; what was posted under that key before is replaced."""
    data = {
        "DocNumber": number, "CustomerRef": {"value": "58", "name": "Bayside Ltd"},
        "Balance": Decimal(left), "TotalAmt": Decimal(total or left),
        "CurrencyRef": {"value": "USD"}, "TxnDate": "2026-11-02",
    } | more  # fmt: skip
    rows = world.target.records.setdefault(entity, [])
    rows[:] = [r for r in rows if r.key != key]
    rows.append(SourceRecord(entity, key, "9", data))


def looked(world: Any, actor: Any) -> Reading:
    """Both sides read by a worker."""
    (asked,) = ask(actor, world.workspace)
    mine = claim(asked.pk)
    assert mine is not None
    return read(mine)


def receivable(world: Any, actor: Any) -> Balance:
    """The receivables of a fresh reading."""
    return looked(world, actor).balances.get(area="receivable", currency="USD")


def named(balance: Balance) -> dict[str, Decimal]:
    """Name -> sum, and proof that they add up to the difference, for every party too."""
    found = {name: Decimal(amount) for name, amount in balance.named.items()}
    assert sum(found.values(), Decimal(0)) == balance.difference
    assert sum((p.difference for p in balance.parties.all()), Decimal(0)) == balance.difference
    return found
