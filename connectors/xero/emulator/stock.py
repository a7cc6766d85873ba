"""Tracked items: quantity and cost pool follow the documents that buy and sell them (xero.md 16)."""

from __future__ import annotations

from decimal import Decimal

from connectors.emulation.store import Doc
from connectors.xero.emulator import ledger
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.errors import RefusedError
from connectors.xero.emulator.money import ZERO, cents

_FOUR = Decimal("0.0001")


def move(books: Books, doc: Doc, *, goods_in: bool, back: bool, backorders: bool) -> list[Doc]:
    """Move what a posted document buys or sells; answers the cost lines of its journal.

    Goods in add their net value in base currency to the pool, goods out take the average. What a
    line took is kept with it (``_cost``), so that taking the document back restores the pool.

    Args:
        books: the organisation.
        doc: the document, its lines finished.
        goods_in: a purchase or a credit to a customer.
        back: the document is taken back.
        backorders: selling more than there is is allowed.

    Raises:
        RefusedError: there is less in stock than is sold.
    """
    rows: list[Doc] = []
    for line in doc["LineItems"]:
        item = _tracked(books, line)
        if item is None:
            continue
        quantity = Decimal(line.get("Quantity") or 0)
        if not back:
            line["_cost"] = _cost(doc, line, item, goods_in=goods_in)
        inwards = goods_in != back
        on_hand = Decimal(item["QuantityOnHand"]) + (quantity if inwards else -quantity)
        if on_hand < 0 and not back and not backorders:
            # invented wording: the text for short stock is open (xero.md 26.10)
            raise RefusedError(f"The quantity of item '{item['Code']}' on hand is not sufficient")
        cost = Decimal(line["_cost"])
        pool = Decimal(item["TotalCostPool"]) + (cost if inwards else -cost)
        books.save("Item", {**item, "QuantityOnHand": on_hand, "TotalCostPool": pool})
        if not _books_itself(doc):
            rows += _costs(books, item, cost if inwards else -cost)
    return rows


def _tracked(books: Books, line: Doc) -> Doc | None:
    code = line.get("ItemCode")
    found = books.numbered("Item", code) if code else []
    return found[0] if found and found[0].get("IsTrackedAsInventory") else None


def _books_itself(doc: Doc) -> bool:
    """The lines of purchases post to the inventory account already."""
    kind = str(doc["Type"])
    return kind.startswith(("ACCPAY", "SPEND"))


def _cost(doc: Doc, line: Doc, item: Doc, *, goods_in: bool) -> Decimal:
    on_hand = Decimal(item["QuantityOnHand"])
    average = Decimal(item["TotalCostPool"]) / on_hand if on_hand > 0 else ZERO
    if goods_in and _books_itself(doc):
        inclusive = str(doc["LineAmountTypes"]).lower() == "inclusive"
        net = line.get("LineAmount", ZERO) - (line.get("TaxAmount", ZERO) if inclusive else ZERO)
        return ledger.to_base(net, doc.get("CurrencyRate"))
    return cents(average.quantize(_FOUR) * Decimal(line.get("Quantity") or 0))


def _costs(books: Books, item: Doc, inwards: Decimal) -> list[Doc]:
    asset = books.account(str(item["InventoryAssetAccountCode"]))
    spent = books.account(str(item["PurchaseDetails"].get("COGSAccountCode") or ""))
    if asset is None or spent is None or not inwards:
        return []
    return [ledger.line(asset, inwards), ledger.line(spent, -inwards)]
