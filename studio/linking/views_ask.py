"""The language model on the match page."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import DECIDE_AI
from studio.core.refused import DecisionRefused
from studio.linking.opinions import ask_about
from studio.linking.views import answer, pair_of


@page(DECIDE_AI)
@require_POST
def ask(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Have the language model asked which candidate is the same."""
    pair = pair_of(request, key)
    try:
        ask_about(request.actor, pair)
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "error")
    text = _("The language model is being asked about %s; reload in a few seconds.")
    return answer(request, text % pair.left.label)
