"""One company's database: tables by name, rows by key, a row version on every write.

A row is a dictionary of the columns that are not at their default; ``TimeStamp`` is an integer that
grows database-wide and is shown as eight bytes in hexadecimal.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any, Protocol

from connectors.emulation.store import Base, Store
from connectors.syspro.facts import Table, tables

Row = dict[str, Any]
SEPARATOR = "|"
_FIRST_LIVE = 10**12
"""Row versions of changes start here; seeded rows lie below, table by table."""


def key_of(table: Table, row: Row) -> str:
    """The row's key as one text."""
    return key_text(row.get(k, "") for k in table.keys)


def key_text(parts: Iterable[object]) -> str:
    """Key parts joined; numbers padded so that text order is number order."""
    return SEPARATOR.join(f"{p:06d}" if isinstance(p, int) else str(p) for p in parts)


class Seed(Base, Protocol):
    """Seeded rows; their row versions grow in the order of ``every``."""

    def after(self, stamp: int) -> Iterable[str]:
        """Keys whose row version is greater than ``stamp``, in order."""
        ...

    def from_key(self, start: str) -> Iterator[str]:
        """Keys from ``start`` on (inclusive) in key order, made as they are asked for."""
        ...


class NoSeed:
    """An empty table."""

    def from_key(self, start: str) -> Iterator[str]:
        """Nothing."""
        return iter(())

    def after(self, stamp: int) -> Iterable[str]:
        """Nothing."""
        return ()

    def every(self) -> Iterable[str]:
        """Nothing."""
        return ()

    def get(self, key: str) -> Row | None:
        """Nothing."""
        return None

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """Nothing."""
        return ()


class Database:
    """The tables of one company inside the emulator's store."""

    def __init__(self, store: Store, company: str, seeds: dict[str, Seed]) -> None:
        self.store = store
        self.company = company
        self._seeds = {name: seeds.get(name) or NoSeed() for name in tables()}
        for name, base in self._seeds.items():
            store.declare(self.kind(name), base, {c: _by(c) for c in _INDEXED.get(name, ())})

    def kind(self, table: str) -> str:
        """The store's name for a table of this company."""
        return f"{self.company}.{table}"

    def get(self, table: str, *key: object) -> Row | None:
        """The row with that stored key, or None."""
        return self.store.get(self.kind(table), key_text(key))

    def put(self, table: str, row: Row) -> Row:
        """Add or replace a row; it gets the next row version."""
        stamped = {**row, "TimeStamp": self.store.next(f"{self.company}.stamp", _FIRST_LIVE)}
        self.store.put(self.kind(table), key_of(tables()[table], stamped), stamped)
        return stamped

    def change(self, table: str, row: Row, **values: Any) -> Row:
        """Write the row with some columns changed."""
        return self.put(table, {**row, **values})

    def delete(self, table: str, row: Row) -> None:
        """Remove a row."""
        self.store.delete(self.kind(table), key_of(tables()[table], row))

    def next(self, counter: str, start: int) -> int:
        """The next number of a company's series (orders, invoices, journals)."""
        return self.store.next(f"{self.company}.{counter}", start)

    def rows(self, table: str) -> list[Row]:
        """All rows."""
        return self.store.all(self.kind(table))

    def where(self, table: str, column: str, value: str) -> list[Row]:
        """Rows whose indexed ``column`` equals ``value``."""
        return self.store.find(self.kind(table), column, value)

    def indexed(self, table: str) -> tuple[str, ...]:
        """Columns with an index."""
        return _INDEXED.get(table, ())

    def from_key(self, table: str, start: str, end: str = "") -> Iterator[Row]:
        """Rows in key order from ``start`` on (inclusive), to those whose key begins with ``end``, if given."""
        changed = self._changed(table)

        def within(key: str) -> bool:
            return not end or key[: len(end)] <= end

        live = sorted(k for k in changed if k >= start and within(k))
        base = (k for k in self._seeds[table].from_key(start) if k not in changed)
        for key in takewhile(within, heapq.merge(base, live)):
            row = self.store.get(self.kind(table), key)
            if row is not None:
                yield row

    def from_stamp(self, table: str, after: int) -> Iterator[Row]:
        """Rows in order of their row version, those greater than ``after``."""
        if after < _FIRST_LIVE - 1:
            changed = self._changed(table)
            for key in self._seeds[table].after(after):
                row = None if key in changed else self.store.get(self.kind(table), key)
                if row is not None:
                    yield row
        live = (self.store.get(self.kind(table), k) for k in self._changed(table))
        yield from sorted(
            (r for r in live if r is not None and r["TimeStamp"] > after),
            key=lambda r: int(r["TimeStamp"]),
        )

    def with_first(self, table: str, value: str) -> Iterator[Row]:
        """Rows whose first key column equals ``value``."""
        first = tables()[table].keys[0]
        for row in self.from_key(table, value):
            if str(row[first]) != value:
                return
            yield row

    def _changed(self, table: str) -> set[str]:
        return self.store.changed_keys(self.kind(table))


def _by(column: str) -> Any:
    def values(row: Row) -> tuple[str, ...]:
        return (str(row.get(column, "")),)

    return values


_INDEXED: dict[str, tuple[str, ...]] = {
    "ArCustomer": ("Name",),
    "ArMultAddress": ("Customer",),
    "ArInvoice": ("Customer", "Invoice", "SalesOrder"),
    "ArInvoicePay": ("Customer", "Reference"),
    "ApInvoice": ("Supplier", "Invoice"),
    "ApInvoicePay": ("Supplier", "Invoice", "PaymentReference"),
    "InvWarehouse": ("StockCode",),
    "SorMaster": ("CustomerPoNumber", "Customer"),
    "SorDetail": ("SalesOrder",),
    "GenJournalDetail": ("Journal",),
    "GenJournalCtl": ("Reference",),
    "CusSorMaster+": ("InvoiceDocId", "SalesOrder"),
    "CusSorDetailMerch+": ("SalesOrder",),
}
