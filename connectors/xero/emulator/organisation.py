"""One organisation of the emulated service: its books, the API over them, its share of the limits."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.company import Division
from connectors.emulation.faults import FaultBook
from connectors.emulation.store import Store
from connectors.xero.emulator.api import Api
from connectors.xero.emulator.books import Books
from connectors.xero.emulator.identity import Tenant
from connectors.xero.emulator.limits import Limiter
from connectors.xero.emulator.seed import Seed


@dataclass(frozen=True, slots=True)
class Organisation:
    """A tenant with everything that is its own."""

    tenant: Tenant
    store: Store
    books: Books
    api: Api
    limiter: Limiter
    seed: Seed


def opened(
    division: Division, namespace: uuid.UUID, store: Store, clock: EmulatorClock, faults: FaultBook
) -> Organisation:
    """The books of a division as they were when it began to keep them."""
    seed = Seed(division, namespace)
    books = Books(store, clock, namespace)
    books.declare(seed.bases())
    known = books.organisation
    tenant = Tenant(known["OrganisationID"], known["Name"])
    return Organisation(tenant, store, books, Api(books, faults), Limiter(clock), seed)
