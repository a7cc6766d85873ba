"""Entity by entity, operation by operation, through our connectors: what ``docs/systems.md`` shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.emulation.faults import Fault, FaultKind
from engine.errors import DuplicateAtTarget, OutcomeUnknown
from engine.ports import Draft, SourceRecord
from engine.schema.model import SystemSchema
from tests.connectors.hearing import listening
from tests.connectors.operations import qbo, syspro, xero
from tests.connectors.operations.plan import (
    ACTIONS,
    Plan,
    World,
    draft,
    every,
    existing,
    new,
)

PLANS = {"syspro": syspro.PLANS, "qbo": qbo.PLANS, "xero": xero.PLANS}
Worlds = dict[str, World]


def offered(*operations: str) -> Callable[[Any], Any]:
    """One case for each entity that a vendor lets us put through one of ``operations``."""
    cases = [
        pytest.param(
            system, entity, *((o,) if len(operations) > 1 else ()),
            id=f"{system}-{entity}" + (f"-{o}" if len(operations) > 1 else ""),
            marks=pytest.mark.proves(system, entity, o),
        )
        for system, plans in PLANS.items()
        for entity, plan in plans.items()
        for o in operations
        if o in plan.operations()
    ]  # fmt: skip
    names = ("system", "entity", "operation") if len(operations) > 1 else ("system", "entity")
    return pytest.mark.parametrize(names, cases)


def at(worlds: Worlds, system: str, entity: str) -> tuple[World, str, Plan]:
    return worlds[system], entity.partition(" ")[0], PLANS[system][entity]


@pytest.fixture(scope="module")
def schemas(worlds: Worlds) -> dict[str, SystemSchema]:
    return {system: world.connector.snapshot(sample=20) for system, world in worlds.items()}


@offered("describe")
def test_a_snapshot_describes_the_entity(
    schemas: dict[str, SystemSchema], system: str, entity: str
) -> None:
    found = schemas[system].entity(entity.partition(" ")[0].removesuffix("+"))
    assert found is not None
    assert found.keys
    assert len(found.fields) >= 2
    assert all(f.description or f.label for f in found.fields)


@offered("read")
def test_a_record_is_read_by_its_key(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    key = existing(world, name, plan)
    found = world.connector.read(name, key)
    assert found is not None
    assert (found.entity, found.key) == (name, key)
    assert found.version
    assert found.data


@offered("poll")
def test_a_first_poll_brings_every_record_once(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    key = existing(world, name, plan)
    records, cursor = every(world, name)
    keys = [r.key for r in records]
    assert len(keys) == len(set(keys))
    assert key in keys
    assert cursor


@offered("find")
def test_a_record_is_found_by_a_value(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    key = existing(world, name, plan)
    held = world.connector.read(name, key)
    assert held is not None
    wanted = held.data[plan.find]
    found = world.connector.find(name, {plan.find: str(wanted)}, limit=500)
    assert key in {r.key for r in found}
    assert {r.data[plan.find] for r in found} == {wanted}


@offered("create")
def test_a_record_is_created_with_its_values(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    said = draft(world, name, plan, world.number())
    receipt = world.connector.create(said)
    assert receipt.key
    assert not receipt.replayed
    held = world.connector.read(name, receipt.key)
    assert held is not None
    assert {n: held.data[n] for n in plan.same} == {n: said.data[n] for n in plan.same}


@offered("repeat")
def test_the_same_draft_twice_makes_one_record(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    said = draft(world, name, plan, world.number())
    first = world.connector.create(said).key
    try:
        again = world.connector.create(said).key
    except DuplicateAtTarget as refused:
        again = refused.existing_key
    assert again == first


@offered("batch")
def test_several_are_created_in_one_go(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    drafts = [draft(world, name, plan, world.number()) for _ in range(2)]
    results = world.connector.create_many(drafts)
    assert [r.error for r in results] == [None, None]
    assert len({r.receipt.key for r in results if r.receipt}) == 2


@offered("lost answer")
def test_what_an_unanswered_create_left_is_found_again(
    worlds: Worlds, system: str, entity: str
) -> None:
    world, name, plan = at(worlds, system, entity)
    said = draft(world, name, plan, world.number())
    path = plan.writes or f"/{name.lower()}"
    method = {"syspro": "", "qbo": "POST", "xero": "PUT"}[system]  # e.net posts with GET
    world.emulator.faults.arm(Fault(kind=FaultKind.DROP_AFTER, path=path, method=method))
    with pytest.raises(OutcomeUnknown):
        world.connector.create(said)
    found = world.connector.find_by_reference(name, said.reference, said.idempotency_key)
    assert found is not None
    held = world.connector.read(name, found.key)
    assert held is not None
    assert {n: held.data[n] for n in plan.same} == {n: said.data[n] for n in plan.same}


@offered("update")
def test_an_update_changes_what_was_given(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    before = world.connector.read(name, existing(world, name, plan))
    assert before is not None
    assert plan.edit is not None
    number = world.number()
    change = plan.edit(world, number)
    receipt = world.connector.update(
        Draft(name, change, f"op-edit-{number}", key=before.key, version=before.version)
    )
    after = world.connector.read(name, before.key)
    assert after is not None
    assert receipt.key == before.key
    assert after.version != before.version
    plain = {n: v for n, v in change.items() if not isinstance(v, dict | list)}
    assert {n: after.data[n] for n in plain} == plain
    kept = [n for n in plan.same if n not in change]
    assert {n: after.data[n] for n in kept} == {n: before.data[n] for n in kept}


@offered("changes")
def test_the_next_poll_brings_a_change(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    key = existing(world, name, plan)
    _, cursor = every(world, name)
    world.emulator.clock.advance(120)
    assert plan.edit is not None
    number = world.number()
    world.connector.update(Draft(name, plan.edit(world, number), f"op-next-{number}", key=key))
    news, _ = every(world, name, cursor)
    assert key in {r.key for r in news}


def ended(record: SourceRecord | None, operation: str) -> bool:
    """Whether a record shows that it was voided, deleted, deactivated or brought back."""
    if record is None:
        return operation == "delete"
    data = record.data
    states = {str(data.get(n)) for n in ("Status", "ContactStatus", "OrderStatus", "CancelledFlag")}
    return {
        "void": record.deleted
        or bool(states & {"VOIDED", "DELETED", "\\"})
        or str(data.get("PrivateNote", "")).startswith("Voided"),
        "delete": record.deleted or bool(states & {"DELETED", "ARCHIVED", "\\"}),
        "deactivate": not active(record),
        "reactivate": active(record),
    }[operation]


def active(record: SourceRecord) -> bool:
    data = record.data
    return (
        data.get("Active", True) is True
        and data.get("IsSold", True) is True
        and "ARCHIVED" not in {data.get("Status"), data.get("ContactStatus")}
        and "Y" not in {data.get("CustomerOnHold"), data.get("OnHold")}
        and data.get("StockOnHold") != "F"
    )


@offered("void", "delete", "deactivate", "reactivate")
def test_a_record_is_ended_and_brought_back(
    worlds: Worlds, system: str, entity: str, operation: str
) -> None:
    world, name, plan = at(worlds, system, entity)
    key = new(world, name, plan).key
    steps = ["deactivate", "reactivate"] if operation == "reactivate" else [operation]
    for step in steps:
        number = world.number()
        world.connector.act(Draft(name, {}, f"op-end-{number}", key=key), ACTIONS[step])
        assert ended(world.connector.read(name, key), step)


@offered("tombstone")
def test_the_next_poll_tells_that_a_record_is_gone(
    worlds: Worlds, system: str, entity: str
) -> None:
    world, name, plan = at(worlds, system, entity)
    key = new(world, name, plan).key
    _, cursor = every(world, name)
    world.emulator.clock.advance(120)
    said = Draft(name, {}, f"op-gone-{world.number()}", key=key)
    world.connector.act(said, ACTIONS[plan.told])
    news, _ = every(world, name, cursor)
    found = [r for r in news if r.key == key]
    assert len(found) == 1
    assert ended(found[0], plan.told)


@offered("webhook")
def test_the_vendor_tells_of_a_change_at_once(worlds: Worlds, system: str, entity: str) -> None:
    world, name, plan = at(worlds, system, entity)
    with listening(world) as told:
        key = existing(world, name, plan)
        assert plan.edit is not None
        number = world.number()
        world.connector.update(Draft(name, plan.edit(world, number), f"op-told-{number}", key=key))
    notices = [n for n in told() if (n.entity, n.key) == (name, key)]
    assert notices
    assert notices[-1].operation == "update"
    assert notices[-1].occurred_at is not None
    assert notices[-1].occurred_at.tzinfo is not None
