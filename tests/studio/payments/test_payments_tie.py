"""Every cent between payments in the books and receipts in the ERP has a name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from studio.catalog.wiring import opened
from studio.flows.models import Delivery
from studio.flows.poll import poll
from studio.tieout.actions import run_tieout

pytestmark = [pytest.mark.django_db, pytest.mark.promise("P04")]


def names(books, flow) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for tie in run_tieout(books.actor, flow):
        assert tie.unexplained == 0
        assert sum((d.amount for d in tie.differences.all()), Decimal(0)) == tie.residual
        for one in tie.differences.all():
            found[one.kind] = found.get(one.kind, Decimal(0)) + one.amount
    return found


def test_every_kind_of_difference_lands_in_its_own_item(qbo_books) -> None:
    books = qbo_books
    flow = books.go_live("payments-from-qbo")
    keys = [books.invoice("100.00")[1] for _ in range(4)]
    strange = books.invoice("50.00", link=False)[1]
    books.pay((keys[0], "100.00"), total="110.00")
    changed = books.pay((keys[1], "60.00"))
    books.run()
    assert names(books, flow) == {}

    # A receipt entered a second time, and one that a person changed in the ERP.
    emulator = books.running["syspro"].emulator
    first, second = books.posts()
    with opened(books.erp) as erp:
        (row,) = erp.find("ArInvoicePay", {"Reference": second.reference})
        emulator.edit(
            f"{books.erp.company}.ArInvoicePay", _stored(row), {"TrnValue": Decimal("-59.00")}
        )
    assert names(books, flow) == {"changed_at_target": Decimal("1.00")}

    books.pay((strange, "50.00"))
    books.run()
    books.pay((keys[2], "20.00"))
    poll(flow)
    assert names(books, flow) == {
        "changed_at_target": Decimal("1.00"), "case": Decimal("50.00"), "in_flight": Decimal("20.00"),
    }  # fmt: skip

    emulator.edit(
        f"{books.erp.company}.ArInvoicePay", _stored(row), {"TrnValue": Decimal("-60.00")}
    )
    books.end("Payment", changed.key)
    poll(flow)
    found = names(books, flow)
    assert found["changed_at_source"] == Decimal("-60.00") or found["in_flight"] == Decimal(
        "-40.00"
    )
    books.work()
    assert names(books, flow) == {"case": Decimal("50.00")}
    assert Delivery.objects.get(step="reverse").state == "done"
    assert first.state == "done"


def _stored(row) -> str:
    return "|".join(
        str(row.data[k]) for k in ("Customer", "Invoice", "DocumentType", "EntryNumber")
    )
