"""Links that do not come from a judged pair: a confirmed write created the record, a case named it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from studio.accounts.roles import MATCH
from studio.catalog.models import Connection
from studio.core.action import Actor, acting
from studio.linking.models import Link


@dataclass(frozen=True, slots=True)
class Ends:
    """What is linked with what."""

    left_connection: Connection
    left_code: str
    right_connection: Connection
    right_key: str
    right_label: str = ""
    left_label: str = ""


def add_link(
    actor: Actor,
    kind: str,
    ends: Ends,
    *,
    origin: str = "delivery",
    ordered_by: str = "",
    posting: Mapping[str, Any] | None = None,
) -> Link:
    """Record a cross-reference; the same one twice is one and leaves no second audit line.

    A different one for the same code retires the old: what was written last is where it is. Where a
    person ordered what the machine then did (``ordered_by``), the link is that person's decision. Of a
    ``posting`` the line keeps what was posted, so that it can be proved later.
    """
    actor.require(MATCH)
    standing = Link.objects.filter(
        kind=kind,
        left_connection=ends.left_connection,
        left_code=ends.left_code,
        right_connection=ends.right_connection,
        active=True,
    ).first()
    if standing is not None and standing.right_key == ends.right_key:
        return standing
    with acting(actor, MATCH, "linking.linked", f"connection:{ends.right_connection.uuid}") as line:
        line.data = {
            "kind": kind,
            "left": ends.left_code,
            "right": ends.right_key,
            "origin": origin,
        }
        if ordered_by:
            line.data["ordered_by"] = ordered_by
        if posting:
            line.data["posting"] = dict(posting)
        if standing is not None:
            line.data["replaced"] = standing.right_key
            Link.objects.filter(pk=standing.pk).update(
                active=False,
                ended_at=timezone.now(),
                retired_reason=f"replaced by {ends.right_key}"[:200],
            )
        return Link.objects.create(
            workspace_id=ends.left_connection.workspace_id,
            kind=kind,
            left_connection=ends.left_connection,
            left_code=ends.left_code,
            left_label=ends.left_label[:200],
            right_connection=ends.right_connection,
            right_key=ends.right_key,
            right_label=ends.right_label[:200],
            origin=origin,
            decided_by=ordered_by or actor.name,
        )
