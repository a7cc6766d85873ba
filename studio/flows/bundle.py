"""A flow version made runnable: its compiled mappings, its route, and what they may read.

Compiled once per process and kept by content hash; versions never change, so the cache needs no
invalidation. Lookups and links are read per batch, because people edit them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db.models import Max
from django.utils import timezone

from engine.canon.fields import canonical_schema
from engine.errors import Severity
from engine.mapping import Catalog, CompiledMapping, Context, UnitRow, compile_mapping, parse
from engine.mapping.context import Value
from engine.rules import RuleSet
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema
from studio.catalog.models import Connection
from studio.flows.known import Known
from studio.flows.levels import posting_fact
from studio.flows.models import Flow, FlowVersion
from studio.flows.open_items import OpenItems
from studio.flows.steps import catalog_for, is_open, steps_of
from studio.linking.actions import links_for
from studio.linking.models import Judgement, Link, Party
from studio.linking.references import MASTERS
from studio.mapping.actions import load_compiled, lookups_for
from studio.mapping.models import LookupRow, MappingVersion

ROUTE = SystemSchema(
    system="studio",
    entities=(
        EntitySchema(
            name="route",
            fields=(
                FieldSchema(path="entity", type=FieldType.STRING, length=60),
                FieldSchema(path="business_key", type=FieldType.STRING, length=120),
            ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a worker needs to turn one source record into target payloads.

    ``counter`` understands the target's own records, where a flow keeps both sides equal.
    """

    version: FlowVersion
    design: dict[str, Any]
    document: str
    inbound: CompiledMapping
    outbound: dict[str, CompiledMapping]
    route: CompiledMapping
    steps: list[dict[str, Any]]
    rules: RuleSet
    counter: CompiledMapping | None = None


def route_mapping(design: dict[str, Any]) -> dict[str, Any]:
    """The flow's branches as a mapping from the canonical document to a route.

    A record takes the first branch whose condition holds; where even the last one has a condition,
    a record may meet none of them, and its entity is empty.
    """
    branches: list[dict[str, str]] = design["branches"]
    last = branches[-1]
    entity = (
        f'"{last["entity"]}"'
        if is_open(last.get("when"))
        else f'IF({last["when"]}, "{last["entity"]}", "")'
    )
    for branch in reversed(branches[:-1]):
        entity = f'IF({branch["when"]}, "{branch["entity"]}", {entity})'
    return {
        "mapping": "route",
        "source": {"system": "canonical", "entity": design["document"]},
        "target": {"system": "studio", "entity": "route"},
        "rows": [
            {"to": "entity", "from": entity},
            {"to": "business_key", "from": design["business_key"]},
        ],
    }


@lru_cache(maxsize=64)
def compile_route(text: str) -> CompiledMapping:
    """Compile the route given as JSON text."""
    conditions = [str(row["from"]) for row in json.loads(text)["rows"]]
    return compile_mapping(parse(text), canonical_schema(), ROUTE, catalog_for(*conditions))


def rules_of(design: dict[str, Any]) -> RuleSet:
    """Which of the built-in rules a flow leaves out, and how hard it takes the others."""
    chosen: dict[str, str] = design.get("builtin", {})
    return RuleSet(
        without=frozenset(code for code, how in chosen.items() if how == "off"),
        severities=tuple((code, Severity(how)) for code, how in chosen.items() if how != "off"),
    )


def bundle_of(version: FlowVersion) -> Bundle:
    """The runnable form of a published (or rehearsed) flow version."""
    content = version.content
    design: dict[str, Any] = content["design"]
    if version.flow.own:
        return _own_bundle(version)
    counter = content.get("counter")
    pinned = [content["inbound"], *content["outbound"].values(), *([counter] if counter else [])]
    mappings = MappingVersion.objects.select_related("mapping__connection").in_bulk(
        [m["version"] for m in pinned]
    )
    return Bundle(
        version=version,
        design=design,
        document=design["document"],
        inbound=load_compiled(mappings[content["inbound"]["version"]]),
        outbound={
            entity: load_compiled(mappings[m["version"]])
            for entity, m in content["outbound"].items()
        },
        route=compile_route(json.dumps(route_mapping(design), sort_keys=True)),
        steps=steps_of(design),
        rules=rules_of(design),
        counter=load_compiled(mappings[counter["version"]]) if counter else None,
    )


def _own_bundle(version: FlowVersion) -> Bundle:
    """A flow of our own: its records speak our words already, its way out stands in the version itself."""
    content, design = version.content, version.content["design"]
    return Bundle(
        version=version,
        design=design,
        document=design["document"],
        inbound=compile_own(json.dumps(content["inbound"], sort_keys=True)),
        outbound={
            entity: compile_own(json.dumps(own, sort_keys=True))
            for entity, own in content["outbound"].items()
        },
        route=compile_route(json.dumps(route_mapping(design), sort_keys=True)),
        steps=steps_of(design),
        rules=rules_of(design),
    )


@lru_cache(maxsize=16)
def compile_own(text: str) -> CompiledMapping:
    """A mapping of our own, given as JSON text: what people review elsewhere is shipped and tested here.

    ``fields`` are those of the target that it may fill; without them it fills a canonical document.

    Raises:
        MappingRefused: it does not fit.
    """
    own = json.loads(text)
    mapping, fields = own["mapping"], own.get("fields", ())
    side = mapping["target"]
    entity = EntitySchema(
        name=side["entity"],
        fields=tuple(
            FieldSchema(path=f["path"], type=FieldType(f["type"]), length=f.get("length"))
            for f in fields
        ),
    )
    target = (
        SystemSchema(system=side["system"], entities=(entity,)) if fields else canonical_schema()
    )
    return compile_mapping(parse(json.dumps(mapping)), canonical_schema(), target, Catalog())


def today(at: datetime | None = None) -> str:
    """The date of the run in UTC, ISO."""
    return (at or timezone.now()).date().isoformat()


def context_stamp(flow: Flow) -> tuple[int, int, int]:
    """Changes whenever a link of a master record or a lookup row was added or changed.

    Links of documents are not kept in a context, so that a posting does not make it stale.
    """
    links = Link.objects.filter(workspace=flow.workspace, kind__in=MASTERS)
    newest = links.aggregate(n=Max("id"))["n"] or 0
    rows = LookupRow.history.aggregate(n=Max("history_id"))["n"] or 0
    judged = Judgement.objects.aggregate(n=Max("id"))["n"] or 0
    return newest, rows, judged


@dataclass(frozen=True, slots=True)
class Sides:
    """What the two hops may read.

    Attributes:
        inbound: tables and facts of the source.
        outbound: tables, facts and links of the target.
        creations: (kind, code) of records a person said are to be created at the target.
        open_items: what is still open at the target, for a flow that settles documents there.
        read_at: the moment as of which all this holds.
        known: parties and items that the documents name.
    """

    inbound: Context
    outbound: Context
    known: Known
    creations: frozenset[tuple[str, str]] = frozenset()
    open_items: OpenItems | None = None
    read_at: datetime = field(default_factory=timezone.now)


def company_facts(connection: Connection, at: datetime | None = None) -> dict[str, Value]:
    """What FACT may ask about a company: the snapshot's facts over what the row says."""
    looks = connection.snapshots.all()
    # Not the whole picture of the system: that is megabytes.
    facts = (looks.filter(created_at__lte=at) if at else looks).values_list("content__facts")
    said: dict[str, Value] = dict((facts.first() or [None])[0] or {})
    return {
        "company": connection.company,
        "company_name": connection.name,
        "country": "",
        **said,
        "base_currency": connection.currency,
    }


def context_of(flow: Flow, at: datetime | None = None) -> Sides:
    """Lookups, links, units of the source's items and facts of both companies.

    Args:
        flow: between which systems.
        at: everything as it was at that moment, for explaining and replaying; None for now. Only the
            units of items keep no history: they are today's.
    """
    moment = at or timezone.now()
    units = _units(flow)
    links = links_for(flow.source, flow.target, at)
    return Sides(
        inbound=Context(
            lookups=lookups_for(flow.source, at),
            links=links,
            units=units,
            facts=company_facts(flow.source, at),
            today=today(moment),
        ),
        outbound=Context(
            lookups=lookups_for(flow.target, at),
            links=links,
            units=units,
            facts={**company_facts(flow.target, at), "posting": posting_fact(flow)},
            today=today(moment),
        ),
        known=Known(flow.source),
        creations=_creations(flow),
        open_items=OpenItems.of(flow),
        read_at=moment,
    )


def _creations(flow: Flow) -> frozenset[tuple[str, str]]:
    """Records judged “create new” and not undone since."""
    rows = Judgement.objects.filter(
        left__connection=flow.source,
        target=flow.target,
        verdict="create_new",
        undone_by__isnull=True,
        undo_of__isnull=True,
    )
    return frozenset(rows.values_list("kind", "left__code"))


class Contexts:
    """The context of a flow, read again only when somebody changed what it is made of."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._stamp: tuple[int, int, int] | None = None
        self._sides: Sides | None = None

    def now(self) -> Sides:
        """The context as of this moment."""
        moment = timezone.now()
        stamp = context_stamp(self._flow)
        fresh = self._sides is not None and self._sides.read_at.date() == moment.date()
        if self._sides is None or not fresh or stamp != self._stamp:
            self._sides, self._stamp = context_of(self._flow), stamp
        # Parties are read anew: none of them leaves a stamp.
        return replace(self._sides, known=Known(self._flow.source), read_at=moment)


def _units(flow: Flow) -> dict[str, dict[str, UnitRow]]:
    """Stock units per alternate unit, from the source's items."""
    units: dict[str, dict[str, UnitRow]] = {}
    rows = Party.objects.filter(connection=flow.source, kind="item").values_list("code", "data")
    for code, data in rows:
        known = {str(data.get("unit") or ""): UnitRow(Decimal(1))}
        if data.get("alternate_unit") and data.get("units_per_alternate"):
            known[str(data["alternate_unit"])] = UnitRow(Decimal(str(data["units_per_alternate"])))
        units[code] = known
    return units
