"""A portal on the emulated SYSPRO: two customers, a buyer of each, workers that are played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running, load, start_in_thread
from studio.accounts.models import Membership, User, Workspace
from studio.catalog.models import Connection, Credential
from studio.core.action import Actor
from studio.core.vault import seal
from studio.flows.models import Delivery, InboxItem
from studio.flows.pump import pump_connection, pump_flow
from studio.portal.baskets import basket_of
from studio.portal.models import Account, Buyer, Order, Shop, StockItem
from studio.portal.reading import read_account, read_items
from studio.portal.shops import open_shop

MINE, THEIRS, HELD = "0000101", "0000102", "0000128"


@dataclass
class Market:
    """Everything a test of the portal needs; ``deliver()`` plays the workers."""

    running: Running
    connection: Connection
    shop: Shop
    mine: Account
    theirs: Account
    bea: User
    carl: User
    admin: Actor

    @property
    def emulator(self) -> Any:
        return self.running.emulator

    def client(self, user: User) -> Client:
        made = Client()
        made.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return made

    def actor(self, user: User) -> Actor:
        return user.memberships.get().actor()

    def item(self, *, cased: bool = False, least: int = 50) -> StockItem:
        """An item that is sold and in stock."""
        rows = StockItem.objects.filter(shop=self.shop, stopped=False, available__gte=least)
        rows = rows.exclude(other_unit="") if cased else rows.filter(other_unit="")
        return rows.order_by("code")[0]

    def edit(self, entity: str, key: str, **changes: Any) -> None:
        """A person changes a row in SYSPRO."""
        self.emulator.edit(f"EDU1.{entity}", key, changes)

    def price_for(self, customer: str, item: str, price: str, code: str = "W") -> None:
        """A price of the customer's own."""
        row = {
            "StockCode": item,
            "PriceCode": code,
            "SellingPrice": Decimal(price),
            "PriceBasis": "S",
        }
        self.emulator.load({"EDU1.InvPrice": [row]})
        self.edit("ArCustomer", customer, PriceCode=code)

    def arm(self, kind: FaultKind, **more: Any) -> None:
        self.emulator.faults.arm(Fault(kind, **more))

    def basket(self, user: User) -> Order:
        found = basket_of(self.actor(user), Buyer.objects.get(user=user).account)
        assert found is not None
        return found

    def fill(self, user: User, item: StockItem, quantity: str = "2", unit: str = "") -> Order:
        said = {"item": item.code, "quantity": quantity, "unit": unit}
        answer = self.client(user).post("/portal/add/", said)
        assert answer.status_code == 302, answer.content
        return self.basket(user)

    def place(self, user: User, order: Order, revision: int | None = None, **said: str) -> Any:
        """Press the button of the basket's page."""
        order.refresh_from_db()
        body = {
            "do": "place",
            "order": order.number,
            "revision": order.revision,
            "note": "",
            **said,
        }
        if revision is not None:
            body["revision"] = revision
        return self.client(user).post("/portal/basket/change/", body)

    def deliver(self) -> None:
        """Play the workers once; pauses between tries are taken as over."""
        InboxItem.objects.filter(state="new").update(not_before=None)
        pump_flow(self.shop.flow_id)
        Delivery.objects.update(not_before=None)
        Connection.objects.update(paused_until=None)
        pump_connection(self.connection.pk)

    def expire(self) -> None:
        """The lease of whoever died is over."""
        past = timezone.now() - timedelta(seconds=1)
        Delivery.objects.filter(state="sending").update(lease_until=past)

    def in_syspro(self, number: str) -> list[dict[str, Any]]:
        """Orders there that carry the portal's number."""
        rows = self.emulator.documents("EDU1.SorMaster", "")
        return [r for r in rows if number in str(r.get("CustomerPoNumber"))]


@pytest.fixture
def running() -> Iterator[Running]:
    made = start_in_thread(load("syspro").make("S", 1, None, None, True))
    yield made
    made.stop()


def person(workspace: Workspace, username: str, name: str, account: Account) -> User:
    user = User.objects.create_user(username, password=f"{username}-sandbox", display_name=name)
    Membership.objects.create(user=user, workspace=workspace, role="buyer")
    Buyer.objects.create(user=user, account=account)
    return user


@pytest.fixture
def market(
    running: Running, workspace: Workspace, ada: User, bea: User, actor_of: Callable[[User], Actor]
) -> Market:
    hello = running.hello()
    connection = Connection.objects.create(
        workspace=workspace,
        system="syspro",
        name="Harbour ERP",
        base_url=hello["url"],
        company=hello["company"],
        currency="USD",
        state="live",
        options={"operator": hello["operator"]},
    )
    secrets = {k: hello[k] for k in ("operator_password", "company_password") if k in hello}
    Credential.objects.create(connection=connection, sealed=seal(secrets))
    admin = actor_of(ada)
    shop = open_shop(admin, connection)
    mine, theirs = (
        Account.objects.create(shop=shop, customer=code, name=code, currency="USD")
        for code in (MINE, THEIRS)
    )
    Buyer.objects.create(user=bea, account=mine)
    carl = person(workspace, "carl", "Carl Voss", theirs)
    assert read_items(shop.pk)
    assert read_account(mine.pk)
    assert read_account(theirs.pk)
    mine.refresh_from_db()
    theirs.refresh_from_db()
    return Market(running, connection, shop, mine, theirs, bea, carl, admin)
