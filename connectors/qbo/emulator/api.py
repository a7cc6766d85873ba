"""The resources of one company over HTTP: records, queries, changes, batches, files, replay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.emulation.faults import FaultBook, FaultKind
from connectors.emulation.store import Doc
from connectors.emulation.wsgi import Request, Response, dump_json, parse_json
from connectors.qbo.catalogue import by_resource
from connectors.qbo.emulator.drift import Drift
from connectors.qbo.emulator.extras import Extras
from connectors.qbo.emulator.feeds import Feeds
from connectors.qbo.emulator.refusals import (
    RefusedError,
    gateway,
    refused,
    system_failure,
    throttled,
    unsupported_object,
    unsupported_property,
)
from connectors.qbo.emulator.service import Service

_PDF = b"%PDF-1.4\n% emulated\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


class Api:
    """Answers requests that have passed the gateway."""

    def __init__(self, service: Service, extras: Extras, faults: FaultBook, realm: str) -> None:
        self._service = service
        self._books = service.books
        self._store = service.books.store
        self._feeds = Feeds(service)
        self._extras = extras
        self._faults = faults
        self._drift = Drift(faults)
        self._realm = realm

    def answer(self, request: Request, rest: str) -> Response:
        """The answer to a request for ``/v3/company/<realm>/<rest>``."""
        try:
            return self._answered(request, rest)
        except RefusedError as refusal:
            return self.refusal(refusal)

    def _answered(self, request: Request, rest: str) -> Response:
        half = None
        if rest == "batch":
            half = self._faults.draw({FaultKind.HALF_BATCH}, request.method, request.path)
        key = request.arg("requestid")
        if request.method == "POST" and key and rest not in ("query", "batch"):
            answer = self._replayed(key, rest, lambda: self._resource(request, rest))
        elif rest == "batch":
            answer = self._batch(request, half=half is not None)
        else:
            answer = self._resource(request, rest)
        if half is not None:
            raise system_failure()
        return answer

    def _replayed(self, key: str, rest: str, work: Callable[[], Response]) -> Response:
        """The first answer of a request id; a refusal is not kept, so that a mended body may pass.

        Whether Intuit replays refusals, and when it says 600, is unverified (qbo.md 3.2).
        """
        if len(key) > 50:
            raise refused("2130", "Invalid request id", "At most 50 characters.", "requestid")
        with self._store.transaction():
            kept = self._store.get("_requests", key)
            if kept is None:
                answer = work()
                kept = {"status": answer.status, "body": answer.body.decode(), "resource": rest}
                self._store.put("_requests", key, kept)
            elif kept["resource"] != rest:
                words = f"The request id was used for {kept['resource']}."
                raise refused("600", "Duplicate request id", words, "requestid")
        kind = "application/json;charset=UTF-8"
        return Response(int(kept["status"]), str(kept["body"]).encode(), {"Content-Type": kind})

    def _batch(self, request: Request, *, half: bool) -> Response:
        body = _json(request)
        items = body.get("BatchItemRequest") if isinstance(body, dict) else None
        count = len(items) if isinstance(items, list) else 0
        key = request.arg("requestid")
        if len(key) > 36:
            raise refused("2130", "Invalid request id", "At most 36 characters.", "requestid")
        answers: list[Doc] = []
        with self._store.transaction():
            if not key or not isinstance(items, list):
                stop = count // 2 if half else None
                answers = self._feeds.batch(body, request.arg("include"), stop)
            else:
                for item in items[: count // 2 if half else None]:
                    answers.append(self._batch_item(key, item, request.arg("include")))
        return self._json({"BatchItemResponse": answers})

    def _batch_item(self, key: str, item: Doc, include: str) -> Doc:
        name = f"{key}:{item.get('bId', '')}"
        kept = self._store.get("_requests", name)
        if kept is None:
            done = self._feeds.batch({"BatchItemRequest": [item]}, include)[0]
            if "Fault" in done:
                return done
            kept = self._store.put("_requests", name, {"status": 200, "body": dump_json(done)})
        answer: Doc = parse_json(str(kept["body"]))
        return answer

    def _resource(self, request: Request, rest: str) -> Response:
        name, _, key = rest.partition("/")
        special = {
            "query": self._query,
            "cdc": self._cdc,
            "upload": lambda r: self._json({"AttachableResponse": self._extras.upload(r)}),
            "exchangerate": self._rate,
            "preferences": self._preferences,
        }.get(name)
        if special is not None:
            return special(request)
        if name == "taxservice" and request.method == "POST":
            return Response.json(self._extras.tax_code(_json(request)))
        if name == "download":
            self._extras.file(key)
            return Response.text(f"{request.base_url}/v3/company/{self._realm}/file/{key}")
        if name == "file":
            return Response(
                200, self._extras.file(key), {"Content-Type": "application/octet-stream"}
            )
        facts = by_resource().get(name)
        if facts is None:
            raise unsupported_object(name)
        if request.method == "GET" or "/" in key or key:
            return self._read(facts.name, key, request)
        return self._write(facts.name, request)

    def _query(self, request: Request) -> Response:
        text = request.arg("query")
        if request.method == "POST" and request.body:
            text = request.body.decode("utf-8", "replace")
        return self._json({"QueryResponse": self._feeds.query(text)})

    def _cdc(self, request: Request) -> Response:
        parts = self._feeds.changes(request.arg("entities"), request.arg("changedSince"))
        return self._json({"CDCResponse": [{"QueryResponse": parts}]})

    def _rate(self, request: Request) -> Response:
        if request.method == "POST":
            return self._json({"ExchangeRate": self._extras.write_rate(_json(request))})
        rate = self._extras.read_rate(request.arg("sourcecurrencycode"), request.arg("asofdate"))
        return self._json({"ExchangeRate": rate})

    def _preferences(self, request: Request) -> Response:
        if request.method == "POST":
            return self._write("Preferences", request)
        return self._json({"Preferences": self._books.preferences()})

    def _read(self, entity: str, key: str, request: Request) -> Response:
        key, _, more = key.partition("/")
        if entity == "CompanyInfo":
            key = "1"
        doc = self._service.show(entity, self._books.require(entity, key))
        if more == "pdf":
            return Response(200, _PDF, {"Content-Type": "application/pdf"})
        if more == "send":
            return self._json({entity: self._service.send(entity, key, request.arg("sendTo"))})
        return self._json({entity: doc})

    def _write(self, entity: str, request: Request) -> Response:
        kind = request.header("content-type")
        if kind and "json" not in kind.lower():
            raise refused("1050", "Unsupported content type", kind)
        body, operation = _json(request), request.arg("operation")
        include = request.arg("include")
        if operation == "delete":
            return self._json({entity: self._service.delete(entity, body)})
        if operation == "void" or include == "void":
            return self._json({entity: self._service.void(entity, body)})
        return self._json({entity: self._service.write(entity, body, include)})

    # -- answers ------------------------------------------------------------------------------

    def _now(self) -> str:
        return self._books.moment()

    def _json(self, body: Doc, status: int = 200) -> Response:
        drifted = self._drift.changed(body)
        return Response.json(
            {**drifted, "time": self._now()},
            status,
            {"Content-Type": "application/json;charset=UTF-8"},
        )

    def refusal(self, refusal: RefusedError) -> Response:
        """A refusal as an answer."""
        return self._json({"Fault": refusal.fault()}, refusal.status)

    def busy(self) -> Response:
        """The answer of a reached limit."""
        return Response.json(throttled() | {"time": self._now()}, 429)


def _json(request: Request) -> Any:
    try:
        return request.json()
    except ValueError:
        raise RefusedError(unsupported_property("")) from None


def gateway_answer(status: int, code: str, words: str, detail: str) -> Response:
    """The gateway's refusal of a token or realm."""
    kind = "AUTHENTICATION" if status == 401 else "AUTHORIZATION"
    return Response.json(gateway(status, code, words, detail, kind), status)
