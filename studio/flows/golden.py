"""The golden record: found by its link, held for one worker, taught what a side says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import F

from connectors.registry import capabilities
from engine.canon.fields import canonical_schema
from engine.runtime.merge import Merged, Owner, Side, Version
from engine.schema.model import FieldType, JsonValue, Record
from engine.schema.paths import get, put
from studio.catalog.models import Connection
from studio.flows.models import Flow, Golden, InboxItem
from studio.flows.posting import load_plain
from studio.linking.models import Link, Party
from studio.triage.actions import close_cases

# A customer and a supplier may be one contact at the target; then the same record has two masters.
ALIKE = {"customer": ("customer", "supplier"), "supplier": ("customer", "supplier")}


def reference_of(connection: Connection, entity: str, key: str, data: Record) -> str:
    """How links name a record of a system: its key, or the field documents refer to it by."""
    field = capabilities(connection.system).refer.get(entity)
    return str(data.get(field) or key) if field else key


def link_of(flow: Flow, kind: str, side: Side, code: str) -> Link | None:
    """The link of a record of the flow's source, by its code (left) or reference (right)."""
    links = Link.objects.filter(kind=kind, active=True)
    if side is Side.LEFT:
        found = links.filter(
            left_connection=flow.source, left_code=code, right_connection=flow.target
        )
    else:
        found = links.filter(
            right_connection=flow.source, right_key=code, left_connection=flow.target
        )
    return found.first()


def sharers(link: Link) -> list[Link]:
    """Other records that are linked to the same record of the right side."""
    return list(
        Link.objects.filter(
            kind__in=ALIKE.get(link.kind, (link.kind,)),
            left_connection=link.left_connection,
            right_connection=link.right_connection,
            right_key=link.right_key,
            active=True,
        ).exclude(pk=link.pk)
    )


def held(link: Link, owners: Iterable[str]) -> Golden:
    """The golden record of a link, held for this worker until the commit; call inside a transaction."""
    golden, fresh = Golden.objects.get_or_create(
        kind=link.kind,
        left_connection=link.left_connection,
        left_key=link.left_code,
        right_connection=link.right_connection,
        right_key=link.right_key,
        defaults={"workspace": link.workspace, "label": link.right_label},
    )
    # An update, not a look: the row is this worker's until the commit.
    Golden.objects.filter(pk=golden.pk).update(revision=F("revision") + 1)
    golden.refresh_from_db()
    if fresh:
        for side in Side:
            _from_party(golden, side, owners)
    return golden


def _from_party(golden: Golden, side: Side, owners: Iterable[str]) -> None:
    """What was read for matching is the first that is known of a side."""
    key = golden.left_key if side is Side.LEFT else golden.right_key
    where = {"code": key} if side is Side.LEFT else {"key": key}
    party = Party.objects.filter(connection=connection_of(golden, side), kind=golden.kind, **where)
    known = party.first()
    if known is not None:
        setattr(golden, str(side), restricted(known.data, owners))


def connection_of(golden: Golden, side: Side) -> Connection:
    """The system of a side."""
    return golden.left_connection if side is Side.LEFT else golden.right_connection


def restricted(document: Record, owners: Iterable[str]) -> dict[str, JsonValue]:
    """The kept fields of a canonical document as text; numbers by value, empty ones None."""
    return {path: _said(path, next(iter(get(document, path)), None)) for path in owners}


@cache
def _numbers() -> frozenset[str]:
    """Paths of master records that hold numbers."""
    schema = canonical_schema()
    entities = [e for e in schema.entities if e.name in ("party", "item")]
    return frozenset(f.path for e in entities for f in e.fields if f.type is FieldType.DECIMAL)


def _said(path: str, value: JsonValue) -> JsonValue:
    if value in (None, ""):
        return None
    if path in _numbers():
        # 24.50 and 24.5 say the same.
        return format(Decimal(str(value)).normalize(), "f")
    return value if isinstance(value, bool) else str(value)


def overlaid(document: Record, values: dict[str, JsonValue]) -> Record:
    """The document with other values in some of its fields."""
    made: dict[str, Any] = load_plain(document)
    for path, value in values.items():
        put(made, path, value)
    return made


def see(golden: Golden, side: Side, values: dict[str, JsonValue], at: datetime | None) -> None:
    """Note what a side says now and since when."""
    before: dict[str, JsonValue] = getattr(golden, str(side))
    times: dict[str, str] = getattr(golden, f"{side}_at")
    if at is not None:
        moment = at.astimezone(UTC).isoformat()
        times.update({p: moment for p, v in values.items() if before and before.get(p) != v})
    setattr(golden, str(side), values)


def version_of(golden: Golden, side: Side) -> Version:
    """What a side says, as the merge takes it."""
    return Version(
        getattr(golden, str(side)),
        getattr(golden, f"{side}_base"),
        getattr(golden, f"{side}_at"),
    )


def settle(golden: Golden, said: Iterable[Merged], owners: dict[str, Owner]) -> None:
    """Fields that need no write and no answer are what both sides start from next time."""
    for side in Side:
        now: dict[str, JsonValue] = getattr(golden, str(side))
        base: dict[str, JsonValue] = dict(getattr(golden, f"{side}_base") or {})
        for one in said:
            if one.write is None and one.why != "conflict":
                base[one.path] = now.get(one.path)
            else:
                base.setdefault(one.path, now.get(one.path))
        setattr(golden, f"{side}_base", {p: v for p, v in base.items() if p in owners})
    golden.merged = {
        m.path: {"value": m.value, "side": str(m.side or ""), "why": str(m.why)} for m in said
    }


def end_question(golden: Golden, *, but: InboxItem | None = None, state: str = "unchanged") -> None:
    """End the open question about a record: the newest look at it asks, or it was answered elsewhere.

    Args:
        golden: held by the caller, who saves it.
        but: the item at hand, whose own cases it settles itself.
        state: what becomes of the item that asked; ``new`` sends it through again.
    """
    asked, golden.asked = golden.asked, None
    if asked is None or (but is not None and asked == but.uuid):
        return
    waiting = InboxItem.objects.filter(uuid=asked, state="parked")
    if waiting.update(
        state=state, why="a newer look at this record took its place", not_before=None
    ):
        close_cases(
            f"inbox:{asked}",
            state="auto_closed",
            reason="The record is looked at anew.",
            by="machine",
        )
