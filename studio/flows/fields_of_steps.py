"""What the form of each step says, as settings of the design; wrong values are refused in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from engine.canon.typed import typed, typed_number
from engine.errors import Audience, Severity
from engine.rules import RULES
from engine.runtime.schedule import DAYS
from studio.accounts.roles import OURS
from studio.flows import triggers
from studio.flows.comparing import POLICIES as POLICIES_OF_DIFFERENCES
from studio.flows.conditions import Line, Rows, choices, to_text
from studio.flows.files import WHAT
from studio.flows.notices import EVENTS

Settings = dict[str, Any]
Form = Mapping[str, Any]
POLICIES = {"ask": "ask a person", "create": "create it", "block": "stop the record"}
SAYS = {"key": "the key", "number": "the number", "entity": "the kind of document"}
# Rules about the books themselves are never softened; these are about habits and limits.
SOFT = (
    "credit",
    "references",
    "duplicate",
    "line_product",
    "target_totals",
    "lengths",
    "characters",
)
FACTS = ("reference", "gross", "tax", "date", "currency")
MOST_ROWS = 12
FEW_ROWS = 6
BOUNDS = {
    "first_seconds": (0.1, 3600, "The first pause"),
    "factor": (1, 10, "The growth"),
    "cap_seconds": (1, 86_400, "The longest pause"),
    "give_up_after": (1, 100, "The number of tries"),
}


def read_form(kind: str, held: Settings, form: Form, design: Settings) -> Settings:
    """The settings of one step after its form was sent.

    Args:
        kind: kind of the step.
        held: what it says now.
        form: the form's values; names that are absent stay as they are.
        design: the whole draft, of which some steps read or fill in more.

    Raises:
        ValidationError: a value cannot be used.
    """
    return _READ[kind](held, form, design)


def many(form: Form, name: str) -> list[str]:
    """All values of a field that may be given several times."""
    getlist = getattr(form, "getlist", None)
    found = getlist(name) if getlist else form.get(name, [])
    return [str(v) for v in ([found] if isinstance(found, str) else found) if str(v)]


def text(form: Form, name: str, held: Mapping[str, Any], most: int = 200) -> str:
    """A text of the form, what was held where the form does not have the field."""
    return str(form.get(name, held.get(name, ""))).strip()[:most]


def condition_of(form: Form, name: str, held: str, document: str, each: str = "") -> str:
    """The condition a form says: its text, or its rows.

    Raises:
        ValidationError: a value does not fit its field.
    """
    if form.get("mode") == "text" or f"{name}-field-0" not in form:
        return str(form.get(name, held)).strip()
    try:
        return to_text(rows_of(form, name), choices(document, each))
    except ValueError as error:
        raise ValidationError(str(error)) from error


def rows_of(form: Form, name: str) -> Rows:
    """The rows of a condition form, as they were sent."""
    lines = tuple(
        Line(
            str(form.get(f"{name}-field-{n}", "")),
            str(form.get(f"{name}-operator-{n}", "eq")),
            str(form.get(f"{name}-value-{n}", "")),
        )
        for n in range(MOST_ROWS)
        if f"{name}-field-{n}" in form
    )
    return Rows("OR" if form.get(f"{name}-join") == "OR" else "AND", lines)


def _labelled(held: Settings, form: Form, **more: Any) -> Settings:
    made = {**held, **more, "label": text(form, "label", held, 60)}
    if not made["label"]:
        del made["label"]
    return made


def _number(form: Form, name: str, held: Mapping[str, Any]) -> float | int:
    least, most, words = BOUNDS[name]
    said = text(form, name, held)
    try:
        value = float(said)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise ValidationError(
            _("%(words)s is a number from %(least)s to %(most)s, not “%(said)s”.")
            % {"words": words, "least": least, "most": most, "said": said}
        )
    return int(value) if value == int(value) else value


def _trigger(held: Settings, form: Form, design: Settings) -> Settings:
    trigger = dict(held["trigger"])
    trigger["kind"] = text(form, "kind", trigger) or "poll"
    if trigger["kind"] not in triggers.KINDS:
        raise ValidationError(_("There is no trigger “%(kind)s”.") % {"kind": trigger["kind"]})
    seconds = text(form, "every_seconds", trigger)
    if seconds:
        if not seconds.isdigit() or not 1 <= int(seconds) <= 86_400:
            raise ValidationError(_("The interval is a whole number of seconds from 1 to 86,400."))
        trigger["every_seconds"] = int(seconds)
    else:
        trigger.pop("every_seconds", None)
    if "at" in form:
        trigger["at"] = [
            t.strip() for t in str(form["at"]).replace(";", ",").split(",") if t.strip()
        ]
        trigger["days"] = [d for d in DAYS if d in many(form, "days")]
        trigger["zone"] = text(form, "zone", {})
    if trigger["kind"] == "schedule":
        try:
            triggers.schedule_of(trigger)
        except ValueError as error:
            raise ValidationError(str(error)) from error
    return {"trigger": {k: v for k, v in trigger.items() if v not in ("", [])}}


def _inbound(held: Settings, form: Form, design: Settings) -> Settings:
    return _pinned(held, form)


def _pinned(held: Settings, form: Form) -> Settings:
    """The number of the mapping version to use; the newest published one where none is chosen."""
    said = text(form, "mapping", held)
    made = {k: v for k, v in held.items() if k != "mapping"}
    return {**made, "mapping": int(said)} if said.isdigit() else made


def _filter(held: Settings, form: Form, design: Settings) -> Settings:
    when = condition_of(form, "when", str(held.get("when", "")), design["document"])
    return _labelled(held, form, when=when)


def _lookup(held: Settings, form: Form, design: Settings) -> Settings:
    side, _, table = text(
        form, "table", {"table": f"{held.get('side')}:{held['table']}"}
    ).partition(":")
    made = _labelled(
        held,
        form,
        table=table,
        side="source" if side == "source" else "target",
        field=text(form, "field", held),
        to=text(form, "to", held),
    )
    otherwise = text(form, "otherwise", held)
    return (
        {**made, "otherwise": otherwise}
        if otherwise
        else {k: v for k, v in made.items() if k != "otherwise"}
    )


def _set(held: Settings, form: Form, design: Settings) -> Settings:
    return _labelled(
        held, form, to=text(form, "to", held), **{"from": text(form, "from", held, 4000)}
    )


def _aggregate(held: Settings, form: Form, design: Settings) -> Settings:
    return _labelled(held, form, by=many(form, "by"))


def _rule(held: Settings, form: Form, design: Settings) -> Settings:
    each = "lines" if text(form, "each", held) == "lines" else ""
    severity = text(form, "severity", held) or Severity.BLOCK
    audience = text(form, "audience", held) or Audience.ACCOUNTANT
    if severity not in list(Severity) or audience not in list(Audience):
        raise ValidationError(_("Choose what a breach does and who is asked."))
    return _labelled(
        held,
        form,
        holds=condition_of(form, "holds", str(held.get("holds", "")), design["document"], each),
        each=each,
        severity=str(severity),
        audience=str(audience),
        sentence=text(form, "sentence", held),
        path=text(form, "path", held),
    )


def _branch(held: Settings, form: Form, design: Settings) -> Settings:
    when = condition_of(form, "when", str(held.get("when", "")), design["document"])
    entity = text(form, "entity", held)
    facts = {name: text(form, name, {}) for name in FACTS if name in form}
    if facts:
        kept = {**design.setdefault("entities", {}).get(entity, {}), **facts}
        design["entities"][entity] = {k: v for k, v in kept.items() if v}
    return _labelled(_pinned(held, form), form, when=when, entity=entity)


def _references(held: Settings, form: Form, design: Settings) -> Settings:
    plans = {k: dict(v) for k, v in held.get("references", {}).items()}
    for kind in text(form, "new_kind", {}).split():
        plans.setdefault(kind, {"policy": "ask"})
    for kind, plan in plans.items():
        said = text(form, f"policy-{kind}", {f"policy-{kind}": plan.get("policy", "ask")})
        if said not in POLICIES:
            raise ValidationError(
                _("For a missing %(kind)s choose: %(list)s.")
                % {"kind": kind, "list": ", ".join(POLICIES.values())}
            )
        plan["policy"] = said
    return {"references": plans}


def _check(held: Settings, form: Form, design: Settings) -> Settings:
    said = {code: text(form, f"rule-{code}", {f"rule-{code}": held.get(code, "")}) for code in SOFT}
    return {
        c: how
        for c, how in said.items()
        if how in ("off", Severity.WARN, Severity.BLOCK) and c in RULES
    }


def _deliver(held: Settings, form: Form, design: Settings) -> Settings:
    attach = text(form, "attach", held)
    if attach not in WHAT:
        raise ValidationError(_("Choose whether the source document is attached."))
    return {"attach": attach}


def _retry(held: Settings, form: Form, design: Settings) -> Settings:
    return {name: _number(form, name, held) for name in BOUNDS}


def _notify(held: Settings, form: Form, design: Settings) -> Settings:
    event, to = text(form, "on", held), text(form, "to", held)
    if form.get("addresses"):
        to = str(form["addresses"]).strip()[:200]
    if event not in EVENTS:
        raise ValidationError(_("Choose what people shall hear of."))
    if to not in OURS and not all("@" in a for a in to.split(",") if a.strip()):
        raise ValidationError(_("Choose a role, or write mail addresses with commas between them."))
    try:
        amount = typed_number(text(form, "at_least", held) or "0")
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return _labelled(held, form, on=event, to=to, at_least=typed(amount))


def _compares(held: Settings, form: Form, design: Settings) -> Settings:
    policy = text(form, "policy", held)
    if policy not in POLICIES_OF_DIFFERENCES:
        raise ValidationError(_("Choose what becomes of differences."))
    return {**held, "policy": policy}


def _write_back(held: Settings, form: Form, design: Settings) -> Settings:
    fields = {}
    for n in range(MOST_ROWS):
        path, says = text(form, f"path-{n}", {}), text(form, f"says-{n}", {})
        if path and says in SAYS:
            fields[path] = says
    told = any(f"path-{n}" in form for n in range(MOST_ROWS))
    return {
        **held,
        "entity": text(form, "entity", held),
        "fields": fields if told else held["fields"],
    }


_READ: dict[str, Callable[[Settings, Form, Settings], Settings]] = {
    "trigger": _trigger,
    "understand": _inbound,
    "filter": _filter,
    "lookup": _lookup,
    "set": _set,
    "aggregate": _aggregate,
    "rule": _rule,
    "branch": _branch,
    "references": _references,
    "check": _check,
    "deliver": _deliver,
    "retry": _retry,
    "notify": _notify,
    "write_back": _write_back,
    "compares": _compares,
}
