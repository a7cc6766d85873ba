"""What exists outside a mapping: lookup tables and facts, for the compiler's checks."""

from __future__ import annotations

from collections.abc import Iterator

from engine.mapping import Catalog, Kind, TableInfo, parse_expression
from engine.mapping.nodes import Call, Expr, Literal, walk
from engine.mapping.refusals import Unreadable
from studio.catalog.models import Connection
from studio.catalog.schemas import schema_of
from studio.mapping.models import LookupTable, Mapping
from studio.mapping.schemas import latest_snapshot

# Facts every company has, whatever its snapshot says.
COMPANY_FACTS = ("base_currency", "company", "company_name", "country")
# What a flow tells the mapping of its target: ``draft`` or ``post`` (studio/flows/levels.py).
FLOW_FACTS = ("posting",)


def catalog_of(mapping: Mapping) -> Catalog:
    """The catalogue a mapping is checked against: the tables of its connection, its facts."""
    tables = LookupTable.objects.filter(connection=mapping.connection).prefetch_related("rows")
    lookups = {}
    for table in tables:
        values = frozenset(row.target for row in table.rows.all())
        lookups[table.name] = TableInfo(
            gives=Kind.TEXT,
            longest=max((len(v) for v in values), default=None),
        )
    return Catalog(lookups=lookups, facts=facts_known(mapping.connection))


def facts_known(connection: Connection) -> dict[str, Kind]:
    """Names for ``FACT`` with their kinds."""
    snapshot = latest_snapshot(connection)
    known = dict.fromkeys((*COMPANY_FACTS, *FLOW_FACTS), Kind.TEXT)
    if snapshot is not None:
        known |= dict.fromkeys(schema_of(snapshot).facts, Kind.TEXT)
    return known


def calls(text: str) -> Iterator[Call]:
    """Every function call in an expression; none where it cannot be read."""
    try:
        tree = parse_expression(text)
    except Unreadable:
        return
    yield from (one for one in walk(tree) if isinstance(one, Call))


def first_text(call: Call) -> str:
    """The first argument where it is a text: the table of a LOOKUP, the kind of a LINK."""
    argument: Expr | None = call.args[0] if call.args else None
    return str(argument.value) if isinstance(argument, Literal) else ""
