"""Published versions ready to run, and the tables they read."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from engine.mapping import CompiledMapping, LookupRow, LookupTable, compile_mapping, parse
from studio.catalog.models import Connection
from studio.mapping import models
from studio.mapping.catalog import catalog_of
from studio.mapping.schemas import sides, snapshot_of
from studio.mapping.stored import from_store

_KEPT = 128
_compiled: dict[tuple[str, int | None], CompiledMapping] = {}


def load_compiled(version: models.MappingVersion) -> CompiledMapping:
    """The version compiled, kept in the process by content hash.

    Raises:
        MappingRefused: the schema it was published on is gone or no longer fits.
    """
    key = (version.content_hash, version.mapping.snapshot_id)
    found = _compiled.get(key)
    if found is None:
        if len(_compiled) >= _KEPT:
            _compiled.clear()
        found = _compiled[key] = _compile(version)
    return found


def _compile(version: models.MappingVersion) -> CompiledMapping:
    snapshot = snapshot_of(version.mapping)
    if snapshot is None:
        raise LookupError(f"{version.mapping.connection} has no schema snapshot")
    source, target = sides(version.mapping, snapshot)
    return compile_mapping(
        parse(from_store(version.document)), source, target, catalog_of(version.mapping)
    )


def lookups_for(connection: Connection, at: datetime | None = None) -> dict[str, LookupTable]:
    """Every lookup table that yields codes of ``connection``, with its effective dates.

    Args:
        connection: whose codes.
        at: the tables as they were at that moment, from their history; None for now.
    """
    tables = models.LookupTable.objects.filter(connection=connection)
    if at is None:
        now = tables.prefetch_related("rows")
        return {table.name: _engine_table(list(table.rows.all())) for table in now}
    then: dict[int, list[models.LookupRow]] = {table.pk: [] for table in tables}
    for row in models.LookupRow.history.as_of(at).filter(table__in=then):
        then[row.table_id].append(row)
    return {table.name: _engine_table(then[table.pk]) for table in tables}


def _engine_table(rows: list[models.LookupRow]) -> LookupTable:
    rows.sort(key=lambda r: (r.valid_from is not None, r.valid_from or date.min, r.pk))
    return LookupTable(
        [
            LookupRow(
                code=row.source,
                value=row.target,
                since=row.valid_from.isoformat() if row.valid_from else "",
                # A person's "valid to 31 March" includes that day; the engine's end does not.
                until=(row.valid_to + timedelta(days=1)).isoformat() if row.valid_to else "",
                key=str(row.uuid),
            )
            for row in rows
        ]
    )
