"""What a customer who orders by himself asks SYSPRO: his price, his standing, what is for sale, his documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from connectors.syspro import translate
from connectors.syspro.client import EnetClient
from connectors.syspro.facts import tables
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.source import SysproSource
from connectors.syspro.xml import number, write
from engine.canon.money import round_half_up
from engine.errors import SurpriseAnswer
from engine.ports import ForSale, Quote, Sold, SoldLine, Standing
from engine.schema.model import JsonValue, Record

# Rows of one customer that are read at most, of each kind.
MOST = 1000
_STATES = {"9": "complete", "8": "ready", "S": "held", "*": "cancelled", "\\": "cancelled"}
_COMPLETE = "9"
_CHARGES = ("4", "5")


class SysproSelling:
    """Implements ``engine.ports.Selling``."""

    def __init__(self, client: EnetClient, rows: Rows, source: SysproSource) -> None:
        self._client = client
        self._rows = rows
        self._source = source

    def quote(
        self, customer: str, item: str, quantity: Decimal = Decimal(1), unit: str = ""
    ) -> Quote:
        """The price that order entry would propose (SORRSL): contract, quantity and price code count.

        Raises:
            ReferenceUnknown: no such customer or item.
            SurpriseAnswer: SYSPRO answered for another customer or item, or without a price.
        """
        asked = {
            "StockCode": item,
            "Customer": customer,
            "TypeOfOrder": "O",
            "OrderQuantity": format(quantity, "f"),
            **({"OrderUm": unit} if unit else {}),
        }
        call = "ask a price"
        answer = self._client.build("SORRSL", write("Build", {"Parameters": asked}), call)
        price, whose = number(answer.value("Price")), answer.value("Customer")
        column = tables()["ArCustomer"].column("Customer")
        if column is not None:
            whose = self._rows.rules.show(column, "ArCustomer", whose)
        if whose != customer or answer.value("StockCode") != item or price is None:
            raise SurpriseAnswer(
                system="syspro", call=call, field="Price", expected=f"of {item} for {customer}"
            )
        per = answer.value("PriceUom") or unit
        return Quote(customer, item, quantity, unit or answer.value("OrderUom") or per, price, per)

    def standing(self, customer: str) -> Standing | None:
        """The customer's hold and credit limit; a limit of nothing means that none is kept."""
        found = self._source.read("ArCustomer", customer)
        if found is None:
            return None
        limit = _amount(found.data, "CreditLimit")
        return Standing(
            customer=found.key,
            name=_text(found.data, "Name"),
            currency=_text(found.data, "Currency"),
            on_hold=found.data.get("CustomerOnHold") == "Y",
            credit_limit=limit or None,
        )

    def for_sale(self, *, cursor: str = "", limit: int = 100) -> tuple[list[ForSale], str]:
        """Items by code, on from the one the cursor names."""
        tests = [Test("StockCode", "GT", cursor)] if cursor else []
        with self._client.lane():
            rows = self._rows.find("InvMaster", tests, limit=limit)
            found = self._source.complete(tables()["InvMaster"], rows)
        more = found[-1].key if len(found) == limit else ""
        return [_for_sale(one.data) for one in found], more

    def on_sale(self, item: str) -> ForSale | None:
        """One item with what its warehouse has now."""
        found = self._source.read("InvMaster", item)
        return None if found is None else _for_sale(found.data)

    def sold(self, customer: str, since: date) -> list[Sold]:
        """Orders and invoices of this customer and of nobody else, newest first."""
        with self._client.lane():
            mine = self._rows.stored("ArCustomer", "Customer", customer)
            still = Test("OrderStatus", "NE", _COMPLETE)
            orders = self._of("SorMaster", mine, ("OrderDate", since), still)
            owed = Test("InvoiceBal1", "NE", "0")
            invoices = self._of("ArInvoice", mine, ("InvoiceDate", since), owed)
            days = {
                _text(r, "TermsCode"): int(_amount(r, "DueDays"))
                for r in self._rows.find("TblArTerms", (), limit=MOST)
            }
        made = [_order(r) for r in orders if r.get("DocumentType") != "C"]
        made += [_invoice(r, days) for r in invoices]
        kept = [
            one
            for one in made
            if one.customer == customer
            # A cancelled order is never complete, so it came with what is open.
            and (one.state != "cancelled" or (one.on or date.min) >= since)
        ]
        return sorted(kept, key=lambda one: (one.on or date.min, one.number), reverse=True)

    def _of(self, table: str, mine: str, begin: tuple[str, date], still: Test) -> list[Record]:
        """Whole records of the customer since a day, and those that are not ended yet.

        Two queries: a Where tree never mixes And with Or, for nobody says which binds first.
        """
        column, since = begin
        keys = tables()[table].keys
        found: dict[tuple[str, ...], Record] = {}
        for test in (Test(column, "GE", since.isoformat()), still):
            rows = self._rows.find(table, [Test("Customer", "EQ", mine), test], limit=MOST)
            found |= {tuple(translate.shown(row.get(k)) for k in keys): row for row in rows}
        return [dict(r.data) for r in self._source.complete(tables()[table], list(found.values()))]


def _text(data: Mapping[str, JsonValue], name: str) -> str:
    return translate.shown(data.get(name))


def _amount(data: Mapping[str, JsonValue], name: str) -> Decimal:
    return Decimal(_text(data, name) or 0)


def _day(data: Mapping[str, JsonValue], name: str) -> date | None:
    text = _text(data, name)[:10]
    return date.fromisoformat(text) if text else None


def _nested(data: Mapping[str, JsonValue], name: str) -> list[Record]:
    held = data.get(name)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def _for_sale(data: Record) -> ForSale:
    unit, other = _text(data, "StockUom"), _text(data, "AlternateUom")
    factor = _amount(data, "ConvFactAltUom") or Decimal(1)
    if _text(data, "ConvMulDiv") == "D":
        factor = 1 / factor
    usual = _text(data, "WarehouseToUse")
    held = [w for w in _nested(data, "InvWarehouse") if not usual or _text(w, "Warehouse") == usual]
    free = sum(
        (_amount(w, "QtyOnHand") - _amount(w, "QtyAllocated") for w in held), start=Decimal(0)
    )
    return ForSale(
        code=_text(data, "StockCode"),
        name=_text(data, "Description"),
        unit=unit,
        other_unit=other if other != unit else "",
        per_other=factor,
        decimals=int(_amount(data, "Decimals")),
        # A service is in no warehouse that counts it.
        available=None if _text(data, "PartCategory") == "N" else free,
        stopped=_text(data, "StockOnHold") == "F",
    )


def _order(data: Record) -> Sold:
    status = _text(data, "OrderStatus")
    state = "cancelled" if _text(data, "CancelledFlag") == "Y" else _STATES.get(status, "open")
    lines = tuple(_line(one) for one in _nested(data, "SorDetail") if _text(one, "LineType") != "6")
    total = sum((one.net for one in lines), start=Decimal(0))
    return Sold(
        customer=_text(data, "Customer"),
        kind="order",
        number=_text(data, "SalesOrder"),
        order=_text(data, "SalesOrder"),
        reference=_text(data, "CustomerPoNumber"),
        on=_day(data, "OrderDate"),
        due=None,
        state=state,
        currency=_text(data, "Currency"),
        total=total,
        open=total if state in ("open", "held", "ready") else Decimal(0),
        lines=lines,
    )


def _line(data: Record) -> SoldLine:
    if _text(data, "LineType") in _CHARGES:
        name = _text(data, "NComment")
        return SoldLine("", name, Decimal(1), "", _amount(data, "NMscChargeValue"))
    quantity = _amount(data, "MOrderQty")
    factor = _amount(data, "MConvFactOrdUm") or Decimal(1)
    priced = quantity / factor if _text(data, "MMulDivPrcFct") == "D" else quantity * factor
    value = priced * _amount(data, "MPrice")
    for name in ("MDiscPct1", "MDiscPct2", "MDiscPct3"):
        value *= (100 - _amount(data, name)) / 100
    off = _amount(data, "MDiscValue")
    value -= off * quantity if _text(data, "MDiscValFlag") == "U" else off
    return SoldLine(
        item=_text(data, "MStockCode"),
        name=_text(data, "MStockDes"),
        quantity=quantity,
        unit=_text(data, "MOrderUom"),
        net=round_half_up(value),
    )


def _invoice(data: Record, days: Mapping[str, int]) -> Sold:
    left, on = _amount(data, "InvoiceBal1"), _day(data, "InvoiceDate")
    terms = days.get(_text(data, "TermsCode"))
    return Sold(
        customer=_text(data, "Customer"),
        kind="credit_note" if _text(data, "DocumentType") == "C" else "invoice",
        number=_text(data, "Invoice"),
        order=_text(data, "SalesOrder"),
        reference=_text(data, "CustomerPoNumber"),
        on=on,
        due=on + timedelta(days=terms) if on and terms is not None else None,
        state="open" if left else "settled",
        currency=_text(data, "PostCurrency") or _text(data, "AccountCur"),
        total=_amount(data, "CurrencyValue"),
        open=left,
    )
