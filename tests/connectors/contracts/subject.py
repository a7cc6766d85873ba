"""One connected system under the shared contract: how to connect, what to write, how to break it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from connectors.config import Services
from connectors.emulation.faults import Fault, FaultBook, FaultKind
from connectors.emulation.serve import load, start_in_thread
from connectors.emulation.wsgi import DropConnectionError, HangError
from connectors.http.budget import Limits, NoBudget
from connectors.registry import open_connector, sandbox
from engine.ports import Draft
from engine.schema.model import Record


class InProcess(httpx.BaseTransport):
    """Calls an emulator's application directly; silence and cuts become httpx's own errors."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.WSGITransport(app=app)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            answer = self._inner.handle_request(request)
            body = answer.read()
        except HangError:
            raise httpx.ReadTimeout("silent", request=request) from None
        except DropConnectionError:
            raise httpx.RemoteProtocolError("cut", request=request) from None
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body)
        )


@dataclass(frozen=True)
class Words:
    """What the contract says in one system's own words.

    Attributes:
        party: entity of customers; seeded, writable, findable by ``name``.
        name: path of the party's name.
        new: body of a new party, made from a number.
        reference: what finds that party again.
        edit: fields of a party that may be changed, and a value each.
        refused: body of a party that the system refuses.
        writes: regular expression in the path of a create call.
        missing: key of a party that does not exist.

    """

    party: str
    name: str
    new: Callable[[int], Record]
    reference: Callable[[int], str]
    edit: Record
    refused: Callable[[int], Record]
    writes: str
    missing: str


WORDS: dict[str, Words] = {
    "syspro": Words(
        party="ArCustomer",
        name="Name",
        new=lambda n: {
            "Customer": f"{900_000 + n:07d}",
            "Name": f"Contract Party {n}",
            "Branch": "10",
            "Salesperson": "100",
            "TermsCode": "30",
            "Currency": "USD",
        },
        reference=lambda n: f"{900_000 + n:07d}",
        edit={"Contact": "Nobody Else"},
        refused=lambda n: {
            "Customer": f"{900_000 + n:07d}",
            "Name": f"Contract Party {n}",
            "TermsCode": "??",
        },
        writes="/Setup/Add",
        missing="0999999",
    ),
    "qbo": Words(
        party="Customer",
        name="DisplayName",
        new=lambda n: {"DisplayName": f"Contract Party {n}"},
        reference=lambda n: f"Contract Party {n}",
        edit={"Notes": "Nobody else"},
        refused=lambda n: {"DisplayName": f"Contract Party {n}", "SalesTermRef": {"value": "9999"}},
        writes="/customer|/batch",
        missing="999999",
    ),
    "xero": Words(
        party="Contact",
        name="Name",
        new=lambda n: {"Name": f"Contract Party {n}"},
        reference=lambda n: f"Contract Party {n}",
        edit={"FirstName": "Nobody"},
        refused=lambda n: {"Name": ""},
        writes="/Contacts",
        missing="00000000-0000-4000-8000-000000000000",
    ),
}


@dataclass
class Subject:
    """A connector with its emulator."""

    system: str
    connector: Any
    faults: FaultBook
    words: Words
    emulator: Any = None

    def draft(self, number: int, **more: Any) -> Draft:
        """A draft of a new party."""
        said = {
            "entity": self.words.party,
            "data": self.words.new(number),
            "idempotency_key": f"contract-{number}",
            "reference": self.words.reference(number),
        }
        return Draft(**{**said, **more})

    def refused(self, number: int) -> Draft:
        """A draft that the system refuses."""
        return self.draft(number, data=self.words.refused(number), idempotency_key=f"bad-{number}")

    def break_next(self, kind: FaultKind) -> None:
        """The next create call is struck."""
        self.faults.arm(Fault(kind=kind, path=self.words.writes, seconds=0.05))


LIMITS = {
    "syspro": Limits(concurrent=1),
    "qbo": Limits(per_minute=500, per_second=10, concurrent=10),
    "xero": Limits(per_minute=60, concurrent=5),
}


@contextmanager
def connected(system: str, *, over_http: bool) -> Iterator[Subject]:
    """A fresh emulator of the sample company and a connector to it."""
    emulator = load(system).make("S", 1, None, None, False)
    running = start_in_thread(emulator) if over_http else None
    hello = running.hello() if running else {"url": "http://inside", **emulator.hello()}
    inside = None if running else InProcess(emulator.app)
    services = Services(budget=NoBudget(), transport=inside)
    limiter = getattr(emulator, "limiter", None)
    if system == "xero" and limiter is not None:
        limiter.ceilings.minute = 0  # limits have tests of their own
    throttle = getattr(emulator, "throttle", None)
    if system == "qbo" and throttle is not None:
        throttle.windows = type(throttle.windows)(0, 0, 0, 0)
    connector = open_connector(sandbox(system, hello), services)
    try:
        yield Subject(system, connector, emulator.faults, WORDS[system], emulator)
    finally:
        connector.close()
        if running:
            running.stop()
        else:
            emulator.close()
