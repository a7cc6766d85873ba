"""The agents of a connection: what they are, how one is started, and the buttons that make and revoke them."""

from __future__ import annotations

import shlex
import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import CONNECT
from studio.catalog.agents.actions import make_agent, revoke_agent
from studio.catalog.agents.desk import present_agents
from studio.catalog.models import AGENT, Agent, Connection
from studio.catalog.ready import left_at
from studio.catalog.views_connect import steps_at
from studio.core.htmx import page_or_part


def command_of(connection: Connection) -> str:
    """What is typed on the machine beside the system."""
    places = [connection.base_url, str(connection.options.get("odata_url", ""))]
    words = ["python", "-m", "connectors.agent", "--studio", settings.SITE_URL]
    words += ["--token-file", "agent.token"]
    for place in filter(None, places):
        words += ["--allow", place]
    return shlex.join(words)


@page(CONNECT)
@require_http_methods(["GET", "POST"])
def agents(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """All agents, how one is started, and a new one; its token is shown this once."""
    found = get_object_or_404(Connection, workspace=request.workspace, uuid=key)
    context: dict[str, Any] = {}
    if request.method == "POST":
        try:
            made, token = make_agent(request.actor, found, request.POST.get("name", ""))
        except ValidationError as error:
            context = {"trouble": " ".join(error.messages)}
        else:
            context = {"made": made, "token": token}
    step = left_at(found)
    rows = list(found.agents.filter(revoked_at=None))
    connected = present_agents(found)
    context |= {
        "connection": found, "rows": rows, "connected": connected, "command": command_of(found),
        "through_agent": found.network_path == AGENT,
        # Somebody who has just made one wants to see it arrive.
        "expected": bool(rows) and not connected and all(a.seen_at is None for a in rows),
        "go_on": step, "steps": steps_at(1) if step else (),
    }  # fmt: skip
    status = 422 if context.get("trouble") else 200
    response = page_or_part(
        request, "catalog/agents.html", "catalog/_agents.html", context, status=status
    )
    response["Cache-Control"] = "no-store"
    return response


@page(CONNECT)
@require_POST
def revoke(request: StudioRequest, key: uuid.UUID, agent: uuid.UUID) -> HttpResponse:
    """End an agent's token at once."""
    found = get_object_or_404(
        Agent.objects.select_related("connection"),
        connection__workspace=request.workspace,
        connection__uuid=key,
        uuid=agent,
    )
    revoke_agent(request.actor, found)
    messages.success(request, _("“%(agent)s” is revoked and ends.") % {"agent": found})
    return redirect("catalog:connection-agents", key=key)
