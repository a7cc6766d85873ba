"""What a person narrowed the exception queue to, read from the address, and the facets beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from studio.accounts.models import Workspace, colleagues
from studio.core import addresses
from studio.triage.models import Case
from studio.triage.words import CLASS_LABELS, ROLES

AGES = (1, 3, 7)
SUMS = (100, 1_000, 10_000)
NOBODY = "nobody"
# What is compared as it stands: name in the address -> column.
PLAIN = {"kind": "case_class", "role": "audience", "currency": "currency", "cause": "cause"}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One value per facet; empty means all.

    Attributes:
        kind: class of the case.
        flow: key of the flow; ``-`` for connections.
        role: who can act (``Case.audience``).
        who: user name of the person it is assigned to, or ``nobody``.
        age: at least so many days old.
        money: at least so much at risk, in the company's own currency.
        currency: currency of the record.
        cause: one cause; the page then names each record it holds up.
        tag: one tag.
        state: ``waiting`` or ``closed`` instead of what is open.
        text: found in the record, the sentence or the cause.
    """

    kind: str = ""
    flow: str = ""
    role: str = ""
    who: str = ""
    age: str = ""
    money: str = ""
    currency: str = ""
    cause: str = ""
    tag: str = ""
    state: str = ""
    text: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Narrowing:
        """Read from an address; what makes no sense is left out."""
        number = {k: v for k in ("age", "money") if (v := query.get(k, "")).isdigit()}
        plain = {
            k: query.get(k, "")
            for k in ("kind", "flow", "role", "who", "currency", "cause", "tag", "state")
        }
        return cls(**plain, **number, text=query.get("q", "").strip()[:80])

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self))

    def apply(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """The cases that fit everything but ``state``."""
        said = {column: v for name, column in PLAIN.items() if (v := getattr(self, name))}
        cases = cases.filter(**said)
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
    """How many cases there are of each kind, flow and person; roles, ages and sums to choose from.

    One pass over an index in its own order: counting the others, too, would cost more than the page. A
    record with two causes is two cases here, which the page says beside them (``words.FACETS_COUNT``).
    """
    rows: list[Mapping[str, Any]] = list(
        cases.order_by()
        .values("cause", "case_class", "flow_key", "assignee_id")
        .annotate(n=Count("pk"), first=Min("pk"))
    )
    counts: dict[str, Counter[Any]] = {
        key: Counter() for key in ("case_class", "flow_key", "assignee_id")
    }
    for row in rows:
        for key, counter in counts.items():
            counter[row[key]] += row["n"]
    firsts = {r["flow_key"]: r["first"] for r in rows}.values()
    flows = dict(Case.objects.filter(pk__in=firsts).values_list("flow_key", "flow_label"))
    people = {u.pk: u for u in colleagues(workspace)}
    who = counts["assignee_id"]
    assigned = [(people[p].username, str(people[p]), n) for p, n in who.items() if p in people]
    found: list[tuple[str, str, list[tuple[str, str, int | None]]]] = [
        (
            _("Kind"),
            "kind",
            [(k, str(CLASS_LABELS.get(k, k)), n) for k, n in counts["case_class"].most_common()],
        ),
        (
            _("Flow"),
            "flow",
            [
                (k or "-", flows.get(k) or _("Connections"), n)
                for k, n in counts["flow_key"].most_common()
            ],
        ),
        (_("Who can act"), "role", [(k, str(words), None) for k, words in ROLES.items()]),
        (_("Assigned to"), "who", [(NOBODY, _("Nobody"), who[None]), *sorted(assigned)]),
        (
            _("Older than"),
            "age",
            [(str(d), ngettext("%d day", "%d days", d) % d, None) for d in AGES],
        ),
        (_("Money at risk, own currency"), "money", [(str(s), f"≥ {s:,}", None) for s in SUMS]),
    ]
    return [
        {"name": name, "rows": [_row(query, now, key, *one) for one in choices]}
        for name, key, choices in found
    ]


def _row(
    query: QueryDict, now: Narrowing, key: str, value: str, label: str, count: int | None
) -> dict[str, Any]:
    on = getattr(now, key) == value
    url = addresses.narrowed(query, **{key: "" if on else value}, page="")
    return {"label": label, "count": count, "url": url, "on": on}
