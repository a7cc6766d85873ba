"""One emulated company's records: reading, finding, numbering, saving, forgetting.

Balances are never moved by hand: after every save the documents it touches are worked out again
from the payments that point at them, so an update, a void or a delete can never leave a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.store import Base, Doc, IndexFunction, Store
from connectors.qbo.catalogue import catalogue
from connectors.qbo.emulator.query import Condition, Statement, instant, run
from connectors.qbo.emulator.refusals import (
    bad_reference,
    inactive_reference,
    not_found,
    period_closed,
)

ZERO = Decimal(0)
NAME_SPACE = ("Customer", "Vendor", "Employee")
_NAME = {"Customer": "DisplayName", "Vendor": "DisplayName", "Employee": "DisplayName"}
_NUMBERS = {"Payment": "PaymentRefNum"}
_CHANGED = "MetaData.LastUpdatedTime"
_LARGE = frozenset({"Customer", "Vendor", "Item"})
"""Lists whose seeded records all carry the same change time."""

_DERIVED = {
    "Customer": frozenset({"Balance", "BalanceWithJobs"}),
    "Vendor": frozenset({"Balance"}),
    "Account": frozenset({"CurrentBalance", "CurrentBalanceWithSubAccounts"}),
}
_PARTIES = ("CustomerRef", "VendorRef", "EntityRef")


def name_of(entity: str, doc: Doc) -> str:
    """The name that references to the record show."""
    if entity == "CompanyCurrency":
        return str(doc.get("Code", ""))
    return str(doc.get("FullyQualifiedName") or doc.get(_NAME.get(entity, "Name"), ""))


def _unique_name(entity: str, doc: Doc) -> Iterable[str]:
    plain = doc.get("DisplayName") if entity in (*NAME_SPACE, "TaxAgency") else doc.get("Name")
    plain = doc.get("Code") if entity == "CompanyCurrency" else plain
    return (str(plain).strip().casefold(),) if plain else ()


def _number(entity: str, doc: Doc) -> Iterable[str]:
    value = doc.get(_NUMBERS.get(entity, "DocNumber"))
    return (str(value).casefold(),) if value else ()


def _party(doc: Doc) -> Iterable[str]:
    found = {str(doc[n]["value"]) for n in _PARTIES if isinstance(doc.get(n), dict)}
    for line in doc.get("Line") or ():
        entity = (line.get("JournalEntryLineDetail") or {}).get("Entity") or {}
        if entity.get("EntityRef"):
            found.add(str(entity["EntityRef"]["value"]))
    return found


def links_of(doc: Doc) -> Iterator[tuple[str, str, Decimal]]:
    """``(type, id, amount)`` of every transaction that the lines of a document point at."""
    for line in doc.get("Line") or ():
        for link in line.get("LinkedTxn") or ():
            yield str(link["TxnType"]), str(link["TxnId"]), Decimal(line.get("Amount") or 0)


def _linked(doc: Doc) -> Iterable[str]:
    return {f"{kind}:{key}" for kind, key, _ in links_of(doc)}


class Books:
    """Records by entity and id over the kit's durable store."""

    def __init__(self, store: Store, clock: EmulatorClock, offset_hours: int = -8) -> None:
        self.store = store
        self.clock = clock
        self._zone = timezone(timedelta(hours=offset_hours))
        self.seeded_until: datetime | None = None
        self.first_ids: dict[str, int] = {}
        self.writes = 0
        self.notify: Callable[[str, str, str], None] = lambda *_: None
        self.show: Callable[[str, Doc], Doc] = lambda _, doc: doc

    def declare(self, bases: dict[str, Base]) -> None:
        """Lay every entity of the catalogue over its seeded records."""
        for entity, facts in catalogue().items():
            indexes: dict[str, IndexFunction] = {
                "name": partial(_unique_name, entity),
                "parent": lambda d: [str((d.get("ParentRef") or {}).get("value", ""))],
            }
            if facts.kind == "transaction":
                number = partial(_number, entity)
                indexes = {"number": number, "party": _party, "linked": _linked}
            self.store.declare(entity, bases.get(entity), indexes)
        self.store.declare("_changed", None, {"entity": lambda d: [d["entity"]]})
        self.store.declare("_deleted", None, {"entity": lambda d: [d["entity"]]})
        self.store.declare("_requests")

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Now in the company's zone, whole seconds."""
        return self.clock.now().astimezone(self._zone).replace(microsecond=0)

    def moment(self) -> str:
        """Now in the company's zone to the millisecond, as answers are stamped."""
        return self.clock.now().astimezone(self._zone).isoformat(timespec="milliseconds")

    def today(self) -> str:
        """The server's date."""
        return self.now().date().isoformat()

    # -- reading ------------------------------------------------------------------------------

    def get(self, entity: str, key: str) -> Doc | None:
        """The stored record, or None."""
        return self.store.get(entity, key)

    def require(self, entity: str, key: str) -> Doc:
        """The record; 610 where there is none."""
        found = self.store.get(entity, str(key))
        if found is None:
            raise not_found(deleted=self.store.get("_deleted", f"{entity}:{key}") is not None)
        return found

    def preferences(self) -> Doc:
        """The company's preferences."""
        return self.require("Preferences", "1")

    def preference(self, path: str, otherwise: Any = None) -> Any:
        """One preference by dotted path."""
        value: Any = self.preferences()
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return otherwise if value is None else value

    def other_preference(self, name: str) -> bool:
        """One of ``OtherPrefs.NameValue``."""
        pairs = (self.preference("OtherPrefs.NameValue")) or []
        return any(p["Name"] == name and p["Value"] == "true" for p in pairs)

    @property
    def us(self) -> bool:
        """Whether United States rules apply (tax codes on lines, spellings)."""
        return str(self.require("CompanyInfo", "1").get("Country", "US")).upper() in ("US", "USA")

    def home(self) -> str:
        """Home currency."""
        return str(self.preference("CurrencyPrefs.HomeCurrency.value", "USD"))

    def multicurrency(self) -> bool:
        """Whether several currencies are on."""
        return bool(self.preference("CurrencyPrefs.MultiCurrencyEnabled", otherwise=False))

    def active(self, entity: str, reference: Doc | None) -> Doc | None:
        """The active record a reference points at, None for no reference; 2500 otherwise."""
        if not reference:
            return None
        found = self.store.get(entity, str(reference["value"]))
        if found is None:
            raise bad_reference(entity, str(reference["value"]))
        if not found.get("Active", True):
            raise inactive_reference()
        return found

    def point(self, entity: str, reference: Doc | None) -> Doc | None:
        """The reference with the name filled in, checked; None for no reference."""
        found = self.active(entity, reference)
        return ref(entity, found) if found is not None else None

    def open_period(self, doc: Doc) -> None:
        """Refuse a date on or before the closing date."""
        closed = self.preference("AccountingInfoPrefs.BookCloseDate", "")
        if closed and str(doc.get("TxnDate") or self.today()) <= str(closed):
            raise period_closed()

    # -- querying -----------------------------------------------------------------------------

    def select(self, statement: Statement) -> tuple[list[Doc], int]:
        """The page of records that a statement asks for, and how many fit in all."""
        with self.store.transaction():
            if _everything(statement):
                keys = sorted(self.store.keys(statement.entity), key=_as_number)
                page = keys[statement.start - 1 : statement.start - 1 + statement.rows]
                docs = [self.store.get(statement.entity, k) for k in page]
                return [d for d in docs if d is not None], len(keys)
            if _by_change(statement):
                return self._changed_page(statement)
            candidates = self._candidates(statement)
            if _asks_for_derived(statement):
                candidates = (self.show(statement.entity, d) for d in candidates)
            found = run(statement, candidates)
            begin = statement.start - 1
            return found[begin : begin + statement.rows], len(found)

    def _changed_page(self, statement: Statement) -> tuple[list[Doc], int]:
        """A page of a large list in order of change, making only the documents of the page."""
        entity = statement.entity
        times = {
            str(d["Id"]): instant(str(d["MetaData"]["LastUpdatedTime"]))
            for d in self.changed(entity)
        }
        asked = [instant(c.values[0]) for c in statement.where if c.path == _CHANGED]
        rows = []
        for key in self.store.keys(entity):
            at = times.get(key, self.seeded_until)
            if at is not None and all(a is None or at >= a for a in asked):
                rows.append((at, _as_number(key), key))
        rows.sort()
        page = rows[statement.start - 1 : statement.start - 1 + statement.rows]
        docs = [self.store.get(entity, key) for _, _, key in page]
        return [d for d in docs if d is not None], len(rows)

    def _candidates(self, statement: Statement) -> Iterable[Doc]:
        entity = statement.entity
        for condition in statement.where:
            found = self._by_index(entity, condition)
            if found is not None:
                return found
        return self.store.walk(entity)

    def _by_index(self, entity: str, condition: Condition) -> list[Doc] | None:
        kind = catalogue()[entity].kind
        if condition.op in ("=", "IN"):
            if condition.path == "Id":
                found = (self.store.get(entity, v) for v in dict.fromkeys(condition.values))
                return [d for d in found if d is not None]
            index = {
                "DisplayName": "name",
                "DocNumber": "number",
                "CustomerRef": "party",
                "VendorRef": "party",
            }.get(condition.path, "")
            index = "name" if condition.path == "Name" else index
            if index == "name" and kind != "transaction":
                return self._each(entity, index, condition.values)
            if index in ("number", "party") and kind == "transaction":
                return self._each(entity, index, condition.values)
        if condition.path == "MetaData.LastUpdatedTime" and condition.op in (">", ">="):
            since = instant(condition.values[0])
            if since and self.seeded_until and since > self.seeded_until:
                return self.changed(entity)
        return None

    def _each(self, entity: str, index: str, values: Iterable[str]) -> list[Doc]:
        found = {
            d["Id"]: d for v in values for d in self.store.find(entity, index, v.strip().casefold())
        }
        return list(found.values())

    def changed(self, entity: str) -> list[Doc]:
        """Records written since the company was seeded."""
        logged = self.store.find("_changed", "entity", entity)
        found = (self.store.get(entity, str(row["id"])) for row in logged)
        return [d for d in found if d is not None]

    # -- writing ------------------------------------------------------------------------------

    def new_id(self, entity: str) -> str:
        """The next id: one run for names, one for transactions, one per other list."""
        kind = catalogue()[entity].kind
        run_name = "txn" if kind == "transaction" else entity
        run_name = "names" if entity in NAME_SPACE else run_name
        return str(self.store.next(f"id:{run_name}", self.first_ids.get(run_name, 1)))

    def save(self, entity: str, doc: Doc, operation: str) -> Doc:
        """Store a record with a new SyncToken and time; ``operation`` is told to webhooks."""
        self.writes += 1
        old = self.store.get(entity, str(doc["Id"]))
        stamp = self.now().isoformat()
        token = "0" if old is None else str(int(old.get("SyncToken", "0")) + 1)
        created = old["MetaData"]["CreateTime"] if old else stamp
        kept = {
            **doc,
            "SyncToken": token,
            "MetaData": {"CreateTime": created, "LastUpdatedTime": stamp},
        }
        key = str(doc["Id"])
        self.store.put(entity, key, kept)
        self.store.put("_changed", f"{entity}:{key}", {"entity": entity, "id": key})
        self.notify(entity, key, operation)
        return kept

    def forget(self, entity: str, doc: Doc) -> None:
        """Delete a record and keep the trace that CDC tells."""
        self.writes += 1
        key = str(doc["Id"])
        stamp = self.now().isoformat()
        self.store.delete(entity, key)
        self.store.delete("_changed", f"{entity}:{key}")
        self.store.put("_deleted", f"{entity}:{key}", {"entity": entity, "id": key, "at": stamp})
        self.notify(entity, key, "Delete")


def ref(entity: str, doc: Doc) -> Doc:
    """A reference to a record, as answers show it."""
    return {"value": str(doc["Id"]), "name": name_of(entity, doc)}


def _asks_for_derived(statement: Statement) -> bool:
    """Balances of names and accounts are worked out when shown, not stored."""
    asked = {c.path for c in statement.where} | {name for name, _ in statement.order}
    return bool(asked & _DERIVED.get(statement.entity, frozenset()))


def _as_number(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdigit() else (-1, key)


def _both(condition: Condition) -> bool:
    """``Active IN (true, false)``: no condition at all."""
    values = {v.lower() for v in condition.values}
    return condition.path == "Active" and condition.op == "IN" and values == {"true", "false"}


def _by_change(statement: Statement) -> bool:
    asked = [c for c in statement.where if not _both(c)]
    return (
        statement.entity in _LARGE
        and len(asked) < len(statement.where)
        and all(c.path == _CHANGED and c.op == ">=" for c in asked)
        and statement.order == ((_CHANGED, False), ("Id", False))
    )


def _everything(statement: Statement) -> bool:
    every = all(_both(c) for c in statement.where)
    listed = catalogue()[statement.entity].kind == "list" and not statement.where
    return every and not listed and statement.order in ((), (("Id", False),))
