"""Each documented refusal arrives as the right error, with a sentence an accountant understands."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.emulation.faults import Fault, FaultKind
from connectors.http.budget import LocalBudget, Patience
from connectors.xero.connector import XeroConnector
from connectors.xero.emulator.app import XeroEmulator
from connectors.xero.facts import LIMITS
from connectors.xero.resolution import RULES, TABLE, judge_element
from engine.errors import (
    AccessDenied,
    Audience,
    DuplicateAtTarget,
    OutcomeUnknown,
    PeriodClosed,
    PermissionMissing,
    RecordMissing,
    ReferenceUnknown,
    RemoteBusy,
    RemoteFault,
    RemoteRejected,
    RemoteUnavailable,
    StaleVersion,
    ValueRefused,
)
from engine.ports import Draft
from tests.connectors.xero.drafts import line

Drafts = Callable[..., Draft]


def struck(
    connector: XeroConnector, emulator: XeroEmulator, kind: FaultKind, **more: Any
) -> RemoteFault:
    emulator.faults.arm(Fault(kind, **more))
    with pytest.raises(RemoteFault) as caught:
        connector.changes("Contact")
    return caught.value


@pytest.mark.promise("E06")
def test_e06_minute_day_and_concurrent_limits_are_told_apart(
    connector: XeroConnector, emulator: XeroEmulator
) -> None:
    minute = struck(connector, emulator, FaultKind.MINUTE_LIMIT, seconds=26)
    day = struck(connector, emulator, FaultKind.DAY_LIMIT, seconds=40_000)
    many = struck(connector, emulator, FaultKind.CONCURRENT_LIMIT)
    assert isinstance(minute, RemoteBusy)
    assert isinstance(day, RemoteBusy)
    assert isinstance(many, RemoteBusy)
    assert [(e.scope, e.wait_seconds) for e in (minute, day, many)] == [
        ("minute", 26.0), ("day", 40_000.0), ("concurrent", 1.0)]  # fmt: skip
    assert minute.retryable
    assert "26 seconds (minute limit)" in str(minute)


@pytest.mark.golden(12)
def test_golden_12_after_a_limit_nobody_calls_until_it_opens_again(
    connected: Callable[..., XeroConnector], emulator: XeroEmulator
) -> None:
    patience = Patience("xero", longest=1.0, sleep=lambda _: None)
    connector = connected(
        budget=LocalBudget("xero", LIMITS, clock=emulator.clock, patience=patience)
    )
    emulator.faults.arm(Fault(FaultKind.DAY_LIMIT, seconds=7200))
    for _ in range(3):
        with pytest.raises(RemoteBusy) as caught:
            connector.changes("Contact")
        assert caught.value.scope == "day"
    assert len(emulator.faults.struck) == 1
    emulator.clock.advance(7201)


@pytest.mark.promise("E08")
def test_e08_a_wrong_account_names_the_account(connector: XeroConnector, invoice: Drafts) -> None:
    with pytest.raises(ReferenceUnknown) as caught:
        connector.create(invoice("E-8", LineItems=[line("1.00", AccountCode="777")]))
    error = caught.value
    assert (error.kind, error.value, error.field) == ("account", "777", "AccountCode")
    assert "does not know the account “777”" in str(error)


@pytest.mark.promise("E09")
def test_e09_a_used_contact_name_is_a_duplicate_that_names_the_other(
    connector: XeroConnector, contact: str
) -> None:
    with pytest.raises(DuplicateAtTarget) as caught:
        connector.create(Draft("Contact", {"Name": "TEST customer"}, "other"))
    error = caught.value
    assert (error.value, error.existing_key) == ("TEST customer", contact)
    assert "already has “TEST customer”" in str(error)


@pytest.mark.promise("E10")
def test_e10_trouble_on_the_network_is_outage_or_unknown_never_failure(
    connector: XeroConnector, emulator: XeroEmulator, invoice: Drafts
) -> None:
    for kind in (
        FaultKind.DROP_BEFORE,
        FaultKind.TIMEOUT_BEFORE,
        FaultKind.SERVER_ERROR,
        FaultKind.UNAVAILABLE,
    ):
        assert isinstance(struck(connector, emulator, kind), RemoteUnavailable)
    draft = invoice("E-10")
    for kind in (FaultKind.DROP_BEFORE, FaultKind.TIMEOUT_AFTER, FaultKind.SERVER_ERROR):
        emulator.faults.arm(Fault(kind))
        with pytest.raises(OutcomeUnknown) as caught:
            connector.create(draft)
        assert "not known whether it took effect" in str(caught.value)


def test_sign_in_and_rights_are_told_apart(
    connector: XeroConnector, emulator: XeroEmulator
) -> None:
    refused = struck(connector, emulator, FaultKind.FORBIDDEN)
    assert isinstance(refused, AccessDenied)
    assert "Reconnect" in str(refused)
    assert refused.audience is Audience.INTEGRATOR


WORDS = [
    (("The contact name X Ltd is already assigned to another contact. The contact name must be unique "
     "across all active contacts."), DuplicateAtTarget, {"value": "X Ltd"}),
    ("Invoice # must be unique.", DuplicateAtTarget, {}),
    ("Order number must be unique", DuplicateAtTarget, {}),
    ("Price List Item with Code 'abc' already exists", DuplicateAtTarget, {"value": "abc"}),
    ("Please enter a unique Name.", DuplicateAtTarget, {}),
    ("The document date cannot be before the end of year lock date, currently set at 31-Jul-2013",
     PeriodClosed, {"date": "2013-07-31"}),
    ("Account code '200' is not a valid code for this document", ReferenceUnknown,
     {"kind": "account", "value": "200"}),
    ("Account must be valid.", ReferenceUnknown, {"kind": "account"}),
    ("Tax rate must be valid.", ReferenceUnknown, {"kind": "tax code"}),
    ("The TaxType code XX9 does not exist or cannot be used for this type of transaction.",
     ReferenceUnknown, {"kind": "tax code", "value": "XX9"}),
    ("The TaxType code 'INPUT2' cannot be used with account code '200'.", ReferenceUnknown,
     {"kind": "tax code", "value": "INPUT2"}),
    ("Users Organisation is not subscribed to currency NZD", ReferenceUnknown, {"kind": "currency"}),
    (("The contact with the specified contact details has been archived. The contact must be "
     "un-archived before creating new invoices or credit notes"), ReferenceUnknown, {"kind": "customer", "does": "refuses"}),
    ("Payments can only be made against Authorised documents", StaleVersion, {}),
    ("Payment amount exceeds the amount outstanding on this document", ValueRefused, {"field": "Amount"}),
    ("Invoice not of valid status for modification", StaleVersion, {}),
    ("An existing Invoice with the specified InvoiceID could not be found", RecordMissing, {}),
    ("The total debits (100.00) must equal total credits (-10.00)", ValueRefused, {"field": "JournalLines"}),
    ("Email address must be valid.", ValueRefused, {"field": "EmailAddress"}),
    ("The field Name must be 50 characters or fewer.", ValueRefused, {}),
    ("Account type is invalid for making a payment to/from", ReferenceUnknown, {"kind": "bank account"}),
    ("Something nobody has seen before", RemoteRejected, {}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "kind", "fields"), WORDS)
def test_the_message_catalogue(words: str, kind: type[RemoteFault], fields: dict[str, str]) -> None:
    error = judge_element("create Invoice", {"ValidationErrors": [{"Message": words}]})
    assert type(error) is kind
    assert words[:60] in str(error)
    assert {name: getattr(error, name) for name in fields} == fields
    body = {"ErrorNumber": 10, "Elements": [{"ValidationErrors": [{"Message": words}]}]}
    whole = TABLE(httpx.Response(400, json=body), call="create Invoice", safe=False)
    assert type(whole) is kind


def sold(**more: Any) -> dict[str, Any]:
    return {"Type": "ACCREC", "Contact": {"Name": "Anybody"}, "Date": "2026-06-01",
            "DueDate": "2026-07-01", "Status": "AUTHORISED", "LineItems": [_LINE], **more}  # fmt: skip


_LINE = {"Description": "x", "Quantity": 2, "UnitAmount": 5, "AccountCode": "200"}
SPOKEN = [
    ("BankTransactions", sold(Type="SPEND", BankAccount={"Code": "200"}), ReferenceUnknown, "bank account"),
    ("Invoices", sold(LineItems=[{**_LINE, "ItemCode": "NONE"}]), ReferenceUnknown, "item"),
    ("Invoices", sold(Contact={"FirstName": "x"}), ReferenceUnknown, "customer"),
    ("Invoices", sold(LineItems=[{**_LINE, "Tracking": [{"Name": "Region", "Option": "Mars"}]}]),
     ReferenceUnknown, "tracking option"),
    ("Invoices", sold(LineItems=[{**_LINE, "LineAmount": 7}]), ValueRefused, "LineAmount"),
    ("Invoices", sold(LineAmountTypes="Sideways"), ValueRefused, ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "kind", "what"), SPOKEN)
def test_what_the_service_says_of_a_document_finds_its_class(
    emulator: XeroEmulator, raw: Any, path: str, body: Any, kind: type[RemoteFault], what: str
) -> None:
    error = TABLE(raw("PUT", path, json=body), call="create Invoice", safe=False)
    assert type(error) is kind
    assert what in (getattr(error, "kind", ""), getattr(error, "field", ""))


def test_what_the_service_says_of_archived_contacts_and_deleted_orders(
    emulator: XeroEmulator, raw: Any
) -> None:
    key = raw("PUT", "Contacts", json={"Name": "Gone"}).json()["Contacts"][0]["ContactID"]
    raw("POST", f"Contacts/{key}", json={"ContactStatus": "ARCHIVED"})
    error = TABLE(raw("POST", f"Contacts/{key}", json={"FirstName": "x"}), call="c", safe=False)
    assert isinstance(error, ReferenceUnknown)
    order = {"Contact": {"Name": "Anybody"}, "LineItems": [{**_LINE, "AccountCode": "429"}]}
    own = raw("PUT", "PurchaseOrders", json=order).json()["PurchaseOrders"][0]["PurchaseOrderID"]
    raw("POST", f"PurchaseOrders/{own}", json={"Status": "DELETED"})
    again = raw("POST", f"PurchaseOrders/{own}", json={"Status": "DRAFT"})
    assert isinstance(TABLE(again, call="c", safe=False), StaleVersion)


def test_a_user_without_rights_misses_a_permission() -> None:
    said = {"Detail": "You are not permitted to access this resource"}
    answer = httpx.Response(403, json=said)
    assert isinstance(TABLE(answer, call="read", safe=True), PermissionMissing)


def test_the_messages_of_lines_count_too() -> None:
    element = {
        "LineItems": [{"ValidationErrors": [{"Message": "Account code '9' is not a valid code"}]}]
    }
    assert isinstance(judge_element("create Invoice", element), ReferenceUnknown)


@pytest.mark.parametrize("word", ["insufficient_scope", "insufficent_scope"])
def test_a_missing_scope_is_a_missing_permission_however_it_is_spelt(word: str) -> None:
    for status in (401, 403):
        head = {"WWW-Authenticate": f'Bearer error="{word}"'}
        answer = httpx.Response(status, headers=head, json={"Detail": "AuthorizationUnsuccessful"})
        assert isinstance(TABLE(answer, call="read", safe=True), PermissionMissing)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\xff", b"[]", b"null", b'{"Elements":[7]}', b'{"Elements":null}']
)
@pytest.mark.parametrize("status", [304, 400, 401, 403, 404, 405, 412, 415, 429, 500, 502, 503])
def test_no_answer_is_too_strange_to_be_judged(status: int, content: bytes) -> None:
    error = TABLE(httpx.Response(status, content=content), call="read", safe=True)
    assert isinstance(error, RemoteFault)
    assert str(error)


def test_every_rule_says_where_it_comes_from() -> None:
    assert all(rule.why for rule in RULES)


@pytest.mark.golden(3)
def test_golden_3_an_item_and_an_account_of_the_same_code_stay_apart(
    connector: XeroConnector, invoice: Drafts
) -> None:
    connector.create(Draft("Item", {"Code": "777", "Name": "Thing"}, "i"))
    with pytest.raises(ReferenceUnknown) as caught:
        connector.create(invoice("G-3", LineItems=[line("1.00", AccountCode="777")]))
    assert caught.value.kind == "account"
    made = connector.create(
        invoice("G-3b", LineItems=[line("1.00", ItemCode="200", Quantity=Decimal(2))])
    )
    row = made.data["LineItems"][0]  # type: ignore[index,call-overload]
    assert (row["ItemCode"], row["AccountCode"]) == ("200", "200")  # type: ignore[index,call-overload]
