from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.config import ConnectionConfig, Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.faults import Fault, FaultKind
from connectors.emulation.serve import Running
from connectors.http.evidence import RecentEvidence
from connectors.syspro.client import EnetClient
from connectors.syspro.lane import ProcessLane
from connectors.syspro.resolution import text_fault
from engine.errors import (
    AccessDenied,
    OutcomeUnknown,
    PermissionMissing,
    RemoteBusy,
    RemoteUnavailable,
    SurpriseAnswer,
)

DONE = "<x><StatusOfItems/></x>"


def scripted(
    *answers: str | bytes | int, **settings: str
) -> tuple[EnetClient, list[httpx.Request]]:
    """A client whose server gives these answers after a logon."""
    seen: list[httpx.Request] = []
    rest = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if "Logon?" in str(request.url):
            return httpx.Response(200, text="A" * 32 + "00  ")
        answer = rest.pop(0)
        if isinstance(answer, int):
            return httpx.Response(answer)
        body = answer.encode("cp1252") if isinstance(answer, str) else answer
        return httpx.Response(200, content=body)

    config = ConnectionConfig(
        system="syspro",
        base_url="http://syspro.test",
        company="EDU1",
        settings={"operator": "ME", **settings},
        secrets={"operator_password": SecretStr("p w+ü&"), "company_password": SecretStr("")},
    )
    return EnetClient(config, Services(transport=httpx.MockTransport(handle))), seen


def test_blanks_travel_as_percent_20_and_empty_arguments_are_sent() -> None:
    client, seen = scripted("<Query/>")
    client.query("COMFND", "<Query><A>b c</A></Query>")
    logon = str(seen[0].url)
    assert "OperatorPassword=p%20w%2B%C3%BC%26" in logon
    assert "CompanyPassword=&" in logon
    assert "+" not in str(seen[1].url)
    assert "%3CA%3Eb%20c%3C%2FA%3E" in str(seen[1].url)


def test_the_session_token_is_sent_without_its_blanks() -> None:
    client, seen = scripted("<Query/>")
    client.query("COMFND", "<Query/>")
    assert f"UserId={'A' * 32}00&" in str(seen[1].url)


def test_long_posts_go_as_a_posted_document() -> None:
    client, seen = scripted(DONE, "<UserProfile/>", DONE, longest_address="500")
    client.post("SORTOI", ("<P/>", "<Short/>"), "post")
    client.post("SORTOI", ("<P/>", f"<Long>{'x & y ' * 100}</Long>".replace("&", "&amp;")), "post")
    assert [r.method for r in seen[1:]] == ["GET", "GET", "POST"]
    assert seen[3].url.path.endswith("/Transaction/PostLD")
    assert b"&lt;Long&gt;x &amp;amp; y" in seen[3].content


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (
            "ERROR: Unable to read the SYSPRO base directory registry string BaseDir8",
            RemoteUnavailable,
        ),
        ("e.net exception raised: 100000", PermissionMissing),
        ("error: Number of licensed e.net users exceeded", RemoteBusy),
        ("<html><p>oops", SurpriseAnswer),
        ("", SurpriseAnswer),
        (b'"e.net exception raised: 100000"', PermissionMissing),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", SurpriseAnswer),
    ],
)
def test_answers_that_are_no_result_become_errors(answer: Any, kind: type[Exception]) -> None:
    client, _ = scripted(answer)
    with pytest.raises(kind):
        client.query("COMFND", "<Query/>")


def test_an_ended_session_is_renewed_once_for_a_read() -> None:
    gone = "ERROR: The supplied UserID is invalid."
    client, seen = scripted(gone, "<Query><Row/></Query>")
    assert client.query("COMFND", "<Query/>").all("Row")
    assert sum("Logon?" in str(r.url) for r in seen) == 2


def test_an_operator_that_is_ended_again_and_again_is_reported() -> None:
    gone = "ERROR: The supplied UserID is invalid."
    client, _ = scripted(gone, gone)
    with pytest.raises(AccessDenied):
        client.query("COMFND", "<Query/>")


def test_a_post_on_an_ended_session_is_not_repeated_blindly() -> None:
    client, seen = scripted("ERROR: The supplied UserID is invalid.")
    with pytest.raises(RemoteUnavailable):
        client.post("SORTOI", ("<P/>", "<D/>"), "post")
    assert sum("Transaction/Post" in str(r.url) for r in seen) == 1


def test_a_server_error_leaves_a_post_unknown_and_a_read_repeatable() -> None:
    client, _ = scripted(500, 500)
    with pytest.raises(OutcomeUnknown):
        client.post("SORTOI", ("<P/>", "<D/>"), "post")
    with pytest.raises(RemoteUnavailable):
        client.query("COMFND", "<Query/>")


def test_a_wrong_password_is_refused_and_never_shown(connect: Any) -> None:
    syspro = connect(operator_password="not this one")
    with pytest.raises(AccessDenied) as caught:
        syspro.read("ArCustomer", "0000101")
    assert "not this one" not in str(caught.value)
    health = syspro.check()
    assert not health.ok
    assert "not this one" not in repr(syspro.client.__dict__)


def test_evidence_holds_neither_passwords_nor_tokens(
    connect: Any, evidence: RecentEvidence, served: Running
) -> None:
    syspro = connect()
    syspro.read("ArCustomer", "0000101")
    token = syspro.client._token
    kept = repr(list(evidence.exchanges))
    assert len(evidence.exchanges) >= 3
    assert token
    assert token not in kept
    assert served.hello()["operator_password"] not in kept


def test_closing_logs_off(connect: Any, served: Running) -> None:
    syspro = connect()
    syspro.read("ArCustomer", "0000101")
    assert served.emulator.sessions.on() == ["STUDIO"]  # type: ignore[attr-defined]
    syspro.close()
    assert served.emulator.sessions.on() == []  # type: ignore[attr-defined]


def test_two_connectors_of_one_operator_take_the_session_from_each_other_and_both_succeed(
    connect: Any,
) -> None:
    one, two = connect(), connect()
    for _ in range(3):
        assert one.read("ArCustomer", "0000101") is not None
        assert two.read("ArCustomer", "0000102") is not None


def test_an_idle_session_is_proved_alive_before_a_post(connect: Any, clock: EmulatorClock) -> None:
    syspro = connect()
    syspro.read("ArCustomer", "0000101")
    clock.advance(timedelta(hours=2).total_seconds())
    syspro.rows.forms.write("CusSorMaster+", [({"SalesOrder": "001000"}, {"InvoiceDocId": "7"})])
    assert syspro.read("SorMaster", "001000").data["CusSorMaster"]["InvoiceDocId"] == "7"


@pytest.mark.golden(29)
def test_two_posts_at_once_for_one_operator_are_serialised(connect: Any, served: Running) -> None:
    inside, most = [0], [0]
    emulator: Any = served.emulator
    plain = emulator._answer

    def watched(*args: Any) -> str:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        try:
            return str(plain(*args))
        finally:
            inside[0] -= 1

    emulator._answer = watched
    connectors = [connect(), connect()]

    def work(connector: Any, number: int) -> None:
        key = {"SalesOrder": f"00100{number}"}
        connector.rows.forms.write("CusSorMaster+", [(key, {"InvoiceDocId": str(number)})])

    threads = [threading.Thread(target=work, args=(c, n)) for n, c in enumerate(connectors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert most[0] == 1
    for number in (0, 1):
        order = connectors[0].read("SorMaster", f"00100{number}")
        assert order.data["CusSorMaster"]["InvoiceDocId"] == str(number)


@pytest.mark.golden(29)
def test_a_hung_call_releases_the_lane(connect: Any, served: Running) -> None:
    slow = connect(timeout="0.3")
    slow.check()
    fault = Fault(kind=FaultKind.TIMEOUT_AFTER, path="/Transaction/Post", seconds=5)
    served.emulator.faults.arm(fault)  # type: ignore[attr-defined]
    with pytest.raises(OutcomeUnknown):
        slow.rows.forms.write("CusSorMaster+", [({"SalesOrder": "001000"}, {"InvoiceDocId": "9"})])
    assert slow.read("SorMaster", "001000").data["CusSorMaster"]["InvoiceDocId"] == "9"


def test_an_unknown_company_and_a_refused_second_logon_say_who_acts(connect: Any) -> None:
    with pytest.raises(AccessDenied):
        connect(company="NONE").read("ArCustomer", "0000101")
    first = connect()
    first.read("ArCustomer", "0000101")
    with pytest.raises(RemoteBusy) as caught:
        connect(second_logon="refused").read("ArCustomer", "0000101")
    assert caught.value.scope == "concurrent"
    assert first.read("ArCustomer", "0000102") is not None


def test_an_ended_session_is_an_outage_where_it_cannot_be_renewed() -> None:
    fault = text_fault("ERROR: The supplied UserID is invalid.", "log off", safe=True)
    assert isinstance(fault, RemoteUnavailable)


def test_waiting_for_a_lane_ends_with_busy() -> None:
    lane = ProcessLane(patience=0.01)
    with lane("test/busy"), pytest.raises(RemoteBusy) as caught, lane("test/busy"):
        pass
    assert caught.value.scope == "concurrent"
    with lane("test/busy"):
        pass
