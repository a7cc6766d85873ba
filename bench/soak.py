"""Three connectors under their vendors' limits with faults: every record exactly once, near the limit.

``python -m bench.soak [--system xero] [--records 50000] [--writes 10000] [--json]`` runs in one
process and in simulated time: pauses of the budget and the length of each call move the emulator's
clock, so that minutes of limits pass in seconds. Five per cent of the calls are struck by a fault.

The ratio is the throughput over what the vendor's limit allows: calls per minute over the limit per
minute of the phase (Xero 60; QuickBooks 500 for queries, 40 for batches), and for SYSPRO, whose limit
is one call at a time, the share of time in which its lane had a call under way.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from connectors.config import Services
from connectors.emulation import serve
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.inprocess import InProcessTransport
from connectors.http.budget import Limits, LocalBudget, NoBudget, Patience
from connectors.qbo.facts import BATCH_LIMITS
from connectors.qbo.facts import LIMITS as QBO_LIMITS
from connectors.registry import open_connector, sandbox
from connectors.xero.facts import LIMITS as XERO_LIMITS
from engine.errors import DuplicateAtTarget, RemoteBusy, RemoteFault
from engine.ports import Draft, ItemResult
from engine.schema.model import Record

T = TypeVar("T")
FAULTS = (
    FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR_AFTER, FaultKind.UNAVAILABLE,
    FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One system in the soak.

    Attributes:
        reads: entities that are read, until there are records enough.
        entity: what is written.
        number: field that says which draft a document came from.
        body: data of a new document from its number and the key of a party.
        page: records per poll.
        group: drafts handed over at a time.
        seconds: how long a call takes, in simulated time.
        read_limit: calls a minute that the limit allows while reading; 0: one at a time.
        write_limit: the same while writing.
        api: regular expression in the path of calls that may be struck.
    """

    reads: tuple[str, ...]
    entity: str
    number: str
    body: Callable[[str, str], Record]
    page: int
    group: int
    seconds: float
    read_limit: int
    write_limit: int
    api: str


def _order(name: str, _party: str) -> Record:
    line: Record = {"MStockCode": "STEFLA-12MM-GRY", "MOrderQty": Decimal(1), "MPrice": Decimal(2)}
    return {"CustomerPoNumber": name, "Customer": "0000101", "OrderDate": "2026-06-01",
            "ReqShipDate": "2026-06-09", "SorDetail": [line]}  # fmt: skip


def _sale(name: str, party: str) -> Record:
    detail: Record = {"ItemRef": {"value": "1"}, "Qty": Decimal(1), "TaxCodeRef": {"value": "NON"}}
    line: Record = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(10),
                    "SalesItemLineDetail": detail}  # fmt: skip
    return {"CustomerRef": {"value": party}, "TxnDate": "2026-06-15", "DocNumber": name,
            "Line": [line]}  # fmt: skip


def _invoice(name: str, party: str) -> Record:
    line: Record = {"Description": "Soak", "Quantity": Decimal(1), "UnitAmount": Decimal("10.00"),
                    "AccountCode": "200", "TaxType": "OUTPUT2"}  # fmt: skip
    return {"Type": "ACCREC", "InvoiceNumber": name, "Contact": {"ContactID": party},
            "Status": "AUTHORISED", "Date": "2026-06-01", "DueDate": "2026-07-01",
            "LineItems": [line]}  # fmt: skip


FIELDS = {
    "syspro": Field(("ArCustomer", "InvMaster"), "SorMaster", "CustomerPoNumber", _order,
                    200, 1, 0.2, 0, 0, "Query|Transaction"),
    "qbo": Field(("Customer", "Item"), "Invoice", "DocNumber", _sale,
                 100, 30, 0.05, 500, BATCH_LIMITS.per_minute or 40, "/v3/company"),
    "xero": Field(("Contact", "Item"), "Invoice", "InvoiceNumber", _invoice,
                  500, 50, 0.1, 60, 60, "api.xro"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a soak saw.

    Attributes:
        system: whose.
        read: different records read.
        read_twice: records that came again unchanged.
        lost: records that are there and were not read, or drafts without a document.
        written: documents that exist exactly once.
        doubled: documents that exist more than once.
        calls: requests that reached the emulator.
        faults: requests that a fault struck.
        refused: answers 429 (a storm would be many).
        minutes: simulated minutes.
        ratio_read: throughput over the limit while reading.
        ratio_write: the same while writing.
        seconds: real seconds.
    """

    system: str
    read: int
    read_twice: int
    lost: int
    written: int
    doubled: int
    calls: int
    faults: int
    refused: int
    minutes: float
    ratio_read: float
    ratio_write: float
    seconds: float


class Counting(InProcessTransport):
    """Counts calls and refusals; each call takes its time."""

    def __init__(self, app: Any, clock: EmulatorClock, seconds: float) -> None:
        super().__init__(app)
        self.clock = clock
        self.seconds = seconds
        self.calls = Counter[str]()
        self.refused = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.calls["batch" if request.url.path.endswith("/batch") else "plain"] += 1
        self.clock.advance(self.seconds)
        answer = super().handle_request(request)
        self.refused += answer.status_code == 429
        return answer


class Soak:
    """One connector on one emulator, in simulated time."""

    def __init__(self, system: str, size: str, seed: int, page: int) -> None:
        self.system = system
        self.field = FIELDS[system]
        self.page = page or self.field.page
        self.clock = EmulatorClock(datetime(2026, 6, 30, 9, tzinfo=UTC))
        self.emulator: Any = serve.load(system).make(size, seed, None, self.clock, False)
        self.wire = Counting(self.emulator.app, self.clock, self.field.seconds)
        config = sandbox(system, {"url": f"http://{system}.inside", **self.emulator.hello()})
        limits = {"qbo": QBO_LIMITS, "xero": XERO_LIMITS}.get(system)
        budget = self._budget(limits) if limits else NoBudget()
        services = Services(budget=budget, clock=self.clock, transport=self.wire)
        self.connector: Any = open_connector(config, services)
        if system == "qbo":
            self.connector.client.batches = self._budget(BATCH_LIMITS)
        if system == "xero":
            self.emulator.identity.access_seconds = 10**6  # signing in is not soaked

    def _budget(self, limits: Limits) -> LocalBudget:
        patience = Patience(self.system, longest=600.0, sleep=self._sleep)
        return LocalBudget(
            self.system, replace(limits, reserve=0.0), clock=self.clock, patience=patience
        )

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def patiently(self, work: Callable[[], T]) -> T:
        """Work until it succeeds; a limit is waited for, a fault met again."""
        for _ in range(100):
            try:
                return work()
            except RemoteBusy as busy:
                self.clock.advance(busy.wait_seconds)
            except RemoteFault as fault:
                last = fault
        raise last

    def read(self, entity: str, page: int) -> Counter[str]:
        """Versions of all records of an entity, as often as they came."""
        seen: Counter[str] = Counter()
        cursor, more = "", True
        while more:
            at = cursor
            found = self.patiently(
                lambda: self.connector.changes(entity, cursor=at, limit=page)  # noqa: B023
            )
            seen.update(f"{entity} {r.key}@{r.version}" for r in found.records)
            cursor, more = found.cursor, found.more
        return seen

    def write(self, drafts: Sequence[Draft]) -> None:
        """Write every draft once."""
        for begin in range(0, len(drafts), self.field.group):
            left = list(drafts[begin : begin + self.field.group])
            while left:
                results = self.patiently(lambda: self.connector.create_many(left))  # noqa: B023
                busy = next((r.error for r in results if isinstance(r.error, RemoteBusy)), None)
                if busy is not None:
                    self.clock.advance(busy.wait_seconds)
                left = self._again(left, results)

    def _again(self, sent: list[Draft], results: Sequence[ItemResult]) -> list[Draft]:
        left = [d for d, r in zip(sent, results, strict=True) if not _done(r)]
        if self.system == "qbo" and left:
            return sent  # the very same request is answered with its first result
        if self.system == "xero":
            # A refusal or a lost answer may be remembered under the old key.
            return [replace(d, idempotency_key=uuid4().hex) for d in left]
        return left

    def arm(self) -> None:
        """Five calls of a hundred are struck."""
        for kind in FAULTS:
            share = 0.05 / len(FAULTS)
            fault = Fault(kind, count=None, probability=share, path=self.field.api, seconds=0.0)
            self.emulator.faults.arm(fault)

    def ratio(self, calls: int, seconds: float, limit: int) -> float:
        """Throughput over what the limit allows."""
        possible = seconds * limit / 60 if limit else seconds / self.field.seconds
        return round(calls / possible, 3) if possible else 0.0


def _done(result: ItemResult) -> bool:
    """Created, or there already under its number."""
    return result.receipt is not None or isinstance(result.error, DuplicateAtTarget)


def soak(
    system: str, size: str = "L", *, records: int = 50_000, writes: int = 10_000,
    page: int = 0, seed: int = 1,
) -> Outcome:  # fmt: skip
    """Run one soak and count."""
    began = time.monotonic()
    run = Soak(system, size, seed, page)
    field = run.field
    party = run.connector.changes(field.reads[0], limit=1).records[0].key
    run.arm()
    start, before = run.clock.now(), run.wire.calls.total()
    seen: Counter[str] = Counter()
    read = []
    for entity in field.reads:
        if seen.total() < records:
            read.append(entity)
            seen += run.read(entity, run.page)
    middle, halfway = run.clock.now(), run.wire.calls.copy()
    drafts = [
        Draft(field.entity, field.body(name, party), f"{name}-1", reference=name)
        for name in (f"SOAK-{n:06d}" for n in range(writes))
    ]
    run.write(drafts)
    end, calls = run.clock.now(), run.wire.calls.copy()
    struck = len(run.emulator.faults.struck)
    run.emulator.faults.disarm()
    there = sum((run.read(entity, 1000) for entity in read), Counter())
    held = Counter(
        str(r.data[field.number]) for r in _all(run, field.entity)
        if str(r.data.get(field.number) or "").startswith("SOAK-")
    )  # fmt: skip
    kind = "batch" if system == "qbo" else "plain"
    made = Outcome(
        system=system,
        read=len(seen),
        read_twice=seen.total() - len(seen),
        lost=len(_keys(there) - _keys(seen)) + writes - len(held),
        written=sum(n == 1 for n in held.values()),
        doubled=sum(n > 1 for n in held.values()),
        calls=calls.total() - before,
        faults=struck,
        refused=run.wire.refused,
        minutes=round((end - start).total_seconds() / 60, 2),
        ratio_read=run.ratio(
            halfway.total() - before, (middle - start).total_seconds(), field.read_limit
        ),
        ratio_write=run.ratio(
            calls[kind] - halfway[kind], (end - middle).total_seconds(), field.write_limit
        ),
        seconds=round(time.monotonic() - began, 1),
    )
    run.connector.close()
    run.emulator.close()
    return made


def _keys(seen: Counter[str]) -> set[str]:
    """Without versions: writing moves what records hold, such as allocated stock."""
    return {one.rpartition("@")[0] for one in seen}


def _all(run: Soak, entity: str) -> Iterator[Any]:
    """Every record, one page in memory at a time: 60,000 orders with their lines are 6 GB."""
    cursor, more = "", True
    while more:
        page = run.connector.changes(entity, cursor=cursor, limit=500)
        yield from page.records
        cursor, more = page.cursor, page.more


def main() -> None:
    """Print the outcome of each system."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", choices=sorted(FIELDS), action="append")
    parser.add_argument("--size", default="L", choices=["S", "L"])
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--page", type=int, default=0, help="records per poll; 0: as in production")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    for system in given.system or FIELDS:
        seen = soak(
            system, given.size, records=given.records, writes=given.writes, page=given.page,
            seed=given.seed,
        )  # fmt: skip
        said = asdict(seen)
        print(json.dumps(said) if given.json else "  ".join(f"{k}={v}" for k, v in said.items()))


if __name__ == "__main__":
    main()
