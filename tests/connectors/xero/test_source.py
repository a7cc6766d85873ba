from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.xero import catalogue
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator.app import XeroEmulator
from engine.errors import PermissionMissing, SurpriseAnswer, ValueRefused
from engine.ports import Draft, SourceRecord
from engine.schema.model import FieldType, Visibility
from tests.connectors.xero.drafts import payment

Drafts = Callable[..., Draft]


def poll(
    connector: XeroConnector, entity: str, cursor: str = "", limit: int = 7
) -> tuple[list[SourceRecord], str]:
    found: list[SourceRecord] = []
    for _ in range(200):
        page = connector.changes(entity, cursor=cursor, limit=limit)
        found += page.records
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the poll never ends")


@pytest.mark.parametrize("entity", sorted(set(catalogue.resources()) - {"RepeatingInvoice"}))
def test_a_poll_gives_every_record_once_and_then_nothing(
    connector: XeroConnector, emulator: XeroEmulator, entity: str
) -> None:
    found, cursor = poll(connector, entity)
    assert len(found) == len({r.key for r in found}) == emulator.store.count(entity)
    assert poll(connector, entity, cursor)[0] == []


@pytest.mark.promise("F32")
def test_changes_between_polls_come_once_in_order(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    _, cursor = poll(connector, "Invoice")
    made = []
    for number in range(5):
        emulator.clock.advance(0.4)
        made.append(connector.create(invoice(f"N-{number}")).key)
    news, cursor = poll(connector, "Invoice", cursor, limit=2)
    assert [r.key for r in news] == made
    emulator.clock.advance(0.2)
    connector.create(payment(made[0], "1.00"))
    again, cursor = poll(connector, "Invoice", cursor, limit=2)
    assert [r.key for r in again] == [made[0]]
    assert poll(connector, "Invoice", cursor)[0] == []


def test_records_that_move_while_being_read_are_not_lost(
    connector: XeroConnector, emulator: XeroEmulator
) -> None:
    first = connector.changes("Contact", limit=10)
    emulator.clock.advance(60)
    for record in first.records[:3]:
        emulator.edit("Contact", record.key, {"FirstName": "Moved"})
    rest, _ = poll(connector, "Contact", first.cursor, limit=10)
    seen = {r.key for r in first.records} | {r.key for r in rest}
    assert len(seen) == emulator.store.count("Contact")
    assert {r.key for r in rest if r.data.get("FirstName") == "Moved"} == {
        r.key for r in first.records[:3]
    }


def test_more_records_than_a_page_within_one_second_are_all_read(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    _, cursor = poll(connector, "Invoice")
    connector.create_many([invoice(f"S-{n}") for n in range(23)])
    news, cursor = poll(connector, "Invoice", cursor, limit=5)
    assert sorted(r.data["InvoiceNumber"] for r in news) == sorted(f"S-{n}" for n in range(23))  # type: ignore[type-var]
    assert poll(connector, "Invoice", cursor)[0] == []


def test_a_voided_document_comes_as_deleted_and_an_archived_contact_as_changed(
    connector: XeroConnector, emulator: XeroEmulator, contact: str, invoice: Drafts
) -> None:
    made = connector.create(invoice("V-1"))
    _, documents = poll(connector, "Invoice")
    _, contacts = poll(connector, "Contact")
    emulator.clock.advance(3)
    emulator.remove("Invoice", made.key)
    emulator.remove("Contact", contact)
    assert [(r.key, r.deleted) for r in poll(connector, "Invoice", documents)[0]] == [
        (made.key, True)
    ]
    archived = poll(connector, "Contact", contacts)[0]
    assert [(r.key, r.data["ContactStatus"]) for r in archived] == [(contact, "ARCHIVED")]


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '{"since":"yesterday"}', '{"page":"x"}', "7"])
def test_a_strange_cursor_is_refused(connector: XeroConnector, cursor: str) -> None:
    with pytest.raises(ValueRefused):
        connector.changes("Contact", cursor=cursor)


def test_records_are_found_by_typed_values(
    connector: XeroConnector, contact: str, invoice: Drafts
) -> None:
    made = connector.create(invoice('N"1\\x', "100.00"))
    for where in (
        {"InvoiceNumber": 'n"1\\X'},
        {"InvoiceID": made.key},
        {"Contact.ContactID": contact, "Total": "120", "Date": "2026-06-01"},
        {"Contact.Name": "test customer", "Status": "AUTHORISED"},
    ):
        assert [r.key for r in connector.find("Invoice", where)] == [made.key], where
    for bad in ({"Nope": "x"}, {"Total": "many"}, {"InvoiceID": "x"}, {"SentToContact": "perhaps"}):
        with pytest.raises(ValueRefused):
            connector.find("Invoice", bad)
    rates = connector.find("TaxRate", {"Name": "20% (VAT on Income)"})
    assert [r.key for r in rates] == ["OUTPUT2"]


def test_lists_without_where_are_filtered_here(connector: XeroConnector) -> None:
    body = {"Contact": {"Name": "Q"}, "Date": "2026-06-01", "QuoteNumber": "Q-77",
            "LineItems": [{"Description": "x", "Quantity": Decimal(1), "UnitAmount": Decimal(5)}]}  # fmt: skip
    made = connector.create(Draft("Quote", body, "q"))  # type: ignore[arg-type]
    assert [r.key for r in connector.find("Quote", {"QuoteNumber": "q-77"})] == [made.key]
    assert connector.find("Quote", {"QuoteNumber": "none"}) == []
    assert connector.find_by_reference("Quote", "Q-77", "") is not None


def test_the_snapshot_describes_every_entity_of_the_catalogue(connector: XeroConnector) -> None:
    schema = connector.snapshot(sample=20)
    assert len(schema.entities) >= 20
    assert schema.facts["base_currency"] == "GBP"
    assert schema.facts["first_open_date"] == "2026-04-01"
    tax = schema.entity("LineItem").field("TaxType")  # type: ignore[union-attr]
    assert tax is not None
    assert ("OUTPUT2", "20% (VAT on Income)") in tax.enum
    assert ("OUTPUT", "17.5% (VAT on Income)") not in tax.enum
    total = schema.entity("Invoice").field("Total")  # type: ignore[union-attr]
    assert total is not None
    assert (total.type, total.visibility) == (FieldType.DECIMAL, Visibility.SEEN)
    assert total.profile is not None
    assert total.profile.filled == 20


def test_an_entity_outside_the_scopes_is_hidden_not_missing(
    connector: XeroConnector, emulator: XeroEmulator
) -> None:
    access = emulator.store.items("_access")
    for key, held in access:
        left = [s for s in held["scopes"] if s != "accounting.manualjournals"]
        emulator.store.put("_access", key, {**held, "scopes": left})
    with pytest.raises(PermissionMissing):
        connector.changes("ManualJournal")
    journal = connector.snapshot(sample=5).entity("ManualJournal")
    assert journal is not None
    assert {f.visibility for f in journal.fields} == {Visibility.HIDDEN}


def test_a_changed_schema_is_a_surprise_that_names_the_field(
    connected: Callable[..., XeroConnector], emulator: XeroEmulator
) -> None:
    detail = {"entity": "Invoice", "field": "Total", "change": "type"}
    emulator.faults.arm(Fault(FaultKind.SCHEMA_CHANGE, count=None, detail=detail))
    with pytest.raises(SurpriseAnswer) as caught:
        connected().changes("Invoice")
    assert caught.value.field == "Invoice.Total"
