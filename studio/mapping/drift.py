"""What a change of a schema does to mappings: the rows that use the field, and what to read instead."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from connectors.ai.hash_embedder import HashEmbedder
from engine.mapping import parse_expression, write_expression
from engine.mapping.nodes import Path, walk
from engine.mapping.refusals import Unreadable
from engine.schema.drift import Change, ChangeKind, Remap, remap
from engine.schema.model import SystemSchema
from studio.catalog.models import Connection
from studio.catalog.uses import Hit
from studio.mapping.assemble import RowLike, take_apart
from studio.mapping.models import Mapping, MappingRow, MappingVersion
from studio.mapping.paths import as_expression, full_path
from studio.mapping.stored import from_store

GONE = (ChangeKind.FIELD_REMOVED, ChangeKind.FIELD_HIDDEN)
MOST = 5


def mappings_hit(connection: Connection, change: Change, before: SystemSchema) -> list[Hit]:
    """Mapping rows in force that read or write the field; whole mappings for an entity."""
    found: list[Hit] = []
    for mapping in Mapping.objects.filter(connection=connection).select_related("connection"):
        place = full_path(before, mapping.entity, change.entity, change.path)
        if place is None:
            continue
        url = reverse("mapping:review", args=[mapping.uuid])
        if not change.path:
            found.append(Hit("mapping", f"{mapping}: the whole mapping", url))
            continue
        rows = [r for r in mapping.rows.filter(state="approved") if uses(mapping, r, place)]
        found += [
            Hit(
                "mapping",
                f"{mapping}: {row.target_path} = {row.expression}",
                f"{url}?q={row.target_path}",
            )
            for row in rows
        ]
    return found


def uses(mapping: Mapping, row: MappingRow, place: str) -> bool:
    """Whether a row reads (inbound) or writes (outbound) the field at ``place``."""
    return _names(mapping.direction, from_store(mapping.blocks), row, place)


def _names(direction: str, blocks: list[dict[str, Any]], row: RowLike, place: str) -> bool:
    if direction == "outbound":
        return row.target_path == place
    said = as_expression(place, row.block, blocks)
    return said is not None and any(
        said in names_in(text) for text in (row.expression, row.condition)
    )


def version_hit(version: MappingVersion, change: Change, before: SystemSchema) -> list[Hit]:
    """What of a published version uses what changed, whatever was decided since."""
    mapping = version.mapping
    place = full_path(before, mapping.entity, change.entity, change.path)
    if place is None:
        return []
    url = reverse("mapping:review", args=[mapping.uuid])
    if not change.path:
        return [Hit("mapping", f"{mapping}: the whole mapping", url)]
    parts = take_apart(from_store(version.document))
    rows = [r for r in parts.rows if _names(mapping.direction, parts.blocks, r, place)]
    if change.kind is ChangeKind.NOW_REQUIRED:
        # It hits the mapping that leaves it empty, not the one that fills it already.
        if rows or mapping.direction == "inbound":
            return []
        return [Hit("mapping", f"{mapping}: nothing fills {place}", f"{url}?state=all&q={place}")]
    return [
        Hit(
            "mapping",
            f"{mapping}: {row.target_path} = {row.expression}",
            f"{url}?state=all&q={row.target_path}",
        )
        for row in rows
    ]


def names_in(text: str) -> set[str]:
    """The fields an expression names, as it writes them."""
    try:
        tree = parse_expression(text) if text else None
    except Unreadable:
        return set()
    return {write_expression(one) for one in walk(tree) if isinstance(one, Path)} if tree else set()


def replacements(change: Change, before: SystemSchema, after: SystemSchema) -> list[Remap]:
    """Fields of the new picture that can take the place of one that went away.

    The page compares names and values; the model that reads meanings stays in its worker.
    """
    if change.kind not in GONE:
        return []
    home = before.entity(change.entity)
    gone = next((f for f in home.fields if f.path == change.path), None) if home else None
    if home is None or gone is None:
        return []
    known = [f.path for f in home.fields]
    return remap(gone, change.entity, after, embedder=HashEmbedder(), taken=known, count=MOST)
