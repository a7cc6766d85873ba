"""Reading: polling with a resumable cursor, one record, search.

Two ways to see changes. *Scan*: a query ordered by last change (and id), used from the beginning, for
entities without CDC, and to catch up when the cursor is older than CDC reaches. *Feed*: change data
capture, which also tells deletes. CDC answers at most 1000 objects and cannot be paged; a full answer
therefore falls back to a scan of the same interval (a delete hidden in so large a burst is not told
by Intuit at all: a tie-out finds it).

The cursor is JSON text. A feed begins a minute before the previous answer's server time, and the
cursor remembers the versions already handed out in that minute, so nothing is lost or repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.http.jsontext import JsonError, dump, load
from connectors.qbo.catalogue import catalogue
from connectors.qbo.client import Json, QboClient
from connectors.qbo.facts import (
    CDC_OBJECTS,
    CDC_SAFE_DAYS,
    NO_CDC,
    OVERLAP_SECONDS,
    PAGE,
    SINGLETONS,
    SYSTEM,
)
from connectors.qbo.statement import Select
from connectors.qbo.translate import inbound
from engine.errors import RecordMissing, RemoteRejected, SurpriseAnswer
from engine.ports import Clock, Page, SourceRecord

_CHANGED = "MetaData.LastUpdatedTime"
_REMEMBERED = 100
"""Versions the cursor remembers; beyond it some records of the overlap may come twice."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a poll stands.

    Attributes:
        mode: ``scan`` or ``feed``.
        began: server time of the first answer of this scan, ISO text.
        at: last change time handed out (scan), or the time to ask from (feed).
        row: rows already handed out whose change time is ``at``.
        last: id of the last of them.
        seen: ``id:version`` handed out that the next feed's overlap will show again.
    """

    mode: str = "scan"
    began: str = ""
    at: str = ""
    row: int = 0
    last: str = ""
    seen: tuple[str, ...] = field(default=())

    def text(self) -> str:
        """The cursor as compact JSON."""
        values = {
            n: getattr(self, n) for n in ("mode", "began", "at", "row", "last") if getattr(self, n)
        }
        return dump(values | ({"seen": list(self.seen)} if self.seen else {})).decode()

    @classmethod
    def read(cls, text: str) -> Cursor:
        """A cursor from its text; empty text begins anew.

        Raises:
            SurpriseAnswer: the text is not one of ours.
        """
        if not text:
            return cls()
        try:
            values = load(text)
            return cls(**(values | {"seen": tuple(values.get("seen", ()))}))
        except (JsonError, TypeError, AttributeError):
            raise SurpriseAnswer(
                system=SYSTEM, call="continue a poll", field="cursor", expected="one that we made"
            ) from None


class QboSource:
    """Implements ``engine.ports.Source``."""

    def __init__(self, client: QboClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """Records changed since ``cursor``, oldest change first; see the module's description."""
        at = Cursor.read(cursor)
        if at.mode == "feed" and self._feedable(entity, at):
            page = self._feed(entity, at, limit)
            if page is not None:
                return page
        if at.mode == "feed":
            at = Cursor(mode="scan", at=at.at, seen=at.seen)
        return self._scan(entity, at, min(limit, PAGE - 1))

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """One record by id; None where there is none (any more)."""
        try:
            return record(entity, self._client.get(entity, key))
        except RecordMissing:
            return None

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records whose fields equal ``where``, inactive ones included.

        Fields that QuickBooks cannot filter are compared here, over at most 20 pages.
        """
        select = everything(entity)
        kept: dict[str, str] = {}
        for path, value in where.items():
            if _filterable(entity, path):
                select = select.where(path.removesuffix(".value"), "=", value)
            else:
                kept[path] = value
        found: list[SourceRecord] = []
        rows = PAGE if kept else min(limit, PAGE)
        for number in range(20):
            page, _ = self._client.query(select.page(number * rows + 1, rows))
            found += [r for r in (record(entity, raw) for raw in page) if _equals(r, kept)]
            if len(page) < rows or len(found) >= limit:
                break
        return found[:limit]

    # -- scan ---------------------------------------------------------------------------------

    def _scan(self, entity: str, at: Cursor, limit: int) -> Page:
        base = everything(entity)
        # TaxCode's pseudo codes have no change time: from the beginning nothing is filtered.
        select = base.where(_CHANGED, ">=", at.at) if at.at else base
        if entity not in SINGLETONS:
            select = select.order(_CHANGED, "Id")
        # One row of overlap proves that nothing shifted since the last page.
        overlap = 1 if at.row else 0
        rows, now = self._client.query(select.page(max(at.row, 1), limit + overlap))
        if overlap and (not rows or str(rows[0].get("Id", "")) != at.last):
            at = replace(at, row=0)
            overlap = 0
            rows, now = self._client.query(select.page(1, limit))
        full = len(rows) == limit + overlap
        fresh = [
            r for r in (record(entity, raw) for raw in rows[overlap:]) if _key(r) not in at.seen
        ]
        began = at.began or now
        seen = (*at.seen, *_recent(fresh, began))[-_REMEMBERED:]
        if full:
            following = _advanced(at, rows[overlap:], began, seen)
            return Page(fresh, following.text(), more=True)
        done = Cursor(mode="feed", at=earlier(began), seen=seen)
        return Page(fresh, done.text(), more=False)

    # -- feed ---------------------------------------------------------------------------------

    def _feedable(self, entity: str, at: Cursor) -> bool:
        if entity in NO_CDC or not catalogue()[entity].can("X"):
            return False
        since = moment(at.at)
        age = self._clock.now() - since if since else None
        return age is not None and age < timedelta(days=CDC_SAFE_DAYS)

    def _feed(self, entity: str, at: Cursor, limit: int) -> Page | None:
        try:
            answer, now = self._client.changed([entity], at.at)
        except RemoteRejected as fault:
            if fault.vendor_code == "2190":  # further back than CDC reaches
                return None
            raise
        rows = answer.get(entity, [])
        if len(rows) >= CDC_OBJECTS:
            return None
        found = sorted((record(entity, raw) for raw in rows), key=_when)
        fresh = [r for r in found if _key(r) not in at.seen]
        page, rest = fresh[:limit], fresh[limit:]
        if rest:
            seen = (*at.seen, *(_key(r) for r in page))
            return Page(page, replace(at, seen=seen).text(), more=True)
        seen = _recent(found, now)[-_REMEMBERED:]
        return Page(page, Cursor(mode="feed", at=earlier(now), seen=seen).text(), more=False)


def everything(entity: str) -> Select:
    """A statement over all records, inactive ones too."""
    select = Select(entity)
    return select.inactive_too() if catalogue()[entity].fact("Active") else select


def record(entity: str, raw: Json) -> SourceRecord:
    """A typed record from the service's JSON (a stub for a deleted one)."""
    key = str(raw.get("Id", "1" if entity in SINGLETONS else ""))
    changed = moment(str((raw.get("MetaData") or {}).get("LastUpdatedTime", "")))
    if raw.get("status") == "Deleted":
        return SourceRecord(entity, key, "deleted", {"Id": key}, changed, deleted=True)
    data = inbound(entity, raw)
    return SourceRecord(entity, key, version_of(raw), data, changed, deleted=_is_void(raw))


def version_of(raw: Json) -> str:
    """The record's version: its SyncToken."""
    return str(raw.get("SyncToken", "0"))


def moment(text: str) -> datetime | None:
    """An aware time, or None."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    return value if value.tzinfo else None


def earlier(text: str) -> str:
    """A server time moved back by the overlap, in whole seconds, as the service likes it."""
    value = moment(text)
    if value is None:
        raise SurpriseAnswer(
            system=SYSTEM, call="poll", field="time", expected="a time with offset"
        )
    return (value - timedelta(seconds=OVERLAP_SECONDS)).isoformat(timespec="seconds")


def _is_void(raw: Json) -> bool:
    """Voided: no amount left and the note begins with the word the service writes."""
    note = str(raw.get("PrivateNote", ""))
    return "TotalAmt" in raw and raw["TotalAmt"] == 0 and note.startswith("Voided")


def _key(one: SourceRecord) -> str:
    return f"{one.key}:{one.version}"


def _when(one: SourceRecord) -> tuple[float, int]:
    stamp = one.changed_at.timestamp() if one.changed_at else 0.0
    return stamp, int(one.key) if one.key.isdigit() else 0


def _recent(found: list[SourceRecord], now: str) -> tuple[str, ...]:
    """Versions handed out that the overlap of the next feed will show again."""
    border = moment(earlier(now))
    recent = (r for r in found if border and (r.changed_at is None or r.changed_at >= border))
    return tuple(_key(r) for r in recent)


def _advanced(at: Cursor, rows: list[Json], began: str, seen: tuple[str, ...]) -> Cursor:
    """The cursor after a full page: the last change time, and how many rows carry it."""
    times = [str((r.get("MetaData") or {}).get("LastUpdatedTime", "")) for r in rows]
    same = sum(1 for t in times if t == times[-1])
    if times[-1] == at.at or not times[-1]:
        same += at.row
    return Cursor("scan", began, times[-1], same, str(rows[-1].get("Id", "")), seen)


def _filterable(entity: str, path: str) -> bool:
    name = path.removesuffix(".value")
    fact = catalogue()[entity].fact(name)
    if fact is None or "f" in fact.flags:
        return False
    return "F" in fact.flags or (name in ("Name", "DisplayName", "Id", "Active"))


def _equals(one: SourceRecord, where: Mapping[str, str]) -> bool:
    return all(_text(_at(one.data, path)) == value for path, value in where.items())


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
