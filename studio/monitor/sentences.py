"""Audit keys as sentences; the stored line keeps key and data, so wording can change."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Manager

from connectors.registry import CONNECTORS
from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.core.models import AuditEvent
from studio.core.templatetags.studio import day, grouped, written
from studio.flows.models import Delivery, Flow, InboxItem, Run
from studio.linking.models import Link, Party
from studio.mapping.models import LookupTable, MappingRow, ValueProposal
from studio.mapping.models import Mapping as FieldMapping
from studio.tieout.models import TieOut
from studio.triage.models import Case
from studio.tryout.models import Trial
from studio.webhooks.models import Endpoint

# Characters of a UUID as text.
KEY_LENGTH = 36
# A day, or a moment with its zone, as lines keep them.
ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?P<clock>T\d{2}:\d{2}:\d{2}(\.\d+)?([+-]\d{2}:\d{2}|Z))?")
# Values that are names of ours, written with an underscore.
OWN_NAMES = ("table", "document", "kind")
SENTENCES = {
    "connection.created": "connected {name} ({system})",
    "connection.reconnected": "reconnected {name}",
    "connection.introspected": "looked at the schema: {entities} entities, {fields} fields",
    "source.registered": "registered what {name} sends: {entities}",
    "mapping.created": "opened the mapping of {entity} to {document}",
    "mapping.decided": "{verdict} the mapping of {target}",
    "mapping.confirmed": "confirmed the mapping of {target} that {approved_by} approved",
    "mapping.sent_back": "sent back the mapping of {target} that {approved_by} approved: {reason}",
    "mapping.proposed": "had mappings proposed",
    "mapping.undone": "took back a decision on a field",
    "mapping.noted": "remarked on a field: {text}",
    "mapping.published": "published version {number} of a mapping",
    "linking.same": "said that {left} is {right}",
    "linking.not_a_match": "said that {left} is not {right}",
    "linking.create_new": "said that {left} is to be created in {company}",
    "linking.undone": "took back the judgement “{verdict}” on {left}",
    "linking.unlinked": "broke the link of {left} with {right}: {reason}",
    "linking.noted": "remarked on {left}: {text}",
    "linking.linked": "linked {left} to {right}",
    "linking.loaded": "read {kind} records: {new} new, {changed} changed",
    "linking.compared": "compared {compared} {kind} records: {pairs} pairs",
    "learning.sampled": "drew {count} decisions to be asked again",
    "learning.repeated": "answered {about} once more, blind",
    "learning.asked": "had the language model asked about a {kind}",
    "learning.refitted": "learned version {number} of {kind} from {labels} decisions: {state}",
    "learning.withdrawn": "took back the calibration {number} of {kind}: {reason}",
    "learning.put_back": "put the calibration {number} of {kind} in force again",
    "learning.kept": "kept what stands for {about} after a third look: {reason}",
    "learning.taken_back": "took back the decision on {about} after a third look: {reason}",
    "lookup.created": "made the lookup table {table}",
    "lookup.proposed": "had lookup values proposed",
    "lookup.approved": "approved {source} as {means} in {table}",
    "lookup.rejected": "refused {means} for {source} in {table}",
    "lookup.row_added": "added {source} → {means} to {table}",
    "lookup.confirmed": "confirmed {source} as {means} in {table}, said by {decided_by}",
    "lookup.undone": "took back what {source} means in {table}",
    "lookup.noted": "remarked on {source}: {text}",
    "connection.consented": "signed in to {name}",
    "connection.ended": "disconnected {name}: {reason}",
    "connection.changed": "changed how {name} is reached: {changed}",
    "connection.move_asked": "asked to reach {name} at {after} instead of {before}",
    "connection.moved": "agreed to reach {name} at {after} instead of {before}, as {asked_by} asked",
    "connection.move_dropped": "kept the address of {name}, not {after}",
    "connection.company": "chose the company of {name}",
    "connection.left": "let {name} stand for company {company} no longer",
    "agent.made": "made the token of the agent “{agent}” of {name}",
    "agent.revoked": "revoked the agent “{agent}” of {name}",
    "agent.introduced": "saw the agent “{agent}” of {name} on {host}, which may go to {allowed}",
    "flow.drafted": "drafted {flows} flows between {one} and {other}",
    "flow.published": "published {flow}, version {version}",
    "flow.changed": "changed the draft of {flow}: {words}",
    "flow.alarm_changed": "changed what makes a run of {flow} suspect",
    "flow.remarked": "remarked on {flow}: {text}",
    "flow.run": "let {flow} look at its source",
    "flow.paused": "paused {flow}: {reason}",
    "flow.resumed": "resumed {flow}",
    "flow.rung_changed": "put {flow} from “{before}” on “{after}”: {reason}",
    "flow.drained": "let {flow} end what is under way and pause: {reason}",
    "flow.rehearsed": "asked for a rehearsal of {flow}, version {version}",
    "flow.replayed": "asked for a replay of what {flow} posted, with version {version}",
    "batch.approved": "approved {count} records of {flow}: debit {debit}, credit {credit}",
    "token.made": "made the token {name}",
    "token.revoked": "ended the token {name}",
    "person.saved": "saved {person} as {role}",
    "flow.rehearsal_signed": "signed the rehearsal of {flow}, version {version}",
    "exceptions.owner_set": "gave new cases of “{class}” to {to}",
    "exceptions.owner_dropped": "gave new cases of “{class}” to nobody in particular",
    "case.assigned": "assigned a case of {record} to {to}",
    "case.asked": "asked {to} about {record}",
    "case.commented": "commented on {record}",
    "item.closed": "closed {record} without posting: {reason}",
    "item.left_posted": "left {record} as it is posted: {reason}",
    "delivery.taken_back": "had {number} of {record} voided: {reason}",
    "case.unlocked": "said that the period of {record} is open",
    "connection.unlocks": "asks {to} to open closed periods",
    "attachment.tried_again": "had {file} of {record} sent again",
    "attachment.left_away": "left {record} without {file}: {reason}",
    "delivery.adopted": "accepted {key} as the posting of {record}",
    "case.planned": "set tags and day of a case of {record}",
    "case.waiting": "put a case of {record} aside for {for} until {until}",
    "case.taken_up": "took up a case of {record} again",
    "webhook.added": "added the webhook {name}",
    "webhook.changed": "changed the webhook {name}",
    "webhook.secret_renewed": "gave the webhook {name} a new secret",
    "webhook.switched_on": "switched the webhook {name} on",
    "webhook.switched_off": "switched the webhook {name} off",
    "webhook.removed": "removed the webhook {name}",
    "webhook.pinged": "sent a test message to the webhook {name}",
    "webhook.sent_again": "sent {event} to the webhook {name} again",
    "webhook.given_up": "switched the webhook {name} off: {why}",
    "portal.opened": "opened the portal of {connection}",
    "portal.rules_changed": "changed the rules of the portal of {connection}",
    "portal.invited": "invited {person} to buy for {customer}",
    "portal.bound": "let {person} buy for {to} instead of {from}",
    "portal.ended": "ended the access of {person} for {customer}",
    "portal.ordered": "ordered {total} for {customer} as {number}",
    "alert.rule_changed": "changed the alert “{alert}”",
    "alert.acknowledged": "sees to: {sentence}",
    "audit.packed": "took the auditor's pack of {from} to {to}",
    "tieout.run": "tied out {flow}{period}",
    "balances.asked": "had the open balances of {pairs} pairs of companies read",
    "stock.compared": "had the quantities of both sides of {flow} compared",
    "stock.signed": "signed the stock levels of {flow}: {items} items, {apart} differ, by {worth}",
    "trial.started": "tried {left} against {right}",
    "trial.deleted": "deleted the trial of {left} and {right}",
    "trial.expired": "deleted the trial of {left} and {right}, which was kept long enough",
    "tieout.signed": "signed the tie-out of {flow} in {currency}{period}: difference {residual}{noted}",
}


# Settings of a connection as its page calls them.
SETTINGS = {
    "base_url": "address",
    "network_path": "how it is reached",
    "unlocks": "who opens periods",
}


# Kind of a subject -> its rows, and the columns that people know them by.
NAMED: dict[str, tuple[Manager[Any], tuple[str, ...]]] = {
    "case": (Case.objects, ("record_label", "flow_label")),
    "connection": (Connection.objects, ("name",)),
    "delivery": (Delivery.objects, ("business_key", "connection__name")),
    "flow": (Flow.objects, ("name",)),
    "inbox": (InboxItem.objects, ("label", "flow__name")),
    "link": (Link.objects, ("left_code", "right_label")),
    "mapping": (FieldMapping.objects, ("entity", "document", "connection__name")),
    "party": (Party.objects, ("label", "connection__name")),
    "row": (
        MappingRow.objects,
        ("target_path", "mapping__entity", "mapping__document", "mapping__connection__name"),
    ),
    "run": (Run.objects, ("flow__name",)),
    "table": (LookupTable.objects, ("label", "connection__name")),
    "tieout": (TieOut.objects, ("flow__name", "currency")),
    "trial": (Trial.objects, ("left_name", "right_name")),
    "value": (ValueProposal.objects, ("source", "table__label", "table__connection__name")),
    "webhook": (Endpoint.objects, ("name",)),
    "workspace": (Workspace.objects, ("name",)),
}


class _Missing(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Names:
    """What the codes in some lines are called.

    Attributes:
        about: subject -> its name.
        left: subject of a party -> the name of the record alone.
        right: connection, kind and key there -> the name of the record; the kind is "" where only one has the key.
        companies: connection -> its name.
        means: subject of a code and target -> what the target is called.
    """

    about: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    right: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    companies: Mapping[str, str] = field(default_factory=dict)
    means: Mapping[tuple[str, str], str] = field(default_factory=dict)


def told(events: Sequence[AuditEvent]) -> list[tuple[AuditEvent, str, str]]:
    """Lines with their sentence and what they are about, codes by their names; few queries for many lines."""
    names = _names(events)
    return [(e, sentence(e, names), names.about[e.subject]) for e in events]


def _names(events: Sequence[AuditEvent]) -> Names:
    judged = [e for e in events if e.key.startswith("linking.") and _place(e)]
    places = {_place(e) for e in judged if len(_place(e)) == KEY_LENGTH}
    keys = {str(e.data["right"]) for e in judged if e.data.get("right")}
    lefts = [e.subject.removeprefix("party:") for e in judged if e.subject.startswith("party:")]
    there = Party.objects.filter(connection__uuid__in=places, key__in=keys)
    here = Party.objects.filter(uuid__in=[k for k in lefts if len(k) == KEY_LENGTH])
    codes = [e for e in events if e.key.startswith("lookup.") and not e.data.get("means")]
    return Names(
        about=subjects(events),
        left={f"party:{key}": label for key, label in here.values_list("uuid", "label")},
        right=_rights(there.values_list("connection__uuid", "kind", "key", "label")),
        companies={
            str(key): name
            for key, name in Connection.objects.filter(uuid__in=places).values_list("uuid", "name")
        },
        means=_meanings([e.subject for e in codes if e.subject.startswith("value:")]),
    )


def _rights(rows: Iterable[tuple[object, str, str, str]]) -> dict[tuple[str, str, str], str]:
    """Names by connection, kind and key: customer 17 and item 17 of QuickBooks are two records."""
    found: dict[tuple[str, str, str], str] = {}
    several = set[tuple[str, str, str]]()
    for place, kind, key, label in rows:
        found[str(place), kind, key] = label
        alone = (str(place), "", key)
        several |= {alone} & found.keys()
        found[alone] = label
    return {known: label for known, label in found.items() if known not in several}


def _meanings(values: Sequence[str]) -> dict[tuple[str, str], str]:
    keys = [v.removeprefix("value:") for v in values]
    known = ValueProposal.objects.filter(uuid__in=[k for k in keys if len(k) == KEY_LENGTH])
    rows = known.values_list("uuid", "candidates", "row__target", "row__target_label")
    found: dict[tuple[str, str], str] = {}
    for key, candidates, target, label in rows:
        about = f"value:{key}"
        found |= {(about, str(c.get("key"))): str(c.get("label") or "") for c in candidates}
        if label:
            found[about, target] = label
    return found


def sentence(event: AuditEvent, names: Names | None = None) -> str:
    """The line in words; with ``names`` codes are called by what they stand for."""
    names = names or Names()
    if event.key.startswith("case.") and event.key not in SENTENCES:
        # Pressing a button is not yet a fix: what came of it stands in the result.
        tried = event.key.startswith("case.again")
        did = "tried again a case of" if tried else "answered a case of"
        return f"{did} {event.data.get('record', '…')}: {event.data.get('result', event.key)}"
    if event.key == "linking.linked" and event.data.get("origin") == "posted":
        return f"recorded the posting of {event.data.get('left', '…')}{_posted(event.data)}"
    if event.key == "flow.changed" and event.data.get("changes"):
        did = "; ".join(map(str, event.data["changes"]))
        return f"changed the draft of {event.data.get('flow', '…')}: {event.data.get('words', '…')}. {did}"
    words = SENTENCES.get(event.key, event.key.replace(".", " ").replace("_", " "))
    values = _for_people(event.data)
    if event.key == "connection.changed":
        values["changed"] = _from_to(event.data.get("changed") or {})
    if event.key.startswith("linking."):
        values |= _called(event, names)
    elif event.key.startswith("lookup.") and not event.data.get("means"):
        target = str(event.data.get("target") or "")
        label = names.means.get((event.subject, target), "")
        values["means"] = f"{label} ({target})" if label else target or "…"
    return words.format_map(_Missing(values))


def _from_to(changed: Mapping[str, Sequence[str]]) -> str:
    """Settings with what they were and what they are."""
    said = [
        f"{SETTINGS.get(name, name.replace('_', ' '))} from {was or '–'} to {now or '–'}"
        for name, (was, now) in changed.items()
    ]
    return "; ".join(said) or "nothing"


def _posted(data: Mapping[str, Any]) -> str:
    posting = data.get("posting")
    if not posting:
        return ""
    money = f"{Decimal(posting['gross']):,.2f} {posting['currency']}".strip()
    return f" as {posting['target_document']}: {money}"


def _place(event: AuditEvent) -> str:
    """The connection of the second record of a judgement or link."""
    if target := event.data.get("target"):
        return str(target)
    kind, _, key = event.subject.partition(":")
    return key if kind == "connection" else ""


def _called(event: AuditEvent, names: Names) -> dict[str, object]:
    """The two records of a judgement by their names, and the company of the second."""
    place, key = _place(event), str(event.data.get("right") or "")
    code, label = str(event.data.get("left") or "…"), names.left.get(event.subject, "")
    found: dict[str, object] = {"company": names.companies.get(place, "…")}
    if label and label != code:
        found["left"] = f"{code} ({label})"
    # Old lines do not say the kind.
    other = names.right.get((place, str(event.data.get("kind") or ""), key), "")
    if other:
        # A key of 36 characters says nothing to people.
        known = other if len(key) == KEY_LENGTH else f"{other} ({key})"
        found["right"] = f"{known} of {names.companies[place]}"
    if "verdict" in event.data:
        found["verdict"] = str(event.data["verdict"]).replace("_", " ")
    return found


def _for_people(data: Mapping[str, Any]) -> dict[str, object]:
    """The values of a line as pages write them: days and moments, names of our own, long numbers."""
    said = {name: _written(value) for name, value in data.items()}
    said |= {name: data[name].replace("_", " ") for name in OWN_NAMES if name in data}
    if data.get("system") in CONNECTORS:
        said["system"] = CONNECTORS[data["system"]].label
    # Lines from before the words of a code were kept have the code alone.
    said["means"] = data.get("means") or data.get("target") or "…"
    if "residual" in data:
        said["residual"] = f"{Decimal(data['residual']):,.2f}"
    said["period"] = _period(data)
    said["noted"] = f", “{data['note']}”" if data.get("note") else ""
    return said


def _period(data: Mapping[str, Any]) -> str:
    """Which documents were compared; lines from before that was kept say nothing of it."""
    if not {"since", "until"} <= data.keys():
        return ""
    if not (data["since"] or data["until"]):
        return ", all documents"
    first, last = (day(data[n]) if data[n] else "…" for n in ("since", "until"))
    return f", {first} to {last}"


def _written(value: Any) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return grouped(value)
    if isinstance(value, str) and (found := ISO.fullmatch(value)):
        return written(datetime.fromisoformat(value)) if found["clock"] else day(value)
    return value


def subjects(events: Sequence[AuditEvent]) -> dict[str, str]:
    """What lines are about, in the words of people: subject -> name; one query for each kind.

    What is gone, or has no name, is called by its kind and the beginning of its key.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for event in events:
        kind, _, key = event.subject.partition(":")
        if len(key) == KEY_LENGTH:
            wanted[kind].add(key)
    named: dict[str, str] = {}
    for kind, keys in wanted.items():
        if kind not in NAMED:
            continue
        known, fields = NAMED[kind]
        rows = known.filter(uuid__in=keys).values_list("uuid", *fields)
        for key, *said in rows:
            parts = zip(fields, said, strict=True)
            named[f"{kind}:{key}"] = " · ".join(
                part.replace("_", " ") if name.rpartition("__")[2] in OWN_NAMES else part
                for name, part in parts
                if part
            )
    return {e.subject: named.get(e.subject) or _short(e.subject) for e in events}


def _short(subject: str) -> str:
    kind, _, key = subject.partition(":")
    return f"{kind} {key[:8]}" if len(key) == KEY_LENGTH else subject
