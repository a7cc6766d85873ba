"""Flows from a system that sends its records: what each of them is, said by a person, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from connectors.registry import capabilities
from engine.canon.needed import WITH_LINES
from engine.schema.model import EntitySchema
from studio.accounts.models import machine
from studio.accounts.roles import CONNECT, MAP, PUBLISH
from studio.catalog.actions import introspect
from studio.catalog.models import Connection
from studio.catalog.schemas import schema_of
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.flows.designs import ensure_flow_from, postings_to
from studio.mapping.actions import ensure_mappings, open_reading
from studio.mapping.models import Mapping as FieldMapping

# What is only read, so that customers, suppliers and items are matched with those of the target.
MASTERS = {
    "party": "Customers or suppliers, matched with those of {target}",
    "item": "Items, matched with those of {target}",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One entity of a sender, and what it may be said to be.

    Attributes:
        entity: as it was registered.
        lists: its lists, one of which becomes a document's lines.
        chosen: the document it was said to be before; empty where nobody said it.
    """

    entity: EntitySchema
    lists: tuple[str, ...]
    chosen: str


def sender_of(one: Connection, other: Connection) -> tuple[Connection, Connection] | None:
    """Which of two sends its records and which takes documents of it; None where it is neither way."""
    for source, target in ((one, other), (other, one)):
        if (
            capabilities(source.system).receives
            and not capabilities(target.system).receives
            and postings_to(target)
        ):
            return source, target
    return None


def choices_for(target: Connection) -> dict[str, str]:
    """Document -> what it means to say that an entity is one."""
    posted = {
        design["document"]: "{what}, becomes {entity}".format(
            what=str(design["document"]).replace("_", " ").capitalize(),
            entity=" or ".join(b["entity"] for b in design["branches"]),
        )
        for design in sorted(postings_to(target), key=lambda d: WITH_LINES.index(d["document"]))
    }
    return posted | {kind: words.format(target=target.name) for kind, words in MASTERS.items()}


def sent_by(source: Connection) -> list[Sent]:
    """The entities that a sender registered."""
    snapshot = source.snapshots.first()
    if snapshot is None:
        return []
    read = FieldMapping.objects.filter(connection=source, direction="inbound")
    said = dict(read.values_list("entity", "document"))
    return [Sent(e, lists_of(e), said.get(e.name, "")) for e in schema_of(snapshot).entities]


def lists_of(entity: EntitySchema) -> tuple[str, ...]:
    """The lists of objects in an entity, the one with most fields first."""
    counts: dict[str, int] = {}
    for field in entity.fields:
        head, mark, rest = field.path.partition("[].")
        if mark and "[]" not in rest:
            counts[head] = counts.get(head, 0) + 1
    return tuple(sorted(counts, key=lambda name: -counts[name]))


def start_sent(
    actor: Actor, source: Connection, target: Connection, chosen: Mapping[str, str]
) -> tuple[int, int]:
    """Open the mappings and draft the flows that follow from what the entities of a sender are.

    Nothing runs before somebody reviews and publishes it. Safe to repeat: what is there stays.

    Args:
        actor: who says so.
        source: the sender.
        target: whose documents they become.
        chosen: entity -> document.

    Returns:
        How many mappings and how many flows there are now for what was chosen.

    Raises:
        DecisionRefused: nothing was chosen, or an entity cannot be what was said.
    """
    actor.require(MAP)
    known, may_be = {s.entity.name: s for s in sent_by(source)}, choices_for(target)
    if not chosen or sender_of(source, target) != (source, target):
        raise DecisionRefused(_("Nothing was chosen."), _("Say of one entity at least what it is."))
    for entity, document in chosen.items():
        _must_fit(known.get(entity), entity, document, may_be)
    # With the values that have arrived since it was registered, proposals say more.
    introspect(machine(source.workspace, "the proposer", CONNECT), source)
    with (
        transaction.atomic(),
        acting(actor, PUBLISH, "flow.drafted", f"connection:{source.uuid}") as line,
    ):
        mappings = ensure_mappings(actor, source, target)
        flows = 0
        for entity, document in chosen.items():
            each = known[entity].lists[0] if document in WITH_LINES else ""
            mappings.append(open_reading(actor, source, entity, document, each))
            flows += ensure_flow_from(source, entity, document, target) is not None
        line.data = {"one": source.name, "other": target.name, "flows": flows}
        nudge("flows.prepare_pair", source.pk, target.pk)
    return len(mappings), flows


def _must_fit(sent: Sent | None, entity: str, document: str, may_be: Mapping[str, str]) -> None:
    if sent is None or document not in may_be:
        raise DecisionRefused(
            _("“%(entity)s” cannot be that.") % {"entity": entity}, _("Choose from the list.")
        )
    if document in WITH_LINES and not sent.lists:
        raise DecisionRefused(
            _("“%(entity)s” has no list of lines, so it has no amounts.") % {"entity": entity},
            _("The sender registers its lines as fields like lines[].total."),
        )
    if sent.chosen not in ("", document):
        raise DecisionRefused(
            _("“%(entity)s” is read as %(what)s already.")
            % {"entity": entity, "what": sent.chosen.replace("_", " ")}
        )
