"""One HTTP client for all vendors: it tries once and says exactly what happened."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

import httpx

from connectors.http.auth import Auth
from connectors.http.budget import Budget, NoBudget
from connectors.http.clock import SystemClock
from connectors.http.evidence import EvidenceSink, Exchange, NoEvidence
from connectors.http.faults import NoAgent, Spoken
from connectors.http.jsontext import dump
from connectors.http.redact import clean_body, clean_url
from connectors.http.tls import tls_floor
from engine.errors import (
    AgentMissing,
    OutcomeUnknown,
    RemoteBusy,
    RemoteFault,
    RemoteUnavailable,
)
from engine.ports import Clock

TRACE_HEADERS = ("intuit_tid", "xero-correlation-id", "x-correlation-id", "x-request-id")
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class Resolve(Protocol):
    """Turns a failed answer into an error (``ResolutionTable`` is one)."""

    def __call__(self, response: httpx.Response, *, call: str, safe: bool) -> RemoteFault:
        """The error that the answer means."""
        ...


class ApiClient:
    """Sends requests to one base address with pooling, budget, sign-in, evidence and errors.

    Args:
        system: name used in errors and evidence.
        base_url: absolute address; paths are appended to it.
        resolve: what a non-2xx answer means.
        auth: supplies ``Authorization``; None sends none.
        budget: what the vendor lets us do.
        timeout: explicit per phase; the default suits accounting services (120 s to answer).
        transport: replaces the network (an agent beside the system, in-process emulators).
        evidence: where exchanges are kept.
        clock: time stamps of evidence.
        headers: sent with each request.
    """

    def __init__(  # noqa: PLR0913 - each is a seam of its own
        self,
        system: str,
        base_url: str,
        *,
        resolve: Resolve,
        auth: Auth | None = None,
        budget: Budget | None = None,
        timeout: httpx.Timeout | None = None,
        transport: httpx.BaseTransport | None = None,
        evidence: EvidenceSink | None = None,
        clock: Clock | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.system = system
        self.budget: Budget = budget or NoBudget()
        self._auth = auth
        self._resolve = resolve
        self._evidence: EvidenceSink = evidence or NoEvidence()
        self._clock: Clock = clock or SystemClock()
        self._http = httpx.Client(
            base_url=base_url,
            timeout=timeout or httpx.Timeout(120.0, connect=10.0, pool=10.0),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
            verify=tls_floor(),
            transport=transport,
            headers={"User-Agent": "mapping-studio", **(headers or {})},
            follow_redirects=False,
            # A proxy from the environment must not come between us and a loopback emulator.
            trust_env=base_url.startswith("https"),
        )

    def send(  # noqa: PLR0913 - an HTTP request has that many parts
        self,
        method: str,
        path: str,
        *,
        call: str,
        safe: bool,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        human: bool = False,
    ) -> httpx.Response:
        """Send once; a 401 is replayed once, unchanged, after the sign-in was renewed.

        Args:
            method: HTTP method.
            path: appended to the base address.
            call: the call as a person would name it, e.g. ``create Invoice``.
            safe: repeating or losing the call changes nothing at the vendor.
            params: query values.
            json: body; ``Decimal`` is written as a plain number.
            content: raw body instead of ``json``.
            headers: extra headers (idempotency key, content type).
            human: a person waits at a page, so the reserve of the budget may be used.

        Returns:
            The 2xx answer, body read.

        Raises:
            RemoteBusy: the budget or the vendor says wait.
            AgentMissing: it is reached through an agent, and none is connected.
            RemoteUnavailable: not reached, or a safe call that got no answer.
            OutcomeUnknown: an unsafe call that may have taken effect without an answer.
            RemoteFault: what ``resolve`` makes of any other non-2xx answer.
        """
        sent = dict(headers or {})
        if json is not None:
            content = dump(json)
            sent.setdefault("Content-Type", "application/json")
        request = {"params": dict(params) if params else None, "content": content, "headers": sent}
        credential = self._auth.credential() if self._auth else ""
        response = self._once(method, path, request, credential, (call, safe, human))
        if response.status_code == 401 and self._auth and self._auth.renew(credential):
            credential = self._auth.credential()
            response = self._once(method, path, request, credential, (call, safe, human))
        if response.is_success:
            return response
        fault = self._resolve(response, call=call, safe=safe)
        if isinstance(fault, RemoteBusy):
            self.budget.note_busy(fault.scope, fault.wait_seconds)
        raise fault

    def close(self) -> None:
        """Close pooled sockets."""
        self._http.close()

    def _once(
        self,
        method: str,
        path: str,
        request: dict[str, Any],
        credential: str,
        how: tuple[str, bool, bool],
    ) -> httpx.Response:
        call, safe, human = how
        headers = request["headers"] | ({"Authorization": credential} if credential else {})
        outgoing = self._http.build_request(method, path, **(request | {"headers": headers}))
        # A transport of ours waits for a lost write, but not for a lost read.
        outgoing.extensions["safe"] = safe
        at, started, trace = self._clock.now(), time.monotonic(), uuid4().hex
        response: httpx.Response | None = None
        failure = ""
        with self.budget.take(human=human):
            try:
                response = self._http.send(outgoing)
            except httpx.HTTPError as fault:
                failure = type(fault).__name__
                raise self._no_answer(fault, call, trace, safe=safe) from None
            finally:
                self._keep(
                    outgoing, response, (at, time.monotonic() - started), call, failure or trace
                )
        return response

    def _no_answer(
        self, fault: httpx.HTTPError, call: str, trace: str, *, safe: bool
    ) -> RemoteFault:
        said: dict[str, Any] = {"system": self.system, "call": call, "trace": trace}
        own = str(fault) if isinstance(fault, Spoken) else ""
        if isinstance(fault, NoAgent):
            return AgentMissing(**said, detail=own)
        if isinstance(fault, _NEVER_SENT):
            never = own or f"No connection ({type(fault).__name__})."
            return RemoteUnavailable(**said, detail=never)
        words = own or f"No usable answer came ({type(fault).__name__})."
        if safe:
            return RemoteUnavailable(**said, detail=words)
        return OutcomeUnknown(**said, detail=words)

    def _keep(
        self,
        request: httpx.Request,
        response: httpx.Response | None,
        when: tuple[Any, float],
        call: str,
        otherwise: str,
    ) -> None:
        at, seconds = when
        traces = (response.headers.get(name) for name in TRACE_HEADERS) if response else ()
        self._evidence.record(
            Exchange(
                at=at,
                system=self.system,
                call=call,
                method=request.method,
                url=clean_url(str(request.url)),
                status=response.status_code if response else 0,
                request=clean_body(request.content),
                response=clean_body(response.content) if response else otherwise,
                seconds=round(seconds, 4),
                trace=next((t for t in traces if t), otherwise),
            )
        )
