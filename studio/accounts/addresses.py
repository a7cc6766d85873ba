"""Whom a message reaches: a role of a workspace, or mail addresses."""

from __future__ import annotations

from studio.accounts.models import Membership
from studio.accounts.roles import OURS


def addresses(workspace_id: int, audience: str) -> list[str]:
    """Mail addresses behind a role or a list of addresses."""
    if audience not in OURS:
        return [a.strip() for a in audience.split(",") if "@" in a]
    people = Membership.objects.filter(workspace=workspace_id, role=audience, user__is_active=True)
    found = people.exclude(user__email="").values_list("user__email", flat=True)
    return sorted(set(found))
