"""What a compile says about a design: each message at the step that causes it, with a way to fix it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from connectors.registry import capabilities
from engine.errors import MappingRefused
from studio.accounts.addresses import addresses
from studio.flows import triggers
from studio.flows.bundle import compile_route, route_mapping
from studio.flows.comparing import add_comparing, is_comparing, writes
from studio.flows.conditions import corrected
from studio.flows.files import WHAT
from studio.flows.keeping import add_keeping
from studio.flows.models import Flow
from studio.flows.steps import (
    compile_condition,
    compile_value,
    is_open,
    lookup_text,
    name_of,
    rule_of,
    steps_of,
)
from studio.mapping.models import LookupTable, MappingVersion
from studio.mapping.models import Mapping as FieldMapping

Design = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to fix a problem: a page to open, or an edit that a button makes."""

    label: str
    href: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One message of a compile.

    Attributes:
        step: key of the step that causes it.
        sentence: what is wrong, for an integrator.
        ways: how to fix it, best first.
        refuses: whether the flow cannot be published because of it.
    """

    step: str
    sentence: str
    ways: tuple[Way, ...] = ()
    refuses: bool = True


@dataclass(slots=True)
class Found:
    """The exact versions a design uses, and everything that is wrong with it."""

    inbound: MappingVersion | None = None
    outbound: dict[str, MappingVersion] = field(default_factory=dict)
    creates: dict[str, MappingVersion] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def refusals(self) -> tuple[str, ...]:
        """The sentences that stand in the way of publishing."""
        return tuple(p.sentence for p in self.problems if p.refuses)


def examine(flow: Flow, design: Design) -> Found:
    """Everything a publication of the design would say, and the versions it would pin."""
    found = Found()
    found.problems += _trigger(flow, design)
    found.problems += _understand(flow, design, found)
    for step in steps_of(design):
        found.problems += _step(flow, design, step)
    found.problems += _branches(flow, design, found)
    found.problems += _references(flow, design, found)
    found.problems += _attaching(flow, design)
    found.problems += _telling(flow, design)
    if "keeps" in design:
        said: list[str] = []
        add_keeping(flow, {"design": design}, said)
        found.problems += [Problem("keeps", s, _to_counter(flow, design)) for s in said]
    if is_comparing(design):
        said = []
        add_comparing(flow, {"design": design}, said)
        found.problems += [Problem("compares", sentence) for sentence in said]
    return found


def chosen_version(
    connection_id: int, direction: str, entity: str, document: str, number: int | None
) -> tuple[FieldMapping | None, MappingVersion | None]:
    """The mapping between an entity and a document, and the version of it that a flow uses."""
    mapping = FieldMapping.objects.filter(
        connection_id=connection_id, direction=direction, entity=entity, document=document
    ).first()
    if mapping is None:
        return None, None
    versions = (
        mapping.versions.filter(number=number)
        if number
        else mapping.versions.filter(state="published")
    )
    return mapping, versions.first()


def _change(label: str, step: str, **values: str) -> Way:
    return Way(label, values={"do": "change", "step": step, **values})


def _drop(step: str, label: str = "Remove this step") -> Way:
    return Way(label, values={"do": "remove", "step": step})


def _trigger(flow: Flow, design: Design) -> Iterator[Problem]:
    trigger = design.get("trigger", {})
    kind = trigger.get("kind", "poll")
    if kind == "webhook" and not capabilities(flow.source.system).webhooks:
        yield Problem(
            "trigger",
            f"{flow.source} does not tell about changes by itself, so nothing would ever arrive.",
            (_change("Ask it regularly instead", "trigger", kind="poll"),),
        )
    if kind == "schedule":
        try:
            triggers.schedule_of(trigger)
        except ValueError as error:
            ways = (_change("Every day at 06:00", "trigger", kind="schedule", at="06:00"),)
            yield Problem("trigger", str(error), ways)


def _understand(flow: Flow, design: Design, found: Found) -> Iterator[Problem]:
    entity, document = str(design["trigger"]["entity"]), str(design["document"])
    number = design.get("understand", {}).get("mapping")
    mapping, found.inbound = chosen_version(flow.source_id, "inbound", entity, document, number)
    if found.inbound is None:
        words = (
            f"{flow.source}: the mapping of {entity} is not published. Review and publish it first."
        )
        yield Problem("understand", words, _to_mapping(mapping))


def _to_mapping(mapping: FieldMapping | None) -> tuple[Way, ...]:
    if mapping is None:
        return (Way("See the mappings", reverse("mapping:mappings")),)
    return (Way("Review and publish the mapping", reverse("mapping:review", args=[mapping.uuid])),)


def _to_counter(flow: Flow, design: Design) -> tuple[Way, ...]:
    """The way to the mapping that reads the other side, as long as no version of it is in force."""
    document, entity = str(design["document"]), str(design["branches"][0]["entity"])
    mapping, version = chosen_version(flow.target_id, "inbound", entity, document, None)
    return () if version else _to_mapping(mapping)


def _step(flow: Flow, design: Design, step: dict[str, Any]) -> Iterator[Problem]:
    document = str(design["document"])
    look, name = _STEPS[step["kind"]]
    try:
        yield from look(flow, document, step)
    except (MappingRefused, LookupError) as error:
        text, each = str(step.get(name, "")), str(step.get("each", ""))
        yield from _refused(step["id"], error, document, text, name, each)


def _filter(flow: Flow, document: str, step: dict[str, Any]) -> Iterator[Problem]:
    if is_open(step.get("when")):
        words = "This filter has no condition and lets everything pass."
        yield Problem(step["id"], words, (_drop(step["id"]),), refuses=False)
    else:
        compile_condition(document, step["when"])


def _calculation(flow: Flow, document: str, step: dict[str, Any]) -> Iterator[Problem]:
    if not step.get("to") or not step.get("from"):
        words = "Choose the field to fill and write how it is calculated."
        yield Problem(step["id"], words, (_drop(step["id"]),))
    else:
        compile_value(document, step["from"], step["to"])


def _rule(flow: Flow, document: str, step: dict[str, Any]) -> Iterator[Problem]:
    if not step.get("holds"):
        yield Problem(step["id"], "This rule has no condition yet.", (_drop(step["id"]),))
    else:
        rule_of(document, step)


def _aggregate(flow: Flow, document: str, step: dict[str, Any]) -> Iterator[Problem]:
    if not step.get("by"):
        words = "Choose which fields must be equal for lines to be combined."
        usual = _change("By item", step["id"], by="item")
        yield Problem(step["id"], words, (usual, _drop(step["id"])))


def _refused(
    key: str, error: Exception, document: str, text: str, name: str, each: str = ""
) -> Iterator[Problem]:
    """The compiler's sentences, with the corrected text as a button where there is one."""
    better = corrected(text, document, each)
    ways = (_change(f"Write {better}", key, mode="text", **{name: better}),) if better else ()
    said = error.problems if isinstance(error, MappingRefused) else (str(error.args[0]),)
    for number, sentence in enumerate(said):
        yield Problem(key, _plain(sentence), ways if number == 0 else ())


def _plain(sentence: str) -> str:
    """Without the name of the step's own small mapping, which nobody wrote."""
    head, colon, rest = sentence.partition(": ")
    internal = head.split(",")[0].split(" ")[0] in ("value", "entity", "rows", "business_key")
    place = head.rpartition(", ")[2] if "column" in head else ""
    if not colon or not internal:
        return sentence
    return f"{rest} ({place})" if place else rest


def _lookup(flow: Flow, document: str, step: dict[str, Any]) -> Iterator[Problem]:
    key = step["id"]
    missing = [
        w
        for n, w in (
            ("table", "a table"),
            ("field", "the field with the code"),
            ("to", "the field to fill"),
        )
        if not step.get(n)
    ]
    if missing:
        yield Problem(key, f"Choose {', '.join(missing)}.", (_drop(key),))
        return
    home = flow.source if step.get("side") == "source" else flow.target
    if not LookupTable.objects.filter(connection=home, name=step["table"]).exists():
        other = flow.target if home == flow.source else flow.source
        side = "target" if other == flow.target else "source"
        ways = [Way("Add the table", reverse("admin:mapping_lookuptable_add"))]
        if LookupTable.objects.filter(connection=other, name=step["table"]).exists():
            ways.insert(0, _change(f"Use the one of {other}", key, table=f"{side}:{step['table']}"))
        yield Problem(key, f"{home} has no lookup table “{step['table']}”.", tuple(ways))
        return
    over_lines = "[]." in str(step["field"])
    if over_lines and "[]." not in str(step["to"]):
        words = (
            "The code is read from every line, so the field to fill must be one of the line too."
        )
        yield Problem(key, words, (_drop(key),))
        return
    compile_value(document, lookup_text(step), step["to"])


_STEPS: dict[str, tuple[Callable[[Flow, str, dict[str, Any]], Iterator[Problem]], str]] = {
    "filter": (_filter, "when"),
    "lookup": (_lookup, "from"),
    "set": (_calculation, "from"),
    "rule": (_rule, "holds"),
    "aggregate": (_aggregate, "by"),
}


def _branches(flow: Flow, design: Design, found: Found) -> Iterator[Problem]:
    branches, document = design["branches"], str(design["document"])
    for position, branch in enumerate(branches):
        key, last = branch.get("id") or f"b{position + 1}", position == len(branches) - 1
        entity = branch["entity"]
        mapping, version = chosen_version(
            flow.target_id, "outbound", entity, document, branch.get("mapping")
        )
        if version is None and writes(design):
            words = f"{flow.target}: the mapping to {entity} is not published. Review and publish it first."
            yield Problem(key, words, _to_mapping(mapping))
        elif version is not None and found.outbound.setdefault(entity, version) != version:
            words = f"Two branches write {entity} with different versions of its mapping."
            yield Problem(key, words, (_change("Use the newest", key, mapping=""),))
        posts = "keeps" not in design
        if posts and not design.get("entities", {}).get(entity, {}).get("reference"):
            yield Problem(
                key,
                f"Which field of {entity} carries its number? Choose it, so that it can be found again.",
            )
        yield from _condition(design, branch, key, last=last)
    if not any(p.refuses for p in _all_conditions(design)):
        yield from _route(design)


def _all_conditions(design: Design) -> list[Problem]:
    rows = design["branches"]
    return [
        p
        for n, b in enumerate(rows)
        for p in _condition(design, b, b.get("id") or f"b{n + 1}", last=n == len(rows) - 1)
    ]


def _condition(
    design: Design, branch: dict[str, Any], key: str, *, last: bool
) -> Iterator[Problem]:
    when = branch.get("when")
    if is_open(when):
        if not last:
            end = Way("Move it to the end", values={"do": "move", "step": key, "before": "end"})
            yield Problem(
                key,
                "This branch takes every record, so the branches after it are never reached.",
                (end, _drop(key, "Remove this branch")),
            )
        return
    try:
        compile_condition(str(design["document"]), str(when))
    except MappingRefused as error:
        yield from _refused(key, error, str(design["document"]), str(when), "when")
        return
    if last:
        way = _change("Take all the others here", key, mode="text", when="TRUE")
        yield Problem(
            key, "A record that meets none of the branches is left out.", (way,), refuses=False
        )


def _route(design: Design) -> Iterator[Problem]:
    """What only shows when all branches are looked at together."""
    try:
        compile_route(json.dumps(route_mapping(dict(design)), sort_keys=True))
    except MappingRefused as error:
        first = design["branches"][0].get("id") or "b1"
        for sentence in error.problems:
            yield Problem(first, _plain(sentence))


def _references(flow: Flow, design: Design, found: Found) -> Iterator[Problem]:
    for kind, plan in design.get("creates", {}).items():
        _, version = chosen_version(
            flow.target_id, "outbound", plan["entity"], plan["document"], None
        )
        if version is not None:
            found.creates[kind] = version
    for kind, plan in design.get("references", {}).items():
        if plan.get("policy") == "create" and kind not in found.creates:
            words = f"A missing {kind} cannot be created in {flow.target}: no published mapping says how."
            ask = _change("Ask a person instead", "references", **{f"policy-{kind}": "ask"})
            yield Problem(
                "references", words, (ask, Way("See the mappings", reverse("mapping:mappings")))
            )


def entities_without_files(flow: Flow, design: Design) -> list[str]:
    """What the flow posts that takes no files beside it at the target; all of it where nothing does."""
    known = capabilities(flow.target.system)
    posted = dict.fromkeys(str(b.get("entity", "")) for b in design.get("branches", []))
    return [entity for entity in posted if not known.holds_files(entity)]


def _attaching(flow: Flow, design: Design) -> Iterator[Problem]:
    said = design.get("attach", "")
    leave = _change("Attach nothing", "deliver", attach="")
    if said not in WHAT:
        words = f"The delivery attaches “{said}”; only the source document can be attached."
        yield Problem("deliver", words, (leave,))
    elif said and not writes(design):
        words = "Nothing is posted, so nothing can be attached to it."
        yield Problem("deliver", words, (leave,))
    elif said and (without := entities_without_files(flow, design)):
        words = (
            f"{flow.target} keeps no files that we can put beside {' or '.join(without)}, so the source "
            "document cannot be attached."
        )
        yield Problem("deliver", words, (leave,))


def _telling(flow: Flow, design: Design) -> Iterator[Problem]:
    plan = design.get("write_back")
    if plan is not None and not plan.get("fields"):
        words = f"Choose what is written back to {flow.source}, or leave the write-back out."
        yield Problem("write_back", words, (_drop("write_back", "Leave it out"),))
    for rule in design.get("notify") or []:
        if not addresses(flow.workspace_id, str(rule.get("to", ""))):
            words = (
                "Nobody of this role has a mail address; the notice is shown in the studio only."
            )
            yield Problem(rule["id"], words, refuses=False)


def title_of(design: Design, key: str) -> str:
    """The name of the step a problem stands at."""
    step = next((s for s in steps_of(design) if s["id"] == key), None)
    return name_of(step) if step else key.replace("_", " ")
