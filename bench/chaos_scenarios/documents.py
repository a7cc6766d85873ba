"""Credit notes and supplier invoices of the ERP become documents in the books, once."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_scenarios.orders import Orders, went_through
from bench.chaos_world import World

# Kinds of trouble that strike uploads alone.
UPLOADS = {
    "upload-drop-after": "drop-after",
    "upload-500-after": "500-after",
    "upload-503": "503",
    "upload-429": "429-minute",
}


@dataclass(frozen=True, slots=True)
class Made:
    """One document: what it is called here and there, and its key in the inbox."""

    business_key: str
    number: str
    key: str


class Credits(Orders):
    """Completed credit notes like orders that went through; approved beforehand, to try the sending."""

    kinds: tuple[str, ...] = ()

    def __init__(self, world: World, flow: Any) -> None:
        from studio.flows.models import Delivery, Flow

        super().__init__(world, flow)
        self.number += 40_000
        Flow.objects.filter(pk=flow.pk).update(ladder="digest")
        flow.ladder = "digest"
        orders = Delivery.objects.filter(
            flow__source=flow.source, flow__key__startswith="orders-", step="post", state="done"
        )
        self.templates = went_through(orders)

    def change(self, draw: random.Random) -> Any:
        """A completed credit note with the lines of an earlier order."""
        made = super().change(draw)
        emulator: Any = self.world.running["syspro"].emulator
        company = self.flow.source.company
        database = emulator.databases[company]
        row = dict(database.get("SorMaster", made.order.zfill(20)))
        row.pop("TimeStamp", None)
        emulator.load({f"{company}.SorMaster": [row | {"DocumentType": "C"}]})
        return Made(made.invoice, made.invoice, made.order)

    def judge(self, handle: Made) -> Judged:
        """One document of the total that the ledger says."""
        return judged(self, handle)

    def edit_at_target(self, handle: Any) -> None:
        """A remark on the posted document."""
        for entity in self.flow.design["entities"]:
            for document in self.target.documents(entity, handle.number):
                key = (
                    document.get("Id") or document.get("CreditNoteID") or document.get("InvoiceID")
                )
                field = "PrivateNote" if "Id" in document else "Reference"
                self.target.edit(entity, key, {field: "looked at by a person"})


class Bills:
    """Supplier invoices of linked suppliers, with the account a person chose for each of them.

    Each posted bill has its source beside it, once: a missing file counts as lost, a second as doubled.
    """

    kinds: tuple[str, ...] = tuple(UPLOADS)

    def __init__(self, world: World, flow: Any) -> None:
        from studio.linking.models import Link
        from studio.mapping.models import LookupRow, LookupTable

        self.world, self.flow = world, flow
        self.number = 600_000 + world.seed % 1000
        self.target: Any = world.running[flow.target.system].emulator
        erp: Any = world.running["syspro"].emulator
        self.erp, self.company = erp, flow.source.company
        linked = Link.objects.filter(
            kind="supplier", left_connection=flow.source, right_connection=flow.target, active=True
        ).order_by("left_code")
        currency = flow.source.currency
        rows = {
            str(r["Supplier"]).lstrip("0"): r
            for r in erp.documents(f"{self.company}.ApSupplier", "")
        }
        self.suppliers = [
            rows[x.left_code.lstrip("0")] | {"code": x.left_code}
            for x in linked
            if rows.get(x.left_code.lstrip("0"), {}).get("Currency") == currency
        ]
        account = self._account()
        for supplier in self.suppliers:
            table = LookupTable.objects.get(connection=flow.target, name="bill_accounts")
            LookupRow.objects.get_or_create(
                table=table, source=supplier["code"], defaults={"target": account}
            )
        self.tax = self._untaxed()

    def _account(self) -> str:
        from studio.catalog.models import Code

        codes = Code.objects.filter(
            connection=self.flow.target, kind="expense_account", active=True
        )
        return str(codes.order_by("key").first().key)  # type: ignore[union-attr]

    def _untaxed(self) -> str:
        """A tax code of the ERP without a rate that the books know, or none."""
        from studio.mapping.models import LookupRow

        known = LookupRow.objects.filter(
            table__connection=self.flow.target, table__name__in=("purchase_tax_codes", "tax_codes")
        ).values_list("source", flat=True)
        rates = LookupRow.objects.filter(
            table__connection=self.flow.source, table__name="tax_rates", source__in=list(known)
        )
        zero = [r.source for r in rates if Decimal(r.target or "0") == 0]
        return zero[0] if zero else ""

    def change(self, draw: random.Random) -> Made:
        """A supplier's invoice; every fourth has the number of another supplier's."""
        self.number += 1
        supplier = self.suppliers[self.number % len(self.suppliers)]
        number = f"SI-{self.number // 2 * 2 if draw.random() < 0.25 else self.number}"
        gross = Decimal(draw.randint(1_000, 90_000)) / 100
        self.erp.load({f"{self.company}.ApInvoice": [{
            "Supplier": supplier["Supplier"], "Invoice": number, "InvoiceDate": "2026-06-20", "DueDate": "2026-07-20",
            "JournalDate": "2026-06-20", "OrigInvValue": gross, "MthInvBal1": gross, "Currency": supplier["Currency"],
            "ExchangeRate": Decimal(1), "CurrencyValue": gross, "FirstTaxCode": self.tax, "MulDiv": "M",
            "ConvRate": Decimal(1), "PostCurrency": supplier["Currency"],
        }]})  # fmt: skip
        return Made(f"{supplier['code']}|{number}", number, f"{supplier['code']}|{number}")

    def arm(self, kind: str, draw: random.Random) -> None:
        """Trouble that strikes nothing but uploads."""
        from connectors.emulation.faults import Fault, FaultKind

        fault = Fault(FaultKind(UPLOADS[kind]), path=r"/upload$|/Attachments", seconds=0.1)
        fault.count, fault.skip = draw.randint(1, 3), draw.randint(0, 2)
        self.target.faults.arm(fault)

    def edit_at_target(self, handle: Made) -> None:
        """A remark on the posted bill."""
        from studio.flows.models import Delivery

        posted = Delivery.objects.filter(
            flow=self.flow, business_key=handle.business_key, step="post"
        ).first()
        if posted is not None and posted.target_key:
            field = "PrivateNote" if self.flow.target.system == "qbo" else "Reference"
            self.target.edit(posted.entity, posted.target_key, {field: "looked at by a person"})

    def judge(self, handle: Made) -> Judged:
        """One bill of this supplier with this number, and its source beside it."""
        from studio.flows.models import Delivery

        found = judged(self, handle)
        posted = Delivery.objects.filter(
            flow=self.flow, business_key=handle.business_key, step="post", state="done"
        ).first()
        if posted is None:
            return found
        ours = Delivery.objects.filter(follows=posted, step="attach", state="done").first()
        held = self._beside(posted.entity, posted.target_key)
        wanted = ours.basis["sha256"] if ours else ""
        return Judged(
            found.lost + (wanted not in held),
            found.doubled + max(0, len(held) - 1),
            found.residual,
        )

    def _beside(self, entity: str, key: str) -> list[str]:
        """SHA-256 of every file that the target keeps beside a document."""
        if self.flow.target.system == "qbo":
            raws = [
                self.target.extras.file(row["Id"])
                for row in self.target.documents("Attachable", "")
                if any(ref["EntityRef"]["value"] == key for ref in row["AttachableRef"])
            ]
        else:
            from connectors.xero.emulator.papers import attachments, content

            books = self.target.books
            rows = attachments(books, entity, key)
            raws = [content(books, entity, key, row["AttachmentID"])[0] for row in rows]
        return [hashlib.sha256(raw).hexdigest() for raw in raws]


def judged(scenario: Any, handle: Made) -> Judged:
    """One document of this party with this number, of the total that the ledger says, and no case."""
    from studio.flows.models import Delivery, InboxItem

    flow = scenario.flow
    posts = Delivery.objects.filter(flow=flow, step="post", state="done")
    posted = posts.filter(business_key=handle.business_key).first()
    found = [
        d for e in flow.design["entities"] for d in scenario.target.documents(e, handle.number)
    ]
    if posted is not None:
        party = _party(next((d for d in found if posted.target_key in d.values()), {}))
        found = [d for d in found if _party(d) == party]
    parked = InboxItem.objects.filter(flow=flow, key=handle.key, state="parked").exists()
    if not found or posted is None:
        return Judged(lost=1, doubled=max(0, len(found) - 1))
    total = Decimal(str(found[0].get("TotalAmt", found[0].get("Total"))))
    return Judged(int(parked), len(found) - 1, abs(total - posted.gross))


def _party(document: dict[str, Any]) -> str:
    for name in ("VendorRef", "CustomerRef", "Contact"):
        if document.get(name):
            return str(document[name].get("value") or document[name].get("ContactID"))
    return ""
