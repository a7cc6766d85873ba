"""What payments of customers and of suppliers have in common: a person's own sessions, and taking back."""

from __future__ import annotations

import random
from typing import Any

from bench.chaos_world import World


class PaidInTheBooks:
    """A scenario around payments that a person enters in the books; ``last`` is the latest one."""

    kinds: tuple[str, ...] = ("voided-while-sent", "voided-later")

    def __init__(self, world: World, flow: Any, kind: str) -> None:
        self.world, self.flow = world, flow
        self.last: Any = None
        self.code, self.key = self._linked_once(kind)

    def _linked_once(self, kind: str) -> tuple[str, str]:
        """Code and key of a party in the company's own currency that is one record on both sides."""
        from studio.linking.models import Link, Party

        flow = self.flow
        own = (flow.target.currency, None, "")
        active = Party.objects.filter(connection=flow.target, kind=kind, active=True)
        codes = [p.code for p in active if p.data.get("currency") in own]
        linked = Link.objects.filter(
            kind=kind, left_connection=flow.target, right_connection=flow.source, active=True,
            left_code__in=codes,
        ).order_by("left_code")  # fmt: skip
        # A record in the books that stands for two parties cannot say which of them pays or is paid.
        once = [x for x in linked if linked.filter(right_key=x.right_key).count() == 1]
        return once[0].left_code, once[0].right_key

    def _open(self, connection: Any) -> Any:
        """A connector that no break reaches: a person's own session."""
        from connectors.registry import open_connector
        from studio.catalog.wiring import config_of, services_of

        return open_connector(config_of(connection), services_of(connection))

    def _enter(self, connection: Any, entity: str, data: dict[str, Any], said: str) -> str:
        """A record entered by hand; returns its key."""
        from engine.ports import Draft

        connector = self._open(connection)
        try:
            made = connector.create(Draft(entity, data, f"hand-{entity}-{said}"[:50], said))
            return str(made.key)
        finally:
            connector.close()

    def _link(self, kind: str, code: str, key: str, number: str) -> None:
        """Say that a document of the ERP is that one of the books."""
        from studio.accounts.models import machine
        from studio.accounts.roles import MATCH
        from studio.linking.actions import Ends, add_link

        actor = machine(self.flow.workspace, "chaos", MATCH)
        ends = Ends(self.flow.target, code, self.flow.source, key, number)
        add_link(actor, kind, ends, origin="chaos")

    def arm(self, kind: str, draw: random.Random) -> None:
        """The person takes the last payment back: while it is being sent, or after it has arrived."""
        from engine.ports import Action, Draft

        if self.last is None:
            return
        if kind == "voided-later":
            self.world.drain(self.flow)
        else:
            self.world.turn(self.flow)
        entity = self.flow.design["trigger"]["entity"]
        connector = self._open(self.flow.source)
        try:
            draft = Draft(entity, {}, f"void-{self.last.key}"[:50], key=self.last.key)
            connector.act(draft, Action.VOID)
        finally:
            connector.close()
        self.last.voided = True

    def _posts(self, handle: Any) -> Any:
        from studio.flows.models import Delivery

        return Delivery.objects.filter(flow=self.flow, step="post", item__key=handle.key)

    def _table(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table in the ERP."""
        emulator: Any = self.world.running["syspro"].emulator
        return list(emulator.documents(f"{self.flow.target.company}.{name}", ""))

    def _entries(self, handle: Any, table: str, column: str) -> list[dict[str, Any]]:
        """The entries of a payment and of what took it back."""
        references = set(self._posts(handle).values_list("reference", flat=True))
        wanted = references | {f"R:{r}" for r in references}
        return [row for row in self._table(table) if row[column] in wanted]
