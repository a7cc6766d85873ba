"""Narrowing a review: filters from the address, counts beside each choice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import (
    Case,
    Count,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Round
from django.http import QueryDict
from django.utils.translation import gettext as _

from studio.core import addresses
from studio.mapping.models import Mapping, MappingRow
from studio.mapping.queries import BANDS
from studio.mapping.risk import RETURNED, UNCONFIRMED

ORDERS = {
    "position": ("position", "id"),
    "surest": ("-confidence", "id"),
    "weakest": ("confidence", "id"),
    "worth": ("-worth", "id"),
}
# How much more a field counts that decides money or that the target asks for.
_MATTERS = 10.0


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a mapping is shown."""

    state: str = "open"
    band: str = ""
    method: str = ""
    required: bool = False
    objection: bool = False
    text: str = ""
    sort: str = "position"

    @staticmethod
    def of(query: QueryDict) -> Narrowing:
        """From the address; anything unknown means everything."""
        return Narrowing(
            state=query.get("state", "open"),
            band=query.get("band", ""),
            method=query.get("method", ""),
            required=query.get("required") == "1",
            objection=query.get("objection") == "1",
            text=query.get("q", "").strip()[:80],
            sort=query.get("sort", "position"),
        )

    @property
    def is_open(self) -> bool:
        """Whether what is shown waits for a decision, so that a decided row leaves the list."""
        return self.state in ("open", "sent_back")

    @property
    def is_part(self) -> bool:
        """Whether some of the rows in this state are left out."""
        return bool(self.band or self.method or self.required or self.objection or self.text)

    @property
    def order(self) -> tuple[str, ...]:
        """Keyset order."""
        return ORDERS.get(self.sort, ORDERS["position"])

    def apply(self, rows: QuerySet[MappingRow]) -> QuerySet[MappingRow]:
        """The rows that are shown."""
        rows = rows.filter(self._state())
        if self.band:
            rows = rows.filter(_band(self.band))
        if self.method:
            rows = rows.filter(method=self.method)
        if self.required:
            rows = rows.filter(required=True)
        if self.objection:
            rows = rows.exclude(objection="")
        if self.text:
            rows = rows.filter(
                Q(target_path__icontains=self.text)
                | Q(target_label__icontains=self.text)
                | Q(expression__icontains=self.text)
            )
        return rows.annotate(worth=_worth()) if self.sort == "worth" else rows

    def _state(self) -> Q:
        match self.state:
            case "open":
                return Q(state="open") & (Q(confidence__gt=0) | Q(required=True))
            case "none":
                return Q(state="open", confidence=0, required=False)
            case "unconfirmed":
                return UNCONFIRMED
            case "sent_back":
                return RETURNED
            case "approved" | "rejected" | "do_not_map":
                return Q(state=self.state)
            case _:
                return Q()


def _worth() -> Combinable:
    """What an answer settles: uncertainty x weight of the field x open rows for the same field.

    A field without a candidate is as uncertain as can be. How much money will flow through a field is
    not known before it is mapped; whether it decides money is.
    """
    alike = (
        MappingRow.objects.filter(
            mapping__workspace=OuterRef("mapping__workspace"),
            mapping__direction=OuterRef("mapping__direction"),
            target_path=OuterRef("target_path"),
            state="open",
        )
        .order_by()
        .values("target_path")
        .annotate(n=Count("id"))
        .values("n")
    )
    doubt = Case(
        When(confidence=0, then=Value(1.0)),
        default=4.0 * F("confidence") * (1.0 - F("confidence")),
        output_field=FloatField(),
    )
    matters = Case(
        When(Q(required=True) | ~Q(risk=""), then=Value(_MATTERS)),
        default=Value(1.0),
        output_field=FloatField(),
    )
    siblings = Cast(Coalesce(Subquery(alike), 1), FloatField())
    return Round(ExpressionWrapper(doubt * matters * siblings, FloatField()), 6)


def _band(word: str) -> Q:
    floors = dict(BANDS)
    if word not in floors:
        return Q()
    above = min((f for f in floors.values() if f > floors[word]), default=None)
    found = Q(confidence__gte=floors[word])
    return found & Q(confidence__lt=above) if above is not None else found


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a review is."""

    open: int
    none: int
    approved: int
    rejected: int
    do_not_map: int
    required_open: int
    objections: int
    unconfirmed: int = 0
    returned: int = 0

    @property
    def total(self) -> int:
        """All rows."""
        return self.open + self.none + self.approved + self.rejected + self.do_not_map

    @property
    def decided(self) -> int:
        """Rows somebody decided."""
        return self.approved + self.rejected + self.do_not_map


def _grouped(mapping: Mapping) -> Iterable[tuple[str, str, str, bool, bool, str, int]]:
    """State, band, method, required, objection, where it is between two people, and how many of these."""
    whens = [When(confidence__gte=floor, then=Value(word)) for word, floor in BANDS]
    rows = (
        mapping.rows.order_by()
        .annotate(
            word=Case(*whens, When(confidence__gt=0, then=Value("")), default=Value("nothing")),
            doubted=Case(When(objection="", then=Value(False)), default=Value(True)),
            between=Case(
                When(UNCONFIRMED, then=Value("unconfirmed")),
                When(RETURNED, then=Value("sent_back")),
                default=Value(""),
            ),
        )
        .values_list("state", "word", "method", "required", "doubted", "between")
        .annotate(n=Count("id"))
    )
    return cast("Iterable[tuple[str, str, str, bool, bool, str, int]]", rows)


def counted(mapping: Mapping, narrowing: Narrowing, query: QueryDict) -> tuple[Counts, list[Any]]:
    """The counts of a mapping and its facet groups, from one query."""
    states: Counter[str] = Counter()
    bands: Counter[str] = Counter()
    methods: Counter[str] = Counter()
    betweens: Counter[str] = Counter()
    required = objections = required_open = total = 0
    for state, word, method, needed, doubted, between, n in _grouped(mapping):
        shown = "none" if state == "open" and word == "nothing" and not needed else state
        total += n
        states[shown] += n
        objections += n if doubted else 0
        betweens[between] += n
        required_open += n if needed and state != "approved" else 0
        if narrowing.state not in (shown, "all", between or shown):
            continue
        bands[word] += n
        methods[method] += n
        required += n if needed else 0
    counts = Counts(
        **{k: states[k] for k in ("open", "none", "approved", "rejected", "do_not_map")},
        required_open=required_open,
        objections=objections,
        unconfirmed=betweens["unconfirmed"],
        returned=betweens["sent_back"],
    )
    state_rows = [
        ("open", _("To review"), states["open"]),
        ("approved", _("Approved"), states["approved"]),
        ("unconfirmed", _("Wants a second person"), counts.unconfirmed),
        ("sent_back", _("Sent back"), counts.returned),
        ("rejected", _("Rejected"), states["rejected"]),
        ("do_not_map", _("Do not map"), states["do_not_map"]),
        ("none", _("Nothing proposed"), states["none"]),
        ("all", _("All fields"), total),
    ]
    groups = [
        _group(query, _("Status"), "state", state_rows, narrowing.state),
        _group(
            query,
            _("Confidence"),
            "band",
            [(w, _(w), bands[w]) for w, _floor in BANDS],
            narrowing.band,
        ),
        _group(
            query,
            _("Method"),
            "method",
            [(m, _(m), n) for m, n in methods.most_common() if m],
            narrowing.method,
        ),
        _group(
            query,
            _("Only"),
            "required",
            [("1", _("Required at the target"), required)],
            "1" if narrowing.required else "",
        ),
    ]
    if objections:
        rows_ = [("1", _("The machine objects"), objections)]
        groups.append(
            _group(query, _("Doubts"), "objection", rows_, "1" if narrowing.objection else "")
        )
    return counts, groups


def _group(
    query: QueryDict, name: str, key: str, rows: list[tuple[str, str, int]], chosen: str
) -> dict[str, Any]:
    return {
        "name": name,
        "key": key,
        "rows": [
            {
                "value": value,
                "label": label,
                "count": count,
                "on": value == chosen,
                "url": addresses.narrowed(
                    query, **{key: "" if value == chosen and key != "state" else value}
                ),
            }
            for value, label, count in rows
        ],
    }
