"""What a person can do where a period is closed and the document is to keep its day: ask for it to be opened.

Who can open it seldom has a seat here, so a mail says everything: period, documents, money, and the way
through the menus there. All records of the cause wait together and are tried together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.registry import capabilities
from engine.canon.days import spoken_day
from engine.canon.money import spoken
from studio.accounts.models import User
from studio.accounts.roles import APPROVE, CONNECT, who_may
from studio.catalog.models import Connection
from studio.core.action import Actor, record
from studio.core.dispatch import nudge
from studio.flows.actions import item_of, override, replay_cause
from studio.flows.remedies import healed
from studio.flows.work import ACCEPTED
from studio.triage.letters import write
from studio.triage.models import OPEN_STATES, Case, CaseNote
from studio.triage.remedies import Hint, Input, Remedy, register

# Documents that a mail names one by one; the sum is that of all.
NAMED = 40
USUAL_DAYS = 3


def _closed(case: Case) -> bool:
    """Whether a record waits because its period is closed; nothing of it stands at the target."""
    item = item_of(case) if case.case_class == "period" else None
    return item is not None and item.state == "parked"


def _books(case: Case) -> Connection:
    item = item_of(case)
    if item is None:
        raise ValidationError(_("The record of this case is not there any more."))
    return item.flow.target


def _alike(case: Case) -> QuerySet[Case]:
    return Case.objects.filter(
        workspace=case.workspace_id, cause=case.cause, state__in=OPEN_STATES
    ).order_by("document_on", "pk")


# --- asking -----------------------------------------------------------------------------------------


def _known(case: Case) -> str:
    return _books(case).unlocks


def _where_kept(case: Case) -> Hint | None:
    """Nobody was named for these books yet: whom one asks is kept, and where it is kept."""
    books = _books(case)
    if books.unlocks:
        return None
    text = _(
        "Nobody is named for %(books)s yet. Whom you ask here is kept for the next time; a colleague in "
        "the role %(who)s can name somebody on the page of the connection, too."
    )
    words = text % {"books": books, "who": who_may(CONNECT)}
    address = f"{reverse('catalog:connection', args=[books.uuid])}#unlocks"
    return Hint(words, _("See the connection"), address)


def _usual_day(case: Case) -> str:
    return (timezone.localdate() + timedelta(days=USUAL_DAYS)).isoformat()


def _what_is_sent(case: Case) -> str:
    books = _books(case)
    n = _alike(case).count()
    words = ngettext(
        "A mail with the period, %(n)d document, the money and the way to the switch in %(books)s. "
        "The case waits until the day.",
        "A mail with the period, %(n)d documents, the money and the way to the switch in %(books)s. "
        "All their cases wait until the day.",
        n,
    )
    return words % {"n": n, "books": books}


def _day_of(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValidationError({"until": _("Give the day as YYYY-MM-DD.")}) from error
    if day <= timezone.localdate():
        raise ValidationError({"until": _("Give a day to come: until then the case waits.")})
    return day


def _ask(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    to, day = values["to"].strip(), _day_of(values["until"])
    try:
        validate_email(to)
    except ValidationError as error:
        raise ValidationError({"to": _("Give the mail address of one person.")}) from error
    if case.waiting_for == to and case.waiting_until and case.waiting_until > timezone.now():
        asked = _("%(to)s was asked already; the case waits until %(day)s.")
        waits = spoken_day(timezone.localdate(case.waiting_until))
        raise ValidationError({"to": asked % {"to": to, "day": waits}})
    books, cases = _books(case), list(_alike(case).select_for_update())
    if books.unlocks != to:
        # Whoever was asked is asked the next time.
        Connection.objects.filter(pk=books.pk).update(unlocks=to)
        about = f"connection:{books.uuid}"
        record(actor, "connection.unlocks", about, {"from": books.unlocks, "to": to})
    subject = _("%(books)s: please open a closed period") % {"books": books}
    body = _letter(actor, case, cases, books, day, values.get("word", ""))
    write(case, to, subject, body, asks=actor)
    until = timezone.make_aware(datetime.combine(day, time.max.replace(microsecond=0)))
    said = _("%(to)s is asked to open the period; it waits until %(day)s.") % {
        "to": to,
        "day": spoken_day(day),
    }
    for one in cases:
        one.state, one.waiting_for, one.waiting_until = "waiting", to, until
        one.save(update_fields=["state", "waiting_for", "waiting_until", "updated_at"])
        if one.pk != case.pk:
            CaseNote.objects.create(case=one, author=actor.name, kind="fix", text=said)
    case.state, case.waiting_for, case.waiting_until = "waiting", to, until
    return said


def _letter(
    actor: Actor, case: Case, cases: list[Case], books: Connection, day: date, word: str
) -> str:
    """Everything for somebody who sees nothing of the studio."""
    sender = User.objects.filter(pk=actor.user_id or 0).first()
    answer = f"{actor.person} <{sender.email}>" if sender and sender.email else actor.person
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for one in cases:
        sums[one.currency] += one.amount
    total = ", ".join(spoken(amount, currency) for currency, amount in sorted(sums.items()))
    lines = [
        _("%(who)s asks you to open a closed period in %(books)s (%(company)s).")
        % {"who": actor.person, "books": books, "company": books.company},
        f"{_('Period')}: {_period(case)}",
        f"{_('Where')}: {capabilities(books.system).unlocks}",
        f"{_('Needed until')}: {spoken_day(day)}",
        f"{_('Money')}: {total}",
        f"{_('Documents')}:\n" + "\n".join(_document(one) for one in cases[:NAMED]),
    ]
    more = len(cases) - NAMED
    if more > 0:
        lines.append(ngettext("and %d more", "and %d more", more) % more)
    lines += [word.strip()] if word.strip() else []
    lines.append(_("Please answer to %s once it is open.") % answer)
    return "\n\n".join(lines)


def _period(case: Case) -> str:
    lock = str(case.evidence.get("lock_date") or "")
    if lock:
        return _("up to %s") % spoken_day(lock)
    return spoken_day(case.document_on) if case.document_on else case.sentence


def _document(case: Case) -> str:
    parts = [case.record_label, str(case.evidence.get("party") or "")]
    parts.append(spoken_day(case.document_on) if case.document_on else "")
    parts.append(spoken(case.amount, case.currency) if case.amount else "")
    return "  " + " · ".join(p for p in parts if p)


# --- afterwards -------------------------------------------------------------------------------------


def _unlocked(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    books = _books(case)
    words = _("%s said that the period is open") % actor.person
    for one in _alike(case).select_for_update():
        item = item_of(one)
        if item is not None and item.state == "parked":
            # What we know of lock dates is as old as the last look; the target has the last word.
            override(item, ACCEPTED + one.code, words)
            if one.pk != case.pk:
                record(actor, "case.unlocked", f"case:{one.uuid}", {"record": one.record_label})
    nudge("catalog.look", books.pk)
    return healed(replay_cause(case), _("Tried again as unlocked."))


def _what_is_tried(case: Case) -> str:
    return _("%s has the last word: where it is still closed, the case comes back.") % _books(case)


def register_all() -> None:
    """Add the remedies of closed periods; called once from ``FlowsConfig.ready``."""
    for remedy in (
        Remedy("ask_unlock", "Ask to unlock", APPROVE, _closed, _ask,
               (Input("to", "Mail of who can open it there", initial=_known, hint=_where_kept),
                Input("until", "Wait until", "date", initial=_usual_day),
                Input("word", "A word to them", "reason", required=False)), about=_what_is_sent),
        Remedy("unlocked", "Unlocked: try again", APPROVE, _closed, _unlocked, heals_cause=True,
               about=_what_is_tried),
    ):  # fmt: skip
        register(remedy)
