"""Connecting step by step against the emulators: consent with state and PKCE, company, test, schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from django.test import Client
from django.utils import timezone

from connectors.ai.hash_embedder import HashEmbedder
from connectors.emulation.serve import Running, load, start_in_thread
from engine.errors import OutcomeUnknown
from studio.catalog.models import Connection
from studio.catalog.ready import STAGES, get_ready, progress_of
from studio.core.models import AuditEvent
from studio.core.vault import unseal
from studio.flows.models import Flow
from studio.flows.pairing import prepare_pair
from studio.mapping.models import Mapping

pytestmark = pytest.mark.django_db
SYSTEMS = ("qbo", "xero", "syspro")


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Running]]:
    found = {name: start_in_thread(load(name).make("S", 1, None, None, False)) for name in SYSTEMS}
    yield found
    for one in found.values():
        one.stop()


@pytest.fixture
def me(ivo: Any, as_person: Callable[[Any], Client]) -> Client:
    return as_person(ivo)


def reach(me: Client, system: str, hello: dict[str, str], **more: str) -> Connection:
    """The first two steps: choose and say how it is reached."""
    assert system in me.get("/connections/new/").content.decode()
    form = {
        "name": f"New {system}",
        "base_url": hello["url"],
        "currency": "USD",
        "network_path": "direct",
    }
    answer = me.post(f"/connections/new/{system}/", form | more)
    made = Connection.objects.get(name=f"New {system}")
    assert answer.url == f"/connections/{made.uuid}/sign-in/"
    return made


def consent_of(me: Client, made: Connection, hello: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Register the app, follow the link to the vendor and come back with its answer."""
    place = f"/connections/{made.uuid}/sign-in/"
    me.post(place, {"client_id": hello["client_id"], "client_secret": hello["client_secret"]})
    page = me.get(place)
    link = page.context["consent_link"]
    asked = dict(parse_qsl(urlsplit(link).query))
    back = httpx.get(link if "xero" in made.system else link + "&auto=1", follow_redirects=False)
    assert back.status_code == 302
    return back.headers["location"], asked


@pytest.mark.parametrize("system", ["qbo", "xero"])
def test_a_person_consents_in_the_browser_and_the_company_is_known(
    system: str, running: dict[str, Running], me: Client
) -> None:
    hello = running[system].hello()
    made = reach(me, system, hello)

    location, asked = consent_of(me, made, hello)
    back = urlsplit(location)
    answer = me.get(f"{back.path}?{back.query}")

    made.refresh_from_db()
    if system == "xero":
        assert asked["code_challenge_method"] == "S256"
        assert answer.url == f"/connections/{made.uuid}/company/"
        listed = me.get(answer.url)
        assert "Halden" in listed.content.decode()
        answer = me.post(answer.url, {"company": hello["tenant_id"]})
    assert answer.url == f"/connections/{made.uuid}/ready/"
    made.refresh_from_db()
    assert made.company == (hello.get("realm_id") or hello.get("tenant_id"))
    tokens = unseal(made.credential.sealed)["tokens"]
    assert tokens["access_token"]
    assert tokens["refresh_token"]
    assert AuditEvent.objects.filter(key="connection.consented").count() == 1
    said = " ".join(str(e.data) for e in AuditEvent.objects.all())
    assert tokens["access_token"] not in said


def test_an_answer_is_taken_once_and_only_for_a_sign_in_begun_here(
    running: dict[str, Running], me: Client, ada: Any, as_person: Callable[[Any], Client]
) -> None:
    hello = running["qbo"].hello()
    made = reach(me, "qbo", hello)
    location, _ = consent_of(me, made, hello)
    back = urlsplit(location)
    forged = urlencode({**dict(parse_qsl(back.query)), "state": "guessed"})

    assert me.get(f"{back.path}?{forged}").url == "/connections/"
    assert as_person(ada).get(f"{back.path}?{back.query}").url == "/connections/"
    assert "tokens" not in unseal(Connection.objects.get(pk=made.pk).credential.sealed)
    me.get(f"{back.path}?{back.query}")
    version = Connection.objects.get(pk=made.pk).credential.version

    assert me.get(f"{back.path}?{back.query}").url == "/connections/"
    assert Connection.objects.get(pk=made.pk).credential.version == version


def test_a_person_who_declines_is_told_so(running: dict[str, Running], me: Client) -> None:
    hello = running["qbo"].hello()
    made = reach(me, "qbo", hello)
    location, _ = consent_of(me, made, hello)
    state = parse_qs(urlsplit(location).query)["state"][0]

    answer = me.get(
        "/connections/consent/", {"error": "access_denied", "state": state}, follow=True
    )

    assert (
        "New qbo was not connected: the sign-in at QuickBooks Online was cancelled"
        in answer.content.decode()
    )


def test_what_the_vendor_cannot_do_without_is_asked_for(
    running: dict[str, Running], me: Client
) -> None:
    hello = running["qbo"].hello()
    made = reach(me, "qbo", hello)
    place = f"/connections/{made.uuid}/sign-in/"

    refused = me.post(place, {"client_id": hello["client_id"]})
    saved = me.post(
        place, {"client_id": hello["client_id"], "client_secret": "secret"}, follow=True
    )

    assert refused.status_code == 422
    assert refused.context["form"].errors == {"client_secret": ["This field is required."]}
    assert "Saved. Now sign in at QuickBooks Online." in saved.content.decode()


def test_a_wrong_secret_is_said_in_words(running: dict[str, Running], me: Client) -> None:
    hello = running["qbo"].hello()
    made = reach(me, "qbo", hello)
    location, _ = consent_of(me, made, hello | {"client_secret": "another"})
    back = urlsplit(location)

    text = me.get(f"{back.path}?{back.query}", follow=True).content.decode()

    assert "QuickBooks Online does not know this client id with this secret." in text
    assert "invalid_client" not in text


def test_a_sign_in_for_another_company_does_not_replace_this_one(
    running: dict[str, Running], me: Client
) -> None:
    hello = running["qbo"].hello()
    made = reach(me, "qbo", hello, company="123")
    location, _ = consent_of(me, made, hello)
    back = urlsplit(location)

    answer = me.get(f"{back.path}?{back.query}", follow=True)

    assert "The sign-in was for another company" in answer.content.decode()
    made.refresh_from_db()
    assert made.company == "123"


def test_signing_in_again_for_another_company_is_refused_by_name(
    running: dict[str, Running], me: Client
) -> None:
    hello = running["xero"].hello()
    made = reach(me, "xero", hello)
    Connection.objects.filter(pk=made.pk).update(state="live", company=hello["tenant_id"])
    place = f"/connections/{made.uuid}/sign-in/"
    me.post(place, {"client_id": hello["client_id"], "client_secret": hello["client_secret"]})
    link = me.get(place).context["consent_link"]
    page = httpx.get(link, headers={"Accept": "text/html"})
    outlet = re.findall(r'name="tenant" value="([^"]+)"', page.text)[-1]
    form = dict(parse_qsl(urlsplit(link).query)) | {"tenant": outlet, "decision": "allow"}
    back = urlsplit(httpx.post(link.split("?")[0], data=form).headers["location"])
    identity: Any = running["xero"].emulator.identity  # type: ignore[attr-defined]
    before = next(c for c in identity.connections() if c["tenantId"] == hello["tenant_id"])
    identity.disconnect(before["id"])

    answer = me.get(f"{back.path}?{back.query}", follow=True)
    identity.connect()

    text = answer.content.decode()
    assert "The sign-in reaches Halden Outlet (UK) Ltd, not the company that" in text
    assert answer.redirect_chain[-1][0] == place
    made.refresh_from_db()
    assert (made.state, made.company) == ("new", hello["tenant_id"])


def test_an_operator_signs_in_and_the_page_shows_how_far_it_is(
    running: dict[str, Running], me: Client, actor_of: Callable[[Any], Any], ivo: Any
) -> None:
    hello = running["syspro"].hello()
    made = reach(me, "syspro", hello, company=hello["company"], allowed_hours="", per_minute="600")
    secrets = {
        k: hello[k] for k in ("operator", "operator_password", "company_password") if k in hello
    }

    answer = me.post(f"/connections/{made.uuid}/sign-in/", secrets)

    made.refresh_from_db()
    assert answer.url == f"/connections/{made.uuid}/ready/"
    assert made.limits == {"per_minute": 600}
    assert progress_of(made)["under_way"]
    assert 'hx-trigger="load delay:1s"' in me.get(answer.url).content.decode()
    assert get_ready(actor_of(ivo), made)
    page = me.get(answer.url).content.decode()
    assert "Ready: 55 entities" in page
    assert "hx-trigger" not in page.split('id="ready"')[1].split(">")[0]
    assert "600" in me.get(f"/connections/{made.uuid}/").content.decode()


def test_what_fails_is_said_where_it_failed(
    running: dict[str, Running], me: Client, actor_of: Callable[[Any], Any], ivo: Any
) -> None:
    hello = running["syspro"].hello()
    made = reach(me, "syspro", hello, company=hello["company"])
    me.post(
        f"/connections/{made.uuid}/sign-in/",
        {"operator": hello["operator"], "operator_password": "wrong"},
    )
    made.refresh_from_db()

    assert not get_ready(actor_of(ivo), made)

    said = progress_of(made)
    assert [state for _, state in said["rows"]] == ["failed", "waiting", "waiting"]
    assert said["trouble"] in me.get(f"/connections/{made.uuid}/ready/").content.decode().replace(
        "&#x27;", "'"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "http://books.example.com"}, "Use https://"),
        ({"allowed_hours": "whenever"}, "are no hours"),
        ({"company": ""}, "required"),
    ],
)
def test_what_cannot_be_is_refused_with_words(
    changes: dict[str, str], words: str, me: Client
) -> None:
    form = {
        "name": "X",
        "base_url": "https://erp.example.com",
        "company": "A",
        "currency": "USD",
        "network_path": "tunnel",
    }

    answer = me.post("/connections/new/syspro/", form | changes)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Connection.objects.exists()


@pytest.mark.promise("F08")
def test_hours_and_limits_are_changed_later_and_audited(world: Any, me: Client) -> None:
    form = {"name": "Harbour ERP", "base_url": "https://erp.example.com", "company": "Har", "currency": "USD",
            "network_path": "tunnel", "allowed_hours": "mon-fri 06:00-22:00", "per_minute": "30"}  # fmt: skip

    me.post(f"/connections/{world.erp.uuid}/settings/", form)

    world.erp.refresh_from_db()
    assert (world.erp.allowed_hours, world.erp.limits) == (
        "mon-fri 06:00-22:00",
        {"per_minute": 30},
    )
    changed = AuditEvent.objects.get(key="connection.changed").data["changed"]
    assert changed["allowed_hours"] == ["", "mon-fri 06:00-22:00"]


def test_drift_names_what_it_hits_and_what_to_read_instead(world: Any, me: Client) -> None:
    from studio.catalog.schemas import SCHEMA
    from studio.mapping.models import MappingRow
    from tests.studio.world import ERP

    mapping = world.erp.mappings.get(entity="SorMaster")
    MappingRow.objects.create(
        mapping=mapping, target_path="terms", state="approved", expression="Terms"
    )
    content = SCHEMA.dump_python(ERP, mode="json")
    for one in content["entities"][0]["fields"]:
        if one["path"] == "Terms":
            one["path"] = "TermsCode"
    world.erp.snapshots.create(number=2, content=content, content_hash="2" * 64)

    page = me.get(f"/connections/{world.erp.uuid}/drift/")

    text = page.content.decode()
    first = page.context["changes"][0]
    assert first["change"].path == "Terms"
    assert {hit.kind for hit in first["hits"]} == {"mapping", "flow"}
    assert first["instead"][0].path == "TermsCode"
    assert "terms = Terms" in text
    assert "Orders to invoices: reads it with SorMaster" in text


@pytest.mark.promise("F14")
def test_a_version_behind_the_newest_is_said(world: Any, me: Client) -> None:
    snapshot = world.books.snapshots.get()
    snapshot.content = {**snapshot.content, "version": "65"}
    snapshot.save()

    text = me.get(f"/connections/{world.books.uuid}/").content.decode()

    assert "Last looked at with version 65 of its interface; 75 is known." in text


def test_a_field_is_found_in_all_entities_with_how_full_it_is(world: Any, me: Client) -> None:
    from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema, ValueProfile
    from studio.catalog.schemas import SCHEMA

    profile = ValueProfile(
        rows=40, filled=30, distinct=3, samples=("30", "60"), low="30", high="90"
    )
    one = FieldSchema("TermsCode", "Terms", FieldType.STRING, 3, profile=profile)
    two = FieldSchema("Terms", "Terms", FieldType.STRING, 3)
    schema = SystemSchema(
        "syspro", entities=(EntitySchema("A", fields=(one,)), EntitySchema("B", fields=(two,)))
    )
    content = SCHEMA.dump_python(schema, mode="json")
    world.erp.snapshots.create(number=2, content=content, content_hash="3" * 64)
    place = f"/connections/{world.erp.uuid}/schema/"

    here = me.get(place, {"q": "terms"}).content.decode()
    everywhere = me.get(place, {"q": "terms", "all": "1"}).content.decode()

    assert "30 of 40 records have a value, 3 different ones, from 30 to 90" in here
    assert 'href="?entity=B"><span>' in here
    assert 'href="?entity=B">B</a>' not in here
    assert 'href="?entity=B">B</a>' in everywhere


def test_the_emulator_beside_a_sandbox_is_filled_in(
    me: Client, running: dict[str, Running], settings: Any, tmp_path: Path
) -> None:
    hello = running["qbo"].hello()
    settings.VAR_DIR, settings.SANDBOX = tmp_path, True
    (tmp_path / "emulators.json").write_text(json.dumps({"qbo": hello}), encoding="utf-8")

    asked = me.get("/connections/new/qbo/").content.decode()
    made = reach(me, "qbo", hello)
    signed = me.get(f"/connections/{made.uuid}/sign-in/").content.decode()
    settings.SANDBOX = False
    real = me.get("/connections/new/qbo/").content.decode()

    assert f'value="{hello["url"]}"' in asked
    assert f'value="{hello["client_id"]}"' in signed
    assert f"<code>{hello['client_secret']}</code>" in signed
    assert hello["refresh_token"] not in signed
    assert hello["url"] not in real
    assert "The real service is https://quickbooks.api.intuit.com" in asked
    assert "our agent that the company runs beside the server" not in asked
    assert (
        "our agent that the company runs beside the server"
        in me.get("/connections/new/syspro/").content.decode()
    )


def pair(workspace: Any) -> tuple[Connection, Connection]:
    made = []
    for system, name in (("syspro", "Harbour ERP"), ("qbo", "Harbour US")):
        one = Connection.objects.create(
            workspace=workspace,
            system=system,
            name=name,
            company=name[-2:],
            base_url="https://x.example",
            progress={"stage": "done", "words": "Ready"},
        )
        made.append(one)
    return made[0], made[1]


def test_a_ready_connection_leads_to_its_mappings_and_flows(
    me: Client, workspace: Any, ada: Any, as_person: Callable[[Any], Client]
) -> None:
    erp, books = pair(workspace)
    start = f"/flows/between/{books.uuid}/{erp.uuid}/start/"
    page = me.get(f"/connections/{books.uuid}/ready/").content.decode()
    hers = as_person(ada).get(f"/connections/{books.uuid}/ready/").content.decode()

    answer = me.post(start)

    assert f'action="{start}"' in page
    assert "Start with Harbour ERP" in page
    assert f'action="{start}"' not in hers
    assert answer.url == "/mappings/"
    assert {m.connection_id for m in Mapping.objects.all()} == {erp.pk, books.pk}
    drafted = set(Flow.objects.values_list("key", "state"))
    assert {("orders-to-qbo", "draft"), ("payments-from-qbo", "draft")} <= drafted
    assert "are being proposed" in me.get("/mappings/").content.decode()
    after = me.get(f"/connections/{books.uuid}/ready/").content.decode()
    assert "Flows with Harbour ERP" in after
    assert f'action="{start}"' not in after


def test_a_second_pair_of_the_same_systems_gets_flows_of_its_own(
    me: Client, workspace: Any
) -> None:
    erp, books = pair(workspace)
    second = Connection.objects.create(workspace=workspace, system="qbo", name="Harbour CA")
    for _ in range(2):
        for one in (books, second):
            me.post(f"/flows/between/{erp.uuid}/{one.uuid}/start/")

    orders = Flow.objects.filter(key__startswith="orders-to-qbo").order_by("key")
    assert [(f.key, f.target) for f in orders] == [
        ("orders-to-qbo", books),
        ("orders-to-qbo-2", second),
    ]
    # Two companies send their payments to one ERP: the name says which.
    named = Flow.objects.filter(key__startswith="payments-from-qbo").order_by("key")
    assert [f.name for f in named] == [
        "Payments to receipts · Harbour US → Harbour ERP",
        "Payments to receipts · Harbour CA → Harbour ERP",
    ]
    names = list(Flow.objects.values_list("name", flat=True))
    assert len(names) == len(set(names))


def test_two_systems_without_a_flow_between_them_are_refused_in_words(
    me: Client, workspace: Any
) -> None:
    _erp, books = pair(workspace)
    other = Connection.objects.create(workspace=workspace, system="xero", name="Harbour UK")

    answer = me.post(f"/flows/between/{books.uuid}/{other.uuid}/start/", follow=True)

    assert "The product has no flow between Harbour US and Harbour UK." in answer.content.decode()
    assert not Flow.objects.exists()


def test_what_cannot_be_read_just_now_does_not_keep_the_rest_from_being_proposed(
    world: Any, actor_of: Callable[[Any], Any], ivo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> int:
        raise OutcomeUnknown(system="syspro", call="read")

    monkeypatch.setattr("studio.flows.pairing.take_samples", away)
    done: list[str] = []
    monkeypatch.setattr("studio.flows.pairing.propose", lambda _a, m, _e: done.append(m.entity))

    count = prepare_pair(world.erp, world.books, HashEmbedder())

    assert count == 2
    assert sorted(done) == ["Invoice", "SorMaster"]


def test_a_company_is_connected_twice_only_by_somebody_who_means_it(
    me: Client, workspace: Any
) -> None:
    erp, _books = pair(workspace)
    form = {
        "name": "Second",
        "base_url": erp.base_url + "/",
        "company": erp.company,
        "currency": "USD",
        "network_path": "direct",
    }
    first = me.get("/connections/new/syspro/").content.decode()
    refused = me.post("/connections/new/syspro/", form)
    elsewhere = me.post(
        "/connections/new/syspro/", form | {"name": "Third", "base_url": "https://y.example"}
    )
    meant = me.post("/connections/new/syspro/", form | {"again": "on"})

    assert "a second time" not in first
    assert refused.status_code == 422
    assert "is connected already, as “Harbour ERP”" in refused.content.decode()
    assert "Connect this company a second time" in refused.content.decode()
    assert elsewhere.status_code == meant.status_code == 302
    second = Connection.objects.get(name="Second")
    assert "is also connected as “Harbour ERP”" in (
        me.get(f"/connections/{second.uuid}/ready/").content.decode()
    )
    # Its hours can be changed without being asked again.
    saved = me.post(f"/connections/{second.uuid}/settings/", form | {"per_minute": "5"})
    assert saved.status_code == 302


def test_the_company_of_a_sign_in_is_not_taken_twice_unasked(
    me: Client, workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _erp, books = pair(workspace)
    second = Connection.objects.create(
        workspace=workspace, system="qbo", name="Second", base_url=books.base_url
    )
    monkeypatch.setattr("studio.catalog.consent.companies", lambda _c: {books.company: "Harbour"})
    place = f"/connections/{second.uuid}/company/"

    refused = me.post(place, {"company": books.company})
    second.refresh_from_db()
    assert (refused.status_code, second.company) == (422, "")
    assert "is connected already, as “Harbour US”" in refused.content.decode()

    me.post(place, {"company": books.company, "again": "1"})
    second.refresh_from_db()
    assert second.company == books.company


def test_what_a_system_can_do_is_said_in_sentences(world: Any, me: Client) -> None:
    cards = me.get("/connections/new/").content.decode()
    page = me.get(f"/connections/{world.books.uuid}/").content.decode()

    for text in (cards, page):
        assert "a number that was used gets the first answer again" in text
        assert "it tells us, and we ask regularly" in text
    assert "number is looked for before it is sent" in cards
    assert "Most calls a minute" in cards
    # Nothing to say is not said, and an empty list of calls says what is kept there.
    assert "The last test said" not in page
    assert "reading leaves none" in page


def test_large_numbers_are_grouped_where_the_connection_is_ready(
    world: Any, actor_of: Callable[[Any], Any], ivo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.erp.snapshots.update(entity_count=55, field_count=2636)
    monkeypatch.setattr("studio.catalog.ready._DO", dict.fromkeys(STAGES, lambda *_: ""))

    get_ready(actor_of(ivo), world.erp)

    assert "55 entities with 2,636 fields" in progress_of(world.erp)["words"]


@pytest.mark.parametrize(("system", "currency"), [("qbo", "USD"), ("xero", "GBP")])
def test_the_second_company_of_an_emulator_is_connected_without_a_warning(
    system: str,
    currency: str,
    running: dict[str, Running],
    me: Client,
    ivo: Any,
    actor_of: Callable[[Any], Any],
    workspace: Any,
) -> None:
    hello = running[system].hello()
    taken = hello.get("realm_id") or hello["tenant_id"]
    Connection.objects.create(
        workspace=workspace, system=system, name="Sample", base_url=hello["url"], company=taken
    )
    made = reach(me, system, hello, currency="")
    place = f"/connections/{made.uuid}/sign-in/"
    me.post(place, {"client_id": hello["client_id"], "client_secret": hello["client_secret"]})
    link = me.get(place).context["consent_link"]
    page = httpx.get(link, headers={"Accept": "text/html"})
    name, second = re.findall(r'name="(realm|tenant)" value="([^"]+)"', page.text)[-1]
    say = "connect" if system == "qbo" else "allow"
    form = dict(parse_qsl(urlsplit(link).query)) | {name: second, "decision": say}
    back = urlsplit(httpx.post(link.split("?")[0], data=form).headers["location"])

    answer = me.get(f"{back.path}?{back.query}")
    if system == "xero":
        assert "Halden Outlet (UK) Ltd" in me.get(answer.url).content.decode()
        answer = me.post(answer.url, {"company": second})

    assert answer.url == f"/connections/{made.uuid}/ready/"
    made.refresh_from_db()
    assert made.company == second != taken
    assert get_ready(actor_of(ivo), made)
    ready = me.get(answer.url).content.decode()
    assert "connected already" not in ready
    made.refresh_from_db()
    assert made.currency == currency


def test_connecting_that_was_left_half_way_is_gone_on_with(
    running: dict[str, Running], me: Client, ana: Any, as_person: Callable[[Any], Client]
) -> None:
    hello = running["xero"].hello()
    made = reach(me, "xero", hello, currency="")
    place = f"/connections/{made.uuid}/"

    page, listed = (me.get(p).content.decode() for p in (place, "/connections/"))
    for text in (page, listed):
        assert f'href="{place}sign-in/"' in text
        assert "Go on with the sign-in" in text
    assert "Connecting was left half way." in page
    assert "Xero ·" not in page
    assert "Sign in again" not in page
    assert "Go on with the sign-in" not in as_person(ana).get(place).content.decode()

    location, _ = consent_of(me, made, hello)
    back = urlsplit(location)
    me.get(f"{back.path}?{back.query}")
    assert "Choose the company" in me.get(place).content.decode()
    me.post(f"{place}company/", {"company": hello["tenant_id"]})
    assert f'href="{place}ready/"' in me.get(place).content.decode()
    made.refresh_from_db()
    Connection.objects.filter(pk=made.pk).update(state="live", checked_at=timezone.now())
    after = me.get(place).content.decode()
    assert "left half way" not in after
    assert "Sign in again" in after


def come_back(me: Client, made: Connection, hello: dict[str, str]) -> Any:
    """Sign in at the vendor in the browser and be sent back here."""
    back = urlsplit(consent_of(me, made, hello)[0])
    return me.get(f"{back.path}?{back.query}")


def test_a_consent_for_a_company_that_is_connected_waits_for_somebody_who_means_it(
    running: dict[str, Running], me: Client, workspace: Any
) -> None:
    hello = running["qbo"].hello()
    first = Connection.objects.create(
        workspace=workspace, system="qbo", name="Sample", base_url=hello["url"],
        company=hello["realm_id"],
    )  # fmt: skip
    made = reach(me, "qbo", hello, currency="")
    place = f"/connections/{made.uuid}/"

    answer = come_back(me, made, hello)

    made.refresh_from_db()
    assert (answer.url, made.company, made.progress.get("stage")) == (f"{place}company/", "", None)
    asked = me.get(answer.url).content.decode()
    assert "is connected already, as “Sample”" in asked
    assert "Choose the company" in me.get(place).content.decode()
    # A second sign-in begins from the start.
    come_back(me, made, hello)
    refused = me.post(f"{place}company/", {"company": hello["realm_id"]})
    made.refresh_from_db()
    assert (refused.status_code, made.company) == (422, "")

    meant = me.post(f"{place}company/", {"company": hello["realm_id"], "again": "1"})

    made.refresh_from_db()
    assert (meant.url, made.company) == (f"{place}ready/", hello["realm_id"])
    for page, other in ((place, "Sample"), (f"/connections/{first.uuid}/", "New qbo")):
        text = me.get(page).content.decode()
        assert "connected twice" in text
        assert f">{other}</a>: both read and post everything" in text
    assert me.get("/connections/").content.decode().count("connected twice") == 2


def test_the_wrong_company_is_left_as_long_as_nothing_rests_on_it(
    running: dict[str, Running], me: Client, actor_of: Callable[[Any], Any], ivo: Any
) -> None:
    hello = running["qbo"].hello()
    made = reach(me, "qbo", hello, currency="")
    place = f"/connections/{made.uuid}/"
    come_back(me, made, hello)
    assert get_ready(actor_of(ivo), Connection.objects.get(pk=made.pk))
    made.refresh_from_db()
    ready = me.get(f"{place}ready/").content.decode()
    assert f'href="{place}company/"' in ready
    assert "It stands for realm" in me.get(f"{place}company/").content.decode()

    # The company is no field of its settings: it comes from the sign-in.
    form = {
        "name": "New qbo",
        "base_url": hello["url"],
        "currency": "USD",
        "network_path": "direct",
    }
    assert me.post(f"{place}settings/", form | {"company": ""}).status_code == 302
    made.refresh_from_db()
    assert made.company == hello["realm_id"]

    answer = me.post(f"{place}company/", {"leave": "1"})

    made.refresh_from_db()
    assert (answer.url, made.company, made.currency) == (f"{place}sign-in/", "", "")
    assert not made.snapshots.exists()
    assert not made.codes.exists()
    assert "tokens" not in unseal(made.credential.sealed)
    assert AuditEvent.objects.filter(key="connection.left").count() == 1


def test_a_company_that_flows_rest_on_is_not_exchanged(
    world: Any, me: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    Connection.objects.filter(pk=world.books.pk).update(system="xero", company="one")
    known = {"one": "Harbour", "two": "Other"}
    monkeypatch.setattr("studio.catalog.consent.companies", lambda _c: known)
    place = f"/connections/{world.books.uuid}/company/"

    chosen = me.post(place, {"company": "two"})
    left = me.post(place, {"leave": "1"})

    world.books.refresh_from_db()
    assert (chosen.status_code, left.status_code, world.books.company) == (422, 422, "one")
    assert "Connect the other company as a connection of its own" in chosen.content.decode()
    assert world.books.snapshots.exists()


def test_a_base_currency_is_one_and_that_of_the_company(
    running: dict[str, Running], me: Client, actor_of: Callable[[Any], Any], ivo: Any
) -> None:
    hello = running["qbo"].hello()
    form = {"name": "New qbo", "base_url": hello["url"], "network_path": "direct"}
    nonsense = me.post("/connections/new/qbo/", form | {"currency": "ZZZ"})
    assert nonsense.status_code == 422
    assert "ZZZ is no currency" in nonsense.content.decode()
    made = reach(me, "qbo", hello, currency="eur")
    place = f"/connections/{made.uuid}/"
    come_back(me, made, hello)
    made.refresh_from_db()

    assert not get_ready(actor_of(ivo), made)

    assert "keeps its books in USD, but EUR was given" in progress_of(made)["trouble"]
    settings = {**form, "company": made.company}
    wrong = me.post(f"{place}settings/", settings | {"currency": "GBP"})
    assert "The company keeps its books in USD." in wrong.content.decode()
    right = me.post(f"{place}settings/", settings | {"currency": "USD"})
    assert right.url == f"{place}ready/"
    made.refresh_from_db()
    assert get_ready(actor_of(ivo), made)


def test_a_test_that_fails_calls_nothing_live(running: dict[str, Running], me: Client) -> None:
    hello = running["syspro"].hello()
    made = reach(me, "syspro", hello, company=hello["company"])
    me.post(
        f"/connections/{made.uuid}/sign-in/",
        {"operator": hello["operator"], "operator_password": "wrong"},
    )

    me.post(f"/connections/{made.uuid}/check/")
    made.refresh_from_db()
    assert made.state == "new"
    Connection.objects.filter(pk=made.pk).update(state="live")
    me.post(f"/connections/{made.uuid}/check/")
    made.refresh_from_db()

    assert made.state == "broken"
