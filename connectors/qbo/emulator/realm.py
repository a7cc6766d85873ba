"""One company of the emulated service: its books, its settings, and the API over them."""

from __future__ import annotations

from connectors.emulation.clock import EmulatorClock
from connectors.emulation.company import Division
from connectors.emulation.faults import FaultBook
from connectors.emulation.store import Store
from connectors.qbo.emulator.api import Api
from connectors.qbo.emulator.books import Books
from connectors.qbo.emulator.extras import Extras
from connectors.qbo.emulator.seed import Seed
from connectors.qbo.emulator.service import Service


class Realm:
    """A company under its realm id, in a store of its own."""

    def __init__(
        self, key: str, division: Division, store: Store, clock: EmulatorClock, faults: FaultBook
    ) -> None:
        made = Seed(division)
        self.name = division.name
        self.books = Books(store, clock)
        self.books.declare(made.bases())
        self.books.first_ids = made.first_ids()
        self.books.seeded_until = made.moment
        store.declare("_files")
        store.set_meta("realm", key)
        self.service = Service(self.books)
        self.extras = Extras(self.books)
        self.api = Api(self.service, self.extras, faults, key)
