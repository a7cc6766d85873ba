"""One inbox item through map, route, check and resolve, ending in a delivery row or a case.

Everything is decided in memory first; then one short transaction writes all of it. A worker that
dies before the transaction leaves the item as it was; after it, everything is there.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError as BadDocument

from connectors.http.jsontext import load
from engine.canon.model import DOCUMENTS
from engine.canon.money import spoken
from engine.canon.totals import complete, sums_of
from engine.errors import Audience, CaseClass
from engine.issue import Issue
from engine.mapping import Result
from engine.mapping.context import Used
from engine.runtime.idempotency import content_hash
from engine.schema.model import Record
from studio.core.dispatch import nudge
from studio.flows.approval import approval_of
from studio.flows.bundle import Bundle, Sides
from studio.flows.checks import preflight
from studio.flows.comparing import ALONE, adjusts, is_comparing
from studio.flows.control import against_control
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.notices import tell
from studio.flows.parties import ask_for_party
from studio.flows.places import assign
from studio.flows.posting import load_plain, new_post, replaced, store
from studio.flows.reversal import STEPS as TAKE_BACK
from studio.flows.reversal import (
    asked_back,
    living_of,
    posts_of,
    take_back,
    taken_back_of,
    way_back,
)
from studio.flows.settling import HOLD, apply_payment
from studio.flows.steps import Ran, Surroundings, Walked, plain_log, unmet, walk
from studio.flows.tracing import traced
from studio.flows.versions import others, replaced_by_newer, settle_older, withdraw
from studio.linking.models import Party
from studio.mapping.models import LookupTable, ValueProposal
from studio.triage.actions import Trouble, close_cases, open_case

# A record that is being sent right now is looked at again after this pause.
AGAIN_SECONDS = 5
# What people call a record of a canonical kind.
NAMES = {
    "sales_order": "Order",
    "journal": "Journal",
    "credit_note": "Credit note",
    "bill": "Supplier invoice",
    "stock_level": "Adjustment",
}
# How the reason begins why a record takes no branch.
NO_BRANCH = "meets the condition of no branch"
# Prefixes of an override that answers a question instead of setting a value: an issue that is accepted
# by its code, the side whose value of a field is kept, which record of the target a code means in this document.
ACCEPTED = "accept:"
LEFT_OUT = "left-the-flow"
KEEP = "keep:"
MEANT = "meant:"
ANSWERS = (ACCEPTED, KEEP, HOLD, MEANT)
# Why cases end once a record is decided; whether the target takes it is not known yet.
FREE = "Nothing holds the record up any more."


@dataclass(slots=True)
class Outcome:
    """What one item became, before anything is written."""

    state: str
    why: str = ""
    document: Record = field(default_factory=dict)
    business_key: str = ""
    entity: str = ""
    payload: Record = field(default_factory=dict)
    trace: dict[str, Any] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    waits_for: list[tuple[str, str]] = field(default_factory=list)
    log: list[Ran] = field(default_factory=list)
    read_at: datetime | None = None
    basis: dict[str, Any] = field(default_factory=dict)


def decide(item: InboxItem, bundle: Bundle, sides: Sides) -> Outcome:
    """What becomes of the item; writes nothing, and reads only what a payment would settle."""
    stored, sides = load(item.payload), _with_answers(item, sides)
    inbound, walked = _understood(item, stored, bundle, sides)
    route = bundle.route.apply(walked.document, sides.inbound)
    found = Outcome("done", document=walked.document, log=walked.log, read_at=sides.read_at)
    found.business_key = str(route.record.get("business_key") or item.key)
    found.entity = str(route.record.get("entity") or "")
    found.basis = stored.get("basis", {})
    if is_comparing(bundle.design) and not (found.basis and adjusts(bundle.design)):
        return replace(found, state="filtered", why=ALONE)
    if stored["deleted"]:
        return replace(found, state="deleted")
    if walked.stopped:
        return replace(found, state="filtered", why=walked.stopped)
    if not found.entity:
        return replace(found, state="filtered", why=_no_branch(found.document, bundle, sides))
    found.log.append(Ran(f"branch:{found.entity}", f"becomes {found.entity}", "good"))
    found.issues = [i for i in inbound.issues if i.path not in item.overrides]
    found.issues += [*walked.issues, *_shape(bundle.document, found.document)]
    found.issues += against_control(item.control, found.document)
    return _completed(found, item, bundle, sides)


def _with_answers(item: InboxItem, sides: Sides) -> Sides:
    """With what people said a code means in this record; nothing is sent for one that is to mean nothing."""
    meant: dict[str, dict[str, str]] = {}
    for path, key in item.overrides.items():
        if path.startswith(MEANT):
            kind, _colon, code = path.removeprefix(MEANT).partition(":")
            meant.setdefault(kind, {})[code] = str(key)
    if not meant:
        return sides
    links = sides.outbound.links
    known = {kind: _over(said, links.get(kind, {})) for kind, said in meant.items()}
    return replace(sides, outbound=replace(sides.outbound, links=_over(known, links)))


def _over(said: dict[str, Any], links: Mapping[str, Any]) -> Mapping[str, Any]:
    # Only ever read: the links of documents are asked one by one and cannot be copied.
    return ChainMap(said, cast("dict[str, Any]", links))


def as_read(item: InboxItem, bundle: Bundle, sides: Sides) -> Record:
    """What the source itself says of a record, in our own words: nothing of it was set by hand."""
    read = bundle.inbound.apply(load(item.payload)["data"], sides.inbound)
    return complete(dict(read.record), bundle.document)


def _understood(
    item: InboxItem, stored: dict[str, Any], bundle: Bundle, sides: Sides, *, tracing: bool = False
) -> tuple[Result, Walked]:
    """The record in our own words, and what the steps of the flow made of it."""
    inbound = bundle.inbound.apply(stored["data"], sides.inbound, trace=tracing)
    document = complete(dict(inbound.record), bundle.document)
    # What a comparison found out besides: the number of the adjustment and how much it is about.
    document |= stored.get("compared", {})
    for path, value in item.overrides.items():
        if not path.startswith(ANSWERS):
            assign(document, path, value)
    around = Surroundings(sides.inbound, sides.outbound)
    used = {t.target: t.used for t in inbound.trace or ()} if tracing else None
    return inbound, walk(bundle.document, bundle.steps, document, around, item.overrides, used)


def set_by_hand(item: InboxItem) -> bool:
    """Whether a person gave a value of the record; answers to questions are none."""
    return any(not path.startswith(ANSWERS) for path in item.overrides)


def looked_up(item: InboxItem, bundle: Bundle, sides: Sides) -> dict[str, tuple[Used, ...]]:
    """What was looked up for the values of the document, however deep in an expression, by place."""
    _inbound, walked = _understood(item, load(item.payload), bundle, sides, tracing=True)
    return {place: used for place, used in (walked.used or {}).items() if used}


def _no_branch(document: Record, bundle: Bundle, sides: Sides) -> str:
    """Why a record takes none of the branches, branch by branch."""
    missed = (
        f"“{branch.get('label') or branch['entity']}” "
        + unmet(bundle.document, branch["when"], document, sides.inbound)
        for branch in bundle.design["branches"]
    )
    return f"{NO_BRANCH}: {', '.join(missed)}"


def _completed(found: Outcome, item: InboxItem, bundle: Bundle, sides: Sides) -> Outcome:
    """The document settled, mapped to the target and checked; parked where a question is open."""
    if sides.open_items is not None:
        found.document, found.issues = apply_payment(
            found.document, found.issues, item.overrides, sides.open_items, found.business_key
        )
    found.issues = _unanswered(item, found.issues)
    if any(i.blocks for i in found.issues):
        return replace(found, state="parked")
    if "keeps" in bundle.design:
        # What is said to the other side depends on what it says itself; see upkeep.
        return found
    found = _outbound(found, bundle, sides)
    found.issues = _unanswered(item, found.issues)
    if not any(i.blocks for i in found.issues) and not found.waits_for:
        found.issues += _unanswered(
            item, approval_of(item, bundle.design, found.document, found.business_key)
        )
    if any(i.blocks for i in found.issues):
        found.state = "parked"
    elif found.waits_for:
        found.state = "waiting"
    return found


def _unanswered(item: InboxItem, issues: list[Issue]) -> list[Issue]:
    """Without what a person answered for with a reason: the rule stays, this record passes."""
    return [i for i in issues if ACCEPTED + i.code not in item.overrides]


def _outbound(found: Outcome, bundle: Bundle, sides: Sides) -> Outcome:
    policies: dict[str, Any] = bundle.design.get("references", {})
    result: Result = bundle.outbound[found.entity].apply(found.document, sides.outbound, trace=True)
    found.waits_for = [
        (n.kind, n.code)
        for n in result.needs
        if policies.get(n.kind, {}).get("policy") == "create" or (n.kind, n.code) in sides.creations
    ]
    found.issues += [i for i in result.issues if _linked_to(i) not in found.waits_for]
    found.payload = dict(result.record)
    found.trace = traced(result)
    checked = preflight(bundle, found.document, found.payload, sides.outbound, sides.known)
    found.payload = checked.payload
    found.issues += checked.issues
    return found


def _linked_to(issue: Issue) -> tuple[str, str] | None:
    """The (kind, code) whose link an issue misses."""
    if issue.evidence.get("kind") != "link":
        return None
    return str(issue.evidence.get("table")), str(issue.evidence.get("code"))


def _shape(kind: str, document: Record) -> list[Issue]:
    """Faults of the canonical document's shape as issues."""
    try:
        DOCUMENTS[kind].model_validate(document)
    except BadDocument as error:
        return [
            Issue(
                code="document-shape",
                path=".".join(str(p) for p in fault["loc"]),
                sentence=f"{'.'.join(str(p) for p in fault['loc'])}: {fault['msg']}.",
                audience=Audience.INTEGRATOR,
            )
            for fault in error.errors()[:10]
        ]
    return []


def money(document: Record, name: str) -> Decimal:
    """An amount of the document, zero where it has none."""
    value = document.get(name)
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


# What a worker finds out about an item.
DECIDED = (
    *("state", "why", "lease_until", "waiting_on", "not_before", "label", "party", "amount", "net"),
    *("tax", "currency", "document_on", "canonical", "log", "updated_at"),
)

Conclude = Callable[[InboxItem, Bundle, Sides, Outcome], None]


def write_down(
    item: InboxItem, bundle: Bundle, sides: Sides, found: Outcome, conclude: Conclude | None = None
) -> str:
    """Write what was decided about a claimed item; returns the item's new state.

    Args:
        item: claimed by this worker.
        bundle: the version it was decided by.
        sides: what the mappings might read.
        found: what was decided.
        conclude: writes what follows from a record without faults; None means that it is posted.
    """
    token = item.claimed_by
    # No savepoint: inside a rehearsal's transaction a fault ends the whole chunk anyway.
    with transaction.atomic(savepoint=False):
        # An update, not a look: it holds the row until the commit, so nobody takes it over meanwhile.
        mine = InboxItem.objects.filter(pk=item.pk, state="working", claimed_by=token)
        if not mine.update(lease_until=F("lease_until")):
            return "taken over"
        describe(item, found, bundle.document)
        known = others(item)
        if replaced_by_newer(item, known):
            finish(item, "unchanged", "a newer version of this record was read")
            return item.state
        settle_older(item, known)
        if found.state == "parked":
            park(item, found.issues)
        elif conclude is not None:
            conclude(item, bundle, sides, found)
        else:
            _conclude(item, bundle, found)
        if item.state == "parked":
            tell(item.flow, bundle.design, "held", item, f"{item.label}: {item.why}")
    return item.state


def _conclude(item: InboxItem, bundle: Bundle, found: Outcome) -> None:
    """What follows from a record without faults: its posting, a wait, or a look at what is posted."""
    match found.state:
        case "waiting":
            _wait(item, bundle, found)
        case "deleted":
            _gone(item, bundle, found, "deleted-at-source", "was deleted")
        case "filtered":
            _gone(item, bundle, found, LEFT_OUT, "no longer meets the flow's filter")
        case _:
            _hand_over(item, bundle, found)


def describe(item: InboxItem, found: Outcome, kind: str) -> None:
    """Put on the item what its document says about itself."""
    document = found.document
    number = found.business_key or item.key
    party = str(document.get("party_name") or document.get("party") or "")
    item.label = f"{NAMES.get(kind, item.entity)} {number.replace('|', ' · ')}"
    item.party = party[:120]
    sums = sums_of(document, kind)
    item.amount, item.net, item.tax = sums.gross, sums.net, sums.tax
    item.currency = str(document.get("currency") or "")[:3]
    said = document.get("date")
    item.document_on = date.fromisoformat(str(said)[:10]) if said else None
    item.canonical = load_plain(document)
    item.log = plain_log(found.log)


def end(item: InboxItem, state: str, why: str = "") -> None:
    """What the row says once the item's turn is over; stores nothing."""
    item.state, item.why, item.lease_until, item.waiting_on = state, why[:300], None, ""


def finish(item: InboxItem, state: str, why: str = "") -> None:
    """End the item's turn in a state; what went through closes its cases."""
    end(item, state, why)
    # What was read is not written again, nor what a person may have said meanwhile.
    item.save(update_fields=DECIDED)
    if state in ("done", "unchanged", "filtered"):
        left_out = state == "filtered"
        close_cases(
            f"inbox:{item.uuid}",
            # Nothing was fixed: what is left out stands in no books.
            state="void" if left_out else "auto_closed",
            reason=f"Not posted: it {item.why}." if left_out else FREE,
            by="machine",
        )


def trouble_of(item: InboxItem, issue: Issue) -> Trouble:
    """The issue as a case about this item; equal causes have equal keys."""
    flow = item.flow
    evidence = {k: str(v) if isinstance(v, Decimal) else v for k, v in issue.evidence.items()}
    if {"kind", "table", "code"} <= evidence.keys():
        cause = f"{flow.target.uuid}:{evidence['kind']}:{evidence['table']}:{evidence['code']}"
        label = sentence = _said(item, issue)
    else:
        sentence = issue.sentence
        place = re.sub(r"\[\d+\]", "[]", issue.path)
        detail = str(evidence.get("cause", ""))
        cause, label = f"{flow.key}:{issue.code}:{place}:{detail}", issue.sentence
    return Trouble(
        subject=f"inbox:{item.uuid}",
        code=issue.code,
        case_class=str(issue.case_class),
        audience=str(issue.audience),
        severity=str(issue.severity),
        sentence=sentence,
        cause=cause,
        cause_label=label,
        record_label=item.label,
        field=issue.path,
        flow_key=flow.key,
        flow_label=flow.name,
        evidence={**evidence, "party": item.party},
        amount=item.amount,
        base_amount=_in_base(item),
        base_currency=flow.source.currency,
        currency=item.currency or flow.source.currency,
        document_on=item.document_on,
    )


def _in_base(item: InboxItem) -> Decimal:
    """The amount in the company's own currency, for the order of the queue; as it is without a rate."""
    rate = money(item.canonical, "rate")
    return (item.amount * rate).quantize(Decimal("0.01")) if rate else item.amount


def _said(item: InboxItem, issue: Issue) -> str:
    """The sentence for people: codes with their names, a lookup table as it is called in the admin site."""
    flow, code = item.flow, str(issue.evidence.get("code", ""))
    if issue.evidence["kind"] == "link":
        return _with_name(
            issue.sentence, code, _party_name(flow, str(issue.evidence["table"]), code)
        )
    if issue.evidence["kind"] != "lookup":
        return issue.sentence
    table = (
        LookupTable.objects.filter(
            name=issue.evidence["table"], connection__in=[flow.target_id, flow.source_id]
        )
        .select_related("connection")
        .first()
    )
    if table is None:
        return issue.sentence
    said = f"“{code}” is not in the table “{table.label}” of {table.connection} yet."
    proposed = ValueProposal.objects.filter(table=table, source=code).first()
    return _with_name(said, code, proposed.source_label if proposed else "")


def _party_name(flow: Flow, kind: str, code: str) -> str:
    """What the source calls a customer, supplier or item; empty where it was never read."""
    found = Party.objects.filter(connection=flow.source_id, kind=kind, code=code).first()
    return found.label if found else ""


def _with_name(sentence: str, code: str, name: str) -> str:
    if not name or name == code:
        return sentence
    return sentence.replace(f"“{code}”", f"“{code}” ({name})", 1)


def park(item: InboxItem, issues: list[Issue]) -> None:
    """Hold the item with one case per fault; cases about other faults are over."""
    blocking = [i for i in issues if i.blocks]
    troubles = [trouble_of(item, i) for i in blocking]
    close_cases(
        f"inbox:{item.uuid}",
        state="auto_closed",
        reason="This part is in order now.",
        by="machine",
        keep=[t.cause for t in troubles],
    )
    for trouble in troubles:
        open_case(item.flow.workspace, trouble)
    finish(item, "parked", blocking[0].sentence)


def _wait(item: InboxItem, bundle: Bundle, found: Outcome) -> None:
    """Parties missing at the target are created first, each by a delivery of its own."""
    keys, issues = [], list[Issue]()
    for kind, code in found.waits_for:
        asked = ask_for_party(item, bundle, kind, code)
        if isinstance(asked, Issue):
            issues.append(asked)
        else:
            keys.append(asked)
    if issues:
        park(item, issues)
        return
    finish(item, "waiting", "waits for " + ", ".join(f"{k} {c}" for k, c in found.waits_for))
    InboxItem.objects.filter(pk=item.pk).update(waiting_on=keys[0])


def _gone(item: InboxItem, bundle: Bundle, found: Outcome, code: str, what: str) -> None:
    """The record is not to be posted (any more): take the posting back, or ask a person."""
    policy = str(bundle.design.get("on_delete", "ask"))
    posted = withdraw(item, found.business_key)
    if posted is None and code == LEFT_OUT and set_by_hand(item):
        # Somebody wanted it posted so: that it is not is theirs to see, and no fix.
        sentence = _(
            "%(record)s was changed by hand to be posted, but the flow leaves it out: it %(why)s."
        )
        _conflict(item, code, sentence % {"record": item.label, "why": found.why or what}, {})
    elif posted is None:
        finish(item, "filtered", found.why or f"{what} before it was posted")
    elif posted.state != "done":
        look_again(item)
    elif policy in TAKE_BACK:
        take_back(item, posted, policy)
        finish(item, "done", f"{what}; {posted.target_number or posted.target_key} is taken back")
    else:
        sentence = (
            f"{item.label} {what} in {item.flow.source} after it was posted as "
            f"{posted.target_number or posted.target_key}."
        )
        if found.why:
            sentence += f" It {found.why}."
        _conflict(item, code, sentence, {"posted": str(posted.gross)})


def look_again(item: InboxItem) -> None:
    """Work the item again in a moment, when what is under way has ended."""
    item.not_before = timezone.now() + timedelta(seconds=AGAIN_SECONDS)
    finish(item, "new", "an earlier version is being sent just now")


def _conflict(item: InboxItem, code: str, sentence: str, evidence: dict[str, Any]) -> None:
    """What is posted and what the source says now differ; a person may accept that with a reason."""
    reason = item.overrides.get(ACCEPTED + code)
    if reason is not None:
        finish(item, "unchanged", f"accepted: {reason}")
        return
    ask_owner(item, code, sentence, evidence)


def ask_owner(item: InboxItem, code: str, sentence: str, evidence: dict[str, Any]) -> None:
    """Hold a record up because two sides say different things; the data owner decides."""
    issue = Issue(
        code=code,
        path="",
        sentence=sentence,
        case_class=CaseClass.CONFLICT,
        audience=Audience.OWNER,
        evidence=evidence,
    )
    park(item, [issue])


def _hand_over(item: InboxItem, bundle: Bundle, found: Outcome) -> None:
    """Write the delivery, unless this very document is posted already."""
    flow = item.flow
    content = content_hash(item.canonical)
    earlier = list(posts_of(flow, found.business_key))
    living = living_of(earlier)
    fresh = new_post(flow, item, bundle, found, content, again=taken_back_of(earlier))
    if living is None:
        store(fresh, earlier)
        finish(item, "done")
    elif living.state == "done":
        _already_posted(item, bundle, living, content)
        return
    elif not replaced(living, fresh):
        if living.content_hash == content:
            finish(item, "unchanged", "is being posted already")
            return
        look_again(item)
        return
    else:
        finish(item, "done")
    nudge("flows.pump_deliveries", flow.target_id)


def _already_posted(item: InboxItem, bundle: Bundle, living: Delivery, content: str) -> None:
    # A person asked for it to be taken back: trying the record again tries that again, whatever it says.
    asked = asked_back(living)
    if asked is not None or (
        living.content_hash != content and bundle.design.get("on_change") == "repost"
    ):
        # What stands is taken back first; then this version is posted.
        step = asked.step if asked else way_back(bundle.design)
        reversal = take_back(item, living, step)
        finish(item, "waiting", f"waits until {living.target_number or 'it'} is taken back")
        InboxItem.objects.filter(pk=item.pk).update(waiting_on=reversal.idempotency_key)
        return
    if living.content_hash == content:
        finish(item, "unchanged", f"posted as {living.target_number or living.target_key}")
        return
    _conflict(
        item,
        "changed-after-posting",
        (
            f"{item.label} was changed in {item.flow.source} after it was posted as "
            f"{living.target_number or living.target_key}: "
            f"{spoken(living.gross, living.currency)} then, {spoken(item.amount, item.currency)} now."
        ),
        {"posted": str(living.gross), "now": str(item.amount)},
    )
