"""A stored period through another version: what would have been posted instead, in money.

Each record is decided with the tables and links of the day on which it was posted, so that the
difference is the version's alone. The same version gives no difference.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from connectors.http.jsontext import dump, load
from engine.runtime.idempotency import content_hash
from engine.schema.model import Record
from studio.core.action import Actor, record
from studio.core.dispatch import nudge
from studio.flows.lineage import Then, decided_again
from studio.flows.models import Delivery, Flow, FlowVersion, Planned, Rehearsal
from studio.flows.posting import load_plain
from studio.flows.rehearsal.execute import difference
from studio.flows.rehearsal.target import look
from studio.flows.rehearsal.totals import Totals
from studio.flows.work import Outcome, money

# Rows of the plan stored at once, and records between two renewals of the claim.
BATCH = 200


def ask_replay(
    actor: Actor, flow: Flow, version: FlowVersion, *, since: str = "", until: str = ""
) -> Rehearsal:
    """Put a replay of what was posted between two document days before the workers."""
    asked = Rehearsal.objects.create(
        flow=flow,
        version=version,
        kind="replay",
        scope={"reads": "posted", "since": since, "until": until},
        asked_by=actor.name,
    )
    said = {"flow": flow.name, "version": version.number, **asked.scope}
    record(actor, "flow.replayed", f"flow:{flow.uuid}", said)
    nudge("flows.rehearse", asked.pk)
    return asked


def posted_in(asked: Rehearsal) -> QuerySet[Delivery]:
    """What was posted in the period of a replay."""
    rows = Delivery.objects.filter(flow=asked.flow, step="post", state="done", payload__gt="")
    if asked.scope.get("since"):
        rows = rows.filter(document_on__gte=asked.scope["since"])
    if asked.scope.get("until"):
        rows = rows.filter(document_on__lte=asked.scope["until"])
    return rows.select_related("item", "version").order_by("pk")


def replay(asked: Rehearsal, renew: Callable[[], None]) -> None:
    """Decide every posting of the period again with the version asked for; fills totals and plan."""
    flow, design = asked.flow, asked.version.content["design"]
    now = look(flow, design)
    before, after = (Totals(flow.target, design, now) for _ in range(2))
    then = Then(flow)
    rows: list[Planned] = []
    counts = {"update": 0, "unchanged": 0, "refused": 0, "filtered": 0}
    for posted in posted_in(asked).iterator(chunk_size=BATCH):
        found = decided_again(posted, asked.version, then)
        was = load(posted.payload)
        old = _row(asked, posted, "create", was)
        before.add([old])
        before.add_payload(old, was)
        new = _outcome(asked, posted, found)
        counts[new.outcome] += 1
        if new.outcome in ("update", "unchanged"):
            said = _row(asked, posted, "create", found.payload)
            said.gross, said.entity = money(found.document, "gross_total"), found.entity
            after.add([said])
            after.add_payload(said, found.payload)
        if new.outcome != "unchanged":
            rows.append(new)
        if sum(counts.values()) % BATCH == 0:
            renew()
    Planned.objects.bulk_create(rows, batch_size=BATCH)
    asked.records = sum(counts.values())
    asked.totals = {
        "outcomes": {k: {"count": n, "money": {}} for k, n in counts.items() if n},
        "groups": after.less(before),
        "reasons": [],
    }
    asked.content_hash = content_hash([[r.outcome, r.key, r.intent] for r in rows])


def _row(asked: Rehearsal, posted: Delivery, outcome: str, payload: Record) -> Planned:
    return Planned(
        rehearsal=asked,
        outcome=outcome,
        step="post",
        entity=posted.entity,
        key=posted.business_key,
        intent=content_hash(load_plain(payload)),
        label=posted.item.label,
        party=posted.item.party,
        gross=posted.gross,
        currency=posted.currency,
        document_on=posted.document_on,
    )


def _outcome(asked: Rehearsal, posted: Delivery, found: Outcome) -> Planned:
    """The posting as the other version would have made it."""
    if found.state in ("filtered", "deleted"):
        row = _row(asked, posted, "filtered", {})
        row.why = found.why or "not for this version"
        return row
    blocking = [i for i in found.issues if i.blocks]
    if blocking:
        row = _row(asked, posted, "refused", {})
        row.why, row.code = blocking[0].sentence[:300], blocking[0].code
        row.reasons = [i.sentence for i in blocking]
        return row
    same = dump(found.payload) == posted.payload.encode() and found.entity == posted.entity
    row = _row(asked, posted, "unchanged" if same else "update", found.payload)
    if not same:
        row.diff = difference(load(posted.payload), found.payload)
    return row
