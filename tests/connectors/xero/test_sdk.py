"""The vendor's own SDK, unmodified, over real HTTP against the emulator."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3
from xero_python.accounting import (
    Account,
    AccountingApi,
    Allocation,
    Allocations,
    BankTransaction,
    BankTransactions,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    HistoryRecord,
    HistoryRecords,
    Invoice,
    Invoices,
    Item,
    Items,
    LineAmountTypes,
    LineItem,
    ManualJournal,
    ManualJournalLine,
    ManualJournals,
    Payment,
    PaymentDelete,
    Payments,
    Purchase,
    PurchaseOrder,
    PurchaseOrders,
    Quote,
    Quotes,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import (
    AccountingBadRequestException,
    HTTPStatusException,
    NotFoundException,
    RateLimitException,
)
from xero_python.identity import IdentityApi

from connectors.emulation.serve import Running, start_in_thread
from connectors.xero.emulator import make


@dataclass
class Sdk:
    """The SDK signed in to one served emulator."""

    api: AccountingApi
    identity: IdentityApi
    client: Any
    tenant: str
    store: dict[str, Any]
    running: Running

    @property
    def emulator(self) -> Any:
        return self.running.emulator


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    emulator = make()
    emulator.limiter.ceilings.minute = 0
    running = start_in_thread(emulator)
    hello = running.hello()
    store: dict[str, Any] = {
        "token": {
            "access_token": hello["access_token"],
            "refresh_token": hello["refresh_token"],
            "scope": ["offline_access"],
            "id_token": None,
            "token_type": "Bearer",
            "expires_in": 1800,
            "expires_at": time.time() + 1800,
        }
    }
    for name in ("refresh_token_url", "client_credentials_token_url"):
        monkeypatch.setattr(TokenApi, name, running.url + "/connect/token")
    monkeypatch.setattr(TokenApi, "revoke_token_url", running.url + "/connect/revocation")
    Configuration.set_default(None)
    client = ApiClient(
        Configuration(oauth2_token=OAuth2Token(hello["client_id"], hello["client_secret"])),
        pool_threads=1,
        oauth2_token_getter=lambda: store["token"],
        oauth2_token_saver=lambda token: store.update(token=token),
    )
    client.rest_client.pool_manager.connection_pool_kw["retries"] = urllib3.Retry(
        0, respect_retry_after_header=False, redirect=False
    )
    yield Sdk(
        AccountingApi(client, base_url=running.url + "/api.xro/2.0"),
        IdentityApi(client, base_url=running.url),
        client,
        hello["tenant_id"],
        store,
        running,
    )
    running.stop()
    Configuration.set_default(None)


def lines(*amounts: float, code: str = "200", tax: str = "OUTPUT2") -> list[LineItem]:
    return [
        LineItem(description="x", quantity=1.0, unit_amount=a, account_code=code, tax_type=tax)
        for a in amounts
    ]


def sale(contact: str, number: str, *amounts: float, status: str = "AUTHORISED") -> Invoice:
    return Invoice(
        type="ACCREC",
        contact=Contact(contact_id=contact),
        invoice_number=number,
        date=dt.date(2026, 6, 1),
        due_date=dt.date(2026, 7, 1),
        status=status,
        line_items=lines(*amounts or (100.0,)),
    )


def new_contact(sdk: Sdk, name: str = "SDK Customer") -> str:
    made = sdk.api.create_contacts(sdk.tenant, Contacts(contacts=[Contact(name=name)]))
    return str(made.contacts[0].contact_id)


def test_the_sdk_finds_its_organisation(sdk: Sdk) -> None:
    connections = sdk.identity.get_connections()
    assert [str(c.tenant_id) for c in connections] == [sdk.tenant]
    organisation = sdk.api.get_organisations(sdk.tenant).organisations[0]
    assert (organisation.base_currency.value, organisation.version) == ("GBP", "UK")
    assert organisation.period_lock_date == dt.date(2026, 3, 31)


def test_lists_filter_and_page(sdk: Sdk) -> None:
    everyone = sdk.api.get_contacts(sdk.tenant).contacts
    seen: list[str] = []
    for page in range(1, 20):
        got = sdk.api.get_contacts(sdk.tenant, page=page, page_size=7)
        seen += [c.contact_id for c in got.contacts]
        if page >= got.pagination.page_count:
            break
    assert len(seen) == len(set(seen)) == len(everyone)
    name = everyone[0].name
    found = sdk.api.get_contacts(sdk.tenant, where=f'Name=="{name.upper()}"', include_archived=True)
    assert [c.name for c in found.contacts] == [name]
    ordered = sdk.api.get_contacts(sdk.tenant, order="Name DESC").contacts
    assert [c.name.casefold() for c in ordered] == sorted(
        (c.name.casefold() for c in ordered), reverse=True
    )
    searched = sdk.api.get_contacts(sdk.tenant, search_term=name[:6].lower()).contacts
    assert name in [c.name for c in searched]


def test_only_what_changed_since_is_listed(sdk: Sdk) -> None:
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    key = new_contact(sdk)
    changed = sdk.api.get_contacts(sdk.tenant, if_modified_since=before).contacts
    assert [c.contact_id for c in changed if c.name == "SDK Customer"] == [key]
    sdk.emulator.clock.advance(1200)
    later = before + dt.timedelta(seconds=600)
    assert sdk.api.get_contacts(sdk.tenant, if_modified_since=later).contacts == []


def test_every_settings_list_can_be_read(sdk: Sdk) -> None:
    tenant, api = sdk.tenant, sdk.api
    assert {t.tax_type for t in api.get_tax_rates(tenant).tax_rates} >= {
        "OUTPUT2",
        "INPUT2",
        "NONE",
    }
    assert "200" in {a.code for a in api.get_accounts(tenant).accounts}
    assert len(api.get_items(tenant).items) > 20
    assert {c.code.value for c in api.get_currencies(tenant).currencies} == {"GBP", "EUR"}
    assert len(api.get_tracking_categories(tenant).tracking_categories) == 2
    assert api.get_branding_themes(tenant).branding_themes
    assert api.get_users(tenant).users
    assert api.get_journals(tenant).journals
    assert api.get_overpayments(tenant, page=1).overpayments
    assert api.get_bank_transactions(tenant, page=1).bank_transactions
    assert api.get_manual_journals(tenant, page=1).manual_journals
    assert api.get_credit_notes(tenant, page=1).credit_notes


def test_an_invoice_lives_from_draft_to_void(sdk: Sdk) -> None:
    contact = new_contact(sdk)
    made = sdk.api.create_invoices(
        sdk.tenant, Invoices(invoices=[sale(contact, "SDK-1", 25.06, 25.61, status="DRAFT")])
    ).invoices[0]
    assert (made.status, float(made.total)) == ("DRAFT", 60.8)
    key = made.invoice_id
    approved = sdk.api.update_invoice(
        sdk.tenant, key, Invoices(invoices=[Invoice(status="AUTHORISED", reference="yours")])
    ).invoices[0]
    assert (approved.status, approved.reference) == ("AUTHORISED", "yours")
    assert len(approved.line_items) == 2
    ended = sdk.api.update_invoice(sdk.tenant, key, Invoices(invoices=[Invoice(status="VOIDED")]))
    assert ended.invoices[0].status == "VOIDED"
    with pytest.raises(AccountingBadRequestException) as caught:
        sdk.api.update_invoice(sdk.tenant, key, Invoices(invoices=[Invoice(status="AUTHORISED")]))
    assert "not of valid status" in caught.value.reason


def test_files_notes_mail_and_the_online_address_of_an_invoice(sdk: Sdk) -> None:
    contact = new_contact(sdk)
    made = sdk.api.create_invoices(sdk.tenant, Invoices(invoices=[sale(contact, "SDK-F", 5.0)]))
    key = made.invoices[0].invoice_id
    sdk.api.create_invoice_attachment_by_file_name(sdk.tenant, key, "a.txt", b"hello")
    held = sdk.api.get_invoice_attachments(sdk.tenant, key).attachments
    assert [(a.file_name, a.content_length) for a in held] == [("a.txt", 5)]
    sdk.api.create_invoice_attachment_by_file_name(sdk.tenant, key, "a.txt", b"hello again")
    held = sdk.api.get_invoice_attachments(sdk.tenant, key).attachments
    assert [(a.file_name, a.content_length) for a in held] == [("a.txt", 11)]
    note = HistoryRecords(history_records=[HistoryRecord(details="called")])
    sdk.api.create_invoice_history(sdk.tenant, key, note)
    told = sdk.api.get_invoice_history(sdk.tenant, key).history_records
    assert [told[0].details, told[-1].changes] == ["called", "Created"]
    address = sdk.api.get_online_invoice(sdk.tenant, key).online_invoices[0].online_invoice_url
    assert address.startswith("https://")


def test_bulk_with_one_bad_element_keeps_the_good_ones(sdk: Sdk) -> None:
    contact = new_contact(sdk)
    bad = Invoice(type="ACCREC", line_items=lines(1.0))
    made = sdk.api.create_invoices(
        sdk.tenant,
        Invoices(invoices=[sale(contact, "SDK-1"), bad, sale(contact, "SDK-3")]),
        summarize_errors=False,
        idempotency_key="bulk-1",
    ).invoices
    assert [i.status_attribute_string for i in made] == ["OK", "ERROR", "OK"]
    assert made[1].invoice_id == "00000000-0000-0000-0000-000000000000"
    assert "at least 1 of the following" in made[1].validation_errors[0].message
    with pytest.raises(AccountingBadRequestException) as caught:
        sdk.api.create_invoices(sdk.tenant, Invoices(invoices=[bad]))
    assert caught.value.error_data["ErrorNumber"] == 10


def test_a_used_number_is_refused_and_the_same_key_is_replayed(sdk: Sdk) -> None:
    contact = new_contact(sdk)
    send = Invoices(invoices=[sale(contact, "SDK-1")])
    first = sdk.api.create_invoices(sdk.tenant, send, idempotency_key="K").invoices[0]
    again = sdk.api.create_invoices(sdk.tenant, send, idempotency_key="K").invoices[0]
    assert again.invoice_id == first.invoice_id
    with pytest.raises(AccountingBadRequestException) as caught:
        sdk.api.create_invoices(sdk.tenant, send, idempotency_key="L")
    assert caught.value.reason == "Invoice # must be unique."
    with pytest.raises(AccountingBadRequestException):
        sdk.api.create_invoices(
            sdk.tenant, Invoices(invoices=[sale(contact, "X")]), idempotency_key="K"
        )


def test_payments_are_made_listed_and_deleted(sdk: Sdk) -> None:
    contact = new_contact(sdk)
    made = sdk.api.create_invoices(sdk.tenant, Invoices(invoices=[sale(contact, "SDK-1", 100.0)]))
    key = made.invoices[0].invoice_id
    pay = Payment(
        invoice=Invoice(invoice_id=key), account=Account(code="090"), date=dt.date(2026, 6, 20),
        amount=120.0, reference="ref",
    )  # fmt: skip
    one = sdk.api.create_payment(sdk.tenant, pay, idempotency_key="P").payments[0]
    assert one.payment_type == "ACCRECPAYMENT"
    assert sdk.api.get_invoice(sdk.tenant, key).invoices[0].status == "PAID"
    found = sdk.api.get_payments(
        sdk.tenant,
        where=f'Invoice.InvoiceID==Guid("{key}") AND PaymentType=="ACCRECPAYMENT"',
        page=1,
    )
    assert [p.payment_id for p in found.payments] == [one.payment_id]
    sdk.api.delete_payment(sdk.tenant, one.payment_id, PaymentDelete(status="DELETED"))
    reopened = sdk.api.get_invoice(sdk.tenant, key).invoices[0]
    assert (reopened.status, float(reopened.amount_due)) == ("AUTHORISED", 120.0)
    too_much = Payment(invoice=Invoice(invoice_id=key), account=Account(code="090"), amount=999.0)
    with pytest.raises(AccountingBadRequestException) as caught:
        sdk.api.create_payments(sdk.tenant, Payments(payments=[too_much]))
    assert "exceeds the amount outstanding" in caught.value.reason


def test_credit_notes_are_allocated(sdk: Sdk) -> None:
    contact = new_contact(sdk)
    made = sdk.api.create_invoices(sdk.tenant, Invoices(invoices=[sale(contact, "SDK-1", 100.0)]))
    key = made.invoices[0].invoice_id
    note = CreditNote(
        type="ACCRECCREDIT", contact=Contact(contact_id=contact), date=dt.date(2026, 6, 2),
        status="AUTHORISED", line_items=lines(50.0),
    )  # fmt: skip
    credit = sdk.api.create_credit_notes(sdk.tenant, CreditNotes(credit_notes=[note])).credit_notes[
        0
    ]
    part = Allocation(amount=10.0, invoice=Invoice(invoice_id=key), date=dt.date(2026, 6, 3))
    done = sdk.api.create_credit_note_allocation(
        sdk.tenant, credit.credit_note_id, Allocations(allocations=[part])
    )
    assert float(done.allocations[0].amount) == 10.0
    assert float(sdk.api.get_invoice(sdk.tenant, key).invoices[0].amount_credited) == 10.0
    left = sdk.api.get_credit_note(sdk.tenant, credit.credit_note_id).credit_notes[0]
    assert float(left.remaining_credit) == 50.0


def test_items_orders_quotes_banking_and_journals_are_written(sdk: Sdk) -> None:
    tenant, api = sdk.tenant, sdk.api
    contact = Contact(contact_id=new_contact(sdk))
    item = api.create_items(tenant, Items(items=[Item(code="SDK-I", name="Thing")])).items[0]
    with pytest.raises(AccountingBadRequestException) as caught:
        api.create_items(tenant, Items(items=[Item(code="sdk-i", name="Thing")]))
    assert "already exists" in caught.value.reason
    api.delete_item(tenant, item.item_id)
    with pytest.raises(NotFoundException):
        api.get_item(tenant, item.item_id)
    order = PurchaseOrder(contact=contact, line_items=lines(5.0, code="429", tax="INPUT2"))
    made = api.create_purchase_orders(
        tenant, PurchaseOrders(purchase_orders=[order])
    ).purchase_orders[0]
    assert made.purchase_order_number.startswith("PO-")
    quote = Quote(contact=contact, date=dt.date(2026, 6, 1), line_items=lines(5.0))
    assert api.create_quotes(tenant, Quotes(quotes=[quote])).quotes[0].status.value == "DRAFT"
    received = BankTransaction(
        type="RECEIVE", contact=contact, bank_account=Account(code="090"), line_items=lines(7.0)
    )
    bank = api.create_bank_transactions(tenant, BankTransactions(bank_transactions=[received]))
    assert float(bank.bank_transactions[0].total) == 8.4
    rows = [ManualJournalLine(line_amount=a, account_code="429") for a in (100.0, -10.0)]
    journal = ManualJournal(narration="odd", journal_lines=rows)
    with pytest.raises(AccountingBadRequestException) as caught:
        api.create_manual_journals(tenant, ManualJournals(manual_journals=[journal]))
    assert caught.value.reason == "The total debits (100.00) must equal total credits (-10.00)"


def test_a_quantity_is_adjusted_by_papers_over_nothing_as_the_vendors_guide_says(sdk: Sdk) -> None:
    """Xero has no adjustment of its own: a bill brings goods in, a credit note of purchases takes them out."""
    tenant, api = sdk.tenant, sdk.api
    bought = Purchase(unit_price=2.0, cogs_account_code="310")
    item = Item(
        code="ADJ", name="Counted", inventory_asset_account_code="630", purchase_details=bought
    )
    key = api.create_items(tenant, Items(items=[item])).items[0].item_id
    day = dt.date(2026, 6, 1)
    contact = Contact(name="Inventory adjustments")

    def papers(quantity: float) -> list[LineItem]:
        goods = LineItem(description="Counted", item_code="ADJ", quantity=quantity, unit_amount=2.0)
        back = LineItem(
            description="Adjustment", quantity=quantity, unit_amount=-2.0, account_code="310"
        )
        return [goods, back]

    more = Invoice(
        type="ACCPAY", contact=contact, date=day, due_date=day, status="AUTHORISED",
        line_amount_types=LineAmountTypes.NOTAX, invoice_number="SC1-1", line_items=papers(5.0),
    )  # fmt: skip
    made = api.create_invoices(tenant, Invoices(invoices=[more])).invoices[0]
    assert (float(made.total), made.status) == (0.0, "PAID")
    held = api.get_item(tenant, key).items[0]
    assert (float(held.quantity_on_hand), float(held.total_cost_pool)) == (5.0, 10.0)

    less = CreditNote(
        type="ACCPAYCREDIT", contact=contact, date=day, status="AUTHORISED",
        line_amount_types=LineAmountTypes.NOTAX, credit_note_number="SC1-2", line_items=papers(3.0),
    )  # fmt: skip
    api.create_credit_notes(tenant, CreditNotes(credit_notes=[less]))
    held = api.get_item(tenant, key).items[0]
    assert (float(held.quantity_on_hand), float(held.total_cost_pool)) == (2.0, 4.0)


def test_the_token_is_refreshed_and_rotates(sdk: Sdk) -> None:
    old = dict(sdk.store["token"])
    sdk.store["token"]["expires_at"] = time.time() + 10
    assert sdk.api.get_organisations(sdk.tenant).organisations
    fresh = sdk.store["token"]
    assert fresh["access_token"] != old["access_token"]
    assert fresh["refresh_token"] != old["refresh_token"]


def test_client_credentials_and_revocation(sdk: Sdk) -> None:
    token = sdk.client.get_client_credentials_token()
    assert token["access_token"]
    sdk.store["token"] = {
        **token,
        "expires_at": time.time() + 1800,
        "scope": token["scope"].split(),
    }
    assert sdk.api.get_organisations(sdk.tenant).organisations


def test_an_unknown_token_or_tenant_is_refused(sdk: Sdk) -> None:
    with pytest.raises(HTTPStatusException) as caught:
        sdk.api.get_organisations("00000000-0000-0000-0000-000000000000")
    assert caught.value.status == 403
    sdk.store["token"]["access_token"] = "nonsense"
    with pytest.raises(HTTPStatusException) as caught:
        sdk.api.get_organisations(sdk.tenant)
    assert caught.value.status == 401


def test_the_minute_limit_is_told_with_the_vendors_headers(sdk: Sdk) -> None:
    sdk.emulator.limiter.ceilings.minute = 3
    sdk.emulator.limiter.reset()
    for _ in range(3):
        sdk.api.get_organisations(sdk.tenant)
    assert sdk.client.last_response.getheader("X-MinLimit-Remaining") == "0"
    with pytest.raises(RateLimitException) as caught:
        sdk.api.get_organisations(sdk.tenant)
    assert caught.value.rate_limit == "minute"
    assert 1 <= int(caught.value.headers["Retry-After"]) <= 61
    sdk.emulator.clock.advance(61)
    assert sdk.api.get_organisations(sdk.tenant).organisations
