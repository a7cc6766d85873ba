"""A web shop that sends its orders: what it registers, and how its program calls us."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from rest_framework.test import APIClient

from studio.accounts.models import Workspace
from studio.api.tokens import make_token
from studio.catalog.actions import Details, connect
from studio.catalog.models import Connection
from studio.core.action import Actor

SCHEMA: dict[str, Any] = {
    "version": "2026-11",
    "entities": [
        {
            "name": "orders",
            "label": "Order",
            "keys": ["order_no"],
            "changed_at": "updated_at",
            "fields": [
                {"name": "order_no", "type": "string", "length": 20, "label": "Order number"},
                {"name": "updated_at", "type": "datetime"},
                {"name": "placed_on", "type": "date", "required": True},
                {
                    "name": "status",
                    "type": "enum",
                    "enum": [["open", "in the basket"], ["paid", ""], ["shipped", "on its way"]],
                },
                {"name": "customer.id", "type": "string", "length": 30, "required": True},
                {"name": "customer.name", "type": "string"},
                {"name": "currency", "type": "string", "length": 3},
                {"name": "gift", "type": "boolean"},
                {"name": "lines[].sku", "type": "string", "required": True},
                {"name": "lines[].title", "type": "string"},
                {"name": "lines[].qty", "type": "integer"},
                {"name": "lines[].total", "type": "decimal", "scale": 2, "required": True},
            ],
        }
    ],
}


def schema(**fields: str) -> dict[str, Any]:
    """The schema, with more fields of the order."""
    made = deepcopy(SCHEMA)
    made["entities"][0]["fields"] += [{"name": n, "type": t} for n, t in fields.items()]
    return made


def order(number: str = "W-1001", *, minute: int = 0, **more: Any) -> dict[str, Any]:
    """An order as the shop sends it."""
    return {
        "order_no": number,
        "updated_at": f"2026-11-20T10:{minute:02}:00+00:00",
        "placed_on": "2026-11-20",
        "status": "shipped",
        "customer": {"id": "BAY", "name": "Bayside"},
        "currency": "USD",
        "lines": [
            {"sku": "LAMP", "title": "Lamp", "qty": 2, "total": "80.00"},
            {"sku": "BULB", "title": "Bulb", "qty": 4, "total": 20},
        ],
        **more,
    }


@dataclass
class Shop:
    """The connection of the shop, and its program."""

    connection: Connection
    client: APIClient
    secret: str

    @property
    def url(self) -> str:
        """Where it calls."""
        return f"/api/v1/sources/{self.connection.uuid}/"

    def register(self, body: dict[str, Any] | None = None, **headers: str) -> Any:
        """Register its schema."""
        return self.client.post(f"{self.url}register/", body or SCHEMA, "json", **headers)

    def send(self, *records: dict[str, Any], entity: str = "orders", **headers: str) -> Any:
        """Send a batch."""
        body = {"records": list(records)}
        return self.client.post(f"{self.url}push/{entity}/", body, "json", **headers)

    def arrivals(self, **query: str) -> list[dict[str, Any]]:
        """What it is told about what arrived."""
        found: list[dict[str, Any]] = self.client.get("/api/v1/arrivals/", query).json()["results"]
        return found


def open_shop(actor: Actor, workspace: Workspace, name: str = "Webshop") -> Shop:
    """Connect it and make its token."""
    details = Details("pushed", name, "", "", "USD")
    connection = connect(actor, workspace, details)
    _, secret = make_token(actor, workspace, name, (), source=connection)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return Shop(connection, client, secret)
