"""The SYSPRO connector: one operator in one company, all ports in one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.config import ConnectionConfig, Services
from connectors.syspro.client import EnetClient
from connectors.syspro.introspect import SysproIntrospector
from connectors.syspro.rows import Rows
from connectors.syspro.sink import SysproSink
from connectors.syspro.source import SysproSource
from engine.errors import RemoteFault
from engine.ports import Action, Connector, Draft, Health, ItemResult, Page, Receipt, SourceRecord
from engine.schema.model import SystemSchema


class SysproConnector:
    """Implements ``engine.ports.Connector`` over e.net REST.

    Args:
        config: ``base_url``, ``company``; settings and secrets as ``EnetClient`` and
            ``SysproSource`` describe them.
        services: lane, clock, evidence, transport.
    """

    system = "syspro"

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        self.client = EnetClient(config, services)
        self.rows = Rows(self.client, listed=config.setting("columns") == "listed")
        self.source = SysproSource(self.rows, config)
        self.sink = SysproSink(self.rows, self.source, config)
        self._introspector = SysproIntrospector(self.rows, config.company, self.client.operator)

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """Entities, fields, custom fields, value profiles."""
        return self._introspector.snapshot(sample=sample)

    def changes(self, entity: str, *, cursor: str = "", limit: int = 100) -> Page:
        """Records changed since ``cursor``."""
        return self.source.changes(entity, cursor=cursor, limit=limit)

    def read(self, entity: str, key: str) -> SourceRecord | None:
        """One record by key."""
        return self.source.read(entity, key)

    def find(
        self, entity: str, where: Mapping[str, str], *, limit: int = 100
    ) -> list[SourceRecord]:
        """Records whose fields equal ``where``."""
        return self.source.find(entity, where, limit=limit)

    def create(self, draft: Draft) -> Receipt:
        """Create a record."""
        return self.sink.create(draft)

    def update(self, draft: Draft) -> Receipt:
        """Change the given fields of a record."""
        return self.sink.update(draft)

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void, delete, deactivate or reactivate a record."""
        return self.sink.act(draft, action)

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Create several, one call each: SYSPRO's answers name no item of a mixed document."""
        return self.sink.create_many(drafts)

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """The document an unanswered ``create`` left, if any."""
        return self.sink.find_by_reference(entity, reference, idempotency_key)

    def check(self) -> Health:
        """Log on and read the logon profile."""
        try:
            answer = self.client.profile()
        except RemoteFault as fault:
            return Health(ok=False, detail=str(fault))
        name = next((n.text for n in answer.anywhere("CompanyName")), "")
        who = f"{self.client.operator} in {self.client.company}"
        return Health(ok=True, who=who, detail=name)

    def close(self) -> None:
        """Log off and close sockets."""
        self.client.close()


def connect(config: ConnectionConfig, services: Services) -> Connector:
    """The connector of a SYSPRO connection; nothing is called before it is needed."""
    return SysproConnector(config, services)
