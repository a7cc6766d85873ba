"""Customers and suppliers of the sample company, and what the bookkeeper made of them."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

from connectors.emulation import company_words as words
from connectors.emulation.company_model import Party, PartyTwin, Place
from connectors.emulation.company_tables import Tables

Role = Literal["customer", "supplier"]
_EU = ("IE", "DE", "FR")
# One divergence per party, walked through by index so that size S shows each of them.
_HOWS = (
    "same", "legal form", "no legal form", "typo", "upper case", "moved", "truncated", "ampersand",
    "same", "trade dropped", "contact changed", "phone format",
)  # fmt: skip


def plain(text: str) -> str:
    """Letters without accents, for mail addresses and codes."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def words_of(index: int, role: Role) -> tuple[str, str, str]:
    """Three words, different for every index below 76,800 (customers) or 51,200 (suppliers)."""
    trades = words.CUSTOMER_TRADES if role == "customer" else words.SUPPLIER_TRADES
    many = len(words.FIRST) * len(words.SECOND) * len(trades)
    step = (index * 7919 + 31) % many  # 7919 is prime to the product: a permutation
    rest, trade = divmod(step, len(trades))
    first, second = divmod(rest, len(words.SECOND))
    return words.FIRST[first], words.SECOND[second], trades[trade]


def place(rng: Random, country: str) -> Place:
    """An invented address."""
    city, region, postal = rng.choice(words.CITIES[country])
    street = rng.choice(words.STREETS)[0]
    second = rng.choice(("", "", "", "Suite 200", "2nd Floor", "Unit 7"))
    return Place(f"{rng.randint(1, 480)} {street}", second, city, region, postal, country)


def _phone(rng: Random, country: str) -> str:
    tail = f"{rng.randint(0, 9999):04d}"
    return f"512 555 {tail}" if country == "US" else f"0113 496 {tail}"


def _country(tables: Tables, index: int) -> str:
    if tables.country == "US" or index % 4 != 3:
        return tables.country
    return _EU[(index // 4) % len(_EU)]


def _tax_code(tables: Tables, country: str, region: str, *, exempt: bool) -> str:
    if exempt:
        return tables.exempt_tax
    if tables.country == "US":
        return {"TX": "TX", "CA": "CA"}.get(region, "OS")
    return tables.standard_tax if country == tables.country else "EC"


def _code(tables: Tables, index: int, role: Role, first: str) -> str:
    if tables.keys == "numeric":
        return f"{(100 if role == 'customer' else 10) + index:07d}"
    return f"{plain(first)[:3].upper()}{index + 1:03d}"


def party(tables: Tables, role: Role, index: int, seed: int) -> Party:
    """The party ``index`` of a division, with its twins in the books."""
    rng = Random(f"{seed}/{tables.id}/{role}/{index}")
    first, second, trade = words_of(index, role)
    country = _country(tables, index)
    legal, legal_long = rng.choice(words.LEGAL[country])
    bare = f"{first} {second} {trade}" if index % 3 else f"{first} {trade}"
    if index % 3 == 0 and index >= len(words.FIRST):
        bare = f"{first} {second} {trade}"
    name = f"{bare} {legal}"
    billing = place(rng, country)
    exempt = role == "customer" and index % 13 == 12
    terms = tables.terms[(0, 0, 1, 0, 2, 3, 0, 4)[index % 8]].code
    seller = tables.salespersons[index % len(tables.salespersons)]
    made = Party(
        index=index,
        role=role,
        code=_code(tables, index, role, first),
        name=name,
        short_name=bare[:20],
        billing=billing,
        contact=f"{rng.choice(words.PEOPLE_FIRST)} {rng.choice(words.PEOPLE_LAST)}",
        email=f"{'accounts' if role == 'customer' else 'sales'}@{plain(bare).lower().replace(' ', '').replace('&', 'and')}.example",
        phone=_phone(rng, country),
        currency=tables.currency if country in ("US", "GB") else "EUR",
        terms=terms,
        tax_code=_tax_code(tables, country, billing.region, exempt=exempt),
        branch=seller.branch,
        salesperson=seller.code if role == "customer" else "",
        books=tables.books,
        ship_to=_ship_to(rng, country, bare) if role == "customer" and index % 4 == 1 else (),
        credit_limit=Decimal(rng.randrange(5, 80) * 1000) if role == "customer" else Decimal(0),
        on_hold=role == "customer" and index % 29 == 28,
        tax="exempt" if exempt else "taxable",
        tax_number=_tax_number(rng, country),
        group=rng.choice(("RT", "WS", "IN")),
        account=rng.choice(("10-1400", "10-6100", "10-6200")) if role == "supplier" else "",
        added=date(2019, 1, 1) + timedelta(days=rng.randrange(2000)),
        custom=_custom(rng, role),
    )
    twins = _twins(rng, tables, made, bare, legal_long)
    return replace(made, twins=twins, books=tables.books if twins else None)


def _ship_to(rng: Random, country: str, bare: str) -> tuple[tuple[str, str, Place], ...]:
    return tuple(
        (f"D{n}", f"{bare} {label}", place(rng, country))
        for n, label in enumerate(("Depot", "Store 2")[: rng.randint(1, 2)], start=1)
    )


def _tax_number(rng: Random, country: str) -> str:
    digits = f"{rng.randrange(10**9):09d}"
    return {"US": ""}.get(country, f"{country}{digits}")


def _custom(rng: Random, role: Role) -> dict[str, str]:
    if role == "supplier":
        return {"AuditDate": f"2025-{rng.randint(1, 12):02d}-15"} if rng.random() < 0.5 else {}
    made = {"Segment": rng.choice(("Retail", "Trade", "Public", "Online"))}
    if rng.random() < 0.4:
        made["RebatePct"] = f"{Decimal(rng.randrange(800)).scaleb(-2):.2f}"
    if rng.random() < 0.3:
        made["ReviewDate"] = f"2026-{rng.randint(7, 12):02d}-01"
    return made


def _twins(
    rng: Random, tables: Tables, one: Party, bare: str, legal_long: str
) -> tuple[PartyTwin, ...]:
    if one.index % 9 == 8:
        return ()  # only in the ERP: must be created or become a case
    how = _HOWS[one.index % len(_HOWS)]
    first = _twin(rng, tables, one, bare, legal_long, how)
    if one.index % 17 == 16:
        return (replace(first, active=False, how=f"{how}, inactive"),)
    if one.index % 11 == 10:
        second = replace(
            first,
            name=f"{bare} - {one.billing.city}",
            code="",
            email="",
            notes="entered twice",
            how="duplicate",
        )
        return (first, second)
    return (first,)


def _twin(
    rng: Random, tables: Tables, one: Party, bare: str, legal_long: str, how: str
) -> PartyTwin:
    legal = one.name[len(bare) :].strip()
    name = {
        "legal form": f"{bare} {legal_long}",
        "no legal form": bare,
        "typo": _typo(rng, bare) + f" {legal}",
        "upper case": one.name.upper(),
        "truncated": one.name[:18].rstrip(),
        "ampersand": one.name.replace("&", "and").replace(" Co", " & Co"),
        "trade dropped": " ".join(bare.split()[:-1]) + f" {legal}",
    }.get(how, one.name)
    twin = PartyTwin(
        name=name,
        code=one.code.lstrip("0") if one.index % 3 == 0 else "",
        email=one.email if rng.random() < 0.8 else "",
        phone=one.phone,
        contact=one.contact,
        billing=_abbreviated(one.billing),
        tax_number=one.tax_number if rng.random() < 0.7 else "",
        terms=tables.term(one.terms).twin_name,
        currency=one.currency,
        how=how,
    )
    if how == "moved":
        return replace(twin, billing=place(rng, one.billing.country))
    if how == "contact changed":
        return replace(twin, contact=f"{rng.choice(words.PEOPLE_FIRST)} Doe", email="")
    if how == "phone format":
        return replace(twin, phone="+" + one.phone.replace(" ", "-"))
    return twin


def _typo(rng: Random, text: str) -> str:
    at = rng.randrange(2, max(3, len(text) - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :] if at + 1 < len(text) else text


def _abbreviated(where: Place) -> Place:
    line = where.line1
    for long, short in words.STREETS:
        line = line.replace(long, short)
    return replace(where, line1=line)


def strangers(
    tables: Tables, role: Role, many: int, start: int, seed: int
) -> tuple[PartyTwin, ...]:
    """Parties only the books know: ``many`` of them, named from indexes after ``start``."""
    made = []
    for index in range(start, start + many):
        rng = Random(f"{seed}/{tables.id}/stranger/{role}/{index}")
        bare = " ".join(words_of(index, role))
        made.append(
            PartyTwin(
                name=bare,
                email=f"hello@{plain(bare).lower().replace(' ', '').replace('&', 'and')}.example",
                phone=_phone(rng, tables.country),
                billing=place(rng, tables.country),
                currency=tables.currency,
                how="only in the books",
            )
        )
    return tuple(made)


def with_unique_twins(parties: list[Party], taken: set[str]) -> tuple[Party, ...]:
    """The parties with twin names made unique (books refuse equal names), case-insensitively."""
    made = []
    for one in parties:
        twins = []
        for twin in one.twins:
            name, count = twin.name, 2
            while name.casefold() in taken:
                name, count = f"{twin.name} ({count})", count + 1
            taken.add(name.casefold())
            twins.append(replace(twin, name=name))
        made.append(replace(one, twins=tuple(twins)))
    return tuple(made)
