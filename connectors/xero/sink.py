"""Writing records: one attempt each, refused elements as errors, look-ups by natural reference.

The vendor's idempotency key lives six minutes and remembers refusals too (xero.md section 5). So a
refusal that is only a repetition is asked again once under a fresh key: the first one had no effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from connectors.parts import one_by_one
from connectors.xero import catalogue, where
from connectors.xero.allocation import allocate, undo
from connectors.xero.client import Answer, XeroApi, chunks, segment
from connectors.xero.facts import BARE, BULK, DEMANDED, FOUR_PLACES, READ_ONLY, SUMMARIZED
from connectors.xero.resolution import judge_element
from connectors.xero.states import (
    BARE_STATES,
    REFERENCES,
    REMOVED,
    STATES,
    VOIDED_WHEN_POSTED,
)
from connectors.xero.translate import body, number_of, record, sendable, version_of
from engine.errors import (
    DuplicateAtTarget,
    RecordMissing,
    RemoteFault,
    RemoteRejected,
    StaleVersion,
    SurpriseAnswer,
)
from engine.ports import Action, Draft, File, ItemResult, Receipt

_GONE = {"DELETED", "VOIDED"}
_NO_ID = "00000000-0000-0000-0000-000000000000"
_FREE_NUMBERS = {"ACCPAY", "ACCPAYCREDIT"}


class XeroSink:
    """Implements ``engine.ports.Sink`` and ``engine.ports.Filing``."""

    def __init__(self, api: XeroApi) -> None:
        self._api = api

    def create(self, draft: Draft) -> Receipt:
        """Create a record.

        Raises:
            OutcomeUnknown: sent, but no answer: call ``find_by_reference`` before sending again.
            DuplicateAtTarget: the number or name is taken; ``existing_key`` where it was found.
            RemoteFault: what else Xero said.
        """
        if draft.entity == "Allocation":
            return allocate(self._api, draft)
        self._check_writable(draft.entity)
        self._check_free_number(draft)
        try:
            return self._created([draft])[0]
        except DuplicateAtTarget as fault:
            raise self._named(fault, draft) from None

    def update(self, draft: Draft) -> Receipt:
        """Change the fields in ``draft.data`` of the record ``draft.key``; others stay.

        Raises:
            StaleVersion: somebody changed the record since ``draft.version``.
            RemoteFault: what else Xero said.
        """
        entity = draft.entity
        self._check_writable(entity)
        if entity in BARE_STATES:
            raise RemoteRejected(
                system="xero", call=f"update {entity}",
                detail="It cannot be changed, only deleted and entered again.",
            )  # fmt: skip
        if draft.version:
            self._check_version(draft)
        return self._changed(draft, body(draft.data), f"update {entity}")

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void, delete, deactivate or reactivate the record ``draft.key``."""
        entity, call = draft.entity, f"{action.value} {draft.entity}"
        if entity == "Allocation":
            return undo(self._api, draft, action)
        if draft.version:
            self._check_version(draft)
        if (entity, action) in REMOVED:
            path = f"{catalogue.resources()[entity].path}/{draft.key}"
            answer = self._api.write("DELETE", path, catalogue.resources()[entity].list_key, None, call=call)  # fmt: skip
            return self._receipt(entity, answer.rows[0], answer) if answer.rows else Receipt(entity, draft.key)  # fmt: skip
        if entity in VOIDED_WHEN_POSTED and action in {Action.VOID, Action.DELETE}:
            state: dict[str, Any] = {"Status": self._end_state(entity, draft.key, call)}
        elif (entity, action) in STATES:
            state = STATES[entity, action]
        else:
            raise RemoteRejected(system="xero", call=call, detail="Xero has no such action.")
        return self._changed(draft, state, call)

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Create several of one entity, 50 to a call, results in the order given."""
        results: list[ItemResult] = []
        bulk = bool(drafts) and drafts[0].entity in SUMMARIZED
        for part in chunks(drafts, BULK if bulk else 1):
            results += self._many(list(part)) if bulk else [self._one(part[0])]
        return results

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Change several, one after the other."""
        return one_by_one(self.update, drafts)

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """The live document that carries ``reference`` as its number or reference, if any."""
        del idempotency_key  # Xero cannot be asked by key; it only lives six minutes
        if not reference:
            return None
        if entity in {"PurchaseOrder", "Quote"}:
            return self._numbered(entity, reference)
        for name in REFERENCES.get(entity, ()):
            found = self._live(entity, where.equals(name, reference))
            if found is not None:
                return found
        return None

    def attach(self, file: File) -> Receipt:
        """Put the file beside its document; see ``engine.ports.Filing``.

        The same name again replaces the content, so it needs no idempotency key (and a key would have
        a refusal repeated for six minutes).
        """
        call = f"attach to {file.entity}"
        path = f"{_files_of(file.entity, file.key)}/{segment(file.name)}"
        answer = self._api.upload(path, file.content, call=call)
        if not answer.rows:
            raise SurpriseAnswer(system="xero", call=call, field="Attachments", expected="one element")  # fmt: skip
        return _filed(answer.rows[0], call)

    def attached(self, entity: str, key: str, name: str) -> Receipt | None:
        """The file of that name beside the document."""
        call = f"list files of {entity}"
        rows = self._api.files(_files_of(entity, key), call=call).rows
        return next((_filed(row, call) for row in rows if row.get("FileName") == name), None)

    # --- creating ----------------------------------------------------------------------------------

    def _one(self, draft: Draft) -> ItemResult:
        try:
            return ItemResult(receipt=self.create(draft))
        except RemoteFault as fault:
            return ItemResult(error=fault)

    def _many(self, drafts: list[Draft]) -> list[ItemResult]:
        """One bulk call; bills whose number is held already are left out of it."""
        results: dict[int, ItemResult] = {}
        sent: list[int] = []
        for at, draft in enumerate(drafts):
            try:
                self._check_free_number(draft)
                sent.append(at)
            except RemoteFault as fault:
                results[at] = ItemResult(error=fault)
        if sent:
            try:
                rows = self._elements([drafts[at] for at in sent])
                for at, (row, answer) in zip(sent, rows, strict=True):
                    results[at] = self._result(drafts[at], row, answer)
            except RemoteFault as fault:
                results.update({at: ItemResult(error=fault) for at in sent})
        return [results[at] for at in range(len(drafts))]

    def _result(self, draft: Draft, row: dict[str, Any], answer: Answer) -> ItemResult:
        try:
            return ItemResult(receipt=self._judged(draft, row, answer))
        except DuplicateAtTarget as fault:
            return ItemResult(error=_worded(fault, draft))
        except RemoteFault as fault:
            return ItemResult(error=fault)

    def _created(self, drafts: list[Draft]) -> list[Receipt]:
        return [
            self._judged(draft, row, answer)
            for draft, (row, answer) in zip(drafts, self._elements(drafts), strict=True)
        ]

    def _elements(self, drafts: list[Draft]) -> list[tuple[dict[str, Any], Answer]]:
        """Send the drafts; a refusal that was only repeated is asked again under a fresh key."""
        key = _bulk_key(drafts)
        answer = self._put(drafts, key)
        if answer.replayed and any(_refused(row) for row in answer.rows):
            again = [i for i, row in enumerate(answer.rows) if _refused(row)]
            second = self._put([drafts[i] for i in again], uuid4().hex)
            fresh = dict(zip(again, second.rows, strict=True))
            return [
                (fresh[i], second) if i in fresh else (row, answer)
                for i, row in enumerate(answer.rows)
            ]
        return [(row, answer) for row in answer.rows]

    def _put(self, drafts: list[Draft], key: str) -> Answer:
        entity = drafts[0].entity
        resource = catalogue.resources()[entity]
        rows = [body(d.data) for d in drafts]
        params = {"summarizeErrors": "false"} if entity in SUMMARIZED else {}
        if entity in FOUR_PLACES:
            params["unitdp"] = "4"
        bare = entity in BARE and entity not in SUMMARIZED
        answer = self._api.write(
            "PUT",
            resource.path,
            resource.list_key,
            rows[0] if bare else {resource.list_key: rows},
            call=f"create {entity}",
            idempotency_key=key,
            params=params,
        )
        if len(answer.rows) != len(drafts):
            raise SurpriseAnswer(
                system="xero", call=f"create {entity}", field=resource.list_key,
                expected=f"{len(drafts)} elements",
            )  # fmt: skip
        return answer

    def _judged(self, draft: Draft, row: dict[str, Any], answer: Answer) -> Receipt:
        if _refused(row):
            raise judge_element(f"create {draft.entity}", row)
        return self._receipt(draft.entity, row, answer)

    def _receipt(self, entity: str, row: dict[str, Any], answer: Answer) -> Receipt:
        resource = catalogue.resources()[entity]
        key = row.get(resource.key)
        if not isinstance(key, str) or not key or key == _NO_ID:
            raise SurpriseAnswer(
                system="xero", call=f"write {entity}", field=resource.key, expected="a key"
            )
        data = record(entity, row)
        return Receipt(
            entity=entity,
            key=key,
            number=number_of(entity, data),
            version=version_of(data),
            data=data,
            replayed=answer.replayed,
        )

    # --- changing ----------------------------------------------------------------------------------

    def _changed(self, draft: Draft, changes: dict[str, Any], call: str) -> Receipt:
        entity = draft.entity
        resource = catalogue.resources()[entity]
        element = {**self._demanded(entity, draft.key, changes, call), resource.key: draft.key}
        wrapped: Any = {resource.list_key: [element]}
        path = f"{resource.path}/{draft.key}"
        if entity in BARE_STATES or entity == "TrackingCategory":
            wrapped = changes
        elif entity == "TaxRate":
            path = resource.path
        answer = self._api.write(
            "POST",
            path,
            resource.list_key,
            wrapped,
            call=call,
            idempotency_key=draft.idempotency_key,
            params={"unitdp": "4"} if entity in FOUR_PLACES else {},
        )
        if not answer.rows:
            raise SurpriseAnswer(
                system="xero", call=call, field=resource.list_key, expected="one element"
            )
        if _refused(answer.rows[0]):
            raise judge_element(call, answer.rows[0])
        return self._receipt(entity, answer.rows[0], answer)

    def _demanded(
        self, entity: str, key: str, changes: dict[str, Any], call: str
    ) -> dict[str, Any]:
        """The changes plus the unchanged fields that Xero demands in each element."""
        lacking = [name for name in DEMANDED.get(entity, ()) if name not in changes]
        if not lacking:
            return changes
        rows = self._api.get(entity, key=key, call=call).rows
        if not rows:
            raise RecordMissing(system="xero", call=call, detail=f"{entity} {key}")
        held = record(entity, rows[0])
        return {**{name: sendable(held.get(name)) for name in lacking}, **changes}

    def _end_state(self, entity: str, key: str, call: str) -> str:
        """Posted documents are voided, drafts deleted."""
        rows = self._api.get(entity, key=key, call=call).rows
        if not rows:
            raise RecordMissing(system="xero", call=call, detail=f"{entity} {key}")
        return "VOIDED" if rows[0].get("Status") == VOIDED_WHEN_POSTED[entity] else "DELETED"

    # --- checks and look-ups -----------------------------------------------------------------------

    def _check_writable(self, entity: str) -> None:
        if entity in READ_ONLY or entity not in catalogue.resources():
            raise RemoteRejected(
                system="xero", call=f"write {entity}", detail="Xero offers no write for it."
            )

    def _check_version(self, draft: Draft) -> None:
        """Xero has no optimistic lock: compare the time stamp just before writing."""
        rows = self._api.get(draft.entity, key=draft.key).rows
        if not rows:
            raise RecordMissing(
                system="xero", call=f"update {draft.entity}", detail=f"{draft.entity} {draft.key}"
            )
        now = version_of(record(draft.entity, rows[0]))
        if now != draft.version:
            raise StaleVersion(
                system="xero", call=f"update {draft.entity}", detail=f"Its version is {now} now."
            )

    def _check_free_number(self, draft: Draft) -> None:
        """Numbers of bills are not unique in Xero: we must not enter one twice (golden test 10).

        Raises:
            DuplicateAtTarget: the supplier has a live bill or credit of that number.
        """
        kind = draft.data.get("Type")
        if draft.entity not in {"Invoice", "CreditNote"} or kind not in _FREE_NUMBERS:
            return
        field = "InvoiceNumber" if draft.entity == "Invoice" else "CreditNoteNumber"
        number, contact = draft.data.get(field), draft.data.get("Contact")
        if not isinstance(number, str) or not number:
            return
        clause = where.both(where.equals(field, number), where.equals("Type", str(kind)))
        for row in self._rows(draft.entity, clause):
            held = row.get("Contact") or {}
            same = not isinstance(contact, dict) or any(
                str(held.get(k, "")).casefold() == str(v).casefold()
                for k, v in contact.items()
                if k in {"ContactID", "Name", "ContactNumber"}
            )
            if same and row.get("Status") not in _GONE:
                raise DuplicateAtTarget(
                    system="xero", call=f"create {draft.entity}", field=field, value=number,
                    existing_key=str(row.get(catalogue.resources()[draft.entity].key, "")),
                    detail="The supplier has a bill of this number already.",
                )  # fmt: skip

    def _named(self, fault: DuplicateAtTarget, draft: Draft) -> DuplicateAtTarget:
        """The fault with the value and key of what is there already, as far as they can be found."""
        worded = _worded(fault, draft)
        if worded.existing_key or not worded.value:
            return worded
        try:
            found = self.find_by_reference(draft.entity, worded.value, draft.idempotency_key)
        except RemoteFault:
            return worded
        return DuplicateAtTarget(
            **{**worded.evidence(), "existing_key": found.key if found else ""}
        )

    def _rows(self, entity: str, clause: str) -> list[dict[str, Any]]:
        params = {"where": clause}
        if catalogue.resources()[entity].paged:
            params.update(page="1", pageSize="50")
        if entity in FOUR_PLACES:
            params["unitdp"] = "4"
        return self._api.get(entity, params=params, call=f"find {entity}").rows

    def _live(self, entity: str, clause: str) -> Receipt | None:
        rows = self._rows(entity, clause)
        live = [r for r in rows if r.get("Status") not in _GONE]
        return self._receipt(entity, live[-1], Answer(live)) if live else None

    def _numbered(self, entity: str, number: str) -> Receipt | None:
        if entity == "PurchaseOrder":
            rows = self._api.get(entity, key=number).rows
        else:
            rows = self._api.get(entity, params={"QuoteNumber": number, "page": "1"}).rows
        live = [r for r in rows if r.get("Status") not in _GONE]
        return self._receipt(entity, live[0], Answer(live)) if live else None


def _files_of(entity: str, key: str) -> str:
    return f"{catalogue.resources()[entity].path}/{segment(key)}/Attachments"


def _filed(row: dict[str, Any], call: str) -> Receipt:
    key = row.get("AttachmentID")
    if not isinstance(key, str) or not key:
        raise SurpriseAnswer(system="xero", call=call, field="AttachmentID", expected="a key")
    return Receipt("Attachment", key, str(row.get("FileName", "")), data=row)


def _worded(fault: DuplicateAtTarget, draft: Draft) -> DuplicateAtTarget:
    """The fault with the number or name that was sent, where the vendor does not repeat it."""
    names = REFERENCES.get(draft.entity, ())
    sent = next((str(draft.data[n]) for n in names if draft.data.get(n)), draft.reference)
    return DuplicateAtTarget(**{**fault.evidence(), "value": fault.value or sent})


def _refused(row: dict[str, Any]) -> bool:
    marks = row.get("HasErrors") is True or row.get("HasValidationErrors") is True
    return row.get("StatusAttributeString") == "ERROR" or (
        marks and bool(row.get("ValidationErrors"))
    )


def _bulk_key(drafts: Sequence[Draft]) -> str:
    """One key says what a whole call says."""
    if len(drafts) == 1:
        return drafts[0].idempotency_key
    text = "\n".join(d.idempotency_key for d in drafts)
    return hashlib.sha256(text.encode()).hexdigest()[:48]
