"""What is still open at the target, read when a payment is to be applied.

The design names the columns (``settle``), so no vendor is known here. What our own payments under way will
take is taken off already: two payments worked one after the other never count on the same cents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.canon.money import ZERO, round_half_up
from engine.ports import Connector, SourceRecord
from engine.rules.settlement import OpenItem
from studio.catalog.wiring import opened
from studio.flows.models import UNDER_WAY, Delivery

if TYPE_CHECKING:
    from studio.flows.models import Flow


@dataclass(frozen=True, slots=True)
class Held:
    """One document at the target, open or closed.

    Attributes:
        item: what is open of it, in both currencies.
        code: what payments call it.
        kind: ``invoice``, ``credit_note`` or ``bill``.
        party: code of the customer or supplier.
        total: its total, in its currency.
        on: its date.
    """

    item: OpenItem
    code: str
    kind: str
    party: str
    total: Decimal
    on: date | None


class OpenItems:
    """Reads open documents of one flow's target."""

    def __init__(self, flow: Flow, plan: dict[str, Any]) -> None:
        self._flow = flow
        self._plan = plan

    @staticmethod
    def of(flow: Flow) -> OpenItems | None:
        """The reader of a flow that settles documents, else None."""
        plan = flow.design.get("settle")
        return OpenItems(flow, plan) if plan else None

    @property
    def ask_below(self) -> Decimal:
        """A remainder up to this is asked about: it is seldom meant to stay open."""
        return Decimal(str(self._plan.get("ask_below", "0")))

    @property
    def on_account(self) -> bool:
        """Whether the target keeps money that pays no document."""
        return bool(self._plan.get("on_account", True))

    @property
    def keeper(self) -> str:
        """The system that keeps them, as people call it."""
        return str(self._flow.target)

    def documents(self, codes: Sequence[str], but: str = "") -> dict[str, Held]:
        """Documents by what payments call them; unknown ones are left out.

        Args:
            codes: document codes as links give them.
            but: business key of the payment that asks; its own delivery does not count as under way.
        """
        wanted = list(dict.fromkeys(c for c in codes if c))
        if not wanted:
            return {}
        with opened(self._flow.target) as target:
            rows = [row for code in wanted for row in self._look(target, code)]
        taken = self._under_way(but)
        found = (self._held(row) for row in rows)
        return {h.code: _less(h, taken.get(h.code, ZERO)) for h in found}

    def of_party(self, party: str) -> list[Held]:
        """Everything that is open for a customer or supplier, oldest first."""
        with opened(self._flow.target) as target:
            rows = target.find(self._plan["entity"], {self._plan["party"]: party}, limit=500)
        held = [h for h in (self._held(row) for row in rows) if h.item.open_amount]
        return sorted(held, key=lambda h: (h.on or date.min, h.code))

    def _look(self, target: Connector, code: str) -> list[SourceRecord]:
        column = self._plan.get("find")
        if column:
            return target.find(self._plan["entity"], {column: code})
        found = target.read(self._plan["entity"], code)
        return [found] if found else []

    def _held(self, row: SourceRecord) -> Held:
        plan, data = self._plan, row.data
        rate = _number(data.get(plan["rate"])) or Decimal(1)
        left, total = _number(data.get(plan["open"])), _number(data.get(plan["total"]))
        kind = self._kind(data, total)
        dated = str(data.get(plan["date"]) or "")
        code = str(data.get(plan["find"])) if plan.get("find") else row.key
        item = OpenItem(
            document=code,
            currency=str(data.get(plan["currency"]) or ""),
            open_amount=abs(left),
            open_base=round_half_up(abs(left) * rate),
            gives=kind == "credit_note",
        )
        on = date.fromisoformat(dated[:10]) if dated else None
        return Held(item, code, kind, str(data.get(plan["party"]) or ""), abs(total), on)

    def _kind(self, data: Mapping[str, Any], total: Decimal) -> str:
        """What the document is: by its column, or by the sign of its total where none says it."""
        usual = str(self._plan.get("document", "invoice"))
        if "kind" not in self._plan:
            return "credit_note" if total < 0 else usual
        kinds: dict[str, str] = self._plan.get("kinds", {})
        return kinds.get(str(data.get(self._plan["kind"])), usual)

    def _under_way(self, but: str) -> dict[str, Decimal]:
        """What payments that are being sent will settle, by document."""
        taken: dict[str, Decimal] = {}
        rows = Delivery.objects.filter(flow=self._flow, step="post", state__in=UNDER_WAY)
        for canonical in rows.exclude(business_key=but).values_list("item__canonical", flat=True):
            for share in shares_in(canonical):
                code = str(share.get("document") or "")
                taken[code] = taken.get(code, ZERO) + taken_of(share)
        return taken


def shares_in(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The allocations of a payment that are there."""
    listed = document.get("allocations")
    yield from (a for a in (listed if isinstance(listed, list) else []) if isinstance(a, dict))


def taken_of(share: Mapping[str, Any]) -> Decimal:
    """What a share of a payment settles of its document: money, discount and what is written off."""
    return sum((_number(share.get(n)) for n in ("amount", "discount", "written_off")), ZERO)


def _number(value: object) -> Decimal:
    return Decimal(str(value)) if value not in (None, "") else ZERO


def _less(held: Held, taken: Decimal) -> Held:
    """The document as it will be once what is under way has arrived."""
    item = held.item
    if not taken or not item.open_amount:
        return held
    left = max(ZERO, item.open_amount - taken)
    base = round_half_up(item.open_base * left / item.open_amount)
    return replace(held, item=replace(item, open_amount=left, open_base=base))
