"""Deliveries that change what stands at a target: decided on what was seen, checked before they are sent.

``update`` says the fields that differ, ``deactivate`` and ``reactivate`` close and open a master record, and
an adjustment posts by how much a quantity is wrong.
Each is preceded by reading the record: what already says what is wanted needs no write (an unclear
earlier try arrived); what a person changed since it was seen is decided anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db import transaction

from connectors.http.jsontext import dump, load
from connectors.registry import capabilities
from engine.errors import StaleVersion
from engine.issue import Issue
from engine.mapping import Context
from engine.ports import Action, Connector, Draft, Receipt, SourceRecord
from engine.runtime.idempotency import content_hash, idempotency_key
from engine.runtime.merge import Side, differing
from engine.schema.model import JsonValue, Record
from studio.catalog.models import Connection
from studio.core.dispatch import nudge
from studio.flows.bundle import Bundle, bundle_of, company_facts, context_of, today
from studio.flows.golden import (
    connection_of,
    end_question,
    held,
    link_of,
    overlaid,
    restricted,
    see,
)
from studio.flows.keeping import opposite, owners_in
from studio.flows.models import Delivery, Flow, FlowVersion, Golden, InboxItem
from studio.flows.tracing import traced
from studio.flows.versions import may_have_arrived
from studio.mapping.actions import lookups_for
from studio.triage.actions import close_cases

STATE_STEPS = {"deactivate": "inactive", "reactivate": "live"}
CHANGES = ("update", *STATE_STEPS)
UNDER_WAY = ("ready", "sending", "unknown", "parked")
Handed = Literal["sent", "equal", "busy", "nobody"]


class Unsayable(Exception):
    """The target cannot take a value of a change; ``issues`` say which and why."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__("; ".join(i.sentence for i in issues))
        self.issues = issues


@dataclass(frozen=True, slots=True)
class Wish:
    """What one side should say: path -> value; no values mean that it only has to be read."""

    side: Side
    values: dict[str, JsonValue]


def hand_over(item: InboxItem, golden: Golden, wish: Wish) -> Handed:
    """Write the delivery that changes a side; call inside the transaction that holds ``golden``.

    Raises:
        Unsayable: the target's mapping refuses a value.
    """
    flow = _flow_to(item.flow, connection_of(golden, wish.side))
    version = flow.versions.filter(state="published").first() if flow else None
    if flow is None or version is None:
        return "nobody"
    if not _set_aside(flow, golden, "update"):
        return "busy"
    bundle = bundle_of(version)
    seen: dict[str, JsonValue] = getattr(golden, str(wish.side))
    basis = {"seen": seen, "want": wish.values, "other": getattr(golden, str(wish.side.other))}
    delivery = _made(item, golden, wish.side, bundle, "update", basis)
    if wish.values:
        payload, trace = _said(item, flow, bundle, golden, wish)
        if not payload:
            # The target cannot hold the difference: nothing to say, and that is where both stand.
            return "equal"
        delivery.payload, delivery.trace = dump(payload).decode(), trace
    delivery.save()
    nudge("flows.pump_deliveries", delivery.connection_id)
    return "sent"


def change_state(item: InboxItem, golden: Golden, side: Side, step: str) -> Handed:
    """Write the delivery that closes or opens the record of a side."""
    flow = _flow_to(item.flow, connection_of(golden, side))
    version = flow.versions.filter(state="published").first() if flow else None
    if flow is None or version is None:
        return "nobody"
    for one in CHANGES:
        if not _set_aside(flow, golden, one):
            return "busy"
    delivery = _made(item, golden, side, bundle_of(version), step, {})
    delivery.save()
    nudge("flows.pump_deliveries", delivery.connection_id)
    return "sent"


def our_last_write(golden: Golden, side: Side, step: str, version: str = "") -> Delivery | None:
    """The latest change of ours that a side confirmed, with that version of the record if given."""
    where = connection_of(golden, side)
    done = Delivery.objects.filter(
        connection=where, business_key=golden.left_key, step__in=CHANGES, state="done"
    ).filter(basis__golden=str(golden.uuid))
    last = done.order_by("-done_at").first()
    if last is None or last.step != step:
        return None
    return last if version in ("", last.target_version) else None


def _flow_to(flow: Flow, target: Connection) -> Flow | None:
    """The running flow of a pair that writes to a system."""
    found = flow if flow.target_id == target.pk else opposite(flow)
    return found if found is not None and (found.state == "live" or found.pk == flow.pk) else None


def _set_aside(flow: Flow, golden: Golden, step: str) -> bool:
    """Take back an earlier change that was not sent yet; False if one is on its way."""
    earlier = Delivery.objects.filter(
        flow=flow, business_key=golden.left_key, step=step, state__in=UNDER_WAY
    )
    for one in earlier.filter(basis__golden=str(golden.uuid)):
        if may_have_arrived(one):
            return False
        waiting = Delivery.objects.filter(pk=one.pk, state__in=("ready", "parked"))
        if not waiting.update(state="void", lease_until=None):
            return False
    return True


def _made(
    item: InboxItem, golden: Golden, side: Side, bundle: Bundle, step: str, basis: dict[str, Any]
) -> Delivery:
    flow = bundle.version.flow
    key = golden.left_key if side is Side.LEFT else golden.right_key
    content = content_hash({"basis": basis, "revision": golden.revision})
    entity = next(iter(bundle.outbound))
    return Delivery(
        flow=flow,
        version=bundle.version,
        item=item,
        step=step,
        connection=flow.target,
        entity=entity,
        idempotency_key=idempotency_key(
            connection=str(flow.target.uuid),
            flow=flow.key,
            entity=entity,
            business_key=golden.left_key,
            content=content,
            step=step,
        ),
        business_key=golden.left_key,
        content_hash=content,
        reference=golden.label[:120],
        payload="{}",
        basis={"golden": str(golden.uuid), "side": str(side), **basis},
        target_key=key,
    )


def _said(
    item: InboxItem, flow: Flow, bundle: Bundle, golden: Golden, wish: Wish
) -> tuple[Record, dict[str, Any]]:
    """The target fields that differ, and where each comes from."""
    document = item.canonical
    if item.flow_id != flow.pk:
        # The value comes from the other side: its own latest record is what is mapped.
        own = InboxItem.objects.filter(flow=flow, key__in=(golden.left_key, golden.right_key))
        latest = own.exclude(canonical={}).order_by("-pk").first()
        document = latest.canonical if latest else {}
    seen: dict[str, JsonValue] = getattr(golden, str(wish.side))
    context = context_of(flow).outbound
    outbound = bundle.outbound[next(iter(bundle.outbound))]
    wanted = outbound.apply(overlaid(document, {**seen, **wish.values}), context, trace=True)
    present = outbound.apply(overlaid(document, seen), context)
    payload = differing(wanted.record, present.record)
    changed = tuple(payload)
    faults = [i for i in wanted.issues if i.blocks and _top(i.path) in changed]
    if faults:
        raise Unsayable(faults)
    trace = {target: told for target, told in traced(wanted).items() if _top(target) in changed}
    return payload, trace


def _top(path: str) -> str:
    """The first name of a path."""
    return path.split(".", 1)[0].split("[", 1)[0]


# --- sending ----------------------------------------------------------------------------------------


def send_change(delivery: Delivery, connector: Connector) -> Receipt:
    """Read the record, then change it; see the module's description.

    Raises:
        StaleVersion: somebody changed the record since it was seen; it has to be decided anew.
        RemoteFault: what else the target said.
    """
    golden = Golden.objects.get(uuid=delivery.basis["golden"])
    side = Side(delivery.basis["side"])
    found = _record_at(delivery.connection, connector, delivery.entity, delivery.target_key)
    values, active = _understood(delivery, found)
    if delivery.step in STATE_STEPS:
        wanted = STATE_STEPS[delivery.step]
        if found is None or found.deleted or active is (wanted == "live"):
            return _there_already(delivery, found)
        action = Action.DEACTIVATE if wanted == "inactive" else Action.REACTIVATE
        return connector.act(_draft(delivery, found), action)
    state = (
        "deleted" if found is None or found.deleted else "inactive" if active is False else "live"
    )
    want, seen = delivery.basis["want"], delivery.basis["seen"]
    if found is not None and state == "live":
        if want and all(values.get(p) == v for p, v in want.items()):
            return _there_already(delivery, found)
        if want and values == seen:
            return connector.update(_draft(delivery, found))
    _note_side(golden, side, values, state, found)
    raise StaleVersion(
        system=str(delivery.connection),
        call=f"update {delivery.entity}",
        detail="It is looked at anew." if want else "It was read for the first time.",
    )


def check_basis(delivery: Delivery, connector: Connector) -> None:
    """Let a posting go only while the target still has what it was decided on; calls the target.

    An adjustment says by how much a quantity is wrong. Where the quantity is another one by now, nobody
    knows whether it still is.

    Raises:
        StaleVersion: it is another one, or the record is gone.
    """
    basis = delivery.basis
    if "booked" not in basis:
        return
    found = _record_at(delivery.connection, connector, basis["entity"], basis["key"])
    now = None
    if found is not None and not found.deleted:
        said = _canonical(delivery.version, delivery.connection, found.data).get("on_hand")
        now = Decimal(str(said or 0))
    if now is None or now != Decimal(basis["booked"]):
        raise StaleVersion(
            system=str(delivery.connection),
            call=f"adjust {basis['key']}",
            detail=(
                f"It had {basis['booked']} when it was compared and "
                f"{'is gone' if now is None else f'has {now:f}'} now."
            ),
        )


def _record_at(
    connection: Connection, connector: Connector, entity: str, key: str
) -> SourceRecord | None:
    """The record as it stands now, by its key or by what links call it."""
    field = capabilities(connection.system).refer.get(entity)
    if field is None:
        return connector.read(entity, key)
    found = connector.find(entity, {field: key}, limit=2)
    return next((r for r in found if not r.deleted), None)


def _understood(
    delivery: Delivery, found: SourceRecord | None
) -> tuple[dict[str, JsonValue], bool | None]:
    """The kept fields of a record of the target, and whether it is in use there."""
    if found is None or found.deleted:
        return {}, None
    document = _canonical(delivery.version, delivery.connection, found.data)
    active = document.get("active")
    return restricted(document, owners_in(delivery.version)), active if isinstance(
        active, bool
    ) else None


def _canonical(version: FlowVersion, target: Connection, data: Record) -> Record:
    """A record of a flow's target in canonical form."""
    counter = bundle_of(version).counter
    if counter is None:
        return {}
    context = Context(lookups=lookups_for(target), facts=company_facts(target), today=today())
    return counter.apply(dict(data), context).record


def _draft(delivery: Delivery, found: SourceRecord) -> Draft:
    # The version belongs to what is said: a try that was refused as stale says something else next time.
    key = idempotency_key(
        connection=str(delivery.connection.uuid),
        flow=delivery.flow.key,
        entity=delivery.entity,
        business_key=delivery.business_key,
        content=f"{delivery.content_hash}:{found.version}",
        step=delivery.step,
    )
    return Draft(
        delivery.entity, load(delivery.payload), key, delivery.reference, found.key, found.version
    )


def _there_already(delivery: Delivery, found: SourceRecord | None) -> Receipt:
    if found is None:
        return Receipt(delivery.entity, delivery.target_key, replayed=True)
    return Receipt(
        delivery.entity, found.key, delivery.target_number, found.version, found.data, replayed=True
    )


def _note_side(
    golden: Golden,
    side: Side,
    values: dict[str, JsonValue],
    state: str,
    found: SourceRecord | None,
) -> None:
    """Write down what was read, so that the next decision knows it."""
    with transaction.atomic():
        row = Golden.objects.select_for_update().get(pk=golden.pk)
        if state != "deleted":
            see(row, side, values, found.changed_at if found else None)
        if getattr(row, f"{side}_state") != state:
            setattr(row, f"{side}_state", state)
            row.accepted = ""
        row.save()


# --- afterwards -------------------------------------------------------------------------------------


def after_change(delivery: Delivery, receipt: Receipt) -> None:
    """Both sides agree now on what was written; call inside the transaction of the success."""
    golden = Golden.objects.select_for_update().get(uuid=delivery.basis["golden"])
    side = Side(delivery.basis["side"])
    if delivery.step in STATE_STEPS:
        setattr(golden, f"{side}_state", STATE_STEPS[delivery.step])
        end_question(golden, but=delivery.item, state="new")
    else:
        want: dict[str, JsonValue] = delivery.basis["want"]
        values = restricted(
            _canonical(delivery.version, delivery.connection, receipt.data),
            owners_in(delivery.version),
        )
        base = dict(getattr(golden, f"{side}_base") or {})
        other = dict(getattr(golden, f"{side.other}_base") or {})
        for path in want:
            base[path] = values.get(path)
            other[path] = delivery.basis["other"].get(path)
        setattr(golden, str(side), {**getattr(golden, str(side)), **values})
        setattr(golden, f"{side}_base", base)
        setattr(golden, f"{side.other}_base", other)
    golden.save()
    item = InboxItem.objects.get(pk=delivery.item_id)
    if item.state != "parked":
        close_cases(
            f"inbox:{item.uuid}",
            state="auto_closed",
            reason=f"Changed in {delivery.connection}.",
            by="machine",
        )


def decide_again(delivery: Delivery) -> None:
    """Send the record through again with what is known now."""
    InboxItem.objects.filter(pk=delivery.item_id, state__in=("done", "parked")).update(
        state="new", not_before=None, why=""
    )
    nudge("flows.pump_items", delivery.item.flow_id)


def left_to_the_next(delivery: Delivery) -> None:
    """An adjustment that came too late is not made; the next comparison looks at the item anew."""
    InboxItem.objects.filter(pk=delivery.item_id, state__in=("done", "parked")).update(
        state="unchanged",
        why=f"{delivery.connection} has another quantity since; the next comparison looks at it",
    )
    close_cases(
        f"inbox:{delivery.item.uuid}",
        state="auto_closed",
        reason="The quantity is another one since.",
        by="machine",
    )


def after_create(delivery: Delivery, receipt: Receipt) -> None:
    """A record that was created for its like on the other side: the two agree from the start."""
    kept = delivery.version.content.get("keeps")
    link = kept and link_of(delivery.flow, kept["kind"], Side.LEFT, delivery.business_key)
    if not kept or not link:
        return
    owners = owners_in(delivery.version)
    golden = held(link, owners)
    golden.label = receipt.number or golden.label
    golden.left = restricted(delivery.item.canonical, owners)
    golden.right = restricted(
        _canonical(delivery.version, delivery.connection, receipt.data), owners
    )
    golden.left_base, golden.right_base = dict(golden.left), dict(golden.right)
    golden.save()
