"""A draft tried on a real record while it is edited: nothing is sent, nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Q

from connectors.http.jsontext import dump
from engine.errors import MappingRefused
from studio.catalog.models import Sample
from studio.flows.bundle import Bundle, Contexts, Sides, bundle_of
from studio.flows.edits import Design, kind_of, normal
from studio.flows.evidence import flat
from studio.flows.models import Flow, FlowVersion, InboxItem
from studio.flows.problems import Found, Problem
from studio.flows.steps import Ran
from studio.flows.work import Outcome, decide
from studio.linking.models import Link
from studio.triage.models import OPEN_STATES, Case

RECORDS = 15
_CONTEXTS: dict[int, Contexts] = {}


@dataclass(frozen=True, slots=True)
class RecordChoice:
    """A real record that a draft can be tried on."""

    key: str
    label: str


@dataclass(slots=True)
class Trial:
    """What the draft makes of a record.

    Attributes:
        label: the record.
        key: its key among the choices.
        trouble: why it could not be tried, or empty.
        outcome: what it would become.
        ran: step key -> what the step did.
        left_out: steps that cannot run yet and were left out.
    """

    label: str = ""
    key: str = ""
    trouble: str = ""
    outcome: Outcome | None = None
    ran: dict[str, Ran] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def document(self) -> list[tuple[str, Any]]:
        """The canonical document after the steps, flat."""
        return list(flat(self.outcome.document))[:80] if self.outcome else []

    @property
    def payload(self) -> list[tuple[str, Any]]:
        """What would be sent, flat."""
        return list(flat(self.outcome.payload))[:80] if self.outcome else []


def choice_key(item: InboxItem) -> str:
    """The key of a record that came in among the choices."""
    return f"inbox-{item.pk}"


def records_of(flow: Flow, entity: str, wanted: str = "") -> list[RecordChoice]:
    """The newest records that came in, then samples of the source; every one is real, and there once.

    A record that changed came in several times: its last change stands for it. The one that is wanted
    stands first where it is not among those.
    """
    items = InboxItem.objects.filter(flow=flow, entity=entity).defer("payload", "canonical", "log")
    came = items.order_by().values("key").annotate(last=Max("pk")).order_by("-last")[:RECORDS]
    newest = list(items.filter(pk__in=[c["last"] for c in came]).order_by("-pk"))
    kind, _, number = wanted.partition("-")
    chosen = items.filter(pk=int(number)).first() if kind == "inbox" and number.isdigit() else None
    if chosen is not None and chosen not in newest:
        newest = [chosen, *(i for i in newest if i.key != chosen.key)]
    found = [RecordChoice(choice_key(i), i.label) for i in newest]
    samples = Sample.objects.filter(connection_id=flow.source_id, entity=entity).order_by("pk")
    # What came in is no sample any more, however long ago that was.
    unseen = samples.exclude(key__in=items.order_by().values("key"))[:RECORDS]
    return found + [RecordChoice(f"sample-{s.pk}", f"{s.entity} {s.key}") for s in unseen]


def record_of(flow: Flow, key: str) -> InboxItem | None:
    """The chosen record as an unsaved inbox item; None where it is not there any more."""
    kind, _, number = key.partition("-")
    if not number.isdigit():
        return None
    if kind == "inbox":
        item = InboxItem.objects.filter(flow=flow, pk=int(number)).first()
        if item is not None:
            item.flow, item.overrides = flow, {}
        return item
    sample = Sample.objects.filter(connection_id=flow.source_id, pk=int(number)).first()
    if sample is None:
        return None
    body = dump({"deleted": False, "data": sample.data}).decode()
    label = f"{sample.entity} {sample.key}"
    return InboxItem(flow=flow, entity=sample.entity, key=sample.key, payload=body, label=label)


def case_of(flow: Flow, key: str) -> Case | None:
    """The open case of a chosen record, so that who came from it finds the way back."""
    item = record_of(flow, key) if key.startswith("inbox-") else None
    subject = f"inbox:{item.uuid}" if item is not None else ""
    return Case.objects.filter(subject=subject, state__in=OPEN_STATES).first() if subject else None


def try_out(flow: Flow, design: Design, found: Found, key: str) -> Trial:
    """Run the draft on a record; steps that cannot run yet are left out and named."""
    item = record_of(flow, key)
    if item is None:
        return Trial(trouble="Choose a record to see what each step makes of it.")
    trial = Trial(label=item.label, key=key)
    whole, trial.left_out = _runnable(design, found.problems)
    try:
        bundle = bundle_of(FlowVersion(flow=flow, content=_content(whole, found)))
        outcome = decide(item, bundle, sides_of(flow))
    except (MappingRefused, LookupError, KeyError) as error:
        said = " ".join(error.problems) if isinstance(error, MappingRefused) else ""
        trial.trouble = said or "Mend what is marked first; then the record can be tried."
        return trial
    trial.outcome = outcome
    trial.ran = {ran.step: ran for ran in outcome.log}
    trial.ran |= _around(bundle, outcome)
    sent = trial.ran.get("deliver")
    if "keeps" in whole and sent is not None and sent.tone == "good":
        trial.ran["deliver"] = _kept(flow, item, whole, outcome)
    return trial


def _kept(flow: Flow, item: InboxItem, design: Design, outcome: Outcome) -> Ran:
    """What becomes of a record that both sides keep: it goes to its counterpart, if it has one."""
    forth = Q(
        left_connection=flow.source_id,
        left_code=outcome.business_key,
        right_connection=flow.target_id,
    )
    back = Q(left_connection=flow.target_id, right_connection=flow.source_id, right_key=item.key)
    linked = Link.objects.filter(forth | back, kind=design["keeps"]["kind"], active=True).exists()
    if linked:
        return Ran("deliver", f"is kept equal with its counterpart in {flow.target}", "good")
    alone = str(design["keeps"].get("unlinked", "ask"))
    words, tone = {
        "create": ("it is compared, then created", "good"),
        "leave": ("it is left alone", "warn"),
    }.get(alone, ("it waits for a person", "bad"))
    return Ran("deliver", f"is linked to nothing in {flow.target} yet: {words}", tone)


def sides_of(flow: Flow) -> Sides:
    """Tables and links as of now, read again only when somebody changed one."""
    if flow.pk not in _CONTEXTS:
        if len(_CONTEXTS) > RECORDS:
            _CONTEXTS.clear()
        _CONTEXTS[flow.pk] = Contexts(flow)
    return _CONTEXTS[flow.pk].now()


def _runnable(design: Design, problems: Iterable[Problem]) -> tuple[Design, list[str]]:
    broken = {p.step for p in problems if p.refuses}
    made = normal(design)
    out = [s["id"] for s in made["steps"] if s["id"] in broken]
    made["steps"] = [s for s in made["steps"] if s["id"] not in broken]
    branches = [b for b in made["branches"] if b["id"] not in broken]
    out += [b["id"] for b in made["branches"] if b["id"] in broken]
    made["branches"] = branches
    return made, out


def _content(design: Design, found: Found) -> dict[str, Any]:
    if found.inbound is None or not design["branches"]:
        raise LookupError("no mapping")
    used = {b["entity"] for b in design["branches"]}
    return {
        "design": design,
        "inbound": {"version": found.inbound.pk},
        "outbound": {e: {"version": v.pk} for e, v in found.outbound.items() if e in used},
    }


def _around(bundle: Bundle, outcome: Outcome) -> dict[str, Ran]:
    """What the fixed steps did, from the outcome."""
    ran: dict[str, Ran] = {}
    fields = len(list(flat(outcome.document)))
    ran["understand"] = Ran("understand", f"{fields} values understood", "good")
    for branch in bundle.design["branches"]:
        if branch["entity"] == outcome.entity and outcome.state != "filtered":
            ran.setdefault(branch["id"], Ran(branch["id"], f"becomes {outcome.entity}", "good"))
            break
    if outcome.state == "filtered":
        return ran
    links = [i for i in outcome.issues if i.evidence.get("kind") == "link"]
    own = {s["id"] for s in bundle.steps if kind_of(bundle.design, s["id"]) == "rule"}
    others = [
        i for i in outcome.issues if i not in links and i.code.removeprefix("rule.") not in own
    ]
    ran["references"] = _said("references", links, "everything it refers to is linked")
    ran["check"] = _said("check", others, "nothing to object to")
    blocked = any(i.blocks for i in outcome.issues)
    words = "would wait for a person" if blocked else f"would be posted as {outcome.entity}"
    ran["deliver"] = Ran("deliver", words, "bad" if blocked else "good")
    return ran


def _said(step: str, issues: list[Any], otherwise: str) -> Ran:
    if not issues:
        return Ran(step, otherwise, "good")
    more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
    return Ran(step, issues[0].sentence + more, "bad" if issues[0].blocks else "warn")
