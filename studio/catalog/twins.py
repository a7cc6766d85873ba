"""The same company connected twice would be read twice and posted twice: it is asked about first."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from connectors.registry import capabilities
from studio.catalog.models import Connection


def _company_of(connection: Connection) -> tuple[str, str, str]:
    """What two connections to one company have in common.

    A vendor's own service has one company of a name; servers that companies run themselves may each
    have a company “1”, so there the address counts too.
    """
    own = not capabilities(connection.system).production
    return connection.system, connection.company, connection.base_url if own else ""


def twins_of(connection: Connection) -> list[Connection]:
    """Other connections of the workspace to the same company of the same system, by name."""
    if not connection.company:
        return []
    others = Connection.objects.filter(
        workspace=connection.workspace_id, system=connection.system, company=connection.company
    ).exclude(pk=connection.pk)
    key = _company_of(connection)
    return [one for one in others.order_by("name") if _company_of(one) == key]


def twins_among(rows: Iterable[Connection]) -> dict[int, list[Connection]]:
    """For each connection that has any: the others of these that stand for the same company."""
    known: dict[tuple[str, str, str], list[Connection]] = {}
    for one in rows:
        if one.company:
            known.setdefault(_company_of(one), []).append(one)
    return {
        one.pk: [other for other in same if other.pk != one.pk]
        for same in known.values()
        for one in same
        if len(same) > 1
    }


def sentence_about(connection: Connection, twin: Connection) -> str:
    """Why it is asked."""
    return _(
        "Company %(company)s is connected already, as “%(twin)s”. A second connection "
        "reads and posts everything a second time."
    ) % {"company": connection.company, "twin": twin.name}
