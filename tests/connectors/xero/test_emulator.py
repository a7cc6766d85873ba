from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.inprocess import InProcessTransport
from connectors.emulation.wsgi import parse_json
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator import make
from connectors.xero.emulator.app import XeroEmulator
from engine.ports import Draft

Raw = Callable[..., httpx.Response]
Drafts = Callable[..., Draft]


def sale(number: str = "R-1", **more: Any) -> dict[str, Any]:
    return {
        "Type": "ACCREC",
        "InvoiceNumber": number,
        "Contact": {"Name": "Raw Customer"},
        "Date": "2026-06-01",
        "DueDate": "2026-07-01",
        "Status": "AUTHORISED",
        "LineItems": [
            {"Description": "x", "Quantity": 1, "UnitAmount": "50.00", "AccountCode": "200"}
        ],
        **more,
    }


def messages(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["ErrorNumber"], body["Type"]) == (10, "ValidationException")
    return [e["Message"] for element in body["Elements"] for e in element["ValidationErrors"]]


def test_put_creates_only_and_post_updates_by_number(raw: Raw) -> None:
    first = raw("PUT", "Invoices", json={"Invoices": [sale()]}).json()["Invoices"][0]
    assert messages(raw("PUT", "Invoices", json=sale())) == ["Invoice # must be unique."]
    again = raw("POST", "invoices", json={"invoices": [{**sale(), "reference": "New"}]}).json()
    assert again["Invoices"][0]["InvoiceID"] == first["InvoiceID"]
    assert again["Invoices"][0]["Reference"] == "New"


def test_bills_may_share_a_number_and_lose_their_reference(raw: Raw) -> None:
    bill = {**sale("SUP-1"), "Type": "ACCPAY", "Reference": "gone",
            "LineItems": [{"Description": "x", "UnitAmount": 5, "AccountCode": "429"}]}  # fmt: skip
    keys = {raw("PUT", "Invoices", json=bill).json()["Invoices"][0]["InvoiceID"] for _ in range(2)}
    assert len(keys) == 2
    held = raw("GET", f"Invoices/{keys.pop()}").json()["Invoices"][0]
    assert "Reference" not in held


def test_dates_come_in_both_forms_and_leave_in_the_vendors(raw: Raw) -> None:
    for date in (
        "2026-06-01",
        "2026-06-01T23:59:00",
        "/Date(1780272000000)/",
        "/Date(1780272000000+1300)/",
    ):
        made = raw("PUT", "Invoices", json=sale(f"D{date[-9:-1]}{len(date)}", Date=date)).json()[
            "Invoices"
        ][0]
        assert made["Date"] == "/Date(1780272000000+0000)/"
        assert made["DateString"] == "2026-06-01T00:00:00"
    items = raw("GET", "Items").json()
    assert "+0000" not in items["Items"][0]["UpdatedDateUTC"]
    assert "+0000" not in items["DateTimeUTC"]


def test_nulls_never_leave(raw: Raw) -> None:
    for path in ("Contacts", "Invoices?page=1", "Payments", "Items", "Accounts", "Organisation"):
        assert b":null" not in raw("GET", path).content, path


def test_each_answer_tells_what_is_left(raw: Raw, emulator: XeroEmulator) -> None:
    emulator.limiter.ceilings.minute = 60
    emulator.limiter.reset()
    assert raw("GET", "Organisation").headers["X-MinLimit-Remaining"] == "59"
    assert raw("GET", "Nonsense").headers["X-MinLimit-Remaining"] == "58"


def test_day_and_minute_windows_open_again_by_the_clock(raw: Raw, emulator: XeroEmulator) -> None:
    emulator.limiter.ceilings.minute, emulator.limiter.ceilings.day = 2, 3
    emulator.limiter.reset()
    codes = [raw("GET", "Organisation").status_code for _ in range(3)]
    emulator.clock.advance(61)
    codes.append(raw("GET", "Organisation").status_code)
    refused = raw("GET", "Organisation")
    assert codes == [200, 200, 429, 200]
    assert (refused.status_code, refused.content) == (429, b"")
    assert refused.headers["X-Rate-Limit-Problem"] == "day"
    assert int(refused.headers["Retry-After"]) > 80_000
    emulator.limiter.ceilings.minute = emulator.limiter.ceilings.day = 0
    emulator.limiter.ceilings.concurrent = 1
    with emulator.limiter.call():
        assert raw("GET", "Organisation").headers["X-Rate-Limit-Problem"] == "concurrent"
    assert raw("GET", "Organisation").status_code == 200


def test_a_key_lives_six_minutes_and_remembers_refusals(raw: Raw, emulator: XeroEmulator) -> None:
    head = {"Idempotency-Key": "k"}
    bad = sale("K-1", LineItems=[{"Description": "x", "UnitAmount": 1, "AccountCode": "777"}])
    first = raw("PUT", "Invoices", json=bad, headers=head)
    emulator.store.put(
        "Account", "a", {**emulator.store.all("Account")[8], "AccountID": "a", "Code": "777"}
    )
    assert raw("PUT", "Invoices", json=bad, headers=head).content == first.content
    other = raw("PUT", "Invoices", json=sale("K-2"), headers=head)
    assert "different request" in other.json()["Message"]
    emulator.clock.advance(361)
    assert raw("PUT", "Invoices", json=bad, headers=head).status_code == 200
    assert (
        raw("PUT", "Invoices", json=bad, headers={"Idempotency-Key": "x" * 129}).status_code == 400
    )


def test_a_refused_bulk_may_have_saved_its_siblings(raw: Raw, emulator: XeroEmulator) -> None:
    both = {"Invoices": [sale("S-1"), sale("S-2", Contact={})]}
    assert len(messages(raw("PUT", "Invoices", json=both))) == 1
    assert len(emulator.documents("Invoice", "S-1")) == 1
    emulator.api.keep_valid = False
    both = {"Invoices": [sale("S-3"), sale("S-4", Contact={})]}
    assert messages(raw("PUT", "Invoices", json=both))
    assert emulator.documents("Invoice", "S-3") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"LineItems": [{"Description": "x", "UnitAmount": 1, "AccountCode": "090"}]},
         "Account code '090' is not a valid code for this document"),
        ({"LineItems": [{"Description": "x", "UnitAmount": 1, "AccountCode": "203"}]},
         "Account code '203' is not a valid code for this document"),
        ({"LineItems": [{"Description": "x", "UnitAmount": 1, "AccountCode": "200", "TaxType": "INPUT2"}]},
         "The TaxType code 'INPUT2' cannot be used with account code '200'."),
        ({"LineItems": [{"Description": "x", "UnitAmount": 1, "AccountCode": "200", "TaxType": "OUTPUT"}]},
         "The TaxType code OUTPUT does not exist or cannot be used for this type of transaction."),
        ({"LineItems": [{"Description": "x", "UnitAmount": 1}]}, "Account code must be specified"),
        ({"LineItems": [{"UnitAmount": 1, "AccountCode": "200"}]}, "Description must be specified"),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"DueDate": None}, "DueDate must be specified"),
        ({"Status": "PAID"}, "Invoice not of valid status for creation"),
        ({"Type": "SALE"}, "'SALE' is not a valid Type."),
        ({"InvoiceNumber": "x" * 256}, "The field InvoiceNumber must be 255 characters or fewer."),
        ({"CurrencyCode": "USD"}, "Users Organisation is not subscribed to currency USD"),
        ({"Date": "2026-03-31"},
         "The document date cannot be before the period lock date, currently set at 31-Mar-2026"),
    ],
)  # fmt: skip
def test_the_vendors_words_for_a_refused_invoice(
    raw: Raw, change: dict[str, Any], words: str
) -> None:
    assert words in messages(raw("PUT", "Invoices", json=sale("W-1", **change)))


@pytest.mark.parametrize(
    ("body", "number"),
    [(b"{", 14), (b"[1]", 14), (b"\xff\xfe", 14), (b"", 14), (b"null", 14), (b'{"Invoices":{"a":1}}', None),
     (b'{"Invoices":[{"LineItems":7}]}', 14), (b'{"Invoices":[{"Date":"soon"}]}', 14),
     (b'{"Invoices":[{"LineItems":[{"UnitAmount":1e400}]}]}', 14), (b"[" * 100_000, 14)],
)  # fmt: skip
def test_bodies_that_cannot_be_read_are_400(raw: Raw, body: bytes, number: int | None) -> None:
    answer = raw("PUT", "Invoices", content=body)
    assert answer.status_code == 400
    assert number is None or answer.json()["ErrorNumber"] == number


def test_unknown_records_and_paths_are_empty_html(raw: Raw) -> None:
    for method, path in (("GET", "Contacts/00000000-0000-4000-8000-000000000000"), ("GET", "Nope"),
                         ("POST", "Invoices/00000000-0000-4000-8000-000000000000")):  # fmt: skip
        answer = raw(method, path, **({"json": sale()} if method == "POST" else {}))
        assert (answer.status_code, answer.content) == (404, b"")
        assert answer.headers["content-type"].startswith("text/html")


def test_a_bad_where_is_a_query_error(raw: Raw) -> None:
    for clause in (
        'Name=="x',
        "Name==",
        "Name.Contains(1)",
        "(Name==null",
        "Sausage",
        'Code.Contains("x")',
    ):
        answer = raw("GET", "Contacts", params={"where": clause, "page": 1})
        assert answer.status_code == 400 or clause == "Sausage", clause


def test_scopes_and_tenants_are_asked_before_limits(raw: Raw, emulator: XeroEmulator) -> None:
    answer = raw("GET", "Contacts", headers={"xero-tenant-id": ""})
    assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    token = emulator.identity.grant(["accounting.contacts.read"], "e")["access_token"]
    head = {"Authorization": f"Bearer {token}"}
    assert raw("GET", "Contacts", headers=head).status_code == 200
    refused = raw("PUT", "Contacts", json={"Contacts": [{"Name": "x"}]}, headers=head)
    assert refused.status_code == 403
    assert "insufficient_scope" in refused.headers["WWW-Authenticate"]
    assert raw("GET", "Journals", headers=head).status_code == 403


def test_contacts_keep_unique_names_and_archived_ones_are_frozen(raw: Raw) -> None:
    made = raw(
        "PUT", "Contacts", json={"Contacts": [{"Name": " Twice ", "ContactNumber": "N1"}]}
    ).json()
    key = made["Contacts"][0]["ContactID"]
    assert made["Contacts"][0]["Name"] == "Twice"
    assert len(made["Contacts"][0]["Phones"]) == 4
    assert "unique across all active" in messages(raw("PUT", "Contacts", json={"Name": "twice"}))[0]
    same = raw("POST", "Contacts", json={"ContactNumber": "n1", "Name": "Thrice"}).json()[
        "Contacts"
    ][0]
    assert (same["ContactID"], same["Name"]) == (key, "Thrice")
    assert raw("GET", "Contacts/N1").json()["Contacts"][0]["ContactID"] == key
    raw("POST", f"Contacts/{key}", json={"Contacts": [{"ContactStatus": "ARCHIVED"}]})
    assert "archived contact" in messages(raw("POST", f"Contacts/{key}", json={"Name": "Four"}))[0]
    assert raw("PUT", "Contacts", json={"Name": "Thrice"}).status_code == 200
    assert (
        "has been archived"
        in messages(raw("PUT", "Invoices", json=sale(Contact={"ContactID": key})))[0]
    )


def test_the_ledger_balances_whatever_happens(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    connector.create(
        invoice("L-1", "25.06", "25.61", CurrencyCode="EUR", CurrencyRate=Decimal("1.176471"))
    )
    for journal in emulator.store.all("Journal"):
        assert sum(x["NetAmount"] for x in journal["JournalLines"]) == 0, journal["SourceType"]
    debtors = sum(
        x["NetAmount"] for j in emulator.store.all("Journal") for x in j["JournalLines"]
        if x["AccountCode"] == "610"
    )  # fmt: skip
    assert debtors > 0


def test_over_and_prepayments_are_born_of_bank_transactions_and_refunded(raw: Raw) -> None:
    made = raw("PUT", "BankTransactions", json={
        "Type": "RECEIVE-PREPAYMENT", "Contact": {"Name": "Early"}, "BankAccount": {"Code": "090"},
        "LineItems": [{"Description": "deposit", "UnitAmount": 100, "AccountCode": "200"}]})  # fmt: skip
    key = made.json()["BankTransactions"][0]["PrepaymentID"]
    held = raw("GET", f"Prepayments/{key}").json()["Prepayments"][0]
    assert parse_json(json.dumps(held["RemainingCredit"])) == Decimal(120)
    pay = {"Prepayment": {"PrepaymentID": key}, "Account": {"Code": "090"}, "Amount": 120}
    assert (
        raw("POST", "Payments", json=pay).json()["Payments"][0]["PaymentType"]
        == "ARPREPAYMENTPAYMENT"
    )
    assert raw("GET", f"Prepayments/{key}").json()["Prepayments"][0]["Status"] == "PAID"


def test_orders_follow_their_recorded_habits(raw: Raw) -> None:
    order = {"PurchaseOrderNumber": "PO-9", "Contact": {"Name": "S"},
             "LineItems": [{"Description": "x", "UnitAmount": 1, "AccountCode": "429"}]}  # fmt: skip
    first = raw("POST", "PurchaseOrders", json=order).json()["PurchaseOrders"][0]
    again = raw("POST", "PurchaseOrders", json={**order, "Reference": "r"}).json()[
        "PurchaseOrders"
    ][0]
    assert again["PurchaseOrderID"] == first["PurchaseOrderID"]
    assert messages(raw("PUT", "PurchaseOrders", json=order)) == ["Order number must be unique"]
    raw("POST", f"PurchaseOrders/{first['PurchaseOrderID']}", json={"Status": "DELETED"})
    assert messages(raw("POST", "PurchaseOrders", json=order)) == [
        "PurchaseOrder status change is invalid", "Deleted PurchaseOrders cannot be updated"]  # fmt: skip


def test_what_was_answered_survives_a_restart(tmp_path: Path) -> None:
    clock = EmulatorClock(datetime(2026, 6, 30, tzinfo=UTC))
    first = make(data=tmp_path, clock=clock)
    hello = first.hello()
    head = {
        "Authorization": f"Bearer {hello['access_token']}",
        "xero-tenant-id": hello["tenant_id"],
    }
    client = httpx.Client(
        transport=InProcessTransport(first.app), base_url="http://x", headers=head
    )
    key = client.put("/api.xro/2.0/Invoices", json=sale("K-1")).json()["Invoices"][0]["InvoiceID"]
    # No close: what a killed process leaves behind is all there is.
    second = make(data=tmp_path, clock=EmulatorClock(datetime(2026, 6, 30, tzinfo=UTC)))
    assert second.hello() == hello
    client = httpx.Client(
        transport=InProcessTransport(second.app), base_url="http://x", headers=head
    )
    held = client.get(f"/api.xro/2.0/Invoices/{key}").json()["Invoices"][0]
    assert (held["InvoiceNumber"], held["Total"]) == ("K-1", 60.0)
    assert second.store.counts() == first.store.counts()
    first.close()
    second.close()


def test_a_restart_long_after_offers_a_sign_in_that_works(tmp_path: Path) -> None:
    first = make(data=tmp_path, clock=EmulatorClock(datetime(2026, 6, 30, tzinfo=UTC)))
    old = first.hello()
    first.close()
    later = make(data=tmp_path, clock=EmulatorClock(datetime(2026, 7, 30, tzinfo=UTC)))
    hello = later.hello()
    assert hello["access_token"] != old["access_token"]
    head = {"Authorization": f"Bearer {hello['access_token']}"}
    client = httpx.Client(
        transport=InProcessTransport(later.app), base_url="http://x", headers=head
    )
    assert len(client.get("/connections").json()) == 1
    later.close()


def test_two_emulators_of_one_seed_are_the_same_company() -> None:
    clock = EmulatorClock(datetime(2026, 6, 30, tzinfo=UTC))
    one, two, other = make(clock=clock), make(clock=clock), make(seed=2, clock=clock)
    for kind in ("Contact", "Invoice", "Payment", "Journal"):
        assert one.store.items(kind) == two.store.items(kind)
    assert one.store.items("Contact") != other.store.items("Contact")


def test_the_control_api_edits_counts_resets_and_breaks(emulator: XeroEmulator, raw: Raw) -> None:
    control = httpx.Client(transport=InProcessTransport(emulator.app), base_url="http://x/_control")
    before = control.get("/counters").json()
    raw("PUT", "Invoices", json=sale("C-1"))
    found = control.get("/documents", params={"entity": "Invoice", "reference": "C-1"}).json()
    assert found["count"] == 1
    key = found["documents"][0]["InvoiceID"]
    control.post(
        "/edit", json={"entity": "Invoice", "key": key, "changes": {"Reference": "person"}}
    )
    assert raw("GET", f"Invoices/{key}").json()["Invoices"][0]["Reference"] == "person"
    control.post("/delete", json={"entity": "Invoice", "key": key})
    assert raw("GET", f"Invoices/{key}").json()["Invoices"][0]["Status"] == "VOIDED"
    control.post("/faults", json={"kind": "503", "path": "Organisation"})
    assert raw("GET", "Organisation").text == "The Xero API is currently offline for maintenance"
    control.post("/clock", json={"advance_seconds": 90})
    assert "emulator" in control.get("").text
    control.post("/reset", json={})
    assert control.get("/counters").json() == before
    assert raw("GET", "Organisation").status_code == 200
    for bad in ({"kind": "nope"}, [], {"kind": "500", "sausage": 1}):
        assert control.post("/faults", json=bad).status_code in {200, 400}
    assert control.post("/delete", json={"entity": "Invoice", "key": "none"}).status_code in {
        400,
        404,
        500,
    }


def test_the_control_api_is_off_unless_asked_for() -> None:
    closed = make()
    client = httpx.Client(transport=InProcessTransport(closed.app), base_url="http://x")
    assert client.get("/_control/state").status_code == 404


def test_schema_changes_show_in_answers(emulator: XeroEmulator, raw: Raw) -> None:
    change = {"entity": "Item", "field": "Name", "change": "rename", "to": "Title"}
    emulator.faults.arm(Fault(FaultKind.SCHEMA_CHANGE, count=None, detail=change))
    row = raw("GET", "Items").json()["Items"][0]
    assert "Name" not in row
    assert row["Title"]
