from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from studio.accounts.models import Membership, User, Workspace
from studio.core.models import AuditEvent
from studio.flows.models import Flow
from studio.portal.models import Account, Buyer, Order, Price, Shop
from studio.portal.reading import due
from tests.studio.portal.market import HELD, MINE, THEIRS, Market

pytestmark = pytest.mark.django_db


@pytest.mark.promise("B01")
def test_a_buyer_signs_in_and_lands_on_his_prices(market: Market) -> None:
    said = Client().post("/accounts/sign-in/", {"username": "bea", "password": "bea-sandbox"})

    assert said.status_code == 302
    assert said.url == "/portal/"


def test_everybody_else_lands_on_the_home_page(market: Market) -> None:
    said = Client().post("/accounts/sign-in/", {"username": "ada", "password": "ada-sandbox"})

    assert said.url == "/"


@pytest.mark.promise("B01")
def test_a_buyer_is_refused_the_api_and_the_admin_site(market: Market) -> None:
    client = market.client(market.bea)
    paths = (
        "/flows/", "/api/schema/", "/api/docs/", "/api/tokens/", "/api/v1/deliveries/", "/api/v1/cases/",
        "/api/v1/connections/", "/api/v1/portal-orders/", "/api/v1/portal-accounts/", "/portal/desk/",
    )  # fmt: skip
    wrong = [path for path in paths if client.get(path).status_code != 403]
    admin = client.get("/admin/", follow=True)

    assert wrong == []
    assert admin.status_code == 403
    assert (
        client.post("/api/tokens/", {"name": "mine", "scope": "buy in the portal"}).status_code
        == 403
    )


def test_one_of_us_looks_and_cannot_act(market: Market, as_person, ana) -> None:  # type: ignore[no-untyped-def]
    item = market.item()
    order = market.fill(market.bea, item)
    market.client(market.bea).post("/portal/prices/")
    client = as_person(ana)
    keep = f"?preview={market.mine.uuid}"

    for path in ("/portal/", "/portal/basket/", "/portal/orders/", "/portal/invoices/"):
        page = client.get(path + keep)
        text = page.content.decode()
        assert page.status_code == 200
        assert "You look at the portal of" in text
        content = text.split('class="page-content"')[1].split("</main>")[0]
        assert 'method="post"' not in content
        assert order.number not in text
        # Links lead on inside the preview.
        assert f"/portal/orders/{keep}" in text
        assert client.get(path).status_code == 403
    for path in ("/portal/prices/", "/portal/add/", "/portal/basket/change/", "/portal/refresh/"):
        assert client.post(path + keep, {"item": item.code, "quantity": "1"}).status_code == 403
    assert Order.objects.count() == 1


@pytest.mark.parametrize("key", ["nonsense", "8a2f6f2e-0000-4000-8000-000000000000"])
def test_a_preview_of_nobody(market: Market, as_person, ana, key: str) -> None:  # type: ignore[no-untyped-def]
    assert as_person(ana).get(f"/portal/?preview={key}").status_code in (403, 404)


def test_a_preview_stays_in_its_workspace(market: Market, as_person) -> None:  # type: ignore[no-untyped-def]
    other = Workspace.objects.create(name="Other", slug="other")
    stranger = User.objects.create_user("stranger", password="x")
    Membership.objects.create(user=stranger, workspace=other, role="auditor")

    assert as_person(stranger).get(f"/portal/?preview={market.mine.uuid}").status_code == 404


@pytest.mark.promise("B01")
def test_a_person_is_invited_and_chooses_a_password(market: Market, as_person, ada) -> None:  # type: ignore[no-untyped-def]
    client = as_person(ada)
    said = client.post(
        f"/portal/desk/{market.shop.uuid}/invite/",
        {"customer": HELD, "name": "Nora Beck", "username": "nora", "email": "nora@example.org"},
    )

    page = said.content.decode()
    nora = User.objects.get(username="nora")
    assert nora.buyer.account.customer == HELD
    assert nora.buyer.account.on_hold
    assert nora.memberships.get().role == "buyer"
    assert not nora.has_usable_password()
    (letter,) = mail.outbox
    path = re.search(r"/accounts/welcome/\S+", letter.body).group(0)  # type: ignore[union-attr]
    assert path in page
    assert said["Cache-Control"] == "no-store"
    assert AuditEvent.objects.filter(key="portal.invited").count() == 1

    visitor = Client()
    form = visitor.get(path, follow=True)
    done = visitor.post(
        form.redirect_chain[-1][0],
        {"new_password1": "long-enough-9", "new_password2": "long-enough-9"},
    )
    assert done.url == "/accounts/sign-in/"
    assert (
        visitor.login(username="nora", password="long-enough-9")
        or Client()
        .post("/accounts/sign-in/", {"username": "nora", "password": "long-enough-9"})
        .url
        == "/portal/"
    )
    assert b"This invitation is over" in Client().get(path, follow=True).content


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"customer": "9999999"}, "has no customer"),
        ({"customer": ""}, "Say which customer"),
        ({"username": "bea"}, "already"),
        ({"username": ""}, "user name"),
        ({"email": "nobody"}, "valid email"),
    ],
)
def test_an_invitation_that_cannot_be(
    market: Market,
    as_person,
    ada,
    said: dict[str, str],
    words: str,  # type: ignore[no-untyped-def]
) -> None:
    body = {"customer": MINE, "name": "Nora", "username": "nora", "email": "", **said}
    answer = as_person(ada).post(f"/portal/desk/{market.shop.uuid}/invite/", body)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not User.objects.filter(username="nora").exists()


def test_binding_and_ending_are_audited(market: Market, as_person, ada) -> None:  # type: ignore[no-untyped-def]
    client = as_person(ada)
    buyer = Buyer.objects.get(user=market.bea)
    client.post(f"/portal/desk/buyers/{buyer.uuid}/bind/", {"customer": THEIRS})
    buyer.refresh_from_db()
    assert buyer.account == market.theirs

    client.post(f"/portal/desk/buyers/{buyer.uuid}/end/")

    assert market.client(market.bea).get("/portal/").status_code == 302
    keys = set(AuditEvent.objects.values_list("key", flat=True))
    assert {"portal.opened", "portal.bound", "portal.ended"} <= keys


def test_rules_are_kept_and_told(market: Market, as_person, ada) -> None:  # type: ignore[no-untyped-def]
    client = as_person(ada)
    body = {"open": "on", "stock_shown": "quantity", "minimum": "25", "price_minutes": "5"}
    client.post(f"/portal/desk/{market.shop.uuid}/rules/", body)
    wrong = client.post(f"/portal/desk/{market.shop.uuid}/rules/", {**body, "minimum": "-1"})

    shop = Shop.objects.get()
    assert (shop.stock_shown, shop.minimum, shop.price_minutes) == ("quantity", 25, 5)
    assert wrong.status_code == 422
    item = market.item()
    assert (
        f"{item.unit}</td>"
        in market.client(market.bea).get(f"/portal/?q={item.code}").content.decode()
    )
    assert AuditEvent.objects.filter(key="portal.rules_changed").count() == 1


def test_the_portal_opens_for_systems_that_sell(market: Market, as_person, ada) -> None:  # type: ignore[no-untyped-def]
    from studio.catalog.models import Connection

    books = Connection.objects.create(
        workspace=market.connection.workspace, system="qbo", name="Books", currency="USD"
    )
    client = as_person(ada)
    client.post("/portal/desk/open/", {"connection": str(books.uuid)})
    client.post("/portal/desk/open/", {"connection": str(market.connection.uuid)})

    assert Shop.objects.count() == 1
    assert market.shop.flow.versions.count() == 1


def test_orders_are_taken_again_once_the_connection_is_signed_in(
    market: Market,
    as_person,
    ada,  # type: ignore[no-untyped-def]
) -> None:
    from studio.catalog.models import Connection

    client, connection = as_person(ada), market.connection
    Flow.objects.filter(pk=market.shop.flow_id).update(state="paused", paused_reason="ended")
    Connection.objects.filter(pk=connection.pk).update(state="ended")
    asked = {"connection": str(connection.uuid)}

    assert "Take orders again" in client.get("/portal/desk/").content.decode()
    refused = client.post("/portal/desk/open/", asked, follow=True).content.decode()
    assert "Sign in to it again, then open its portal." in refused
    assert Flow.objects.get(pk=market.shop.flow_id).state == "paused"

    Connection.objects.filter(pk=connection.pk).update(state="live")
    client.post("/portal/desk/open/", asked)

    flow = Flow.objects.get(pk=market.shop.flow_id)
    assert (flow.state, flow.paused_reason) == ("live", "")
    assert AuditEvent.objects.filter(key="portal.opened").latest("pk").actor == "Ada Brook"
    assert "Take orders again" not in client.get("/portal/desk/").content.decode()


def test_the_portals_flow_is_designed_matched_and_compared_by_nobody(
    market: Market,
    as_person,
    ivo,  # type: ignore[no-untyped-def]
) -> None:
    from studio.flows.missing import due as missing_due
    from studio.flows.sweep import poll_due

    flow = market.shop.flow
    client = as_person(ivo)

    assert flow.name not in client.get("/flows/").content.decode()
    assert client.get(f"/flows/{flow.key}/").status_code == 404
    assert flow.name not in client.get("/tie-out/").content.decode()
    assert missing_due() == []
    assert poll_due() == 0
    # Who ends the connection is told of it.
    assert client.get(f"/connections/{market.connection.uuid}/disconnect/").status_code == 200


def test_the_catalogue_is_searched_and_paged(market: Market) -> None:
    client = market.client(market.bea)
    codes = re.compile(r"<code>([^<]+)</code>")
    seen: list[str] = []
    path = "/portal/"
    while path:
        page = client.get(path).content.decode()
        seen += codes.findall(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = "/portal/" + following.group(1).replace("&amp;", "&") if following else ""

    wanted = market.shop.items.filter(stopped=False)
    assert sorted(set(seen)) == sorted(seen) == sorted(wanted.values_list("code", flat=True))
    item = market.item()
    found = codes.findall(client.get("/portal/", {"q": item.name.split()[0]}).content.decode())
    assert item.code in found
    assert "Nothing is called" in client.get("/portal/", {"q": "zzz"}).content.decode()
    assert Price.objects.count() == 0, "looking asks nobody"


def test_what_is_old_is_read_again(market: Market) -> None:
    assert due() == 0
    Account.objects.filter(pk=market.mine.pk).update(read_at=None)
    Shop.objects.update(items_read_at=None)

    assert due() == 2
