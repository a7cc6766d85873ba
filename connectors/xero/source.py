"""Reading records: changes with a resumable cursor, one by key, some by value.

A poll seeks: it always asks for what changed since the last time stamp seen, oldest first, so that
records that move while being read are neither skipped nor lost (xero.md section 7). Time stamps in
the header have whole seconds; what was already given out of that second is remembered in the cursor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.xero import catalogue, where
from connectors.xero.client import XeroApi
from connectors.xero.facts import FOUR_PLACES, PAGE, SINCE, WHERE
from connectors.xero.translate import source_record
from engine.errors import ValueRefused
from engine.ports import Page, SourceRecord
from engine.schema.model import JsonValue

_OVERLAP = timedelta(seconds=1)
_KEPT = 4000


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a poll stands.

    ``since`` is ISO text or empty; ``page`` counts inside one second too full for a page; ``skip``
    rows of an unpaged list were given out; ``seen`` are key@version given out since ``since``.
    """

    since: str = ""
    page: int = 1
    skip: int = 0
    offset: int = 0
    seen: tuple[str, ...] = ()

    def text(self) -> str:
        made = {
            "since": self.since,
            "page": self.page,
            "skip": self.skip,
            "offset": self.offset,
            "seen": list(self.seen[-_KEPT:]),
        }
        return json.dumps({k: v for k, v in made.items() if v not in ("", 0, [], 1)})


def _read_cursor(text: str, entity: str) -> _Cursor:
    if not text:
        return _Cursor()
    try:
        raw = json.loads(text)
        since = str(raw.get("since", ""))
        if since:
            datetime.fromisoformat(since)
        return _Cursor(
            since=since,
            page=int(raw.get("page", 1)),
            skip=int(raw.get("skip", 0)),
            offset=int(raw.get("offset", 0)),
            seen=tuple(str(s) for s in raw.get("seen", ())),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueRefused(
            system="xero", call=f"read {entity}", field="cursor", detail="not a cursor of ours"
        ) from error


def _mark(record: SourceRecord) -> str:
    return f"{record.key}@{record.version}"


def _second(record: SourceRecord) -> datetime:
    stamp = record.changed_at or datetime(1970, 1, 1, tzinfo=UTC)
    return stamp.replace(microsecond=0)


class XeroSource:
    """Implements ``engine.ports.Source``."""

    def __init__(self, api: XeroApi) -> None:
        self._api = api
        self._held: dict[str, tuple[str, list[SourceRecord]]] = {}

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """Records changed since ``cursor``, oldest change first.

        Raises:
            ValueRefused: the cursor is not one of ours, or there is no such entity.
            RemoteFault: Xero failed or refused.
        """
        resource = self._resource(entity)
        state = _read_cursor(cursor, entity)
        size = max(1, min(limit, PAGE))
        if entity == "Journal":
            return self._journals(state, size)
        if resource.paged:
            return self._paged(entity, state, size)
        return self._whole(entity, state, size)

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """One record by key; None where Xero has none."""
        resource = self._resource(entity)
        if not key:
            return None
        if entity in {"Organisation", "Currency"}:
            rows = self._api.get(entity).rows
            return next(
                (source_record(entity, r) for r in rows if r.get(resource.key) == key), None
            )
        rows = self._api.get(entity, key=key, params=_four(entity)).rows
        return source_record(entity, rows[0]) if rows else None

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records whose fields equal ``where`` (schema paths), archived ones included.

        Raises:
            ValueRefused: a path that does not exist or a value of the wrong type.
        """
        resource = self._resource(entity)
        asked, rest = self._clause(entity, where)
        params = {**_four(entity), **_everything(entity)}
        if asked:
            params["where"] = asked
        found: list[SourceRecord] = []
        page = 1
        while len(found) < limit:
            if resource.paged:
                params.update(_paging(entity, page, PAGE if rest else min(limit, PAGE)))
            answer = self._api.get(entity, params=params)
            records = [source_record(entity, row) for row in answer.rows]
            found += [r for r in records if _fits(r, rest)]
            last = page >= (answer.pages or 0) and (entity != "Quote" or not records)
            if last or not resource.paged:
                break
            page += 1
        return found[:limit]

    # --- polls -------------------------------------------------------------------------------------

    def _paged(self, entity: str, state: _Cursor, size: int) -> Page:
        params = {**_four(entity), **_everything(entity), "order": "UpdatedDateUTC ASC"}
        params.update(_paging(entity, state.page, size))
        since = datetime.fromisoformat(state.since) if state.since else None
        answer = self._api.get(entity, params=params, since=since)
        records = [source_record(entity, row) for row in answer.rows]
        seen = set(state.seen)
        fresh = [r for r in records if _mark(r) not in seen]
        size = 100 if entity == "Quote" else size
        full = len(records) >= size
        if not records:
            return Page([], replace(state, page=1).text(), more=False)
        last = _second(records[-1])
        if full and since is not None and last <= since:
            marks = (*state.seen, *(_mark(r) for r in fresh))
            return Page(fresh, replace(state, page=state.page + 1, seen=marks).text(), more=True)
        begin = last if full else last - _OVERLAP
        kept = [_mark(r) for r in records if _second(r) >= begin]
        if since is not None and begin <= since:
            begin = since
            kept = [*state.seen, *(m for m in kept if m not in seen)]
        if full and since is None and last == _second(records[0]):
            # All of one second: the next call asks for that second's second page.
            return Page(
                fresh, _Cursor(last.isoformat(), page=1, seen=tuple(kept)).text(), more=True
            )
        return Page(fresh, _Cursor(begin.isoformat(), seen=tuple(kept)).text(), more=full)

    def _whole(self, entity: str, state: _Cursor, size: int) -> Page:
        """A list that is not paged: read once, given out in pages from memory."""
        name = f"{state.since}|{','.join(state.seen)}"
        held = self._held.get(entity)
        if state.skip and held and held[0] == name:
            records = held[1]
        else:
            since = datetime.fromisoformat(state.since) if state.since else None
            asked = since if entity in SINCE else None
            params = {**_four(entity), **_everything(entity)}
            rows = self._api.get(entity, params=params, since=asked).rows
            seen = set(state.seen)
            records = [source_record(entity, row) for row in rows]
            records = [r for r in records if _mark(r) not in seen]
            records.sort(key=lambda r: (_second(r), r.key))
            self._held[entity] = (name, records)
        part = records[state.skip : state.skip + size]
        if state.skip + size < len(records):
            return Page(part, replace(state, skip=state.skip + size).text(), more=True)
        self._held.pop(entity, None)
        return Page(part, _after(entity, state, records).text(), more=False)

    def _journals(self, state: _Cursor, size: int) -> Page:
        answer = self._api.get("Journal", params={"offset": str(state.offset)})
        rows = answer.rows[:size]
        numbers = [int(r["JournalNumber"]) for r in rows if isinstance(r.get("JournalNumber"), int)]
        offset = max(numbers, default=state.offset)
        records = [source_record("Journal", row) for row in rows]
        return Page(records, _Cursor(offset=offset).text(), more=bool(rows))

    # --- questions ---------------------------------------------------------------------------------

    def _resource(self, entity: str) -> catalogue.Resource:
        found = catalogue.resources().get(entity)
        if found is None:
            raise ValueRefused(
                system="xero", call=f"read {entity}", field="entity", detail="no such entity"
            )
        return found

    def _clause(self, entity: str, wanted: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """The part Xero can filter, and the part we filter ourselves."""
        types = catalogue.field_types()[entity]
        parts, rest = [], {}
        for path, value in wanted.items():
            if path not in types:
                raise ValueRefused(
                    system="xero", call=f"find {entity}", field=path, detail="no such field"
                )
            if entity not in WHERE or "[]" in path:
                rest[path] = value
                continue
            try:
                guid = catalogue.is_guid(entity, path)
                parts.append(where.equals(path, value, types[path], guid=guid))
            except ValueError as error:
                raise ValueRefused(
                    system="xero", call=f"find {entity}", field=path, detail=str(error)
                ) from error
        return where.both(*parts), rest


def _four(entity: str) -> dict[str, str]:
    return {"unitdp": "4"} if entity in FOUR_PLACES else {}


def _everything(entity: str) -> dict[str, str]:
    if entity == "BankTransfer":  # else a deleted one would vanish from polls without a word
        return {"includeDeleted": "true"}
    return {"includeArchived": "true"} if entity in {"Contact", "TrackingCategory"} else {}


def _paging(entity: str, page: int, size: int) -> dict[str, str]:
    made = {"page": str(page)}
    if entity != "Quote":
        made["pageSize"] = str(size)
    return made


def _after(entity: str, state: _Cursor, records: list[SourceRecord]) -> _Cursor:
    """The cursor after an unpaged poll: the last second seen, or versions where there are no times."""
    if entity not in SINCE:
        marks = [m for m in state.seen if m.rpartition("@")[0] not in {r.key for r in records}]
        return _Cursor(seen=(*marks, *(_mark(r) for r in records)))
    if not records:
        return replace(state, skip=0)
    begin = _second(records[-1]) - _OVERLAP
    kept = tuple(_mark(r) for r in records if _second(r) >= begin)
    if state.since and begin <= datetime.fromisoformat(state.since):
        return _Cursor(state.since, seen=(*state.seen, *kept))
    return _Cursor(begin.isoformat(), seen=kept)


def _values(value: JsonValue, parts: list[str]) -> list[JsonValue]:
    if not parts:
        return [value]
    if isinstance(value, dict):
        name = parts[0].removesuffix("[]")
        return _values(value.get(name), parts[1:])
    if isinstance(value, list):
        return [found for one in value for found in _values(one, parts)]
    return []


def _fits(record: SourceRecord, rest: Mapping[str, str]) -> bool:
    for path, value in rest.items():
        found = _values(record.data, path.split("."))
        if not any(
            _same(v, value) for one in found for v in (one if isinstance(one, list) else [one])
        ):
            return False
    return True


def _same(held: Any, wanted: str) -> bool:
    if held is None:
        return wanted == ""
    return str(held).casefold() == wanted.casefold()
