"""What a buyer places in the portal becomes one sales order in SYSPRO, at the price he saw."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_world import World

PLENTY = Decimal(1_000_000)
TRIES = 3


class Portal:
    """Small baskets of the sample buyer, of items and a customer that nothing else holds up."""

    kinds: tuple[str, ...] = ()

    def __init__(self, world: World, flow: Any) -> None:
        from studio.portal.models import Buyer, StockItem

        self.world, self.flow = world, flow
        buyer = Buyer.objects.select_related("account__shop", "user").get(account__shop__flow=flow)
        self.account, self.actor = buyer.account, buyer.user.memberships.get().actor()
        self.company = flow.target.company
        self.emulator: Any = world.running[flow.target.system].emulator
        sold = StockItem.objects.filter(shop=self.account.shop, stopped=False, other_unit="")
        self.items = list(
            sold.filter(available__gte=50).order_by("code").values_list("code", flat=True)
        )
        # Neither credit nor stock shall decide what becomes of an order here.
        self.emulator.edit(
            f"{self.company}.ArCustomer", self.account.customer, {"CreditLimit": PLENTY}
        )

    def change(self, draw: random.Random) -> Any:
        """A basket of one or two items, placed as it was seen."""
        from studio.portal.baskets import add, basket_of
        from studio.portal.placing import place
        from studio.portal.reading import read_account

        read_account(self.account.pk)
        self.account.refresh_from_db()
        for item in draw.sample(self.items, draw.randint(1, 2)):
            add(self.actor, self.account, item, str(draw.randint(1, 2)))
        order = basket_of(self.actor, self.account)
        assert order is not None
        for _try in range(TRIES):
            if place(self.actor, order, order.revision):
                return order
        said = [*order.problems, *(p for line in order.lines.all() for p in line.problems)]
        raise LookupError(f"the basket of the trial was not taken: {said}")

    def arm(self, kind: str, draw: random.Random) -> None:
        """There is no trouble of its own kind."""

    def edit_at_target(self, handle: Any) -> None:
        """A remark on the order."""
        for row in self._orders(handle):
            change = {"ShippingInstrs": "looked at by a person"}
            self.emulator.edit(f"{self.company}.SorMaster", row["SalesOrder"], change)

    def _orders(self, handle: Any) -> list[Any]:
        database = self.emulator.databases[self.company]
        return list(database.where("SorMaster", "CustomerPoNumber", handle.number))

    def judge(self, handle: Any) -> Judged:
        """One order under the portal's number, with the sum the buyer was shown."""
        from studio.flows.models import Delivery

        found = self._orders(handle)
        posts = Delivery.objects.filter(flow=self.flow, step="post", state="done")
        posted = posts.filter(business_key=handle.number).exists()
        if not found or not posted:
            return Judged(lost=1, doubled=max(0, len(found) - 1))
        database = self.emulator.databases[self.company]
        lines = database.where("SorDetail", "SalesOrder", found[0]["SalesOrder"])
        total = sum((Decimal(r["MOrderQty"]) * Decimal(r["MPrice"]) for r in lines), Decimal(0))
        return Judged(doubled=len(found) - 1, residual=abs(total - handle.total))
