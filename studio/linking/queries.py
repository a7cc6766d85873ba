"""Reads for pages, API and flows: links as the mapping language wants them, pairs to review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import (
    Count,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Abs, Cast, Coalesce, Round
from django.http import QueryDict

from studio.accounts.models import Workspace
from studio.catalog.models import Connection
from studio.linking.models import KINDS, Judgement, Link, MatchRun, Pair, Party

SHOWN = 0.30
OPEN = ("", "unsure")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of the matches is shown."""

    kind: str = "customer"
    target: str = ""
    state: str = "open"
    band: str = ""
    text: str = ""
    sort: str = "surest"

    @staticmethod
    def of(query: QueryDict) -> Narrowing:
        """From the address; anything unknown means the default."""
        kind = query.get("kind", "customer")
        return Narrowing(
            kind=kind if kind in {k for k, _label in KINDS} else "customer",
            target=query.get("target", ""),
            state=query.get("state", "open"),
            band=query.get("band", ""),
            text=query.get("q", "").strip()[:80],
            sort=query.get("sort", "surest"),
        )

    @property
    def order(self) -> tuple[str, ...]:
        """Keyset order; what somebody put off stands last."""
        if self.sort == "worth":
            return ("judged", "-worth", "id")
        if self.sort == "money":
            return ("judged", "-left__money", "-probability", "id")
        if self.sort == "weakest":
            return ("judged", "probability", "id")
        return ("judged", "-probability", "id")


def _linked(left: str, right: str) -> Exists:
    """Whether a left record is linked in the right connection already."""
    return Exists(
        Link.objects.filter(
            kind=OuterRef("kind"),
            left_connection=OuterRef(f"{left}connection"),
            left_code=OuterRef(f"{left}code"),
            right_connection=OuterRef(right),
            active=True,
        )
    )


def open_pairs(workspace: Workspace, narrowing: Narrowing) -> QuerySet[Pair]:
    """The best open candidate of every record that is not linked yet."""
    better = Pair.objects.filter(
        left=OuterRef("left"),
        right__connection=OuterRef("right__connection"),
        judged__in=OPEN,
        probability__gte=SHOWN,
        rank__lt=OuterRef("rank"),
    )
    created = Judgement.objects.filter(
        left=OuterRef("left"),
        target=OuterRef("right__connection"),
        verdict="create_new",
        undo_of=None,
        undone_by=None,
    )
    rows = (
        Pair.objects.filter(
            kind=narrowing.kind,
            left__connection__workspace=workspace,
            judged__in=OPEN,
            probability__gte=SHOWN,
        )
        .exclude(Exists(better))
        .exclude(_linked("left__", "right__connection"))
        .exclude(Exists(created))
        .select_related("left__connection", "right__connection")
    )
    if narrowing.target:
        rows = rows.filter(right__connection__uuid=narrowing.target)
    if narrowing.band:
        rows = rows.filter(word=narrowing.band)
    if narrowing.text:
        wanted = narrowing.text
        rows = rows.filter(
            Q(left__label__icontains=wanted)
            | Q(left__code__icontains=wanted)
            | Q(right__label__icontains=wanted)
        )
    return rows.annotate(worth=_worth()) if narrowing.sort == "worth" else rows


def _worth() -> Combinable:
    """What an answer settles: uncertainty x money x candidates, as ``engine.resolve.active`` says it."""
    rivals = (
        Pair.objects.filter(
            left=OuterRef("left"),
            right__connection=OuterRef("right__connection"),
            judged__in=OPEN,
            probability__gte=SHOWN,
        )
        .order_by()
        .values("left")
        .annotate(n=Count("id"))
        .values("n")
    )
    uncertainty = 4.0 * F("probability") * (1.0 - F("probability"))
    money = Abs(Cast("left__money", FloatField())) + 1.0
    siblings = Cast(Coalesce(Subquery(rivals), 1), FloatField())
    # Money has two decimals; what lies behind six is only noise in a page's token.
    return Round(ExpressionWrapper(uncertainty * money * siblings, FloatField()), 6)


def alternatives(pairs: Sequence[Pair]) -> dict[tuple[int, int], list[Pair]]:
    """All open candidates of the records on a page, by left record and target connection."""
    found: dict[tuple[int, int], list[Pair]] = {}
    rows = (
        Pair.objects.filter(
            left__in={p.left_id for p in pairs}, judged__in=OPEN, probability__gte=SHOWN
        )
        .select_related("right")
        .order_by("-probability", "rank")
    )
    for row in rows:
        found.setdefault((row.left_id, row.right.connection_id), []).append(row)
    return {key: several[:5] for key, several in found.items()}


def apart(workspace: Workspace, narrowing: Narrowing) -> QuerySet[Pair]:
    """Pairs that people said are not the same; they do not come back by themselves."""
    rows = Pair.objects.filter(
        kind=narrowing.kind, left__connection__workspace=workspace, judged="not_a_match"
    ).select_related("left__connection", "right__connection")
    return rows.filter(right__connection__uuid=narrowing.target) if narrowing.target else rows


def links(workspace: Workspace, narrowing: Narrowing) -> QuerySet[Link]:
    """Cross-references in force."""
    rows = Link.objects.filter(
        workspace=workspace, kind=narrowing.kind, active=True
    ).select_related("left_connection", "right_connection")
    if narrowing.target:
        rows = rows.filter(right_connection__uuid=narrowing.target)
    if narrowing.text:
        rows = rows.filter(
            Q(left_code__icontains=narrowing.text) | Q(right_label__icontains=narrowing.text)
        )
    return rows


@dataclass(frozen=True, slots=True)
class Route:
    """Two connections whose records are compared."""

    source: Connection
    target: Connection


def routes(workspace: Workspace) -> list[Route]:
    """Every pair of connections that was compared so far."""
    runs = (
        MatchRun.objects.filter(source__workspace=workspace)
        .values_list("source_id", "target_id")
        .distinct()
    )
    pairs = list(runs)
    known = Connection.objects.in_bulk({key for pair in pairs for key in pair})
    return [Route(known[a], known[b]) for a, b in dict.fromkeys(pairs)]


def was_compared(workspace: Workspace, narrowing: Narrowing) -> bool:
    """Whether records of this kind were ever compared, in the target that is looked at."""
    runs = MatchRun.objects.filter(source__workspace=workspace, kind=narrowing.kind, compared__gt=0)
    if narrowing.target:
        runs = runs.filter(target__uuid=narrowing.target)
    return runs.exists()


def compared_since(source: Connection, target: Connection, kind: str, moment: datetime) -> bool:
    """Whether the matcher compared the two sides' records of a kind after a moment."""
    return MatchRun.objects.filter(
        source=source, target=target, kind=kind, started_at__gte=moment
    ).exists()


def unmatched(workspace: Workspace, narrowing: Narrowing, target: Connection) -> QuerySet[Party]:
    """Records without a link and without a candidate worth showing in one target.

    None while no record of the target was read: all would seem to be missing there, and creating them
    would make every one twice.
    """
    candidates = Pair.objects.filter(
        left=OuterRef("pk"), right__connection=target, judged__in=OPEN, probability__gte=SHOWN
    )
    runs = MatchRun.objects.filter(target=target, kind=narrowing.kind, compared__gt=0)
    compared = runs.values("source")
    return (
        Party.objects.filter(
            connection__workspace=workspace,
            connection__in=compared,
            kind=narrowing.kind,
            active=True,
        )
        .exclude(Exists(candidates))
        .exclude(
            Exists(
                Link.objects.filter(
                    kind=OuterRef("kind"),
                    left_connection=OuterRef("connection"),
                    left_code=OuterRef("code"),
                    right_connection=target,
                    active=True,
                )
            )
        )
        .select_related("connection")
    )


def unmatched_anywhere(
    workspace: Workspace, narrowing: Narrowing, targets: Sequence[Connection]
) -> QuerySet[Party]:
    """Records that lack a partner in at least one of the targets."""
    somewhere = Q(pk__in=[])
    for target in targets:
        somewhere |= Q(pk__in=unmatched(workspace, narrowing, target).values("pk"))
    return Party.objects.filter(somewhere).select_related("connection")


@dataclass(frozen=True, slots=True)
class Lonely:
    """A record, a target in which it has no partner, who asked to create it there, and what was ruled out."""

    party: Party
    target: Connection
    asked: Judgement | None
    ruled_out: Judgement | None


def lonely_rows(
    workspace: Workspace,
    narrowing: Narrowing,
    targets: Sequence[Connection],
    parties: Sequence[Party],
) -> list[Lonely]:
    """One row for each target in which a record of the page lacks a partner, in the page's order."""
    keys = [p.pk for p in parties]
    asked, apart = creations(targets, parties), ruled_out(targets, parties)
    missing = {
        target.pk: set(
            unmatched(workspace, narrowing, target).filter(pk__in=keys).values_list("pk", flat=True)
        )
        for target in targets
    }
    return [
        Lonely(party, target, asked.get(ends), apart.get(ends))
        for party in parties
        for target in targets
        for ends in [(party.pk, target.pk)]
        if party.pk in missing[target.pk]
    ]


def creations(
    targets: Sequence[Connection], parties: Sequence[Party]
) -> dict[tuple[int, int], Judgement]:
    """Who asked to create which of these records where."""
    asked = Judgement.objects.filter(
        left__in=[p.pk for p in parties],
        target__in=targets,
        verdict="create_new",
        undo_of=None,
        undone_by=None,
    )
    return {(j.left_id, j.target_id): j for j in asked}


def ruled_out(
    targets: Sequence[Connection], parties: Sequence[Party]
) -> dict[tuple[int, int], Judgement]:
    """Of each of these records the surest candidate that a person kept apart, by record and target."""
    found: dict[tuple[int, int], Judgement] = {}
    apart = Judgement.objects.filter(left__in=[p.pk for p in parties], target__in=targets)
    for one in _standing(apart).order_by("-probability", "-id"):
        found.setdefault((one.left_id, one.target_id), one)
    return found


def kept_apart(pairs: Sequence[Pair]) -> dict[tuple[int, int], Judgement]:
    """Who said of these pairs that they are not the same, by both records; the latest."""
    said = _standing(
        Judgement.objects.filter(
            left__in=[p.left_id for p in pairs], right__in=[p.right_id for p in pairs]
        )
    )
    return {(j.left_id, j.right_id or 0): j for j in said.order_by("id")}


def _standing(judgements: QuerySet[Judgement]) -> QuerySet[Judgement]:
    """Those that say “not a match” and were not taken back."""
    said = judgements.filter(verdict="not_a_match", undo_of=None, undone_by=None)
    return said.select_related("right")


def pair_decisions(workspace: Workspace, kind: str) -> list[tuple[float, bool]]:
    """For every standing judgement of a pair: the probability shown, and were they the same.

    What was accepted unseen says nothing about whether it is right; blind repeats measure that.
    """
    judged = Judgement.objects.filter(
        left__connection__workspace=workspace,
        kind=kind,
        verdict__in=["same", "not_a_match"],
        probability__gt=0,
        unseen=False,
        undo_of=None,
        undone_by=None,
    ).values_list("probability", "verdict")
    return [(p, verdict == "same") for p, verdict in judged]
