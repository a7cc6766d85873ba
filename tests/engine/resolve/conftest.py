# ruff: noqa: SIM905 - word lists read better as text
from __future__ import annotations

import random

import pytest

from engine.resolve import Table

HEADS = "Brun Kest Marl Tov Ash Pel Wick Dor Lan Hask Rud Fen Gol Sev Tarn Ull".split()
TAILS = "holm ford wick berg stone ley mark dale vik sund moor beck".split()
LINES = (
    "Steel Pumps Valves Timber Paints Tools Foods Glass Textiles Freight Safety Printing".split()
)
KINDS = "Supplies Services Engineering Trading Holdings Systems".split()
SHORT = {
    "Supplies": "Supp",
    "Services": "Svcs",
    "Engineering": "Eng",
    "Trading": "Trdg",
    "Holdings": "Hldgs",
    "Systems": "Sys",
}
TOWNS = "Oslo Bergen Tromso Skien Molde Narvik Hamar Bodo".split()


@pytest.fixture(scope="session")
def parties() -> tuple[Table, Table, set[tuple[str, str]]]:
    """400 invented firms in two systems, 280 of them in both, with the true pairs."""
    r = random.Random(4)
    left, right, truth, seen = [], [], set(), set()
    while len(left) < 400:
        name = (r.choice(HEADS) + r.choice(TAILS), r.choice(LINES), r.choice(KINDS))
        if name in seen:
            continue
        seen.add(name)
        n = len(left)
        town, street, phone = (
            r.choice(TOWNS),
            f"{r.randint(1, 300)} {r.choice(HEADS)}gate Street",
            f"0{r.randint(20, 89)} 55{r.randint(10000, 99999)}",
        )
        mail = f"info@{name[0].lower()}{name[1].lower()}.example"
        left.append(
            {
                "Customer": f"C{n:04}",
                "Name": " ".join(name).upper() + " LTD",
                "Telephone": phone,
                "Email": mail,
                "SoldToAddr1": street.upper(),
                "SoldToAddr3": town.upper(),
            }
        )
        if n % 10 < 7:
            key = str(7000 + n * 3)
            truth.add((f"C{n:04}", key))
            written = (
                f"{name[0]} {name[1]} {SHORT[name[2]] if r.random() < 0.4 else name[2]}"
                + r.choice(["", " Limited", " Ltd."])
            )
            right.append({
                "Id": key, "DisplayName": written, "PrimaryPhone.FreeFormNumber": "+47 " + phone[1:] if r.random() < 0.6 else "",
                "PrimaryEmailAddr.Address": mail if r.random() < 0.5 else "", "BillAddr.Line1": street if r.random() < 0.7 else "", "BillAddr.City": town,
            })  # fmt: skip
    r.shuffle(right)
    return Table.from_rows(left, "Customer"), Table.from_rows(right, "Id"), truth
