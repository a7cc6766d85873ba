"""What the service does with a record: create, update, delete, void, and how it shows one."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from connectors.emulation.store import Doc
from connectors.qbo.catalogue import EntityFacts, catalogue
from connectors.qbo.emulator.balances import OPEN_BALANCE, payers_of
from connectors.qbo.emulator.books import ZERO, Books
from connectors.qbo.emulator.intake import CLEAR, read_body
from connectors.qbo.emulator.ledger import Ledger
from connectors.qbo.emulator.lists import Lists
from connectors.qbo.emulator.money import Money
from connectors.qbo.emulator.refusals import (
    RefusedError,
    missing,
    refused,
    stale,
    unsupported_operation,
    unsupported_property,
)
from connectors.qbo.emulator.trade import PURCHASES, SALES, Trade, check_number

_VOIDABLE = frozenset({"Invoice", "Payment", "SalesReceipt", "BillPayment"})
_MADE_FROM = {"Invoice": ("Estimate", "TxnStatus"), "Bill": ("PurchaseOrder", "POStatus")}
_KEPT = frozenset({"Id", "SyncToken", "MetaData", "domain", "sparse"})


class Service:
    """All writing operations on one company."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.lists = Lists(books)
        self.money = Money(books)
        self.trade = Trade(books)
        self.ledger = Ledger(books)
        books.show = self.show

    # -- writing ------------------------------------------------------------------------------

    def write(self, entity: str, body: Any, include: str = "") -> Doc:
        """Create (no ``Id``) or update; answers the complete record."""
        facts = catalogue()[entity]
        given = body.get("Id") if isinstance(body, dict) else None
        with self.books.store.transaction():
            if entity == "Preferences" or given not in (None, "", 0, "0"):
                return self.show(entity, self._update(facts, body, include))
            if not facts.can("C"):
                raise unsupported_operation("create")
            return self.show(entity, self._create(facts, body, include))

    def _create(self, facts: EntityFacts, body: Any, include: str) -> Doc:
        clean = read_body(facts.name, body, creating=True)
        clean.pop("SyncToken", None)
        clean.pop("Id", None)
        doc = copy.deepcopy(clean)
        self._prepare(facts, doc, None, clean)
        if facts.kind == "transaction":
            check_number(self.books, facts.name, doc, duplicates="allowduplicatedocnum" in include)
            self.books.open_period(doc)
        if facts.name == "JournalEntry" and "allowautodocnum" in include:
            doc.setdefault("DocNumber", str(self.books.store.next("number:journal", 1)))
        doc["Id"] = self.books.new_id(facts.name)
        saved = self._store(facts.name, doc, None, "Create")
        if facts.name == "Customer" and body.get("Balance"):
            self._opening_balance(saved, body)
        return saved

    def _opening_balance(self, customer: Doc, body: Doc) -> None:
        """What a customer owes at the start is an invoice (recalled, qbo.md 17.1)."""
        detail = {"TaxCodeRef": {"value": "NON"}}
        line = {
            "DetailType": "SalesItemLineDetail",
            "Amount": body["Balance"],
            "Description": "Opening Balance",
            "SalesItemLineDetail": detail,
        }
        invoice: Doc = {"CustomerRef": {"value": customer["Id"]}, "Line": [line]}
        if body.get("OpenBalanceDate"):
            invoice["TxnDate"] = body["OpenBalanceDate"]
        self.write("Invoice", invoice)

    def _update(self, facts: EntityFacts, body: Any, include: str) -> Doc:
        if not isinstance(body, dict):
            raise RefusedError(unsupported_property(""))
        if not facts.can("U") and not facts.can("S"):
            raise unsupported_operation("update")
        old = self._checked(facts.name, body)
        self._not_deposited(facts.name, old)
        clean = read_body(facts.name, body, creating=False)
        sparse = body.get("sparse") in (True, "true")
        doc = copy.deepcopy(old) if sparse else self._emptied(facts, old)
        for name, value in clean.items():
            if value is CLEAR:
                doc.pop(name, None)
            elif sparse and facts.kind == "setting" and isinstance(value, dict):
                doc[name] = {**(old.get(name) or {}), **copy.deepcopy(value)}
            elif name not in _KEPT:
                doc[name] = copy.deepcopy(value)
        self._required(facts, doc)
        self._prepare(facts, doc, old, clean)
        if facts.kind == "transaction":
            check_number(self.books, facts.name, doc, duplicates="allowduplicatedocnum" in include)
            self.books.open_period(old)
            self.books.open_period(doc)
        return self._store(facts.name, doc, old, "Update")

    def _checked(self, entity: str, body: Doc) -> Doc:
        """The stored record a change is meant for; 610, 2020 or 5010."""
        key = "1" if entity in ("Preferences", "CompanyInfo") else str(body.get("Id") or "")
        if entity != "TaxCode" and not key.lstrip("-").isdigit():
            raise refused(
                "2030", "Invalid ID", f"Id should be a valid number. Supplied value:{key}"
            )
        old = self.books.require(entity, key)
        token = body.get("SyncToken")
        if token in (None, ""):
            raise RefusedError(missing("SyncToken"))
        if str(token) != str(old.get("SyncToken", "0")):
            raise stale()
        return old

    def _emptied(self, facts: EntityFacts, old: Doc) -> Doc:
        """What a full update leaves when nothing is sent: read-only and service-owned members."""
        kept = set(_KEPT)
        for fact in facts.fields:
            if fact.read_only or "N" in fact.flags:
                kept.add(fact.path.split(".")[0].replace("[]", ""))
        kept |= {"TotalAmt"} if facts.name == "Invoice" else set()
        return {k: copy.deepcopy(v) for k, v in old.items() if k in kept}

    def _required(self, facts: EntityFacts, doc: Doc) -> None:
        lacking = [
            missing(f.path.replace("[]", ""))
            for f in facts.fields
            if f.required and "." not in f.path and doc.get(f.path.replace("[]", "")) is None
        ]
        if lacking:
            raise RefusedError(*lacking)

    def _prepare(self, facts: EntityFacts, doc: Doc, old: Doc | None, given: Doc) -> None:
        if facts.name in SALES | PURCHASES:
            self.trade.prepare(facts.name, doc, creating=old is None, given=given)
        elif facts.kind == "transaction":
            self.money.prepare(facts.name, doc, creating=old is None)
        elif facts.kind == "list":
            self.lists.prepare(facts.name, doc, old)

    def _store(self, entity: str, doc: Doc, old: Doc | None, operation: str) -> Doc:
        if entity in OPEN_BALANCE:
            self.money.set_balance(entity, doc)
            if Decimal(doc["Balance"]) < 0:
                raise refused(
                    "6000",
                    "A business validation error has occurred while processing your request",
                    "Business Validation Error: Payment line amount exceeds the balance of the "
                    "linked transaction",
                )
        elif entity in SALES:
            doc["Balance"] = ZERO
        saved = self.books.save(entity, doc, operation)
        self.money.refresh(self.money.touched(old, saved))
        self._stock(entity, old, saved)
        self._follow(entity, saved)
        return saved

    def _stock(self, entity: str, old: Doc | None, new: Doc | None) -> None:
        """Move quantities on hand by the difference between two versions of a document."""
        sign = {"Invoice": -1, "SalesReceipt": -1, "CreditMemo": 1, "RefundReceipt": 1}.get(entity)
        sign = {"Bill": 1, "VendorCredit": -1, "InventoryAdjustment": 1}.get(entity, sign)
        if entity == "Purchase":
            sign = -1 if (new or old or {}).get("Credit") else 1
        if sign is None:
            return
        moves: dict[str, Decimal] = {}
        for doc, way in ((old, -sign), (new, sign)):
            for item, quantity in _quantities(doc or {}):
                moves[item] = moves.get(item, ZERO) + way * quantity
        for item, quantity in moves.items():
            stored = self.books.get("Item", item)
            if quantity and stored and stored.get("TrackQtyOnHand"):
                on_hand = Decimal(stored.get("QtyOnHand") or 0) + quantity
                self.books.save("Item", {**stored, "QtyOnHand": on_hand}, "Update")

    def _follow(self, entity: str, doc: Doc) -> None:
        """Close the estimate that an invoice, or the order that a bill, was made from."""
        kind, status = _MADE_FROM.get(entity, ("", ""))
        for link in doc.get("LinkedTxn") or ():
            if link.get("TxnType") != kind:
                continue
            source = self.books.require(kind, str(link["TxnId"]))
            own = {"TxnId": str(doc["Id"]), "TxnType": entity}
            links = source.get("LinkedTxn") or []
            if own in links:
                continue
            if kind == "Estimate" and links:
                raise refused("620", "Transaction cannot be linked", "It is linked already.")
            closed = {**source, status: "Closed", "LinkedTxn": [*links, own]}
            self.books.save(kind, closed, "Update")

    # -- ending -------------------------------------------------------------------------------

    def delete(self, entity: str, body: Any) -> Doc:
        """Delete a transaction (or attachment)."""
        if not catalogue()[entity].can("D"):
            raise unsupported_operation("delete")
        with self.books.store.transaction():
            old = self._checked(entity, body)
            self.books.open_period(old) if catalogue()[entity].kind == "transaction" else None
            self._unlinked(entity, old)
            self.books.forget(entity, old)
            self.money.refresh(self.money.touched(old))
            self._stock(entity, old, None)
        return {"status": "Deleted", "domain": "QBO", "Id": str(old["Id"])}

    def _not_deposited(self, entity: str, doc: Doc) -> None:
        """6540: money that lies in a deposit is changed there only."""
        if self.books.store.find("Deposit", "linked", f"{entity}:{doc['Id']}"):
            raise refused(
                "6540",
                "Deposited Transaction cannot be changed",
                "Deposited Transaction cannot be changed : This transaction has been deposited. "
                "If you want to change or delete it, you must edit the deposit it appears on and "
                "remove it first.",
            )

    def _unlinked(self, entity: str, doc: Doc) -> None:
        key = str(doc["Id"])
        self._not_deposited(entity, doc)
        for payer in payers_of(entity):
            for payment in self.books.store.find(payer, "linked", f"{entity}:{key}"):
                self._unapply(payer, payment, (entity, key))

    def _unapply(self, payer: str, payment: Doc, target: tuple[str, str]) -> None:
        """Take the lines that pay ``target`` out of a payment; the money becomes unapplied."""
        doc = copy.deepcopy(payment)
        doc["Line"] = [
            line
            for line in doc.get("Line") or ()
            if all((x["TxnType"], str(x["TxnId"])) != target for x in line.get("LinkedTxn") or ())
        ]
        if payer == "Payment":
            gone = ZERO
            for line in payment.get("Line") or ():
                if line not in doc["Line"]:
                    gone += Decimal(line.get("Amount") or 0)
            way = -1 if target[0] == "CreditMemo" else 1
            doc["UnappliedAmt"] = Decimal(payment.get("UnappliedAmt") or 0) + way * gone
        self.books.save(payer, doc, "Update")

    def void(self, entity: str, body: Any) -> Doc:
        """Void: amounts become zero, the note says so, links are cut."""
        if entity not in _VOIDABLE:
            raise unsupported_operation("void")
        with self.books.store.transaction():
            old = self._checked(entity, body)
            self.books.open_period(old)
            self._unlinked(entity, old)
            doc = _voided(entity, copy.deepcopy(old))
            saved = self.books.save(entity, doc, "Void")
            self.money.refresh(self.money.touched(old))
            self._stock(entity, old, doc)
            return self.show(entity, saved)

    def send(self, entity: str, key: str, address: str) -> Doc:
        """Send a form by mail: its address and state change, whatever period it lies in."""
        with self.books.store.transaction():
            old = self.books.require(entity, key)
            to = address or str((old.get("BillEmail") or {}).get("Address", ""))
            if not to:
                raise refused("6420", "Email address required", "BillEmail is needed.", "BillEmail")
            info = {"DeliveryType": "Email", "DeliveryTime": self.books.now().isoformat()}
            mail = "POEmail" if entity == "PurchaseOrder" else "BillEmail"
            sent = {**old, "EmailStatus": "EmailSent", "DeliveryInfo": info, mail: {"Address": to}}
            return self.show(entity, self.books.save(entity, sent, "Emailed"))

    # -- showing ------------------------------------------------------------------------------

    def show(self, entity: str, doc: Doc) -> Doc:
        """A record as answers show it: derived balances filled in, empty members left out."""
        shown = {k: v for k, v in doc.items() if v not in (None, "")}
        if entity in ("Customer", "Vendor") and "SyncToken" in shown:
            shown["Balance"] = self.money.balances.of_name(entity, str(doc["Id"]))
            if entity == "Customer":
                below = self.books.store.find("Customer", "parent", str(doc["Id"]))
                jobs = (self.money.balances.of_name("Customer", str(c["Id"])) for c in below)
                shown["BalanceWithJobs"] = shown["Balance"] + sum(jobs, ZERO)
        if entity == "Account":
            balance = self.ledger.balance(doc)
            shown |= {"CurrentBalance": balance, "CurrentBalanceWithSubAccounts": balance}
        if entity == "JournalEntry" and (
            links := self.money.balances.links(entity, str(doc["Id"]))
        ):
            shown["LinkedTxn"] = links
        if entity in SALES or entity == "PurchaseOrder":
            shown["CustomField"] = self._custom(entity, doc)
        return shown

    def _custom(self, entity: str, doc: Doc) -> list[Doc]:
        given = {str(f.get("DefinitionId")): f for f in doc.get("CustomField") or ()}
        shown = []
        for number, name in self.custom_names(purchases=entity == "PurchaseOrder"):
            field = {"DefinitionId": number, "Name": name, "Type": "StringType"}
            value = given.get(number, {}).get("StringValue")
            shown.append(field | ({"StringValue": value} if value else {}))
        return shown

    def custom_names(self, *, purchases: bool = False) -> list[tuple[str, str]]:
        """Active custom fields of sales forms (or of purchase orders): number and name."""
        path = "SalesFormsPrefs.CustomField"
        word = "Sales"
        if purchases:
            path, word = "VendorAndPurchasesPrefs.POCustomField", "Purchase"
        blocks = self.books.preference(path) or []
        fields = {f["Name"].rpartition(".")[2]: f for b in blocks for f in b["CustomField"]}
        found = []
        for number in "123":
            name = fields.get(f"{word}CustomName{number}", {}).get("StringValue")
            used = fields.get(f"Use{word}Custom{number}", {}).get("BooleanValue")
            if name and used:
                found.append((number, str(name)))
        return found


def _quantities(doc: Doc) -> list[tuple[str, Decimal]]:
    found = []
    for line in doc.get("Line") or ():
        detail = line.get(str(line.get("DetailType"))) or {}
        quantity = detail.get("Qty") if "Qty" in detail else detail.get("QtyDiff")
        if detail.get("ItemRef") and quantity is not None:
            found.append((str(detail["ItemRef"]["value"]), Decimal(quantity)))
    return found


def _voided(entity: str, doc: Doc) -> Doc:
    note = str(doc.get("PrivateNote") or "")
    doc["PrivateNote"] = f"Voided - {note}" if note else "Voided"
    doc["TotalAmt"] = ZERO
    if entity in ("Payment", "BillPayment"):
        doc["Line"] = []
        return doc | ({"UnappliedAmt": ZERO} if entity == "Payment" else {})
    doc["Balance"] = ZERO
    doc["TxnTaxDetail"] = {"TotalTax": ZERO}
    doc["LinkedTxn"] = []
    for line in doc.get("Line") or ():
        line["Amount"] = ZERO
        detail = line.get(str(line.get("DetailType")))
        if isinstance(detail, dict) and "Qty" in detail:
            detail["Qty"] = ZERO
            detail.pop("UnitPrice", None)
    return doc
