"""Xero under its own limits with faults: every record exactly once, no storm, near the allowed speed.

``python -m bench.xero_soak --size L --writes 10000`` reads every contact (about 49,000) and writes
10,000 invoices through the connector into the emulator, in one process and in simulated time: the
budget's pauses move the emulator's clock, so that minutes of limits pass in seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from pydantic import SecretStr

from connectors.config import ConnectionConfig, Services
from connectors.emulation import serve
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.inprocess import InProcessTransport
from connectors.http.budget import LocalBudget, Patience
from connectors.http.tokens import MemoryTokenStore, Tokens
from connectors.registry import open_connector
from connectors.xero.facts import BULK, LIMITS
from engine.errors import DuplicateAtTarget, RemoteBusy, RemoteFault
from engine.ports import Connector, Draft, ItemResult

_FAULTS = (
    FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR_AFTER, FaultKind.UNAVAILABLE,
    FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak saw.

    Attributes:
        read: different records read.
        read_twice: records that came again unchanged.
        lost: records that the emulator holds and we did not get, or drafts without a document.
        written: documents that exist exactly once.
        doubled: documents that exist more than once.
        calls: requests that reached the emulator.
        faults: requests that a fault struck.
        refused: answers 429.
        minutes: simulated minutes.
        ratio: calls made per minute over the 60 that the limit allows.
        seconds: real seconds.
    """

    read: int
    read_twice: int
    lost: int
    written: int
    doubled: int
    calls: int
    faults: int
    refused: int
    minutes: float
    ratio: float
    seconds: float


class _Counting(InProcessTransport):
    """Counts requests and 429 answers."""

    def __init__(self, app: object) -> None:
        super().__init__(app)  # type: ignore[arg-type]
        self.calls = 0
        self.refused = 0

    def handle_request(self, request):  # type: ignore[no-untyped-def]
        self.calls += 1
        answer = super().handle_request(request)
        self.refused += answer.status_code == 429
        return answer


def _read(connector: Connector, clock: EmulatorClock, page: int) -> Counter[str]:
    seen: Counter[str] = Counter()
    cursor = ""
    while True:
        try:
            found = connector.changes("Contact", cursor=cursor, limit=page)
        except RemoteBusy as busy:
            clock.advance(busy.wait_seconds)
            continue
        except RemoteFault:
            continue
        seen.update(f"{r.key}@{r.version}" for r in found.records)
        cursor = found.cursor
        if not found.more:
            return seen


def _draft(number: int, contact: str) -> Draft:
    name = f"SOAK-{number:06d}"
    line = {
        "Description": "Soak", "Quantity": Decimal(1), "UnitAmount": Decimal("10.00"),
        "AccountCode": "200", "TaxType": "OUTPUT2",
    }  # fmt: skip
    data = {
        "Type": "ACCREC", "InvoiceNumber": name, "Contact": {"ContactID": contact},
        "Status": "AUTHORISED", "Date": "2026-06-01", "DueDate": "2026-07-01", "LineItems": [line],
    }  # fmt: skip
    return Draft("Invoice", data, f"{name}-1", reference=name)  # type: ignore[arg-type]


def _done(result: ItemResult) -> bool:
    """Created, or there already: numbers of sales invoices are unique, so nothing can double."""
    return result.receipt is not None or isinstance(result.error, DuplicateAtTarget)


def _write(connector: Connector, clock: EmulatorClock, drafts: list[Draft]) -> None:
    for at in range(0, len(drafts), BULK):
        left = drafts[at : at + BULK]
        while left:
            results = connector.create_many(left)
            busy = next((r.error for r in results if isinstance(r.error, RemoteBusy)), None)
            if busy is not None:
                clock.advance(busy.wait_seconds)
            # A refusal or a lost answer may be remembered under the old key: ask under a new one.
            left = [
                replace(d, idempotency_key=uuid4().hex)
                for d, r in zip(left, results, strict=True)
                if not _done(r)
            ]


def soak(size: str = "S", writes: int = 500, page: int = 1000, seed: int = 1) -> Outcome:
    """Run one soak and count."""
    began = time.monotonic()
    clock = EmulatorClock(datetime(2026, 6, 30, 9, tzinfo=UTC))
    emulator = serve.load("xero").make(size, seed, None, clock, False)
    hello = emulator.hello()
    transport = _Counting(emulator.app)
    patience = Patience("xero", longest=600.0, sleep=lambda s: (clock.advance(s), None)[1])
    budget = LocalBudget("xero", replace(LIMITS, reserve=0.0), clock=clock, patience=patience)
    tokens = MemoryTokenStore(Tokens(hello["access_token"], hello["refresh_token"]))
    config = ConnectionConfig(
        system="xero", base_url="http://xero.inside", company=hello["tenant_id"],
        settings={"client_id": hello["client_id"]},
        secrets={"client_secret": SecretStr(hello["client_secret"])},
    )  # fmt: skip
    connector = open_connector(config, Services(tokens, budget, clock, transport=transport))
    contact = connector.changes("Contact", limit=1).records[0].key
    emulator.identity.access_seconds = 10**6  # type: ignore[attr-defined]  # signing in is not soaked
    tokens.put(Tokens(emulator.identity.grant(list(_scopes(emulator)), "soak")["access_token"]))  # type: ignore[attr-defined]
    book = emulator.faults  # type: ignore[attr-defined]
    for kind in _FAULTS:
        book.arm(Fault(kind, count=None, probability=0.05 / len(_FAULTS), path="api.xro"))
    book.arm(Fault(FaultKind.HALF_BATCH, count=None, probability=0.01))
    start = clock.now()
    before = transport.calls
    seen = _read(connector, clock, page)
    _write(connector, clock, [_draft(n, contact) for n in range(writes)])
    minutes = (clock.now() - start).total_seconds() / 60
    calls = transport.calls - before
    store = emulator.store  # type: ignore[attr-defined]
    held = Counter(
        d["InvoiceNumber"] for d in store.all("Invoice") if d["InvoiceNumber"].startswith("SOAK")
    )
    keys = {k.rpartition("@")[0] for k in seen}
    made = Outcome(
        read=len(keys),
        read_twice=sum(n - 1 for n in seen.values()),
        lost=store.count("Contact") - len(keys) + writes - len(held),
        written=sum(n == 1 for n in held.values()),
        doubled=sum(n > 1 for n in held.values()),
        calls=calls,
        faults=len(book.struck),
        refused=transport.refused,
        minutes=round(minutes, 2),
        ratio=round(calls / (minutes * 60), 3) if minutes else 0.0,
        seconds=round(time.monotonic() - began, 1),
    )
    connector.close()
    emulator.close()
    return made


def _scopes(emulator: object) -> tuple[str, ...]:
    return tuple(emulator.store.all("_access")[0]["scopes"])  # type: ignore[attr-defined]


def main() -> None:
    """Print the outcome as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="L")
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(asdict(soak(given.size, given.writes, seed=given.seed))))


if __name__ == "__main__":
    main()
