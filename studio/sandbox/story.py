"""The whole story with a scripted integrator and a scripted accountant.

They approve only what a stated rule allows and never know the answer:

* a field mapping: its best candidate is the shipped one, or it is certain (95 %) and required; what
  decides money (amounts, tax, accounts, the party) is confirmed by the accountant;
* a lookup value: proposed with at least 90 %;
* a match: certain (95 %) and the next best counterpart is at least 20 points behind;
* a case: a missing customer or item is linked where one counterpart has at least 80 %, created where
  none has 30 %; a missing code is translated where a value is proposed with at least 50 %;
  a date in a closed period moves to the first open day. Everything else stays a case.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from engine.errors import MappingRefused
from studio.accounts.models import Membership, Workspace
from studio.catalog.models import Connection
from studio.core.action import Actor
from studio.core.dispatch import nudge
from studio.core.refused import DecisionRefused
from studio.flows.actions import publish_flow
from studio.flows.batches import approve_batch, held_of
from studio.flows.masters import match_masters, refresh_masters
from studio.flows.models import Cursor, Delivery, Flow, InboxItem, Rehearsal, Run
from studio.flows.rehearsal.run import ask, claim
from studio.flows.rehearsal.run import run as rehearse
from studio.flows.rehearsal.sign import risk_of, sign
from studio.flows.remedies import proposal_for
from studio.linking.actions import judge
from studio.linking.models import Pair
from studio.mapping.actions import confirm_many, confirm_value, decide, decide_value, publish
from studio.mapping.models import Mapping, ValueProposal
from studio.mapping.risk import UNCONFIRMED
from studio.mapping.value_risk import alone
from studio.sandbox import day
from studio.sandbox.paying import pay_some
from studio.tieout.actions import run_tieout
from studio.triage.actions import apply_remedy
from studio.triage.models import OPEN_STATES, Case
from studio.triage.remedies import remedies_for

Say = Callable[[str], None]
CERTAIN, SURE, LIKELY, HALF, FAINT, AHEAD = 0.95, 0.90, 0.80, 0.50, 0.30, 0.20


def actor_of(workspace: Workspace, username: str) -> Actor:
    """A sample person as actor."""
    return Membership.objects.get(workspace=workspace, user__username=username).actor()


def review_fields(ivo: Actor, workspace: Workspace, say: Say) -> None:
    """Approve by the stated rule, have what decides money confirmed, publish what compiles."""
    ana = actor_of(workspace, "ana")
    for mapping in Mapping.objects.filter(workspace=workspace).order_by("pk"):
        taken = Counter[str]()
        for row in mapping.rows.filter(state="open"):
            best = max(row.candidates, key=lambda c: float(c["confidence"]), default=None)
            shipped = [n for n, c in enumerate(row.candidates) if c.get("method") == "Rule"]
            if shipped:
                decide(ivo, row, "approved", candidate=shipped[0])
                taken["shipped"] += 1
            elif best and row.required and float(best["confidence"]) >= CERTAIN:
                decide(ivo, row, "approved")
                taken["certain"] += 1
            else:
                taken["left open"] += 1
        confirmed = confirm_many(ana, mapping.rows.filter(UNCONFIRMED).select_related("mapping"))
        taken["confirmed by a second person"] = len(confirmed.done)
        try:
            version = publish(ivo, mapping, note="scripted review by the stated rule")
            say(f"{mapping}: {dict(taken)} → version {version.number}")
        except MappingRefused as refusal:
            say(f"{mapping}: {dict(taken)}; refused: {'; '.join(refusal.problems[:3])}")


def review_values(ivo: Actor, workspace: Workspace, say: Say) -> None:
    """Approve lookup values that are proposed with at least 90 %; what is of tax or accounts is confirmed."""
    ana = actor_of(workspace, "ana")
    rows = ValueProposal.objects.filter(table__workspace=workspace, state="open")
    waiting = rows.count()
    taken = [decide_value(ivo, row, "approved") for row in rows if row.confidence >= SURE]
    mine = alone(workspace).filter(row__decided_by=ivo.person).select_related("table", "row")
    confirmed = [confirm_value(ana, row) for row in mine]
    say(
        f"lookup values: {len(taken)} of {waiting} approved, {len(confirmed)} of them confirmed by a second person"
    )


def review_matches(ana: Actor, workspace: Workspace, say: Say) -> None:
    """Approve certain pairs without a rival."""
    flows = list(Flow.between.filter(workspace=workspace).select_related("source", "target"))
    for connection in {c.pk: c for f in flows for c in (f.source, f.target)}.values():
        say(f"{connection}: {refresh_masters(ana, connection)}")
    say(f"candidate pairs: {match_masters(ana, flows)}")
    taken = 0
    pairs = Pair.objects.filter(left__connection__workspace=workspace, judged="", rank=1)
    waiting = pairs.count()
    for pair in pairs.select_related("left__connection", "right__connection"):
        rival = (
            Pair.objects.filter(left=pair.left, right__connection=pair.right.connection)
            .exclude(pk=pair.pk)
            .order_by("-probability")
            .values_list("probability", flat=True)
            .first()
        )
        if pair.probability < CERTAIN or (rival or 0.0) > pair.probability - AHEAD:
            continue
        try:
            judge(ana, pair.left, pair.right, "same", comment="scripted: certain, no rival")
            taken += 1
        except DecisionRefused:
            continue
    say(f"matches: {taken} approved, {waiting - taken} left to people")


def publish_flows(ivo: Actor, workspace: Workspace, say: Say, *, keeping: bool = False) -> None:
    """Publish every flow that can be; what moves money is rehearsed and signed before.

    Flows that keep customers, suppliers and items equal only if ``keeping``: the story of the demo is
    about documents and leaves them drafts.
    """
    ana = actor_of(workspace, "ana")
    for flow in Flow.between.filter(workspace=workspace).select_related("source", "target"):
        if "keeps" in flow.design and not keeping:
            continue
        try:
            if risk_of(flow.design) == "money":
                sign_rehearsal(ivo, ana, flow, say)
            version = publish_flow(ivo, flow, note="scripted")
            say(f"{flow}: version {version.number} is live")
        except MappingRefused as refusal:
            say(f"{flow}: stays a draft: {'; '.join(refusal.problems)}")
        except (DecisionRefused, ValidationError) as refusal:
            say(f"{flow}: stays a draft: {refusal}")


def sign_rehearsal(ivo: Actor, ana: Actor, flow: Flow, say: Say) -> None:
    """What the draft would do, seen and signed by somebody else than who prepared it."""
    done = finished(ask(ivo, flow).pk)
    counts = {k: v["count"] for k, v in done.totals.get("outcomes", {}).items()}
    say(f"{flow}: rehearsed {done.records} records in {done.seconds:.1f} s: {counts} {done.error}")
    # A company without a record of a kind yet lets its flow go live all the same.
    sign(ana, done, content_hash=done.content_hash, note="scripted: seen in full", aware=True)


def finished(pk: int) -> Rehearsal:
    """The rehearsal once it is over, carried out here unless a worker has taken it."""
    while True:
        mine = claim(pk)
        if mine is not None:
            return rehearse(mine)
        found = Rehearsal.objects.select_related("flow", "version").get(pk=pk)
        if found.state not in ("waiting", "running"):
            return found
        time.sleep(0.2)


def quiet(workspace: Workspace, since: Any, *, seconds: float) -> bool:
    """Wait until every live flow was polled and nothing is under way any more."""
    deadline = time.monotonic() + seconds
    calm = 0
    for flow in Flow.between.filter(workspace=workspace, state="live"):
        # Ledger journals are looked for only now and then; a visitor does not wait for that.
        nudge("flows.poll", flow.pk)
    while time.monotonic() < deadline:
        flows = Flow.between.filter(workspace=workspace, state="live")
        polled = not flows.filter(
            Q(last_polled_at__isnull=True) | Q(last_polled_at__lt=since)
        ).exists()
        leased = Cursor.objects.filter(flow__in=flows, lease_until__gt=timezone.now()).exists()
        busy = (
            InboxItem.objects.filter(
                flow__in=flows, state__in=("new", "working", "waiting")
            ).exists()
            or Delivery.objects.filter(
                flow__in=flows, state__in=("ready", "sending", "unknown")
            ).exists()
        )
        calm = calm + 1 if polled and not busy and not leased else 0
        if calm >= 3:
            return True
        time.sleep(0.3)
    return False


def approve_batches(ana: Actor, workspace: Workspace, say: Say) -> int:
    """Approve every batch of journals that waits; its control totals are on the page she looks at."""
    taken = 0
    waiting = Run.objects.filter(flow__workspace=workspace, items__deliveries__state="held")
    for run in waiting.select_related("flow", "flow__source", "flow__target").distinct():
        taken += approve_batch(ana, run, held_of(run).seen)
    say(f"journals approved: {taken}")
    return taken


def work_cases(ana: Actor, workspace: Workspace, say: Say) -> int:
    """One pass over the queue by the stated rule; returns how many cases a fix was applied to."""
    fixed = 0
    kinds = Counter[str]()
    causes: set[str] = set()
    for case in Case.objects.filter(workspace=workspace, state__in=OPEN_STATES).order_by("pk"):
        if case.cause in causes:
            continue
        chosen = choose(case)
        if chosen is None:
            kinds[f"left: {case.code}"] += 1
            continue
        key, values = chosen
        try:
            apply_remedy(ana, case, key, values)
        except ValidationError as error:
            kinds[f"refused: {' '.join(error.messages)[:60]}"] += 1
            continue
        causes.add(case.cause)
        kinds[key] += 1
        fixed += 1
    say(f"cases: {dict(kinds)}")
    return fixed


def choose(case: Case) -> tuple[str, dict[str, str]] | None:
    """The fix that the stated rule allows for a case, if any."""
    buttons = {r.key for r in remedies_for(case)}
    if "link" in buttons:
        return _choose_party(case, "create" in buttons)
    if "add_lookup" in buttons:
        proposal = proposal_for(case)
        if proposal is None or proposal.confidence < HALF or not proposal.candidates:
            return None
        return "add_lookup", {"target": proposal.candidates[0]["key"]}
    if "move_date" in buttons and case.evidence.get("lock_date"):
        day = date.fromisoformat(str(case.evidence["lock_date"])) + timedelta(days=1)
        return "move_date", {"date": day.isoformat(), "reason": "first open day by policy"}
    return None


def _choose_party(case: Case, creatable: bool) -> tuple[str, dict[str, str]] | None:
    flow = Flow.objects.get(workspace=case.workspace, key=case.flow_key)
    pairs = list(
        Pair.objects.filter(
            kind=case.evidence["table"],
            left__connection=flow.source,
            left__code=case.evidence["code"],
            right__connection=flow.target,
        )
        .exclude(judged="not_a_match")
        .select_related("right")
        .order_by("-probability")[:2]
    )
    top = pairs[0].probability if pairs else 0.0
    if top >= LIKELY and (len(pairs) == 1 or pairs[1].probability <= top - AHEAD):
        return "link", {"target": pairs[0].right.key}
    if top < FAINT and creatable:
        return "create", {"reason": "nothing alike in the books"}
    return None


def tie_out(ana: Actor, workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Tie out every live flow of orders; figures per target system."""
    found: dict[str, dict[str, Any]] = {}
    for flow in _live(workspace).filter(design__document="sales_order"):
        ties = run_tieout(ana, flow)
        posted = Delivery.objects.filter(flow=flow, step="post", state="done")
        completed = sum(int(t.totals["source"]["count"]) for t in ties)
        kinds = Counter(d.kind for t in ties for d in t.differences.all())
        here = found.setdefault(
            flow.target.system,
            {"completed": 0, "posted": 0, "in_cases": 0, "to_write_back": 0, "written_back": 0,
             "lost": 0, "doubled": 0, "residual": "0.00", "differences": {}},
        )  # fmt: skip
        here["completed"] += completed
        here["posted"] += posted.count()
        here["in_cases"] += kinds["case"]
        # Ledger journals are closed in SYSPRO: nothing is written back to them.
        here["to_write_back"] += posted.count() if flow.design.get("write_back") else 0
        here["written_back"] += Delivery.objects.filter(
            flow=flow, step="write_back", state="done"
        ).count()
        here["lost"] += kinds["lost"] + kinds["deleted_at_target"]
        here["doubled"] += kinds["duplicate"]
        unexplained = (
            sum((t.unexplained for t in ties), start=type(ties[0].unexplained)(0)) if ties else 0
        )
        here["residual"] = f"{Decimal(here['residual']) + unexplained:.2f}"
        for kind, count in kinds.items():
            here["differences"][kind] = here["differences"].get(kind, 0) + count
    return found


def another_day(workspace: Workspace, say: Say) -> None:
    """One more day at every SYSPRO company: what only moves from now on has something to move."""
    for erp in Connection.objects.filter(workspace=workspace, system="syspro").order_by("pk"):
        came = day.another_day(erp, first_open=day.first_open_day(erp))
        say(
            f"{erp}: another day brought {len(came.orders)} orders, "
            f"{len(came.credit_notes)} credit notes, {len(came.bills)} supplier invoices"
        )


def customers_pay(workspace: Workspace, say: Say) -> None:
    """Customers pay what was posted: in full, in part, and (where the books allow it) too much."""
    for flow in _live(workspace).filter(design__settle__document="invoice"):
        say(f"{flow.source}: {pay_some(flow)} payments of customers")


def bills_are_paid(workspace: Workspace, say: Say) -> None:
    """The bills that were posted are paid in the books: in full and in part."""
    for flow in _live(workspace).filter(design__settle__document="bill"):
        say(f"{flow.source}: {pay_some(flow)} payments of bills")


def _live(workspace: Workspace) -> QuerySet[Flow]:
    return Flow.between.filter(workspace=workspace, state="live").select_related("source", "target")


def tie_out_others(ana: Actor, workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Tie out what moves besides orders (payments, credit notes, bills); figures per flow."""
    found: dict[str, dict[str, Any]] = {}
    for flow in _live(workspace).filter(design__document__in=("payment", "credit_note", "bill")):
        ties = run_tieout(ana, flow)
        kinds = Counter(d.kind for t in ties for d in t.differences.all())
        unexplained = sum((t.unexplained for t in ties), Decimal(0))
        found[flow.key] = {
            "read": sum(int(t.totals["source"]["count"]) for t in ties),
            "posted": Delivery.objects.filter(flow=flow, step="post", state="done").count(),
            "in_cases": kinds["case"],
            "lost": kinds["lost"] + kinds["deleted_at_target"],
            "doubled": kinds["duplicate"],
            "residual": f"{unexplained:.2f}",
        }
    return found
