"""Many claimed records at once: those without a past are written by a few statements, not by six each.

Nine of ten records are new documents: no other version of them was read, nothing of theirs was posted, no
case is open. For such a record the decision leaves nothing to ask the ledger, so a whole batch shares one
look and one transaction. Every other record, and a whole batch that loses a race, is written one by one by
``work``; what becomes of a record is the same on both ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import F

from engine.runtime.idempotency import content_hash
from studio.core.dispatch import nudge
from studio.flows.bundle import Bundle, Sides
from studio.flows.comparing import is_comparing
from studio.flows.models import Delivery, InboxItem
from studio.flows.posting import new_post
from studio.flows.standing import answered_before, take_over
from studio.flows.upkeep import keep
from studio.flows.work import DECIDED, Outcome, decide, describe, end, write_down
from studio.triage.models import OPEN_STATES, Case

Decided = tuple[InboxItem, Outcome]


def work_all(
    items: Sequence[InboxItem],
    bundle: Bundle,
    sides: Sides,
    failed: Callable[[InboxItem, Exception], None],
) -> None:
    """Decide claimed items of one flow and write the outcomes; a bad record never stops its neighbours.

    Args:
        items: claimed by this worker with one claim, oldest first; their ``flow`` is set.
        bundle: the version to work by.
        sides: what the mappings may read.
        failed: told of each item that could not be worked and why; its rows are as they were.
    """
    conclude = keep if "keeps" in bundle.design else None
    # A payment is decided by what those before it have settled, a kept record by what they wrote.
    alone = conclude is not None or sides.open_items is not None
    decided = list[Decided]()
    # A question about two sides is asked of what both say now, so its answer is for that one time.
    once = conclude is not None or is_comparing(bundle.design)
    before = {} if once else answered_before(items)
    for item in items:
        try:
            if item.pk in before:
                take_over(item, before[item.pk], bundle, sides)
            found = decide(item, bundle, sides)
            if alone:
                write_down(item, bundle, sides, found, conclude)
            else:
                decided.append((item, found))
        except Exception as error:
            failed(item, error)
    for item, found in _with_a_past(decided, bundle):
        try:
            write_down(item, bundle, sides, found)
        except Exception as error:
            failed(item, error)


def _with_a_past(decided: list[Decided], bundle: Bundle) -> list[Decided]:
    """Write the postings of records without a past; returns the others."""
    plain = [one for one in decided if one[1].state == "done"]
    if len(plain) < 2:
        return decided
    try:
        with transaction.atomic():
            written = _write(plain, bundle)
    except IntegrityError:
        # Another worker posted one of these documents in this moment; each is decided by itself.
        return decided
    return [one for one in decided if one[0].pk not in written]


def _write(plain: list[Decided], bundle: Bundle) -> set[int]:
    """The rows of all records among these that have no past; returns which those were."""
    claims = {item.claimed_by for item, _ in plain}
    mine = InboxItem.objects.filter(
        pk__in=[item.pk for item, _ in plain], state="working", claimed_by__in=claims
    )
    # An update, not a look: it holds the rows until the commit, so nobody takes them over meanwhile.
    if mine.update(lease_until=F("lease_until")) < len(plain):
        return set()
    fresh = _without_a_past(plain)
    if not fresh:
        return set()
    posts = list[Delivery]()
    for item, found in fresh:
        describe(item, found, bundle.document)
        content = content_hash(item.canonical)
        posts.append(new_post(item.flow, item, bundle, found, content, again=0))
        end(item, "done")
    Delivery.objects.bulk_create(posts)
    items = [item for item, _ in fresh]
    # The rows exist: this is one update of what was decided, each row with its own values.
    InboxItem.objects.bulk_create(
        items, update_conflicts=True, unique_fields=["id"], update_fields=DECIDED
    )
    nudge("flows.pump_deliveries", items[0].flow.target_id)
    return {item.pk for item in items}


def _without_a_past(plain: list[Decided]) -> list[Decided]:
    """Those whose record and document come up once here and never before."""
    flow = plain[0][0].flow
    records = Counter((item.entity, item.key) for item, _ in plain)
    documents = Counter(found.business_key for _, found in plain)
    versions = InboxItem.objects.filter(flow=flow, key__in=[key for _, key in records])
    others = versions.exclude(pk__in=[item.pk for item, _ in plain])
    records.update(others.values_list("entity", "key"))
    posted = Delivery.objects.filter(flow=flow, business_key__in=list(documents), step="post")
    documents.update(posted.values_list("business_key", flat=True))
    subjects = {f"inbox:{item.uuid}": item.pk for item, _ in plain}
    cases = Case.objects.filter(subject__in=list(subjects), state__in=OPEN_STATES)
    asked = {subjects[s] for s in cases.values_list("subject", flat=True)}
    return [
        (item, found)
        for item, found in plain
        if records[item.entity, item.key] == 1
        and documents[found.business_key] == 1
        and item.pk not in asked
    ]
