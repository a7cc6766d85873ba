"""Stock codes of the sample company, and what the bookkeeper made of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

from connectors.emulation import company_words as words
from connectors.emulation.company_model import Item, ItemTwin, cents
from connectors.emulation.company_tables import Tables

_CLASS_OF = {"Table": "FRN", "Chair": "FRN", "Stool": "FRN", "Shelf": "FRN", "Crate": "FRN"}
_OUTDOOR = ("Lantern", "Tent Peg", "Flask", "Tarp", "Rope", "Grill")
_HOWS = (
    "same", "code without dashes", "short code", "renamed", "same", "upper case", "truncated",
    "number as code", "word order", "old price",
)  # fmt: skip


def item(tables: Tables, index: int, seed: int) -> Item:
    """The item ``index`` of a division, with its twins in the books."""
    rng = Random(f"{seed}/{tables.id}/item/{index}")
    if index % 20 == 19:
        return _service(rng, tables, index)
    material, thing, size, colour, series = _parts(index)
    code = f"{material[:3]}{thing[:3]}-{size[:4]}-{words.SHADES[colour]}{series}".upper()
    name = f"{material} {thing} {size} {colour}{f' Mk{series}' if series else ''}"
    kind = "non_stock" if index % 16 == 15 else "stock"
    in_cases = index % 3 == 1
    price = Decimal(rng.randrange(90, 24000)).scaleb(-2)
    if index == 1:
        price = Decimal("2.00")  # two cases of twelve at 24.00
    made = Item(
        index=index,
        code=code,
        name=name,
        long_name=f"{name}, {rng.choice(('boxed', 'loose', 'shrink wrapped'))}",
        kind=kind,  # type: ignore[arg-type]  # one of two literals
        unit="EA",
        alternate_unit="CS" if in_cases else "",
        factor=Decimal(12 if index == 1 else rng.choice((6, 12, 24))) if in_cases else Decimal(1),
        product_class=_CLASS_OF.get(thing, "OUT" if thing in _OUTDOOR else "HDW"),
        tax_code=tables.reduced_tax
        if tables.country == "GB" and index % 10 == 7
        else tables.standard_tax,
        price=price,
        cost=cents(price * Decimal(rng.randint(45, 75)) / 100),
        warehouse=tables.warehouses[index % len(tables.warehouses)].code,
        on_hand=Decimal(rng.randrange(20, 900)) if kind == "stock" else Decimal(0),
        barcode=f"50{rng.randrange(10**10):010d}{index % 10}",
        discontinued=index % 27 == 26,
        custom={"CarbonKg": f"{rng.randrange(1, 90)}.{rng.randrange(1000):03d}"}
        if index % 2
        else {},
    )
    twins = _twins(rng, tables, made)
    return replace(made, twins=twins, books=tables.books if twins else None)


def _parts(index: int) -> tuple[str, str, str, str, str]:
    many = len(words.MATERIALS) * len(words.THINGS) * len(words.SIZES) * len(words.COLOURS)
    series, step = divmod(index, many)
    step = (step * 6037 + 11) % many
    step, m = divmod(step, len(words.MATERIALS))
    step, t = divmod(step, len(words.THINGS))
    colour, size = divmod(step, len(words.SIZES))
    return (
        words.MATERIALS[m],
        words.THINGS[t],
        words.SIZES[size],
        words.COLOURS[colour],
        str(series + 1) if series else "",
    )


def _service(rng: Random, tables: Tables, index: int) -> Item:
    turn, which = divmod(index // 20, len(words.SERVICES))
    what = words.SERVICES[which] + (f" {turn + 1}" if turn else "")
    made = Item(
        index=index,
        code=f"SV-{what[:4].upper()}{index}",
        name=f"{what} per hour",
        long_name=f"{what} by our workshop, per hour",
        kind="service",
        unit="HR",
        alternate_unit="",
        factor=Decimal(1),
        product_class="SVC",
        tax_code=tables.standard_tax if tables.country == "GB" else tables.exempt_tax,
        price=Decimal(rng.randrange(40, 120)),
        cost=Decimal(rng.randrange(20, 40)),
        warehouse=tables.warehouses[0].code,
        on_hand=Decimal(0),
    )
    twins = _twins(rng, tables, made)
    return replace(made, twins=twins, books=tables.books if twins else None)


def _twins(rng: Random, tables: Tables, one: Item) -> tuple[ItemTwin, ...]:
    if one.index % 8 == 6:
        return ()
    how = _HOWS[one.index % len(_HOWS)]
    classes = {c.code: c for c in tables.classes}
    own = classes[one.product_class]
    twin = ItemTwin(
        code=one.code,
        name=one.name,
        description=one.long_name,
        kind=one.kind,
        price=one.price,
        cost=one.cost,
        income_account=own.income_account,
        cost_account=own.cost_account,
        stock_account=own.stock_account,
        taxable=tables.tax(one.tax_code).rate > 0,
        how=how,
    )
    twin = _diverge(twin, one, how)
    if tables.country == "GB" and one.index == 3:
        twin = replace(twin, code="200", how="code equals an account code")
    if one.discontinued:
        return (replace(twin, active=False, how=f"{how}, inactive"),)
    if one.index % 23 == 22:
        return (
            twin,
            replace(twin, code=f"{twin.code}-OLD", name=f"{one.name} (old)", how="duplicate"),
        )
    return (twin,)


def _diverge(twin: ItemTwin, one: Item, how: str) -> ItemTwin:
    codes = {
        "code without dashes": one.code.replace("-", ""),
        "short code": one.code.split("-")[0] + str(one.index),
        "number as code": str(10000 + one.index),
    }
    names = {
        "renamed": one.name.replace("Aluminium", "Alloy").replace("Canvas", "Cloth"),
        "upper case": one.name.upper(),
        "truncated": one.name[:16].rstrip(),
        "word order": ", ".join(reversed(one.name.split(" ", 1))),
    }
    price = cents(one.price * Decimal("0.95")) if how == "old price" else twin.price
    return replace(
        twin, code=codes.get(how, twin.code), name=names.get(how, twin.name), price=price
    )


# Bookkeepers keep an item for what is charged besides goods; the ERP has no stock code for it.
_CHARGES = (("SHIP", "Shipping", "10-4400"), ("MISC", "Miscellaneous charge", "10-4500"))


def strangers(tables: Tables, many: int, start: int) -> tuple[ItemTwin, ...]:
    """Items only the books know: charges first, then what is left of an old catalogue."""
    charges = tuple(
        ItemTwin(
            code=code,
            name=name,
            description=name,
            kind="service",
            income_account=account,
            cost_account="10-5500",
            how="only in the books",
        )
        for code, name, account in _CHARGES[:many]
    )
    return charges + tuple(
        ItemTwin(
            code=f"LEGACY-{index:03d}",
            name=f"Legacy item {index:03d}",
            description="Kept from the previous catalogue",
            kind="non_stock",
            price=Decimal(10),
            income_account="10-4500",
            cost_account="10-5500",
            active=index % 2 == 0,
            how="only in the books",
        )
        for index in range(start, start + many - len(charges))
    )


def with_unique_twins(items: list[Item]) -> tuple[Item, ...]:
    """The items with twin names and codes made unique, case-insensitively."""
    names: set[str] = set()
    codes: set[str] = set()
    made = []
    for one in items:
        twins = []
        for twin in one.twins:
            name, code, count = twin.name, twin.code, 2
            while name.casefold() in names or code.casefold() in codes:
                name, code, count = f"{twin.name} ({count})", f"{twin.code}-{count}", count + 1
            names.add(name.casefold())
            codes.add(code.casefold())
            twins.append(replace(twin, name=name, code=code))
        made.append(replace(one, twins=tuple(twins)))
    return tuple(made)
