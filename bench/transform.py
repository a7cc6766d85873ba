"""How fast a compiled mapping is, against careful hand-written Python for the same work.

One order of 40 fields with 10 lines becomes an invoice: the same checks of types, lengths and lists,
the same decimals and rounding, look-ups, links, and issues for what cannot be made. Runs are paired and
interleaved; the figure is the median of the per-pair ratios. glom, jmespath, jsonata-python and pydantic
are timed too where they are installed.

    python bench/transform.py [--json] [--pairs N] [--records N] [--peers SITE_PACKAGES]

``--peers`` names the site-packages folder of another environment that has the peers, so that they need not
be installed beside the product.

``ratio_to_handwritten`` is the time of ours over the time of the fastest hand-written version.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import importlib.util
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.mapping import Catalog, Context, TableInfo, compile_mapping, parse
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

HEADER = """SalesOrder:s20 OrderStatus:s1 DocumentType:s1 Customer:s15 CustomerName:s50 Salesperson:s20
 CustomerPoNumber:s30 OrderDate:d EntrySystemDate:d ReqShipDate:d ShippingInstrs:s50 InvTermsOverride:s2
 Branch:s10 SpecialInstrs:s30 DiscPct1:n TaxExemptFlag:s1 Area:s10 Warehouse:s10 LastInvoice:s20
 ExchangeRate:n Currency:s3 ShipAddress1:s40 ShipAddress2:s40 ShipAddress3:s40 ShipAddress4:s40
 ShipAddress5:s40 ShipPostalCode:s10 Email:s100 AlternateKey:s10 DeliveryNote:s20 Operator:s20
 OrderType:s2 CancelledFlag:s1 ActiveFlag:s1 CompanyTaxNo:s15 Quote:s20 State:s2 CountyZip:s5
 WebCreated:s1"""
LINE = """SalesOrderLine:i LineType:s1 MStockCode:s30 MStockDes:s50 MWarehouse:s10 MOrderQty:n MOrderUom:s10
 MPrice:n MDiscPct1:n MTaxCode:s3 MProductClass:s20 MLineShipDate:d"""
INVOICE = """DocNumber:s21! TxnDate:d! DueDate:d ShipDate:d CustomerRef.value:s! SalesTermRef.value:s
 CurrencyRef.value:s3 ExchangeRate:n PrivateNote:s4000 CustomerMemo.value:s1000 BillEmail.Address:s100
 ShipMethodRef.value:s DepartmentRef.value:s PONumber:s30 SalesRep:s20 Region:s10
 ShipAddr.Line1:s500 ShipAddr.Line2:s500 ShipAddr.Line3:s500 ShipAddr.City:s255
 ShipAddr.CountrySubDivisionCode:s255 ShipAddr.PostalCode:s30 NetTotal:n Lines:n EmailStatus:s Line:a
 Line[].LineNum:i Line[].DetailType:s! Line[].Description:s4000 Line[].Amount:n! Line[].SalesItemLineDetail.Qty:n
 Line[].SalesItemLineDetail.UnitPrice:n Line[].SalesItemLineDetail.DiscountRate:n
 Line[].SalesItemLineDetail.ItemRef.value:s! Line[].SalesItemLineDetail.TaxCodeRef.value:s
 Line[].SalesItemLineDetail.ClassRef.value:s Line[].SalesItemLineDetail.ServiceDate:d"""
MAPPING = """
mapping: order-to-invoice
source: {system: erp, entity: SorMaster}
target: {system: books, entity: Invoice}
rows:
- {to: DocNumber, from: TRIM(SalesOrder)}
- {to: TxnDate, from: OrderDate}
- {to: DueDate, from: 'ADDDAYS(OrderDate, LOOKUP("due_days", InvTermsOverride, 30))'}
- {to: ShipDate, from: ReqShipDate}
- {to: CustomerRef.value, from: 'LINK("customer", Customer)'}
- {to: SalesTermRef.value, from: 'LOOKUP("terms", InvTermsOverride)'}
- {to: CurrencyRef.value, from: 'IF(Currency = "$", "USD", Currency)'}
- {to: ExchangeRate, from: ExchangeRate}
- {to: PrivateNote, from: '"Order " & SalesOrder & " of " & CustomerName'}
- {to: CustomerMemo.value, from: SpecialInstrs}
- {to: BillEmail.Address, from: Email}
- {to: ShipMethodRef.value, from: ShippingInstrs}
- {to: DepartmentRef.value, from: 'LOOKUP("branches", Branch)'}
- {to: PONumber, from: CustomerPoNumber}
- {to: SalesRep, from: Salesperson}
- {to: Region, from: Area}
- {to: ShipAddr.Line1, from: ShipAddress1}
- {to: ShipAddr.Line2, from: ShipAddress2}
- {to: ShipAddr.Line3, from: ShipAddress3}
- {to: ShipAddr.City, from: ShipAddress4}
- {to: ShipAddr.CountrySubDivisionCode, from: State}
- {to: ShipAddr.PostalCode, from: ShipPostalCode}
- {to: NetTotal, from: 'ROUND(SUM(SorDetail.MOrderQty * SorDetail.MPrice), 2)'}
- {to: EmailStatus, from: '"NotSet"', when: ISBLANK(Email)}
- {to: EmailStatus, from: '"NeedToSend"'}
blocks:
- to: Line
  each: SorDetail
  where: line.LineType <> "6"
  rows:
  - {to: LineNum, from: line.SalesOrderLine}
  - {to: DetailType, from: '"SalesItemLineDetail"'}
  - {to: Description, from: line.MStockDes}
  - {to: Amount, from: 'ROUND(line.MOrderQty * line.MPrice * (1 - line.MDiscPct1 / 100), 2)'}
  - {to: SalesItemLineDetail.Qty, from: line.MOrderQty}
  - {to: SalesItemLineDetail.UnitPrice, from: line.MPrice}
  - {to: SalesItemLineDetail.DiscountRate, from: line.MDiscPct1}
  - {to: SalesItemLineDetail.ItemRef.value, from: 'LINK("item", line.MStockCode)'}
  - {to: SalesItemLineDetail.TaxCodeRef.value, from: 'LOOKUP("tax", line.MTaxCode)'}
  - {to: SalesItemLineDetail.ClassRef.value, from: 'LOOKUP("classes", line.MProductClass, "0")'}
  - {to: SalesItemLineDetail.ServiceDate, from: line.MLineShipDate}
"""
_TYPES = {"s": FieldType.STRING, "d": FieldType.DATE, "n": FieldType.DECIMAL,
          "i": FieldType.INTEGER, "a": FieldType.ARRAY}  # fmt: skip


def _fields(text: str) -> tuple[FieldSchema, ...]:
    found = []
    for word in text.split():
        path, kind = word.split(":")
        digits = kind.strip("sdnia!")
        found.append(
            FieldSchema(path, type=_TYPES[kind[0]], length=int(digits) if digits else None,
                        required=kind.endswith("!"))
        )  # fmt: skip
    return tuple(found)


def schemas() -> tuple[SystemSchema, SystemSchema]:
    erp = SystemSchema(
        "erp",
        entities=(
            EntitySchema("SorMaster", fields=_fields(HEADER)),
            EntitySchema("SorDetail", fields=_fields(LINE), lines_of="SorMaster"),
        ),
    )
    return erp, SystemSchema("books", entities=(EntitySchema("Invoice", fields=_fields(INVOICE)),))


def context() -> Context:
    return Context(
        lookups={
            "terms": {"30": "3", "60": "4", "CO": "1"},
            "due_days": {"30": Decimal(30), "60": Decimal(60), "CO": Decimal(0)},
            "branches": {f"B{i}": str(i) for i in range(10)},
            "tax": {"A": "TAX", "B": "NON"},
            "classes": {f"PC{i}": str(100 + i) for i in range(20)},
        },
        links={
            "customer": {f"{i:015d}": str(i) for i in range(500)},
            "item": {f"A{i}": str(i) for i in range(1000)},
        },
        today="2026-11-21",
    )


def orders(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Orders as the ERP gives them: every column there, unused ones blank."""
    rng = random.Random(seed)
    start = dt.date(2026, 1, 1)
    names = [w.split(":") for w in HEADER.split()]
    made = []
    for number in range(count):
        day = start + dt.timedelta(days=rng.randrange(300))
        order: dict[str, Any] = {n: "" for n, _ in names}
        order |= {
            "SalesOrder": f"{number:015d}", "OrderStatus": "8", "DocumentType": "O",
            "Customer": f"{rng.randrange(500):015d}", "CustomerName": f"Customer {number % 500}",
            "Salesperson": "KIM", "CustomerPoNumber": f"PO-{number}", "OrderDate": day.isoformat(),
            "EntrySystemDate": day.isoformat(), "ReqShipDate": (day + dt.timedelta(7)).isoformat(),
            "ShippingInstrs": "UPS ground", "InvTermsOverride": rng.choice(["30", "60", "CO"]),
            "Branch": f"B{rng.randrange(10)}", "DiscPct1": Decimal(0), "TaxExemptFlag": "N",
            "Area": "N", "Warehouse": "FG", "ExchangeRate": Decimal("1.000000"), "Currency": "$",
            "ShipAddress1": f"{number} Main Street", "ShipAddress4": "Springfield",
            "ShipPostalCode": f"{number % 99999:05d}", "State": "IL",
            "Email": "ap@example.com" if number % 2 else "",
        }  # fmt: skip
        order["SorDetail"] = [
            {
                "SalesOrderLine": line + 1, "LineType": "1", "MStockCode": f"A{rng.randrange(1000)}",
                "MStockDes": "Trail pack, large", "MWarehouse": "FG",
                "MOrderQty": Decimal(rng.randrange(1, 50)), "MOrderUom": "EA",
                "MPrice": Decimal(rng.randrange(100, 99999)) / 100,
                "MDiscPct1": Decimal(rng.choice([0, 0, 5])), "MTaxCode": rng.choice("AB"),
                "MProductClass": f"PC{rng.randrange(20)}",
                "MLineShipDate": (day + dt.timedelta(7)).isoformat(),
            }
            for line in range(10)
        ]  # fmt: skip
        made.append(order)
    return made


# Hand-written -----------------------------------------------------------------------------------

CENT, HUNDRED, ZERO, ONE = Decimal("0.01"), Decimal(100), Decimal(0), Decimal(1)


class Fault(Exception):
    pass


def text(value: Any, limit: int) -> str | None:
    """A text that fits, or None for blank."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        value = str(value)
    if len(value) > limit:
        raise Fault(f"{value[:20]}… has more than {limit} characters")
    return value


def money(value: Any) -> Decimal | None:
    if type(value) is Decimal:
        return value
    if value is None or value == "":
        return None
    try:
        return Decimal(value)
    except (DecimalException, TypeError, ValueError):
        raise Fault(f"{value} is not a number") from None


def iso_day(value: Any, seen: set[str]) -> str | None:
    """A valid ISO date; days repeat, so those already checked are kept."""
    if value in seen:
        return value
    if value is None or value == "":
        return None
    found = dt.date.fromisoformat(value).isoformat()
    seen.add(found)
    return found


SEEN: set[str] = set()


def by_hand(order: dict[str, Any], ctx: Context) -> tuple[dict[str, Any], list[str]]:
    """What a careful programmer writes: one pass, locals, one lookup each, faults collected."""
    issues: list[str] = []
    lookups, links = ctx.lookups, ctx.links
    get = order.get
    invoice: dict[str, Any] = {}
    try:
        number = text(get("SalesOrder", "").strip(), 21)
        if number is None:
            issues.append("DocNumber: must not be empty")
        else:
            invoice["DocNumber"] = number
        day = iso_day(get("OrderDate"), SEEN)
        if day is None:
            issues.append("TxnDate: must not be empty")
        else:
            invoice["TxnDate"] = day
        terms = get("InvTermsOverride")
        if day is not None:
            due = lookups["due_days"].get(terms, 30)
            invoice["DueDate"] = (dt.date.fromisoformat(day) + dt.timedelta(int(due))).isoformat()
        ship = iso_day(get("ReqShipDate"), SEEN)
        if ship is not None:
            invoice["ShipDate"] = ship
        customer = links["customer"].get(get("Customer"))
        if customer is None:
            issues.append(f"CustomerRef: no customer linked to {get('Customer')}")
        else:
            invoice["CustomerRef"] = {"value": customer}
        if terms:
            term = lookups["terms"].get(terms)
            if term is None:
                issues.append(f"SalesTermRef: no row for {terms}")
            else:
                invoice["SalesTermRef"] = {"value": term}
        currency = get("Currency")
        currency = "USD" if currency == "$" else text(currency, 3)
        if currency is not None:
            invoice["CurrencyRef"] = {"value": currency}
        rate = money(get("ExchangeRate"))
        if rate is not None:
            invoice["ExchangeRate"] = rate
        invoice["PrivateNote"] = text(f"Order {get('SalesOrder')} of {get('CustomerName')}", 4000)
        memo = text(get("SpecialInstrs"), 1000)
        if memo is not None:
            invoice["CustomerMemo"] = {"value": memo}
        email = text(get("Email"), 100)
        if email is not None:
            invoice["BillEmail"] = {"Address": email}
        method = text(get("ShippingInstrs"), 4000)
        if method is not None:
            invoice["ShipMethodRef"] = {"value": method}
        branch = get("Branch")
        if branch:
            department = lookups["branches"].get(branch)
            if department is None:
                issues.append(f"DepartmentRef: no row for {branch}")
            else:
                invoice["DepartmentRef"] = {"value": department}
        for target, source, limit in HEADER_TEXTS:
            value = text(get(source), limit)
            if value is not None:
                invoice[target] = value
        address = {}
        for target, source, limit in ADDRESS_TEXTS:
            value = text(get(source), limit)
            if value is not None:
                address[target] = value
        if address:
            invoice["ShipAddr"] = address
        invoice["EmailStatus"] = "NotSet" if email is None else "NeedToSend"
    except (Fault, ValueError, TypeError, AttributeError) as fault:
        issues.append(str(fault))
    lines_by_hand(order, ctx, invoice, issues)
    return invoice, issues


HEADER_TEXTS = (("PONumber", "CustomerPoNumber", 30), ("SalesRep", "Salesperson", 20),
                ("Region", "Area", 10))  # fmt: skip
ADDRESS_TEXTS = (
    ("Line1", "ShipAddress1", 500), ("Line2", "ShipAddress2", 500), ("Line3", "ShipAddress3", 500),
    ("City", "ShipAddress4", 255), ("CountrySubDivisionCode", "State", 255),
    ("PostalCode", "ShipPostalCode", 30),
)  # fmt: skip


def lines_by_hand(
    order: dict[str, Any], ctx: Context, invoice: dict[str, Any], issues: list[str]
) -> None:
    items, taxes, classes = ctx.links["item"], ctx.lookups["tax"], ctx.lookups["classes"]
    total, made = ZERO, []
    for index, line in enumerate(order.get("SorDetail") or ()):
        try:
            quantity, price = money(line["MOrderQty"]), money(line["MPrice"])
            gross = None
            if quantity is not None and price is not None:
                gross = quantity * price
                total += gross
            if line["LineType"] == "6":
                continue
            item = items.get(line["MStockCode"])
            if item is None:
                issues.append(f"Line[{index}]: no item linked to {line['MStockCode']}")
                continue
            detail: dict[str, Any] = {"ItemRef": {"value": item}}
            if quantity is not None:
                detail["Qty"] = quantity
            if price is not None:
                detail["UnitPrice"] = price
            discount = money(line["MDiscPct1"])
            if discount is not None:
                detail["DiscountRate"] = discount
            code = line["MTaxCode"]
            if code:
                tax = taxes.get(code)
                if tax is None:
                    issues.append(f"Line[{index}]: no row for tax {code}")
                else:
                    detail["TaxCodeRef"] = {"value": tax}
            product_class = line["MProductClass"]
            if product_class:
                detail["ClassRef"] = {"value": classes.get(product_class, "0")}
            shipped = iso_day(line["MLineShipDate"], SEEN)
            if shipped is not None:
                detail["ServiceDate"] = shipped
            element: dict[str, Any] = {
                "LineNum": line["SalesOrderLine"], "DetailType": "SalesItemLineDetail",
                "SalesItemLineDetail": detail,
            }  # fmt: skip
            words = text(line["MStockDes"], 4000)
            if words is not None:
                element["Description"] = words
            if gross is None or discount is None:
                issues.append(f"Line[{index}]: amount must not be empty")
            else:
                net = gross * (ONE - discount / HUNDRED)
                element["Amount"] = net.quantize(CENT, ROUND_HALF_UP)
            made.append(element)
        except (Fault, KeyError, ValueError, TypeError) as fault:
            issues.append(f"Line[{index}]: {fault}")
    if made:
        invoice["Line"] = made
    invoice["NetTotal"] = total.quantize(CENT, ROUND_HALF_UP)


# Measuring --------------------------------------------------------------------------------------


def seconds(run: Callable[[], Any]) -> float:
    """Processor time of a run: the machine may be shared with others."""
    start = time.process_time()
    run()
    return time.process_time() - start


def paired(
    ours: Callable[[], None], theirs: Callable[[], None], pairs: int
) -> tuple[float, float, float]:
    """Median ratio of interleaved pairs (order swapped every time) and the best time of each."""
    ratios, mine, other = [], [], []
    gc.collect()
    gc.disable()
    try:
        for turn in range(pairs + 2):
            if turn % 2:
                a, b = seconds(ours), seconds(theirs)
            else:
                b, a = seconds(theirs), seconds(ours)
            if turn >= 2:
                ratios.append(a / b)
                mine.append(a)
                other.append(b)
    finally:
        gc.enable()
    return statistics.median(ratios), min(mine), min(other)


def measure(records: int, pairs: int) -> dict[str, Any]:
    erp, books = schemas()
    tables = {n: TableInfo() for n in ("terms", "branches", "tax", "classes")}
    from engine.mapping import Kind

    catalog = Catalog(lookups={**tables, "due_days": TableInfo(Kind.NUMBER)})
    compiled = compile_mapping(parse(MAPPING), erp, books, catalog)
    ctx, data = context(), orders(records)
    for order in data[:50]:
        ours, (hand, faults) = compiled.apply(order, ctx), by_hand(order, ctx)
        if ours.record != hand or ours.issues or faults:
            raise SystemExit(f"not the same work: {ours.record} {hand} {ours.issues} {faults}")
    apply = compiled.apply

    def run_ours() -> None:
        for order in data:
            apply(order, ctx)

    def run_hand() -> None:
        for order in data:
            by_hand(order, ctx)

    def run_traced() -> None:
        for order in data[: max(records // 20, 1)]:
            apply(order, ctx, trace=True)

    ratio, best, hand_best = paired(run_ours, run_hand, pairs)
    traced = min(seconds(run_traced) for _ in range(3))
    return {
        "ratio_to_handwritten": round(ratio, 3),
        "records_per_second": round(records / best),
        "handwritten_records_per_second": round(records / hand_best),
        "with_trace_records_per_second": round(max(records // 20, 1) / traced),
        "fields": 40,
        "lines": 10,
        "others": others(data, pairs),
    }


def others(data: list[dict[str, Any]], pairs: int) -> dict[str, Any]:
    """Peers, each doing the part of the work it can express; or why it was not timed."""
    found: dict[str, Any] = {}
    few = data[:100]
    for library, build in PEERS.items():
        if importlib.util.find_spec(library) is None:
            found[library] = "not installed, skipped"
            continue
        run = build()
        best = min(seconds(lambda run=run: [run(o) for o in few]) for _ in range(3))
        found[library] = {"records_per_second": round(len(few) / best)}
    return found


def _glom() -> Callable[[Any], Any]:
    from glom import Coalesce, glom

    line = {"Description": "MStockDes", "Qty": "MOrderQty", "UnitPrice": "MPrice",
            "Amount": lambda row: row["MOrderQty"] * row["MPrice"], "Code": "MStockCode"}  # fmt: skip
    spec = {"DocNumber": ("SalesOrder", str.strip), "TxnDate": "OrderDate", "PONumber": "CustomerPoNumber",
            "ShipAddr": {"Line1": "ShipAddress1", "City": "ShipAddress4", "PostalCode": "ShipPostalCode"},
            "Email": Coalesce("Email", default=None), "Line": ("SorDetail", [line])}  # fmt: skip
    return lambda order: glom(order, spec)


def _jmespath() -> Callable[[Any], Any]:
    import jmespath

    query = jmespath.compile(
        "{DocNumber: SalesOrder, TxnDate: OrderDate, PONumber: CustomerPoNumber, Email: Email, "
        "ShipAddr: {Line1: ShipAddress1, City: ShipAddress4, PostalCode: ShipPostalCode}, "
        "Line: SorDetail[?LineType != '6'].{Description: MStockDes, Qty: MOrderQty, UnitPrice: MPrice}}"
    )
    return query.search


def _jsonata() -> Callable[[Any], Any]:
    from jsonata import Jsonata

    query = Jsonata(
        '{"DocNumber": $trim(SalesOrder), "TxnDate": OrderDate, "PONumber": CustomerPoNumber, '
        '"ShipAddr": {"Line1": ShipAddress1, "City": ShipAddress4}, '
        '"Line": SorDetail[LineType != "6"].{"Description": MStockDes, "UnitPrice": MPrice}}'
    )
    plain = lambda v: float(v) if isinstance(v, Decimal) else v  # noqa: E731
    return lambda order: query.evaluate(json.loads(json.dumps(order, default=plain)))


def _pydantic() -> Callable[[Any], Any]:
    from pydantic import TypeAdapter, create_model

    kinds: dict[str, Any] = {"s": str, "d": str, "n": Decimal, "i": int}
    line = create_model(
        "Line", **{w.split(":")[0]: (kinds[w.split(":")[1][0]], ...) for w in LINE.split()}
    )
    fields = {
        n: (kinds[k[0]] if k[0] != "n" else Any, ...)
        for n, k in (w.split(":") for w in HEADER.split())
    }
    order = create_model("Order", **fields, SorDetail=(list[line], ...))
    return TypeAdapter(order).validate_python


PEERS: dict[str, Callable[[], Callable[[Any], Any]]] = {
    "glom": _glom, "jmespath": _jmespath, "jsonata": _jsonata, "pydantic": _pydantic,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pairs", type=int, default=41)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--peers", default="")
    options = parser.parse_args()
    if options.peers:
        sys.path.append(options.peers)
    found = measure(options.records, options.pairs)
    if options.json:
        print(json.dumps(found))
        return
    for key, value in found.items():
        print(f"{key:36} {value}")


if __name__ == "__main__":
    main()
