"""Writes of the exception queue. Nothing is deleted; every closing has a reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engine.canon.days import spoken_day
from studio.accounts.models import User, Workspace, askable
from studio.accounts.roles import ADMINISTER, READ, TRIAGE
from studio.core.action import Actor, acting, record
from studio.core.refused import DecisionRefused
from studio.triage.letters import page_of, write
from studio.triage.models import OPEN_STATES, Case, CaseNote, ClassOwner
from studio.triage.remedies import remedy as find_remedy
from studio.webhooks.outbox import amount, tell

# Days until a case is due, by class; a closed period or an unknown outcome waits for nobody.
DUE_DAYS = {"period": 1, "unknown_outcome": 1, "connection": 1, "duplicate": 2, "approval": 2}
# Fixes that mean the same for every case: what asks for more, or asks people, is answered one by one.
FOR_MANY = frozenset({"again", "void"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a record, ready to become a case."""

    subject: str
    code: str
    case_class: str
    audience: str
    sentence: str
    cause: str
    cause_label: str
    record_label: str
    field: str = ""
    severity: str = "block"
    flow_key: str = ""
    flow_label: str = ""
    evidence: dict[str, Any] = made(default_factory=dict)
    amount: Decimal = Decimal(0)
    currency: str = ""
    base_amount: Decimal = Decimal(0)
    base_currency: str = ""
    document_on: date | None = None


def open_case(workspace: Workspace, trouble: Trouble) -> Case:
    """Open a case, or note that the same trouble was seen again; call inside a transaction."""
    again = Case.objects.filter(
        subject=trouble.subject, cause=trouble.cause[:200], state__in=OPEN_STATES
    ).first()
    if again:
        Case.objects.filter(pk=again.pk).update(
            seen_count=F("seen_count") + 1,
            sentence=trouble.sentence,
            evidence=trouble.evidence,
            updated_at=timezone.now(),
        )
        return again
    owner = ClassOwner.objects.filter(workspace=workspace, case_class=trouble.case_class).first()
    person = owner.person if owner and owner.person and owner.person_can_act() else None
    case = Case.objects.create(
        workspace=workspace,
        assignee=person,
        subject=trouble.subject,
        code=trouble.code,
        case_class=trouble.case_class,
        audience=(owner.role if owner else "") or trouble.audience,
        severity=trouble.severity,
        cause=trouble.cause[:200],
        cause_label=trouble.cause_label[:300],
        sentence=trouble.sentence,
        field=trouble.field[:200],
        record_label=trouble.record_label[:200],
        flow_key=trouble.flow_key,
        flow_label=trouble.flow_label,
        evidence=trouble.evidence,
        amount=trouble.amount,
        currency=trouble.currency,
        base_amount=trouble.base_amount or trouble.amount,
        base_currency=trouble.base_currency,
        document_on=trouble.document_on,
        due_at=timezone.now() + timedelta(days=DUE_DAYS.get(trouble.case_class, 3)),
    )
    CaseNote.objects.create(case=case, author="machine", kind="opened", text=trouble.sentence)
    if person:
        words = f"Given to {person}, who has cases of this class."
        CaseNote.objects.create(case=case, author="machine", kind="assigned", text=words)
    _tell("case.opened", case)
    return case


def _tell(key: str, case: Case) -> None:
    """Programs hear what kind of trouble it is; its words may name people and are read here."""
    data = {
        "code": case.code,
        "class": case.case_class,
        "audience": case.audience,
        "severity": case.severity,
        "state": case.state,
        "about": case.subject,
        "flow": case.flow_key,
        **amount(case.amount, case.currency),
    }
    page = reverse("triage:case", args=[case.uuid])
    tell(case.workspace_id, key, f"case:{case.uuid}", data, page=page)


def close_cases(subject: str, *, state: str, reason: str, by: str, keep: Iterable[str] = ()) -> int:
    """Close the open cases of a record whose trouble is over; ``keep`` are causes still there."""
    cases = Case.objects.filter(subject=subject, state__in=OPEN_STATES).exclude(
        cause__in=[c[:200] for c in keep]
    )
    now = timezone.now()
    closed = 0
    for case in cases:
        CaseNote.objects.create(case=case, author=by, kind="closed", text=reason)
        # A person who fixed the case is named by the note of the fix; keep that word.
        final = "fixed" if state == "auto_closed" and case.state == "in_work" else state
        case.state, case.closed_at, case.closed_by, case.closed_reason = final, now, by, reason
        case.save(update_fields=["state", "closed_at", "closed_by", "closed_reason", "updated_at"])
        _tell("case.closed", case)
        closed += 1
    return closed


def set_owner(actor: Actor, owner: ClassOwner) -> None:
    """Keep who has the cases of a class from the start; those that are open stay where they are."""
    with acting(
        actor, ADMINISTER, "exceptions.owner_set", f"workspace:{owner.workspace.uuid}"
    ) as line:
        owner.full_clean()
        owner.save()
        line.data = {
            "class": owner.get_case_class_display(),
            "to": str(owner.person or owner.get_role_display()),
        }


def drop_owner(actor: Actor, owner: ClassOwner) -> None:
    """Let the cases of a class wait for whoever takes them again."""
    with acting(
        actor, ADMINISTER, "exceptions.owner_dropped", f"workspace:{owner.workspace.uuid}"
    ) as line:
        line.data = {"class": owner.get_case_class_display()}
        owner.delete()


def _needs(actor: Actor, case: Case) -> str:
    """What it takes to talk about a case and to hand it on: to work the queue, or to be asked."""
    return READ if case.is_for(actor) else TRIAGE


def _held(case: Case) -> None:
    """Take the row and read it again: of two people at once the second must see what the first did."""
    case.refresh_from_db(from_queryset=Case.objects.select_for_update())


def _held_open(case: Case) -> None:
    _held(case)
    if case.state not in OPEN_STATES:
        raise ValidationError(_("This case is settled already. Reload it."))


def assign(actor: Actor, case: Case, person: User | None) -> None:
    """Give a case to a colleague (or back to the queue); whom it is for may hand it on.

    Raises:
        ValidationError: it is settled.
        PermissionDenied: the role may not.
    """
    with acting(actor, _needs(actor, case), "case.assigned", f"case:{case.uuid}") as line:
        _held_open(case)
        case.assignee = person
        case.state = "in_work" if person else "open"
        case.save(update_fields=["assignee", "state", "updated_at"])
        said = _("Given to %s.") % person if person else _("Put back in the queue.")
        CaseNote.objects.create(case=case, author=actor.name, kind="assigned", text=said)
        line.data = {"to": str(person or ""), "record": case.record_label}


def comment(actor: Actor, case: Case, text: str, *, ask: User | None = None) -> CaseNote:
    """Add a remark beside a case, or a question to a colleague; whom it is for or who is asked may answer.

    Whatever somebody says beside a case answers what they were asked there.

    Args:
        actor: who writes.
        case: what it is about.
        text: the remark.
        ask: the colleague it is a question to; it waits for them until they answer, and they get a letter.

    Raises:
        ValidationError: nothing was written, or the question would wait for nobody.
        PermissionDenied: the role may not.
    """
    if not text.strip():
        raise ValidationError(_("Write something before you send it."))
    need = READ if is_asked(actor, case) else _needs(actor, case)
    with acting(
        actor, need, "case.asked" if ask else "case.commented", f"case:{case.uuid}"
    ) as line:
        line.data = {"record": case.record_label}
        if ask is not None:
            _held_open(case)
            _askable(actor, case, ask)
            line.data["to"] = str(ask)
        questions_to(actor, case).update(answered_at=timezone.now())
        kind = "question" if ask else "comment"
        note = CaseNote.objects.create(
            case=case, author=actor.name, kind=kind, text=text.strip(), asked=ask
        )
        if ask is not None and ask.email:
            subject = _("%(who)s asks you about %(record)s") % {
                "who": actor.name,
                "record": case.record_label,
            }
            body = f"{case.sentence}\n\n{note.text}\n\n{page_of(case)}"
            write(case, ask.email, subject, body, asks=actor)
    return note


def questions_to(actor: Actor, case: Case) -> QuerySet[CaseNote]:
    """What this person was asked beside a case and did not answer."""
    waiting = case.notes.filter(answered_at=None)
    return waiting.filter(asked=actor.user_id) if actor.user_id else waiting.none()


def is_asked(actor: Actor, case: Case) -> bool:
    """Whether a colleague asked this person about the case and waits for the answer."""
    return case.closed_at is None and questions_to(actor, case).exists()


def _askable(actor: Actor, case: Case, person: User) -> None:
    if person.pk == actor.user_id:
        raise ValidationError(_("Ask somebody else, or leave a remark."))
    if not askable(case.workspace).filter(pk=person.pk).exists():
        raise ValidationError(_("%s may only read here and could not answer.") % person)


def assign_many(actor: Actor, cases: Iterable[Case], person: User | None) -> int:
    """The same for several cases, each with its own audit line; returns how many.

    Those that were settled meanwhile are left as they are.
    """
    count = 0
    with transaction.atomic():
        for case in cases:
            with suppress(ValidationError):
                assign(actor, case, person)
                count += 1
    return count


def plan(actor: Actor, case: Case, *, tags: list[str], due: str) -> None:
    """Set the tags of a case and the day by which it is to be settled (ISO; empty: no day)."""
    try:
        day = date.fromisoformat(due) if due.strip() else None
    except ValueError as error:
        raise ValidationError(_("Give the day as YYYY-MM-DD.")) from error
    with acting(actor, TRIAGE, "case.planned", f"case:{case.uuid}") as line:
        _held_open(case)
        case.tags = sorted({t.strip().lower()[:30] for t in tags if t.strip()})
        end = datetime.combine(day, datetime.max.time().replace(microsecond=0)) if day else None
        case.due_at = timezone.make_aware(end) if end else None
        case.save(update_fields=["tags", "due_at", "updated_at"])
        line.data = {"record": case.record_label, "tags": case.tags, "due": due}


def wait(
    actor: Actor, case: Case, *, on: str, until: datetime, bulk: uuid.UUID | None = None
) -> None:
    """Put a case aside until a moment, saying whom it waits for."""
    on = on.strip()[:200]
    if not on:
        raise ValidationError({"on": _("Say whom or what the case is waiting for.")})
    with acting(actor, TRIAGE, "case.waiting", f"case:{case.uuid}", bulk=bulk) as line:
        _held_open(case)
        case.state, case.waiting_for, case.waiting_until = "waiting", on, until
        case.save(update_fields=["state", "waiting_for", "waiting_until", "updated_at"])
        day = spoken_day(timezone.localdate(until))
        text = _("Put aside until %(day)s, waiting for %(who)s.") % {"day": day, "who": on}
        CaseNote.objects.create(case=case, author=actor.name, kind="waiting", text=text)
        line.data = {"record": case.record_label, "for": on, "until": until.isoformat()}


def put_aside(actor: Actor, cases: Iterable[Case], *, on: str, until: str) -> str:
    """Several cases at once until the morning of a day (ISO), each with its own audit line.

    Those that were settled meanwhile are left as they are.

    Returns:
        The sentence for the person.

    Raises:
        ValidationError: nobody is named, or the day is none to come; by name of the input.
    """
    if not on.strip():
        raise ValidationError({"on": _("Say whom or what the case is waiting for.")})
    day = _day_to_come(until)
    back = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    bulk, count = uuid.uuid4(), 0
    with transaction.atomic():
        for case in cases:
            with suppress(ValidationError):
                wait(actor, case, on=on, until=back, bulk=bulk)
                count += 1
    words = ngettext(
        "%(n)d record is put aside until %(day)s, waiting for %(who)s.",
        "%(n)d records are put aside until %(day)s, waiting for %(who)s.",
        count,
    )
    return words % {"n": count, "day": spoken_day(day), "who": on.strip()}


def _day_to_come(text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise ValidationError({"until": _("Give the day as YYYY-MM-DD.")}) from error
    if day <= timezone.localdate():
        raise ValidationError({"until": _("Give a day to come: until then it waits.")})
    return day


def take_up(actor: Actor, cases: Iterable[Case]) -> int:
    """Bring cases back before their day, each with its own audit line; returns how many waited."""
    actor.require(TRIAGE)
    bulk, count = uuid.uuid4(), 0
    with transaction.atomic():
        for case in cases:
            _held(case)
            if case.state != "waiting":
                continue
            with acting(actor, TRIAGE, "case.taken_up", f"case:{case.uuid}", bulk=bulk) as line:
                line.data = {"record": case.record_label, "for": case.waiting_for}
                case.state = "in_work" if case.assignee_id else "open"
                case.waiting_for, case.waiting_until = "", None
                case.save(update_fields=["state", "waiting_for", "waiting_until", "updated_at"])
                text = _("Taken up again.")
                CaseNote.objects.create(case=case, author=actor.name, kind="waiting", text=text)
            count += 1
    return count


def apply_remedy(
    actor: Actor, case: Case, key: str, values: Mapping[str, str], *, bulk: uuid.UUID | None = None
) -> str:
    """Press a button of a case; the remedy's own app does the work.

    Raises:
        ValidationError: a needed input is missing or wrong (by name of the input), or the remedy does not
            fit the case any more.
        PermissionDenied: the role may not.
    """
    found = find_remedy(key)
    with transaction.atomic():
        _held(case)
        if found is None or not found.fits(case) or case.state not in OPEN_STATES:
            why = found.unfit(case) if found and found.unfit and case.state in OPEN_STATES else ""
            raise ValidationError(
                why or "This case is settled already, or the fix no longer applies. Reload it."
            )
        if not found.allows(actor, case):
            actor.require(found.permission)
        for one in found.inputs:
            if one.required and not str(values.get(one.name, "")).strip():
                needed = _("%(label)s is needed.") % {"label": one.label}
                raise ValidationError({one.name: needed})
        # What the button does not ask for, such as the form's own token, is nobody's business.
        values = {i.name: values[i.name] for i in found.inputs if i.name in values}
        shown = {k: str(v)[:300] for k, v in values.items() if v}
        case.state = "in_work"
        case.save(update_fields=["state", "updated_at"])
        try:
            sentence = found.run(actor, case, values)
        except DecisionRefused as refusal:
            raise ValidationError(f"{refusal.sentence} {refusal.fix}".strip()) from refusal
        reason = str(values.get("reason", "")).strip()
        said = f"{sentence} {_('Reason: %s') % reason}" if reason else sentence
        CaseNote.objects.create(case=case, author=actor.name, kind="fix", text=said)
        record(
            actor,
            f"case.{found.key}",
            f"case:{case.uuid}",
            {
                "record": case.record_label,
                "values": shown,
                "result": sentence,
                "amount": str(case.amount),
                "currency": case.currency,
            },
            bulk=bulk,
        )
    return sentence


def apply_to_many(
    actor: Actor, cases: Iterable[Case], key: str, values: Mapping[str, str]
) -> tuple[int, list[str]]:
    """The same fix for several cases; one audit line each. Returns how many, and why others stayed.

    Raises:
        ValidationError: this fix is answered case by case.
    """
    if key not in FOR_MANY:
        raise ValidationError(_("This fix is answered case by case."))
    bulk = uuid.uuid4()
    done, left = 0, []
    for case in cases:
        try:
            apply_remedy(actor, case, key, values, bulk=bulk)
            done += 1
        except ValidationError as error:
            left.append(f"{case.record_label}: {' '.join(error.messages)}")
    return done, left
