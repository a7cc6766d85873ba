"""A document store: dictionaries in memory, indexes, and an optional write-through SQLite file.

Base data (the seeded company) may be generated on demand and is never written; only changes are.
Every transaction is committed to the file before it ends, so a killed process loses nothing that it
answered. Documents handed out are the stored ones: treat them as read-only and ``put`` a new one.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from connectors.emulation.wsgi import dump_json, parse_json

Doc = dict[str, Any]
IndexFunction = Callable[[Doc], Iterable[str]]


class Base(Protocol):
    """Seeded documents of one kind, generated when asked for."""

    def every(self) -> Iterable[str]:
        """All keys in a stable order."""
        ...

    def get(self, key: str) -> Doc | None:
        """The document, generated; None where there is none."""
        ...

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """Keys whose ``index`` is ``value``; None means: scan the documents once and remember."""
        ...


class EagerBase:
    """Base documents from a generator that runs at the first access."""

    def __init__(self, make: Callable[[], Iterable[tuple[str, Doc]]]) -> None:
        self._make = make
        self._docs: dict[str, Doc] | None = None

    def _all(self) -> dict[str, Doc]:
        if self._docs is None:
            self._docs = dict(self._make())
        return self._docs

    def every(self) -> Iterable[str]:
        """All keys in the order generated."""
        return self._all().keys()

    def get(self, key: str) -> Doc | None:
        """The document, or None."""
        return self._all().get(key)

    def find(self, index: str, value: str) -> Iterable[str] | None:
        """Always None: the store scans once and remembers."""
        return None


class _NoBase:
    def every(self) -> Iterable[str]:
        return ()

    def get(self, key: str) -> Doc | None:
        return None

    def find(self, index: str, value: str) -> Iterable[str] | None:
        return ()


class _Kind:
    """One kind: base, changes on top of it (None: deleted) and indexes over both."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self.changed: dict[str, Doc | None] = {}
        self.functions: dict[str, IndexFunction] = {}
        self.base_index: dict[str, dict[str, list[str]]] = {}
        self.live_index: dict[str, dict[str, dict[str, None]]] = {}
        self.base_count: int | None = None
        self.revision = 0

    def get(self, key: str) -> Doc | None:
        if key in self.changed:
            return self.changed[key]
        return self.base.get(key)

    def set(self, key: str, doc: Doc | None) -> None:
        self.revision += 1
        self._unindex(key)
        self.changed[key] = doc
        if doc is not None:
            self._index(key, doc)

    def forget(self, key: str) -> None:
        self.revision += 1
        self._unindex(key)
        self.changed.pop(key, None)

    def _index(self, key: str, doc: Doc) -> None:
        for name, function in self.functions.items():
            for value in function(doc):
                self.live_index[name].setdefault(value, {})[key] = None

    def _unindex(self, key: str) -> None:
        old = self.changed.get(key)
        if old is None:
            return
        for name, function in self.functions.items():
            for value in function(old):
                self.live_index[name].get(value, {}).pop(key, None)

    def add_index(self, name: str, function: IndexFunction) -> None:
        self.functions[name] = function
        live: dict[str, dict[str, None]] = {}
        for key, doc in self.changed.items():
            for value in function(doc) if doc is not None else ():
                live.setdefault(value, {})[key] = None
        self.live_index[name] = live

    def _base_keys(self, name: str, value: str) -> Iterable[str]:
        found = self.base.find(name, value)
        if found is not None:
            return found
        if name not in self.base_index:
            table: dict[str, list[str]] = {}
            for key in self.base.every():
                doc = self.base.get(key)
                for one in self.functions[name](doc) if doc is not None else ():
                    table.setdefault(one, []).append(key)
            self.base_index[name] = table
        return self.base_index[name].get(value, ())

    def find(self, name: str, value: str) -> Iterator[Doc]:
        for key in self._base_keys(name, value):
            if key not in self.changed:
                doc = self.base.get(key)
                if doc is not None:
                    yield doc
        for key in self.live_index[name].get(value, {}):
            doc = self.changed[key]
            if doc is not None:
                yield doc

    def keys(self) -> Iterator[str]:
        seen = set()
        for key in self.base.every():
            if key in self.changed:
                seen.add(key)
                if self.changed[key] is None:
                    continue
            yield key
        yield from (k for k, doc in self.changed.items() if k not in seen and doc is not None)

    def pairs(self) -> Iterator[tuple[str, Doc]]:
        seen = set()
        for key in self.base.every():
            doc = self.get(key)
            if key in self.changed:
                seen.add(key)
            if doc is not None:
                yield key, doc
        for key, doc in list(self.changed.items()):
            if key not in seen and doc is not None:
                yield key, doc

    def count(self) -> int:
        if self.base_count is None:
            self.base_count = sum(1 for _ in self.base.every())
        total = self.base_count
        for key, doc in self.changed.items():
            was = self.base.get(key) is not None
            total += (doc is not None) - was
        return total


def _text(doc: Doc) -> str:
    return dump_json(_keep_decimals(doc))


def _keep_decimals(value: Any) -> Any:
    """Whole ``Decimal`` values get a fraction so that reloading gives ``Decimal``, not ``int``."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return (
            value.quantize(Decimal("0.0")) if isinstance(exponent, int) and exponent >= 0 else value
        )
    if isinstance(value, dict):
        return {k: _keep_decimals(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_keep_decimals(v) for v in value]
    return value


class Store:
    """Documents by kind and key, thread-safe, optionally durable.

    Args:
        path: SQLite file to write through to; None keeps everything in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._kinds: dict[str, _Kind] = {}
        self._depth = 0
        self._undo: list[tuple[str, str, bool, Doc | None]] = []
        self._dirty: dict[tuple[str, str], None] = {}
        self._database = _open(path) if path else None
        self._stored: dict[str, dict[str, Doc | None]] = {}
        if self._database:
            rows = self._database.execute("SELECT kind, key, body FROM docs ORDER BY seq")
            for kind, key, body in rows:
                self._stored.setdefault(kind, {})[key] = parse_json(body) if body else None

    def _kind(self, kind: str) -> _Kind:
        if kind not in self._kinds:
            self.declare(kind)
        return self._kinds[kind]

    def declare(
        self, kind: str, base: Base | None = None, indexes: dict[str, IndexFunction] | None = None
    ) -> None:
        """Make a kind known with its base data and indexes; stored changes are laid over it."""
        with self._lock:
            entry = _Kind(base or _NoBase())
            for name, function in (indexes or {}).items():
                entry.add_index(name, function)
            for key, doc in self._stored.get(kind, {}).items():
                entry.set(key, doc)
            self._kinds[kind] = entry

    def get(self, kind: str, key: str) -> Doc | None:
        """The document, or None."""
        with self._lock:
            return self._kind(kind).get(key)

    def find(self, kind: str, index: str, value: str) -> list[Doc]:
        """Documents whose index function yields ``value``."""
        with self._lock:
            return list(self._kind(kind).find(index, value))

    def items(self, kind: str) -> list[tuple[str, Doc]]:
        """All keys and documents: base order first, then additions in order."""
        with self._lock:
            return list(self._kind(kind).pairs())

    def all(self, kind: str) -> list[Doc]:
        """All documents: base order first, then additions in order."""
        return [doc for _, doc in self.items(kind)]

    def keys(self, kind: str) -> list[str]:
        """All keys without making the documents: base order first, then additions in order."""
        with self._lock:
            return list(self._kind(kind).keys())

    def walk(self, kind: str) -> Iterator[Doc]:
        """All documents without holding them at once; call inside a transaction."""
        for _, doc in self._kind(kind).pairs():
            yield doc

    def revision(self, kind: str) -> int:
        """A number that moves with every change of the kind; for caches of derived lists."""
        with self._lock:
            return self._kind(kind).revision

    def count(self, kind: str) -> int:
        """How many documents there are."""
        with self._lock:
            return self._kind(kind).count()

    def changed_keys(self, kind: str) -> set[str]:
        """Keys added, replaced or deleted since the base data."""
        with self._lock:
            return set(self._kind(kind).changed)

    def counts(self) -> dict[str, int]:
        """Counts of all declared kinds, internal ones (leading ``_``) left out."""
        with self._lock:
            return {k: v.count() for k, v in self._kinds.items() if not k.startswith("_")}

    def put(self, kind: str, key: str, doc: Doc) -> Doc:
        """Add or replace a document (one transaction of its own unless inside one)."""
        self._set(kind, key, doc)
        return doc

    def delete(self, kind: str, key: str) -> None:
        """Remove a document; base documents get a tombstone."""
        self._set(kind, key, None)

    def _set(self, kind: str, key: str, doc: Doc | None) -> None:
        with self.transaction():
            entry = self._kind(kind)
            self._undo.append((kind, key, key in entry.changed, entry.changed.get(key)))
            entry.set(key, doc)
            self._dirty[(kind, key)] = None

    def next(self, counter: str, start: int = 1) -> int:
        """The next number of a persisted counter."""
        with self.transaction():
            current = self.get("_counters", counter)
            value = int(current["value"]) + 1 if current else start
            self.put("_counters", counter, {"value": value})
            return value

    def meta(self, name: str) -> Any:
        """A persisted setting, or None."""
        doc = self.get("_meta", name)
        return doc["value"] if doc else None

    def set_meta(self, name: str, value: Any) -> None:
        """Persist a setting."""
        self.put("_meta", name, {"value": value})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing and exclusive; committed when the outermost one is left.

        An error inside a nested one undoes only what the nested one did.
        """
        with self._lock:
            self._depth += 1
            mark = len(self._undo)
            try:
                yield
            except BaseException:
                self._roll_back(mark)
                raise
            else:
                if self._depth == 1:
                    self._commit()
            finally:
                self._depth -= 1

    def _roll_back(self, mark: int) -> None:
        while len(self._undo) > mark:
            kind, key, had, doc = self._undo.pop()
            entry = self._kinds[kind]
            if had:
                entry.set(key, doc)
            else:
                entry.forget(key)
        if mark == 0:
            self._dirty.clear()

    def _commit(self) -> None:
        if self._database and self._dirty:
            rows = []
            for kind, key in self._dirty:
                changed = self._kinds[kind].changed
                if key not in changed:
                    continue
                doc = changed[key]
                rows.append((kind, key, None if doc is None else _text(doc)))
            with self._database:
                self._database.executemany(
                    "INSERT INTO docs(kind, key, body) VALUES (?, ?, ?) "
                    "ON CONFLICT(kind, key) DO UPDATE SET body = excluded.body",
                    rows,
                )
        self._undo.clear()
        self._dirty.clear()

    def reset(self) -> None:
        """Forget every change; base data as generated remain."""
        with self._lock:
            for entry in self._kinds.values():
                for key in list(entry.changed):
                    entry.forget(key)
            self._stored.clear()
            self._undo.clear()
            self._dirty.clear()
            if self._database:
                with self._database:
                    self._database.execute("DELETE FROM docs")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._database:
                self._database.close()
                self._database = None


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, check_same_thread=False, timeout=30)
    database.execute("PRAGMA journal_mode=WAL")
    # NORMAL survives a killed process; only a power cut could lose the last commits.
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(
        "CREATE TABLE IF NOT EXISTS docs("
        "seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT, "
        "UNIQUE(kind, key))"
    )
    database.commit()
    return database
