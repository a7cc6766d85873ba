"""Reading records: changes with a resumable cursor, one by key, some by value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from connectors.config import ConnectionConfig
from connectors.syspro import translate
from connectors.syspro.facts import Table, by_name, form_path, tables
from connectors.syspro.nests import ALSO, NESTS, Nest
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows, any_of
from engine.errors import RecordMissing, RemoteRejected, ValueRefused
from engine.ports import Page, SourceRecord
from engine.schema.model import JsonValue, Record

_DATES = {
    "SorMaster": "EntrySystemDate",
    "ArInvoice": "InvoiceDate",
    "ArInvoicePay": "JournalDate",
    "ApInvoice": "InvoiceDate",
    "ApInvoicePay": "JournalDate",
    "ArCustomer": "DateCustAdded",
    "ApSupplier": "DateSuppAdded",
    "InvMaster": "DateStkAdded",
}
_OVERLAP = timedelta(days=2)
PERIOD_KEYS = ("GlYear", "GlPeriod")
"""First parts of the key of what is posted by ledger period."""

OPEN_BEFORE = 2
"""Periods before the latest that may still receive postings: SYSPRO keeps two open (unverified)."""


class SysproSource:
    """Implements ``engine.ports.Source``.

    How changes are found is a setting: ``poll`` (or ``poll.SorMaster``) = ``timestamp`` (row
    versions; the default where the table has them), ``status`` (orders whose status is in
    ``statuses``, default ``8,9``), ``date`` (documents entered since, two days of overlap),
    ``periods`` (ledger journals: on from the last one, and again what the open periods received; the
    default for tables whose key begins with year and period) or ``sweep`` (all rows; the inbox drops what it has seen by version).
    """

    def __init__(self, rows: Rows, config: ConnectionConfig) -> None:
        self._rows = rows
        self._config = config

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """Records changed since ``cursor``, oldest change first.

        Raises:
            ValueRefused: the cursor is none of ours, or the entity does not exist.
            RemoteFault: SYSPRO failed or refused.
        """
        table = self._table(entity)
        state = _state(cursor, entity)
        mode = state.get("m") or self._mode(table)
        with self._rows.client.lane():
            try:
                return self._page(table, mode, state, limit)
            except RemoteRejected:
                # Whether row versions may be compared is unverified; a full sweep always works.
                if mode != "timestamp" or cursor:
                    raise
                return self._page(table, "sweep", {}, limit)

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """One record by its key in presented or stored form."""
        table = self._table(entity)
        with self._rows.client.lane():
            row = self._row(table, key)
            return None if row is None else self.complete(table, [row])[0]

    def headers(self, table: Table, keys: Sequence[str]) -> list[Record | None]:
        """The records' own rows without what hangs inside them, in the order of ``keys``; None if gone."""
        wanted = [translate.key_parts(table, key, self._rows.rules) for key in keys]
        with self._rows.client.lane():
            if len(keys) == 1 or len(table.keys) > 1:
                return [self._row(table, key) for key in keys]
            rows = self._rows.among(table.name, table.keys[0], [parts[0] for parts in wanted])
        held = {tuple(self._stored_key(table, row)): row for row in rows}
        return [held.get(tuple(parts)) for parts in wanted]

    def _row(self, table: Table, key: str) -> Record | None:
        parts = translate.key_parts(table, key, self._rows.rules)
        try:
            return self._rows.typed(table.name, self._rows.fetch(table, parts))
        except RecordMissing:
            return None

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records whose fields equal ``where``; paths into lines and custom forms are allowed."""
        table = self._table(entity)
        with self._rows.client.lane():
            plain: list[Test] = []
            keys: list[Test] = []
            inside: set[str] | None = None
            for path, value in where.items():
                found = self._tests(table, path, value)
                if path.partition(".")[2]:
                    values = {t.value for t in found}
                    inside = values if inside is None else inside & values
                    keys = [t for t in found if t.value in inside]
                else:
                    plain += found
            if inside is not None and not keys:
                return []
            rows = self._rows.find(entity, keys or plain, limit=limit)
            if (
                keys
            ):  # keys and plain conditions are not mixed in one tree: the rest is compared here
                rows = [r for r in rows if all(self._fits(table, r, t) for t in plain)]
            return self.complete(table, rows)

    def _fits(self, table: Table, data: Record, test: Test) -> bool:
        held = translate.shown(data.get(test.column))
        return self._rows.stored(table.name, test.column, held) == test.value

    # --- pages -----------------------------------------------------------------------------------

    def _mode(self, table: Table) -> str:
        setting = self._config.setting(f"poll.{table.name}") or self._config.setting("poll")
        stamped = table.column("TimeStamp") is not None
        if setting == "status" and table.name != "SorMaster":
            setting = ""
        if setting == "date" and table.name not in _DATES:
            setting = ""
        if setting == "periods" and table.keys[:2] != PERIOD_KEYS:
            setting = ""
        if not setting and table.keys[:2] == PERIOD_KEYS:
            return "periods"
        return setting or ("timestamp" if stamped else "sweep")

    def _page(self, table: Table, mode: str, state: dict[str, str], limit: int) -> Page:
        if mode == "timestamp":
            return self._by_stamp(table, state, limit)
        tests: list[Test] = []
        if mode == "date":
            since = state.get("since", "")
            start = date.fromisoformat(since) - _OVERLAP if since else None
            tests = [Test(_DATES[table.name], "GE", start.isoformat())] if start else []
        if mode == "status":
            wanted = [s.strip() for s in self._config.setting("statuses", "8,9").split(",")]
            return self._by_status(table, wanted, state.get("k", ""), limit)
        return self._by_key(table, mode, tests, (state, limit))

    def _by_stamp(self, table: Table, state: dict[str, str], limit: int) -> Page:
        last = state.get("ts", "")
        tests = [Test("TimeStamp", "GT", last)] if last else []
        found = self._rows.find(table.name, tests, ["TimeStamp"], limit)
        if found:
            last = str(found[-1]["TimeStamp"])
        return Page(
            records=self.complete(table, found),
            cursor=_cursor({"m": "timestamp", "ts": last}),
            more=len(found) == limit,
        )

    def _by_status(self, table: Table, wanted: list[str], key: str, limit: int) -> Page:
        # One query per status keeps the tree free of mixed And/Or.
        found: list[Record] = []
        for status in wanted:
            tests = [Test("OrderStatus", "EQ", status)]
            tests += [Test("SalesOrder", "GT", key)] if key else []
            found += self._rows.find(table.name, tests, ["SalesOrder"], limit)
        found.sort(key=lambda r: str(r["SalesOrder"]))
        found = found[:limit]
        more = len(found) == limit
        last = self._first_key(table, found[-1]) if more else ""
        return Page(self.complete(table, found), _cursor({"m": "status", "k": last}), more)

    def _by_key(
        self, table: Table, mode: str, tests: list[Test], where: tuple[dict[str, str], int]
    ) -> Page:
        state, limit = where
        after = _parts(state.get("k", ""))
        found = self._after(table, tests, after, limit)
        more = len(found) == limit
        last = self._stored_key(table, found[-1]) if found else after
        if mode == "periods":
            # Journals are never changed once posted; only open periods still receive new ones.
            place = last if more else _open_periods(last)
            return Page(
                self.complete(table, found), _cursor({"m": mode, "k": _joined(place)}), more
            )
        seen = state.get("seen", state.get("since", ""))
        if mode == "date":
            dates = [str(r.get(_DATES[table.name]) or "") for r in found]
            seen = max([seen, *dates])
        following = {"m": mode, "k": _joined(last) if more else ""}
        if mode == "date":
            following |= (
                {"since": state.get("since", ""), "seen": seen} if more else {"since": seen}
            )
        return Page(self.complete(table, found), _cursor(following), more)

    def _after(self, table: Table, tests: list[Test], after: list[str], limit: int) -> list[Record]:
        """Rows behind a place in key order, for keys of any number of parts.

        One query for each leading part that stays the same: a Where tree never mixes And with Or.
        """
        if not after:
            return self._rows.find(table.name, tests, table.keys, limit)
        found: list[Record] = []
        for depth in reversed(range(len(after))):
            same = [Test(table.keys[n], "EQ", after[n]) for n in range(depth)]
            beyond = Test(table.keys[depth], "GT", after[depth])
            found += self._rows.find(
                table.name, [*tests, *same, beyond], table.keys[depth:], limit - len(found)
            )
            if len(found) >= limit:
                break
        return found

    def _stored_key(self, table: Table, data: Record) -> list[str]:
        return [
            self._rows.stored(table.name, name, translate.shown(data.get(name)))
            for name in table.keys
        ]

    def _first_key(self, table: Table, data: Record) -> str:
        return self._stored_key(table, data)[0]

    # --- whole records ---------------------------------------------------------------------------

    def complete(self, table: Table, found: Sequence[Record]) -> list[SourceRecord]:
        """Rows with what hangs inside them: lines, addresses, prices, custom forms."""
        for nest in NESTS.get(table.name, ()):
            self._nest(found, nest)
        self.add_forms(table, found)
        return [
            SourceRecord(
                entity=table.name,
                key=translate.key_of(table, one),
                version=version(one),
                data=one,
            )
            for one in found
        ]

    def _nest(self, found: Sequence[Record], nest: Nest) -> None:
        keys = [
            self._rows.stored(nest.table, nest.column, translate.shown(r.get(nest.parent_key)))
            for r in found
        ]
        children = self._rows.among(nest.table, nest.column, keys) if found else []
        grouped: dict[tuple[JsonValue, ...], list[Record]] = {}
        also = ALSO.get(nest.table, ())
        for child in children:
            ident = (child.get(nest.column), *(child.get(c) for c, _ in also))
            grouped.setdefault(_flat(ident), []).append(child)
        if children:
            self.add_forms(tables()[nest.table], children)
        for one in found:
            ident = (one.get(nest.parent_key), *(one.get(p) for _, p in also))
            mine = grouped.get(_flat(ident), [])
            if nest.many:
                one[nest.table] = list(mine)
            else:
                one[nest.table] = mine[0] if mine else None

    def add_forms(self, table: Table, found: Sequence[Record]) -> None:
        """Put the custom form of each row inside it, where the table has one and it may be read."""
        if not table.form:
            return
        known = self._rows.forms.columns(table.form)
        if not known:
            return
        form = tables()[table.form]
        shared = [k for k in form.keys if k in by_name(table.name)]
        first = shared[0]
        stored = [self._rows.stored(form.name, first, translate.shown(r.get(first))) for r in found]
        rows = self._rows.among(form.name, first, stored) if found else []
        # A blank InvoiceNumber is the live order; the others are copies as invoiced.
        live = {
            _flat(tuple(r.get(k) for k in shared)): r for r in rows if not r.get("InvoiceNumber")
        }
        for one in found:
            row = live.get(_flat(tuple(one.get(k) for k in shared)), {})
            one[form_path(form.name)] = {name: row.get(name) for name in known}

    # --- conditions ------------------------------------------------------------------------------

    def _tests(self, table: Table, path: str, value: str) -> list[Test]:
        head, _, rest = path.partition(".")
        head = head.removesuffix("[]")
        if not rest:
            if table.column(head) is None:
                raise _unknown_field(table, path)
            return [Test(head, "EQ", self._rows.stored(table.name, head, value))]
        nest = next((n for n in NESTS.get(table.name, ()) if n.table == head), None)
        if nest is not None:
            inner, column, parent = nest.table, nest.column, nest.parent_key
        elif table.form and form_path(table.form) == head:
            inner, column = table.form, tables()[table.form].keys[0]
            parent = column
        else:
            raise _unknown_field(table, path)
        wanted = Test(rest, "EQ", self._rows.stored(inner, rest, value))
        found = self._rows.find(inner, [wanted], limit=500)
        keys = dict.fromkeys(
            self._rows.stored(table.name, parent, translate.shown(r.get(column))) for r in found
        )
        return any_of(parent, keys) or [Test(parent, "EQ", "\x7f")]

    @staticmethod
    def _table(entity: str) -> Table:
        found = tables().get(entity)
        if found is None:
            raise ValueRefused(
                system="syspro", call=f"read {entity}", field=entity, detail="No such table."
            )
        return found


def _unknown_field(table: Table, path: str) -> ValueRefused:
    return ValueRefused(
        system="syspro", call=f"find {table.name}", field=path, detail="No such field."
    )


def _flat(parts: tuple[JsonValue, ...]) -> tuple[JsonValue, ...]:
    return tuple(translate.shown(p) for p in parts)


def _state(cursor: str, entity: str) -> dict[str, str]:
    if not cursor:
        return {}
    try:
        state = json.loads(cursor)
        return {str(k): str(v) for k, v in state.items()}
    except (ValueError, AttributeError):
        raise ValueRefused(
            system="syspro", call=f"poll {entity}", field="cursor", detail="Not a cursor of SYSPRO."
        ) from None


def _parts(text: str) -> list[str]:
    return text.split("|") if text else []


def _joined(parts: Sequence[str]) -> str:
    return "|".join(parts)


def _open_periods(last: Sequence[str]) -> list[str]:
    """The place before the oldest period that may still receive journals."""
    if len(last) <= len(PERIOD_KEYS):
        return list(last)
    year, period = int(last[0]), int(last[1])
    if period > OPEN_BEFORE:
        return [str(year), str(period - OPEN_BEFORE - 1)]
    # Years have 12 or 13 periods; beginning one too early only repeats what is known.
    return [str(year - 1), str(12 + period - OPEN_BEFORE - 1)]


def _cursor(state: Mapping[str, str]) -> str:
    return json.dumps(state, sort_keys=True, separators=(",", ":"))


def version(data: Record) -> str:
    """A hash of the content, lines included.

    Row versions do not count (SYSPRO touches rows without changing them), nor do custom forms of the
    header: we write our own document numbers there.
    """
    plain = {k: v for k, v in data.items() if not (k.startswith("Cus") and isinstance(v, dict))}
    text = json.dumps(_content(plain), sort_keys=True, default=_json)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {k: _content(v) for k, v in value.items() if k != "TimeStamp"}
    if isinstance(value, list):
        return [_content(v) for v in value]
    return value


def _json(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
