"""How one entity of one system is put through every operation: bodies in the vendor's own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.ports import Action, Connector, Draft, Receipt, SourceRecord
from engine.schema.model import Record

ACTIONS = {
    "void": Action.VOID,
    "delete": Action.DELETE,
    "deactivate": Action.DEACTIVATE,
    "reactivate": Action.REACTIVATE,
}


@dataclass
class World:
    """A connector to a fresh emulator, shared by the tests of one system.

    Attributes:
        system: ``syspro``, ``qbo`` or ``xero``.
        connector: ours.
        emulator: the vendor's stand-in.
        memory: what bodies share, e.g. the key of the customer they sell to.
    """

    system: str
    connector: Connector
    emulator: Any
    memory: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def number(self) -> int:
        """A number nobody had before."""
        self.count += 1
        return self.count


@dataclass(frozen=True)
class Plan:
    """One entity.

    Attributes:
        body: data of a new record from a number; None where none can be created.
        edit: fields to change, as far as the entity can be updated; from the number again.
        find: field by which a new record is found again.
        ends: ``void``, ``delete``, ``deactivate``, ``reactivate`` as far as offered.
        same: fields of the body that must read back unchanged.
        reference: what finds the new record after a lost answer, from the number.
        ready: prepares the company before a body (the reason why a record can be made).
        writes: regular expression in the path of a create call.
        webhook: the vendor tells of it.
        told: the step (``void`` or ``delete``) that a poll tells as a tombstone.
        made: makes the record where it is born of another one.
        skips: operations that are not offered although the rest of the plan suggests them.
    """

    body: Callable[[World, int], Record] | None = None
    edit: Callable[[World, int], Record] | None = None
    find: str = ""
    ends: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    reference: Callable[[int], str] | None = None
    ready: Callable[[World], None] | None = None
    writes: str = ""
    webhook: bool = False
    told: str = ""
    made: Callable[[World, int], str] | None = None
    skips: tuple[str, ...] = ()

    def operations(self) -> list[str]:
        """What is proved of the entity."""
        offered = ["describe", "read", "poll", "find"]
        if self.body:
            offered += ["create", "repeat", "batch"]
        if self.reference:
            offered.append("lost answer")
        if self.edit:
            offered += ["update", "changes"]
        offered += self.ends
        if self.told:
            offered.append("tombstone")
        if self.webhook:
            offered.append("webhook")
        return [o for o in offered if o not in self.skips]


def draft(world: World, entity: str, plan: Plan, number: int) -> Draft:
    """A draft of a new record."""
    assert plan.body is not None
    if plan.ready:
        plan.ready(world)
    reference = plan.reference(number) if plan.reference else ""
    return Draft(entity, plan.body(world, number), f"op-{entity}-{number}", reference=reference)


def new(world: World, entity: str, plan: Plan) -> Receipt:
    """A new record of the entity."""
    number = world.number()
    if plan.made:
        return Receipt(entity, plan.made(world, number))
    return world.connector.create(draft(world, entity, plan, number))


def existing(world: World, entity: str, plan: Plan) -> str:
    """Key of a record of the entity: a new one, or a seeded one where none can be created."""
    if plan.body or plan.made:
        return new(world, entity, plan).key
    return world.connector.changes(entity, limit=1).records[0].key


def every(world: World, entity: str, cursor: str = "") -> tuple[list[SourceRecord], str]:
    """All records a poll brings from ``cursor`` on, and the last cursor."""
    records: list[SourceRecord] = []
    while True:
        page = world.connector.changes(entity, cursor=cursor, limit=200)
        records += page.records
        cursor = page.cursor
        if not page.more:
            return records, cursor


Plans = Mapping[str, Plan]
