"""The document steps of a flow: filter, look up, calculate, combine lines, rule. In the order drawn.

They work on the canonical document between understanding the source record and choosing a branch. A
design without ``steps`` is read as its ``filter`` alone, which is how shipped flows are written.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from engine.canon.combine import combine_lines
from engine.canon.fields import canonical_schema
from engine.errors import Audience, Severity
from engine.issue import Issue
from engine.mapping import Catalog, CompiledMapping, Context, TableInfo, compile_mapping, parse
from engine.mapping.context import Used
from engine.mapping.write import scalar_text
from engine.rules.expression import CompiledRule, ExpressionRule, compile_rule
from engine.schema.model import EntitySchema, FieldSchema, FieldType, Record, SystemSchema
from studio.flows.conditions import found_there, in_words, named, parts
from studio.flows.places import assign
from studio.mapping.catalog import calls, first_text

KINDS = ("filter", "lookup", "set", "aggregate", "rule")
FREE = "custom."
ALWAYS = "TRUE"


@dataclass(frozen=True, slots=True)
class Ran:
    """What one step did with one record, for people.

    Attributes:
        step: id of the step.
        words: what happened.
        tone: good, warn, bad, or empty.
    """

    step: str
    words: str
    tone: str = ""


@dataclass(slots=True)
class Walked:
    """The document after its steps, what they said, and whether a filter stopped it.

    ``used`` is what was looked up for the value at each place; None where nobody asks for it.
    """

    document: Record
    used: dict[str, tuple[Used, ...]] | None = None
    log: list[Ran] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    stopped: str = ""


def steps_of(design: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The document steps of a design, in order."""
    if "steps" in design:
        return list(design["steps"])
    when = str(design.get("filter") or "")
    return [{"id": "filter", "kind": "filter", "when": when}] if when else []


def is_open(when: Any) -> bool:
    """Whether a condition lets everything pass."""
    return str(when or "").strip().upper() in ("", ALWAYS)


def catalog_for(*texts: str) -> Catalog:
    """A catalogue of the tables the expressions name; whether they exist is the designer's question."""
    tables = {first_text(c) for t in texts for c in calls(t) if c.name == "LOOKUP"}
    return Catalog(lookups={name: TableInfo() for name in tables if name})


def field_of(document: str, path: str) -> FieldSchema:
    """The canonical field at a path; anything below ``custom`` is a text.

    Raises:
        LookupError: the document has no such field.
    """
    entity = canonical_schema().entity(document)
    found = next((f for f in entity.fields if f.path == path), None) if entity else None
    if found is None and path.rpartition("[].")[2].startswith(FREE):
        return FieldSchema(path=path, type=FieldType.STRING)
    if found is None:
        raise LookupError(f"{document.replace('_', ' ')} has no field “{path}”.")
    return found


def lookup_text(step: Mapping[str, Any]) -> str:
    """The lookup of a step as an expression."""
    place = str(step["field"])
    source = f"line.{place.rpartition('[].')[2]}" if "[]." in place else place
    otherwise = f", {scalar_text(str(step['otherwise']))}" if step.get("otherwise") else ""
    return f"LOOKUP({scalar_text(str(step['table']))}, {source}{otherwise})"


@lru_cache(maxsize=512)
def compile_value(document: str, expression: str, to: str) -> CompiledMapping:
    """A field computed from the document, once or for each line, as a small mapping.

    Raises:
        MappingRefused: the expression cannot be used there.
        LookupError: the document has no such field.
    """
    one = field_of(document, to)
    each, _, _ = to.rpartition("[].")
    # The second row keeps an element for every line, so that values and lines stay side by side.
    rows = [{"to": "value", "from": expression, "confirm": "lossy"}]
    body: dict[str, Any] = (
        {"blocks": [{"to": "rows", "each": each, "rows": [*rows, {"to": "there", "from": ALWAYS}]}]}
        if each
        else {"rows": rows}
    )
    prefix = "rows[]." if each else ""
    fields = (
        FieldSchema(path=f"{prefix}value", type=one.type, enum=one.enum, length=one.length),
        FieldSchema(path=f"{prefix}there", type=FieldType.BOOLEAN),
    )
    target = SystemSchema("studio", entities=(EntitySchema(name="step", fields=fields),))
    mapping = {
        "mapping": "step",
        "source": {"system": "canonical", "entity": document},
        "target": {"system": "studio", "entity": "step"},
        **body,
    }
    return compile_mapping(
        parse(json.dumps(mapping)), canonical_schema(), target, catalog_for(expression)
    )


@lru_cache(maxsize=256)
def compile_condition(document: str, when: str) -> CompiledMapping:
    """A condition over the document.

    Raises:
        MappingRefused: it cannot be used.
    """
    yes = FieldSchema(path="value", type=FieldType.BOOLEAN)
    target = SystemSchema("studio", entities=(EntitySchema("step", fields=(yes,)),))
    mapping = {
        "mapping": "step",
        "source": {"system": "canonical", "entity": document},
        "target": {"system": "studio", "entity": "step"},
        "rows": [{"to": "value", "from": when}],
    }
    return compile_mapping(
        parse(json.dumps(mapping)), canonical_schema(), target, catalog_for(when)
    )


def unmet(document: str, when: str, record: Record, context: Context) -> str:
    """What a condition asks that a record does not meet, in words, with what was found instead."""
    missed = [
        part
        for part in parts(when)
        if not compile_condition(document, part).apply(record, context).record.get("value")
    ]
    return " · ".join(
        f"needed: {in_words(part)}; found: {found_there(part, record) or 'nothing'}"
        for part in missed
    )


def _rule_sentence(holds: str) -> str:
    """What a rule without a sentence of its own says; places in braces are filled in by the rule."""
    top = [n for n in named(holds) if "." not in n or n.startswith("line.")]
    found = ", ".join(f"{n.removeprefix('line.').replace('_', ' ')} “{{{n}}}”" for n in top)
    return f"A rule of this flow is not met: {in_words(holds)}; found: {found or 'nothing'}."


@lru_cache(maxsize=256)
def _compiled_rule(text: str) -> CompiledRule:
    plan = json.loads(text)
    rule = ExpressionRule(
        plan["code"],
        plan["kind"],
        plan["holds"],
        plan["sentence"],
        Severity(plan["severity"]),
        plan["each"],
        plan["path"],
        Audience(plan["audience"]),
    )
    return compile_rule(rule, catalog_for(rule.holds))


def rule_of(document: str, step: Mapping[str, Any]) -> CompiledRule:
    """The rule of a step, checked.

    Raises:
        MappingRefused: it cannot be used.
    """
    plan = {
        "code": str(step["id"]),
        "kind": document,
        "holds": str(step.get("holds") or ""),
        "sentence": str(step.get("sentence") or _rule_sentence(str(step.get("holds") or ""))),
        "severity": str(step.get("severity") or Severity.BLOCK),
        "each": str(step.get("each") or ""),
        "path": str(step.get("path") or ""),
        "audience": str(step.get("audience") or Audience.ACCOUNTANT),
    }
    return _compiled_rule(json.dumps(plan, sort_keys=True))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps may read: tables and facts of the source, tables and links of the target."""

    source: Context
    target: Context


def walk(
    document_kind: str,
    steps: list[dict[str, Any]],
    document: Record,
    around: Surroundings,
    kept: Collection[str] = (),
    used: Mapping[str, tuple[Used, ...]] | None = None,
) -> Walked:
    """Take a document through its steps; a filter that does not hold ends the walk.

    Args:
        document_kind: canonical kind.
        steps: the steps in order.
        document: the document; it is not changed.
        around: tables, links, facts.
        kept: concrete places whose value a person gave; no step writes over them.
        used: what was looked up for the document so far; None where nobody asks for it.
    """
    walked = Walked(copy.deepcopy(document), None if used is None else dict(used))
    for step in steps:
        walked.log.extend(_RUN[step["kind"]](document_kind, step, walked, around, kept))
        if walked.stopped:
            break
    return walked


def name_of(step: Mapping[str, Any]) -> str:
    """What people call the step."""
    return str(step.get("label") or _TITLES.get(str(step.get("kind")), step.get("kind")))


_TITLES = {
    "filter": "Filter",
    "lookup": "Look up",
    "set": "Calculate",
    "aggregate": "Combine lines",
    "rule": "Rule",
}


def _filter(
    kind: str, step: dict[str, Any], walked: Walked, around: Surroundings, kept: Collection[str]
) -> Iterator[Ran]:
    if is_open(step.get("when")):
        yield Ran(step["id"], "lets everything pass")
        return
    holds = compile_condition(kind, step["when"]).apply(walked.document, around.source)
    if holds.record.get("value"):
        yield Ran(step["id"], "lets it pass", "good")
        return
    missed = unmet(kind, step["when"], walked.document, around.source)
    called = f"“{step['label']}”" if step.get("label") else "the flow's filter"
    walked.stopped = f"does not meet {called}: {missed}"
    yield Ran(step["id"], f"stops it here: {missed}", "warn")


def _value(
    kind: str, step: dict[str, Any], walked: Walked, around: Surroundings, kept: Collection[str]
) -> Iterator[Ran]:
    is_lookup = step["kind"] == "lookup"
    expression = lookup_text(step) if is_lookup else str(step["from"])
    context = around.source if step.get("side") == "source" else around.target
    to = str(step["to"])
    tracing = walked.used is not None
    result = compile_value(kind, expression, to).apply(walked.document, context, trace=tracing)
    each, _, last = to.rpartition("[].")
    walked.issues += [_moved(i, each, last) for i in result.issues]
    if each:
        made = result.record.get("rows") or []
        pairs = [
            (f"{each}[{n}].{last}", row.get("value"))
            for n, row in enumerate(made if isinstance(made, list) else [])
            if isinstance(row, dict)
        ]
    else:
        pairs = [(to, result.record.get("value"))]
    written = [(p, v) for p, v in pairs if v is not None and p not in kept]
    for place, value in written:
        assign(walked.document, place, value)
    if walked.used is not None:
        looked_up = {t.target: t.used for t in result.trace or ()}
        walked.used |= {place: looked_up.get(_small(place, each), ()) for place, _ in written}
    if result.issues:
        yield Ran(step["id"], result.issues[0].sentence, "bad")
    elif written:
        shown = ", ".join(dict.fromkeys(str(v) for _, v in written))
        yield Ran(step["id"], f"{to} is {shown[:160]}", "good")
    else:
        yield Ran(step["id"], f"{to} stays as it is: nothing to write")


def _small(place: str, each: str) -> str:
    """Where the value of a place stands in the step's own small result."""
    index = place.removeprefix(each).partition("]")[0] if each else ""
    return f"rows{index}].value" if each else "value"


def _moved(issue: Issue, each: str, last: str) -> Issue:
    """The issue at the place of the document it is about, not of the step's own small result."""
    place = last
    if each:
        index = issue.path.partition("[")[2].partition("]")[0]
        place = f"{each}[{index or 0}].{last}"
    plain = {f: getattr(issue, f) for f in issue.__slots__}
    return Issue(**{**plain, "path": place})


def _aggregate(
    kind: str, step: dict[str, Any], walked: Walked, around: Surroundings, kept: Collection[str]
) -> Iterator[Ran]:
    before = walked.document.get("lines")
    many = len(before) if isinstance(before, list) else 0
    walked.document, groups = combine_lines(walked.document, step.get("by") or [])
    if walked.used is not None and len(groups) != many:
        # What is one line now was several, each with codes of its own.
        walked.used = {p: u for p, u in walked.used.items() if not p.startswith("lines[")}
    if len(groups) == many:
        yield Ran(step["id"], f"nothing to combine in {many} line{'s' if many != 1 else ''}")
        return
    sums = walked.document.get("net_total")
    yield Ran(step["id"], f"{many} lines became {len(groups)}; the sum stays {sums}", "good")


def _rule(
    kind: str, step: dict[str, Any], walked: Walked, around: Surroundings, kept: Collection[str]
) -> Iterator[Ran]:
    found = list(rule_of(kind, step).run(walked.document, around.target))
    walked.issues += found
    if not found:
        yield Ran(step["id"], "holds", "good")
        return
    tone = "bad" if found[0].blocks else "warn"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    yield Ran(step["id"], found[0].sentence + more, tone)


_RUN = {
    "filter": _filter,
    "lookup": _value,
    "set": _value,
    "aggregate": _aggregate,
    "rule": _rule,
}


def plain_log(log: list[Ran]) -> list[dict[str, str]]:
    """The log for a JSON column."""
    return [asdict(ran) for ran in log]
