"""Our compact catalogue against Intuit's (reference/qbo/schema.json), and what we send against it."""

from __future__ import annotations

import json

import pytest

from connectors.qbo.catalogue import catalogue, expand
from connectors.qbo.describe import describe

LETTERS = {
    "string": "s",
    "decimal": "d",
    "integer": "i",
    "boolean": "b",
    "date": "D",
    "datetime": "T",
    "enum": "e",
    "object": "oA",
    "array": "a",
    "reference": "r",
}
NEEDED = [
    "Customer",
    "Vendor",
    "Item",
    "Account",
    "Term",
    "TaxCode",
    "TaxRate",
    "PaymentMethod",
    "Class",
    "Department",
    "Invoice",
    "SalesReceipt",
    "CreditMemo",
    "Payment",
    "RefundReceipt",
    "Estimate",
    "Bill",
    "VendorCredit",
    "BillPayment",
    "PurchaseOrder",
    "JournalEntry",
    "Deposit",
    "InventoryAdjustment",
    "Preferences",
    "CompanyInfo",
]


def test_every_entity_of_the_issue_is_there():
    assert set(NEEDED) <= set(catalogue())
    assert len(catalogue()) >= 25


def test_every_field_of_the_reference_is_there_with_its_type_and_length(reference):
    for entity in reference["entities"]:
        facts = catalogue()[entity["name"]]
        ours = {f.path: f for stated in facts.fields for f in expand(stated)}
        for field in entity["fields"]:
            mine = ours.get(field["name"])
            where = f"{entity['name']}.{field['name']}"
            assert mine is not None, where
            assert mine.type in LETTERS[field["type"]], where
            if not field["name"].endswith((".value", ".name")):
                assert mine.length == field["max_length"], where
                assert list(mine.enum) == [str(e) for e in field["enum"] or ()], where
                assert mine.required == bool(field["required_on_create"]), where
                assert mine.read_only == bool(field["read_only"]), where


def test_every_field_says_what_it_means():
    for entity, facts in catalogue().items():
        assert describe(entity, "")
        for stated in facts.fields:
            for fact in expand(stated):
                assert len(describe(entity, fact.path)) > 3, (entity, fact.path)


# -- the bodies our connector sends -------------------------------------------------------------


def complaints(entity, body, schema):
    """What the reference catalogue has against a body."""
    fields = {f["name"].replace("[]", ""): f for f in schema["fields"]}
    fields |= {x["name"].replace("[]", ""): {"type": "any"} for x in schema["xsd_only_fields"]}
    found = []

    def walk(value, path):
        if isinstance(value, dict):
            for name, inner in value.items():
                where = f"{path}.{name}" if path else name
                if where not in fields:
                    found.append(f"unknown {where}")
                else:
                    check(inner, fields[where], where)
                    walk(inner, where)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, path)

    def check(value, field, where):
        kind = field["type"]
        if kind in ("string", "date", "enum") and not isinstance(value, str):
            found.append(f"{where} is not text")
        if kind == "decimal" and (isinstance(value, bool) or not isinstance(value, int | float)):
            found.append(f"{where} is not a number")
        if kind == "boolean" and not isinstance(value, bool):
            found.append(f"{where} is not true or false")
        if field.get("max_length") and isinstance(value, str) and len(value) > field["max_length"]:
            found.append(f"{where} is too long")
        if field.get("enum") and value not in field["enum"]:
            found.append(f"{where} is not in the list")
        if field.get("read_only") and where not in ("Id", "SyncToken"):
            found.append(f"{where} is read-only")

    walk({k: v for k, v in body.items() if k != "sparse"}, "")
    if "Id" not in body:
        for name, field in fields.items():
            if field.get("required_on_create") and "." not in name and name not in body:
                found.append(f"{name} is missing")
    return [f"{entity}: {f}" for f in found]


def test_the_bodies_we_send_conform_to_the_catalogue(bench, reference):
    from decimal import Decimal

    from engine.ports import Action
    from tests.connectors.qbo.conftest import invoice_body

    schemas = {e["name"]: e for e in reference["entities"]}
    customer = bench.customer(
        PrimaryEmailAddr={"Address": "a@b.example"},
        BillAddr={"Line1": "1 Road", "City": "Austin", "CountrySubDivisionCode": "TX"},
        SalesTermRef={"value": "1"},
    ).key
    invoice = bench.invoice(customer, data={"Custom": {"1": "x"}}, reference="R" * 40)
    for kind in ("SalesReceipt", "CreditMemo", "Estimate"):
        bench.create(kind, invoice_body(customer))
    account = next(a for a in bench.emulator.store.all("Account") if a["AccountType"] == "Bank")
    bench.create(
        "RefundReceipt", invoice_body(customer) | {"DepositToAccountRef": {"value": account["Id"]}}
    )
    bench.create(
        "Payment",
        {
            "CustomerRef": {"value": customer},
            "TotalAmt": Decimal("60.5"),
            "TxnDate": "2026-06-15",
            "Line": [
                {
                    "Amount": Decimal("60.5"),
                    "LinkedTxn": [{"TxnId": invoice.key, "TxnType": "Invoice"}],
                }
            ],
        },
    )
    bench.connector.update(bench.draft("Customer", {"Notes": "x"}, key=customer))
    bench.connector.create_many([bench.draft("Term", {"Name": "Net 7", "DueDays": Decimal(7)})])
    bench.connector.act(bench.draft("Estimate", {}, key=_first(bench, "Estimate")), Action.DELETE)
    checked = 0
    for request in bench.transport.requests:
        name = request.url.path.rpartition("/")[2]
        if request.method != "POST" or name == "query" or "/company/" not in request.url.path:
            continue
        body = json.loads(request.content)
        items = body.get("BatchItemRequest", [{"x": body}])
        for item in items:
            for key, inner in item.items():
                entity = next(
                    (e for e in schemas if e.lower() == (name if key == "x" else key.lower())), ""
                )
                if entity:
                    assert complaints(entity, inner, schemas[entity]) == []
                    checked += 1
        assert request.url.params["minorversion"] == "75"
        assert request.url.params["requestid"]
    assert checked >= 10


def _first(bench, entity):
    return bench.emulator.store.all(entity)[0]["Id"]


@pytest.mark.parametrize("entity", NEEDED)
def test_what_the_emulator_answers_conforms_too(bench, reference, entity):
    schema = next(e for e in reference["entities"] if e["name"] == entity)
    known = {f["name"].replace("[]", "") for f in schema["fields"]}
    known |= {x["name"].replace("[]", "") for x in schema["xsd_only_fields"]}
    for doc in bench.emulator.documents(entity, "")[:20]:
        assert _paths(doc) - known == set()


def _paths(value, path=""):
    found = set()
    if isinstance(value, dict):
        for name, inner in value.items():
            where = f"{path}.{name}" if path else name
            found |= {where} | _paths(inner, where)
    elif isinstance(value, list):
        for inner in value:
            found |= _paths(inner, path)
    return found
