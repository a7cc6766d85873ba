"""Tax codes whose rates are known to differ: what would post tax at another rate than the source charged."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from studio.catalog.models import Code
from studio.core.refused import DecisionRefused
from studio.mapping.models import LookupTable
from studio.mapping.value_risk import TAX_LISTS
from studio.mapping.values import TABLES, feeding


class RateDiffers(DecisionRefused):
    """A tax code of another rate was chosen, and nobody said that it is meant; names both rates."""


def rate_of(detail: dict[str, str]) -> Decimal | None:
    """The rate that a code is known to have, in percent; None where its list does not say."""
    try:
        return Decimal(str(detail["rate"]).strip())
    except (KeyError, InvalidOperation):
        return None


def rates_apart(table: LookupTable, source: str, target: str) -> str:
    """What is known of both rates where they differ, in a sentence; empty where they do not or one is unknown.

    Args:
        table: of tax codes; every other table says nothing.
        source: the code of the source.
        target: key of the code at the target.
    """
    if table.code_kind not in TAX_LISTS:
        return ""
    kind = TABLES[table.name][2] if table.name in TABLES else table.code_kind
    sources = Code.objects.filter(connection__in=feeding(table.connection), kind=kind, key=source)
    meant = Code.objects.filter(
        connection=table.connection, kind=table.code_kind, key=target
    ).first()
    theirs = rate_of(meant.detail) if meant else None
    known = [
        (one, rate)
        for one in sources.select_related("connection")
        if (rate := rate_of(one.detail)) is not None
    ]
    if meant is None or theirs is None or not known or any(rate == theirs for _one, rate in known):
        return ""
    one, ours = known[0]
    return _(
        "“%(source)s” is %(ours)s %% in %(from)s, “%(target)s” is %(theirs)s %% in %(to)s."
    ) % {
        "source": source,
        "ours": f"{ours.normalize():f}",
        "from": one.connection,
        "target": meant.label or meant.code or meant.key,
        "theirs": f"{theirs.normalize():f}",
        "to": table.connection,
    }


def require_rate(table: LookupTable, source: str, target: str, *, aware: bool) -> str:
    """Refuse a tax code of another rate unless the person says to know it; what was known, for the trail.

    Raises:
        RateDiffers: the rates differ and nobody said that it is meant.
    """
    said = rates_apart(table, source, target)
    if said and not aware:
        raise RateDiffers(said, _("Choose another code, or say that it is meant."))
    return said
