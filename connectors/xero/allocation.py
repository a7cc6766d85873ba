"""Allocations of a credit note, overpayment or prepayment to an invoice: made and undone (xero.md 18).

They have no address of their own; ``CreditNote``, ``Overpayment`` or ``Prepayment`` in a draft's
data, each with its id, says whose they are.
"""

from __future__ import annotations

from connectors.xero.client import XeroApi
from connectors.xero.translate import body, record
from engine.errors import RemoteRejected
from engine.ports import Action, Draft, Receipt

_PATHS = {
    "CreditNote": "CreditNotes",
    "Overpayment": "Overpayments",
    "Prepayment": "Prepayments",
}


def allocate(api: XeroApi, draft: Draft) -> Receipt:
    """Allocate ``Amount`` to ``Invoice``.

    Raises:
        RemoteRejected: the data names no credit, or Xero refused the allocation.
        OutcomeUnknown: sent, but no answer.
    """
    source, path = _place(draft, "create Allocation")
    sent = {k: v for k, v in body(draft.data).items() if k != source}
    answer = api.write(
        "PUT",
        path,
        "Allocations",
        {"Allocations": [sent]},
        call="create Allocation",
        idempotency_key=draft.idempotency_key,
        params={"summarizeErrors": "true"},
    )
    row = answer.rows[0] if answer.rows else {}
    data = record("Allocation", row)
    return Receipt(
        "Allocation", str(row.get("AllocationID", "")), data=data, replayed=answer.replayed
    )


def undo(api: XeroApi, draft: Draft, action: Action) -> Receipt:
    """Take the allocation ``draft.key`` back; credit and invoice are open again by its amount.

    Raises:
        RemoteRejected: another action than void or delete, or Xero refused it.
        RecordMissing: there is no such allocation (any more).
    """
    call = f"{action.value} Allocation"
    if action not in {Action.VOID, Action.DELETE}:
        raise RemoteRejected(system="xero", call=call, detail="Xero has no such action.")
    _, path = _place(draft, call)
    api.write("DELETE", f"{path}/{draft.key}", "", None, call=call)
    return Receipt("Allocation", draft.key)


def _place(draft: Draft, call: str) -> tuple[str, str]:
    source = next((s for s in _PATHS if isinstance(draft.data.get(s), dict)), "")
    held = draft.data.get(source)
    key = held.get(f"{source}ID") if isinstance(held, dict) else None
    if not key:
        raise RemoteRejected(
            system="xero", call=call,
            detail="It needs the credit note, overpayment or prepayment it comes from.",
        )  # fmt: skip
    return source, f"{_PATHS[source]}/{key}/Allocations"
