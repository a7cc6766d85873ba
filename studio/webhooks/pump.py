"""Sending: claim a message, post it, write down what was answered. Every message arrives at least once.

A dead worker's message is sent again with the same id, so a receiver that remembers ids takes it once. An
address that fails rests, ever longer; one that has failed for a day is switched off, and what happens
meanwhile waits for it.
"""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from connectors.http.posting import Answer, Poster
from engine.runtime.retry import RetryPolicy
from studio.accounts.models import machine
from studio.core.action import record
from studio.core.dispatch import nudge
from studio.core.vault import unseal
from studio.webhooks.events import PING, body_of
from studio.webhooks.models import UNDER_WAY, Endpoint, Event, Message
from studio.webhooks.signing import headers

log = logging.getLogger(__name__)
TURN_SECONDS = 20.0
LOOK_AHEAD = 20
# About two days for one message; an address that takes nothing at all is switched off before.
AGAIN = RetryPolicy(first_seconds=10, factor=3, cap_seconds=21_600, give_up_after=15)
REST = RetryPolicy(first_seconds=2, factor=3, cap_seconds=300, give_up_after=1_000_000)
OFF_AFTER = timedelta(days=1)
GONE = 410
# Longer than one post can take (``connectors.http.posting``).
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
PURGED_AT_ONCE = 500


def due() -> QuerySet[Message]:
    """Messages that may be sent now. A ping goes to an address that is switched off, too."""
    now = timezone.now()
    free = Q(state="new") | Q(state="sending", lease_until__lt=now)
    ready = Q(not_before__isnull=True) | Q(not_before__lte=now)
    rested = Q(endpoint__rest_until__isnull=True) | Q(endpoint__rest_until__lte=now)
    listens = Q(rested, endpoint__state="on") | (Q(event__key=PING) & ~Q(endpoint__state="removed"))
    return Message.objects.filter(free, ready, listens, state__in=UNDER_WAY)


def claim(endpoint_id: int) -> Message | None:
    """Take the next due message to an address; None when there is nothing to take."""
    ahead = due().filter(endpoint=endpoint_id).order_by("id").values_list("pk", flat=True)
    for pk in ahead[:LOOK_AHEAD]:
        now = timezone.now()
        free = Q(state="new") | Q(state="sending", lease_until__lt=now)
        token = uuid.uuid4().hex
        won = Message.objects.filter(free, pk=pk).update(
            state="sending",
            lease_until=now + LEASE,
            claimed_by=token,
            attempts=F("attempts") + 1,
            sent_at=now,
        )
        if won:
            taken = Message.objects.select_related("endpoint__workspace", "event__workspace")
            return taken.get(pk=pk)
    return None


def pump(endpoint_id: int) -> int:
    """Send what is due to one address, for a bounded time; returns how many were tried."""
    deadline = time.monotonic() + TURN_SECONDS
    count = 0
    poster = Poster(inside=settings.WEBHOOKS_INSIDE)
    try:
        while time.monotonic() < deadline:
            message = claim(endpoint_id)
            if message is None:
                return count
            settle(message, post(message, poster))
            count += 1
    finally:
        poster.close()
    nudge("webhooks.pump", endpoint_id)
    return count


def secrets_of(endpoint: Endpoint) -> list[str]:
    """The secrets that sign now, the present one first."""
    held = unseal(endpoint.sealed)
    until = endpoint.old_secret_until
    old = [held["before"]] if held.get("before") and until and until > timezone.now() else []
    return [held["secret"], *old]


def post(message: Message, poster: Poster) -> Answer:
    """One try over the network."""
    body = body_of(message.event)
    moment = int(time.time())
    signed = headers(secrets_of(message.endpoint), str(message.event.uuid), moment, body)
    answer = poster.post(message.endpoint.url, body, signed)
    log.info(
        "webhook %s to %s: %s in %s ms",
        *(message.event.uuid, message.endpoint.uuid, answer.status, answer.milliseconds),
    )
    return answer


def settle(message: Message, answer: Answer) -> None:
    """Write down what was answered; nothing if another worker took the message over since."""
    now = timezone.now()
    mine = Message.objects.filter(pk=message.pk, state="sending", claimed_by=message.claimed_by)
    said = {
        "status": answer.status,
        "answer": answer.text,
        "milliseconds": answer.milliseconds,
        "lease_until": None,
    }
    endpoint = Endpoint.objects.filter(pk=message.endpoint_id)
    with transaction.atomic():
        if answer.taken:
            mine.update(state="done", done_at=now, **said)
            endpoint.update(
                failures=0, failing_since=None, rest_until=None, last_success_at=now, why=""
            )
            return
        wait = answer.wait_seconds
        pause = AGAIN.pause(message.attempts, str(message.event.uuid), wait)
        # A ping is asked for by somebody who looks at the page: it is not tried again by itself.
        state = "failed" if pause is None or message.event.key == PING else "new"
        until = now + timedelta(seconds=pause or 0)
        if not mine.update(state=state, not_before=until, **said):
            return
        _failed(message, answer, now)


def _failed(message: Message, answer: Answer, now: datetime) -> None:
    """The address rests; one that is gone, or has failed for long, is switched off."""
    endpoint = message.endpoint
    why = f"{answer.status or ''} {answer.text}".strip()[:300] or "No answer."
    rest = REST.pause(endpoint.failures + 1, str(message.event.uuid), answer.wait_seconds) or 0
    rows = Endpoint.objects.filter(pk=endpoint.pk)
    rows.update(
        failures=F("failures") + 1,
        failing_since=Coalesce(F("failing_since"), now),
        rest_until=now + timedelta(seconds=rest),
        why=why,
    )
    long = Q(failing_since__lt=now - OFF_AFTER)
    over = rows.filter(state="on") if answer.status == GONE else rows.filter(long, state="on")
    if over.update(state="failed"):
        actor = machine(endpoint.workspace)
        said = {"name": endpoint.name, "why": why}
        record(actor, "webhook.given_up", f"webhook:{endpoint.uuid}", said)


def sweep() -> int:
    """Wake a worker for every address that has something due; returns how many."""
    waiting = due().values_list("endpoint_id", flat=True).distinct()
    for endpoint_id in waiting:
        nudge("webhooks.pump", endpoint_id)
    _purge()
    return len(waiting)


def _purge() -> None:
    """Forget old events that are settled everywhere: what they told of has rows of its own."""
    long_ago = timezone.now() - KEPT
    unheard = Message.objects.filter(state="new", created_at__lt=long_ago)
    unheard.update(state="failed", answer="It waited for 30 days.")
    old = Event.objects.filter(created_at__lt=long_ago)
    settled = old.exclude(messages__state__in=UNDER_WAY).order_by("id")
    pks = list(settled.values_list("pk", flat=True)[:PURGED_AT_ONCE])
    if pks:
        Event.objects.filter(pk__in=pks).delete()
