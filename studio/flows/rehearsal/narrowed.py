"""A rehearsal that looked at less than what goes live will: good for a look, and not for a signature."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studio.core.templatetags.studio import day
from studio.flows.models import Rehearsal


def is_narrowed(scope: dict[str, Any]) -> bool:
    """Whether a scope is less than what a version reads once it is live: from a day on, or only what is stored."""
    return bool(scope.get("since")) or scope.get("reads") == "stored"


def narrowed(one: Rehearsal) -> str:
    """Why a rehearsal is not what going live would do, and what to do to sign; empty where it is."""
    if one.kind != "rehearsal" or not is_narrowed(one.scope):
        return ""
    if not one.scope.get("since"):
        return _(
            "It worked the records as they were stored when they came; what goes live reads the source. "
            "To sign, rehearse what the source has."
        )
    said = _("It looked only at documents dated from %(day)s on; what goes live has no such day.")
    told = said % {"day": day(str(one.scope["since"]))}
    earlier: dict[str, Any] = one.totals.get("earlier", {})
    if count := int(earlier.get("count", 0)):
        money = " · ".join(f"{m} {c}".strip() for c, m in earlier["money"].items())
        more = ngettext(
            "%(count)d earlier one would be written, too: %(money)s.",
            "%(count)d earlier ones would be written, too: %(money)s.",
            count,
        )
        told += " " + more % {"count": count, "money": money or "–"}
    return f"{told} " + _(
        "To sign, rehearse without a day. What must not be posted is left out by a filter of the flow."
    )
