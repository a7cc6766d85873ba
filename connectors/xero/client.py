"""The accounting API as calls: tenant header, limits heard, envelopes opened, 304 as nothing."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from connectors.http.client import ApiClient
from connectors.http.jsontext import JsonError, load
from connectors.xero import catalogue
from connectors.xero.dates import to_datetime
from connectors.xero.facts import API, IDEMPOTENCY_KEY
from connectors.xero.resolution import NotModifiedError
from engine.errors import RecordMissing, SurpriseAnswer

_REMAINING = {"x-minlimit-remaining": "minute", "x-daylimit-remaining": "day"}
_OLD = timedelta(seconds=5)
_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """The elements of an envelope.

    Attributes:
        rows: elements, in order.
        pages: number of pages where the list is paged, else None.
        replayed: the vendor repeated an earlier answer to the same idempotency key.
        trace: the vendor's trace id, may be empty.
    """

    rows: list[dict[str, Any]]
    pages: int | None = None
    replayed: bool = False
    trace: str = ""


@dataclass(slots=True)
class XeroApi:
    """Calls to one organisation.

    Attributes:
        http: the client at the host's root.
        tenant: value of ``xero-tenant-id``.
    """

    http: ApiClient
    tenant: str
    seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def get(
        self,
        entity: str,
        *,
        key: str = "",
        params: Mapping[str, str] | None = None,
        since: datetime | None = None,
        call: str = "",
    ) -> Answer:
        """Read a list or one record; a missing record or list is an empty answer."""
        resource = catalogue.resources()[entity]
        headers = {}
        if since is not None:
            headers["If-Modified-Since"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = f"{API}/{resource.path}" + (f"/{segment(key)}" if key else "")
        try:
            response = self._send(
                "GET", path, call or f"read {entity}", params=params, headers=headers
            )
        except (RecordMissing, NotModifiedError):
            return Answer([])
        return self._open(response, resource.list_key, call or f"read {entity}")

    def write(
        self,
        method: str,
        path: str,
        list_key: str,
        body: Any,
        *,
        call: str,
        idempotency_key: str = "",
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one write; elements refused by ``summarizeErrors=false`` are in the rows."""
        headers = {}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key[:IDEMPOTENCY_KEY]
        response = self._send(
            method, f"{API}/{path}", call, params=params, headers=headers, body=body
        )
        if response.status_code == 204 or not response.content:
            return Answer([])
        return self._open(response, list_key, call)

    def upload(self, path: str, raw: bytes, *, call: str) -> Answer:
        """Put a file's bytes below a document; the same name again replaces them.

        Xero's description of the API offers bytes of no kind alone; it reads the kind from the name.
        """
        headers = {"Content-Type": "application/octet-stream"}
        response = self._send("PUT", f"{API}/{path}", call, params=None, headers=headers, raw=raw)
        return self._open(response, "Attachments", call)

    def files(self, path: str, *, call: str) -> Answer:
        """What is attached to a document."""
        response = self._send("GET", f"{API}/{path}", call, params=None, headers={})
        return self._open(response, "Attachments", call)

    def connections(self) -> list[dict[str, Any]]:
        """Organisations that this sign-in may use (no tenant header)."""
        response = self.http.send(
            "GET", "/connections", call="list connections", safe=True,
            headers={"Accept": "application/json"}, human=True,
        )  # fmt: skip
        found = self._json(response, "list connections")
        return [c for c in found if isinstance(c, dict)] if isinstance(found, list) else []

    def _send(
        self,
        method: str,
        path: str,
        call: str,
        *,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        body: Any = None,
        raw: bytes | None = None,
    ) -> httpx.Response:
        sent = {"Accept": "application/json", "xero-tenant-id": self.tenant, **headers}
        response = self.http.send(
            method, path, call=call, safe=method == "GET", params=params, json=body, content=raw,
            headers=sent,
        )  # fmt: skip
        for header, scope in _REMAINING.items():
            left = response.headers.get(header, "")
            if left.isdigit():
                self.http.budget.note_remaining(scope, int(left))
        return response

    def _json(self, response: httpx.Response, call: str) -> Any:
        try:
            return load(response.content)
        except JsonError as error:
            raise SurpriseAnswer(
                system="xero", call=call, field="body", expected="JSON", detail=str(error)
            ) from error

    def _open(self, response: httpx.Response, list_key: str, call: str) -> Answer:
        body = self._json(response, call)
        # An undone allocation answers as a bare object: no list is asked for then.
        rows = (body.get(list_key) if list_key else [body]) if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise SurpriseAnswer(
                system="xero", call=call, field=list_key, expected="a list of objects"
            )
        block = body.get("pagination")
        pages = block.get("pageCount") if isinstance(block, dict) else None
        return Answer(
            rows=rows,
            pages=pages if isinstance(pages, int) else None,
            replayed=self._replayed(response, body),
            trace=response.headers.get("xero-correlation-id", ""),
        )

    def _replayed(self, response: httpx.Response, body: dict[str, Any]) -> bool:
        """An envelope seen before, or one much older than the answer's ``Date``."""
        name = str(body.get("Id", ""))
        if not name:
            return False
        known = name in self.seen
        self.seen[name] = None
        for old in itertools.islice(list(self.seen), max(0, len(self.seen) - _REMEMBERED)):
            del self.seen[old]
        try:
            served = parsedate_to_datetime(response.headers.get("date", ""))
            made = to_datetime(str(body.get("DateTimeUTC", "")))
        except (ValueError, TypeError):
            return known
        return known or served - made > _OLD


def segment(key: str) -> str:
    """A key or a file's name as one path segment."""
    return (
        httpx.URL("http://x/").copy_with(path="/" + key).raw_path.decode()[1:].replace("/", "%2F")
    )


def chunks(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Rows in runs of at most ``size``."""
    return [rows[at : at + size] for at in range(0, len(rows), size)]
