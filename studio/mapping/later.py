"""What one person put off stands last on that person's list; everybody else's is as it was."""

from __future__ import annotations

from typing import TypeVar, cast

from django.db.models import Case, Exists, Model, OuterRef, QuerySet, Value, When

from studio.mapping.models import PutOff

Row = TypeVar("Row", bound=Model)
# First in a keyset order.
LAST = "put_off"


def put_off_by(rows: QuerySet[Row], person: str, what: str) -> QuerySet[Row]:
    """The rows with ``put_off``: 1 where this person wants them later, else 0.

    Args:
        rows: of mappings or of code proposals.
        person: whose list it is.
        what: the name of the rows in ``PutOff``: ``row`` or ``proposal``.
    """
    wanted = PutOff.objects.filter(person=person, **{what: OuterRef("pk")})
    last = Case(When(Exists(wanted), then=Value(1)), default=Value(0))
    return cast("QuerySet[Row]", rows.annotate(**{LAST: last}))
