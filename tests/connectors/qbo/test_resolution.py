"""Each refusal that the service can utter arrives as the right error with a sentence to read."""

from __future__ import annotations

import pickle
from decimal import Decimal

import httpx
import pytest

from connectors.emulation.faults import FaultKind
from connectors.qbo.resolution import TABLE
from engine.errors import (
    AccessDenied,
    DuplicateAtTarget,
    OutcomeUnknown,
    PeriodClosed,
    PermissionMissing,
    RecordMissing,
    ReferenceUnknown,
    RemoteBusy,
    RemoteRejected,
    RemoteUnavailable,
    StaleVersion,
    SurpriseAnswer,
    ValueRefused,
)
from engine.ports import Action, Draft
from tests.connectors.qbo.conftest import InProcess, invoice_body


def judged(code: str, status=400, safe=False, detail="words", shape="Fault"):
    error = {"Message": "Said", "Detail": detail, "code": code, "element": ""}
    body = {"Fault": {"Error": [error], "type": "ValidationFault"}}
    if shape == "fault":
        body = {"fault": {"error": [{k.lower(): v for k, v in error.items()}]}}
    answer = httpx.Response(status, json=body, headers={"intuit_tid": "t-9"})
    return TABLE(answer, call="create Invoice", safe=safe)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("3200", 401, AccessDenied),
        ("003100", 403, AccessDenied),
        ("5020", 403, PermissionMissing),
        ("610", 400, RecordMissing),
        ("2500", 400, ReferenceUnknown),
        ("5010", 400, StaleVersion),
        ("6240", 400, DuplicateAtTarget),
        ("6140", 400, DuplicateAtTarget),
        ("6210", 400, PeriodClosed),
        ("2020", 400, ValueRefused),
        ("2050", 400, ValueRefused),
        ("6070", 400, ValueRefused),
        ("6100", 400, ValueRefused),
        ("4001", 400, SurpriseAnswer),
        ("003001", 429, RemoteBusy),
        ("3001", 200, RemoteBusy),
        ("10000", 500, OutcomeUnknown),
        ("6000", 400, RemoteRejected),
        ("140", 400, RemoteUnavailable),
        ("4002", 400, RemoteUnavailable),
        ("6250", 400, ReferenceUnknown),
        ("630", 400, DuplicateAtTarget),
    ],
)
def test_a_code_means_what_intuits_page_says(code, status, expected):
    for shape in ("Fault", "fault"):
        error = judged(code, status, shape=shape)
        assert type(error) is expected
        assert error.vendor_code == code.lstrip("0")
        assert error.trace == "t-9"
        assert str(error).endswith((".", "words")), str(error)
        assert pickle.loads(pickle.dumps(error)).evidence() == error.evidence()


def test_an_id_used_elsewhere_and_an_operation_that_is_not_there_are_refused(emulator):
    hello = emulator.hello()
    base = f"http://qbo.test/v3/company/{hello['realm_id']}"
    sent = {"Authorization": f"Bearer {hello['access_token']}"}
    with httpx.Client(base_url=base, transport=InProcess(emulator), headers=sent) as http:
        http.post("/customer?requestid=once", json={"DisplayName": "One"})
        for answer in (
            http.post("/vendor?requestid=once", json={"DisplayName": "Two"}),
            http.post("/bill?operation=void", json={"Id": "1", "SyncToken": "0"}),
        ):
            assert type(TABLE(answer, call="create Vendor", safe=False)) is RemoteRejected


def test_a_limit_without_a_body_is_a_limit():
    assert type(TABLE(httpx.Response(429, text=""), call="c", safe=False)) is RemoteBusy


def test_an_html_page_from_a_proxy_is_understood_by_its_status():
    page = httpx.Response(503, text="<html>down</html>")
    assert type(TABLE(page, call="c", safe=False)) is RemoteUnavailable
    page = httpx.Response(502, text="")
    assert type(TABLE(page, call="c", safe=False)) is OutcomeUnknown
    assert type(TABLE(page, call="c", safe=True)) is RemoteUnavailable


def test_the_holder_of_a_taken_name_or_number_is_told():
    assert judged("6240", detail="The name supplied already exists. : Id=58").existing_key == "58"
    told = "DocNumber=10/45 is assigned to TxnType=Invoice with TxnId=123"
    error = judged("6140", detail=told)
    assert (error.value, error.existing_key) == ("10/45", "123")


def test_no_code_at_all_breaks_the_table():
    for code in range(100, 7000, 7):
        assert str(judged(str(code)))


# -- product.md 1.6, raised by the emulator and read by the connector -------------------------


@pytest.mark.promise("E02")
def test_an_unknown_customer_or_item_is_named(bench):
    with pytest.raises(ReferenceUnknown) as caught:
        bench.create("Invoice", invoice_body("99999"))
    assert (caught.value.kind, caught.value.value) == ("party", "99999")
    with pytest.raises(ReferenceUnknown) as caught:
        bench.create("Invoice", invoice_body("1", item="4321"))
    assert (caught.value.kind, caught.value.value) == ("item", "4321")
    assert "item" in str(caught.value)
    assert "4321" in str(caught.value)


def test_an_inactive_customer_is_an_unknown_reference(bench):
    made = bench.customer()
    bench.connector.act(bench.draft("Customer", {}, key=made.key), Action.DEACTIVATE)
    with pytest.raises(ReferenceUnknown) as caught:
        bench.invoice(made.key)
    assert "inactive" in str(caught.value)


def test_a_rate_limit_says_how_long(bench):
    bench.arm(FaultKind.MINUTE_LIMIT)
    with pytest.raises(RemoteBusy) as caught:
        bench.customer()
    assert (caught.value.wait_seconds, caught.value.scope) == (60.0, "minute")
    assert "60 seconds" in str(caught.value)


def test_a_wrong_type_too_long_text_and_wrong_arithmetic_name_the_field(bench):
    body = invoice_body("1") | {"TxnDate": "15.6.2026"}
    with pytest.raises(ValueRefused) as caught:
        bench.create("Invoice", body)
    assert caught.value.field == "TxnDate"
    with pytest.raises(ValueRefused) as caught:
        bench.create("Invoice", invoice_body("1") | {"DocNumber": "x" * 22})
    assert caught.value.field == "DocNumber"
    body = invoice_body("1")
    body["Line"][0]["Amount"] = Decimal("99.99")
    with pytest.raises(ValueRefused) as caught:
        bench.create("Invoice", body)
    assert caught.value.vendor_code == "6070"


def test_a_taken_name_points_at_its_holder(bench):
    vendor = bench.create("Vendor", {"DisplayName": "Both Sides"})
    with pytest.raises(DuplicateAtTarget) as caught:
        bench.customer("both sides")
    assert caught.value.existing_key == vendor.key


def test_a_taken_number_points_at_its_document(bench):
    first = bench.invoice("1", data={"DocNumber": "INV-7"})
    with pytest.raises(DuplicateAtTarget) as caught:
        bench.invoice("1", data={"DocNumber": "INV-7"})
    assert (caught.value.existing_key, caught.value.value) == (first.key, "INV-7")


def test_a_closed_period_is_refused(bench):
    with pytest.raises(PeriodClosed):
        bench.invoice("1", data={"TxnDate": "2026-03-31"})


def test_somebody_elses_edit_is_a_stale_version(bench):
    made = bench.customer()
    bench.emulator.edit("Customer", made.key, {"Notes": "by hand"})
    with pytest.raises(StaleVersion):
        bench.connector.update(
            Draft("Customer", {"Notes": "x"}, "u1", key=made.key, version=made.version)
        )


def test_network_trouble_is_unavailable_for_reads_and_unknown_for_writes(bench):
    bench.arm(FaultKind.DROP_BEFORE)
    with pytest.raises(RemoteUnavailable):
        bench.connector.read("Customer", "1")
    bench.arm(FaultKind.TIMEOUT_BEFORE)
    with pytest.raises(OutcomeUnknown):
        bench.customer()
    bench.arm(FaultKind.UNAVAILABLE)
    with pytest.raises(RemoteUnavailable):
        bench.customer()


def test_a_company_that_is_not_ours_asks_to_reconnect(bench):
    bench.arm(FaultKind.FORBIDDEN)
    with pytest.raises(AccessDenied) as caught:
        bench.customer()
    assert "Reconnect" in str(caught.value)


def test_an_ended_grant_asks_to_reconnect_and_is_not_retried(bench):
    bench.emulator.oauth.end_grants()
    with pytest.raises(AccessDenied) as caught:
        bench.connector.read("Customer", "1")
    assert "Reconnect" in str(caught.value)


def test_an_unbalanced_journal_or_overpaid_invoice_is_refused_with_words(bench):
    line = {
        "Amount": Decimal(5),
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {"PostingType": "Debit", "AccountRef": {"value": "1"}},
    }
    with pytest.raises(RemoteRejected):
        bench.create("JournalEntry", {"TxnDate": "2026-06-15", "Line": [line, line]})
    invoice = bench.invoice("1", "10.00")
    over = {
        "CustomerRef": {"value": "1"},
        "TxnDate": "2026-06-15",
        "TotalAmt": Decimal(20),
        "Line": [
            {
                "Amount": Decimal(20),
                "LinkedTxn": [{"TxnId": invoice.key, "TxnType": "Invoice"}],
            }
        ],
    }
    with pytest.raises(RemoteRejected) as caught:
        bench.create("Payment", over)
    assert "exceeds" in str(caught.value)
