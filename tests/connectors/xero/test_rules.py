"""Rules of the Accounting API as a stranger with Xero's pages and an HTTP client would try them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.emulation.wsgi import parse_json
from tests.connectors.xero.test_emulator import messages, sale

Raw = Callable[..., httpx.Response]


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body = parse_json(answer.content)
    return next(v[0] for v in body.values() if isinstance(v, list))


def put(raw: Raw, path: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return made(raw("PUT", path, json=body, **more))


def tracked(raw: Raw) -> dict[str, Any]:
    item = {
        "Code": "TRK", "Name": "Tracked", "InventoryAssetAccountCode": "630",
        "PurchaseDetails": {"UnitPrice": 2, "COGSAccountCode": "310"},
        "SalesDetails": {"UnitPrice": 5, "AccountCode": "200"},
    }  # fmt: skip
    return put(raw, "Items", item)


def stock(raw: Raw) -> tuple[Decimal, Decimal]:
    item = made(raw("GET", "Items/TRK"))
    return item["QuantityOnHand"], item["TotalCostPool"]


def goods(quantity: int, price: str = "2") -> list[dict[str, Any]]:
    return [{"ItemCode": "TRK", "Quantity": quantity, "UnitAmount": price}]


def test_tracked_items_follow_what_is_bought_sold_and_taken_back(raw: Raw) -> None:
    tracked(raw)
    short = raw("PUT", "Invoices", json=sale("S-0", LineItems=goods(1)))
    assert "on hand" in messages(short)[0]
    put(raw, "Invoices", sale("B-1", Type="ACCPAY", LineItems=goods(10)))
    put(raw, "Invoices", sale("B-2", Type="ACCPAY", LineItems=goods(10, "4")))
    assert stock(raw) == (20, 60)
    sold = put(raw, "Invoices", sale("S-1", LineItems=goods(5, "9")))
    assert stock(raw) == (15, 45)
    journals = parse_json(raw("GET", "Journals", params={"offset": 0}).content)["Journals"]
    own = [j for j in all_journals(raw, journals) if j["SourceID"] == sold["InvoiceID"]]
    by_code = {x["AccountCode"]: x["NetAmount"] for x in own[0]["JournalLines"]}
    assert (by_code["310"], by_code["630"]) == (15, -15)
    raw("POST", f"Invoices/{sold['InvoiceID']}", json={"Status": "VOIDED"})
    assert stock(raw) == (20, 60)
    beyond = {"allowBackorders": "true"}
    put(raw, "Invoices", sale("S-2", LineItems=goods(30, "9")), params=beyond)
    assert stock(raw)[0] == -10


def all_journals(raw: Raw, first: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found, page = list(first), first
    while page:
        offset = page[-1]["JournalNumber"]
        page = parse_json(raw("GET", "Journals", params={"offset": offset}).content)["Journals"]
        found += page
    return found


def test_files_and_notes_hang_on_a_document(raw: Raw) -> None:
    key = put(raw, "Invoices", sale())["InvoiceID"]
    kind = {"Content-Type": "application/octet-stream"}
    path = f"Invoices/{key}/Attachments"
    first = made(raw("PUT", f"{path}/note.txt", content=b"one", headers=kind))
    assert (first["MimeType"], first["ContentLength"]) == ("text/plain", 3)
    again = made(raw("POST", f"{path}/note.txt", content=b"three", headers=kind))
    assert again["AttachmentID"] == first["AttachmentID"]
    for name in ("note.txt", first["AttachmentID"]):
        assert raw("GET", f"{path}/{name}").content == b"three"
    assert made(raw("GET", f"Invoices/{key}"))["HasAttachments"] is True
    assert messages(raw("PUT", f"{path}/a%3Cb.txt", content=b"x", headers=kind))
    assert raw("GET", f"{path}/other.txt").status_code == 404

    assert put(raw, f"Invoices/{key}/History", {"HistoryRecords": [{"Details": "called"}]})
    rows = parse_json(raw("GET", f"Invoices/{key}/History").content)["HistoryRecords"]
    assert [r["Changes"] for r in (rows[0], rows[-1])] == ["Note", "Created"]
    missing = raw("GET", "Invoices/00000000-0000-0000-0000-00000000abcd/History")
    assert messages(missing) == [
        "The document with the supplied id was not found for this endpoint."
    ]


def test_only_an_approved_sale_is_mailed_and_seen_online(raw: Raw) -> None:
    contact = {"Name": "Has Mail", "EmailAddress": "a@b.example"}
    put(raw, "Contacts", contact)
    approved = put(raw, "Invoices", sale("M-1", Contact={"Name": "Has Mail"}))["InvoiceID"]
    draft = put(raw, "Invoices", sale("M-2", Status="DRAFT"))["InvoiceID"]
    assert raw("POST", f"Invoices/{approved}/Email", json={}).status_code == 204
    assert made(raw("GET", f"Invoices/{approved}"))["SentToContact"] is True
    assert messages(raw("POST", f"Invoices/{draft}/Email", json={}))
    address = made(raw("GET", f"Invoices/{approved}/OnlineInvoice"))["OnlineInvoiceUrl"]
    assert address.startswith("https://in.xero.com/")


def test_a_paid_document_takes_new_tracking_and_nothing_else(raw: Raw) -> None:
    invoice = put(raw, "Invoices", sale())
    put(raw, "Payments", {"Payments": [
        {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"},
         "Date": "2026-06-30", "Amount": 10}
    ]})  # fmt: skip
    path = f"Invoices/{invoice['InvoiceID']}"
    line = invoice["LineItems"][0]["LineItemID"]
    track = {"Name": "Region", "Option": "Leeds"}
    change = {"LineItems": [{"LineItemID": line, "Tracking": [track]}]}
    after = made(raw("POST", path, json=change))
    assert after["LineItems"][0]["Tracking"][0]["Option"] == "Leeds"
    assert after["Total"] == invoice["Total"]
    refused = {"LineItems": [{"LineItemID": line, "UnitAmount": 1}]}
    for body in (refused, {"LineItems": []}, {"DueDate": "2026-09-01"}):
        answer = raw("POST", path, json=body)
        assert messages(answer) == ["Invoice not of valid status for modification"]
        assert answer.json()["Elements"][0]["InvoiceID"] == invoice["InvoiceID"]


@pytest.mark.parametrize(("due", "late"), [("2026-07-01", 0), ("2026-06-02", 60)])
def test_a_contact_knows_what_it_owes(raw: Raw, due: str, late: int) -> None:
    invoice = put(raw, "Invoices", sale(DueDate=due))
    key = invoice["Contact"]["ContactID"]
    owed = made(raw("GET", f"Contacts/{key}"))["Balances"]["AccountsReceivable"]
    assert (owed["Outstanding"], owed["Overdue"]) == (60, late)
    light = raw("GET", "Contacts", params={"IDs": key, "summaryOnly": "true"})
    assert "Balances" not in made(light)


def test_an_allocation_taken_back_answers_with_the_vendors_date(raw: Raw) -> None:
    invoice = put(raw, "Invoices", sale())
    credit = {
        "Type": "ACCRECCREDIT", "Contact": {"Name": "Raw Customer"}, "Status": "AUTHORISED",
        "Date": "2026-06-01",
        "LineItems": [{"Description": "x", "UnitAmount": 5, "AccountCode": "200"}],
    }  # fmt: skip
    note = put(raw, "CreditNotes", credit)["CreditNoteID"]
    body = {"Amount": 3, "Date": "2026-06-30", "Invoice": {"InvoiceID": invoice["InvoiceID"]}}
    first = put(raw, f"CreditNotes/{note}/Allocations", {"Allocations": [body]})
    gone = raw("DELETE", f"CreditNotes/{note}/Allocations/{first['AllocationID']}").json()
    assert gone["IsDeleted"] is True
    assert gone["Date"].startswith("/Date(")


def test_journals_of_payments_alone_can_be_asked_for(raw: Raw) -> None:
    asked = {"offset": 0, "paymentsOnly": "true"}
    rows = parse_json(raw("GET", "Journals", params=asked).content)["Journals"]
    assert rows
    assert all(row["SourceType"].endswith("PAYMENT") for row in rows)
