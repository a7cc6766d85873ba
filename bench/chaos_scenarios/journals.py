"""Ledger journals: posted once, in batches, with both sides equal to what the source states."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from bench.chaos_scenarios import Judged
from bench.chaos_world import World

# Days whose journals the shipped flows take: history before the change-over, daily ones after it.
DAYS = {True: (date(2026, 6, 1), 29), False: (date(2026, 7, 1), 29)}


@dataclass(frozen=True, slots=True)
class Made:
    """Journals posted in SYSPRO in one go: their numbers with the sum of their debits."""

    journals: tuple[tuple[str, Decimal], ...]


class Journals:
    """Journals over accounts that the account table knows."""

    kinds: tuple[str, ...] = ("half-batch",)

    def __init__(self, world: World, flow: Any) -> None:
        from connectors.emulation.company import build

        self.world, self.flow = world, flow
        self.number = 300_000 + world.seed % 1000 + (50_000 if flow.design.get("history") else 0)
        self.target: Any = world.running[flow.target.system].emulator
        self.division = build("S", 1).of(flow.source.company)
        self._translate()
        world.approvers[flow.pk] = self._approve

    def _translate(self) -> None:
        """An accountant says once what each account is called at the target."""
        from studio.mapping.actions import add_lookup_row
        from studio.mapping.models import LookupTable

        table = LookupTable.objects.get(connection=self.flow.target, name="journal_accounts")
        keys = self._account_keys()
        for account in self.division.tables.accounts:
            if account.twin_code in keys:
                add_lookup_row(self.world.ana, table, account.code, keys[account.twin_code])

    def _account_keys(self) -> dict[str, str]:
        from studio.catalog.models import Code

        rows = Code.objects.filter(connection=self.flow.target, kind="journal_account")
        return {code or key: key for code, key in rows.values_list("code", "key")}

    def _approve(self) -> None:
        """An accountant approves every batch that waits."""
        from studio.sandbox.story import approve_batches

        approve_batches(self.world.ana, self.world.workspace, lambda _: None)

    def change(self, draw: random.Random) -> Made:
        """Some balanced journals, posted together."""
        from connectors.emulation.company_ledger import posted_journals
        from connectors.syspro.emulator.seed_ledgers import entry_rows, journal_rows

        first, days = DAYS[bool(self.flow.design.get("history"))]
        day = first + timedelta(days=draw.randint(0, days))
        count = draw.randint(2, 9)
        made = [
            self._renumbered(one)
            for one in posted_journals(
                self.division.tables, count, draw.randint(1, 10**6), first=day, last=day
            )
        ]
        company = self.flow.source.company
        emulator: Any = self.world.running["syspro"].emulator
        emulator.load(
            {
                f"{company}.GenJournalCtl": list(journal_rows(made)),
                f"{company}.GenJournalDetail": list(entry_rows(company, made)),
            }
        )
        return Made(
            tuple(
                (
                    f"{j.dated.year}-{j.dated.month:02d}-{int(j.number):07d}",
                    sum((a for _, _, a in j.lines if a > 0), Decimal(0)),
                )
                for j in made
            )
        )

    def _renumbered(self, one: Any) -> Any:
        from dataclasses import replace

        self.number += 1
        return replace(one, number=str(self.number), reference=f"CH-{self.number}")

    def arm(self, kind: str, draw: random.Random) -> None:
        """The target writes half of a call and breaks off."""
        from connectors.emulation.faults import Fault, FaultKind

        self.target.faults.arm(Fault(FaultKind(kind), count=draw.randint(1, 2)))

    def _documents(self, number: str) -> list[dict[str, Any]]:
        if self.flow.target.system == "qbo":
            return [d for d in self.target.documents("JournalEntry", number) if d]
        found = self.target.documents("ManualJournal", "")
        return [d for d in found if str(d.get("Narration", "")).startswith(number) and _is_live(d)]

    def edit_at_target(self, handle: Made) -> None:
        """A remark on the first of them."""
        for document in self._documents(handle.journals[0][0]):
            if "Id" in document:
                self.target.edit("JournalEntry", document["Id"], {"PrivateNote": "looked at"})
            else:
                narration = f"{document['Narration']} (looked at)"
                key = document["ManualJournalID"]
                self.target.edit("ManualJournal", key, {"Narration": narration})

    def judge(self, handle: Made) -> Judged:
        """Each journal stands there once with the debits that the source states."""
        from studio.flows.amounts import amounts_of
        from studio.flows.models import Delivery

        posts = Delivery.objects.filter(flow=self.flow, step="post", state="done")
        lost = doubled = 0
        residual = Decimal(0)
        for number, debit in handle.journals:
            found = self._documents(number)
            posted = posts.filter(business_key=number).first()
            doubled += max(0, len(found) - 1)
            if not found or posted is None:
                lost += 1
                continue
            plan = self.flow.design["entities"][posted.entity]
            sums = amounts_of(found[0], plan)
            residual += abs(sums.gross - debit) + abs(sums.gross - sums.net)
            residual += abs(posted.gross - debit)
        return Judged(lost, doubled, residual)


def _is_live(document: dict[str, Any]) -> bool:
    return document.get("Status") not in ("DELETED", "VOIDED")
