"""The same company connected twice would be read twice and posted twice: it is asked about first."""

from __future__ import annotations

from django.db.models import QuerySet

from connectors.registry import capabilities
from studio.catalog.models import Connection


def twins_of(connection: Connection) -> QuerySet[Connection]:
    """Other connections of the workspace to the same company of the same system.

    A vendor's own service has one company of a name; servers that companies run themselves may each
    have a company “1”, so there the address counts too.
    """
    found = Connection.objects.filter(
        workspace=connection.workspace_id, system=connection.system, company=connection.company
    ).exclude(pk=connection.pk)
    if not connection.company:
        return found.none()
    if not capabilities(connection.system).production:
        found = found.filter(base_url=connection.base_url)
    return found.order_by("name")


def sentence_about(connection: Connection, twin: Connection) -> str:
    """Why it is asked."""
    return (
        f"Company {connection.company} is connected already, as “{twin.name}”. A second connection "
        "reads and posts everything a second time."
    )
