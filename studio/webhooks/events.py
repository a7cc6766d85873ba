"""What can be told: a key for programs, words for people, and how each is written as a message.

A message says what happened and where to look: ids, addresses, an amount. Never a secret and never a
record: who may read that asks for it with a token of his own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from studio.webhooks.models import Event

EVENTS = {
    "alert.raised": _("An alert was raised"),
    "case.opened": _("An exception was opened"),
    "case.closed": _("An exception was closed"),
    "delivery.posted": _("A document was posted"),
    "delivery.failed": _("A write to a system was refused, or tried often enough"),
    "delivery.reversed": _("A posting was taken back"),
    "flow.published": _("A flow was published"),
    "flow.paused": _("A flow was paused"),
    "flow.resumed": _("A flow goes on"),
    "mapping.proposed": _("Proposals for a mapping are ready"),
    "mapping.published": _("A mapping was published"),
    "rehearsal.ready": _("A rehearsal is ready"),
    "tieout.signed": _("A tie-out was signed"),
}
# Sent by hand only, to see whether an address listens.
PING = "webhook.ping"
# Kind of a subject -> where the API shows it.
RESOURCES = {
    "case": "cases",
    "delivery": "deliveries",
    "flow": "flows",
    "mapping": "mappings",
    "rehearsal": "rehearsals",
    "tieout": "tie-outs",
    "webhook": "webhooks",
}


def known(keys: Iterable[str]) -> list[str]:
    """The keys in the order of the catalogue.

    Raises:
        ValidationError: none, or one that does not exist.
    """
    wanted = set(keys)
    strange = sorted(wanted - set(EVENTS))
    if strange:
        raise ValidationError(_("There is no event “%(event)s”.") % {"event": strange[0]})
    if not wanted:
        raise ValidationError(_("Choose at least one event."))
    return [key for key in EVENTS if key in wanted]


def body_of(event: Event) -> bytes:
    """The message: the same bytes at every try."""
    kind, _sep, key = event.subject.partition(":")
    links = {}
    if kind in RESOURCES:
        links["api"] = settings.SITE_URL + reverse(f"api:{RESOURCES[kind]}-detail", args=[key])
    if event.page:
        links["page"] = settings.SITE_URL + event.page
    said: dict[str, Any] = {
        "id": str(event.uuid),
        "type": event.key,
        "timestamp": event.created_at.isoformat(),
        "workspace": event.workspace.slug,
        "data": {"kind": kind, "uuid": key, **event.data, "links": links},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
