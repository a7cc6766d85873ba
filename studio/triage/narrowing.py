"""What a person narrowed the exception queue to, read from the address, and the facets beside it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.accounts.models import User, Workspace
from studio.core import addresses
from studio.triage.models import Case
from studio.triage.words import CLASS_LABELS

AGES = (1, 3, 7)
SUMS = (100, 1_000, 10_000)
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One value per facet; empty means all.

    Attributes:
        kind: class of the case.
        flow: key of the flow; ``-`` for connections.
        who: user name of the person it is assigned to, or ``nobody``.
        age: at least so many days old.
        money: at least so much at risk, in the company's own currency.
        tag: one tag.
        state: ``waiting`` or ``closed`` instead of what is open.
        text: found in the record, the sentence or the cause.
    """

    kind: str = ""
    flow: str = ""
    who: str = ""
    age: str = ""
    money: str = ""
    tag: str = ""
    state: str = ""
    text: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Narrowing:
        """Read from an address; what makes no sense is left out."""
        number = {k: v for k in ("age", "money") if (v := query.get(k, "")).isdigit()}
        plain = {k: query.get(k, "") for k in ("kind", "flow", "who", "tag", "state")}
        return cls(**plain, **number, text=query.get("q", "").strip()[:80])

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))

    def apply(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """The cases that fit everything but ``state``."""
        if self.kind:
            cases = cases.filter(case_class=self.kind)
        if self.flow:
            cases = cases.filter(flow_key="" if self.flow == "-" else self.flow)
        if self.who:
            nobody = self.who == NOBODY
            cases = cases.filter(
                **{"assignee": None} if nobody else {"assignee__username": self.who}
            )
        if self.age:
            cases = cases.filter(created_at__lte=timezone.now() - timedelta(days=int(self.age)))
        if self.money:
            cases = cases.filter(base_amount__gte=Decimal(self.money))
        if self.tag:
            cases = cases.annotate(tagged=Cast("tags", TextField())).filter(
                tagged__icontains=f'"{self.tag}"'
            )
        if self.text:
            cases = cases.filter(
                Q(record_label__icontains=self.text)
                | Q(sentence__icontains=self.text)
                | Q(cause_label__icontains=self.text)
            )
        return cases


def facets(
    workspace: Workspace, cases: QuerySet[Case], query: QueryDict, now: Narrowing
) -> list[dict[str, Any]]:
    """How many cases there are of each kind, flow, person, age and sum; one scan of an index."""
    old = {
        f"age{d}": Count("pk", filter=Q(created_at__lte=timezone.now() - timedelta(days=d)))
        for d in AGES
    }
    dear = {f"sum{s}": Count("pk", filter=Q(base_amount__gte=s)) for s in SUMS}
    rows = list(
        cases.order_by()
        .values("case_class", "flow_key", "assignee_id")
        .annotate(n=Count("pk"), first=Min("pk"), **old, **dear)
    )
    flows = dict(
        Case.objects.filter(pk__in={r["flow_key"]: r["first"] for r in rows}.values()).values_list(
            "flow_key", "flow_label"
        )
    )
    people = dict(
        User.objects.filter(memberships__workspace=workspace).values_list("pk", "username")
    )
    names = {u.username: str(u) for u in User.objects.filter(memberships__workspace=workspace)}

    def total(key: str, value: Any) -> int:
        return sum(int(r["n"]) for r in rows if r[key] == value)

    def facet(name: str, key: str, found: list[tuple[str, str, int]]) -> dict[str, Any]:
        return {
            "name": name,
            "rows": [
                {
                    "label": label,
                    "count": count,
                    "url": addresses.narrowed(
                        query, **{key: "" if getattr(now, key) == value else value}, page=""
                    ),
                    "on": getattr(now, key) == value,
                }
                for value, label, count in found
                if count or getattr(now, key) == value
            ],
        }

    kinds = sorted({r["case_class"] for r in rows}, key=lambda k: -total("case_class", k))
    where = sorted({r["flow_key"] for r in rows}, key=lambda k: -total("flow_key", k))
    mine = sorted({r["assignee_id"] for r in rows if r["assignee_id"] in people})
    return [
        facet(
            _("Kind"),
            "kind",
            [(k, str(CLASS_LABELS.get(k, k)), total("case_class", k)) for k in kinds],
        ),
        facet(
            _("Flow"),
            "flow",
            [(k or "-", flows.get(k) or _("Connections"), total("flow_key", k)) for k in where],
        ),
        facet(
            _("Assigned to"),
            "who",
            [
                (NOBODY, _("Nobody"), total("assignee_id", None)),
                *((people[p], names[people[p]], total("assignee_id", p)) for p in mine),
            ],
        ),
        facet(
            _("Older than"),
            "age",
            [
                (
                    str(d),
                    _("1 day") if d == 1 else _("%d days") % d,
                    sum(r[f"age{d}"] for r in rows),
                )
                for d in AGES
            ],
        ),
        facet(
            _("Money at risk"),
            "money",
            [(str(s), f"≥ {s:,}", sum(r[f"sum{s}"] for r in rows)) for s in SUMS],
        ),
    ]
