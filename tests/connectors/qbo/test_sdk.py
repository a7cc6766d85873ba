"""Intuit's Python SDK and OAuth client, unmodified, over real HTTP against the emulator."""

from __future__ import annotations

import intuitlib.config
import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    ValidationException,
)
from quickbooks.objects import (
    Account,
    Attachable,
    Bill,
    BillPayment,
    CompanyInfo,
    CreditMemo,
    Estimate,
    Invoice,
    Item,
    JournalEntry,
    Payment,
    Preferences,
    SalesReceipt,
    TaxCode,
    Term,
    Vendor,
)
from quickbooks.objects.base import AttachableRef, Ref
from quickbooks.objects.billpayment import BillPaymentLine, CheckPayment
from quickbooks.objects.customer import Customer
from quickbooks.objects.detailline import (
    AccountBasedExpenseLine,
    AccountBasedExpenseLineDetail,
    SalesItemLine,
    SalesItemLineDetail,
)
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.journalentry import JournalEntryLine, JournalEntryLineDetail
from quickbooks.objects.payment import PaymentLine

from connectors.qbo.emulator.throttle import Windows


@pytest.fixture
def auth(served, monkeypatch):
    hello = served.hello()
    monkeypatch.setitem(
        intuitlib.config.DISCOVERY_URL,
        "sandbox",
        served.url + "/.well-known/openid_sandbox_configuration/",
    )
    return AuthClient(
        hello["client_id"],
        hello["client_secret"],
        "http://localhost/cb",
        environment="sandbox",
        refresh_token=hello["refresh_token"],
    )


@pytest.fixture
def qb(served, auth, monkeypatch):
    monkeypatch.setattr(QuickBooks, "sandbox_api_url_v3", served.url + "/v3")
    monkeypatch.setattr(QuickBooks, "api_url_v3", served.url + "/v3")
    return QuickBooks(
        auth_client=auth,
        refresh_token=auth.refresh_token,
        company_id=served.hello()["realm_id"],
        minorversion=75,
    )


def to(value) -> Ref:
    ref = Ref()
    ref.value = str(value)
    return ref


def sale(kind, customer, amount=100, code=None):
    doc = kind()
    doc.CustomerRef = to(customer)
    doc.TxnDate = "2026-06-15"
    line = SalesItemLine()
    line.Amount = amount
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = to(1)
    line.SalesItemLineDetail.Qty = 1
    line.SalesItemLineDetail.UnitPrice = amount
    if code:
        line.SalesItemLineDetail.TaxCodeRef = to(code)
    doc.Line.append(line)
    return doc


def customer(qb, name="Acme Sdk"):
    made = Customer()
    made.DisplayName = name
    made.save(qb=qb)
    return made


def test_lists_filters_orders_pages_and_counts(qb):
    everyone = Customer.all(qb=qb, max_results=1000)
    assert len(everyone) == Customer.count(qb=qb) > 20
    assert Customer.count("Active = true", qb=qb) == len(everyone)
    ordered = Customer.all(order_by="DisplayName", qb=qb)
    assert [c.DisplayName for c in ordered] == sorted(
        (c.DisplayName for c in ordered), key=str.casefold
    )
    first = Customer.filter(Active=True, start_position=1, max_results=5, order_by="Id", qb=qb)
    second = Customer.filter(Active=True, start_position=6, max_results=5, order_by="Id", qb=qb)
    assert len({c.Id for c in first + second}) == 10
    assert [c.Id for c in Customer.choose(["1", "2"], qb=qb)] == ["1", "2"]
    assert Customer.where("DisplayName LIKE 'a%'", max_results=5, qb=qb)
    assert Customer.filter(DisplayName="nobody at all", qb=qb) == []


def test_a_quote_in_a_name_is_found_again(qb):
    made = customer(qb, "O'Brien & Sons")
    assert [c.Id for c in Customer.filter(DisplayName="O'Brien & Sons", qb=qb)] == [made.Id]


@pytest.mark.parametrize("kind", [Account, Item, Term, TaxCode, Vendor, Invoice, Payment, Bill])
def test_every_seeded_list_can_be_read(qb, kind):
    assert kind.all(qb=qb)


def test_the_same_request_id_gives_the_same_record(qb):
    ids = set()
    for _ in range(2):
        one = Customer()
        one.DisplayName = "Twice"
        one.save(qb=qb, request_id="rq-1")
        ids.add(one.Id)
    assert len(ids) == 1
    assert Customer.count("DisplayName = 'Twice'", qb=qb) == 1


def test_a_whole_object_sent_back_as_sparse_wipes_nothing(qb):
    first = next(c for c in Customer.all(qb=qb) if c.PrimaryEmailAddr and c.SalesTermRef)
    mail, terms = first.PrimaryEmailAddr.Address, first.SalesTermRef.value
    first.sparse = True
    first.Notes = "called today"
    first.save(qb=qb)
    again = Customer.get(int(first.Id), qb=qb)
    assert (again.PrimaryEmailAddr.Address, again.SalesTermRef.value) == (mail, terms)
    assert (again.Notes, again.SyncToken) == ("called today", "1")


def test_a_stale_token_is_refused_and_a_missing_record_is_told(qb):
    first = Customer.get(1, qb=qb)
    first.save(qb=qb)
    with pytest.raises(QuickbooksException) as caught:
        first.save(qb=qb)
    assert caught.value.error_code == 5010
    with pytest.raises(ObjectNotFoundException):
        Customer.get(99999, qb=qb)


def test_names_are_unique_over_customers_and_vendors(qb):
    customer(qb, "Shared Name")
    vendor = Vendor()
    vendor.DisplayName = "shared name"
    with pytest.raises(QuickbooksException) as caught:
        vendor.save(qb=qb)
    assert caught.value.error_code == 6240


def test_payments_move_balances_and_voiding_moves_them_back(qb):
    buyer = customer(qb)
    invoice = sale(Invoice, buyer.Id)
    invoice.save(qb=qb)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = to(buyer.Id), 60
    line = PaymentLine()
    line.Amount = 60
    line.LinkedTxn.append(invoice.to_linked_txn())
    payment.Line.append(line)
    payment.save(qb=qb)
    stored = Invoice.get(invoice.Id, qb=qb)
    assert (stored.TotalAmt, stored.Balance) == (100, 40)
    assert [(x.TxnType, x.TxnId) for x in stored.LinkedTxn] == [("Payment", payment.Id)]
    assert Customer.get(buyer.Id, qb=qb).Balance == 40
    paid = Payment.get(payment.Id, qb=qb)
    assert paid.UnappliedAmt == 0
    paid.void(qb=qb)
    stored = Invoice.get(invoice.Id, qb=qb)
    assert (stored.Balance, stored.LinkedTxn) == (100, [])
    stored.void(qb=qb)
    voided = Invoice.get(invoice.Id, qb=qb)
    assert (voided.TotalAmt, voided.Balance, voided.PrivateNote) == (0, 0, "Voided")


def test_a_deleted_invoice_is_gone(qb):
    invoice = sale(Invoice, customer(qb).Id)
    invoice.save(qb=qb)
    Invoice.get(invoice.Id, qb=qb).delete(qb=qb)
    with pytest.raises(ObjectNotFoundException):
        Invoice.get(invoice.Id, qb=qb)


@pytest.mark.parametrize("kind", [SalesReceipt, CreditMemo, Estimate])
def test_other_sales_documents_are_created_with_tax(qb, kind):
    doc = sale(kind, customer(qb).Id, 335.25, "TAX")
    doc.save(qb=qb)
    stored = kind.get(doc.Id, qb=qb)
    assert stored.TxnTaxDetail.TotalTax == 27.66
    assert stored.TotalAmt == 362.91


def test_a_bill_is_paid_by_check(qb):
    bill = Bill()
    bill.VendorRef = to(Vendor.all(qb=qb)[0].Id)
    bill.TxnDate = "2026-06-15"
    line = AccountBasedExpenseLine()
    line.Amount = 80
    line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
    account = Account.filter(AccountType="Expense", qb=qb)[0]
    line.AccountBasedExpenseLineDetail.AccountRef = to(account.Id)
    bill.Line.append(line)
    bill.save(qb=qb)
    paid = BillPayment()
    paid.VendorRef, paid.PayType, paid.TotalAmt = bill.VendorRef, "Check", 80
    paid.CheckPayment = CheckPayment()
    paid.CheckPayment.BankAccountRef = to(Account.filter(AccountType="Bank", qb=qb)[0].Id)
    part = BillPaymentLine()
    part.Amount = 80
    part.LinkedTxn.append(bill.to_linked_txn())
    paid.Line.append(part)
    paid.save(qb=qb)
    assert Bill.get(bill.Id, qb=qb).Balance == 0
    BillPayment.get(paid.Id, qb=qb).void(qb=qb)
    assert Bill.get(bill.Id, qb=qb).Balance == 80


def test_a_journal_must_balance(qb):
    accounts = Account.filter(AccountType="Expense", qb=qb)
    entry = JournalEntry()
    entry.TxnDate = "2026-06-15"
    for amount, way in ((5, "Debit"), (5, "Credit")):
        line = JournalEntryLine()
        line.Amount = amount
        line.JournalEntryLineDetail = JournalEntryLineDetail()
        line.JournalEntryLineDetail.PostingType = way
        line.JournalEntryLineDetail.AccountRef = to(accounts[0].Id)
        entry.Line.append(line)
    entry.save(qb=qb)
    assert entry.Id
    entry.Line[1].Amount = 4
    entry.Id = None
    with pytest.raises(ValidationException) as caught:
        entry.save(qb=qb)
    assert caught.value.error_code == 2300


def test_thirty_one_objects_go_in_two_batches_and_one_bad_spoils_only_itself(qb):
    many = []
    for number in range(31):
        one = Customer()
        one.DisplayName = f"Batch {number}" if number != 7 else "Batch 6"
        many.append(one)
    done = batch_create(many, qb=qb)
    assert (len(done.successes), len(done.faults)) == (30, 1)
    assert done.faults[0].Error[0].code == "6240"
    renamed = done.successes[0]
    renamed.Notes = "x"
    assert len(batch_update([renamed], qb=qb).successes) == 1
    buyer = renamed.Id
    invoice = sale(Invoice, buyer)
    invoice.save(qb=qb)
    gone = batch_delete([Invoice.get(invoice.Id, qb=qb)], qb=qb)
    assert len(gone.successes) == 1


def test_changes_since_a_time_tell_edits_and_deletes(qb, clock):
    clock.advance(600)
    since = clock.now().isoformat()
    clock.advance(60)
    buyer = customer(qb)
    invoice = sale(Invoice, buyer.Id)
    invoice.save(qb=qb)
    Invoice.get(invoice.Id, qb=qb).delete(qb=qb)
    answer = change_data_capture([Customer, Invoice], since, qb=qb)
    assert [c.Id for c in answer.Customer] == [buyer.Id]
    (stub,) = answer.Invoice
    assert (stub.Id, stub.status) == (invoice.Id, "Deleted")


def test_settings_rates_files_pdf_and_mail(qb, served, tmp_path):
    assert CompanyInfo.get(served.hello()["realm_id"], qb=qb).CompanyName.startswith("Halden")
    assert Preferences.get(qb=qb).CurrencyPrefs.HomeCurrency.value == "USD"
    rate = ExchangeRate()
    rate.SourceCurrencyCode, rate.AsOfDate, rate.Rate = "EUR", "2026-06-30", 1.09
    rate.save(qb=qb)
    invoice = sale(Invoice, customer(qb).Id)
    invoice.save(qb=qb)
    assert invoice.download_pdf(qb=qb).startswith(b"%PDF")
    invoice.send(qb=qb, send_to="a@b.example")
    assert Invoice.get(invoice.Id, qb=qb).EmailStatus == "EmailSent"
    path = tmp_path / "note.txt"
    path.write_bytes(b"hello")
    file = Attachable()
    link = AttachableRef()
    link.EntityRef = invoice.to_ref()
    file.AttachableRef.append(link)
    file.FileName, file._FilePath, file.ContentType = "note.txt", str(path), "text/plain"
    file.save(qb=qb)
    stored = Attachable.get(file.Id, qb=qb)
    assert (stored.FileName, stored.Size) == ("note.txt", 5)
    beside = "SELECT * FROM Attachable WHERE AttachableRef.EntityRef.Type = '{}' AND AttachableRef.EntityRef.value = '{}'"
    found = Attachable.query(beside.format("invoice", invoice.Id), qb=qb)
    assert [one.Id for one in found] == [file.Id]
    assert Attachable.query(beside.format("bill", invoice.Id), qb=qb) == []


def test_an_expired_token_must_be_renewed_and_the_old_refresh_token_is_dead(qb, auth, clock):
    before = auth.refresh_token
    clock.advance(3601)
    with pytest.raises(AuthorizationException):
        Customer.all(qb=qb)
    auth.refresh()
    assert auth.refresh_token != before
    renewed = QuickBooks(
        auth_client=auth, refresh_token=auth.refresh_token, company_id=qb.company_id
    )
    assert Customer.all(qb=renewed)
    with pytest.raises(AuthClientError) as caught:
        auth.refresh(refresh_token=before)
    assert b"invalid_grant" in caught.value.content


def test_a_person_consents_and_the_code_buys_tokens_once(auth, served):
    address = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="st-1")
    page = requests.get(address, timeout=5)
    assert "Connect" in page.text
    form = dict(part.split("=") for part in address.split("?")[1].split("&"))
    fields = {k: requests.utils.unquote(v) for k, v in form.items()} | {"decision": "connect"}
    back = requests.post(
        served.url + "/connect/oauth2", data=fields, timeout=5, allow_redirects=False
    )
    told = dict(part.split("=") for part in back.headers["Location"].split("?")[1].split("&"))
    assert (told["state"], told["realmId"]) == ("st-1", served.hello()["realm_id"])
    auth.get_bearer_token(told["code"], realm_id=told["realmId"])
    assert auth.expires_in == 3600
    with pytest.raises(AuthClientError):
        auth.get_bearer_token(told["code"], realm_id=told["realmId"])


def test_revoking_ends_the_grant(qb, auth):
    assert auth.revoke() is True
    with pytest.raises(AuthorizationException):
        Customer.all(qb=qb)
    with pytest.raises(AuthClientError):
        auth.refresh()


def test_a_foreign_company_and_too_many_calls_are_refused(qb, emulator, auth):
    other = QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id="123")
    with pytest.raises(QuickbooksException) as caught:
        Customer.all(qb=other)
    assert caught.value.error_code == 10000
    emulator.throttle.windows = Windows(per_minute=3, per_second=0, concurrent=0)
    qb = QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id=qb.company_id)
    for _ in range(3):
        Customer.count(qb=qb)
    with pytest.raises(ValidationException) as busy:
        Customer.count(qb=qb)
    assert busy.value.error_code == 3001


def test_the_sdk_accepts_our_webhook_signature(qb, emulator):
    from connectors.qbo.emulator.webhooks import signature

    qb.verifier_token = emulator.webhook_key
    body = '{"a":1}'
    assert qb.validate_webhook_signature(body, signature(emulator.webhook_key, body.encode()))
    assert signature("vt", b'{"a":1}') == "m913aIi51j+c05I1hbxSYXovgm7DsnWb3KuGm0wh3rw="
