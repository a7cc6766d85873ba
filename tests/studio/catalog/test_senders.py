"""A web shop on the pages: connected, its token made, looked at, ended and taken again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User, Workspace
from studio.api.models import ApiToken
from studio.catalog.models import Arrival, Connection, Registration
from studio.catalog.sending import send
from studio.core.action import Actor
from tests.studio.shop import open_shop, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def ivos(client: Client, ivo: User) -> Client:
    client.force_login(ivo)
    return client


def test_it_is_connected_by_its_name_and_gets_address_and_token(ivos: Client) -> None:
    offered = ivos.get(reverse("catalog:connect")).content.decode()
    assert reverse("catalog:connect-reach", args=["pushed"]) in offered

    made = ivos.post(
        reverse("catalog:connect-reach", args=["pushed"]), {"name": "Webshop", "currency": "usd"}
    )

    connection = Connection.objects.get()
    assert (connection.name, connection.currency, connection.state) == ("Webshop", "USD", "new")
    assert made.url == reverse("catalog:connection", args=[connection.uuid])
    page = ivos.get(made.url).content.decode()
    assert f"/api/v1/sources/{connection.uuid}/push/" in page
    assert "It waits for its schema." in page

    said = ivos.post(
        reverse("api:tokens"), {"name": "plugin", "days": "30", "source": str(connection.uuid)}
    )
    token = ApiToken.objects.get()
    assert "mst_" in said.content.decode()
    assert (token.source, token.scopes) == (connection, ["send records"])


def test_its_page_shows_what_arrived_and_why_a_batch_was_refused(
    ivos: Client, integrator: Actor, workspace: Workspace
) -> None:
    shop = open_shop(integrator, workspace)
    shop.register()
    shop.send(order("W-7"))
    shop.send(order("W-8", status="lost"))

    page = ivos.get(reverse("catalog:connection", args=[shop.connection.uuid])).content.decode()

    assert "orders W-7" in page
    assert "records[0].status" in page
    assert "W-8" not in page


def test_it_is_ended_and_taken_again(ivos: Client, integrator: Actor, workspace: Workspace) -> None:
    shop = open_shop(integrator, workspace)
    shop.register()
    key = [shop.connection.uuid]
    ivos.post(reverse("catalog:connection-disconnect", args=key), {"reason": "moved"})
    assert shop.send(order()).status_code == 409
    assert (
        "Take its records again"
        in ivos.get(reverse("catalog:connection", args=key)).content.decode()
    )

    ivos.post(reverse("catalog:connection-sign-in", args=key))

    shop.connection.refresh_from_db()
    assert shop.connection.state == "live"
    assert shop.send(order()).status_code == 200


def test_its_name_and_hours_are_changed(
    ivos: Client, integrator: Actor, workspace: Workspace
) -> None:
    shop = open_shop(integrator, workspace)
    said = {"name": "Shop", "currency": "EUR", "allowed_hours": "08:00-18:00"}

    ivos.post(reverse("catalog:connection-settings", args=[shop.connection.uuid]), said)

    shop.connection.refresh_from_db()
    assert (shop.connection.name, shop.connection.currency) == ("Shop", "EUR")
    assert shop.connection.allowed_hours == "08:00-18:00"


def test_who_may_not_connect_is_offered_no_token_for_it(
    client: Client, ana: User, integrator: Actor, workspace: Workspace
) -> None:
    shop = open_shop(integrator, workspace)
    client.force_login(ana)
    page = client.get(reverse("api:tokens")).content.decode()

    refused = client.post(
        reverse("api:tokens"), {"name": "x", "days": "1", "source": str(shop.connection.uuid)}
    )

    assert "Webshop" not in page
    assert refused.status_code == 404


@pytest.mark.django_db(transaction=True)
def test_batches_sent_at_once_are_numbered_one_after_the_other(
    integrator: Actor, workspace: Workspace
) -> None:
    shop = open_shop(integrator, workspace)
    shop.register()

    def batch(number: int) -> list[int]:
        try:
            # Each sends one order of its own, and one that all of them send.
            sent = [order(f"W-{number}"), order("W-0")]
            return [t.number for t in send(integrator, shop.connection, "orders", sent)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as together:
        numbers = [n for some in together.map(batch, range(1, 13)) for n in some]

    assert set(numbers) == set(range(1, 14))
    assert Registration.objects.get().arrivals == Arrival.objects.count() == 13
    assert Arrival.objects.filter(key="W-0").count() == 1
