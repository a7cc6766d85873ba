"""The sample company as SYSPRO tables: small tables at once, orders one at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from connectors.emulation.company import Division
from connectors.emulation.company_model import SalesOrder
from connectors.syspro.emulator import seed_ledgers, seed_masters, seed_orders
from connectors.syspro.emulator.tables import Row, Seed, key_of, key_text
from connectors.syspro.facts import tables

_FIRST_ORDER = 1000


def first_stamp(table: str) -> int:
    """Row version of a table's first seeded row."""
    return (list(tables()).index(table) + 1) * 10**9


class TableSeed:
    """Rows made at the first access."""

    def __init__(self, table: str, make: Callable[[], Iterable[Row]]) -> None:
        self._table = table
        self._make = make
        self._rows: dict[str, Row] | None = None
        self._sorted: list[str] = []

    def _all(self) -> dict[str, Row]:
        if self._rows is None:
            first, table = first_stamp(self._table), tables()[self._table]
            self._rows = {
                key_of(table, row): {**row, "TimeStamp": first + index}
                for index, row in enumerate(self._make())
            }
        return self._rows

    def every(self) -> Iterable[str]:
        """All keys in seeded order."""
        return self._all().keys()

    def get(self, key: str) -> Row | None:
        """The row."""
        return self._all().get(key)

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """None: the store scans once and remembers."""
        return None

    def from_key(self, start: str) -> Iterator[str]:
        """Keys in order from ``start`` on."""
        if not self._sorted:
            self._sorted = sorted(self._all())
        at = bisect_left(self._sorted, start)
        return (self._sorted[n] for n in range(at, len(self._sorted)))

    def after(self, stamp: int) -> Iterable[str]:
        """Keys newer than ``stamp``."""
        skip = max(0, stamp - first_stamp(self._table) + 1)
        return list(self._all())[skip:]


class Orders:
    """Orders of a division by number, the latest few thousand kept."""

    def __init__(self, division: Division) -> None:
        self.division = division
        self.many = division.scale.orders
        self.get = lru_cache(maxsize=4096)(division.order)

    def number(self, index: int) -> str:
        """Stored key of the order ``index``."""
        return f"{_FIRST_ORDER + index:020d}"

    def by_number(self, key: str) -> SalesOrder | None:
        """The order with that stored key."""
        index = int(key) - _FIRST_ORDER if key.isdigit() else -1
        return self.get(index) if 0 <= index < self.many else None

    def first_index(self, start: str) -> int:
        """The first index whose number is not below the stored key ``start``."""
        number = start.partition("|")[0]
        if number.isdigit():
            return int(number) - _FIRST_ORDER
        return 0 if number < "0" else self.many

    def from_index(self, index: int) -> range:
        """Indexes from ``index`` on."""
        return range(min(max(0, index), self.many), self.many)


class HeaderSeed:
    """SorMaster, one row per order."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._first = first_stamp("SorMaster")

    def every(self) -> Iterable[str]:
        """All order numbers."""
        return (self._orders.number(n) for n in self._orders.from_index(0))

    def get(self, key: str) -> Row | None:
        """The header."""
        order = self._orders.by_number(key)
        if order is None:
            return None
        row = seed_orders.header(self._orders.division, order)
        return {**row, "TimeStamp": self._first + order.index}

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """Customer purchase orders are numbered; anything else is scanned."""
        if index != "CustomerPoNumber":
            return None
        digits = value[4:]
        many = int(digits) - 7000 if digits.isdigit() else -1
        order = self._orders.get(many) if 0 <= many < self._orders.many else None
        return (self._orders.number(many),) if order and order.customer_po == value else ()

    def from_key(self, start: str) -> Iterator[str]:
        """Order numbers from ``start`` on."""
        indexes = self._orders.from_index(self._orders.first_index(start))
        return (k for n in indexes if (k := self._orders.number(n)) >= start)

    def after(self, stamp: int) -> Iterable[str]:
        """Orders newer than ``stamp``."""
        return (self._orders.number(n) for n in self._orders.from_index(stamp - self._first + 1))


class LineSeed:
    """SorDetail, one row per order line."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._first = first_stamp("SorDetail")

    def _keys(self, order: SalesOrder) -> Iterator[str]:
        number = self._orders.number(order.index)
        return (key_text((number, line.number)) for line in order.lines)

    def every(self) -> Iterable[str]:
        """All lines of all orders."""
        for index in self._orders.from_index(0):
            yield from self._keys(self._orders.get(index))

    def get(self, key: str) -> Row | None:
        """The line."""
        number, _, line = key.partition("|")
        order = self._orders.by_number(number)
        if order is None or not line.isdigit() or not 0 < int(line) <= len(order.lines):
            return None
        row = seed_orders.line(number, order.lines[int(line) - 1])
        return {**row, "TimeStamp": self._first + order.index * 1000 + int(line)}

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """The lines of one order."""
        order = self._orders.by_number(value)
        return tuple(self._keys(order)) if order else ()

    def from_key(self, start: str) -> Iterator[str]:
        """Lines from ``start`` on."""
        for index in self._orders.from_index(self._orders.first_index(start)):
            for key in self._keys(self._orders.get(index)):
                if key >= start:
                    yield key

    def after(self, stamp: int) -> Iterable[str]:
        """Lines newer than ``stamp``."""
        start, line = divmod(max(0, stamp - self._first), 1000)
        for index in self._orders.from_index(start):
            for key in self._keys(self._orders.get(index)):
                if index > start or int(key[-6:]) > line:
                    yield key


class FormSeed:
    """CusSorMaster+, one row per order that has values."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._first = first_stamp("CusSorMaster+")

    def every(self) -> Iterable[str]:
        """A key for every order; ``get`` knows which have values."""
        return self.after(0)

    def get(self, key: str) -> Row | None:
        """The values of one order."""
        number, _, invoice = key.partition("|")
        order = self._orders.by_number(number) if not invoice else None
        values = seed_orders.form(order) if order else {}
        if order is None or not values:
            return None
        return {
            "SalesOrder": number,
            "InvoiceNumber": "",
            **values,
            "TimeStamp": self._first + order.index,
        }

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """The form of one order; seeded ones carry no document of the books yet."""
        return (f"{value}|",) if index == "SalesOrder" and self.get(f"{value}|") else ()

    def from_key(self, start: str) -> Iterator[str]:
        """Keys from ``start`` on."""
        indexes = self._orders.from_index(self._orders.first_index(start))
        return (k for n in indexes if (k := f"{self._orders.number(n)}|") >= start)

    def after(self, stamp: int) -> Iterable[str]:
        """Keys newer than ``stamp``."""
        start = stamp - self._first + 1
        return (f"{self._orders.number(n)}|" for n in self._orders.from_index(start))


def seeds(division: Division) -> dict[str, Seed]:
    """Seeded rows of one company by table."""
    orders = Orders(division)
    made: dict[str, Seed] = {
        name: TableSeed(name, make)
        for name, make in (seed_masters.makers(division) | seed_ledgers.makers(division)).items()
    }
    made["SorMaster"] = HeaderSeed(orders)
    made["SorDetail"] = LineSeed(orders)
    made["CusSorMaster+"] = FormSeed(orders)
    return made
