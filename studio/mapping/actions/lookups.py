"""Lookup tables: made from what mappings ask for, filled by people from proposals."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from studio.accounts.roles import LOOKUP, MAP
from studio.catalog.models import Code, Connection
from studio.core.action import Actor, acting
from studio.core.refused import DecidedMeanwhile, DecisionRefused
from studio.mapping.catalog import calls, first_text
from studio.mapping.models import LookupRow, LookupTable, Mapping, ValueProposal
from studio.mapping.rates import require_rate
from studio.mapping.shipped import starters_of
from studio.mapping.values import TABLES, Offer, offers_for, seen_codes

# Codes named in a refusal.
NAMED = 8


def ensure_lookup_tables(actor: Actor, connection: Connection) -> list[LookupTable]:
    """One table for every name that a mapping of this connection looks up; missing ones are made."""
    actor_may_edit(actor)
    found = {t.name: t for t in LookupTable.objects.filter(connection=connection)}
    for name in sorted(_wanted(connection) - found.keys()):
        found[name] = _create(actor, connection, name)
    return list(found.values())


def ensure_known_tables(actor: Actor, connection: Connection, expression: str) -> None:
    """The product's own tables that an approved expression looks up, where the connection lacks them.

    Only those: a table of another name is a person's to make, who then says what it is for.
    """
    named = {first_text(c) for c in calls(expression) if c.name == "LOOKUP"} & TABLES.keys()
    if not named:
        return
    there = LookupTable.objects.filter(connection=connection).values_list("name", flat=True)
    for name in sorted(named - set(there)):
        _create(actor, connection, name)


def _create(actor: Actor, connection: Connection, name: str) -> LookupTable:
    label, kind, _source = TABLES.get(name, (name.replace("_", " ").capitalize(), "", ""))
    with acting(
        actor, _permission(actor), "lookup.created", f"connection:{connection.uuid}"
    ) as line:
        line.data = {"table": name, "kind": kind}
        return LookupTable.objects.create(
            workspace_id=connection.workspace_id,
            connection=connection,
            name=name,
            label=label,
            code_kind=kind,
            description=f"Codes as mappings of {connection} look them up.",
        )


def actor_may_edit(actor: Actor) -> None:
    """Integrators make tables with their mappings, administrators and accountants keep them."""
    if not (actor.may(LOOKUP) or actor.may(MAP)):
        raise PermissionDenied(
            f"A person in the role “{actor.role or 'nobody'}” may not edit lookup tables."
        )


def _permission(actor: Actor) -> str:
    return LOOKUP if actor.may(LOOKUP) else MAP


def _wanted(connection: Connection) -> set[str]:
    texts = [
        text
        for mapping in Mapping.objects.filter(connection=connection).prefetch_related("rows")
        for row in mapping.rows.all()
        for text in (row.expression, row.condition)
    ]
    for starter in starters_of(connection.system):
        texts += _expressions(starter.document)
    return {first_text(c) for text in texts if text for c in calls(text) if c.name == "LOOKUP"} - {
        ""
    }


def _expressions(owner: dict[str, Any]) -> list[str]:
    texts: list[str] = []
    for key, value in owner.items():
        if key in ("from", "when", "where", "as_of") and isinstance(value, str):
            texts.append(value)
        elif isinstance(value, list):
            for one in value:
                texts += _expressions(one) if isinstance(one, dict) else [str(one)]
    return texts


def propose_lookup_values(actor: Actor, connection: Connection) -> int:
    """Propose a target code for every source code seen; returns how many are still open.

    Nothing takes effect: a row of the table is written only when a person approves. Decided
    proposals keep what was decided and what was shown.
    """
    actor_may_edit(actor)
    tables = ensure_lookup_tables(actor, connection)
    with acting(
        actor, _permission(actor), "lookup.proposed", f"connection:{connection.uuid}"
    ) as line:
        for table in tables:
            _propose(table)
        still = ValueProposal.objects.filter(table__in=tables, state="open").count()
        line.data = {"tables": [t.name for t in tables], "open": still}
    return still


def _propose(table: LookupTable) -> None:
    seen = seen_codes(table)
    known = {p.source: p for p in table.proposals.all()}
    answered = {row.source: row for row in table.rows.all()}
    offers = offers_for(table, list(seen.values()))
    fresh: list[ValueProposal] = []
    changed: list[ValueProposal] = []
    for code, source in seen.items():
        row = known.get(code)
        if row is None:
            row = ValueProposal(table=table, source=code)
            fresh.append(row)
            if code in answered:
                # Somebody entered it in the admin site already.
                row.state, row.decided_by = "approved", "the lookup table"
                row.row, row.chosen = answered[code], answered[code].target
        else:
            changed.append(row)
        row.source_label = source.label[:200]
        row.count = source.count
        if row.state == "open":
            ranked: list[Offer] = offers.get(code, [])
            row.candidates = [o.plain() for o in ranked]
            row.confidence = ranked[0].confidence if ranked else 0.0
    ValueProposal.objects.bulk_create(fresh)
    ValueProposal.objects.bulk_update(
        changed, ["source_label", "count", "candidates", "confidence"], batch_size=200
    )


@dataclass(frozen=True, slots=True)
class ValueChoice:
    """What a person picked for one source code: a candidate by number, or any target key."""

    candidate: int | None = None
    target: str = ""
    reason: str = ""
    # The person knows that a tax code of another rate is chosen.
    aware: bool = False


def decide_value(
    actor: Actor,
    proposal: ValueProposal,
    verdict: str,
    choice: ValueChoice | None = None,
    *,
    revision: int | None = None,
    bulk: uuid.UUID | None = None,
) -> ValueProposal:
    """Approve (writes the lookup row), reject, or say that the code is never translated.

    Raises:
        DecisionRefused: no such candidate, an unknown or inactive target code, no reason.
        RateDiffers: a tax code of another rate, and the choice does not say that it is meant.
        DecidedMeanwhile: somebody else was faster.
    """
    choice = choice or ValueChoice()
    subject = f"value:{proposal.uuid}"
    with acting(actor, LOOKUP, f"lookup.{verdict}", subject, bulk=bulk) as line:
        picked = _picked(proposal, verdict, choice)
        key = picked.get("key", "")
        despite = require_rate(proposal.table, proposal.source, key, aware=choice.aware)
        changed = ValueProposal.objects.filter(
            pk=proposal.pk, revision=proposal.revision if revision is None else revision
        ).update(
            state=verdict,
            chosen=picked.get("key", ""),
            shown=float(picked.get("confidence", 0)),
            reason=choice.reason.strip(),
            decided_by=actor.name,
            decided_at=timezone.now(),
            bulk=bulk,
            revision=F("revision") + 1,
        )
        if not changed:
            raise DecidedMeanwhile(f"“{proposal.source}” was decided by somebody else meanwhile.")
        if verdict == "approved":
            row = _write_row(
                actor, proposal.table, proposal.source, picked["key"], proposal.source_label
            )
            ValueProposal.objects.filter(pk=proposal.pk).update(row=row)
        line.data = {
            "table": proposal.table.name,
            "source": proposal.source,
            "target": picked.get("key", ""),
            "means": picked.get("label", ""),
            "confidence": picked.get("confidence", 0),
            **({"despite": despite} if despite else {}),
        }
    proposal.refresh_from_db()
    return proposal


def _picked(proposal: ValueProposal, verdict: str, choice: ValueChoice) -> dict[str, Any]:
    match verdict:
        case "approved" if choice.target:
            return {"key": choice.target, "confidence": 0.0}
        case "approved":
            number = choice.candidate or 0
            if not 0 <= number < len(proposal.candidates):
                raise DecisionRefused(
                    f"There is no candidate {number + 1} for “{proposal.source}”."
                )
            picked: dict[str, Any] = proposal.candidates[number]
            return picked
        case "rejected":
            return {}
        case "do_not_map":
            if not choice.reason.strip():
                raise DecisionRefused("Say in a few words why this code is never translated.")
            return {}
        case _:
            raise DecisionRefused(f"“{verdict}” is not a decision about a code.")


def undo_value(actor: Actor, proposal: ValueProposal) -> ValueProposal:
    """Take a value decision back: its lookup row goes (history keeps it), candidates stay."""
    with acting(actor, LOOKUP, "lookup.undone", f"value:{proposal.uuid}") as line:
        if proposal.state == "open":
            raise DecisionRefused("Nothing is decided here.")
        line.data = {
            "table": proposal.table.name,
            "source": proposal.source,
            "was": proposal.chosen,
        }
        if proposal.row is not None:
            proposal.row.delete()
        ValueProposal.objects.filter(pk=proposal.pk).update(
            state="open",
            chosen="",
            row=None,
            reason="",
            decided_by="",
            decided_at=None,
            bulk=None,
            revision=F("revision") + 1,
        )
    proposal.refresh_from_db()
    return proposal


def add_lookup_row(
    actor: Actor,
    table: LookupTable,
    source: str,
    target: str,
    *,
    target_label: str = "",
    aware: bool = False,
) -> LookupRow:
    """Add (or change) the open-ended translation of one code.

    Args:
        actor: who says so.
        table: the lookup table.
        source: the code of the source.
        target: key of the code at the target.
        target_label: what it is called, where the person saw it.
        aware: the person knows that a tax code of another rate is chosen.

    Raises:
        DecisionRefused: the target has no such code, or it is inactive.
        RateDiffers: it is a tax code of another rate, and the person did not say to know it.
    """
    with acting(actor, LOOKUP, "lookup.row_added", f"table:{table.uuid}") as line:
        despite = require_rate(table, source, target, aware=aware)
        row = _write_row(actor, table, source, target, "", target_label)
        line.data = {
            "table": table.name,
            "source": source,
            "target": target,
            "means": row.target_label,
            **({"despite": despite} if despite else {}),
        }
        ValueProposal.objects.filter(table=table, source=source).update(
            state="approved",
            chosen=target,
            row=row,
            decided_by=actor.name,
            decided_at=timezone.now(),
            bulk=None,
            revision=F("revision") + 1,
        )
    return row


def _write_row(
    actor: Actor,
    table: LookupTable,
    source: str,
    target: str,
    source_label: str = "",
    target_label: str = "",
) -> LookupRow:
    label = target_label or checked_target(table, target)
    if target_label:
        checked_target(table, target)
    row, _ = LookupRow.objects.update_or_create(
        table=table,
        source=source,
        valid_from=None,
        defaults={
            "target": target,
            "target_label": label[:200],
            "decided_by": actor.name,
            "seconded_by": "",
            "seconded_at": None,
            **({"source_label": source_label[:200]} if source_label else {}),
        },
    )
    return row


def key_of(table: LookupTable, typed: str) -> str:
    """The key of a code that a person named by key, code or name; what was typed where nothing fits."""
    codes = Code.objects.filter(connection=table.connection, kind=table.code_kind)
    if codes.filter(key=typed).exists():
        return typed
    named = codes.filter(Q(label__iexact=typed) | Q(code__iexact=typed), active=True)
    keys = set(named.values_list("key", flat=True))
    return keys.pop() if len(keys) == 1 else typed


def _some_of(codes: QuerySet[Code]) -> str:
    """Names to choose from, as many as a sentence bears."""
    known = codes.filter(active=True).order_by("label", "key")
    names = [c.label or c.code or c.key for c in known[:NAMED]]
    more = f" and {known.count() - NAMED} more" if known.count() > NAMED else ""
    return (", ".join(f"“{n}”" for n in names) + more) or "none that is active"


def checked_target(table: LookupTable, target: str) -> str:
    """The label of a target code.

    Raises:
        DecisionRefused: the target's list is known and has no such active code.
    """
    codes = Code.objects.filter(connection=table.connection, kind=table.code_kind)
    code = codes.filter(key=target).first()
    if code is not None and not code.active:
        raise DecisionRefused(
            f"“{code.label or code.code or code.key}” is inactive in {table.connection}.",
            "Choose an active one.",
        )
    if code is None and codes.exists():
        raise DecisionRefused(
            f"{table.connection} has no {table.code_kind.replace('_', ' ')} “{target}”.",
            f"It has {_some_of(codes)}.",
        )
    return (code.label or code.code) if code else target
