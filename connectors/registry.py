"""The systems we can talk to: labels, how to connect, what each can do. Vendors load when wanted."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Protocol, cast

from connectors.config import ConnectionConfig, Services
from engine.ports import Action, Connector


class VendorModule(Protocol):
    """What ``connectors.<vendor>.connector`` offers."""

    def connect(self, config: ConnectionConfig, services: Services) -> Connector:
        """The connector of one connection; calls nothing yet."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a system can do, as data for pages and flows.

    Attributes:
        idempotency: ``request id`` or ``header`` (the vendor replays the first answer), or
            ``reference`` (we search the natural reference before sending).
        webhooks: the vendor tells us about changes.
        poll: how changes are found by asking.
        batch: records per create call.
        page: records per read at most.
        limits: the vendor's documented limits, for people.
        actions: what can be done to documents besides creating and updating.
        settings: settings a connection may have.
        secrets: secrets a connection needs.
    """

    idempotency: str
    webhooks: bool
    poll: tuple[str, ...]
    batch: int
    page: int
    limits: dict[str, str] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    settings: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class System:
    """One row of the table of systems."""

    key: str
    label: str
    module: str
    capabilities: Capabilities


CONNECTORS: dict[str, System] = {
    "syspro": System(
        "syspro",
        "SYSPRO",
        "connectors.syspro.connector",
        Capabilities(
            idempotency="reference",
            webhooks=False,
            poll=("timestamp", "status", "date", "sweep"),
            batch=1,
            page=200,
            limits={"concurrent": "1 call per operator"},
            actions=(Action.VOID, Action.DELETE, Action.DEACTIVATE, Action.REACTIVATE),
            settings=("operator", "language", "instance", "rest_path", "timeout", "poll",
                      "statuses", "columns", "longest_address"),
            secrets=("operator_password", "company_password"),
        ),
    ),
    "qbo": System(
        "qbo",
        "QuickBooks Online",
        "connectors.qbo.connector",
        Capabilities(
            idempotency="request id",
            webhooks=True,
            poll=("change data capture", "query"),
            batch=30,
            page=1000,
            limits={"minute": "500 calls", "concurrent": "10 calls", "batch": "40 a minute"},
            actions=(Action.VOID, Action.DELETE, Action.DEACTIVATE, Action.REACTIVATE),
            settings=("client_id", "environment", "minor_version"),
            secrets=("client_secret", "access_token", "refresh_token", "webhook_key"),
        ),
    ),
    "xero": System(
        "xero",
        "Xero",
        "connectors.xero.connector",
        Capabilities(
            idempotency="header",
            webhooks=True,
            poll=("modified since",),
            batch=50,
            page=1000,
            limits={"minute": "60 calls", "day": "5000 calls", "concurrent": "5 calls"},
            actions=(Action.VOID, Action.DELETE, Action.DEACTIVATE, Action.REACTIVATE),
            settings=("client_id", "grant", "scopes"),
            secrets=("client_secret", "access_token", "refresh_token", "webhook_key"),
        ),
    ),
}  # fmt: skip


def capabilities(system: str) -> Capabilities:
    """What the system can do.

    Raises:
        KeyError: no such system.
    """
    return CONNECTORS[system].capabilities


def open_connector(config: ConnectionConfig, services: Services | None = None) -> Connector:
    """The connector of a connection; ``close`` it when the work is done.

    Raises:
        KeyError: no such system.
    """
    module = importlib.import_module(CONNECTORS[config.system].module)
    return cast("VendorModule", module).connect(config, services or Services())
