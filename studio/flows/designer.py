"""A flow as steps on a canvas: what each does in words, what a compile says, what it made of a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from studio.flows import triggers
from studio.flows.comparing import POLICIES as POLICIES_OF_DIFFERENCES
from studio.flows.comparing import is_comparing, writes
from studio.flows.conditions import in_words
from studio.flows.edits import Design, kind_of, normal
from studio.flows.fields_of_steps import POLICIES
from studio.flows.files import is_asked
from studio.flows.models import Flow
from studio.flows.problems import Found, Problem
from studio.flows.steps import Ran, is_open
from studio.flows.trial import Trial

TITLES = {
    "trigger": "Trigger", "understand": "Understand", "filter": "Filter", "lookup": "Look up",
    "set": "Calculate", "aggregate": "Combine lines", "rule": "Rule", "branch": "Branch",
    "references": "Resolve", "check": "Check", "deliver": "Deliver", "retry": "Try again",
    "write_back": "Write back", "notify": "Notify", "compares": "Compare",
}  # fmt: skip
ICONS = {
    "trigger": "bolt", "understand": "arrow-in", "filter": "filter", "lookup": "table", "set": "function",
    "aggregate": "merge", "rule": "rule", "branch": "branch", "references": "link", "check": "check",
    "deliver": "send", "retry": "retry", "write_back": "reply", "notify": "bell", "compares": "balance",
}  # fmt: skip
PALETTE = [
    ("filter", "Only records that meet a condition go on."),
    ("lookup", "Translate a code with a lookup table."),
    ("set", "Fill a field by a calculation."),
    ("aggregate", "Put lines together; sums stay the same."),
    ("rule", "What must hold, and what happens when it does not."),
    ("branch", "Another kind of document for some records."),
    ("retry", "How often and how patiently to try again."),
    ("notify", "Tell people by mail."),
    ("write_back", "Tell the source what became of its record."),
]
EVENTS = {
    "posted": "a record was posted",
    "held": "a record waits for a person",
    "gave_up": "it was tried often enough",
}
# Keys of a design that have no step of their own to edit; they are shown with what they say.
ALSO = {
    "on_change": "When it changes after posting",
    "on_delete": "When it disappears after posting",
    "keeps": "Keeps both sides equal",
    "owners": "Who owns which field",
    "batch": "Sent together",
}
AFTER = {
    "update": "Changes it there too.",
    "repost": "Takes it back there and posts it anew.",
    "deactivate": "Makes it inactive there.",
    "reverse": "Takes it back there by its opposite.",
    "ask": "A person is asked.",
}
ALONE = {"ask": "a person is asked", "leave": "nothing is done", "create": "one is created"}
OWN = {
    "newest": "whoever changed it last",
    "ask": "a person is asked",
    "apart": "each side keeps its own",
}


@dataclass(frozen=True, slots=True)
class Node:
    """One box of the canvas.

    Attributes:
        key: name of the step in the design.
        kind: which form it has.
        title: what it is.
        words: what it does, for people.
        group: list it can be moved in, or empty.
        place: (position, how many) in that list.
        problems: what a compile says about it.
        notes: remarks beside it.
        ran: what it did with the chosen record.
        lead: words above the box: the number of a branch.
    """

    key: str
    kind: str
    title: str
    words: str
    group: str = ""
    place: tuple[int, int] = (0, 1)
    problems: tuple[Problem, ...] = ()
    notes: int = 0
    ran: Ran | None = None
    lead: str = ""

    @property
    def icon(self) -> str:
        """Name of its icon."""
        return ICONS.get(self.kind, "bolt")

    @property
    def may_go_up(self) -> bool:
        """Whether something of its group stands before it."""
        return bool(self.group) and self.place[0] > 0

    @property
    def may_go_down(self) -> bool:
        """Whether something of its group stands after it."""
        return bool(self.group) and self.place[0] < self.place[1] - 1

    @property
    def removable(self) -> bool:
        """Whether the flow can do without it."""
        return bool(self.group or self.kind in ("retry", "write_back")) and not (
            self.group == "branches" and self.place[1] == 1
        )

    @property
    def tone(self) -> str:
        """Bad where publishing is refused, warn where something is to be known, else empty."""
        if any(p.refuses for p in self.problems):
            return "bad"
        return "warn" if self.problems else ""


@dataclass(frozen=True, slots=True)
class Canvas:
    """The steps in the order in which a record meets them; branches stand side by side."""

    before: list[Node] = field(default_factory=list)
    branches: list[Node] = field(default_factory=list)
    after: list[Node] = field(default_factory=list)

    @property
    def nodes(self) -> list[Node]:
        """All boxes in order."""
        return [*self.before, *self.branches, *self.after]

    def node(self, key: str) -> Node | None:
        """The box called ``key``."""
        return next((n for n in self.nodes if n.key == key), None)

    @property
    def lanes(self) -> list[tuple[int, Node]]:
        """Each branch with the middle of its lane; a lane is 100 wide."""
        return [(100 * n + 50, node) for n, node in enumerate(self.branches)]

    @property
    def width(self) -> int:
        """Width of all lanes together."""
        return 100 * len(self.branches)

    @property
    def middle(self) -> int:
        """Where the trunk runs."""
        return 50 * len(self.branches)


def canvas_of(flow: Flow, design: Mapping[str, Any], found: Found, trial: Trial) -> Canvas:
    """The canvas of a draft with what is known about each step."""
    made = normal(design)
    notes = dict(flow.notes.values_list("step").annotate(n=Count("id")))
    problems: dict[str, list[Problem]] = {}
    for problem in found.problems:
        problems.setdefault(problem.step, []).append(problem)

    def node(
        key: str, words: str, group: str = "", place: tuple[int, int] = (0, 1), **more: str
    ) -> Node:
        kind = kind_of(made, key)
        title = more.get("title") or TITLES.get(kind, kind.replace("_", " ").capitalize())
        said = (tuple(problems.get(key, ())), notes.get(key, 0), trial.ran.get(key))
        return Node(key, kind, title, words, group, place, *said, lead=more.get("lead", ""))

    def rows(name: str) -> list[tuple[dict[str, Any], tuple[int, int]]]:
        found_rows = made.get(name, [])
        return [(row, (n, len(found_rows))) for n, row in enumerate(found_rows)]

    before = [
        node("trigger", trigger_words(flow, made)),
        node("understand", _understood(flow, made)),
    ]
    before += [
        node(s["id"], step_words(s), "steps", p, title=s.get("label", "")) for s, p in rows("steps")
    ]
    if is_comparing(made):
        before.append(node("compares", _compared(flow, made["compares"])))
    branches = [
        node(
            b["id"],
            _branch(flow, b),
            "branches",
            p,
            title=b.get("label") or b["entity"],
            lead=_lead(b, p),
        )
        for b, p in rows("branches")
    ]
    after = [node("references", _references(made)), node("check", _checks(made))]
    after.append(node("deliver", _delivered(flow, made)))
    if made.get("retry"):
        after.append(node("retry", retry_words(made["retry"])))
    after += [
        node(key, _also(flow, key, made[key]), title=title)
        for key, title in ALSO.items()
        if made.get(key)
    ]
    if made.get("write_back") is not None:
        after.append(node("write_back", _written(flow, made["write_back"])))
    after += [
        node(n["id"], _told(n), "notify", p, title=n.get("label", "")) for n, p in rows("notify")
    ]
    return Canvas(before, branches, after)


def _compared(flow: Flow, plan: Mapping[str, Any]) -> str:
    """What a comparison reads at the target, and what becomes of differences."""
    policy = POLICIES_OF_DIFFERENCES.get(str(plan.get("policy")), "")
    return f"Compares with {plan.get('entity')} in {flow.target}. Differences: {policy}."


def _delivered(flow: Flow, design: Design) -> str:
    """How often something is posted, if anything is."""
    if not writes(design):
        return f"Posts nothing to {flow.target}."
    beside = " The source document goes beside it as PDF." if is_asked(design) else ""
    return f"Posts to {flow.target} once, whatever fails on the way.{beside}"


def trigger_words(flow: Flow, design: Design) -> str:
    """When the flow looks at its source."""
    trigger = design["trigger"]
    what = f"changed {trigger.get('entity')} in {flow.source}"
    match trigger.get("kind", "poll"):
        case "manual":
            return f"Looks for {what} only when somebody says so."
        case "webhook":
            often = triggers.seconds_between(trigger, heard=triggers.is_heard(flow.source))
            bell = triggers.doorbell(flow, trigger)
            by = f" by the notices of its {bell}" if bell else ""
            return f"Is told about {what}{by}; looks itself every {often} seconds."
        case "schedule":
            at, days = (
                ", ".join(trigger.get("at", [])),
                ", ".join(trigger.get("days", [])) or "every day",
            )
            return f"Looks for {what} at {at} ({days}, {trigger.get('zone') or 'UTC'})."
        case _:
            return f"Looks for {what} every {triggers.seconds_between(trigger)} seconds."


def step_words(step: Mapping[str, Any]) -> str:
    """What a document step does."""
    match step["kind"]:
        case "filter":
            return (
                "Lets everything pass."
                if is_open(step.get("when"))
                else f"Goes on only if {in_words(step['when'])}."
            )
        case "lookup":
            return f"{step.get('to') or '…'} from the table “{step.get('table') or '…'}” by {step.get('field') or '…'}."
        case "set":
            return f"{step.get('to') or '…'} is {step.get('from') or '…'}."
        case "aggregate":
            return f"Lines with equal {', '.join(step.get('by') or ['…'])} become one."
        case _:
            how = {"block": "stops", "warn": "warns", "info": "is noted"}.get(
                str(step.get("severity")), "stops"
            )
            return (
                f"{in_words(step.get('holds', '')) if step.get('holds') else '…'}; otherwise {how}."
            )


def retry_words(plan: Mapping[str, Any]) -> str:
    """The retry rule in one sentence."""
    return (
        f"First after {plan.get('first_seconds')} s, then {plan.get('factor')} times as long each time, at most "
        f"{plan.get('cap_seconds')} s; a person is asked after {plan.get('give_up_after')} tries."
    )


def _understood(flow: Flow, design: Design) -> str:
    number = design.get("understand", {}).get("mapping")
    made = f"Makes a canonical {str(design.get('document')).replace('_', ' ')} of it"
    if number:
        return f"{made} with version {number} of its mapping."
    return f"{made} with its mapping, in the version that is newest when the flow is published."


def _lead(branch: Mapping[str, Any], place: tuple[int, int]) -> str:
    if is_open(branch.get("when")):
        return "otherwise" if place[0] else "always"
    return "if" if place[0] == 0 else "else if"


def _branch(flow: Flow, branch: Mapping[str, Any]) -> str:
    when = "" if is_open(branch.get("when")) else f"{in_words(branch['when'])}: "
    which = f" (mapping version {branch['mapping']})" if branch.get("mapping") else ""
    return f"{when}becomes {branch['entity']} in {flow.target}{which}."


def _references(design: Design) -> str:
    said = [
        f"a missing {kind}: {POLICIES.get(str(plan.get('policy')), POLICIES['ask'])}"
        for kind, plan in design.get("references", {}).items()
    ]
    return (
        "Finds what the document refers to by approved links; "
        + (", ".join(said) or "nothing named")
        + "."
    )


def _checks(design: Design) -> str:
    softened = len(design.get("builtin", {}))
    more = f" {softened} of the built-in rules changed." if softened else ""
    return f"Rules of the books, period, totals and tax as the target will compute them.{more}"


def _written(flow: Flow, plan: Mapping[str, Any]) -> str:
    fields = ", ".join(plan.get("fields", {})) or "nothing yet"
    return f"Writes back to {flow.source}: {fields}."


def _told(rule: Mapping[str, Any]) -> str:
    least = str(rule.get("at_least") or "0")
    more = f", from {least} on" if least not in ("0", "0.00") else ""
    return f"Tells {rule.get('to')} when {EVENTS.get(str(rule.get('on')), '…')}{more}."


def _also(flow: Flow, key: str, value: Any) -> str:
    """What a setting that has no form means."""
    if key == "keeps":
        alone = ALONE.get(str(value.get("unlinked", "ask")), "a person is asked")
        first = "are aligned" if value.get("first") == "align" else "stay"
        return (
            f"Changes of each {value.get('kind')} go to both sides; for one that is linked to nothing {alone}. "
            f"Differences from before {first}."
        )
    if key == "owners":
        own = {"source": str(flow.source), "target": str(flow.target)} | OWN
        usual = str(value.get("entity", "source"))
        apart: dict[str, list[str]] = {}
        for path, owner in value.get("fields", {}).items():
            if owner != usual:
                apart.setdefault(str(owner), []).append(str(path).replace("_", " "))
        more = "".join(f"; {', '.join(paths)}: {own.get(o, o)}" for o, paths in apart.items())
        return f"{own.get(usual, usual)}{more}."
    return AFTER.get(str(value)) or _plainly(value)


def _plainly(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_plainly(v)}" for k, v in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
