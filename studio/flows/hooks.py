"""Where vendors post to: one address per connection; verified, stored, answered at once."""

from __future__ import annotations

import logging
import uuid
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.registry import capabilities
from engine.errors import SurpriseAnswer
from engine.ports import Webhooks
from studio.catalog.models import Connection
from studio.catalog.wiring import opened
from studio.core.dispatch import nudge
from studio.flows.events import store_events
from studio.flows.models import Flow

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Answer 200 with an empty body where the signature holds and 401 where it does not.

    Nothing is fetched here: Intuit waits three seconds, Xero five. Xero's intent to receive is a
    signed body without events and needs the same two answers.
    """
    connection = (
        Connection.objects.select_related("workspace", "credential").filter(uuid=key).first()
    )
    if connection is None or not capabilities(connection.system).webhooks:
        raise Http404
    with opened(connection) as connector:
        hooks = cast("Webhooks", connector)
        if not hooks.verify(request.body, request.headers):
            return HttpResponse(status=401)
        try:
            store_events(connection, hooks.parse(request.body))
        except SurpriseAnswer as surprise:
            # It is theirs, but we cannot read it: look everywhere instead of asking for it again.
            log.warning("webhook of %s: %s", connection, surprise)
            for flow in Flow.objects.filter(source=connection, state="live"):
                nudge("flows.poll", flow.pk)
    return HttpResponse(status=200)
