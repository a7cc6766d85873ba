"""Writing: one idempotent attempt each, and finding what an unanswered attempt left.

QuickBooks offers ``requestid``: the same key again answers with the first result. It has no external
id field, its memory time is not stated, and a batch is remembered only as (request, item), which a
regrouped retry would miss. So every transaction that we create also carries a marker with the
idempotency key at the end of ``PrivateNote`` (setting ``marker`` = ``off`` leaves it away), and
``find_by_reference`` accepts a document only if it carries ours:

1. by document number (``DocNumber``, ``PaymentRefNum``): one query, the usual case;
2. otherwise over the documents created in the last days, newest first, by marker, because
   ``PrivateNote`` cannot be filtered and some entities or company settings have no number.

List records have no note; they are found by their unique name, which QuickBooks guards itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from connectors.config import Lane
from connectors.http.jsontext import dump
from connectors.http.resolution import Said
from connectors.parts import one_by_one
from connectors.qbo.catalogue import catalogue
from connectors.qbo.client import Json, QboClient
from connectors.qbo.facts import (
    BATCH_ITEM_ID,
    BATCH_ITEMS,
    NAMED_BY,
    NUMBER_KEPT,
    NUMBERED_BY,
    PAGE,
    SERIAL_LISTS,
    SYSTEM,
    VOIDABLE,
)
from connectors.qbo.refused import SUPPLIERS_NUMBERS, is_another_suppliers, named
from connectors.qbo.resolution import TABLE, fault_errors, said_of
from connectors.qbo.source import everything, version_of
from connectors.qbo.statement import Select
from connectors.qbo.translate import inbound, outbound
from engine.errors import (
    DuplicateAtTarget,
    OutcomeUnknown,
    RecordMissing,
    ReferenceUnknown,
    RemoteFault,
    RemoteRejected,
)
from engine.ports import Action, Clock, Draft, File, ItemResult, Receipt

LOOK_BACK = timedelta(days=3)
"""How far back an unanswered create is looked for by marker."""

_NOTE = 4000


def marker(idempotency_key: str) -> str:
    """The text that marks a document as the one made for this key."""
    return f"[ms:{idempotency_key}]"


@dataclass(frozen=True, slots=True)
class Writing:
    """How documents are written.

    Attributes:
        marks: put the marker into ``PrivateNote``.
        lane: lock shared by all workers; list records are written one at a time per realm.
        clock: time for the look-back.
    """

    lane: Lane
    clock: Clock
    marks: bool = True


class QboSink:
    """Implements ``engine.ports.Sink`` and ``engine.ports.Filing``."""

    def __init__(self, client: QboClient, how: Writing) -> None:
        self._client = client
        self._how = how

    def create(self, draft: Draft) -> Receipt:
        """Create a record with ``requestid``; see ``engine.ports.Sink``.

        A supplier's number that another supplier used as well is no duplicate.
        """
        body, key, call = self._new_body(draft), draft.idempotency_key, f"create {draft.entity}"
        with self._serial(draft.entity):
            try:
                raw = self._client.write(draft.entity, body, key, call)
            except DuplicateAtTarget as taken:
                if not is_another_suppliers(self._client, draft.entity, body, taken):
                    raise
                raw = self._client.write(draft.entity, body, key, call, number_may_repeat=True)
            except ReferenceUnknown as refusal:
                if refusal.value:
                    raise
                raise named(self._client, draft.entity, body, refusal) from refusal
        return receipt(draft.entity, raw)

    def update(self, draft: Draft) -> Receipt:
        """Sparse update; without ``draft.version`` the current version is read first.

        QuickBooks replaces an object as a whole (an address, a telephone), so one that is changed in
        part is read and sent complete.
        """
        body = outbound(draft.entity, draft.data)
        if any(_is_object(value) for value in body.values()):
            current = self._client.get(draft.entity, draft.key)
            body = _completed(body, current)
            draft = draft if draft.version else replace(draft, version=version_of(current))
        draft = self._versioned(draft)
        body |= {"Id": draft.key, "SyncToken": draft.version, "sparse": True}
        with self._serial(draft.entity):
            raw = self._client.write(
                draft.entity, body, draft.idempotency_key, f"update {draft.entity}"
            )
        return receipt(draft.entity, raw)

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void, delete, deactivate or reactivate.

        Raises:
            RemoteRejected: QuickBooks does not offer the action for the entity.
        """
        self._offered(draft.entity, action)
        draft = self._versioned(draft)
        if action in (Action.DEACTIVATE, Action.REACTIVATE):
            active = action is Action.REACTIVATE
            return self.update(replace(draft, data={"Active": active}))
        body = {"Id": draft.key, "SyncToken": draft.version}
        raw = self._client.operate(draft.entity, body, draft.idempotency_key, action.value)
        return receipt(draft.entity, raw)

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Create in batches of 30; each item stands alone and is answered in the order sent.

        What a batch refuses without saying enough is sent once more alone, where it can be looked into.
        """
        results: list[ItemResult] = []
        for begin in range(0, len(drafts), BATCH_ITEMS):
            results += self._batch(drafts[begin : begin + BATCH_ITEMS])
        return [
            self._alone(d) if _says_too_little(d, r.error) else r
            for d, r in zip(drafts, results, strict=True)
        ]

    def _alone(self, draft: Draft) -> ItemResult:
        try:
            return ItemResult(receipt=self.create(draft))
        except RemoteFault as fault:
            return ItemResult(error=fault)

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Change several, one after the other: each needs the version it replaces."""
        return one_by_one(self.update, drafts)

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """What an unanswered ``create`` left; the module says how it is recognised."""
        if entity in NAMED_BY:
            return self._named(entity, reference)
        if reference and entity in NUMBERED_BY:
            field = NUMBERED_BY[entity]
            if catalogue()[entity].fact(field) is not None:
                select = Select(entity).where(field, "=", _cut(entity, field, reference))
                rows, _ = self._client.query(select.page(1, 100))
                own = self._own(rows, idempotency_key)
                if own is not None or entity in NUMBER_KEPT:
                    return receipt(entity, own) if own else None
        return self._by_marker(entity, idempotency_key) if self._how.marks else None

    def attach(self, file: File) -> Receipt:
        """Upload a file that refers to the document; see ``engine.ports.Filing``."""
        about = {
            "AttachableRef": [{"EntityRef": {"type": file.entity, "value": file.key}}],
            "FileName": file.name,
            "ContentType": file.kind,
        }
        raw = self._client.upload(
            file.name, file.kind, file.content, dump(about), file.idempotency_key
        )
        return _filed(raw)

    def attached(self, entity: str, key: str, name: str) -> Receipt | None:
        """The file of that name that refers to the document.

        Asked by the document alone: a name may hold what the query language cannot say.
        """
        select = (
            Select("Attachable")
            .where("AttachableRef.EntityRef.Type", "=", entity)
            .where("AttachableRef.EntityRef.value", "=", key)
        )
        rows, _ = self._client.query(select.page(1, PAGE))
        return next((_filed(row) for row in rows if row.get("FileName") == name), None)

    # -- parts --------------------------------------------------------------------------------

    def _named(self, entity: str, reference: str) -> Receipt | None:
        if not reference:
            return None
        select = everything(entity).where(NAMED_BY[entity], "=", reference)
        rows, _ = self._client.query(select.page(1, 10))
        return receipt(entity, rows[0]) if rows else None

    def _own(self, rows: Sequence[Json], key: str) -> Json | None:
        if not self._how.marks:
            return rows[0] if rows else None
        wanted = marker(key)
        return next((r for r in rows if wanted in str(r.get("PrivateNote", ""))), None)

    def _by_marker(self, entity: str, key: str) -> Receipt | None:
        since = (self._how.clock.now() - LOOK_BACK).isoformat(timespec="seconds")
        select = Select(entity).where("MetaData.CreateTime", ">=", since).order("Id")
        for number in range(20):
            rows, _ = self._client.query(select.page(number * PAGE + 1, PAGE))
            own = self._own(rows, key)
            if own is not None:
                return receipt(entity, own)
            if len(rows) < PAGE:
                return None
        return None

    def _new_body(self, draft: Draft) -> Json:
        body = outbound(draft.entity, draft.data)
        field = NUMBERED_BY.get(draft.entity, "")
        if draft.reference and field and not body.get(field):
            body[field] = _cut(draft.entity, field, draft.reference)
        if self._how.marks and catalogue()[draft.entity].fact("PrivateNote") is not None:
            mark = marker(draft.idempotency_key)
            note = str(body.get("PrivateNote") or "")[: _NOTE - len(mark) - 1]
            body["PrivateNote"] = f"{note} {mark}".strip()
        return body

    def _versioned(self, draft: Draft) -> Draft:
        if draft.version:
            return draft
        current = self._client.get(draft.entity, draft.key)
        return replace(draft, version=version_of(current))

    def _offered(self, entity: str, action: Action) -> None:
        facts = catalogue()[entity]
        offered = {
            Action.VOID: entity in VOIDABLE,
            Action.DELETE: facts.can("D"),
            Action.DEACTIVATE: facts.can("A") or facts.fact("Active") is not None,
            Action.REACTIVATE: facts.can("A") or facts.fact("Active") is not None,
        }[action]
        if not offered:
            raise RemoteRejected(
                system=SYSTEM,
                call=f"{action.value} {entity}",
                detail=f"QuickBooks does not let an app {action.value} this kind of record.",
            )

    def _serial(self, entity: str) -> AbstractContextManager[object]:
        kind = "lists" if entity in SERIAL_LISTS else ""
        from contextlib import nullcontext

        return self._how.lane(f"qbo:{self._client.realm}:{kind}") if kind else nullcontext()

    def _batch(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        names = [_item_id(d.idempotency_key) for d in drafts]
        items: list[Json] = [
            {"bId": name, "operation": "create", d.entity: self._new_body(d)}
            for name, d in zip(names, drafts, strict=True)
        ]
        whole = hashlib.sha256(" ".join(d.idempotency_key for d in drafts).encode()).hexdigest()
        try:
            with self._serial(next((d.entity for d in drafts if d.entity in SERIAL_LISTS), "")):
                answers = self._client.batch(items, whole[:32])
        except RemoteFault as fault:
            # One fault for all of them: the call as a whole was refused, or its answer never came.
            return [ItemResult(error=fault)] * len(drafts)
        return [_result(d, answers.get(n)) for n, d in zip(names, drafts, strict=True)]


def receipt(entity: str, raw: Json) -> Receipt:
    """A receipt from the service's answer to a write, or from a record it holds."""
    number = next(
        (str(raw[n]) for n in ("DocNumber", "PaymentRefNum", "DisplayName", "Name") if raw.get(n)),
        "",
    )
    deleted = raw.get("status") == "Deleted"
    return Receipt(
        entity=entity,
        key=str(raw.get("Id", "")),
        number=number,
        version="deleted" if deleted else version_of(raw),
        data={"Id": str(raw.get("Id", ""))} if deleted else inbound(entity, raw),
    )


def _filed(raw: Json) -> Receipt:
    """A receipt of a file."""
    key, name = str(raw.get("Id", "")), str(raw.get("FileName", ""))
    return Receipt("Attachable", key, name, version_of(raw), raw)


def _is_object(value: Any) -> bool:
    """An object with members of its own; a reference is replaced by its ``value``."""
    return isinstance(value, dict) and "value" not in value


def _completed(changes: Json, held: Json) -> Json:
    """The changes with the members that their objects keep; an emptied object is cleared by ``{}``."""
    made: Json = {}
    for name, value in changes.items():
        if not _is_object(value):
            made[name] = value
            continue
        kept = held.get(name)
        inner = {**kept, **_completed(value, kept)} if isinstance(kept, dict) else value
        made[name] = inner if any(v not in ("", None, {}) for v in inner.values()) else {}
    return made


def _says_too_little(draft: Draft, error: Exception | None) -> bool:
    if isinstance(error, ReferenceUnknown):
        return not error.value
    return isinstance(error, DuplicateAtTarget) and draft.entity in SUPPLIERS_NUMBERS


def _result(draft: Draft, answer: Json | None) -> ItemResult:
    call = f"create {draft.entity}"
    if answer is None:
        missing = OutcomeUnknown(system=SYSTEM, call=call, detail="The batch did not answer it.")
        return ItemResult(error=missing)
    if fault_errors(answer):
        said = Said(system=SYSTEM, call=call, status=400)
        return ItemResult(error=TABLE.judge(said_of(answer, said)))
    raw: Any = answer.get(draft.entity)
    if not isinstance(raw, dict):
        return ItemResult(error=RecordMissing(system=SYSTEM, call=call, detail="Empty answer."))
    return ItemResult(receipt=receipt(draft.entity, raw))


def _item_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:BATCH_ITEM_ID]


def _cut(entity: str, field: str, reference: str) -> str:
    fact = catalogue()[entity].fact(field)
    return reference[: fact.length] if fact and fact.length else reference
