"""The errors that product.md 1.6 promises to handle: how to raise each on an emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.emulation.faults import Fault, FaultKind
from engine.errors import (
    DuplicateAtTarget,
    ReferenceUnknown,
    RemoteBusy,
    RemoteUnavailable,
    StudioError,
    ValueRefused,
)
from engine.ports import Draft
from engine.schema.model import Record
from tests.connectors.operations import qbo, syspro, xero
from tests.connectors.operations.plan import World


@dataclass(frozen=True)
class Promise:
    """One promised error.

    Attributes:
        name: ``E01`` to ``E10``.
        title: what goes wrong, in the words of the promise.
        system: whose emulator raises it.
        expected: the class that must arrive.
        attempt: what is done.
        says: words that the sentence must hold, for the person who reads it.
    """

    name: str
    title: str
    system: str
    expected: type[StudioError]
    attempt: Callable[[World], object]
    says: tuple[str, ...]


def caught(promise: Promise, worlds: dict[str, World]) -> StudioError:
    """The error that the attempt raises.

    Raises:
        AssertionError: it raised none.
    """
    try:
        promise.attempt(worlds[promise.system])
    except StudioError as error:
        return error
    raise AssertionError(f"{promise.name} was not raised")


def _struck(kind: FaultKind, entity: str, **more: Any) -> Callable[[World], object]:
    def attempt(world: World) -> object:
        world.connector.check()
        world.emulator.faults.arm(Fault(kind, **more))
        return world.connector.changes(entity)

    return attempt


def _invoice(**more: Any) -> Callable[[World], object]:
    def attempt(world: World) -> object:
        data: Record = {**qbo.PLANS["Invoice"].body(world, 1), **more}  # type: ignore[misc]
        return world.connector.create(Draft("Invoice", data, "promise"))

    return attempt


def _unknown_item(world: World) -> object:
    line = {
        "DetailType": "SalesItemLineDetail", "Amount": Decimal(1),
        "SalesItemLineDetail": {"ItemRef": {"value": "99999"}, "Qty": Decimal(1)},
    }  # fmt: skip
    return _invoice(Line=[line])(world)


def _payment(world: World) -> object:
    data: Record = {
        "Customer": "0000101", "TrnValue": Decimal(5), "JournalDate": "2026-06-01",
        "Reference": "PROMISE", "Bank": "MAIN",
        "Allocations": [{"Invoice": "999999", "TrnValue": Decimal(5)}],
    }  # fmt: skip
    return world.connector.create(Draft("ArInvoicePay", data, "promise", "PROMISE"))


def _order(world: World) -> object:
    body = syspro.PLANS["SorMaster"].body
    assert body is not None
    data = {**body(world, 1), "Customer": "0000999"}
    return world.connector.create(Draft("SorMaster", data, "promise", "OP-1"))


def _account(world: World) -> object:
    body = xero.PLANS["Invoice"].body
    assert body is not None
    line = {"Description": "x", "Quantity": Decimal(1), "UnitAmount": Decimal(1), "AccountCode": "9999"}  # fmt: skip
    data: Record = {**body(world, 1), "LineItems": [line]}  # type: ignore[dict-item]
    return world.connector.create(Draft("Invoice", data, "promise", "OP-1"))


def _contact_twice(world: World) -> object:
    name: Record = {"Name": "Halden Twin"}
    world.connector.create(Draft("Contact", name, "promise-1"))
    return world.connector.create(Draft("Contact", name, "promise-2"))


PROMISES = (
    Promise("E01", "QBO rate limit", "qbo", RemoteBusy,
            _struck(FaultKind.MINUTE_LIMIT, "Customer"), ("continues by itself",)),
    Promise("E02", "Invalid CustomerRef in a QBO payload", "qbo", ReferenceUnknown,
            _invoice(CustomerRef={"value": "99999"}), ("does not know", "99999")),
    Promise("E02", "Invalid ItemRef in a QBO payload", "qbo", ReferenceUnknown,
            _unknown_item, ("does not know", "99999")),
    Promise("E03", "Document not found when applying a payment", "syspro", ReferenceUnknown,
            _payment, ("does not know the invoice", "999999")),
    Promise("E04", "Network trouble to on-premises SYSPRO", "syspro", RemoteUnavailable,
            _struck(FaultKind.DROP_BEFORE, "ArCustomer"), ("cannot be reached",)),
    Promise("E05", "Type mismatch rejected by the target", "qbo", ValueRefused,
            _invoice(TxnDate="1 June"), ("does not accept the value", "TxnDate")),
    Promise("E06", "Xero minute limit", "xero", RemoteBusy,
            _struck(FaultKind.MINUTE_LIMIT, "Contact"), ("minute limit", "continues by itself")),
    Promise("E06", "Xero day limit", "xero", RemoteBusy,
            _struck(FaultKind.DAY_LIMIT, "Contact", seconds=40_000), ("day limit",)),
    Promise("E07", "SYSPRO “Invalid Customer Code”", "syspro", ReferenceUnknown,
            _order, ("does not know the customer", "0000999")),
    Promise("E08", "Mismatched AccountCode on a Xero line", "xero", ReferenceUnknown,
            _account, ("does not know the account", "9999")),
    Promise("E09", "Duplicate Xero contact", "xero", DuplicateAtTarget,
            _contact_twice, ("already has", "Halden Twin")),
    Promise("E10", "Network trouble to Xero", "xero", RemoteUnavailable,
            _struck(FaultKind.TIMEOUT_BEFORE, "Contact", seconds=0.01), ("cannot be reached",)),
    Promise("E10", "Network trouble to QBO", "qbo", RemoteUnavailable,
            _struck(FaultKind.DROP_BEFORE, "Customer"), ("cannot be reached",)),
)  # fmt: skip
