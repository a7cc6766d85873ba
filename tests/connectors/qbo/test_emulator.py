"""The emulated service's own rules, as Intuit documents them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import FaultKind
from connectors.qbo.emulator import make
from connectors.qbo.emulator.refusals import RefusedError
from connectors.qbo.emulator.throttle import Throttle, Windows
from tests.connectors.qbo.conftest import InProcess, invoice_body

D = Decimal


@pytest.fixture
def write(emulator):
    """``write(entity, body)`` as an app would, without HTTP."""
    return emulator.service.write


@pytest.fixture
def http(emulator):
    hello = emulator.hello()
    client = httpx.Client(
        base_url=f"http://qbo.test/v3/company/{hello['realm_id']}",
        transport=InProcess(emulator),
        headers={"Authorization": f"Bearer {hello['access_token']}", "Accept": "application/json"},
    )
    yield client
    client.close()


def refusal(work):
    with pytest.raises(RefusedError) as caught:
        work()
    return caught.value.complaints[0]


def prefer(emulator, block, **values):
    stored = emulator.books.preferences()
    merged = {**stored, block: {**stored[block], **values}}
    emulator.store.put("Preferences", "1", merged)


def company(emulator, **values):
    stored = emulator.books.require("CompanyInfo", "1")
    emulator.store.put("CompanyInfo", "1", {**stored, **values})


def account(emulator, kind):
    return {
        "value": next(a["Id"] for a in emulator.store.all("Account") if a["AccountType"] == kind)
    }


# -- every entity -------------------------------------------------------------------------------


def bodies(emulator):
    income, cogs = account(emulator, "Income"), account(emulator, "Cost of Goods Sold")
    bank, expense = account(emulator, "Bank"), account(emulator, "Expense")
    vendor = {"value": emulator.store.all("Vendor")[0]["Id"]}
    stock = {
        "value": next(
            i["Id"] for i in emulator.store.all("Item") if i["Type"] == "Inventory" and i["Active"]
        )
    }
    expense_line = {
        "Amount": D("12.50"),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": expense},
    }
    purchase = {"VendorRef": vendor, "TxnDate": "2026-06-15", "Line": [expense_line]}
    return {
        "Customer": {"GivenName": "Ann", "FamilyName": "Lee"},
        "Vendor": {"DisplayName": "Vendor X"},
        "Employee": {"GivenName": "Emp", "FamilyName": "Loyee"},
        "Item": {"Name": "Thing", "Type": "NonInventory", "IncomeAccountRef": income},
        "Account": {"Name": "New costs", "AccountType": "Expense"},
        "Term": {"Name": "Net 7", "DueDays": 7},
        "PaymentMethod": {"Name": "Barter"},
        "Class": {"Name": "Export"},
        "Department": {"Name": "South"},
        "TaxAgency": {"DisplayName": "Agency"},
        "CompanyCurrency": {"Code": "GBP"},
        "Invoice": invoice_body("1"),
        "SalesReceipt": invoice_body("1"),
        "CreditMemo": invoice_body("1"),
        "RefundReceipt": invoice_body("1") | {"DepositToAccountRef": bank},
        "Estimate": invoice_body("1"),
        "Payment": {"CustomerRef": {"value": "1"}, "TotalAmt": D(5), "TxnDate": "2026-06-15"},
        "Bill": purchase,
        "VendorCredit": purchase,
        "PurchaseOrder": purchase,
        "Purchase": {
            "PaymentType": "Cash",
            "AccountRef": bank,
            "TxnDate": "2026-06-15",
            "Line": [expense_line],
        },
        "Deposit": {
            "DepositToAccountRef": bank,
            "TxnDate": "2026-06-15",
            "Line": [
                {
                    "Amount": D(9),
                    "DetailType": "DepositLineDetail",
                    "DepositLineDetail": {"AccountRef": income},
                }
            ],
        },
        "Transfer": {
            "FromAccountRef": bank,
            "ToAccountRef": account(emulator, "Other Current Asset"),
            "Amount": D(3),
            "TxnDate": "2026-06-15",
        },
        "InventoryAdjustment": {
            "AdjustAccountRef": cogs,
            "TxnDate": "2026-06-15",
            "Line": [
                {
                    "DetailType": "ItemAdjustmentLineDetail",
                    "ItemAdjustmentLineDetail": {"ItemRef": stock, "QtyDiff": D(-2)},
                }
            ],
        },
    }


ENTITIES = [
    *[
        "Customer",
        "Vendor",
        "Employee",
        "Item",
        "Account",
        "Term",
        "PaymentMethod",
        "Class",
        "Department",
        "TaxAgency",
    ],
    *[
        "CompanyCurrency",
        "Invoice",
        "SalesReceipt",
        "CreditMemo",
        "RefundReceipt",
        "Estimate",
        "Payment",
        "Bill",
    ],
    *["VendorCredit", "PurchaseOrder", "Purchase", "Deposit", "Transfer", "InventoryAdjustment"],
]


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_entity_is_created_read_and_found_by_query(emulator, http, entity):
    body = bodies(emulator)[entity]
    made = emulator.service.write(entity, body)
    assert made["SyncToken"] == "0"
    read = http.get(f"/{entity.lower()}/{made['Id']}").json()[entity]
    assert read["Id"] == made["Id"]
    answer = http.get(
        "/query", params={"query": f"select * from {entity} where Id = '{made['Id']}'"}
    )
    assert [r["Id"] for r in answer.json()["QueryResponse"][entity]] == [made["Id"]]


@pytest.mark.parametrize(
    "entity", ["Invoice", "Bill", "Payment", "Deposit", "Transfer", "Purchase"]
)
def test_transactions_are_deleted_and_told_by_cdc(emulator, http, clock, entity):
    clock.advance(600)
    since = clock.now().isoformat()
    made = emulator.service.write(entity, bodies(emulator)[entity])
    emulator.service.delete(entity, {"Id": made["Id"], "SyncToken": "0"})
    answer = http.get("/cdc", params={"entities": entity, "changedSince": since}).json()
    stubs = answer["CDCResponse"][0]["QueryResponse"][0][entity]
    assert [(s["Id"], s["status"]) for s in stubs] == [(made["Id"], "Deleted")]
    assert http.get(f"/{entity.lower()}/{made['Id']}").json()["Fault"]["Error"][0]["code"] == "610"


# -- updates ------------------------------------------------------------------------------------


def test_a_full_update_clears_what_is_not_sent_and_a_sparse_one_does_not(write):
    made = write("Customer", {"DisplayName": "Full", "Notes": "n", "CompanyName": "C"})
    sparse = write("Customer", {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "m"})
    assert (sparse["CompanyName"], sparse["Notes"]) == ("C", "m")
    full = write("Customer", {"Id": made["Id"], "SyncToken": "1", "DisplayName": "Full"})
    assert "CompanyName" not in full
    assert "Notes" not in full
    assert full["SyncToken"] == "2"


def test_an_empty_text_clears_and_null_is_ignored(write):
    made = write("Customer", {"DisplayName": "Clear", "Notes": "n", "CompanyName": "C"})
    kept = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Notes": "", "CompanyName": None}
    changed = write("Customer", kept)
    assert "Notes" not in changed
    assert changed["CompanyName"] == "C"


def test_lines_keep_their_id_when_it_is_repeated(write):
    made = write("Invoice", invoice_body("1"))
    line = made["Line"][0]
    extra = {k: v for k, v in line.items() if k not in ("Id", "LineNum")}
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Line": [line, extra]}
    changed = write("Invoice", body)
    assert [x.get("Id") for x in changed["Line"]] == ["1", "2", None]
    assert changed["TotalAmt"] == D("200.00")


def test_unknown_names_wrappers_and_missing_members_are_refused(write):
    assert refusal(lambda: write("Invoice", {"Invoice": invoice_body("1")})).code == "2010"
    assert refusal(lambda: write("Invoice", invoice_body("1") | {"Colour": "red"})).code == "2010"
    assert refusal(lambda: write("Invoice", {"CustomerRef": {"value": "1"}})).element == "Line"
    assert refusal(lambda: write("Invoice", {"Id": "999999", "SyncToken": "0"})).code == "610"
    assert refusal(lambda: write("Invoice", {"Id": "abc", "SyncToken": "0"})).code == "2030"
    assert refusal(lambda: write("Customer", {"Id": "1", "sparse": True})).code == "2020"


@pytest.mark.parametrize("name", ["Customer", "Vendor", "Account", "Item", "Class", "Term"])
def test_list_records_cannot_be_deleted(emulator, name):
    body = {"Id": "1", "SyncToken": "0"}
    assert refusal(lambda: emulator.service.delete(name, body)).code == "500"


def test_a_customer_with_an_open_balance_cannot_be_deactivated(emulator, write):
    made = write("Customer", {"DisplayName": "Owes"})
    write("Invoice", invoice_body(made["Id"]))
    body = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    assert refusal(lambda: write("Customer", body)).code == "6220"


def test_names_refuse_colons_and_double_use(write):
    assert refusal(lambda: write("Customer", {"DisplayName": "a:b"})).code == "6000"
    assert refusal(lambda: write("Customer", {"CompanyName": "only"})).code == "6080"
    write("Account", {"Name": "Twice", "AccountType": "Expense"})
    again = {"Name": "twice", "AccountType": "Income"}
    assert refusal(lambda: write("Account", again)).code == "6240"


def test_an_inventory_item_needs_its_accounts_and_quantity(emulator, write):
    body = {"Name": "Stock", "Type": "Inventory", "TrackQtyOnHand": True}
    assert refusal(lambda: write("Item", body)).element == "QtyOnHand"


def test_selling_moves_the_quantity_on_hand_and_deleting_moves_it_back(emulator, write):
    item = next(i for i in emulator.store.all("Item") if i["Type"] == "Inventory" and i["Active"])
    before = item["QtyOnHand"]
    made = write("Invoice", invoice_body("1", item=item["Id"]))
    assert emulator.books.require("Item", item["Id"])["QtyOnHand"] == before - 1
    emulator.service.delete("Invoice", {"Id": made["Id"], "SyncToken": made["SyncToken"]})
    assert emulator.books.require("Item", item["Id"])["QtyOnHand"] == before


def test_stock_cannot_be_sold_before_it_is_counted(emulator, write):
    body = bodies(emulator)["Item"] | {
        "Name": "Later",
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": D(5),
        "InvStartDate": "2026-06-20",
        "AssetAccountRef": account(emulator, "Other Current Asset"),
        "ExpenseAccountRef": account(emulator, "Cost of Goods Sold"),
    }
    item = write("Item", body)
    assert refusal(lambda: write("Invoice", invoice_body("1", item=item["Id"]))).code == "6270"
    write("Invoice", invoice_body("1", item=item["Id"]) | {"TxnDate": "2026-06-20"})


def test_a_taxed_posting_outside_the_us_needs_its_side_and_amount(emulator, write):
    code = global_company(emulator, "20")
    detail = {
        "PostingType": "Debit",
        "AccountRef": account(emulator, "Expense"),
        "TaxCodeRef": {"value": code},
    }
    line = {"Amount": D(5), "DetailType": "JournalEntryLineDetail"}

    def entry(**more):
        sides = [detail | more, {**detail, **more, "PostingType": "Credit"}]
        lines = [{**line, "JournalEntryLineDetail": side} for side in sides]
        return {"TxnDate": "2026-06-15", "Line": lines}

    assert refusal(lambda: write("JournalEntry", entry())).code == "2270"
    assert refusal(lambda: write("JournalEntry", entry(TaxApplicableOn="Sales"))).code == "2280"
    write("JournalEntry", entry(TaxApplicableOn="Sales", TaxAmount=D(1)))


# -- numbers and periods ------------------------------------------------------------------------


def test_numbers_follow_the_preference(emulator, write):
    assert "DocNumber" not in write("Invoice", invoice_body("1"))
    prefer(emulator, "SalesFormsPrefs", CustomTxnNumbers=False)
    first = write("Invoice", invoice_body("1"))["DocNumber"]
    second = write("SalesReceipt", invoice_body("1"))["DocNumber"]
    assert int(second) == int(first) + 1
    # with automatic numbers duplicates slip through
    write("Invoice", invoice_body("1") | {"DocNumber": first})


def test_a_duplicate_number_can_be_allowed_for_one_call(emulator, write):
    write("Invoice", invoice_body("1") | {"DocNumber": "A"})
    body = invoice_body("1") | {"DocNumber": "a"}
    assert refusal(lambda: write("Invoice", body)).code == "6140"
    assert write("Invoice", body, "allowduplicatedocnum")["DocNumber"] == "a"
    write("CreditMemo", body)  # numbers are compared within one kind


def test_the_closing_date_refuses_new_changed_and_deleted_documents(emulator, write):
    closed = next(i for i in emulator.store.all("Invoice") if i["TxnDate"] <= "2026-03-31")
    body = {"Id": closed["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    assert refusal(lambda: write("Invoice", body)).code == "6210"
    key = {"Id": closed["Id"], "SyncToken": "0"}
    assert refusal(lambda: emulator.service.delete("Invoice", key)).code == "6210"


# -- tax ----------------------------------------------------------------------------------------


def two_lines(code="TAX"):
    body = invoice_body("1", "335.25", code=code)
    return body | {"Line": [*body["Line"], *invoice_body("1", "10.00", code="NON")["Line"]]}


def test_us_tax_is_taken_on_taxable_lines_by_the_code_of_the_document(write):
    body = two_lines() | {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "3"}}}
    made = write("Invoice", body)
    line = made["TxnTaxDetail"]["TaxLine"][0]
    assert (line["Amount"], line["TaxLineDetail"]["NetAmountTaxable"]) == (D("25.98"), D("335.25"))
    assert made["TotalAmt"] == D("371.23")


def test_us_lines_take_only_the_two_pseudo_codes(write):
    assert refusal(lambda: write("Invoice", two_lines("2"))).code == "6100"


def test_a_supplied_total_of_tax_is_honoured(write):
    made = write("Invoice", two_lines() | {"TxnTaxDetail": {"TotalTax": D("27.67")}})
    assert made["TxnTaxDetail"]["TotalTax"] == D("27.67")
    assert made["TotalAmt"] == D("372.92")


def test_automated_tax_follows_the_place_the_goods_go_to(emulator, write):
    prefer(emulator, "TaxPrefs", PartnerTaxEnabled=True)
    there = {"Line1": "1 Pier", "CountrySubDivisionCode": "CA"}
    made = write("Invoice", two_lines() | {"ShipAddr": there})
    assert made["TxnTaxDetail"]["TotalTax"] == D("25.98")
    there = there | {"CountrySubDivisionCode": "CO"}
    made = write("Invoice", two_lines() | {"ShipAddr": there})
    assert made["TxnTaxDetail"]["TotalTax"] == 0


@pytest.mark.parametrize(("after", "tax"), [(False, "8.25"), (True, "7.43")])
def test_a_discount_comes_before_or_after_tax_as_the_document_says(write, after, tax):
    line = {
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": D(10)},
    }
    body = invoice_body("1", "100.00", code="TAX")
    body |= {"Line": [*body["Line"], line], "ApplyTaxAfterDiscount": after}
    body |= {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}}}
    made = write("Invoice", body)
    assert made["TxnTaxDetail"]["TotalTax"] == D(tax)
    assert made["TotalAmt"] == D("90.00") + D(tax)


def global_company(emulator, rate, name="VAT"):
    company(emulator, Country="GB")
    body = {
        "TaxCode": name,
        "TaxRateDetails": [
            {"TaxRateName": name, "RateValue": rate, "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
        ],
    }
    return emulator.extras.tax_code(body)["TaxCodeId"]


def test_tax_elsewhere_is_taken_per_rate_on_the_sum_of_its_lines(emulator, write):
    code = global_company(emulator, "20")
    body = invoice_body("1", "25.06", code=code)
    for amount in ("25.61", "25.63"):
        body["Line"] += invoice_body("1", amount, code=code)["Line"]
    made = write("Invoice", body | {"GlobalTaxCalculation": "TaxExcluded"})
    assert made["TxnTaxDetail"]["TotalTax"] == D("15.26")
    assert made["TotalAmt"] == D("91.56")


def test_the_cent_that_rounding_by_line_makes(emulator, write):
    # 4,495.16 at 9.975 % is 448.392210; split over lines it may become 448.40
    code = global_company(emulator, "9.975")
    body = invoice_body("1", "4495.16", code=code)
    assert write("Invoice", body)["TxnTaxDetail"]["TotalTax"] == D("448.39")
    company(emulator, NameValue=[{"Name": "TaxRounding", "Value": "line"}])
    lines = [
        x for n in ("2000.10", "2000.10", "494.96") for x in invoice_body("1", n, code=code)["Line"]
    ]
    assert write("Invoice", body | {"Line": lines})["TxnTaxDetail"]["TotalTax"] == D("448.39")
    lines = [
        x for n in ("0.26", "0.26", "4494.64") for x in invoice_body("1", n, code=code)["Line"]
    ]
    assert write("Invoice", body | {"Line": lines})["TxnTaxDetail"]["TotalTax"] == D("448.40")


# -- currencies ---------------------------------------------------------------------------------


def test_a_foreign_customer_is_billed_in_its_currency_and_paid_in_part(emulator, write):
    prefer(emulator, "CurrencyPrefs", MultiCurrencyEnabled=True)
    rate = {"SourceCurrencyCode": "EUR", "AsOfDate": "2026-06-01", "Rate": D("1.09")}
    emulator.extras.write_rate(rate)
    buyer = write("Customer", {"DisplayName": "Berlin", "CurrencyRef": {"value": "EUR"}})
    made = write("Invoice", invoice_body(buyer["Id"]))
    assert (made["ExchangeRate"], made["HomeTotalAmt"]) == (D("1.09"), D("109.00"))
    part = {
        "CustomerRef": {"value": buyer["Id"]},
        "CurrencyRef": {"value": "EUR"},
        "TxnDate": "2026-06-15",
        "TotalAmt": D("40"),
        "Line": [{"Amount": D("40"), "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}],
    }
    write("Payment", part)
    after = emulator.books.require("Invoice", made["Id"])
    assert (after["Balance"], after["HomeBalance"]) == (D("60.00"), D("65.40"))
    other = invoice_body(buyer["Id"]) | {"CurrencyRef": {"value": "USD"}}
    assert refusal(lambda: write("Invoice", other)).code == "6000"


def test_a_foreign_currency_is_refused_while_only_one_is_used(write):
    body = invoice_body("1") | {"CurrencyRef": {"value": "EUR"}}
    assert refusal(lambda: write("Invoice", body)).code == "2500"


# -- applications -------------------------------------------------------------------------------


def applied(*lines, total, customer="1"):
    return {
        "CustomerRef": {"value": customer},
        "TxnDate": "2026-06-15",
        "TotalAmt": D(total),
        "Line": [
            {"Amount": D(amount), "LinkedTxn": [{"TxnId": key, "TxnType": kind}]}
            for kind, key, amount in lines
        ],
    }


def test_a_credit_alone_pays_an_invoice(emulator, write):
    invoice, credit = write("Invoice", invoice_body("1")), write("CreditMemo", invoice_body("1"))
    lines = (("Invoice", invoice["Id"], "100"), ("CreditMemo", credit["Id"], "100"))
    paid = write("Payment", applied(*lines, total="0"))
    assert paid["UnappliedAmt"] == 0
    assert emulator.books.require("Invoice", invoice["Id"])["Balance"] == 0
    assert emulator.books.require("CreditMemo", credit["Id"])["RemainingCredit"] == 0


def test_changing_and_deleting_a_payment_moves_the_balance(emulator, write):
    invoice = write("Invoice", invoice_body("1"))
    paid = write("Payment", applied(("Invoice", invoice["Id"], "100"), total="100"))
    lines = applied(("Invoice", invoice["Id"], "30"), total="100")["Line"]
    changed = write("Payment", {**paid, "Line": lines, "sparse": True})
    assert changed["UnappliedAmt"] == D("70.00")
    assert emulator.books.require("Invoice", invoice["Id"])["Balance"] == D("70.00")
    emulator.service.delete("Payment", {"Id": paid["Id"], "SyncToken": changed["SyncToken"]})
    assert emulator.books.require("Invoice", invoice["Id"])["Balance"] == D("100.00")


def test_voiding_an_invoice_gives_its_payment_the_money_back(emulator, write):
    invoice = write("Invoice", invoice_body("1"))
    paid = write("Payment", applied(("Invoice", invoice["Id"], "60"), total="60"))
    token = emulator.books.require("Invoice", invoice["Id"])["SyncToken"]
    emulator.service.void("Invoice", {"Id": invoice["Id"], "SyncToken": token})
    after = emulator.books.require("Payment", paid["Id"])
    assert (after["UnappliedAmt"], after["Line"]) == (D("60.00"), [])


def test_accounts_show_what_their_documents_add_up_to(emulator, write):
    def balance(name):
        doc = emulator.store.find("Account", "name", name.casefold())[0]
        return emulator.service.show("Account", doc)["CurrentBalance"]

    owed, waiting = "Accounts Receivable (A/R)", "Undeposited Funds"
    customers = emulator.store.all("Customer")
    total = sum(emulator.service.money.balances.of_name("Customer", c["Id"]) for c in customers)
    assert balance(owed) == total > 0
    before = balance(owed), balance(waiting)
    invoice = write("Invoice", invoice_body("1"))
    assert balance(owed) == before[0] + 100
    write("Payment", applied(("Invoice", invoice["Id"], "60"), total="60"))
    assert (balance(owed), balance(waiting)) == (before[0] + 40, before[1] + 60)
    assert balance("Accounts Payable (A/P)") < 0
    assert balance("Sales of Product Income") == 0


def test_an_estimate_is_closed_by_its_invoice_and_serves_only_one(emulator, write):
    offer = write("Estimate", invoice_body("1"))
    link = {"LinkedTxn": [{"TxnId": offer["Id"], "TxnType": "Estimate"}]}
    invoice = write("Invoice", invoice_body("1") | link)
    after = emulator.books.require("Estimate", offer["Id"])
    assert after["TxnStatus"] == "Closed"
    assert after["LinkedTxn"] == [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
    assert refusal(lambda: write("Invoice", invoice_body("1") | link)).code == "620"


def test_a_bill_closes_its_purchase_order(emulator, write):
    order = write("PurchaseOrder", bodies(emulator)["PurchaseOrder"])
    link = {"LinkedTxn": [{"TxnId": order["Id"], "TxnType": "PurchaseOrder"}]}
    write("Bill", bodies(emulator)["Bill"] | link)
    assert emulator.books.require("PurchaseOrder", order["Id"])["POStatus"] == "Closed"


def test_another_customers_invoice_cannot_be_paid(write):
    invoice = write("Invoice", invoice_body("1"))
    body = applied(("Invoice", invoice["Id"], "10"), total="10", customer="2")
    assert refusal(lambda: write("Payment", body)).code == "6000"


def test_an_invoice_cannot_shrink_below_what_was_paid(emulator, write):
    invoice = write("Invoice", invoice_body("1"))
    write("Payment", applied(("Invoice", invoice["Id"], "60"), total="60"))
    token = emulator.books.require("Invoice", invoice["Id"])["SyncToken"]
    body = invoice_body("1", "50.00") | {"Id": invoice["Id"], "SyncToken": token, "sparse": True}
    assert refusal(lambda: write("Invoice", body)).code == "6000"
    assert emulator.books.require("Invoice", invoice["Id"])["TotalAmt"] == D("100.00")


def test_a_deposited_payment_cannot_be_deleted(emulator, write):
    paid = write("Payment", applied(total="10"))
    write(
        "Deposit",
        {
            "DepositToAccountRef": account(emulator, "Bank"),
            "TxnDate": "2026-06-15",
            "Line": [
                {
                    "Amount": D(10),
                    "LinkedTxn": [{"TxnId": paid["Id"], "TxnType": "Payment", "TxnLineId": "0"}],
                }
            ],
        },
    )
    key = {"Id": paid["Id"], "SyncToken": "0"}
    assert refusal(lambda: emulator.service.delete("Payment", key)).code == "6540"


# -- the wire -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select * from Nothing", "2000"),
        ("select from Customer", "4000"),
        ("select * from Customer where DisplayName ~ 'x'", "4000"),
        ("select * from Customer where DisplayName = 'x' or Id = '1'", "4000"),
        ("select * from Customer where Colour = 'x'", "4001"),
        ("select * from SalesReceipt where DepartmentRef = '1'", "4001"),
        ("select * from Customer maxresults 5000", "4001"),
        ("select * from Customer where DisplayName = 'x", "4000"),
    ],
)
def test_a_bad_statement_is_refused_with_its_code(http, statement, code):
    answer = http.get("/query", params={"query": statement})
    assert answer.status_code == 400
    assert answer.json()["Fault"]["Error"][0]["code"] == code


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT  *  FROM customer  WHERE active = True ORDER BY displayname DESC MAXRESULTS 5",
        "select *, Sku from Item maxresults 5",
        "select Id, DisplayName from Customer where Id in ('1', '2')",
        "select * from Invoice where TotalAmt > 100 and TxnDate >= '2026-01-01'",
        "select * from Invoice where CustomerRef = '1' orderby Id startposition 1 maxresults 2",
        "select * from Invoice where MetaData.LastUpdatedTime >= '2026-01-01T00:00:00Z'",
        "select * from Customer where DisplayName like '%a%' and Active in (true, false)",
    ],
)
def test_the_spellings_real_clients_use_are_understood(http, statement):
    answer = http.post("/query", content=statement, headers={"Content-Type": "application/text"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["QueryResponse"]


def test_inactive_records_hide_until_asked_for(http, emulator):
    def count(where):
        query = f"select count(*) from Customer {where}"
        return http.get("/query", params={"query": query}).json()["QueryResponse"]["totalCount"]

    assert count("") + count("where Active = false") == count("where Active in (true, false)")
    assert count("where Active = false") > 0


def test_no_rows_answer_without_the_entity_and_columns_answer_sparse(http):
    empty = http.get("/query", params={"query": "select * from Customer where Id = '99999'"})
    assert empty.json()["QueryResponse"] == {}
    some = http.get("/query", params={"query": "select DisplayName from Customer where Id = '1'"})
    assert set(some.json()["QueryResponse"]["Customer"][0]) == {"DisplayName", "sparse"}


def test_a_request_id_replays_the_first_answer(http):
    answers = [
        http.post("/customer?requestid=r-1", json={"DisplayName": name}).content
        for name in ("Once", "Twice")
    ]
    assert answers[0] == answers[1]
    long = http.post("/customer?requestid=" + "x" * 51, json={"DisplayName": "Long"})
    assert long.json()["Fault"]["Error"][0]["code"] == "2130"


def test_a_batch_over_thirty_and_cdc_over_thirty_days_are_refused(http):
    items = [{"bId": str(n), "Query": "select * from Term"} for n in range(31)]
    answer = http.post("/batch", json={"BatchItemRequest": items})
    assert answer.json()["Fault"]["Error"][0]["code"] == "1040"
    old = {"entities": "Customer", "changedSince": "2026-01-01T00:00:00Z"}
    assert http.get("/cdc", params=old).json()["Fault"]["Error"][0]["code"] == "2190"
    wrong = {"entities": "TaxCode", "changedSince": "2026-06-30T00:00:00Z"}
    assert http.get("/cdc", params=wrong).json()["Fault"]["Error"][0]["code"] == "2000"


def test_a_batch_voids_queries_and_answers_each(http):
    made = http.post("/invoice", json=json.loads(json.dumps(invoice_body("1"), default=float)))
    key = made.json()["Invoice"]["Id"]
    items = [
        {"bId": "a", "operation": "void", "Invoice": {"Id": key, "SyncToken": "0"}},
        {"bId": "b", "Query": "select * from Term"},
        {"bId": "c", "operation": "create", "Customer": {"Bad": 1}},
    ]
    answers = {
        a["bId"]: a
        for a in http.post("/batch", json={"BatchItemRequest": items}).json()["BatchItemResponse"]
    }
    assert answers["a"]["Invoice"]["TotalAmt"] == 0
    assert answers["b"]["QueryResponse"]["Term"]
    assert answers["c"]["Fault"]["Error"][0]["code"] == "2010"


def test_the_windows_refuse_the_eleventh_call_of_a_second(http, emulator, clock):
    emulator.throttle.windows = Windows(slowed=0)
    answers = [http.get("/preferences").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    clock.advance(1)
    assert http.get("/preferences").status_code == 200


def test_a_fast_sequential_client_is_slowed_before_it_is_refused(clock, monkeypatch):
    monkeypatch.setattr("connectors.qbo.emulator.throttle.time.sleep", clock.advance)
    throttle = Throttle(clock, Windows(slowed=3))
    begun, allowed = clock.now(), []
    for _ in range(41):
        with throttle.entered("me", batch=False) as one:
            allowed.append(one)
    assert allowed == [True] * 40 + [False]
    assert 3.0 <= (clock.now() - begun).total_seconds() < 3.1


def test_the_calls_in_flight_are_limited():
    throttle = Throttle(EmulatorClock(), Windows(concurrent=1))
    with throttle.entered("me", batch=False) as one, throttle.entered("me", batch=False) as two:
        assert (one, two) == (True, False)
    with throttle.entered("me", batch=False) as again:
        assert again


def test_every_answer_carries_a_trace_and_gateway_faults_have_their_own_shape(emulator, http):
    assert http.get("/preferences").headers["intuit_tid"]
    answer = http.get("/preferences", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.json()["fault"]["error"][0]["code"] == "3200"
    answer = http.get("http://qbo.test/v3/company/123/preferences")
    assert (answer.status_code, answer.json()["fault"]["error"][0]["code"]) == (403, "3100")


def test_a_renamed_retyped_or_hidden_field_shows_in_answers(bench):
    bench.arm(
        FaultKind.SCHEMA_CHANGE,
        detail={"entity": "Customer", "field": "DisplayName", "change": "rename", "to": "FullName"},
    )
    record = bench.connector.read("Customer", "1")
    assert "DisplayName" not in record.data
    assert record.data["FullName"]


def test_what_was_answered_survives_a_killed_process(tmp_path: Path, clock):
    first = make(data=tmp_path, clock=clock)
    made = first.service.write("Invoice", invoice_body("1") | {"DocNumber": "KEEP"})
    tokens = first.hello()
    del first  # never closed, as if killed
    second = make(data=tmp_path, clock=clock)
    kept = second.books.require("Invoice", made["Id"])
    assert (kept["DocNumber"], kept["TotalAmt"]) == ("KEEP", D("100.00"))
    assert second.hello() == tokens
    assert second.service.write("Customer", {"DisplayName": "Next"})["Id"] not in (
        c["Id"] for c in second.store.all("Customer")[:-1]
    )
    second.close()


def test_reset_brings_the_seeded_company_back(emulator):
    before = emulator.store.counts()
    emulator.service.write("Customer", {"DisplayName": "Gone soon"})
    emulator.reset(None, None)
    assert emulator.store.counts() == before


def test_the_seeded_books_obey_their_own_rules(emulator):
    service, store = emulator.service, emulator.store
    for kind in ("Invoice", "CreditMemo", "Bill"):
        for doc in store.all(kind):
            assert service.money.balances.open_amount(kind, doc) == doc["Balance"] >= 0, (
                kind,
                doc["Id"],
            )
    for kind in ("Customer", "Vendor", "Item", "Account", "TaxCode", "Term"):
        names = [str(d.get("DisplayName") or d.get("Name")).casefold() for d in store.all(kind)]
        assert len(set(names)) == len(names), kind
    for entry in store.all("JournalEntry"):
        sides = {"Debit": D(0), "Credit": D(0)}
        for line in entry["Line"]:
            sides[line["JournalEntryLineDetail"]["PostingType"]] += line["Amount"]
        assert sides["Debit"] == sides["Credit"]


def test_the_second_company_is_chosen_at_the_consent_and_has_data_of_its_own(emulator):
    http = httpx.Client(transport=InProcess(emulator), base_url="http://qbo.test")
    hello = emulator.hello()
    asked = {
        "client_id": hello["client_id"],
        "redirect_uri": "https://studio.test/back",
        "state": "s",
        "scope": "com.intuit.quickbooks.accounting",
        "response_type": "code",
    }
    page = http.get("/connect/oauth2", params=asked).text
    assert "Halden Outfitting Inc" in page
    assert "Halden Outlet Inc" in page

    back = http.post(
        "/connect/oauth2", data={**asked, "decision": "connect", "realm": emulator.second_realm}
    )
    told = dict(parse_qsl(urlsplit(back.headers["location"]).query))
    assert told["realmId"] == emulator.second_realm != hello["realm_id"]
    form = {
        "grant_type": "authorization_code",
        "code": told["code"],
        "redirect_uri": asked["redirect_uri"],
    }
    keys = (hello["client_id"], hello["client_secret"])
    tokens = http.post("/oauth2/v1/tokens/bearer", data=form, auth=keys).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"}
    own = f"/v3/company/{emulator.second_realm}"

    def count(base: str, entity: str, headers: dict[str, str]) -> int:
        query = {"query": f"select count(*) from {entity}"}
        answer = http.get(f"{base}/query", params=query, headers=headers).json()
        return int(answer["QueryResponse"]["totalCount"])

    assert (count(own, "Customer", bearer), count(own, "Invoice", bearer)) == (0, 0)
    assert count(own, "Account", bearer) > 20
    made = http.post(f"{own}/customer", json={"DisplayName": "First & Only"}, headers=bearer)
    assert made.status_code == 200
    assert count(own, "Customer", bearer) == 1
    # Neither knows the other's records, and neither token opens the other.
    first = f"/v3/company/{hello['realm_id']}"
    theirs = {"Authorization": f"Bearer {hello['access_token']}", "Accept": "application/json"}
    names = http.get(
        f"{first}/query",
        params={"query": "select * from Customer where DisplayName = 'First & Only'"},
        headers=theirs,
    ).json()
    assert "Customer" not in names["QueryResponse"]
    assert http.get(f"{first}/companyinfo/1", headers=bearer).status_code == 403
    assert http.get(f"{own}/companyinfo/1", headers=theirs).status_code == 403
