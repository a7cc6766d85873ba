"""Writes about addresses: add, change, new secret, switch off and on, remove, ping, send again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.http.posting import fault_of
from studio.accounts.models import Workspace
from studio.accounts.roles import CONNECT
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.core.vault import seal, unseal
from studio.webhooks.events import PING, known
from studio.webhooks.models import Endpoint, Event, Message
from studio.webhooks.signing import new_secret

# Receivers need time to take a new secret: so long both sign.
BOTH_SIGN = timedelta(hours=24)
MOST = 20


def checked(url: str) -> str:
    """An address that may be told something.

    Raises:
        ValidationError: it may not.
    """
    url = url.strip()
    fault = fault_of(url, inside=settings.WEBHOOKS_INSIDE)
    if fault or len(url) > 500:
        raise ValidationError(fault or "The address is longer than 500 characters.")
    return url


def _named(name: str) -> str:
    if not name.strip():
        raise ValidationError(_("Name the program that listens there."))
    return name.strip()[:80]


def add(
    actor: Actor, workspace: Workspace, name: str, url: str, events: list[str]
) -> tuple[Endpoint, str]:
    """A new address and its secret, which is answered this once.

    Raises:
        ValidationError: no name, no event, or an address that may not be told.
    """
    secret = new_secret()
    with acting(actor, CONNECT, "webhook.added", f"workspace:{workspace.uuid}") as line:
        here = Endpoint.objects.filter(workspace=workspace).exclude(state="removed")
        if here.count() >= MOST:
            raise ValidationError(
                _("There are %(most)s addresses already. Remove one first.") % {"most": MOST}
            )
        endpoint = Endpoint.objects.create(
            workspace=workspace,
            name=_named(name),
            url=checked(url),
            events=known(events),
            sealed=seal({"secret": secret}),
            made_by=actor.name,
        )
        line.subject = f"webhook:{endpoint.uuid}"
        line.data = {"name": endpoint.name, "events": endpoint.events}
    return endpoint, secret


def change(actor: Actor, endpoint: Endpoint, *, name: str, url: str, events: list[str]) -> None:
    """Another name, address or choice of events; another address is believed anew."""
    with acting(actor, CONNECT, "webhook.changed", f"webhook:{endpoint.uuid}") as line:
        _standing(endpoint)
        before = (endpoint.name, endpoint.url, endpoint.events)
        endpoint.name, endpoint.url, endpoint.events = _named(name), checked(url), known(events)
        after = (endpoint.name, endpoint.url, endpoint.events)
        words = ("name", "address", "events")
        changed = [w for w, old, new in zip(words, before, after, strict=True) if old != new]
        fields = ["name", "url", "events", "updated_at"]
        if "address" in changed:
            endpoint.failures, endpoint.failing_since, endpoint.rest_until = 0, None, None
            fields += ["failures", "failing_since", "rest_until"]
        endpoint.save(update_fields=fields)
        line.data = {"name": endpoint.name, "changed": changed, "events": endpoint.events}
        nudge("webhooks.pump", endpoint.pk)


def renew_secret(actor: Actor, endpoint: Endpoint) -> str:
    """A new secret, answered this once; the one before signs for another day."""
    secret = new_secret()
    with acting(actor, CONNECT, "webhook.secret_renewed", f"webhook:{endpoint.uuid}") as line:
        _standing(endpoint)
        before = unseal(endpoint.sealed)["secret"]
        endpoint.sealed = seal({"secret": secret, "before": before})
        endpoint.old_secret_until = timezone.now() + BOTH_SIGN
        endpoint.save(update_fields=["sealed", "old_secret_until", "updated_at"])
        line.data = {"name": endpoint.name}
    return secret


def switch(actor: Actor, endpoint: Endpoint, *, on: bool) -> None:
    """Stop telling an address, or go on; what waits for it is sent when it is on again."""
    key = "webhook.switched_on" if on else "webhook.switched_off"
    with acting(actor, CONNECT, key, f"webhook:{endpoint.uuid}") as line:
        _standing(endpoint)
        endpoint.state = "on" if on else "off"
        endpoint.failures, endpoint.failing_since, endpoint.rest_until = 0, None, None
        endpoint.save(
            update_fields=["state", "failures", "failing_since", "rest_until", "updated_at"]
        )
        if on:
            waiting = Message.objects.filter(endpoint=endpoint, state="new")
            waiting.update(not_before=None, attempts=0)
            nudge("webhooks.pump", endpoint.pk)
        line.data = {"name": endpoint.name}


def remove(actor: Actor, endpoint: Endpoint) -> None:
    """End an address for good: nothing is sent any more, its secret is forgotten, its trail stays."""
    with acting(actor, CONNECT, "webhook.removed", f"webhook:{endpoint.uuid}") as line:
        _standing(endpoint)
        waiting = Message.objects.filter(endpoint=endpoint, state__in=("new", "sending"))
        waiting.update(state="failed", answer="The address was removed.", lease_until=None)
        endpoint.state, endpoint.sealed, endpoint.old_secret_until = "removed", seal({}), None
        endpoint.save(update_fields=["state", "sealed", "old_secret_until", "updated_at"])
        line.data = {"name": endpoint.name}


def ping(actor: Actor, endpoint: Endpoint) -> Message:
    """Send a test message; also to an address that is switched off."""
    with acting(actor, CONNECT, "webhook.pinged", f"webhook:{endpoint.uuid}") as line:
        _standing(endpoint)
        event = Event.objects.create(
            workspace_id=endpoint.workspace_id,
            key=PING,
            subject=f"webhook:{endpoint.uuid}",
            data={"name": endpoint.name},
        )
        message = Message.objects.create(endpoint=endpoint, event=event)
        line.data = {"name": endpoint.name}
        nudge("webhooks.pump", endpoint.pk)
    return message


def send_again(actor: Actor, message: Message) -> None:
    """Send one event once more, with the id it had.

    Raises:
        DecisionRefused: it is on its way just now, or the address hears nothing.
    """
    endpoint = message.endpoint
    with acting(actor, CONNECT, "webhook.sent_again", f"webhook:{endpoint.uuid}") as line:
        _standing(endpoint)
        if endpoint.state != "on" and message.event.key != PING:
            raise DecisionRefused(f"{endpoint.name} is switched off.", "Switch it on first.")
        rows = Message.objects.filter(pk=message.pk).exclude(state="sending")
        fresh: dict[str, Any] = {"state": "new", "attempts": 0, "not_before": None}
        if not rows.update(**fresh):
            raise DecisionRefused("It is being sent just now.", "Look again in a moment.")
        # A person who asks does not wait for the end of a rest.
        Endpoint.objects.filter(pk=endpoint.pk).update(rest_until=None)
        line.data = {"name": endpoint.name, "event": message.event.key}
        nudge("webhooks.pump", endpoint.pk)


def _standing(endpoint: Endpoint) -> None:
    if endpoint.state == "removed":
        raise DecisionRefused(f"{endpoint.name} was removed.", "Add the address anew.")
