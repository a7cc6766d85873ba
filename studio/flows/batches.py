"""One batch for people: how far it is, how long it still takes, what ties and what is left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Min, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from studio.accounts.roles import APPROVE
from studio.core.action import Actor, acting, person_of
from studio.core.dispatch import nudge
from studio.flows.comparing import is_comparing
from studio.flows.control import CENT, Batch, settle
from studio.flows.models import Delivery, InboxItem, Run

# The pace is that of the latest minutes: limits and pauses make an average of the whole run useless.
PACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for approval, as the approver sees it; ``seen`` stands for exactly this."""

    count: int
    debit: Decimal
    credit: Decimal

    @property
    def seen(self) -> str:
        """Sent back with the approval: it is for these records and sums, not for later ones."""
        return f"{self.count}:{self.debit}:{self.credit}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is.

    Attributes:
        total: records to be posted.
        done: posted.
        cases: parked with a case.
        held: waiting for approval.
        per_minute: postings a minute at present, None when nothing moved lately.
        left: time until the rest is posted, None when that cannot be said.
        known: records that were read and say what is known, so that nothing follows from them.
    """

    total: int
    done: int
    cases: int
    held: int
    per_minute: float | None
    left: timedelta | None
    known: int = 0

    @property
    def moving(self) -> bool:
        """Whether records are still under way without a person."""
        return self.total > self.done + self.cases + self.held

    @property
    def words(self) -> str:
        """The time left for people."""
        if not self.moving:
            return ""
        if self.left is None:
            return "waiting for its turn"
        seconds = self.left.total_seconds()
        if seconds < 60:
            return "less than a minute left"
        if seconds < 5400:
            return f"{round(seconds / 60)} min left"
        return f"{seconds / 3600:.1f} hours left"


def held_of(run: Run) -> Held:
    """What of a batch waits for approval."""
    found = Delivery.objects.filter(item__run=run, state="held").aggregate(
        n=Count("id"), debit=Sum("gross"), credit=Sum("net")
    )
    debit, credit = (Decimal(found[side] or 0).quantize(CENT) for side in ("debit", "credit"))
    return Held(found["n"], debit, credit)


def progress_of(run: Run, now: datetime | None = None) -> Progress:
    """How far a batch is, and how long the rest takes at the present pace."""
    now = now or timezone.now()
    items = Counter(dict(_by_state(run)))
    total = sum(items.values()) - items["filtered"] - items["unchanged"] - items["void"]
    posts = Delivery.objects.filter(item__run=run, step="post")
    done = posts.filter(state="done").count()
    held = posts.filter(state="held").count()
    recent = posts.filter(state="done", done_at__gte=now - PACE).aggregate(
        n=Count("id"), first=Min("done_at"), last=Max("done_at")
    )
    rest = max(0, total - done - items["parked"] - held)
    pace = left = None
    if recent["n"] > 1 and recent["last"] > recent["first"]:
        pace = recent["n"] * 60 / (now - recent["first"]).total_seconds()
        left = timedelta(minutes=rest / pace)
    # What was known before has no row in this run; what turned out to be, has.
    known = max(0, run.read - sum(items.values())) + items["unchanged"]
    return Progress(total, done, items["parked"], held, pace, left, known)


def _by_state(run: Run) -> list[tuple[str, int]]:
    rows = InboxItem.objects.filter(run=run).values("state").annotate(n=Count("id"))
    return [(row["state"], row["n"]) for row in rows]


def not_moved(run: Run, most: int = 50) -> list[InboxItem]:
    """Records of a batch that were not posted and are not under way, with the reason on the row."""
    stuck = ("parked", "void")
    return list(InboxItem.objects.filter(run=run, state__in=stuck).order_by("pk")[:most])


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Records of a run that were not to be posted, with the one reason they share."""

    count: int
    why: str


def left_out(run: Run, most: int = 20) -> list[LeftOut]:
    """What a run took and did not mean to post, most first: it is lost nowhere, and says why."""
    rows = InboxItem.objects.filter(run=run, state__in=("filtered", "unchanged")).order_by()
    counted = rows.values_list("state", "why").annotate(n=Count("id")).order_by("-n", "why")[:most]
    words = {"filtered": _("not for this flow"), "unchanged": _("nothing changed")}
    return [LeftOut(n, why or words[state]) for state, why, n in counted]


def why_not_approved(actor: Actor, run: Run) -> str:
    """Why this person cannot approve what a run holds; empty when they can."""
    if not actor.may(APPROVE):
        return _("An accountant approves them.")
    version = run.version
    if version is None or not is_comparing(version.content["design"]):
        return ""
    makers = (run.asked_by, version.prepared_by, version.published_by)
    if actor.person in map(person_of, makers):
        return _(
            "Who asked for the comparison, or prepared or published the flow, cannot approve what it "
            "adjusts: it moves value, so it takes four eyes."
        )
    return ""


def adjustments_of(run: Run, most: int = 100) -> list[tuple[Delivery, Decimal, Decimal]]:
    """Adjustments that wait for approval, with the quantity in the books before and after each."""
    if run.version is None or not is_comparing(run.version.content["design"]):
        return []
    rows = (
        Delivery.objects.filter(item__run=run, state="held").select_related("item").order_by("pk")
    )
    found = []
    for one in rows[:most]:
        before = Decimal(str(one.item.canonical["booked"]))
        found.append((one, before, before + Decimal(str(one.item.canonical["difference"]))))
    return found


def approve_batch(actor: Actor, run: Run, seen: str) -> int:
    """Let the held postings of a batch go; returns how many.

    Raises:
        ValidationError: what waits is no longer what the approver saw, or it takes another person.
    """
    actor.require(APPROVE)
    reason = why_not_approved(actor, run)
    if reason:
        raise ValidationError(reason)
    held = held_of(run)
    if held.seen != seen or not held.count:
        raise ValidationError(_("The batch has changed since you looked at it. Look again."))
    with acting(actor, APPROVE, "batch.approved", f"run:{run.uuid}") as line:
        rows = Delivery.objects.filter(item__run=run, state="held")
        let_go = Delivery.objects.filter(pk__in=list(rows.values_list("pk", flat=True)))
        count = let_go.filter(state="held").update(state="ready", not_before=None)
        line.data = {
            "flow": run.flow.name,
            "count": count,
            "debit": str(held.debit),
            "credit": str(held.credit),
        }
        nudge("flows.pump_deliveries", run.flow.target_id)
    return count


def places_of(run: Run) -> tuple[Batch, list[tuple[str, object]]]:
    """The control totals and their rows for the page."""
    batch = settle(run)
    rows: list[tuple[str, object]] = [
        (f"{run.flow.source} (stated by the source)", batch.source),
        ("Our ledger", batch.ledger),
        (f"{run.flow.target} (its answers)", batch.target),
    ]
    return batch, rows
