"""Rows that are told by mail: claimed by a lease, several in one letter, tried again where no server answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet
from django.utils import timezone

from studio.accounts.addresses import addresses
from studio.core.models import Told

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
LONGEST_SUBJECT = 180
Row = TypeVar("Row", bound=Told)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: to whom in which workspace, what it says, and whom an answer reaches."""

    workspace_id: int
    audience: str
    subject: str
    body: str
    answer_to: str = ""


def send_waiting(
    rows: QuerySet[Row],
    most: int,
    together: Callable[[Row], Hashable],
    letter: Callable[[list[Row]], Letter],
) -> int:
    """Mail the rows that wait; returns how many were told.

    A row whose people have no address is shown in the studio only and counts as told.

    Args:
        rows: all of the kind, with what the letter reads of them.
        most: rows taken at once.
        together: rows with an equal answer go in one letter.
        letter: what is written about such rows.
    """
    groups: dict[Hashable, list[Row]] = {}
    for row in rows.filter(_due()).order_by("id")[:most]:
        groups.setdefault(together(row), []).append(row)
    told = 0
    for group in groups.values():
        # Claimed as its turn comes: behind a slow mail server the lease of the last would be over.
        mine = [row for row in group if _claimed(rows.filter(pk=row.pk))]
        if mine:
            told += _send(rows.filter(pk__in=[r.pk for r in mine]), letter(mine))
    return told


def _due() -> Q:
    return Q(state="new") | Q(state="sending", lease_until__lt=timezone.now())


def _claimed(row: QuerySet[Row]) -> int:
    return row.filter(_due()).update(state="sending", lease_until=timezone.now() + LEASE)


def _send(rows: QuerySet[Row], said: Letter) -> int:
    to = addresses(said.workspace_id, said.audience)
    if not to:
        return rows.update(state="shown", sent_at=timezone.now())
    subject = said.subject[:LONGEST_SUBJECT]
    try:
        answer = [said.answer_to] if said.answer_to else None
        sender = settings.DEFAULT_FROM_EMAIL
        EmailMessage(subject, said.body, sender, to, reply_to=answer).send()
    except (OSError, ValueError) as error:
        # The mail server is a remote system like others: tried again at the next sweep. A value is what no
        # mailer takes (two lines in a header): its row says so, and the letters after it go all the same.
        log.warning("mail “%s”: %s", subject, type(error).__name__)
        rows.update(lease_until=timezone.now() + LEASE, trouble=str(error)[:200])
        return 0
    return rows.update(state="sent", sent_at=timezone.now(), recipients=to, trouble="")
