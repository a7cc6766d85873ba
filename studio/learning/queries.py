"""Reads: which repeats a person may be asked, which wait for a third look, how far people agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from engine.resolve.agreement import Agreement, agreement
from studio.accounts.models import Membership, Workspace
from studio.accounts.roles import permissions_of
from studio.core.action import Actor
from studio.learning.fits import environment
from studio.learning.models import Calibration, Repeat
from studio.learning.sources import SOURCES, Source

# Somebody else has nothing to forget; who decided it himself is asked when he has.
OTHERS_AFTER = timedelta(hours=1)
SAME_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Able:
    """Who of a workspace may answer a family of questions."""

    source: Source
    names: frozenset[str]

    def others(self, *but: str) -> frozenset[str]:
        """The people among them besides these."""
        return self.names - set(but)


def able(workspace: Workspace) -> list[Able]:
    """For each family who may be asked; one query."""
    people = [
        (str(m.user), permissions_of(m.role))
        for m in Membership.objects.filter(
            workspace=workspace, user__is_active=True
        ).select_related("user")
    ]
    return [
        Able(source, frozenset(name for name, held in people if source.may(held)))
        for source in SOURCES.all()
    ]


def to_ask(actor: Actor, workspace: Workspace) -> QuerySet[Repeat]:
    """The repeats this person may be asked now, those that wait longest first."""
    now = timezone.now()
    wanted = Q(pk__in=[])
    for one in able(workspace):
        if not one.source.may(actor.permissions):
            continue
        mine = ~Q(decided_by=actor.person)
        if not one.others(actor.person):
            mine |= Q(decided_at__lte=now - SAME_AFTER)
        wanted |= Q(kind__in=one.source.kinds) & mine
    return Repeat.objects.filter(
        wanted,
        workspace=workspace,
        answered_at__isnull=True,
        withdrawn_at__isnull=True,
        due_at__lte=now,
    ).order_by("due_at", "id")


def third_looks(workspace: Workspace) -> QuerySet[Repeat]:
    """Repeats that were answered differently and that nobody has settled."""
    return Repeat.objects.filter(
        workspace=workspace, agrees=False, settled="", withdrawn_at__isnull=True
    ).order_by("answered_at", "id")


def to_settle(actor: Actor, workspace: Workspace) -> QuerySet[Repeat]:
    """Those of them that this person may settle: neither of the two, unless nobody else can."""
    wanted = Q(pk__in=[])
    for one in able(workspace):
        if not one.source.may(actor.permissions):
            continue
        ours = Q(kind__in=one.source.kinds)
        # With fewer than three people somebody has to look at his own answer again.
        if len(one.names) > 2:
            ours &= ~Q(decided_by=actor.person) & ~Q(answered_by=actor.person)
        wanted |= ours
    return third_looks(workspace).filter(wanted)


def to_take_back(actor: Actor, workspace: Workspace) -> QuerySet[Repeat]:
    """Those that this person may take back: what they may settle, and what they decided themselves.

    Who gives in needs no third person; without this nobody could where only one person decides such things.
    """
    mine = third_looks(workspace).filter(decided_by=actor.person).values("pk")
    ours = to_settle(actor, workspace).values("pk")
    return third_looks(workspace).filter(Q(pk__in=mine) | Q(pk__in=ours))


@dataclass(frozen=True, slots=True)
class Repeated:
    """What blind repeats say about one kind.

    Attributes:
        kind: key of the kind.
        people: first against second answer, of what somebody had looked at.
        unseen: the same for what was accepted within a risk budget.
        machine: what the machine thought most likely against the blind answer.
        waiting: chosen and not asked yet.
        silent: asked, and the person could not say.
    """

    kind: str
    people: Agreement
    unseen: Agreement
    machine: Agreement
    waiting: int
    silent: int


def repeated(workspace: Workspace) -> dict[str, Repeated]:
    """Agreement by kind; one query, whatever was repeated."""
    rows = Repeat.objects.filter(workspace=workspace, withdrawn_at__isnull=True).values_list(
        "kind", "first", "machine", "answer", "unseen", "agrees", "answered_at"
    )
    found: dict[str, list[tuple[str, str, str, str, bool, bool | None, object]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    out = {}
    for kind, those in found.items():
        done = [r for r in those if r[5] is not None]
        out[kind] = Repeated(
            kind,
            people=_agree((r[1], r[3]) for r in done if not r[4]),
            unseen=_agree((r[1], r[3]) for r in done if r[4]),
            machine=_agree((r[2], r[3]) for r in done if r[2]),
            waiting=sum(r[6] is None for r in those),
            silent=sum(r[6] is not None and r[5] is None for r in those),
        )
    return out


def _agree(answers: Iterable[tuple[str, str]]) -> Agreement:
    return agreement(list(answers))


def calibrations(workspace: Workspace) -> QuerySet[Calibration]:
    """What was learned here, newest first."""
    return Calibration.objects.filter(workspace=workspace, environment=environment())
