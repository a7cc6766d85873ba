"""Reads about flows: what runs, what moved, the journey of one record, the ancestry of one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import unquote

from django.db.models import Count, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from connectors.http.jsontext import load
from engine.canon.money import spoken
from studio.accounts.models import Workspace
from studio.catalog.models import Exchange
from studio.core.models import AuditEvent
from studio.flows.corrections import corrections_of
from studio.flows.deciders import Deciders
from studio.flows.evidence import flat, tried_words
from studio.flows.files import STEP as ATTACH
from studio.flows.files import attached_words
from studio.flows.lineage import looked_up_then
from studio.flows.models import Delivery, Flow, FlowVersion, InboxItem
from studio.flows.taken import taken_from_items
from studio.mapping.models import MappingVersion
from studio.triage.models import CaseNote


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One flow in the list, with its figures."""

    flow: Flow
    version: FlowVersion | None
    posted: int
    parked: int
    under_way: int


def flow_rows(workspace: Workspace) -> list[FlowRow]:
    """All flows with their figures; a constant number of queries."""
    flows = Flow.between.filter(workspace=workspace).select_related("source", "target")
    ids = [f.pk for f in flows]
    versions = {v.flow_id: v for v in FlowVersion.objects.filter(flow__in=ids, state="published")}
    items = {
        (f, s): n
        for f, s, n in InboxItem.objects.filter(flow__in=ids)
        .values_list("flow_id", "state")
        .annotate(n=Count("id"))
    }
    posts = dict(
        Delivery.objects.filter(flow__in=ids, step="post", state="done")
        .values_list("flow_id")
        .annotate(n=Count("id"))
    )
    return [
        FlowRow(
            flow,
            versions.get(flow.pk),
            posts.get(flow.pk, 0),
            items.get((flow.pk, "parked"), 0),
            sum(items.get((flow.pk, s), 0) for s in ("new", "working", "waiting")),
        )
        for flow in flows
    ]


def deliveries(
    workspace: Workspace, state: str = "", text: str = "", flow: str = ""
) -> QuerySet[Delivery]:
    """Deliveries of all flows or of one, newest first."""
    rows = Delivery.objects.filter(flow__workspace=workspace).select_related(
        "flow", "connection", "item"
    )
    if flow:
        rows = rows.filter(flow__key=flow)
    if state:
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(
            Q(business_key__icontains=text)
            | Q(target_number__icontains=text)
            | Q(item__party__icontains=text)
        )
    return rows


@dataclass(frozen=True, slots=True)
class Event:
    """One moment in the life of a record."""

    at: datetime
    words: str
    tone: str = ""
    detail: str = ""
    body: str = ""


def journey(item: InboxItem) -> list[Event]:
    """Everything that happened to a record, in order, with each exchange (redacted)."""
    events = [Event(item.created_at, f"Read from {item.flow.source}", "good", item.label)]
    subjects = [f"inbox:{item.uuid}"]
    for delivery in item.deliveries.select_related("connection").prefetch_related("tries"):
        subjects.append(f"delivery:{delivery.uuid}")
        for attempt in delivery.tries.all():
            if attempt.batch:
                subjects.append(f"batch:{attempt.batch}")
            good = attempt.outcome in ("done", "replayed")
            said = tried_words(delivery.step, delivery.connection, attempt.outcome)
            events.append(
                Event(attempt.started_at, said, "good" if good else "bad", attempt.detail)
            )
        if delivery.done_at:
            number = delivery.target_number or delivery.target_key
            words = f"{delivery.connection} {attached_words(delivery) or f'answered: {number}'}"
            other = other_total(delivery, item)
            events.append(Event(delivery.done_at, words, "bad" if other else "good", other))
        if delivery.confirmed_at:
            other = other_total(delivery, item)
            words = f"Read back: {other}" if other else "Read back and equal"
            events.append(Event(delivery.confirmed_at, words, "bad" if other else "good"))
    for seen in Exchange.objects.filter(subject__in=subjects):
        call, _, url = seen.url.partition(" · ")
        said = f"{call}: {seen.status or 'no answer'} in {seen.milliseconds} ms"
        body = f"{seen.method} {unquote(url)}\n\n{seen.request}\n\n{seen.response}".strip()
        events.append(Event(seen.at, said, "", seen.trace, body))
    events += [
        Event(note.created_at, f"{note.author}: {note.text}")
        for note in CaseNote.objects.filter(case__subject__in=subjects)
    ]
    return sorted(events, key=lambda e: e.at)


def other_total(delivery: Delivery, item: InboxItem) -> str:
    """Both totals, where a posting came out with another one than its record has; else empty."""
    if delivery.step != "post" or delivery.done_at is None or delivery.gross == item.amount:
        return ""
    there = spoken(delivery.gross, delivery.currency)
    here = spoken(item.amount, item.currency)
    return f"{there} in {delivery.connection}, {here} in {item.flow.source}"


def files_of(delivery: Delivery) -> QuerySet[Delivery]:
    """What is to be, or was, attached to a posting, in the order it was asked for."""
    return delivery.followers.filter(step=ATTACH).order_by("pk")


@dataclass(frozen=True, slots=True)
class Ancestor:
    """Where one value came from, and who approved it.

    ``of_item``: it was not sent; the target took it from the item that ``used`` links to, called so there.
    """

    target: str
    value: Any
    expression: str
    steps: list[str]
    used: list[dict[str, Any]]
    approved_by: str
    approved_at: datetime | None
    seconded_by: str = ""
    seconded_at: datetime | None = None
    of_item: str = ""
    label: str = ""
    inbound: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What people call the record or code that the value is the key of."""
        value = str(self.value)
        return self.label or next(
            (u["value_name"] for u in self.used if str(u["value"]) == value), ""
        )

    def speaks_of(self, text: str) -> bool:
        """Whether a search means it: its field, value, the expressions, tables and fields behind it."""
        said = [self.target, self.value, self.name, self.expression, self.of_item]
        said += [u[key] for u in self.used for key in ("table", "code", "code_name")]
        said += [one[key] for one in self.inbound for key in ("path", "expression", "value")]
        used = [u for one in self.inbound for u in one["used"]]
        said += [u[key] for u in used for key in ("table", "code", "code_name")]
        words = " ".join(map(str, said)).replace("_", " ").lower()
        return all(word in words for word in text.lower().replace("_", " ").split())


def ancestry(delivery: Delivery) -> list[Ancestor]:
    """The ancestry of every delivered field: outbound step, canonical value, inbound step, source."""
    content = {} if delivery.flow.own else delivery.version.content
    outbound = content.get("outbound", {}).get(delivery.entity) or next(
        (c for c in content.get("creates", {}).values() if c["entity"] == delivery.entity), None
    )
    versions = MappingVersion.objects.in_bulk(
        [v["version"] for v in (outbound, content.get("inbound")) if v]
    )
    out = versions.get(outbound["version"]) if outbound else None
    inward = versions.get(content["inbound"]["version"]) if content else None
    sources = dict(flat(load(delivery.item.payload)["data"]))
    looked_up = looked_up_then(delivery)
    deciders = Deciders(delivery, chain.from_iterable(looked_up.values()))
    by_hand = {one.path: one for one in corrections_of(delivery.item)}
    found = []
    for target, seen in delivery.trace.items():
        said = _approval(out, target)
        found.append(
            Ancestor(
                target=target,
                value=seen["value"],
                expression=seen["expression"],
                steps=seen["steps"],
                used=deciders.of(seen["used"]),
                approved_by=said.get("by", ""),
                approved_at=parse_datetime(said.get("at", "")),
                seconded_by=said.get("second", ""),
                seconded_at=parse_datetime(said.get("second_at", "")),
                inbound=[
                    {
                        **_inbound(inward, path, sources),
                        "value": value,
                        "by_hand": by_hand.get(path),
                        "used": [] if path in by_hand else deciders.of(looked_up.get(path, [])),
                    }
                    for path, value in dict(map(tuple, seen["reads"])).items()
                ],
            )
        )
    return _with_taken(delivery, found)


def _with_taken(delivery: Delivery, rows: list[Ancestor]) -> list[Ancestor]:
    """With what the target took from an item, below the item."""
    taken = taken_from_items(delivery)
    found: list[Ancestor] = []
    for row in rows:
        found.append(row)
        found += [
            Ancestor(
                target=one.field,
                value=one.value,
                expression="",
                steps=[],
                used=row.used,
                approved_by="",
                approved_at=None,
                of_item=row.name or str(row.value),
                label=one.label,
            )
            for one in taken
            if one.item == row.target
        ]
    return found


def _approval(version: MappingVersion | None, path: str) -> dict[str, str]:
    """Who approved the row that fills a concrete path."""
    if version is None:
        return {}
    import re

    plain = re.sub(r"\[\d+\]", "[]", path)
    said = version.approvals.get(plain) or {}
    return (
        {name: str(said.get(name, "")) for name in ("by", "at", "second", "second_at")}
        if isinstance(said, dict)
        else {}
    )


def _inbound(version: MappingVersion | None, path: str, sources: dict[str, Any]) -> dict[str, Any]:
    """The inbound row that made a canonical value, with its approver."""
    import re

    plain = re.sub(r"\[\d+\]", "[]", path)
    said = _approval(version, path)
    rows = version.document.get("rows", []) if version else []
    row = next((r for r in rows if r.get("to") == plain), None)
    for block in version.document.get("blocks", []) if version else []:
        prefix = f"{block['to'].removesuffix('[]')}[]."
        row = row or next((r for r in block.get("rows", []) if prefix + r["to"] == plain), None)
    expression = str(row["from"]) if row else ""
    return {"path": path, "expression": expression, **said, "source": sources.get(expression, "")}


def decisions_about(flow: Flow) -> QuerySet[AuditEvent]:
    """Audit lines about a flow, newest first."""
    return AuditEvent.objects.filter(subject=f"flow:{flow.uuid}")


def totals_today(workspace: Workspace, since: datetime) -> list[dict[str, Any]]:
    """Posted since a moment, by currency."""
    rows = (
        Delivery.objects.filter(
            flow__workspace=workspace, step="post", state="done", done_at__gte=since
        )
        .values("currency")
        .annotate(n=Count("id"), gross=Sum("gross"))
    )
    return [dict(r) for r in rows]


def item_url(item: InboxItem) -> str:
    """Address of a record's journey."""
    return reverse("flows:item", args=[item.uuid])
