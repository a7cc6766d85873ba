"""Rules of the service as a stranger with Intuit's pages and an HTTP client would try them."""

from __future__ import annotations

import httpx
import pytest

from tests.connectors.qbo.conftest import InProcess

LINE = {
    "DetailType": "SalesItemLineDetail",
    "Amount": 100,
    "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
}


class Books:
    """A hand-written client: posts bodies, answers the record or the code of the refusal."""

    def __init__(self, emulator) -> None:
        hello = emulator.hello()
        self.http = httpx.Client(
            base_url=f"http://qbo.test/v3/company/{hello['realm_id']}",
            transport=InProcess(emulator),
            headers={"Authorization": f"Bearer {hello['access_token']}"},
        )

    def post(self, entity: str, body: dict, **params: str):
        answer = self.http.post(f"/{entity.lower()}", json=body, params=params).json()
        return answer[entity] if entity in answer else answer["Fault"]["Error"][0]["code"]

    def read(self, entity: str, key: str) -> dict:
        return self.http.get(f"/{entity.lower()}/{key}").json()[entity]

    def query(self, statement: str):
        answer = self.http.get("/query", params={"query": statement}).json()
        if "Fault" in answer:
            return answer["Fault"]["Error"][0]["code"]
        return answer["QueryResponse"]

    def account(self, kind: str) -> dict[str, str]:
        found = self.query(f"select Id from Account where AccountType = '{kind}'")["Account"]
        return {"value": found[0]["Id"]}

    def journal(self, *lines: tuple[str, dict, int, dict | None], **params: str):
        made = []
        for way, account, amount, entity in lines:
            detail = {"PostingType": way, "AccountRef": account}
            if entity:
                detail["Entity"] = entity
            made.append(
                {"DetailType": "JournalEntryLineDetail", "Amount": amount,
                 "JournalEntryLineDetail": detail}
            )  # fmt: skip
        return self.post("JournalEntry", {"Line": made}, **params)


@pytest.fixture
def books(emulator):
    made = Books(emulator)
    yield made
    made.http.close()


def test_a_refused_request_may_come_again_mended_under_its_id(books):
    assert books.post("Customer", {"DisplayName": "a:b"}, requestid="r") == "6000"
    made = books.post("Customer", {"DisplayName": "ab"}, requestid="r")
    assert made["DisplayName"] == "ab"
    assert books.post("Customer", {"DisplayName": "other"}, requestid="r") == made
    assert books.post("Vendor", {"DisplayName": "other"}, requestid="r") == "600"


def test_a_refused_item_of_a_batch_may_come_again_mended(books):
    def send(name: str):
        item = {"bId": "1", "operation": "create", "Customer": {"DisplayName": name}}
        body = {"BatchItemRequest": [item]}
        return books.http.post("/batch?requestid=b", json=body).json()["BatchItemResponse"][0]

    assert "Fault" in send("a:b")
    assert send("ab")["Customer"] == send("third")["Customer"]


def test_balances_can_be_filtered_and_ordered_by(books):
    books.post("Invoice", {"CustomerRef": {"value": "3"}, "Line": [LINE]})
    found = books.query("select Id, Balance from Customer where Balance > '0' orderby Balance desc")
    balances = [row["Balance"] for row in found["Customer"]]
    assert balances == sorted(balances, reverse=True)
    assert min(balances) > 0
    banks = books.query("select Id from Account where CurrentBalance < '0'")
    assert banks["Account"]


def test_an_id_is_compared_for_equality_only_and_today_is_the_emulators(books):
    assert books.query("select * from Customer where Id > '5'") == "4001"
    body = {"CustomerRef": {"value": "3"}, "Line": [LINE]}
    books.post("Invoice", {**body, "TxnDate": "2026-06-30"})
    made = books.post("Invoice", body)
    found = books.query("select Id from Invoice where TxnDate >= CURRENT_DATE")["Invoice"]
    assert [row["Id"] for row in found] == [made["Id"]]


@pytest.mark.parametrize(
    ("body", "kind", "subtype", "classification"),
    [
        ({"AccountSubType": "Savings"}, "Bank", "Savings", "Asset"),
        ({"AccountType": "Other Expense"}, "Other Expense", "Depreciation", "Expense"),
        ({"AccountType": "Equity"}, "Equity", "OpeningBalanceEquity", "Equity"),
    ],
)
def test_type_and_subtype_of_an_account_follow_from_each_other(
    books, body, kind, subtype, classification
):
    made = books.post("Account", {"Name": "New one", **body})
    assert (made["AccountType"], made["AccountSubType"]) == (kind, subtype)
    assert made["Classification"] == classification


def test_accounts_keep_their_rules(books):
    mixed = {"Name": "Mixed", "AccountType": "Bank", "AccountSubType": "TravelMeals"}
    assert books.post("Account", mixed) == "6010"
    first = books.post("Account", {"Name": "One", "AccountType": "Bank", "AcctNum": "9001"})
    again = {"Name": "Two", "AccountType": "Bank", "AcctNum": first["AcctNum"]}
    assert books.post("Account", again) == "6000"
    owed = books.account("Accounts Receivable")["value"]
    gone = {"Id": owed, "SyncToken": "0", "sparse": True, "Active": False}
    assert books.post("Account", gone) == "6000"


def test_deposited_money_is_changed_in_its_deposit_only(books):
    bank = books.account("Bank")
    money = books.post("Payment", {"CustomerRef": {"value": "3"}, "TotalAmt": 40})
    link = {"TxnId": money["Id"], "TxnType": "Payment", "TxnLineId": "0"}
    line = {"Amount": 40, "LinkedTxn": [link]}
    books.post("Deposit", {"DepositToAccountRef": bank, "Line": [line]})
    change = {"Id": money["Id"], "SyncToken": "0", "sparse": True, "TotalAmt": 20}
    assert books.post("Payment", change) == "6540"


def test_a_journal_on_receivables_is_owed_and_paid(books):
    bank, owed = books.account("Bank"), books.account("Accounts Receivable")
    before = books.read("Customer", "3")["Balance"]
    name = {"Type": "Customer", "EntityRef": {"value": "3"}}
    journal = books.journal(("Debit", owed, 70, name), ("Credit", bank, 70, None))
    assert books.read("Customer", "3")["Balance"] == before + 70

    def pay(amount: int, customer: str = "3"):
        link = {"TxnId": journal["Id"], "TxnType": "JournalEntry"}
        line = {"Amount": amount, "LinkedTxn": [link]}
        body = {"CustomerRef": {"value": customer}, "TotalAmt": amount, "Line": [line]}
        return books.post("Payment", body)

    assert pay(70, customer="4") == "6000"
    paid = pay(50)
    assert paid["UnappliedAmt"] == 0
    assert books.read("Customer", "3")["Balance"] == before + 20
    assert pay(21) == "6000"
    told = books.read("JournalEntry", journal["Id"])["LinkedTxn"]
    assert told == [{"TxnId": paid["Id"], "TxnType": "Payment"}]
    books.post("JournalEntry", {"Id": journal["Id"], "SyncToken": "0"}, operation="delete")
    assert books.read("Payment", paid["Id"])["UnappliedAmt"] == 50
    assert books.read("Customer", "3")["Balance"] == before - 50


def test_a_journal_numbers_itself_on_demand(books):
    bank, cost = books.account("Bank"), books.account("Expense")
    lines = (("Debit", cost, 5, None), ("Credit", bank, 5, None))
    assert "DocNumber" not in books.journal(*lines)
    first = books.journal(*lines, include="allowautodocnum")
    second = books.journal(*lines, include="allowautodocnum")
    assert int(second["DocNumber"]) == int(first["DocNumber"]) + 1


def test_money_paid_beyond_bills_stays_with_the_vendor(books):
    vendor = books.query("select Id, Balance from Vendor maxresults 1")["Vendor"][0]
    ref, cost = {"value": vendor["Id"]}, books.account("Expense")
    line = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": 60,
            "AccountBasedExpenseLineDetail": {"AccountRef": cost}}  # fmt: skip
    bill = books.post("Bill", {"VendorRef": ref, "Line": [line]})
    card = {"CCAccountRef": books.account("Bank")}
    paid = books.post(
        "BillPayment",
        {"VendorRef": ref, "TotalAmt": 80, "PayType": "CreditCard", "CreditCardPayment": card,
         "Line": [{"Amount": 60, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}]},
    )  # fmt: skip
    settled = books.read("Bill", bill["Id"])
    assert settled["Balance"] == 0
    assert settled["LinkedTxn"] == [{"TxnId": paid["Id"], "TxnType": "BillPaymentCreditCard"}]
    assert books.read("Vendor", vendor["Id"])["Balance"] == pytest.approx(vendor["Balance"] - 20)
    void = {"Id": paid["Id"], "SyncToken": "0", "sparse": True}
    gone = books.post("BillPayment", void, operation="update", include="void")
    assert (gone["TotalAmt"], gone["Line"]) == (0, [])
    assert books.read("Bill", bill["Id"])["Balance"] == 60


def test_a_part_of_the_preferences_leaves_the_rest_alone(books):
    before = books.query("select * from Preferences")["Preferences"][0]
    change = {"Id": "1", "SyncToken": before["SyncToken"], "sparse": True,
              "SalesFormsPrefs": {"AllowEstimates": False}}  # fmt: skip
    after = books.post("Preferences", change)
    assert after["SalesFormsPrefs"] == {**before["SalesFormsPrefs"], "AllowEstimates": False}


def test_sending_a_form_of_a_closed_period_changes_its_mail_state_only(books):
    old = books.query("select * from Invoice where TxnDate < '2026-03-01' maxresults 1")
    key = old["Invoice"][0]["Id"]
    kind = {"Content-Type": "application/octet-stream"}
    answer = books.http.post(f"/invoice/{key}/send?sendTo=a@b.co", headers=kind)
    sent = answer.json()["Invoice"]
    assert (sent["EmailStatus"], sent["BillEmail"]) == ("EmailSent", {"Address": "a@b.co"})
    assert sent["TotalAmt"] == old["Invoice"][0]["TotalAmt"]


def test_an_opening_balance_is_an_invoice(books):
    made = books.post(
        "Customer", {"DisplayName": "Opened", "Balance": 55, "OpenBalanceDate": "2026-06-01"}
    )
    assert books.read("Customer", made["Id"])["Balance"] == 55
    told = books.query(f"select * from Invoice where CustomerRef = '{made['Id']}'")["Invoice"]
    assert [(t["TotalAmt"], t["TxnDate"]) for t in told] == [(55, "2026-06-01")]


def test_a_purchase_brings_goods_in(books):
    item = books.query("select Id, QtyOnHand from Item where Type = 'Inventory' maxresults 1")
    stock = item["Item"][0]
    detail = {"ItemRef": {"value": stock["Id"]}, "Qty": 2, "UnitPrice": 3}
    line = {"DetailType": "ItemBasedExpenseLineDetail", "Amount": 6,
            "ItemBasedExpenseLineDetail": detail}  # fmt: skip
    bank = books.account("Bank")
    books.post("Purchase", {"PaymentType": "Check", "AccountRef": bank, "Line": [line]})
    assert books.read("Item", stock["Id"])["QtyOnHand"] == stock["QtyOnHand"] + 2


def test_an_adjustment_moves_a_quantity_by_its_difference_until_it_is_deleted(books):
    found = books.query("select Id, QtyOnHand from Item where Type = 'Inventory' maxresults 1")
    stock = found["Item"][0]
    detail = {"ItemRef": {"value": stock["Id"]}, "QtyDiff": -3}
    line = {"DetailType": "ItemAdjustmentLineDetail", "ItemAdjustmentLineDetail": detail}
    account = books.account("Cost of Goods Sold")
    body = {
        "AdjustAccountRef": account,
        "TxnDate": "2026-06-01",
        "DocNumber": "SC1-1",
        "Line": [line],
    }
    made = books.post("InventoryAdjustment", body)
    assert made["DocNumber"] == "SC1-1"
    assert books.read("Item", stock["Id"])["QtyOnHand"] == stock["QtyOnHand"] - 3
    whole = {**made, "Id": made["Id"], "SyncToken": made["SyncToken"]}
    books.post("InventoryAdjustment", whole, operation="delete")
    assert books.read("Item", stock["Id"])["QtyOnHand"] == stock["QtyOnHand"]


def test_a_non_inventory_item_has_no_quantity(books):
    income = books.account("Income")
    body = {"Name": "Loose", "Type": "NonInventory", "IncomeAccountRef": income, "QtyOnHand": 5}
    assert books.post("Item", body) == "2010"
