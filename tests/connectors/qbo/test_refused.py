"""What QuickBooks leaves unsaid is found out before a person has to."""

from __future__ import annotations

import pytest

from connectors.qbo.refused import references
from engine.errors import DuplicateAtTarget, ReferenceUnknown
from engine.ports import Draft


def bill(vendor: str, number: str) -> dict:
    line = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": 10,
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "18"}},
    }
    return {"VendorRef": {"value": vendor}, "DocNumber": number, "Line": [line]}


def vendors(bench) -> tuple[str, str]:
    made = [bench.create("Vendor", {"DisplayName": f"Supplier {n}"}).key for n in (1, 2)]
    return made[0], made[1]


def test_two_suppliers_may_use_the_same_number(bench) -> None:
    first, second = vendors(bench)
    one = bench.create("Bill", bill(first, "A-1"))
    two = bench.create("Bill", bill(second, "A-1"))

    assert one.key != two.key
    assert [one.number, two.number] == ["A-1", "A-1"]


def test_the_same_number_of_the_same_supplier_stays_a_duplicate(bench) -> None:
    first, _ = vendors(bench)
    bench.create("Bill", bill(first, "A-1"))

    with pytest.raises(DuplicateAtTarget):
        bench.create("Bill", bill(first, "A-1"))


def test_a_batch_treats_each_bill_the_same(bench) -> None:
    first, second = vendors(bench)
    bench.create("Bill", bill(first, "A-1"))
    drafts = [
        Draft("Bill", bill(v, n), f"batch-{v}-{n}", n)
        for v, n in ((first, "A-1"), (second, "A-1"), (first, "A-2"))
    ]

    results = bench.connector.create_many(drafts)

    assert isinstance(results[0].error, DuplicateAtTarget)
    assert [r.receipt.number for r in results[1:]] == ["A-1", "A-2"]


def test_an_inactive_customer_is_named(bench) -> None:
    customer = bench.customer("Eastgate Schools").key
    bench.emulator.edit("Customer", customer, {"Active": False})

    with pytest.raises(ReferenceUnknown) as refusal:
        bench.invoice(customer)

    assert "refuses the customer “Eastgate Schools" in str(refusal.value)
    assert "make it active again" in str(refusal.value)
    assert (refusal.value.of, refusal.value.key) == ("Customer", customer)


def test_an_inactive_item_is_named_though_the_document_says_its_currency(bench) -> None:
    customer = bench.customer("Eastgate Schools").key
    bench.emulator.edit("Item", "1", {"Active": False})

    with pytest.raises(ReferenceUnknown) as refusal:
        bench.invoice(customer, data={"CurrencyRef": {"value": "USD"}})

    assert (refusal.value.kind, refusal.value.of, refusal.value.key) == ("item", "Item", "1")
    assert refusal.value.does == "refuses"
    assert "USD" not in str(refusal.value)


def test_what_a_document_refers_to_is_listed_in_its_order() -> None:
    body = {**bill("7", "A-1"), "APAccountRef": {"value": "5"}, "PrivateNote": "x"}

    assert list(references("Bill", body)) == [
        ("Vendor", "7"), ("Account", "18"), ("Account", "5"),
    ]  # fmt: skip
