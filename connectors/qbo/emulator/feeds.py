"""Queries, change data capture and batches over one company."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.emulation.store import Doc
from connectors.qbo.catalogue import by_resource, catalogue
from connectors.qbo.emulator.books import Books
from connectors.qbo.emulator.query import instant, parse, project
from connectors.qbo.emulator.refusals import (
    RefusedError,
    refused,
    unsupported_object,
    unsupported_operation,
    unsupported_property,
)
from connectors.qbo.emulator.service import Service

CDC_DAYS = 30
CDC_OBJECTS = 1000
BATCH_ITEMS = 30
_NO_CDC = frozenset({"TaxCode", "TaxRate", "TaxAgency", "TimeActivity"})


class Feeds:
    """Everything that answers with many records."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._books: Books = service.books

    def query(self, text: str) -> Doc:
        """The ``QueryResponse`` of a statement."""
        statement = parse(text, self._books.today())
        docs, total = self._books.select(statement)
        if statement.count:
            return {"totalCount": total}
        if not docs:
            return {}
        shown = [project(self._service.show(statement.entity, d), statement.columns) for d in docs]
        return {
            statement.entity: shown,
            "startPosition": statement.start,
            "maxResults": len(shown),
        }

    def changes(self, entities: str, since: str) -> list[Doc]:
        """The ``QueryResponse`` list of a CDC call."""
        moment = instant(since)
        if moment is None:
            raise refused("2060", "Invalid Date format", f"Supplied value: {since}")
        if moment < self._books.now() - timedelta(days=CDC_DAYS):
            raise refused("2190", "Invalid date range", "changedSince is more than 30 days ago.")
        answer: list[Doc] = []
        left = CDC_OBJECTS
        for name in filter(None, (n.strip() for n in entities.split(","))):
            facts = by_resource().get(name.lower())
            if facts is None or facts.name in _NO_CDC:
                raise unsupported_object(name)
            part = self._changed(facts.name, moment)[:left]
            left -= len(part)
            answer.append(
                {facts.name: part, "startPosition": 1, "maxResults": len(part)} if part else {}
            )
        return answer

    def _changed(self, entity: str, since: Any) -> list[Doc]:
        books = self._books
        seeded = books.seeded_until
        recent = seeded is not None and since > seeded
        docs = books.changed(entity) if recent else books.store.all(entity)
        alive = [d for d in docs if "MetaData" in d and _time(d) >= since]
        alive.sort(key=_time)
        gone = [
            {
                "domain": "QBO",
                "status": "Deleted",
                "Id": row["id"],
                "MetaData": {"LastUpdatedTime": row["at"]},
            }
            for row in books.store.find("_deleted", "entity", entity)
            if (instant(row["at"]) or since) >= since
        ]
        return [self._service.show(entity, d) for d in alive] + gone

    def batch(self, body: Any, include: str, stop_after: int | None = None) -> list[Doc]:
        """The ``BatchItemResponse`` list; each item stands alone.

        Args:
            body: the request.
            include: query parameter of the call, valid for each item.
            stop_after: execute only so many items (a half-written batch); the rest fail.
        """
        items = body.get("BatchItemRequest") if isinstance(body, dict) else None
        if not isinstance(items, list):
            raise RefusedError(unsupported_property("BatchItemRequest"))
        if len(items) > BATCH_ITEMS:
            raise refused("1040", "Batch too large", f"At most {BATCH_ITEMS} items in a batch.")
        answers: list[Doc] = []
        for number, item in enumerate(items):
            named: Doc = {"bId": str(item.get("bId", ""))}
            try:
                if stop_after is not None and number >= stop_after:
                    raise refused("1000", "Operation failed", "The operation was not carried out.")
                answers.append(named | self._item(item, include))
            except RefusedError as refusal:
                answers.append(named | {"Fault": refusal.fault()})
        return answers

    def _item(self, item: Doc, include: str) -> Doc:
        if "Query" in item:
            return {"QueryResponse": self.query(str(item["Query"]))}
        if "CDCQuery" in item:
            asked = item["CDCQuery"]
            parts = self.changes(str(asked.get("Entities", "")), str(asked.get("ChangedSince", "")))
            return {"CDCResponse": [{"QueryResponse": parts}]}
        entity = next((name for name in item if name in catalogue()), "")
        if not entity:
            raise unsupported_object(next((n for n in item if n[:1].isupper()), ""))
        operation = str(item.get("operation", ""))
        body = item[entity]
        if operation in ("create", "update") and item.get("optionsData") != "void":
            return {entity: self._service.write(entity, body, include)}
        if operation == "delete":
            return {entity: self._service.delete(entity, body)}
        if operation == "void" or item.get("optionsData") == "void":
            return {entity: self._service.void(entity, body)}
        raise unsupported_operation(operation)


def _time(doc: Doc) -> Any:
    return instant(str(doc["MetaData"]["LastUpdatedTime"]))
