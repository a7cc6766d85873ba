"""Comparing quantities: read both sides, lay what is on its way between, name every difference of every item.

The books keep one quantity per item: it is compared with the sum over the source's warehouses. Both sides
change while they are read. So what is on its way is noted before and after, and an item for which that
changed meanwhile is named ``moving`` and left to the next comparison.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.registry import capabilities
from engine.canon.totals import cents
from engine.errors import StudioError
from engine.mapping import Context
from engine.ports import SourceRecord
from engine.runtime.quantities import ZERO, Level, Why, explain
from studio.accounts.models import machine
from studio.accounts.roles import TIE_OUT
from studio.catalog.actions import every
from studio.catalog.wiring import PATIENCE_APART, opened
from studio.core.action import Actor, acting
from studio.core.dispatch import nudge
from studio.flows.bundle import Bundle, Sides, bundle_of, company_facts, context_of, today
from studio.flows.comparing import is_comparing
from studio.flows.ledger import lease
from studio.flows.models import Flow
from studio.flows.poll import catch_up
from studio.mapping.actions import lookups_for
from studio.tieout.adjusting import hand_over
from studio.tieout.items import Compared, Held
from studio.tieout.models import StockComparison, StockPart, StockRow
from studio.tieout.moves import Moves, document_flows, drafts_there, in_stock_units, on_the_way

log = logging.getLogger(__name__)
RENEW_EVERY = 500
# Rows that are stored by one INSERT.
AT_ONCE = 500
# Comparisons of a flow that are kept.
KEPT = 30


@dataclass(slots=True)
class Read:
    """Both sides as they were read, with what was on its way before and after.

    ``behind`` says why something that left the source may not be known yet, if so.
    """

    began: datetime
    behind: str = ""
    source: dict[str, Held] = field(default_factory=dict)
    target: dict[str, Held] = field(default_factory=dict)
    before: Moves = field(default_factory=dict)
    after: Moves = field(default_factory=dict)
    drafts: Moves = field(default_factory=dict)


# --- asking ---------------------------------------------------------------------------------------


def ask(actor: Actor, flow: Flow) -> StockComparison:
    """Put a comparison of a flow's two sides before the workers; one that is open already is returned.

    Raises:
        ValidationError: the flow compares nothing or is not published.
    """
    actor.require(TIE_OUT)
    version = flow.versions.filter(state="published").first()
    if version is None or not is_comparing(version.content["design"]):
        raise ValidationError(_("Publish a flow that compares stock levels first."))
    open_ = StockComparison.objects.filter(flow=flow, state__in=("waiting", "running")).first()
    if open_ is not None:
        nudge("tieout.compare_stock", open_.pk)
        return open_
    with acting(actor, TIE_OUT, "stock.compared", f"flow:{flow.uuid}") as line:
        Flow.objects.filter(pk=flow.pk).update(last_polled_at=timezone.now())
        asked = StockComparison.objects.create(
            flow=flow,
            version=version,
            asked_by=actor.name,
            policy=version.content["design"]["compares"]["policy"],
            currency=flow.source.currency,
        )
        line.data = {"flow": flow.name, "policy": asked.policy}
        nudge("tieout.compare_stock", asked.pk)
    return asked


def ask_by_schedule(flow: Flow) -> StockComparison | None:
    """The comparison that a flow's trigger asks for; None where the flow is not live any more."""
    if flow.state != "live" or flow.source.resting() or flow.target.resting():
        return None
    return ask(machine(flow.workspace, "the schedule", TIE_OUT), flow)


def wake_open() -> int:
    """Wake comparisons that nobody has begun or whose worker died; returns how many."""
    stale = Q(state="running", lease_until__lt=timezone.now())
    rows = StockComparison.objects.filter(Q(state="waiting") | stale)
    keys = list(rows.values_list("pk", flat=True))
    for key in keys:
        nudge("tieout.compare_stock", key)
    return len(keys)


def claim(pk: int) -> StockComparison | None:
    """Take a comparison for this worker; None where another one has it, or one of the same flow runs."""
    now = timezone.now()
    asked = StockComparison.objects.filter(pk=pk).first()
    running = Q(state="running", lease_until__gte=now)
    if asked is None or StockComparison.objects.filter(running, flow=asked.flow_id).exists():
        return None
    free = Q(state="waiting") | Q(state="running", lease_until__lt=now)
    token = uuid.uuid4().hex
    won = StockComparison.objects.filter(free, pk=pk).update(
        state="running", claimed_by=token, lease_until=now + lease()
    )
    if not won:
        return None
    return StockComparison.objects.select_related(
        "flow__workspace", "flow__source", "flow__target", "version"
    ).get(pk=pk)


def run(asked: StockComparison) -> StockComparison:
    """Carry out a claimed comparison; what stops it is said on its page, nothing is half kept."""
    try:
        bundle = bundle_of(asked.version)
        sides = context_of(asked.flow)
        read = _read(asked, bundle, sides)
        _store(asked, read, compared(read, sides, asked.flow))
    except StudioError as error:
        _fail(asked, str(error))
    except Exception as error:
        log.exception("stock comparison %s", asked.uuid)
        _fail(asked, f"The studio met a fault of its own ({type(error).__name__}).")
    asked.refresh_from_db()
    return asked


def _fail(asked: StockComparison, words: str) -> None:
    _mine(asked).update(state="failed", error=words, lease_until=None, finished_at=timezone.now())


def _mine(asked: StockComparison) -> Any:
    """The row, if no other worker took it over since."""
    return StockComparison.objects.filter(pk=asked.pk, state="running", claimed_by=asked.claimed_by)


# --- reading --------------------------------------------------------------------------------------


def _read_documents(flow: Flow) -> str:
    """Let every flow of documents look at the source; why what has left it may not all be known here."""
    reasons = [catch_up(other) for other in document_flows(flow)]
    return next((reason for reason in reasons if reason), "")


def _read(asked: StockComparison, bundle: Bundle, sides: Sides) -> Read:
    flow, found = asked.flow, Read(began=timezone.now())
    units = sides.inbound.units
    # What waits for an approval is decided anew by a comparison that may adjust.
    held = asked.policy != "adjust"
    found.behind = _read_documents(flow)
    found.before = on_the_way(flow, units, held=held)
    entity = str(bundle.design["trigger"]["entity"])
    with opened(flow.source, patience=PATIENCE_APART) as source:
        for record in _alive(asked, every(source, entity)):
            document = bundle.inbound.apply(dict(record.data), sides.inbound).record
            code = str(document.get("item") or record.key)
            found.source.pop(code, None)
            if not record.deleted:
                found.source[code] = Held(record.key, code, document, record)
    # What left the source while it was read is on its way now.
    found.behind = _read_documents(flow) or found.behind
    counter = bundle.counter
    if counter is None:
        raise ValueError("a version that compares has a mapping of the other side")
    context = Context(
        lookups=lookups_for(flow.target), facts=company_facts(flow.target), today=today()
    )
    there = str(bundle.design["compares"]["entity"])
    refer = capabilities(flow.target.system).refer.get(there)
    with opened(flow.target, patience=PATIENCE_APART) as target:
        for record in _alive(asked, every(target, there)):
            document = counter.apply(dict(record.data), context).record
            key = str(record.data.get(refer) or record.key) if refer else record.key
            found.target.pop(key, None)
            if not record.deleted:
                code = str(document.get("item") or record.key)
                found.target[key] = Held(key, code, document, record)
        found.drafts = drafts_there(flow, units, target)
    found.after = on_the_way(flow, units, held=held)
    return found


def _alive(asked: StockComparison, records: Iterator[SourceRecord]) -> Iterator[SourceRecord]:
    """The records, renewing the claim while they are read."""
    for number, one in enumerate(records):
        if number % RENEW_EVERY == 0:
            _mine(asked).update(lease_until=timezone.now() + lease())
        yield one


# --- comparing ------------------------------------------------------------------------------------


def compared(read: Read, sides: Sides, flow: Flow) -> list[Compared]:
    """Every item that either side has or keeps a quantity of, with the parts of its difference."""
    links = sides.outbound.links["item"]
    sharing: dict[str, list[str]] = defaultdict(list)
    for code in sorted(read.source):
        if code in links:
            sharing[str(links[code])].append(code)
    found = []
    for code, source in sorted(read.source.items()):
        key = str(links.get(code) or "")
        target = read.target.get(key)
        if _matters(source, target):
            found.append(_item(read, sides, flow, (source, target), sharing.get(key, [code])))
    linked = set(sharing)
    for key, target in sorted(read.target.items()):
        if key not in linked and target.tracked and target.number("on_hand"):
            level = Level(None, target.number("on_hand"))
            note = _("%(target)s alone has it.") % {"target": flow.target}
            found.append(Compared(target, target, level, explain(level), note=note))
    return found


def _matters(source: Held, target: Held | None) -> bool:
    """Whether either side has any of it, or could: services have no quantity anywhere."""
    return bool(source.number("on_hand")) or (target is not None and target.tracked)


def _item(
    read: Read, sides: Sides, flow: Flow, both: tuple[Held, Held | None], sharing: list[str]
) -> Compared:
    source, target = both
    code, unit = source.code, str(source.document.get("unit") or "")
    theirs = str(target.document.get("unit") or "") if target else ""
    per_unit = sides.inbound.units.get(code, {}).get(theirs)
    same = theirs in ("", unit)
    first = code == sharing[0]
    there = target.number("on_hand") if target is not None and target.tracked and first else None
    if there is not None and not same and per_unit is not None:
        there = in_stock_units(there, per_unit)
    others = [read.source[c].number("on_hand") or ZERO for c in sharing if c != code]
    own = source.number("on_hand") or ZERO
    level = Level(
        source=own,
        target=there,
        linked=target is not None,
        tracked=target is not None and target.tracked,
        convertible=same or per_unit is not None,
        moves={**read.after.get(code, {}), **read.drafts.get(code, {})},
        shared=sum(others, ZERO) if first else -own,
        settled=_settled(read, code),
    )
    made = Compared(source, target, level, explain(level), unit)
    made.per_unit = None if same else per_unit
    made.note = _note(flow, made, theirs, sharing)
    return made


def _settled(read: Read, code: str) -> bool:
    """Whether the item's difference can be judged: nothing moved, and no adjustment of it is under way."""
    before, after = read.before.get(code, {}), read.after.get(code, {})
    return before == after and Why.ADJUSTING not in after


def _note(flow: Flow, one: Compared, theirs: str, sharing: list[str]) -> str:
    """What a person must know about how the item was compared; empty in the usual case."""
    if not one.level.convertible:
        return _("%(target)s counts %(theirs)s, which %(source)s cannot convert to %(unit)s.") % {
            "target": flow.target,
            "theirs": theirs,
            "source": flow.source,
            "unit": one.unit or "-",
        }
    if len(sharing) > 1:
        return _("One record in %(target)s stands for %(items)s.") % {
            "target": flow.target,
            "items": ", ".join(sharing),
        }
    if one.per_unit is not None and one.target is not None:
        return _("%(target)s counts %(theirs)s: %(quantity)s there.") % {
            "target": flow.target,
            "theirs": theirs,
            "quantity": f"{one.target.number('on_hand') or 0:f}",
        }
    return ""


# --- storing --------------------------------------------------------------------------------------


def _store(asked: StockComparison, read: Read, found: list[Compared]) -> None:
    """Write down the whole comparison in one transaction, unless another worker took it over."""
    with transaction.atomic():
        # An update, not a look: two comparisons of one flow end one after the other.
        Flow.objects.filter(pk=asked.flow_id).update(last_polled_at=timezone.now())
        if not _mine(asked).update(lease_until=timezone.now() + lease()):
            return
        held_back = ""
        if asked.policy == "adjust":
            held_back = _why_held_back(asked, read)
            if not held_back:
                asked.run = hand_over(asked, found)
        rows = [_row(asked, one) for one in found]
        left = (cents(abs(one.parts.get(Why.UNEXPLAINED, ZERO)) * one.cost) for one in found)
        _mine(asked).update(
            state="ready",
            lease_until=None,
            finished_at=timezone.now(),
            run=asked.run,
            held_back=held_back[:300],
            items=len(rows),
            apart=sum(r.difference != 0 for r in rows),
            adjusted=sum(Why.ADJUSTED in one.parts for one in found),
            residual=sum((r.value for r in rows), Decimal(0)),
            unexplained=sum(left, Decimal(0)),
            green=not any(Why.UNEXPLAINED in one.parts for one in found),
        )
        StockRow.objects.bulk_create(rows, batch_size=AT_ONCE)
        StockPart.objects.bulk_create(
            (
                StockPart(row=row, why=str(why), quantity=quantity)
                for row, one in zip(rows, found, strict=True)
                for why, quantity in one.parts.items()
            ),
            batch_size=AT_ONCE,
        )
        _forget(asked.flow_id)


def _forget(flow_id: int) -> None:
    """Only the last comparisons of a flow are kept, and every one that adjusted something or was signed."""
    mine = StockComparison.objects.filter(
        flow=flow_id, run=None, signed_at=None, state__in=("ready", "failed")
    )
    old = mine.order_by("-pk").values_list("pk", flat=True)[KEPT:]
    StockComparison.objects.filter(pk__in=list(old)).delete()


def _why_held_back(asked: StockComparison, read: Read) -> str:
    """Why this comparison must not lead to adjustments; empty where it may."""
    flow = Flow.objects.get(pk=asked.flow_id)
    if flow.state != "live":
        return _("The flow is not live.")
    if not flow.versions.filter(pk=asked.version_id, state="published").exists():
        return _("Another version of the flow was published meanwhile.")
    since = StockComparison.objects.filter(flow=flow, state="ready", finished_at__gte=read.began)
    if since.exists():
        return _("Another comparison ended while this one read.")
    if read.behind:
        return _("Nobody knows whether all that left %(source)s is known here. %(why)s") % {
            "source": flow.source,
            "why": read.behind,
        }
    return ""


def _row(asked: StockComparison, one: Compared) -> StockRow:
    difference = one.level.difference
    value = cents(difference * one.cost)
    return StockRow(
        comparison=asked,
        item=one.shown.code[:120],
        name=str(one.shown.document.get("name") or "")[:200],
        unit=one.unit[:20],
        target_key=one.target.key[:120] if one.target else "",
        source=one.level.source,
        target=one.level.target,
        difference=difference,
        off=abs(difference),
        unit_cost=one.cost,
        value=value,
        weight=abs(value),
        warehouses=_warehouses(one.shown),
        note=one.note[:300],
    )


def _warehouses(shown: Held) -> list[dict[str, str]]:
    """The warehouses of the source, as a JSON column keeps them; the books have none."""
    rows = shown.document.get("warehouses")
    return [
        {
            "warehouse": str(row.get("warehouse") or ""),
            **{k: str(row.get(k) or 0) for k in ("on_hand", "allocated", "unit_cost")},
        }
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
