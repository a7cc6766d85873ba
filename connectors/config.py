"""What every vendor's ``connect(config, services) -> Connector`` takes: settings and services."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.http.budget import Budget
from connectors.http.clock import SystemClock
from connectors.http.evidence import EvidenceSink, NoEvidence
from connectors.http.tokens import MemoryTokenStore, TokenStore
from connectors.received import NothingReceived, Received
from engine.ports import Clock


class ConnectionConfig(BaseModel):
    """One company of one system, as the studio stores it; secrets never show in ``repr``.

    Attributes:
        system: ``syspro``, ``qbo``, ``xero``, ``pushed``.
        name: the connection's name for people.
        base_url: where the API answers, e.g. ``https://quickbooks.api.intuit.com``.
        auth_url: authorization server (discovery document or base), where it is another host.
        company: realm id, tenant id or SYSPRO company id.
        settings: the vendor's own non-secret settings (``operator``, ``scopes``, ``timezone``, …).
        secrets: the vendor's secrets (``client_secret``, ``operator_password``, ``webhook_key``, …).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    name: str = ""
    base_url: str
    auth_url: str = ""
    company: str = ""
    settings: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, SecretStr] = Field(default_factory=dict)

    def setting(self, key: str, otherwise: str = "") -> str:
        """A setting as text."""
        return self.settings.get(key, otherwise)

    def secret(self, key: str) -> str:
        """A secret in clear, empty where it was not given."""
        held = self.secrets.get(key)
        return held.get_secret_value() if held else ""


Lane = Callable[[str], AbstractContextManager[object]]
"""Gives the lock that serialises work under a name (a SYSPRO operator, a realm's lists)."""


def no_lane(name: str) -> AbstractContextManager[object]:
    """A lane for a single worker: nothing to wait for."""
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Services:
    """What the surroundings provide to a connector.

    Attributes:
        tokens: where OAuth tokens are kept (unused by SYSPRO).
        budget: shared budget; None lets the vendor's ``connect`` make a local one.
        apart: shared budget by name of calls that have a limit of their own; None as above.
        clock: time.
        lane: locks shared by all workers.
        evidence: where exchanges are kept.
        transport: replaces the network (an agent beside the system, in-process emulators).
        received: what a system that sends its records has sent.
    """

    tokens: TokenStore = field(default_factory=MemoryTokenStore)
    budget: Budget | None = None
    apart: Callable[[str], Budget] | None = None
    clock: Clock = field(default_factory=SystemClock)
    lane: Lane = no_lane
    evidence: EvidenceSink = field(default_factory=NoEvidence)
    transport: httpx.BaseTransport | None = None
    received: Received = field(default_factory=NothingReceived)
