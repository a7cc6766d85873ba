"""Quantities that have left the source and are still on their way to the target, by item.

The documents of the other flows between two companies move stock at the target when they are posted, and an
adjustment when it is. What of them is under way, or held up by a case, explains a part of an item's difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from connectors.http.jsontext import load
from engine.errors import SurpriseAnswer
from engine.mapping import UnitRow
from engine.ports import Connector
from engine.runtime.quantities import ZERO, Why
from studio.flows.bundle import Bundle, Sides, bundle_of, context_of
from studio.flows.models import UNDER_WAY, Delivery, Flow, InboxItem
from studio.flows.reversal import STEPS as TAKE_BACK
from studio.flows.work import decide

# What one document of a kind does to the stock of the source.
SIGNS = {"sales_order": -1, "invoice": -1, "credit_note": 1, "bill": 1}
OPEN_ITEMS = ("new", "working", "waiting", "parked")
OPEN_POSTS = (*UNDER_WAY, "held", "parked")
# Drafts at the target that one comparison looks at.
DRAFTS = 1000
GOODS = ("stock", "non_stock", "")

Units = Mapping[str, Mapping[str, UnitRow]]
Quantities = dict[str, Decimal]
Moves = dict[str, dict[Why, Decimal]]


def document_flows(flow: Flow) -> QuerySet[Flow]:
    """The flows between the same two companies whose documents move stock."""
    return (
        Flow.between.filter(
            source=flow.source_id,
            target=flow.target_id,
            design__document__in=list(SIGNS),
            versions__state="published",
        )
        .exclude(state="retired")
        .select_related("source", "target", "workspace")
    )


def on_the_way(flow: Flow, units: Units, *, held: bool = True) -> Moves:
    """Item -> name -> quantity that explains a difference, in stocking units.

    Args:
        flow: compares the two companies.
        units: of the source's items.
        held: count adjustments that wait for an approval.
    """
    found: dict[str, dict[Why, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for other in document_flows(flow):
        for why, quantities in _documents(other, units):
            for code, quantity in quantities.items():
                found[code][why] += quantity
    for code, quantity in open_adjustments(flow, held=held).items():
        found[code][Why.ADJUSTING] += quantity
    return {
        code: {why: quantity for why, quantity in parts.items() if quantity != 0}
        for code, parts in found.items()
    }


def drafts_there(flow: Flow, units: Units, target: Connector) -> Moves:
    """What was posted and stands at the target as a draft: it moves stock when somebody approves it there.

    The design says by which values a draft is known (``draft`` of an entity).

    Raises:
        SurpriseAnswer: there are more drafts than can be looked at.
    """
    found: dict[str, dict[Why, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for other in document_flows(flow):
        version = other.versions.get(state="published")
        design = version.content["design"]
        reader = _Reader(bundle_of(version), context_of(other), units)
        for entity, plan in design["entities"].items():
            if not plan.get("draft"):
                continue
            keys = [r.key for r in target.find(entity, plan["draft"], limit=DRAFTS)]
            if len(keys) >= DRAFTS:
                raise SurpriseAnswer(
                    system=flow.target.name,
                    call=f"find drafts of {entity}",
                    field=entity,
                    expected=f"fewer than {DRAFTS} of them",
                )
            posts = Delivery.objects.filter(flow=other, step="post", state="done", entity=entity)
            for posted in posts.filter(target_key__in=keys).select_related("item"):
                for code, quantity in reader.of_document(posted.item.canonical).items():
                    found[code][Why.DRAFT] += SIGNS[str(design["document"])] * quantity
    return {code: dict(parts) for code, parts in found.items()}


def open_adjustments(flow: Flow, *, held: bool = True) -> Quantities:
    """Item -> quantity of the adjustment of a flow that has not reached the target yet."""
    states = OPEN_POSTS if held else tuple(s for s in OPEN_POSTS if s != "held")
    posts = Delivery.objects.filter(flow=flow, step="post", state__in=states)
    open_ = Q(state__in=OPEN_ITEMS) | Q(state="done", pk__in=posts.values("item_id"))
    found: Quantities = defaultdict(Decimal)
    for payload in InboxItem.objects.filter(open_, flow=flow).values_list("payload", flat=True):
        basis = load(payload).get("basis")
        if basis:
            found[basis["item"]] += Decimal(basis["quantity"])
    return found


def _documents(flow: Flow, units: Units) -> Iterable[tuple[Why, Quantities]]:
    """What each open document of a flow still does to the target: what it becomes less what stands there."""
    version = flow.versions.get(state="published")
    reader = _Reader(bundle_of(version), context_of(flow), units)
    posts = Delivery.objects.filter(flow=flow, step="post")
    refused = set(posts.filter(state="parked").values_list("item_id", flat=True))
    open_: dict[str, tuple[Why, Quantities]] = {}
    items = Q(state__in=OPEN_ITEMS)
    items |= Q(state="done", pk__in=posts.filter(state__in=OPEN_POSTS).values("item_id"))
    for item in InboxItem.objects.filter(items, flow=flow).order_by("pk").iterator():
        item.flow = flow
        why = Why.CASE if item.state == "parked" or item.pk in refused else Why.IN_FLIGHT
        open_[item.key] = (why, reader.quantities(item))
    ending = Delivery.objects.filter(flow=flow, step__in=TAKE_BACK, state__in=OPEN_POSTS)
    for taken in ending.select_related("item"):
        why = Why.CASE if taken.state == "parked" else Why.IN_FLIGHT
        open_.setdefault(taken.item.key, (why, {}))
    stands: dict[str, Quantities] = {}
    done = posts.filter(state="done", item__key__in=list(open_)).select_related("item")
    for posted in done.order_by("pk"):
        stands[posted.item.key] = reader.of_document(posted.item.canonical)
    sign = SIGNS[str(version.content["design"]["document"])]
    for key, (why, becomes) in open_.items():
        now = stands.get(key, {})
        codes = becomes.keys() | now.keys()
        yield why, {c: sign * (becomes.get(c, ZERO) - now.get(c, ZERO)) for c in codes}


class _Reader:
    """The goods on documents of one flow, in stocking units."""

    def __init__(self, bundle: Bundle, sides: Sides, units: Units) -> None:
        self._bundle, self._sides, self._units = bundle, sides, units

    def quantities(self, item: InboxItem) -> Quantities:
        """What an item that is not posted yet moves; one that nobody has worked is read here."""
        if item.canonical:
            return self.of_document(item.canonical)
        found = decide(item, self._bundle, self._sides)
        if found.state in ("filtered", "deleted"):
            return {}
        return self.of_document(found.document)

    def of_document(self, document: Mapping[str, Any]) -> Quantities:
        """Item -> quantity over all lines."""
        found: Quantities = defaultdict(Decimal)
        for line in document.get("lines") or []:
            code, said = str(line.get("item") or ""), line.get("quantity")
            if code and said not in (None, "") and str(line.get("kind") or "") in GOODS:
                row = self._units.get(code, {}).get(str(line.get("unit") or ""))
                found[code] += in_stock_units(Decimal(str(said)), row)
        return found


def in_stock_units(quantity: Decimal, row: UnitRow | None) -> Decimal:
    """A quantity in the stocking unit; as it stands where its unit is the stocking unit or not known."""
    if row is None:
        return quantity
    return quantity / row.factor if row.divide else quantity * row.factor
