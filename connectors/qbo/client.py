"""The calls of the QuickBooks Online Accounting API, one method each; JSON in, JSON out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.http.budget import Budget
from connectors.http.client import ApiClient
from connectors.http.jsontext import JsonError, load
from connectors.http.resolution import Said
from connectors.qbo.facts import MINOR_VERSION, SYSTEM
from connectors.qbo.resolution import TABLE, fault_errors, said_of
from connectors.qbo.statement import Select
from engine.errors import SurpriseAnswer

Json = dict[str, Any]


class QboClient:
    """One company (realm) over an ``ApiClient``.

    Args:
        api: client whose base address is ``https://host/v3/company/<realm>``.
        realm: company id.
        batches: budget of the batch endpoint, which has a limit of its own.
    """

    def __init__(self, api: ApiClient, realm: str, batches: Budget) -> None:
        self.api = api
        self.realm = realm
        self.batches = batches

    # -- reading ------------------------------------------------------------------------------

    def query(self, select: Select, *, human: bool = False) -> tuple[list[Json], str]:
        """Rows of a statement and the server's time."""
        call = f"query {select.entity}"
        body = self._query_text(select.text(), call, human=human)
        rows = body["QueryResponse"].get(select.entity, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise _surprise(call, f"QueryResponse.{select.entity}", "a list of records")
        return rows, str(body.get("time", ""))

    def count(self, select: Select) -> int:
        """How many records a statement finds."""
        call = f"count {select.entity}"
        total = self._query_text(select.count(), call)["QueryResponse"].get("totalCount")
        if not isinstance(total, int):
            raise _surprise(call, "QueryResponse.totalCount", "a number")
        return total

    def _query_text(self, text: str, call: str, *, human: bool = False) -> Json:
        body = self._send(
            "POST",
            "/query",
            call=call,
            safe=True,
            content=text.encode(),
            headers={"Content-Type": "application/text"},
            human=human,
        )
        if not isinstance(body.get("QueryResponse"), dict):
            raise _surprise(call, "QueryResponse", "an object")
        return body

    def get(self, entity: str, key: str, *, human: bool = False) -> Json:
        """One record; ``RecordMissing`` where there is none."""
        name = entity.lower()
        path = f"/{name}" if entity == "Preferences" else f"/{name}/{key}"
        if entity == "CompanyInfo":
            path = f"/{name}/{self.realm}"
        call = f"read {entity}"
        return _member(self._send("GET", path, call=call, safe=True, human=human), entity, call)

    def changed(self, entities: Sequence[str], since: str) -> tuple[dict[str, list[Json]], str]:
        """Change data capture: records by entity (deleted ones as stubs), and the server's time."""
        call = f"changes of {', '.join(entities)}"
        params = {"entities": ",".join(entities), "changedSince": since}
        body = self._send("GET", "/cdc", call=call, safe=True, params=params)
        answer = body.get("CDCResponse")
        if not isinstance(answer, list) or not answer or not isinstance(answer[0], dict):
            raise _surprise(call, "CDCResponse", "a list with one member")
        found: dict[str, list[Json]] = {}
        for part in answer[0].get("QueryResponse") or ():
            for name in entities:
                if isinstance(part, dict) and isinstance(part.get(name), list):
                    found[name] = part[name]
        return found, str(body.get("time", ""))

    def exchange_rate(self, currency: str, day: str) -> Json:
        """The rate of a currency on a day (``Rate`` home units for one foreign unit)."""
        params = {"sourcecurrencycode": currency, "asofdate": day}
        call = "read ExchangeRate"
        body = self._send("GET", "/exchangerate", call=call, safe=True, params=params)
        return _member(body, "ExchangeRate", call)

    # -- writing ------------------------------------------------------------------------------

    def write(
        self,
        entity: str,
        body: Json,
        request_id: str,
        call: str,
        *,
        number_may_repeat: bool = False,
    ) -> Json:
        """Create, or update where ``body`` has an ``Id``; the complete record comes back.

        Args:
            entity: of the record.
            body: the record.
            request_id: ``requestid``: the same one is answered with the first result.
            call: the call as a person would name it.
            number_may_repeat: skip the check of the document number (6140).
        """
        params = {"include": "allowduplicatedocnum"} if number_may_repeat else {}
        answer = self._post(entity, body, request_id, call, params)
        return _member(answer, entity, call)

    def operate(self, entity: str, body: Json, request_id: str, operation: str) -> Json:
        """``delete`` or ``void`` (``operation=void``, or ``include=void`` where that is the form)."""
        params = {"operation": operation}
        call = f"{operation} {entity}"
        if operation == "void" and entity != "Invoice":
            params, body = {"operation": "update", "include": "void"}, {**body, "sparse": True}
        return _member(self._post(entity, body, request_id, call, params), entity, call)

    def _post(
        self, entity: str, body: Json, request_id: str, call: str, params: Mapping[str, str]
    ) -> Json:
        sent = dict(params) | ({"requestid": request_id} if request_id else {})
        return self._send(
            "POST", f"/{entity.lower()}", call=call, safe=False, params=sent, json=body
        )

    def batch(self, items: Sequence[Json], request_id: str) -> dict[str, Json]:
        """Up to 30 operations in one call; answers by ``bId``, each may hold a ``Fault``."""
        call = f"batch of {len(items)}"
        params = {"requestid": request_id} if request_id else {}
        with self.batches.take():
            body = self._send(
                "POST",
                "/batch",
                call=call,
                safe=False,
                params=params,
                json={"BatchItemRequest": list(items)},
            )
        answers = body.get("BatchItemResponse")
        if not isinstance(answers, list):
            raise _surprise(call, "BatchItemResponse", "a list")
        return {str(a.get("bId", "")): a for a in answers if isinstance(a, dict)}

    def upload(self, name: str, kind: str, raw: bytes, metadata: bytes, request_id: str) -> Json:
        """Attach a file; ``metadata`` is JSON with ``AttachableRef`` and more."""
        # Made of the content, so that the same file is sent as the same bytes and never holds the edge.
        edge = f"mapping-studio-{hashlib.sha256(raw).hexdigest()[:32]}"
        safe_name = name.replace("\\", "_").replace('"', "_").replace("\r", " ").replace("\n", " ")
        about = f"--{edge}\r\n{_part('file_metadata_01')}\r\nContent-Type: application/json\r\n\r\n"
        file = (
            f'\r\n--{edge}\r\n{_part("file_content_01")}; filename="{safe_name}"\r\n'
            f"Content-Type: {kind}\r\n\r\n"
        )
        end = f"\r\n--{edge}--\r\n"
        content = about.encode() + metadata + file.encode() + raw + end.encode()
        body = self._send(
            "POST",
            "/upload",
            call="upload Attachable",
            safe=False,
            params={"requestid": request_id},
            content=content,
            headers={"Content-Type": f"multipart/form-data; boundary={edge}"},
        )
        answer = body.get("AttachableResponse")
        if not isinstance(answer, list) or not answer:
            raise _surprise("upload Attachable", "AttachableResponse", "a list")
        return _member(answer[0], "Attachable", "upload Attachable")

    # -- one request --------------------------------------------------------------------------

    def _send(self, method: str, path: str, *, call: str, safe: bool, **more: Any) -> Json:
        params = {"minorversion": MINOR_VERSION, **(more.pop("params", None) or {})}
        headers = {"Accept": "application/json", **(more.pop("headers", None) or {})}
        response = self.api.send(
            method, path, call=call, safe=safe, params=params, headers=headers, **more
        )
        try:
            body = load(response.content)
        except JsonError:
            raise _surprise(call, "the body", "JSON") from None
        if not isinstance(body, dict):
            raise _surprise(call, "the body", "an object")
        if fault_errors(body):  # documented: a fault may come with HTTP 200
            said = Said(system=SYSTEM, call=call, status=response.status_code, safe=safe)
            raise TABLE.judge(said_of(body, said, response.headers.get("intuit_tid", "")))
        return body


def _member(body: Json, name: str, call: str) -> Json:
    member = body.get(name)
    if fault_errors(body):
        raise TABLE.judge(said_of(body, Said(system=SYSTEM, call=call, status=200)))
    if not isinstance(member, dict):
        raise _surprise(call, name, "an object")
    return member


def _part(name: str) -> str:
    return f'Content-Disposition: form-data; name="{name}"'


def _surprise(call: str, field: str, expected: str) -> SurpriseAnswer:
    return SurpriseAnswer(system=SYSTEM, call=call, field=field, expected=expected)
