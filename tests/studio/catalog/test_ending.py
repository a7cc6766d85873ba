"""Disconnecting: what needs it is paused, the vendor is told, nothing secret stays, nothing else is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from connectors.emulation.serve import Running, load, start_in_thread
from engine.errors import AccessDenied, RemoteUnavailable
from studio.catalog.ending import disconnect
from studio.catalog.models import Connection
from studio.catalog.wiring import note_fault, note_success, opened
from studio.core.models import AuditEvent
from studio.core.vault import seal, unseal
from tests.studio.catalog.test_connecting import consent_of, reach

pytestmark = pytest.mark.django_db


@pytest.fixture
def me(ivo: Any, as_person: Callable[[Any], Client]) -> Client:
    return as_person(ivo)


@pytest.fixture(scope="module", params=["qbo", "xero"])
def vendor(request: pytest.FixtureRequest) -> Iterator[tuple[str, Running]]:
    running = start_in_thread(load(request.param).make("S", 1, None, None, False))
    yield request.param, running
    running.stop()


def test_the_vendor_is_told_and_a_new_sign_in_goes_on(vendor, me: Client, ivo, actor_of) -> None:
    system, running = vendor
    hello = running.hello()
    made = reach(me, system, hello)
    location, _asked = consent_of(me, made, hello)
    back = urlsplit(location)
    answer = me.get(f"{back.path}?{back.query}")
    if "company" in answer.url:
        me.post(answer.url, {"company": hello["tenant_id"]})
    made.refresh_from_db()
    held = made.credential.sealed
    with opened(made) as connector:
        assert connector.check().ok

    assert disconnect(actor_of(ivo), made, "the project is over") == ""

    assert made.state == "ended"
    assert made.resting()
    assert unseal(Connection.objects.get(pk=made.pk).credential.sealed) == {}
    with pytest.raises(AccessDenied, match="disconnected here by a person"), opened(made):
        pass
    # Whoever kept a copy of the tokens gets nowhere with them: the grant itself is over.
    made.credential.sealed = held
    made.credential.save()
    Connection.objects.filter(pk=made.pk).update(state="live")
    made.refresh_from_db()
    with opened(made) as connector:
        assert not connector.check().ok


def test_flows_are_paused_and_the_page_says_which(world, me: Client) -> None:
    world.order("1001")
    world.run()
    world.erp.credential.sealed = seal({"operator_password": "s3cret"})
    world.erp.credential.save()
    page = me.get(f"/connections/{world.erp.uuid}/disconnect/").content.decode()
    assert f"{world.flow.name} is live" in page

    me.post(f"/connections/{world.erp.uuid}/disconnect/", {"reason": "moved to another server"})

    world.flow.refresh_from_db()
    world.erp.refresh_from_db()
    assert world.flow.state == "paused"
    assert "moved to another server" in world.flow.paused_reason
    assert unseal(world.erp.credential.sealed) == {}
    line = AuditEvent.objects.get(key="connection.ended").data
    assert (line["paused"], line["vendor"]) == ([world.flow.name], "told")
    assert "s3cret" not in str(line)
    shown = me.get(f"/connections/{world.erp.uuid}/").content.decode()
    assert "It was disconnected." in shown
    assert "moved to another server" in shown
    assert world.post("1001").state == "done"


def test_an_answer_that_is_late_does_not_connect_again(world, ivo, actor_of) -> None:
    disconnect(actor_of(ivo), world.erp, "over")
    late = Connection.objects.get(pk=world.erp.pk)
    late.failures = 1

    note_success(late)
    note_fault(late, AccessDenied(system="syspro", call="log on", detail="no"))

    world.erp.refresh_from_db()
    assert (world.erp.state, world.erp.paused_reason) == ("ended", "over")


def test_a_vendor_that_cannot_be_told_stops_nothing(world, ivo, actor_of, monkeypatch) -> None:
    world.books.credential.sealed = seal({"tokens": {"access_token": "a", "refresh_token": "r"}})
    world.books.credential.save()

    def unreachable(*_: Any) -> Any:
        raise RemoteUnavailable(system="qbo", call="sign out")

    monkeypatch.setattr("studio.catalog.ending.signing_in", unreachable)

    left = disconnect(actor_of(ivo), world.books, "over")

    assert "could not be told" in left
    assert unseal(Connection.objects.get(pk=world.books.pk).credential.sealed) == {}


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed_and_it_ends_once(world, ivo, actor_of, reason) -> None:
    with pytest.raises(ValidationError, match="why"):
        disconnect(actor_of(ivo), world.erp, reason)
    disconnect(actor_of(ivo), world.erp, "over")

    with pytest.raises(ValidationError, match="already"):
        disconnect(actor_of(ivo), world.erp, "over")
