"""What the panel of one step shows: its form, filled in, and what it makes of the chosen record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.canon.combine import ADDED, ALWAYS
from engine.canon.fields import canonical_schema
from engine.errors import MappingRefused
from engine.mapping import Context
from engine.rules import RULES
from engine.runtime.schedule import DAYS
from engine.schema.model import FieldType, Record
from studio.accounts.roles import OURS
from studio.catalog.schemas import schema_of
from studio.flows.checks import BECOMES
from studio.flows.comparing import POLICIES as POLICIES_OF_DIFFERENCES
from studio.flows.conditions import (
    JOINS,
    OPERATORS,
    Choice,
    Line,
    Rows,
    choices,
    to_rows,
    to_text,
)
from studio.flows.designer import EVENTS, TITLES, Node
from studio.flows.edits import Design, normal, part, place
from studio.flows.fields_of_steps import (
    FACTS,
    FEW_ROWS,
    MOST_ROWS,
    POLICIES,
    SAYS,
    SOFT,
    rows_of,
)
from studio.flows.files import WHAT
from studio.flows.models import Flow
from studio.flows.problems import Found, entities_without_files
from studio.flows.steps import compile_condition, rule_of
from studio.flows.trial import try_out
from studio.mapping.models import LookupTable
from studio.mapping.models import Mapping as FieldMapping

KINDS_OF_REFERENCES = ("customer", "supplier", "item", "account", "tax_code", "term", "invoice")
BREACHES = {"block": "stop the record", "warn": "only warn", "info": "only note it"}
STARTS = {
    "poll": "ask regularly",
    "webhook": "be told by the source",
    "schedule": "at times of the day",
    "manual": "by hand only",
}
CHECKS = {"": "as usual", "warn": "only warn", "off": "leave out"}


@dataclass(frozen=True, slots=True)
class ConditionForm:
    """A condition as the form shows it, with what it says about the chosen record."""

    name: str
    text: str
    as_text: bool
    join: str
    lines: list[tuple[int, Line]]
    known: list[Choice]
    results: list[str] = field(default_factory=list)
    verdict: str = ""
    tone: str = ""
    fault: str = ""

    operators = OPERATORS
    joins = JOINS


def panel_of(flow: Flow, design: Mapping[str, Any], node: Node) -> dict[str, Any]:
    """Everything the form of a step needs, by the kind of the step."""
    made = normal(design)
    bare = node.kind in ("references", "check", "deliver") or node.kind not in TITLES
    held: dict[str, Any] = {} if bare else part(made, node.key)
    more = _SHOWN.get(node.kind)
    return {"held": held, **(more(flow, made, held) if more else {})}


def _trigger(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    days = [(day, day in held.get("days", [])) for day in DAYS]
    return {"starts": STARTS, "days": days, "at": ", ".join(held.get("at", []))}


def _understand(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    entity = str(made["trigger"]["entity"])
    return {"versions": _versions(flow.source_id, "inbound", entity, made["document"])}


def _lookup(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    sides = {flow.source_id: "source", flow.target_id: "target"}
    tables = LookupTable.objects.filter(connection__in=list(sides)).select_related("connection")
    fields = _fields(made["document"])
    return {
        "tables": [(f"{sides[t.connection_id]}:{t.name}", str(t)) for t in tables],
        "table": f"{held.get('side', 'target')}:{held.get('table', '')}",
        "fields": [f.path for f in fields],
        "texts": [f.path for f in fields if f.type is FieldType.STRING],
    }


def _set(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    return {"fields": [f.path for f in _fields(made["document"])]}


def _aggregate(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    paths = [f.path for f in _fields(made["document"])]
    names = [p.removeprefix("lines[].") for p in paths if p.startswith("lines[].")]
    return {"lines": [n for n in names if n not in ("number", *ADDED, *ALWAYS)]}


def _rule(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    paths = [f.path for f in _fields(made["document"]) if "[]" not in f.path]
    return {"breaches": BREACHES, "paths": paths}


def _references(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    plans = made.get("references", {})
    more = [k for k in KINDS_OF_REFERENCES if k not in plans]
    return {"plans": plans, "policies": POLICIES, "more": more}


def _check(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    chosen = made.get("builtin", {})
    kind = BECOMES.get(made["document"], made["document"])
    rules = [r for r in RULES.values() if kind in r.kinds]
    return {
        "fixed": [r.title for r in rules if r.code not in SOFT],
        "soft": [(r.code, r.title, chosen.get(r.code, "")) for r in rules if r.code in SOFT],
        "checks": CHECKS,
    }


def _deliver(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "attach": made.get("attach", ""),
        "what": WHAT,
        "without": entities_without_files(flow, made),
    }


def _notify(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    return {"events": EVENTS, "roles": OURS}


def _compares(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    return {"policies": POLICIES_OF_DIFFERENCES}


def _write_back(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    rows = list(enumerate([*held.get("fields", {}).items(), ("", "key")]))
    paths = _paths(flow.source.snapshots.first(), str(held.get("entity", "")), writable=True)
    return {"says": SAYS, "rows": rows[:MOST_ROWS], "paths": paths}


def _fields(document: str) -> list[Any]:
    entity = canonical_schema().entity(document)
    unsuited = (FieldType.ARRAY, FieldType.OBJECT)
    return [f for f in entity.fields if f.type not in unsuited] if entity else []


def _versions(
    connection_id: int, direction: str, entity: str, document: str
) -> list[tuple[int, str]]:
    mapping = FieldMapping.objects.filter(
        connection_id=connection_id, direction=direction, entity=entity, document=document
    ).first()
    rows = mapping.versions.all()[:20] if mapping else []
    return [
        (v.number, f"version {v.number}, {v.get_state_display().lower()}, by {v.published_by}")
        for v in rows
    ]


def _branch(flow: Flow, made: Design, held: Mapping[str, Any]) -> dict[str, Any]:
    entity = str(held.get("entity", ""))
    outbound = FieldMapping.objects.filter(
        connection_id=flow.target_id, direction="outbound", document=made["document"]
    ).values_list("entity", flat=True)
    facts = made.get("entities", {}).get(entity, {})
    words = {
        "reference": "Number",
        "gross": "Total with tax",
        "tax": "Tax",
        "date": "Date",
        "currency": "Currency",
    }
    return {
        "entities": sorted({*outbound, entity}),
        "versions": _versions(flow.target_id, "outbound", entity, made["document"]),
        "facts": [(name, words[name], facts.get(name, "")) for name in FACTS],
        "paths": _paths(flow.target.snapshots.first(), entity),
        "place": place(made, str(held.get("id")))[1] + 1,
    }


def _paths(snapshot: Any, entity: str, *, writable: bool = False) -> list[str]:
    found = schema_of(snapshot).entity(entity) if snapshot else None
    return [f.path for f in found.fields if not (writable and f.read_only)][:400] if found else []


_SHOWN: dict[str, Callable[[Flow, Design, Mapping[str, Any]], dict[str, Any]]] = {
    "trigger": _trigger,
    "understand": _understand,
    "lookup": _lookup,
    "set": _set,
    "aggregate": _aggregate,
    "rule": _rule,
    "branch": _branch,
    "references": _references,
    "check": _check,
    "deliver": _deliver,
    "notify": _notify,
    "write_back": _write_back,
    "compares": _compares,
}


def document_before(
    flow: Flow, design: Mapping[str, Any], found: Found, record: str, key: str
) -> Record:
    """The canonical document of the chosen record as the step meets it; empty where it cannot be made."""
    made = normal(design)
    name, position = place(made, key)
    if name == "steps":
        made["steps"] = [s for s in made["steps"][:position] if s["kind"] != "filter"]
    outcome = try_out(flow, made, found, record).outcome
    return outcome.document if outcome else {}


def condition_form(
    name: str, held: Mapping[str, Any], document: str, said: Mapping[str, Any] | None = None
) -> ConditionForm:
    """The condition of a step as a form.

    Args:
        name: key of the condition in the step's settings.
        held: the step's settings.
        document: canonical kind.
        said: what was typed and is not saved yet.
    """
    each = str(
        said.get("each", "") if said is not None and "each" in said else held.get("each", "")
    )
    known = choices(document, "lines" if each else "")
    text = str(held.get(name, ""))
    rows, fault = to_rows(text), ""
    wants_text = bool(said and said.get("mode") == "text")
    if said is not None and f"{name}-field-0" in said and not wants_text:
        rows = rows_of(said, name)
        try:
            text = to_text(rows, known)
        except ValueError as error:
            fault = str(error)
    elif said is not None:
        text = str(said.get(name, text))
        rows = to_rows(text)
    as_text = wants_text or rows is None
    filled = [line for line in (rows or Rows()).lines if line.field]
    empty = [Line()] * max(1, FEW_ROWS - len(filled))
    lines = list(enumerate([*filled, *empty]))[:MOST_ROWS]
    return ConditionForm(name, text, as_text, (rows or Rows()).join, lines, known, fault=fault)


def judged(
    form: ConditionForm, document: str, step: Mapping[str, Any], record: Record
) -> ConditionForm:
    """The form with what the compiler says of it and what it gives on a record."""
    if form.fault or not form.text:
        return form
    each = str(step.get("each", ""))
    try:
        if form.name == "holds":
            rule = rule_of(document, {**step, "holds": form.text})
            breaches = [i.sentence for i in rule.run(record, Context())] if record else []
            verdict = (
                (
                    "The rule is met."
                    if not breaches
                    else f"The rule is broken {len(breaches)} time(s)."
                )
                if record
                else ""
            )
            holds = not breaches
        else:
            whole = compile_condition(document, form.text)
            holds = bool(whole.apply(record, Context()).record.get("value")) if record else False
            verdict = (
                ("The condition holds." if holds else "The condition does not hold.")
                if record
                else ""
            )
    except MappingRefused as refusal:
        return _with(form, fault=" ".join(p.partition(": ")[2] or p for p in refusal.problems))
    results = (
        []
        if each or not record
        else [_one(line, form, document, record) for _, line in form.lines if line.field]
    )
    return _with(form, verdict=verdict, tone="good" if holds else "warn", results=results)


def _with(form: ConditionForm, **changes: Any) -> ConditionForm:
    plain = {name: getattr(form, name) for name in form.__dataclass_fields__}
    return ConditionForm(**{**plain, **changes})


def _one(line: Line, form: ConditionForm, document: str, record: Record) -> str:
    text = to_text(Rows("AND", (line,)), form.known)
    holds = compile_condition(document, text).apply(record, Context()).record.get("value")
    here: Any = record
    for name in line.field.split("."):
        here = here.get(name) if isinstance(here, dict) else None
    shown = "empty" if here in (None, "") else f"“{here}”"
    return f"{line.field.replace('_', ' ')} is {shown}: {'holds' if holds else 'does not hold'}"
