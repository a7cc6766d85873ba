"""Invented persons in two registers, any number a side, for speed and quality at scale.

    python bench/records_persons.py --n 50000 --seed 1 --out /tmp/persons

Two files ``a.csv``, ``b.csv`` and ``gold.csv`` in the format of ``shared/bench/public/entity/febrl4``:
names drawn with falling frequency, addresses, birth days, numbers; the second register has slips of
the pen, short forms, swapped names, moved households and empty cells. No real person is meant.
"""

from __future__ import annotations

import argparse
import csv
import random
from itertools import accumulate
from pathlib import Path

HEADS = (
    "given_name", "surname", "street_number", "street", "suburb", "postcode", "state",
    "date_of_birth", "phone", "email",
)  # fmt: skip
_STARTS = "al an ar be br ca ch da de el em fa fi ga gr ha he il is ja jo ka ke la le li ma me mi na ne ol or pa pe ra ro sa se so ta te ul va vi wa we yo za".split()  # noqa: SIM905
_ENDS = "a an ar bel den der dra el en er ert ice ie ina ine is ita ke la len lia lie lin lo ma mon na nah ne nie no ra ric rin ron sa sha son ta than tin ton vin wen wyn".split()  # noqa: SIM905
_MIDDLES = "b d g k l m n r s t v".split()  # noqa: SIM905
_WAYS = ("street", "road", "avenue", "crescent", "place", "close", "drive", "court")
_SHORT = {"street": "st", "road": "rd", "avenue": "ave", "crescent": "cres", "drive": "dr"}
_STATES = ("nsw", "vic", "qld", "wa", "sa", "tas", "act", "nt")
_MATCHED = 0.8


class _Words:
    """Invented words, the n-th drawn with weight 1 / (n + 3)."""

    def __init__(self, r: random.Random, count: int) -> None:
        made: dict[str, None] = {}
        while len(made) < count:
            middle = r.choice(_MIDDLES) + r.choice(_ENDS) if r.random() < 0.5 else ""
            made[r.choice(_STARTS) + r.choice(_MIDDLES) + middle + r.choice(_ENDS)] = None
        self.words = list(made)
        self._weights = list(accumulate(1 / (n + 3) for n in range(count)))

    def draw(self, r: random.Random, n: int) -> list[str]:
        return r.choices(self.words, cum_weights=self._weights, k=n)


def _slip(r: random.Random, text: str) -> str:
    if len(text) < 2:
        return text
    at = r.randrange(len(text) - 1)
    pool = "0123456789" if text[at].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    sort = r.random()
    if sort < 0.3:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if sort < 0.6:
        return text[:at] + r.choice(pool) + text[at + 1 :]
    return text[:at] + text[at + 1 :] if sort < 0.8 else text[:at] + r.choice(pool) + text[at:]


def _moved(r: random.Random, row: list[str], other: list[str]) -> None:
    row[2:7] = other[2:7]
    if r.random() < 0.5:
        row[8] = ""


def _second(r: random.Random, row: list[str], other: list[str]) -> list[str]:
    """The person as the second register wrote it down."""
    row = list(row)
    if r.random() < 0.08:
        _moved(r, row, other)
    if r.random() < 0.03:
        row[0], row[1] = row[1], row[0]
    if r.random() < 0.03:
        row[1] = other[1]
    if r.random() < 0.05:
        row[0] = row[0][: r.randint(1, 3)]
    name, _, way = row[3].rpartition(" ")
    if r.random() < 0.4:
        row[3] = f"{name} {_SHORT.get(way, way)}"
    for at, chance in enumerate((0.1, 0.1, 0.05, 0.1, 0.08, 0.05, 0.02, 0.06, 0.06, 0.06)):
        if row[at] and r.random() < chance:
            row[at] = _slip(r, row[at])
    for at, chance in enumerate((0.03, 0.01, 0.06, 0.05, 0.05, 0.08, 0.1, 0.08, 0.3, 0.4)):
        if r.random() < chance:
            row[at] = ""
    return row


def persons(n: int, seed: str) -> tuple[list[list[str]], list[list[str]], list[tuple[str, str]]]:
    """Rows of both registers (key first) and the true pairs; 80 % of the left are on the right."""
    r = random.Random(seed)
    given, sur = _Words(r, 2500), _Words(r, 12_000)
    streets, suburbs = _Words(r, 6000), _Words(r, 2500)
    posts = {
        word: (str(2000 + k % 7000), r.choice(_STATES)) for k, word in enumerate(suburbs.words)
    }
    total = n + n - int(n * _MATCHED)
    drawn = [w.draw(r, total) for w in (given, sur, streets, suburbs)]
    people: list[list[str]] = []
    for first, last, street, suburb in zip(*drawn, strict=True):
        day = f"{r.randint(1930, 2006)}{r.randint(1, 12):02}{r.randint(1, 28):02}"
        home = [str(r.randint(1, 250)), f"{street} {r.choice(_WAYS)}", suburb, *posts[suburb]]
        if people and r.random() < 0.12:
            last, home = people[-1][1], people[-1][2:7]  # noqa: PLW2901 - lives with the one before
        phone = f"0{r.randint(2, 8)}{r.randint(0, 99_999_999):08}" if r.random() < 0.75 else ""
        mail = f"{first}.{last}{r.randint(1, 99)}@post{r.randint(1, 9)}.example" if r.random() < 0.6 else ""  # fmt: skip
        people.append([first, last, *home, day, phone, mail])
    left = [[f"a{k}", *people[k]] for k in range(n)]
    both = r.sample(range(n), int(n * _MATCHED))
    right = [["", *_second(r, people[k], people[(k * 7 + 3) % total])] for k in both]
    right += [["", *people[k]] for k in range(n, total)]
    order = list(range(len(right)))
    r.shuffle(order)
    for number, at in enumerate(order):
        right[at][0] = f"b{number}"
    gold = [(f"a{k}", right[at][0]) for at, k in enumerate(both)]
    r.shuffle(left)
    return left, [right[at] for at in order], gold


def write(n: int, seed: str, folder: Path) -> None:
    """Write ``a.csv``, ``b.csv`` and ``gold.csv`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    left, right, gold = persons(n, seed)
    for name, head, rows in (
        ("a", ("id", *HEADS), left),
        ("b", ("id", *HEADS), right),
        ("gold", ("a", "b"), gold),
    ):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
            out = csv.writer(handle, lineterminator="\n")
            out.writerow(head)
            out.writerows(rows)


def main() -> None:
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--n", type=int, required=True)
    ap.add_argument("--seed", default="persons")
    ap.add_argument("--out", type=Path, required=True)
    args = ap.parse_args()
    write(args.n, args.seed, args.out)


if __name__ == "__main__":
    main()
