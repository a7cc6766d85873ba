"""What the case of a connection shows: how it stands, when it is used again, where it is tested."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from studio.catalog.agents.desk import absence_of
from studio.catalog.models import AGENT, Connection
from studio.catalog.whom import whom_to_ask
from studio.core.templatetags.studio import written
from studio.triage.evidence import Evidence
from studio.triage.models import Case


def connection_evidence(case: Case) -> Evidence | None:
    """The connection as it stands now, and its page with the buttons that test it and sign in again."""
    key = case.subject.partition(":")[2]
    found = Connection.objects.filter(workspace=case.workspace_id, uuid=key).first()
    if found is None:
        return None
    until = None if found.state == "ended" else found.rests_until()
    now = [
        (_("State"), found.get_state_display(), False),
        (_("Not used before"), written(until), until is not None),
        (_("Reason"), found.paused_reason or "–", False),
        *([(_("Who can help"), asked, False)] if (asked := whom_to_ask(found)) else []),
    ]
    if found.network_path == AGENT:
        absent = absence_of(found.pk)
        now.append((_("Agent"), absent or _("connected"), bool(absent)))
    last = [
        (_("Checked"), written(found.checked_at), False),
        (_("Seen as"), found.health.get("who") or "–", False),
        (_("Says"), found.health.get("detail") or "–", False),
    ]
    return Evidence(
        title=_("The connection"),
        left_title=_("Now"),
        left=now,
        right_title=_("When it was last tested"),
        right=last,
        links=[(_("Test it or sign in again"), reverse("catalog:connection", args=[found.uuid]))],
    )
