"""Completed SYSPRO orders become invoices or receipts, once, and are written back."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_world import World


@dataclass(frozen=True, slots=True)
class Order:
    """Numbers of one completed order."""

    order: str
    invoice: str


def went_through(deliveries: Any) -> list[str]:
    """Keys of orders that were posted without a person's correction, such as another date."""
    clean = deliveries.filter(item__overrides={})
    return sorted(clean.values_list("item__key", flat=True))[:12]


class Orders:
    """Clones of orders that went through before."""

    kinds: tuple[str, ...] = ()

    def __init__(self, world: World, flow: Any) -> None:
        from studio.flows.models import Delivery

        self.world, self.flow = world, flow
        self.number = 700_000 + world.seed % 1000
        rows = Delivery.objects.filter(flow=flow, step="post", state="done")
        self.templates = went_through(rows)
        self.target: Any = world.running[flow.target.system].emulator

    def change(self, draw: random.Random) -> Order:
        """A new completed order like an earlier one."""
        emulator: Any = self.world.running["syspro"].emulator
        company = self.flow.source.company
        database = emulator.databases[company]
        template = draw.choice(self.templates)
        self.number += 1
        made = Order(f"{self.number:06d}", f"{self.number + 200_000:06d}")
        header = dict(database.get("SorMaster", template))
        lines = [dict(row) for row in database.where("SorDetail", "SalesOrder", template)]
        # The emulator stores keys padded, as SYSPRO does.
        stored = made.order.zfill(len(header["SalesOrder"]))
        header |= {"LastInvoice": made.invoice.zfill(len(header["LastInvoice"]))}
        for row in [header, *lines]:
            row.pop("TimeStamp", None)
            row["SalesOrder"] = stored
        emulator.load({f"{company}.SorMaster": [header], f"{company}.SorDetail": lines})
        return made

    def arm(self, kind: str, draw: random.Random) -> None:
        """There is no trouble of its own kind."""

    def edit_at_target(self, handle: Order) -> None:
        """A remark on the posted document."""
        for entity in self.flow.design["entities"]:
            for document in self.target.documents(entity, handle.invoice):
                key = document.get("Id") or document.get("InvoiceID")
                field = "PrivateNote" if "Id" in document else "Reference"
                self.target.edit(entity, key, {field: "looked at by a person"})

    def judge(self, handle: Order) -> Judged:
        """One document of the right total, and one write-back."""
        from studio.flows.models import Delivery, InboxItem

        entities = self.flow.design["entities"]
        found = [d for e in entities for d in self.target.documents(e, handle.invoice)]
        posts = Delivery.objects.filter(flow=self.flow, step="post", state="done")
        posted = posts.filter(business_key=handle.order).first()
        parked = InboxItem.objects.filter(flow=self.flow, key=handle.order, state="parked").exists()
        if not found or posted is None:
            return Judged(lost=1, doubled=max(0, len(found) - 1))
        total = Decimal(str(found[0].get("TotalAmt", found[0].get("Total"))))
        back = Delivery.objects.filter(follows=posted, step="write_back", state="done").count()
        # Orders like these went through before, so a case is as bad as a loss here.
        return Judged(
            lost=int(parked) + int(back != 1),
            doubled=len(found) - 1,
            residual=abs(total - posted.gross),
        )
