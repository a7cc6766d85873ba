"""From approved rows to an immutable version, or to the reasons why not."""

from __future__ import annotations

from django.db.models import F, Max
from django.utils.translation import gettext as _

from engine.canon.needed import missing_amounts, open_taxes
from engine.errors import MappingRefused
from engine.mapping import Refusal, check, compile_mapping, content_hash, dump, read
from studio.accounts.roles import PUBLISH
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.mapping.assemble import put_together
from studio.mapping.catalog import catalog_of
from studio.mapping.models import Mapping, MappingRow, MappingVersion
from studio.mapping.risk import UNCONFIRMED, who_must_look
from studio.mapping.schemas import latest_snapshot, sides
from studio.mapping.stored import from_store, to_store
from studio.mapping.telling import tell_mapping

AMOUNT_FIXES = {
    "lines[].net_amount": "the amount of the line before tax, or quantity times unit price less discount.",
}


def approved_document(mapping: Mapping) -> dict[str, object]:
    """What the approved rows say together, as a mapping document."""
    rows = list(mapping.rows.filter(state="approved").order_by("position", "alternative", "id"))
    return put_together(from_store(mapping.frame), from_store(mapping.blocks), rows)


def refusals(mapping: Mapping) -> list[Refusal]:
    """Why the mapping cannot be published now; empty when it can."""
    snapshot = latest_snapshot(mapping.connection)
    if snapshot is None:
        return [
            Refusal(
                "connection",
                f"{mapping.connection} was never looked at.",
                "Take a schema snapshot first.",
            )
        ]
    tree, unread = read(approved_document(mapping))
    if unread:
        return unread
    if not tree.rows and not tree.blocks:
        return [
            Refusal("mapping", "No row is approved yet.", "Approve at least the required rows.")
        ]
    source, target = sides(mapping, snapshot)
    problems = check(tree, source, target, catalog_of(mapping))
    return problems + _without_amounts(mapping) + unconfirmed(mapping)


def unconfirmed(mapping: Mapping) -> list[Refusal]:
    """Rows that decide money and that only one person has looked at."""
    rows = mapping.rows.filter(UNCONFIRMED).select_related("mapping")
    return [
        Refusal(
            row.target_path.replace("[].", " › "),
            _("Only %(who)s has looked at it. %(what)s")
            % {"who": row.decided_by, "what": who_must_look(row)},
            _("Let them confirm it on the review page."),
            row.target_path,
        )
        for row in rows
    ]


def _without_amounts(mapping: Mapping) -> list[Refusal]:
    """Amounts that decide what is posted and that no approved row fills."""
    if mapping.direction != "inbound":
        return []
    kind = mapping.document.replace("_", " ")
    return [
        Refusal(
            path.replace("[].", " › "),
            f"No approved row fills it, so every {kind} would be posted with an amount of zero.",
            f"Approve a row for it: {AMOUNT_FIXES.get(path, 'the field of the source that says it.')}",
            path,
        )
        for path in missing_amounts(mapping.document, _filled(mapping))
    ]


def open_taxes_of(mapping: Mapping) -> list[str]:
    """Tax fields that nothing fills: it can be published, but somebody should have meant it."""
    return open_taxes(mapping.document, _filled(mapping)) if mapping.direction == "inbound" else []


def _filled(mapping: Mapping) -> dict[str, set[str]]:
    """Loop -> full paths that its approved rows fill."""
    found: dict[str, set[str]] = {}
    rows = mapping.rows.filter(state="approved")
    for block, path in rows.values_list("block", "target_path"):
        found.setdefault(block, set()).add(path)
    return found


def publish(actor: Actor, mapping: Mapping, *, note: str = "") -> MappingVersion:
    """Publish what is approved. The same content gives the version that exists already.

    Raises:
        MappingRefused: each problem names the field and the fix.
    """
    with acting(actor, PUBLISH, "mapping.published", f"mapping:{mapping.uuid}") as line:
        # The row lock of this update keeps two publishers from taking the same number.
        Mapping.objects.filter(pk=mapping.pk).update(updated_at=F("updated_at"))
        problems = refusals(mapping)
        if problems:
            raise MappingRefused(problems=tuple(str(p) for p in problems))
        version = _version(actor, mapping, note)
        line.data = {"number": version.number, "hash": version.content_hash, "note": note}
        said = {"number": version.number, "hash": version.content_hash}
        tell_mapping("mapping.published", mapping, **said)
        # The review is finished: what was decided in it may teach.
        nudge("learning.refit", mapping.workspace_id)
        if mapping.direction == "inbound" and mapping.document in ("party", "item"):
            # How customers and items are read is known now, so they can be compared.
            nudge("flows.match_masters", mapping.connection.workspace_id)
        if mapping.direction == "outbound":
            # What it looks up is asked about before the first record waits for it.
            nudge("mapping.propose_values", mapping.connection_id)
    return version


def _version(actor: Actor, mapping: Mapping, note: str) -> MappingVersion:
    snapshot = latest_snapshot(mapping.connection)
    if snapshot is None:  # refusals() has said so already
        raise MappingRefused(problems=("There is no schema snapshot.",))
    tree, _unread = read(approved_document(mapping))
    compile_mapping(tree, *sides(mapping, snapshot), catalog_of(mapping))
    digest = content_hash(tree)
    same = mapping.versions.filter(content_hash=digest).first()
    mapping.versions.exclude(content_hash=digest).filter(state="published").update(state="retired")
    if mapping.snapshot_id != snapshot.pk:
        Mapping.objects.filter(pk=mapping.pk).update(snapshot=snapshot)
        mapping.snapshot = snapshot
    if same is not None:
        MappingVersion.objects.filter(pk=same.pk).update(state="published")
        same.state = "published"
        return same
    highest = mapping.versions.aggregate(top=Max("number"))["top"] or 0
    return MappingVersion.objects.create(
        mapping=mapping,
        number=highest + 1,
        document=to_store(dump(tree)),
        content_hash=digest,
        approvals=_approvals(mapping),
        published_by=actor.name,
        note=note.strip(),
    )


def _approvals(mapping: Mapping) -> dict[str, dict[str, str]]:
    rows = MappingRow.objects.filter(mapping=mapping, state="approved")
    return {
        row.target_path: {
            "by": row.decided_by,
            "at": row.decided_at.isoformat() if row.decided_at else "",
            "method": row.method,
            "second": row.seconded_by,
            "second_at": row.seconded_at.isoformat() if row.seconded_at else "",
            "row": str(row.uuid),
        }
        for row in rows
    }
