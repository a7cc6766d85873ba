"""Reads about comparisons of quantities: the rows of a page, narrowed and in the order asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from engine.runtime.quantities import Why
from studio.core.paging import KeysetPage, keyset
from studio.tieout.models import StockComparison, StockPart, StockRow
from studio.tieout.reasons import WORDS

# Name in the address -> words, and the keyset order.
ORDERS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "value": (_("Value of the difference"), ("-weight", "-off", "id")),
    "quantity": (_("Quantity of the difference"), ("-off", "id")),
    "item": (_("Item"), ("item", "id")),
}
SHOWN: dict[str, Any] = {"apart": _("Differ"), "red": _("Not explained"), "all": _("All")}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a comparison is looked at, and in which order."""

    show: str = "apart"
    why: str = ""
    text: str = ""
    order: str = "value"

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> Narrowing:
        """From an address; words that mean nothing fall back to the usual."""
        show, order, why = asked.get("show", ""), asked.get("order", ""), asked.get("why", "")
        return cls(
            show if show in SHOWN else "apart",
            why if why in set(Why) else "",
            asked.get("q", "").strip(),
            order if order in ORDERS else "value",
        )

    def rows(self, comparison: StockComparison) -> QuerySet[StockRow]:
        """The rows that are meant."""
        rows = comparison.rows.prefetch_related("parts")
        if self.show == "apart":
            rows = rows.exclude(difference=0)
        elif self.show == "red":
            rows = rows.filter(parts__why=Why.UNEXPLAINED)
        if self.why:
            rows = rows.filter(pk__in=_with(comparison, self.why))
        if self.text:
            found = rows.filter(item__icontains=self.text) | rows.filter(name__icontains=self.text)
            rows = found.distinct()
        return rows

    def page(self, comparison: StockComparison, after: str, before: str) -> KeysetPage[StockRow]:
        """One page of them."""
        order = ORDERS[self.order][1]
        return keyset(self.rows(comparison), order, after=after, before=before)


def _with(comparison: StockComparison, why: str) -> QuerySet[StockPart, Any]:
    return StockPart.objects.filter(row__comparison=comparison, why=why).values("row_id")


def reasons_of(comparison: StockComparison) -> list[tuple[str, Any, int]]:
    """Every name of the comparison with its words and the number of items, in a fixed order."""
    counts = dict(
        StockPart.objects.filter(row__comparison=comparison)
        .values_list("why")
        .annotate(n=Count("id"))
        .order_by("why")
    )
    return [(str(why), words, counts[why]) for why, words in WORDS.items() if why in counts]
