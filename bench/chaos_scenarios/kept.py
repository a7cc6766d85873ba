"""Customers, suppliers and items that both systems keep: a change on one side arrives on the other, once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_world import World
from connectors.syspro.emulator.keys import stored

# What a person changes at the target, by entity: the field and, where it lies in an object, the object.
TARGET_FIELDS: dict[str, tuple[str, ...]] = {
    "Customer": ("PrimaryEmailAddr", "Address"),
    "Vendor": ("PrimaryEmailAddr", "Address"),
    "Contact": ("EmailAddress",),
}
KEYS = {"ArCustomer": "Customer", "ApSupplier": "Supplier", "InvMaster": "StockCode"}
NAMES = {"ArCustomer": "Name", "ApSupplier": "SupplierName", "InvMaster": "LongDesc"}
SHOWN = {
    "Customer": "DisplayName",
    "Vendor": "DisplayName",
    "Contact": "Name",
    "Item": "Description",
}
MAILS = {"ArCustomer": "Email", "ApSupplier": "Email"}


@dataclass(frozen=True, slots=True)
class Changed:
    """A linked record and the value that both sides have to say in the end."""

    golden: int
    value: str


class Kept:
    """Linked records of a pair of flows; the forward flow's source says a new name, the other a new mail."""

    kinds: tuple[str, ...] = ()

    def __init__(self, world: World, flow: Any) -> None:
        from studio.flows.keeping import is_forward, opposite
        from studio.flows.models import Golden

        self.world, self.flow = world, flow
        self.forward = flow if is_forward(flow.design) else opposite(flow)
        self.number = 0
        rows = Golden.objects.filter(
            kind=flow.design["keeps"]["kind"],
            left_connection=self.forward.source,
            right_connection=self.forward.target,
            left_state="live",
            right_state="live",
        )
        self.goldens = sorted(rows.values_list("pk", flat=True))[:12]
        self.table = self.forward.design["trigger"]["entity"]
        self.entity = self.forward.design["branches"][0]["entity"]
        self.erp: Any = world.running["syspro"].emulator
        self.books: Any = world.running[self.forward.target.system].emulator
        self.back = self.flow.pk != self.forward.pk

    def change(self, draw: random.Random) -> Changed:
        """A new name in the ERP, or a new mail address in the books for the flow that goes back."""
        from studio.flows.models import Golden

        self.number += 1
        golden = Golden.objects.get(pk=draw.choice(self.goldens))
        if self.back:
            made = Changed(golden.pk, f"box{self.number}@chaos.example")
            self._say_in_books(golden, made.value)
            return made
        # Names are one space over customers and suppliers in the books.
        kind = self.flow.design["keeps"]["kind"].title()
        made = Changed(golden.pk, f"{kind} {self.world.seed} {self.number}")
        self._say_in_erp(golden, made.value)
        return made

    def _say_in_erp(self, golden: Any, value: str) -> None:
        company = self.forward.source.company
        row = dict(self._row(golden))
        row.pop("TimeStamp", None)
        self.erp.load({f"{company}.{self.table}": [row | {NAMES[self.table]: value}]})

    def _row(self, golden: Any) -> dict[str, Any]:
        database = self.erp.databases[self.forward.source.company]
        # SYSPRO stores numbered keys padded, and shows them shorter.
        found: dict[str, Any] = database.get(self.table, stored(KEYS[self.table], golden.left_key))
        return found

    def _say_in_books(self, golden: Any, value: str) -> None:
        path = TARGET_FIELDS[self.entity]
        said: Any = value if len(path) == 1 else {path[1]: value}
        self.books.edit(self.entity, golden.right_key, {path[0]: said})

    def arm(self, kind: str, draw: random.Random) -> None:
        """There is no trouble of its own kind."""

    def edit_at_target(self, handle: Changed) -> None:
        """A person changes a field at the target that the source owns: it is put right."""
        from studio.flows.models import Golden

        if self.back:
            return
        golden = Golden.objects.get(pk=handle.golden)
        if self.entity in TARGET_FIELDS:
            self.number += 1
            self._say_in_books(golden, f"box{self.number}@chaos.example")

    def judge(self, handle: Changed) -> Judged:
        """Both sides say the latest value of the field, and every update of it took effect once."""
        from studio.flows.models import Delivery, Golden, InboxItem

        golden = Golden.objects.get(pk=handle.golden)
        keys = (golden.left_key, golden.right_key)
        parked = InboxItem.objects.filter(flow=self.flow, key__in=keys, state="parked").exists()
        left, right = self._values(golden)
        if self._superseded(handle, left if not self.back else right):
            return Judged(lost=int(left != right) + int(parked))
        said = Delivery.objects.filter(basis__golden=str(golden.uuid), step="update", state="done")
        wanted = [d for d in said if handle.value in d.basis["want"].values()]
        return Judged(
            lost=int(parked) + int(handle.value not in (left, right) or left != right),
            doubled=max(0, len(wanted) - 1),
        )

    def _superseded(self, handle: Changed, value: str) -> bool:
        """Whether the same record was changed again in this schedule."""
        return value != handle.value

    def _values(self, golden: Any) -> tuple[str, str]:
        row = self._row(golden)
        document = next(
            d
            for d in self.books.documents(self.entity, "")
            if golden.right_key in (d.get("Id"), d.get("ContactID"), d.get("Code"))
        )
        if self.back:
            path = TARGET_FIELDS[self.entity]
            held: Any = document.get(path[0]) or {}
            return str(row[MAILS[self.table]]), str(held if len(path) == 1 else held.get(path[1]))
        return str(row[NAMES[self.table]]), str(document.get(SHOWN[self.entity]))
