"""Reads for pages and API: rows with facets, budgets, identical rows, versions."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from studio.accounts.models import Workspace
from studio.core.surest import Told
from studio.mapping.eyes import sentence_of, wanting_eyes
from studio.mapping.models import (
    Decision,
    LookupTable,
    Mapping,
    MappingRow,
    MappingVersion,
    ValueProposal,
)
from studio.mapping.risk import RETURNED, UNCONFIRMED
from studio.mapping.uses import Way

# product.md 7.1: four bands; below the last nothing is shown.
BANDS: tuple[tuple[str, float], ...] = (
    ("certain", 0.95),
    ("strong", 0.80),
    ("possible", 0.50),
    ("guess", 0.30),
)
SURE = dict(BANDS)["strong"]
_AT_ONCE = 300


def word_of(confidence: float) -> str:
    """The band of a confidence; empty below the weakest."""
    return next((word for word, floor in BANDS if confidence >= floor), "")


@dataclass(frozen=True, slots=True)
class Budgeted:
    """The rows that fit into a risk budget, what they add up to, and how sure the first is that does not."""

    rows: list[MappingRow]
    expected_wrong: float
    ended_at: float = 0.0


def within_budget(
    rows: Iterable[MappingRow], expected_wrong: float, *, but: Container[int] = ()
) -> Budgeted:
    """The most open rows whose expected number of wrong ones stays within the budget.

    However large the budget, only what is at least strong goes unseen: a guess that fits into what twelve
    sure rows left over is still a guess.

    Args:
        rows: open ones among them count.
        expected_wrong: the budget.
        but: ids of rows that are not accepted unseen (``studio.mapping.eyes``).
    """
    chosen: list[MappingRow] = []
    risk = 0.0
    open_rows = [
        r
        for r in rows
        if r.state == "open" and r.candidates and r.confidence >= SURE and r.pk not in but
    ]
    for row in sorted(open_rows, key=lambda r: (-r.confidence, r.pk)):
        if risk + (1 - row.confidence) > expected_wrong + 1e-9:
            return Budgeted(chosen, risk, row.confidence)
        risk += 1 - row.confidence
        chosen.append(row)
    return Budgeted(chosen, risk)


def unseen_risk(mapping_id: int) -> float:
    """Expected wrong ones among the approved rows that nobody looked at singly."""
    latest = Decision.objects.filter(row=OuterRef("pk")).order_by("-pk")
    rows = MappingRow.objects.filter(mapping_id=mapping_id, state="approved").annotate(
        unseen=Subquery(latest.values("unseen")[:1]), sure=Subquery(latest.values("confidence")[:1])
    )
    return float(sum(1 - sure for sure in rows.filter(unseen=True).values_list("sure", flat=True)))


@dataclass(frozen=True, slots=True)
class Budget(Told):
    """Which open rows fit into a risk budget, and who was left and why."""

    rows: tuple[MappingRow, ...] = ()
    left: str = ""


def budget_of(rows: QuerySet[MappingRow], expected_wrong: float) -> Budget:
    """Which of these rows fit into what a risk budget has left; what wants eyes is passed over.

    What was accepted this way before and not looked at since counts against the same budget, so that pressing
    twice does not accept twice the risk.
    """
    open_rows = rows.filter(state="open", confidence__gt=0)
    mappings = open_rows.order_by().values_list("mapping_id", flat=True).distinct()
    spent = sum(unseen_risk(mapping) for mapping in mappings)
    sure = open_rows.filter(confidence__gte=SURE).order_by("-confidence", "pk")
    given: list[MappingRow] = []
    # The surest first and no more than it takes: of ten thousand open rows a few dozen fit.
    while True:
        more = list(sure[len(given) : len(given) + _AT_ONCE])
        given += more
        wanting = wanting_eyes(given)
        chosen = within_budget(given, expected_wrong - spent, but=wanting)
        if chosen.ended_at or len(more) < _AT_ONCE:
            break
    left = [wanting[r.pk] for r in given if r.pk in wanting and r.confidence >= chosen.ended_at]
    return Budget(
        len(chosen.rows), spent + chosen.expected_wrong, tuple(chosen.rows), sentence_of(left)
    )


def budget_size(mapping: Mapping, expected_wrong: float) -> Budget:
    """What fits of a mapping's open rows."""
    return budget_of(mapping.rows.all(), expected_wrong)


def identical_rows(row: MappingRow) -> list[tuple[MappingRow, int]]:
    """Open rows elsewhere in the workspace for the same field with the same candidate, by number."""
    mapping = row.mapping
    others = (
        MappingRow.objects.filter(
            mapping__workspace_id=mapping.workspace_id,
            mapping__direction=mapping.direction,
            state="open",
            target_path=row.target_path,
        )
        .exclude(pk=row.pk)
        .select_related("mapping__connection")
    )
    found = []
    for other in others:
        number = next(
            (n for n, c in enumerate(other.candidates) if c["expression"] == row.expression), None
        )
        if number is not None:
            found.append((other, number))
    return found


def mappings_of(workspace: Workspace) -> QuerySet[Mapping]:
    """All mappings of a workspace with how far their review is."""
    return (
        Mapping.objects.filter(workspace=workspace)
        .select_related("connection")
        .annotate(
            rows_count=_counted(Q()),
            open_count=_counted(Q(state="open", confidence__gt=0)),
            approved_count=_counted(Q(state="approved")),
            required_open=_counted(Q(state__in=("open", "rejected"), required=True)),
            objections=_counted(~Q(objection="")),
            unconfirmed_count=_counted(UNCONFIRMED),
            returned_count=_counted(RETURNED),
            version_number=Subquery(
                MappingVersion.objects.filter(mapping=OuterRef("pk"), state="published").values(
                    "number"
                )[:1]
            ),
        )
        .order_by("connection__name", "direction", "document", "entity")
    )


def _counted(which: Q) -> Coalesce:
    """How many rows of a mapping are like that.

    Each by itself: beside a join of the rows the others would be counted anew for every row.
    """
    rows = MappingRow.objects.filter(which, mapping=OuterRef("pk")).order_by()
    counted = rows.values("mapping").annotate(n=Count("id")).values("n")
    return Coalesce(Subquery(counted), 0)


def published(mapping: Mapping) -> MappingVersion | None:
    """The version in force, or None."""
    return mapping.versions.filter(state="published").first()


@dataclass(frozen=True, slots=True)
class Route:
    """Two hops through one canonical document: what is read there and written here."""

    inbound: Mapping
    outbound: Mapping

    def way(self) -> Way:
        """What a flow would be made for that takes this route."""
        a, b = self.inbound, self.outbound
        return Way(a.connection_id, a.entity, a.document, b.connection_id, b.entity)


def composed_of(mappings: Iterable[Mapping]) -> list[Route]:
    """Every pair of hops through the same document between two connections that belong together."""
    found = list(mappings)
    fed = set(Mapping.fed_by.through.objects.values_list("mapping_id", "connection_id"))
    inbound = [m for m in found if m.direction == "inbound"]
    outbound = [m for m in found if m.direction == "outbound"]
    return [
        Route(a, b)
        for a in inbound
        for b in outbound
        if a.document == b.document and (b.pk, a.connection_id) in fed
    ]


def rows_using(table: LookupTable) -> list[MappingRow]:
    """Rows whose expression in force looks this table up."""
    rows = MappingRow.objects.filter(
        mapping__connection_id=table.connection_id,
        state="approved",
        expression__contains=f'LOOKUP("{table.name}"',
    )
    return list(rows.select_related("mapping__connection"))


def field_decisions(workspace: Workspace) -> list[tuple[float, bool]]:
    """For every standing decision on a row: confidence of the best candidate, and was it chosen.

    What was accepted unseen says nothing about whether it is right; blind repeats measure that.
    """
    decisions = (
        Decision.objects.filter(
            row__mapping__workspace=workspace,
            verdict__in=["approved", "rejected"],
            undo_of=None,
            undone_by=None,
        )
        .exclude(row__state="open")  # a second person sent it back: nothing stands there
        .order_by("row_id", "-id")
        .values_list("row_id", "verdict", "after", "candidates", "unseen")
    )
    found: dict[int, tuple[float, bool]] = {}
    passed: set[int] = set()
    for row, verdict, after, candidates, unseen in decisions.iterator(chunk_size=2000):
        if row in passed or not candidates:
            continue
        passed.add(row)
        if unseen:
            continue
        best = max(candidates, key=lambda c: float(c["confidence"]))
        right = verdict == "approved" and after.get("expression") == best["expression"]
        found[row] = (float(best["confidence"]), right)
    return list(found.values())


def value_decisions(workspace: Workspace) -> list[tuple[float, bool]]:
    """The same for code translations."""
    rows = ValueProposal.objects.filter(
        table__workspace=workspace, state__in=["approved", "rejected"], decided_at__isnull=False
    ).values_list("chosen", "candidates")
    return [(float(c[0]["confidence"]), chosen == c[0]["key"]) for chosen, c in rows if c]
