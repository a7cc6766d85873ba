"""Sales orders of the sample company: each is a pure function of seed, division and index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from connectors.emulation import company_words as words
from connectors.emulation.company_model import Item, OrderLine, Party, SalesOrder, cents
from connectors.emulation.company_tables import Tables

D = Decimal
# Statuses by index modulo 8: five of eight orders are complete.
_STATUSES = ("9", "9", "1", "9", "8", "9", "9", "4")


def order(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], index: int, seed: int
) -> SalesOrder:
    """The order ``index`` of a division."""
    rng = Random(f"{seed}/{tables.id}/order/{index}")
    status = _STATUSES[index % len(_STATUSES)]
    ordered = date(2026, 4, 2) + timedelta(days=(index * 3 + rng.randrange(3)) % 78)
    customer = _customer(rng, customers, index)
    sellable = [i for i in (rng.choice(items) for _ in range(8)) if not i.discontinued]
    seller = next(s for s in tables.salespersons if s.code == customer.salesperson)
    code, label, where = customer.ship_to[0] if customer.ship_to else ("", "", customer.billing)
    made = SalesOrder(
        index=index,
        number=f"{1000 + index:06d}",
        division=tables.id,
        books=tables.books,
        customer=customer.code,
        customer_po=f"PO-{tables.id[-1]}{7000 + index}",
        ordered=ordered,
        ship_by=ordered + timedelta(days=rng.randint(3, 10)),
        status=status,
        completed=None,
        invoice_number="",
        currency=customer.currency,
        rate=tables.rate(customer.currency),
        terms=customer.terms,
        branch=seller.branch,
        salesperson=seller.code,
        warehouse=tables.warehouses[0].code,
        lines=_lines(rng, tables, customer, sellable, 1 + rng.randrange(5)),
        ship_to=where,
        ship_to_name=label or customer.name,
        ship_to_code=code,
        instructions=rng.choice(("", "", "Deliver before noon", "Fragile")),
        email=customer.email,
        custom={"DeliverySlot": rng.choice(("AM", "PM"))} if index % 3 == 0 else {},
    )
    made = _peculiar(tables, customers, items, _complete(tables, made, rng), rng)
    return replace(made, lines=tuple(replace(x, number=n) for n, x in enumerate(made.lines, 1)))


def _customer(rng: Random, customers: Sequence[Party], index: int) -> Party:
    """Mostly customers that the books know and that are not on hold."""
    for _ in range(6):
        one = rng.choice(customers)
        clean = len(one.twins) == 1 and one.twins[0].active and not one.on_hold
        if clean or (index % 7 == 6 and not one.on_hold):
            return one
    return customers[0]


def _complete(tables: Tables, made: SalesOrder, rng: Random) -> SalesOrder:
    if made.status != "9":
        return made
    day = min(made.ordered + timedelta(days=rng.randint(1, 9)), tables.as_of)
    return replace(made, completed=day, invoice_number=f"{200000 + made.index:06d}")


def _tax(tables: Tables, customer: Party, item: Item | None) -> tuple[str, Decimal]:
    code = customer.tax_code
    if code == tables.standard_tax and item is not None and tables.country == "GB":
        code = item.tax_code
    return code, tables.tax(code).rate


def _goods(
    tables: Tables, customer: Party, item: Item, quantity: Decimal, *, cased: bool = False
) -> OrderLine:
    code, rate = _tax(tables, customer, item)
    factor = item.factor if cased else D(1)
    price = item.price if customer.currency == tables.currency else cents(item.price / D("0.85"))
    unit = item.alternate_unit if cased else item.unit
    return OrderLine(
        number=0,
        kind="stock" if item.kind == "stock" else "non_stock",
        description=item.name,
        item=item.code,
        quantity=quantity,
        unit=unit,
        price=price * factor,
        price_unit=unit,
        price_quantity=quantity,
        tax_code=code,
        tax_rate=rate,
        product_class=item.product_class,
        warehouse=item.warehouse,
        cost=item.cost * factor,
    )


def _charge(tables: Tables, customer: Party, kind: str, text: str, value: Decimal) -> OrderLine:
    code, rate = _tax(tables, customer, None)
    return OrderLine(
        number=0,
        kind="freight" if kind == "freight" else "misc",
        description=text,
        quantity=D(1),
        price=value,
        price_quantity=D(1),
        tax_code=code,
        tax_rate=rate,
        product_class="FRT" if kind == "freight" else "MSC",
        cost=cents(value / 2),
    )


def _lines(
    rng: Random, tables: Tables, customer: Party, items: Sequence[Item], many: int
) -> tuple[OrderLine, ...]:
    made = []
    for item in items[:many]:
        cased = item.factor > 1 and rng.randrange(3) == 0
        line = _goods(tables, customer, item, D(rng.randint(1, 24)), cased=cased)
        if rng.randrange(6) == 0:
            line = replace(line, discount_percent=D(rng.choice(("2.5", "5", "10"))))
        made.append(line)
    if rng.randrange(3) == 0:
        made.append(
            _charge(tables, customer, "freight", "Carriage", D(rng.choice(("9.50", "15", "24.95"))))
        )
    if rng.randrange(8) == 0:
        made.append(_charge(tables, customer, "misc", "Handling charge", D("4.75")))
    if rng.randrange(4) == 0:
        made.append(OrderLine(0, "comment", rng.choice(words.COMMENTS)))
    return tuple(made)


# --- orders with a story: the cases every integration must survive ---------------------------------

Story = Callable[[Tables, Sequence[Party], Sequence[Item], SalesOrder, Random], SalesOrder]


def _who(customers: Sequence[Party], made: SalesOrder) -> Party:
    return next(c for c in customers if c.code == made.customer)


def _first(customers: Sequence[Party], test: Callable[[Party], bool]) -> Party:
    return next((c for c in customers[:400] if test(c)), customers[0])


def _moved_to(tables: Tables, made: SalesOrder, customer: Party) -> SalesOrder:
    """The same goods for another customer, taxed and priced as that customer is."""
    lines = tuple(
        replace(x, tax_code=customer.tax_code, tax_rate=tables.tax(customer.tax_code).rate)
        if x.kind != "comment" else x
        for x in made.lines
    )  # fmt: skip
    return replace(
        made,
        customer=customer.code,
        currency=customer.currency,
        rate=tables.rate(customer.currency),
        terms=customer.terms,
        email=customer.email,
        ship_to=customer.billing,
        ship_to_name=customer.name,
        ship_to_code="",
        salesperson=customer.salesperson,
        branch=customer.branch,
        lines=lines,
    )


def _cases_of_twelve(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    who = _first(customers, lambda c: c.currency == tables.currency and len(c.twins) == 1)
    made = _moved_to(tables, made, who)
    line = _goods(tables, who, items[1], D(2), cased=True)
    other = _goods(tables, who, items[4], D(3), cased=True)
    per_each = replace(
        other, price=other.price / items[4].factor, price_unit="EA",
        price_quantity=other.quantity * items[4].factor,
    )  # fmt: skip
    return replace(made, lines=(line, per_each), story="price in another unit")


def _sixty_lines(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    usable = [i for i in items[:200] if not i.discontinued]
    lines = tuple(
        _goods(tables, _who(customers, made), usable[n % len(usable)], D(1 + n % 9))
        for n in range(60)
    )
    return replace(made, lines=lines, story="sixty lines")


def _odd_cents(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    """Three lines whose taxes, rounded one by one, differ from the tax on their sum."""
    who = _first(
        customers,
        lambda c: c.tax_code == tables.standard_tax and len(c.twins) == 1 and c.twins[0].active,
    )
    rate = tables.tax(tables.standard_tax).rate
    goods = [i for i in items[:200] if i.kind == "stock" and i.tax_code == tables.standard_tax][:3]
    price, values = D("25.06"), (D(0), D("0.55"), D("0.57"))
    while _rounds_alike(tuple(price + v for v in values), rate):
        price += D("0.01")
    lines = tuple(
        replace(_goods(tables, who, item, D(1)), price=price + value)
        for item, value in zip(goods, values, strict=True)
    )
    return replace(_moved_to(tables, made, who), lines=lines, story="cents round differently")


def _rounds_alike(nets: tuple[Decimal, ...], rate: Decimal) -> bool:
    return sum(cents(n * rate / 100) for n in nets) == cents(sum(nets, D(0)) * rate / 100)


def _closed_period(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    day = tables.lock_date - timedelta(days=4)
    return replace(
        made, ordered=day - timedelta(days=6), ship_by=day, completed=day, story="closed period"
    )


def _on_hold(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    who = _first(customers, lambda c: c.on_hold)
    return replace(_moved_to(tables, made, who), status="S", completed=None, invoice_number="",
                   story="customer on hold")  # fmt: skip


def _unknown_customer(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    who = _first(customers, lambda c: not c.twins and not c.on_hold)
    return replace(_moved_to(tables, made, who), story="customer only in the ERP")


def _duplicate_customer(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    who = _first(customers, lambda c: len(c.twins) == 2)
    return replace(_moved_to(tables, made, who), story="customer twice in the books")


def _discontinued(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    gone = next((i for i in items[:200] if i.discontinued), items[0])
    line = _goods(tables, _who(customers, made), gone, D(4))
    return replace(made, lines=(*made.lines, line), story="discontinued item")


def _free_text_item(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    model = _goods(tables, _who(customers, made), items[0], D(1))
    line = replace(
        model, kind="non_stock", item="SPECIAL-BENCH", description="Bench to drawing 4711",
        price=D("480.00"), cost=D("300.00"), product_class="FRN", warehouse="",
    )  # fmt: skip
    return replace(made, lines=(*made.lines, line), story="non-stocked line")


def _eur_customer(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    if len(tables.currencies) == 1:
        return made
    who = _first(
        customers, lambda c: c.currency == "EUR" and len(c.twins) == 1 and c.twins[0].active
    )
    return replace(_moved_to(tables, made, who), story="second currency")


def _cash_sale(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    return replace(
        made, cash_sale=True, payment_method=rng.choice(words.METHODS), story="cash sale"
    )


def _cancelled(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    return replace(made, status="\\", completed=None, invoice_number="", story="cancelled")


# Indexes are complete orders (status 9) unless the story changes the status.
_STORIES: dict[int, Story] = {
    0: _cases_of_twelve,
    1: _odd_cents,
    3: _sixty_lines,
    5: _closed_period,
    6: _on_hold,
    8: _unknown_customer,
    9: _duplicate_customer,
    11: _discontinued,
    13: _free_text_item,
    14: _eur_customer,
    17: _cash_sale,
    19: _eur_customer,
    10: _cancelled,
}


def _peculiar(
    tables: Tables, customers: Sequence[Party], items: Sequence[Item], made: SalesOrder, rng: Random
) -> SalesOrder:
    story = _STORIES.get(made.index)
    if story is None and made.index % 10 == 7:
        story = _cash_sale
    return made if story is None else story(tables, customers, items, made, rng)
