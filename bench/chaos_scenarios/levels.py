"""Stock levels: what differs is adjusted once, whatever dies, and what is on its way is never adjusted as well."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_scenarios.orders import Orders
from bench.chaos_world import World

# Items that are counted again and again.
MOST = 12
# Parts of a difference that stay as they are while the flow is tried.
NAMED = ("case", "draft")


@dataclass(frozen=True, slots=True)
class Counted:
    """An item whose quantity in the warehouse was changed by a count.

    ``gap`` is what the two sides differ by for good, named: orders that wait in a case since before, and
    drafts in the books that nobody approves.
    """

    item: str
    target_key: str
    gap: Decimal


class Levels:
    """Items of a warehouse whose books follow by adjustments; goods also leave by orders."""

    kinds: tuple[str, ...] = ("shipped",)

    def __init__(self, world: World, flow: Any) -> None:
        from studio.flows.models import Flow

        self.world, self.flow = world, flow
        self.target: Any = world.running[flow.target.system].emulator
        self.erp: Any = world.running["syspro"].emulator.databases[flow.source.company]
        self.orders = Flow.objects.select_related("source", "target").get(
            key=f"orders-to-{flow.target.system}"
        )
        self.shipping = Orders(world, self.orders)
        self.shipping.number += 50_000
        self.shipped: set[Counted] = set()
        self._track()
        self._adjust()
        world.approvers[flow.pk] = self._people
        world.at_work[flow.pk] = lambda: self.counting
        self.counting = True
        world.drain(flow)
        self.items = self._comparable()

    def _track(self) -> None:
        """The books keep a quantity of the goods that they know; Xero's sample items have none."""
        from studio.linking.models import Link

        if self.flow.target.system != "xero":
            return
        accounts = {a["Type"]: a["Code"] for a in self.target.documents("Account", "")}
        links = Link.objects.filter(
            kind="item", left_connection=self.flow.source, right_connection=self.flow.target
        )
        goods = {
            x.right_key
            for x in links.filter(active=True)
            if any(Decimal(str(w["QtyOnHand"])) > 0 for w in self._warehouses(x.left_code))
        }
        for item in self.target.documents("Item", ""):
            if item["Code"] not in goods:
                continue
            bought = item.get("PurchaseDetails") or {}
            self.target.edit(
                "Item",
                item["ItemID"],
                {
                    "IsTrackedAsInventory": True,
                    "InventoryAssetAccountCode": accounts["INVENTORY"],
                    "PurchaseDetails": {**bought, "COGSAccountCode": accounts["DIRECTCOSTS"]},
                    "QuantityOnHand": Decimal(1000),
                    "TotalCostPool": Decimal(5000),
                },
            )

    def _adjust(self) -> None:
        """An integrator sets the policy, an accountant says which account takes the differences."""
        from studio.catalog.models import Code
        from studio.flows.actions import publish_flow
        from studio.mapping.actions import add_lookup_row, publish
        from studio.mapping.models import LookupTable
        from studio.mapping.models import Mapping as FieldMapping
        from studio.sandbox.story import actor_of

        table = LookupTable.objects.get(connection=self.flow.target, name="adjustment_accounts")
        account = Code.objects.filter(connection=self.flow.target, kind=table.code_kind).first()
        if account is None:
            raise LookupError("the books have no account of expenses")
        known = set(table.rows.values_list("source", flat=True))
        for row in self.erp.rows("SalProductClassDes"):
            if row["ProductClass"] not in known:
                add_lookup_row(self.world.ana, table, row["ProductClass"], account.key)
        ivo = actor_of(self.world.workspace, "ivo")
        if self.flow.target.system == "xero":
            contacts = LookupTable.objects.get(
                connection=self.flow.target, name="adjustment_contacts"
            )
            contact = self.target.documents("Contact", "")[0]["ContactID"]
            add_lookup_row(self.world.ana, contacts, "stock", contact)
            # Without the contact these could not be published with the others.
            written = FieldMapping.objects.filter(
                connection=self.flow.target, document="stock_level", direction="outbound"
            )
            for mapping in written:
                publish(ivo, mapping, note="scripted")
        self.flow.design["compares"]["policy"] = "adjust"
        self.flow.save()
        publish_flow(ivo, self.flow)
        self.flow.refresh_from_db()

    def _people(self) -> None:
        """An accountant approves what waits; the schedule compares as long as something differs."""
        from studio.flows.models import Delivery, InboxItem
        from studio.flows.pump import pump_flow
        from studio.sandbox.story import approve_batches
        from studio.tieout import stock

        approve_batches(self.world.ana, self.world.workspace, lambda _: None)
        under_way = ("new", "working", "waiting")
        items = InboxItem.objects.filter(flow=self.flow, state__in=under_way)
        sent = Delivery.objects.filter(flow=self.flow, state__in=("ready", "sending", "unknown"))
        if self.counting and not items.exists() and not sent.exists():
            asked = stock.ask_by_schedule(self.flow)
            taken = stock.claim(asked.pk) if asked else None
            done = stock.run(taken) if taken else None
            names = {p.why for r in done.rows.all() for p in r.parts.all()} if done else {"moving"}
            still = {"adjusted", "adjusting", "moving", "unexplained"} & names
            self.counting = done is None or done.state != "ready" or bool(still)
        # What left the warehouse by an order arrives in the books on its own way.
        pump_flow(self.orders.pk)

    def _comparable(self) -> list[Counted]:
        from studio.tieout.models import StockComparison, StockPart

        done = StockComparison.objects.filter(flow=self.flow, state="ready").first()
        if done is None:
            raise LookupError(f"{self.flow} was never compared")
        rows = (
            done.rows.exclude(source=None)
            .exclude(target=None)
            .exclude(parts__in=StockPart.objects.exclude(why__in=NAMED))
        )
        found = [Counted(r.item, r.target_key, r.difference) for r in rows.order_by("item")[:MOST]]
        if not found:
            names = Counter(
                StockPart.objects.filter(row__comparison=done).values_list("why", flat=True)
            )
            raise LookupError(f"no item of {self.flow} can be counted: {names} {done.held_back}")
        return found

    # --- changes --------------------------------------------------------------------------------------

    def change(self, draw: random.Random) -> Counted:
        """Somebody counts an item and finds another quantity."""
        made = draw.choice(self.items)
        self._move(made.item, Decimal(draw.choice([-7, -3, -1, 2, 5, 40])))
        self.counting = True
        return made

    def _move(self, item: str, quantity: Decimal) -> None:
        row = dict(self._warehouses(item)[0])
        row.pop("TimeStamp", None)
        row["QtyOnHand"] = Decimal(str(row["QtyOnHand"])) + quantity
        emulator: Any = self.world.running["syspro"].emulator
        emulator.load({f"{self.flow.source.company}.InvWarehouse": [row]})

    def _warehouses(self, item: str) -> list[dict[str, Any]]:
        return list(self.erp.where("InvWarehouse", "StockCode", item))

    def arm(self, kind: str, draw: random.Random) -> None:
        """An order is completed while quantities are compared: its goods leave at once."""
        made = self.shipping.change(draw)
        known = {c.item: c for c in self.items}
        stored = made.order.zfill(len(next(iter(self.erp.rows("SorMaster")))["SalesOrder"]))
        for line in self.erp.where("SorDetail", "SalesOrder", stored):
            item = str(line.get("MStockCode") or "")
            if str(line["LineType"]) != "1" or not self._warehouses(item):
                continue
            master = self.erp.get("InvMaster", item)
            cased = line["MOrderUom"] == master["AlternateUom"] != master["StockUom"]
            per = Decimal(str(master["ConvFactAltUom"])) if cased else Decimal(1)
            self._move(item, -Decimal(str(line["MShipQty"])) * per)
            if item in known:
                self.shipped.add(known[item])
        self.counting = True

    def edit_at_target(self, handle: Counted) -> None:
        """A person takes one away in the books: the next comparison puts it right."""
        if self.flow.target.system == "qbo":
            held = self.target.books.require("Item", handle.target_key)
            self.target.books.save("Item", {**held, "QtyOnHand": held["QtyOnHand"] - 1}, "Update")
        else:
            held = self._there(handle.target_key)
            self.target.edit("Item", held["ItemID"], {"QuantityOnHand": held["QuantityOnHand"] - 1})
        self.counting = True

    # --- the count at the end -------------------------------------------------------------------------

    def judge(self, handle: Counted) -> Judged:
        """Both sides have the same of the item, and each adjustment of it stands in the books once."""
        from studio.flows.models import Delivery, InboxItem

        posts = Delivery.objects.filter(flow=self.flow, step="post", item__key=handle.item)
        doubled = lost = 0
        for post in posts:
            found = self.target.documents(post.entity, post.reference)
            wanted = int(post.state == "done")
            doubled += max(0, len(found) - wanted)
            lost += max(0, wanted - len(found))
        parked = InboxItem.objects.filter(flow=self.flow, key=handle.item, state="parked")
        apart = sum((self._apart(one) for one in {handle, *self.shipped}), Decimal(0))
        return Judged(lost + parked.count(), doubled, apart)

    def _apart(self, one: Counted) -> Decimal:
        """The value by which the two sides differ without a reason."""
        rows = self._warehouses(one.item)
        here = sum((Decimal(str(r["QtyOnHand"])) for r in rows), Decimal(0))
        held = self._there(one.target_key)
        there = Decimal(str(held.get("QtyOnHand", held.get("QuantityOnHand"))))
        return abs(here - there - one.gap) * max(Decimal(str(rows[0]["UnitCost"])), Decimal(1))

    def _there(self, key: str) -> dict[str, Any]:
        return next(
            d for d in self.target.documents("Item", "") if key in (d.get("Id"), d.get("Code"))
        )
