"""What the outer rings must provide to the engine: read this one file to know the edges.

All calls are synchronous and may raise the errors of ``engine.errors``; a connector tries once and
says what happened, it never retries, maps or decides. Money is ``Decimal``, times are aware.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from engine.errors import StudioError
from engine.schema.model import Record, SystemSchema


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One record as a system holds it.

    Attributes:
        entity: the system's entity name.
        key: the system's key as text (``000123``, ``58``, a GUID).
        version: changes whenever the content changes (SyncToken, UpdatedDateUTC, timestamp, hash).
        data: the record, typed as its schema says (see ``engine.schema.model``); lines nested.
        changed_at: when the system says it last changed, aware; None where it does not say.
        deleted: the system reports the record as deleted or voided (a tombstone).
    """

    entity: str
    key: str
    version: str
    data: Record
    changed_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some changed records and the cursor to continue from; ``more`` says the same poll goes on."""

    records: Sequence[SourceRecord]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the target says after a write, or about a document it already holds.

    Attributes:
        entity: the target's entity name.
        key: key assigned by the target.
        number: document number a person sees (DocNumber, InvoiceNumber, journal), may be empty.
        version: the target's version after the write; the draft's own where the write is no part of it.
        data: the record as the target returned it.
        replayed: the target recognised the idempotency key and answered with the first result.
    """

    entity: str
    key: str
    number: str = ""
    version: str = ""
    data: Record = field(default_factory=dict)
    replayed: bool = False


class Action(StrEnum):
    """What can be done to a document besides creating and updating it."""

    VOID = "void"
    DELETE = "delete"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"


@dataclass(frozen=True, slots=True)
class Draft:
    """A write that is about to be sent.

    Attributes:
        entity: the target's entity name.
        data: body in the target's own field names, typed (see ``engine.schema.model``).
        idempotency_key: at most 50 characters; what is said, never the attempt.
        reference: natural reference (document number, customer order number) by which the document
            can be found again when the answer never came; empty where the entity has none.
        key: key at the target, for updates and actions.
        version: version at the target that we last read, for updates and actions.
    """

    entity: str
    data: Record
    idempotency_key: str
    reference: str = ""
    key: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One element of a batch: either a receipt or an error, in the order sent."""

    receipt: Receipt | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file that is about to be put beside a document.

    Attributes:
        entity: the document's entity name at the target.
        key: the document's key at the target.
        name: the file's name; together with the document it says which file this is.
        kind: its media type.
        content: its bytes.
        idempotency_key: at most 50 characters; what is said, never the attempt.
    """

    entity: str
    key: str
    name: str
    kind: str
    content: bytes
    idempotency_key: str


class Introspector(Protocol):
    """Reads what the system's data looks like."""

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """Read entities, fields, custom fields and value profiles from ``sample`` records each."""
        ...


class Source(Protocol):
    """Reads records."""

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """Records changed since ``cursor`` (empty: from the beginning), oldest change first."""
        ...

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """One record by key; None where the system has none."""
        ...

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records whose fields equal ``where`` (schema paths), inactive ones included."""
        ...


class Sink(Protocol):
    """Writes records; each call is one idempotent attempt."""

    def create(self, draft: Draft) -> Receipt:
        """Create a record.

        Raises:
            OutcomeUnknown: sent, but no answer: call ``find_by_reference`` before sending again.
        """
        ...

    def update(self, draft: Draft) -> Receipt:
        """Change the fields in ``draft.data`` of the record ``draft.key``; others stay."""
        ...

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void, delete, deactivate or reactivate the record ``draft.key``."""
        ...

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Create several of one entity in as few calls as the vendor allows; results in order."""
        ...

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Change several records of one entity in as few calls as the vendor allows; results in order."""
        ...

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """The document that an earlier, unanswered ``create`` with this reference left, if any."""
        ...


@runtime_checkable
class Filing(Protocol):
    """A system that keeps files beside its documents."""

    def attach(self, file: File) -> Receipt:
        """Put the file beside its document; the document itself is not changed.

        Returns:
            The receipt of the file: its own key and, as number, its name.

        Raises:
            OutcomeUnknown: sent, but no answer: call ``attached`` before sending again.
            RecordMissing: the document is not there.
        """
        ...

    def attached(self, entity: str, key: str, name: str) -> Receipt | None:
        """The file of that name beside a document, which an earlier, unanswered ``attach`` may have left."""
        ...


@dataclass(frozen=True, slots=True)
class ChangeNotice:
    """One change told by a webhook: something of ``entity`` with ``key`` happened."""

    connection: str
    entity: str
    key: str
    operation: str
    occurred_at: datetime | None
    event_id: str


class Webhooks(Protocol):
    """Verifies and reads what a vendor posts to us."""

    def verify(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether the signature fits the raw body (constant time)."""
        ...

    def parse(self, body: bytes) -> list[ChangeNotice]:
        """The notices inside a verified body; ``connection`` is the realm or tenant id."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """Answer of a light check: reachable, who we are there, what is left of the limits, and what failed."""

    ok: bool
    who: str = ""
    detail: str = ""
    limits: dict[str, str] = field(default_factory=dict)
    error: StudioError | None = None


class Connector(Introspector, Source, Sink, Protocol):
    """One connected company of one system."""

    system: str

    def check(self) -> Health:
        """A light call that proves the connection works (never a heavy stream)."""
        ...

    def close(self) -> None:
        """Release sockets and sessions (SYSPRO: log off)."""
        ...


@dataclass(frozen=True, slots=True)
class Quote:
    """What one customer pays for one item, as the system says it; whose price it is stands in it.

    ``price`` is for one ``price_unit``, before tax; ``quantity`` is in ``unit``.
    """

    customer: str
    item: str
    quantity: Decimal
    unit: str
    price: Decimal
    price_unit: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer as somebody who takes orders sees it; ``credit_limit`` is None where none is kept."""

    customer: str
    name: str
    currency: str
    on_hold: bool
    credit_limit: Decimal | None


@dataclass(frozen=True, slots=True)
class ForSale:
    """One item that may be ordered.

    Attributes:
        code: its key.
        name: what people call it.
        unit: the unit it is stocked in.
        other_unit: another unit it is sold in; empty where there is none.
        per_other: stocking units in one of the other.
        decimals: digits after the point that a quantity in stocking units may have.
        available: stocking units on hand that no order has taken; None for what is not stocked.
        stopped: it is not sold at present.
    """

    code: str
    name: str
    unit: str
    other_unit: str
    per_other: Decimal
    decimals: int
    available: Decimal | None
    stopped: bool


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an order as the customer reads it."""

    item: str
    name: str
    quantity: Decimal
    unit: str
    net: Decimal


@dataclass(frozen=True, slots=True)
class Sold:
    """An order, invoice or credit note of one customer; ``open`` is what it still stands for.

    ``state`` is one of open, held, ready, complete, cancelled (orders) and open, settled (the others).
    ``total`` of an order is before tax.
    """

    customer: str
    kind: str
    number: str
    order: str
    reference: str
    on: date | None
    due: date | None
    state: str
    currency: str
    total: Decimal
    open: Decimal
    lines: tuple[SoldLine, ...] = ()


@runtime_checkable
class Selling(Protocol):
    """A system whose customers may order through the portal."""

    def quote(
        self, customer: str, item: str, quantity: Decimal = Decimal(1), unit: str = ""
    ) -> Quote:
        """What the customer pays for the item, in this quantity and unit (empty: the stocking unit)."""
        ...

    def standing(self, customer: str) -> Standing | None:
        """The customer; None where the system has none."""
        ...

    def for_sale(self, *, cursor: str = "", limit: int = 100) -> tuple[list[ForSale], str]:
        """Items, and the cursor to go on from; empty at the end."""
        ...

    def on_sale(self, item: str) -> ForSale | None:
        """One item as it is now; None where the system has none."""
        ...

    def sold(self, customer: str, since: date) -> list[Sold]:
        """The customer's documents since a day, and all that are open."""
        ...


class Embedder(Protocol):
    """Turns texts into unit vectors; ``name`` identifies the model for caches."""

    name: str

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One unit vector per text, shape ``(len(texts), dimensions)``."""
        ...


class Clock(Protocol):
    """The present moment, aware; injectable so that tests own time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        ...
