"""Mail about one case: written with the deed that asks, sent afterwards and tried again like all mail."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from studio.accounts.letters import Letter, send_waiting
from studio.accounts.models import User
from studio.core.action import Actor
from studio.core.dispatch import nudge
from studio.triage.models import Case, CaseLetter

AT_ONCE = 100


def write(
    case: Case, audience: str, subject: str, body: str, *, asks: Actor | None = None
) -> CaseLetter:
    """Ask somebody about a case; call inside the transaction of the deed.

    Args:
        case: what it is about.
        audience: a role, or mail addresses.
        subject: the first line; what is longer or broken is made one line.
        body: the text.
        asks: the person whom an answer by mail reaches; nobody reads what is sent to the studio itself.
    """
    # A label comes from the source as it is; a subject of two lines is refused by every mailer.
    line = " ".join(subject.split())[:200]
    person = User.objects.filter(pk=asks.user_id).first() if asks and asks.user_id else None
    letter = CaseLetter.objects.create(
        case=case,
        audience=audience,
        subject=line,
        body=body,
        answer_to=person.email if person else "",
    )
    nudge("triage.send_letters")
    return letter


def page_of(case: Case) -> str:
    """The address of a case for a mail."""
    return f"{settings.SITE_URL}{reverse('triage:case', args=[case.uuid])}"


def send_letters() -> int:
    """Mail what waits, each letter by itself: it is a question to one person about one record."""
    rows = CaseLetter.objects.select_related("case")
    return send_waiting(rows, AT_ONCE, lambda one: one.pk, _letter)


def _letter(group: list[CaseLetter]) -> Letter:
    one = group[0]
    return Letter(one.case.workspace_id, one.audience, one.subject, one.body, one.answer_to)
