"""What a person can do about records that flows could not post; registered with triage."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from engine.canon.days import spoken_day
from engine.canon.fields import canonical_schema
from engine.canon.model import DOCUMENTS
from engine.canon.typed import typed_day, typed_number
from engine.errors import StudioError
from engine.schema.model import FieldType
from studio.accounts.roles import APPROVE, LOOKUP, MATCH, OPERATE, READ, TRIAGE
from studio.catalog.models import Code
from studio.core.action import Actor
from studio.core.dispatch import nudge
from studio.flows.actions import (
    close_without_posting,
    item_of,
    override,
    replay,
    replay_cause,
)
from studio.flows.adopt import adopt
from studio.flows.alarm import take_as_right, work_again
from studio.flows.bundle import bundle_of, company_facts, context_of
from studio.flows.conditions import NUMBERS
from studio.flows.creating import asks_for_record, obstacle
from studio.flows.evidence import place_words
from studio.flows.files import STEP as ATTACH
from studio.flows.masters import read_again
from studio.flows.models import Delivery, Flow, InboxItem
from studio.flows.places import assign
from studio.flows.reposting import number_of, posting_of
from studio.flows.retry import HOW, retry
from studio.flows.work import ACCEPTED, as_read
from studio.linking.actions import Ends, add_link, judge
from studio.linking.eyes import rivals
from studio.linking.models import Pair, Party
from studio.linking.owed import Owed, owed_of
from studio.mapping.actions import add_lookup_row
from studio.mapping.models import LookupTable, ValueProposal
from studio.mapping.rates import RateDiffers
from studio.triage.actions import close_cases
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import Choice, Input, Remedy, register, remedies_for

MOST_CHOICES = 30
# States of a record that goes on by itself.
UNDER_WAY = ("new", "working", "waiting")


def _needed(case: Case) -> InboxItem:
    item = item_of(case)
    if item is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return item


def _missing(case: Case, kind: str) -> bool:
    return case.evidence.get("kind") == kind and bool(case.evidence.get("code"))


def healed(count: int, what: str) -> str:
    """What was done, and how many records go through again because of it."""
    return f"{what} {count} record{'s' if count != 1 else ''} sent through again."


# --- a code that no lookup table translates ---------------------------------------------------------


def _table(case: Case) -> LookupTable:
    flow = _needed(case).flow
    table = (
        LookupTable.objects.filter(name=case.evidence["table"])
        .filter(connection__in=[flow.target_id, flow.source_id])
        .order_by("-connection_id" if flow.target_id > flow.source_id else "connection_id")
        .first()
    )
    if table is None:
        raise ValidationError(
            _(
                "There is no lookup table “%(table)s” for %(target)s. An administrator can add it in the admin site."
            )
            % {"table": case.evidence["table"], "target": flow.target}
        )
    return table


def _codes(case: Case, text: str) -> list[Choice]:
    table = _table(case)
    codes = Code.objects.filter(connection=table.connection, kind=table.code_kind, active=True)
    if text:
        codes = codes.filter(Q(label__icontains=text) | Q(code__icontains=text))
    best = {} if text else _proposed(case)
    likely = str(best.get("key", ""))
    found = sorted(codes.order_by("label"), key=lambda c: c.key != likely)[:MOST_CHOICES]
    return [Choice(c.key, c.label or c.code, _hint(c, best)) for c in found]


def _hint(code: Code, best: Mapping[str, Any]) -> str:
    """The code itself and, of what is proposed, how sure that is and by which method."""
    words = [code.code] if code.code and code.code != code.label else []
    if code.key == best.get("key"):
        words.append(f"proposed: {sure(best['word'], best['confidence'], best['method'])}")
    return " · ".join(words)


def sure(word: str, share: float, method: str) -> str:
    """A confidence in a line of text, never as a bare number (product.md 7.1)."""
    return f"{word} {share:.0%} {method}".rstrip()


def proposal_for(case: Case) -> ValueProposal | None:
    """What is proposed for the code a lookup case asks for, in the table of that very flow."""
    return (
        ValueProposal.objects.filter(table=_table(case), source=case.evidence["code"])
        .order_by("-confidence")
        .first()
    )


def _proposed_code(case: Case) -> str:
    """The likeliest code by name and use, to start with; empty where nothing is proposed."""
    return str(_proposed(case).get("key", ""))


def _proposed(case: Case) -> Mapping[str, Any]:
    proposal = proposal_for(case)
    return proposal.candidates[0] if proposal and proposal.candidates else {}


def _add_lookup(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    table = _table(case)
    target = values["target"]
    code = Code.objects.filter(
        connection=table.connection, kind=table.code_kind, key=target
    ).first()
    label = code.label if code else target
    aware = values.get("aware") == "yes"
    try:
        add_lookup_row(actor, table, case.evidence["code"], target, target_label=label, aware=aware)
    except RateDiffers as fault:
        raise ValidationError({"aware": fault.sentence}) from fault
    return healed(replay_cause(case), f"“{case.evidence['code']}” now means {label}.")


# --- a customer or item that is linked to nothing ---------------------------------------------------


def _candidates(flow: Flow, kind: str, code: str) -> list[Pair]:
    """Pairs of the record the source calls ``code``: those in use there first, the likeliest first."""
    pairs = Pair.objects.filter(
        kind=kind, left__connection=flow.source, left__code=code, right__connection=flow.target
    ).exclude(judged="not_a_match")
    return list(pairs.select_related("right").order_by("-right__active", "-probability")[:5])


def counterparts(flow: Flow, kind: str, code: str, text: str) -> list[Choice]:
    """Records of the target that may be the one the source calls ``code``, the likeliest first.

    Those that are inactive there come last and say so: hidden, they would be created a second time.
    """
    pairs = sorted(_candidates(flow, kind, code), key=lambda p: not p.right.active)
    known = {p.right_id for p in pairs}
    named = Q(code=code)
    if text:
        named |= Q(label__icontains=text) | Q(code__icontains=text)
    there = Party.objects.filter(named, connection=flow.target, kind=kind).exclude(pk__in=known)
    others = list(there.order_by("-active", "label", "id")[:MOST_CHOICES])
    owed = owed_of(flow.workspace, kind, [*(p.right for p in pairs), *others])
    found = [
        _choice(p.right, owed, sure(p.word, p.probability, p.method), p.sentence) for p in pairs
    ]
    return found + [_choice(one, owed) for one in others]


def _choice(party: Party, owed: Mapping[int, Owed], *why: str) -> Choice:
    """A record to choose, with what tells it from another of the same name."""
    address = party.data.get("billing") or {}
    where = [party.code, address.get("line1"), address.get("city"), address.get("postal_code")]
    told = [", ".join(str(one) for one in where if one and one != party.key)]
    if not party.active:
        told.insert(0, _("inactive there: once it is linked it can be made active here"))
    if party.pk in owed:
        told.append(_("open there: %(owed)s") % {"owed": owed[party.pk]})
    return Choice(party.key, party.label, " · ".join(one for one in (*told, *why) if one))


def _asked(case: Case) -> tuple[Flow, str, str]:
    """The flow, the kind and the code of the source that a case asks about."""
    return _needed(case).flow, case.evidence["table"], case.evidence["code"]


def _counterparts(case: Case, text: str) -> list[Choice]:
    return counterparts(*_asked(case), text)


def _first_counterpart(case: Case) -> str:
    """The one that stands out; where two are nearly as sure, or it is not in use, a person chooses."""
    found = _candidates(*_asked(case))
    if not found or not found[0].right.active:
        return ""
    second = max((p.probability for p in found[1:]), default=None)
    return "" if rivals(found[0].probability, second) else found[0].right.key


def join(actor: Actor, case: Case, asked: tuple[Flow, str, str], key: str) -> Party:
    """Link what the source calls by a code to a record of the target, as a judgement where it can be one."""
    flow, kind, code = asked
    target = Party.objects.filter(connection=flow.target, kind=kind, key=key).first()
    if target is None:
        raise ValidationError(
            _("%(target)s has no %(kind)s “%(key)s”. Search and pick one.")
            % {"target": flow.target, "kind": kind, "key": key}
        )
    left = Party.objects.filter(connection=flow.source, kind=kind, code=code).first()
    if left is not None:
        judge(actor, left, target, "same", comment=f"from the case of {case.record_label}")
    else:
        ends = Ends(flow.source, code, flow.target, target.key, target.label)
        add_link(actor, kind, ends, origin="case")
    return target


def _link(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    target = join(actor, case, _asked(case), values["target"])
    return healed(replay_cause(case), f"{case.evidence['code']} is now linked to {target.label}.")


def _creatable(case: Case) -> bool:
    return asks_for_record(case) and not obstacle(case)


def _why_not_creatable(case: Case) -> str:
    return obstacle(case) if asks_for_record(case) else ""


def _create(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _needed(case)
    kind, code = case.evidence["table"], case.evidence["code"]
    left = Party.objects.filter(connection=item.flow.source, kind=kind, code=code).first()
    if left is None:
        raise ValidationError(
            _("%(source)s has no %(kind)s “%(code)s” any more.")
            % {"source": item.flow.source, "kind": kind, "code": code}
        )
    # It may have been mended at the source since it was read; if that does not answer, what was read is used.
    with suppress(StudioError):
        read_again(left)
    judge(
        actor, left, None, "create_new", target=item.flow.target, comment=values.get("reason", "")
    )
    return healed(replay_cause(case), f"{kind.capitalize()} {code} will be created.")


# --- values, dates, amounts -------------------------------------------------------------------------


def _editable(case: Case) -> bool:
    """Whether the case points at a place of the canonical document, where a person's value can stand."""
    if not case.field or not _of_class("value", "missing_reference", "amount")(case):
        return False
    item = item_of(case)
    shape = DOCUMENTS.get(str(item.flow.design.get("document"))) if item else None
    root = re.split(r"[.\[]", case.field, maxsplit=1)[0]
    if item is None or shape is None or root not in shape.model_fields:
        return False
    if item.state != "parked":
        # What is posted is not mapped again: a value kept for it would change nothing.
        return False
    try:
        assign(copy.deepcopy(item.canonical), case.field, "")
    except ValueError:
        return False
    return True


def _edit(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _needed(case)
    value = _typed(item, case.field, values["value"])
    override(item, case.field, value)
    replay(item)
    return f"{_field(case)} is now “{value}” for this record."


def _typed(item: InboxItem, place: str, said: str) -> str:
    """What a person typed, as the field of the document keeps it."""
    entity = canonical_schema().entity(str(item.flow.design.get("document")))
    field = entity.field(re.sub(r"\[\d+\]", "[]", place)) if entity else None
    try:
        if field is not None and field.type in NUMBERS:
            return format(typed_number(said), "f")
        if field is not None and field.type is FieldType.DATE:
            return typed_day(said).isoformat()
    except ValueError as error:
        raise ValidationError({"value": str(error)}) from error
    return said


def _field(case: Case) -> str:
    """The field a case is about, as people call it: “Line 1, tax code”."""
    words = place_words(case.field)
    return words[:1].upper() + words[1:]


def _first_open_day(case: Case) -> str:
    item = item_of(case)
    lock = _lock_of(case, item.flow) if item else None
    return (lock + timedelta(days=1)).isoformat() if lock else ""


def _lock_of(case: Case, flow: Flow) -> date | None:
    """The last closed day: as the books say it now, else as they said it when the case was opened."""
    said = company_facts(flow.target).get("lock_date", case.evidence.get("lock_date"))
    return date.fromisoformat(str(said)[:10]) if said else None


def _day_at_source(item: InboxItem) -> date | None:
    """The day the source says; the record itself may carry one that it was moved to before."""
    version = item.use_version or item.flow.versions.filter(state="published").first()
    if "date" not in item.overrides or version is None:
        return item.document_on
    said = as_read(item, bundle_of(version), context_of(item.flow)).get("date")
    return date.fromisoformat(str(said)[:10]) if said else None


def _move_date(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _needed(case)
    try:
        day = date.fromisoformat(values["date"])
    except ValueError as error:
        raise ValidationError(_("Give the date as YYYY-MM-DD.")) from error
    lock = _lock_of(case, item.flow)
    if lock and day <= lock:
        words = _("The period up to %(day)s is closed in %(target)s. Give a later day.")
        raise ValidationError(
            {"date": words % {"day": spoken_day(lock), "target": item.flow.target}}
        )
    said = _day_at_source(item)
    override(item, "date", day.isoformat())
    replay(item)
    kept = spoken_day(said) if said else _("no date")
    words = _("Goes through again to be posted on %(day)s; the source keeps %(kept)s.")
    return words % {"day": spoken_day(day), "kept": kept}


def _adopt(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    # Whom the case is for was let in by the button; the queue as a whole takes more.
    needs = READ if case.is_for(actor) else TRIAGE
    found = adopt(actor, _needed(case), values["key"], values["reason"], permission=needs)
    return f"The existing document {found.number or found.key} counts as this record's posting."


def _void(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    close_without_posting(actor, _needed(case), values["reason"])
    return "Closed without posting."


def _accept(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = item_of(case)
    if item is not None and item.state == "parked":
        override(item, ACCEPTED + case.code, values["reason"])
        replay(item)
        return "Accepted with this reason; the record goes through again."
    close_cases(case.subject, state="accepted", reason=values["reason"], by=actor.name)
    return "The difference is accepted with this reason."


def _again(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    item = _needed(case)
    how = values.get("how") or "current"
    if retry(item, how):
        return f"Sent through again {HOW[how]}."
    waiting = Delivery.objects.filter(item=item, state__in=("ready", "unknown"))
    waiting = waiting.exclude(step=ATTACH)
    # What is posted stays posted; only telling the source is tried again.
    untold = Delivery.objects.filter(item=item, step="write_back", state="parked")
    found = waiting.update(not_before=None)
    found += untold.update(state="ready", attempts=0, not_before=None)
    if found:
        nudge("flows.pump_deliveries", item.flow.source_id)
        nudge("flows.pump_deliveries", item.flow.target_id)
        return "What was not sent yet is tried again now; what is posted stays posted."
    if item.state in UNDER_WAY:
        return "It is under way already; nothing is sent a second time."
    raise ValidationError(_nothing_to_try(case))


def _ways(case: Case, text: str) -> list[Choice]:
    return [Choice(key, words) for key, words in HOW.items()]


def _work_run_again(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    return healed(work_again(case), "The run is worked again with the version in force.")


def _run_is_right(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    take_as_right(case, values["reason"], actor.name)
    return "The run is taken as right."


def _again_all(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    of_cause = Case.objects.filter(
        workspace=case.workspace, cause=case.cause, state__in=OPEN_STATES
    ).count()
    sent = replay_cause(case)
    if not sent:
        raise ValidationError(_nothing_to_try(case))
    left = of_cause - sent
    stay = f" {left} stayed: under way, or posted already." if left else ""
    return healed(sent, "Tried again.") + stay


def _triable(case: Case) -> bool:
    """Whether sending the record through again can change anything: what is posted and at rest cannot."""
    item = item_of(case)
    if item is None or item.state not in ("done", "unchanged") or posting_of(item) is None:
        return item is not None
    sent = item.deliveries.exclude(step=ATTACH)
    return sent.filter(state__in=("ready", "sending", "unknown", "parked")).exists()


def _nothing_to_try(case: Case) -> str:
    """Why trying again would change nothing, and what to press instead."""
    item = item_of(case)
    posted = posting_of(item) if item else None
    if posted is None:
        return "The record is under way just now; nothing was sent again. Look again in a moment."
    return (
        f"{case.record_label} is posted in {posted.connection} as {number_of(posted)}, and what is posted "
        f"is not sent through again. {_instead(case)}"
    )


def _unclosable(case: Case) -> str:
    """Why a posted record cannot be closed without posting."""
    item = item_of(case)
    posted = posting_of(item) if item else None
    if posted is None:
        return ""
    return (
        f"{case.record_label} is posted in {posted.connection} as {number_of(posted)} already; it cannot be "
        f"closed without posting. {_instead(case)}"
    )


def _instead(case: Case) -> str:
    """What changes something about a document that stands at the target."""
    useful = ("repost", "take_back", "leave_posted", "accept")
    found = [r for r in remedies_for(case) if r.key in useful]
    words = [f"“{r.label}”" for r in sorted(found, key=lambda r: useful.index(r.key))]
    if not words:
        return "It is being put right already; look again in a moment."
    return f"Press {' or '.join(words)}."


def _is_run(case: Case) -> bool:
    return case.subject.startswith("run:")


def _is_item(case: Case) -> bool:
    return case.subject.startswith("inbox:")


def _unposted(case: Case) -> bool:
    """Whether nothing of the record stands at the target: what is posted cannot be closed unposted."""
    item = item_of(case)
    return item is not None and posting_of(item) is None


def _of_class(*classes: str) -> Callable[[Case], bool]:
    return lambda case: _is_item(case) and case.case_class in classes


def _own_rule(case: Case) -> bool:
    """Whether a rule that people wrote into the flow holds the record, not one of the books."""
    return _is_item(case) and case.code.startswith("rule.")


REASON = Input("reason", "Reason", "reason")


def register_all() -> None:
    """Add every remedy of flows; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("add_lookup", "Add to the lookup table", LOOKUP, lambda c: _missing(c, "lookup"), _add_lookup,
               (Input("target", "Means", "choice", choices=_codes, initial=_proposed_code),
                Input("aware", "Another rate is meant: use it", "confirm", required=False)), heals_cause=True, primary=True),
        Remedy("link", "Link to an existing record", MATCH, asks_for_record, _link,
               (Input("target", "Is the same as", "choice", choices=_counterparts, initial=_first_counterpart),),
               heals_cause=True, primary=True),
        Remedy("create", "Create it there", MATCH, _creatable, _create,
               (Input("reason", "Reason, if something alike exists", "reason", required=False),), heals_cause=True,
               absent=_why_not_creatable),
        Remedy("edit", "Use another value", TRIAGE, _editable,
               _edit, (Input("value", "Value for this record", named=lambda c: f"{_field(c)}, for this record only"),)),
        Remedy("move_date", "Post on another day", APPROVE, _of_class("period"), _move_date,
               (Input("date", "Day", "date", initial=_first_open_day), REASON), primary=True),
        Remedy("adopt", "It is posted already", TRIAGE, _of_class("duplicate", "unknown_outcome"), _adopt,
               (Input("key", "Number or key of the document there"), REASON), theirs=True),
        Remedy("accept", "Accept with a reason", APPROVE, _of_class("amount", "conflict"), _accept, (REASON,), primary=True),
        Remedy("let_pass", "Let it pass, with a reason", APPROVE, _own_rule, _accept, (REASON,)),
        Remedy("again", "Try again", TRIAGE, _triable, _again, unfit=_nothing_to_try, theirs=True, inputs=
               (Input("how", "How", "choice", choices=_ways, initial=lambda c: "current", required=False, searched=False),)),
        Remedy("again_run", "Work the run again", OPERATE, _is_run, _work_run_again, primary=True),
        Remedy("run_is_right", "The run is right", OPERATE, _is_run, _run_is_right, (REASON,)),
        Remedy("again_all", "Try all of this cause again", TRIAGE, _triable, _again_all, heals_cause=True,
               unfit=_nothing_to_try, theirs=True),
        Remedy("void", "Close without posting", TRIAGE, _unposted, _void, (REASON,), unfit=_unclosable),
    ):  # fmt: skip
        register(remedy)
