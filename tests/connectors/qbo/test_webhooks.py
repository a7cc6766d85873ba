from __future__ import annotations

import itertools
import queue
import threading

import pytest

from connectors.emulation.faults import FaultKind
from connectors.qbo.webhooks import QboWebhooks
from engine.errors import SurpriseAnswer

BODY = (
    b'{"eventNotifications":[{"realmId":"9341454000000000","dataChangeEvent":{"entities":[{"name":'
    b'"Customer","id":"1","operation":"Create","lastUpdated":"2026-01-05T14:42:19-0700"}]}}]}'
)
VECTOR = "OXW7Eq0qKXChhCjePwVUwNg1gZACDpb0kr5pJGFnDHY="


@pytest.fixture
def posted(emulator):
    """What the emulated service posts, caught before it leaves."""
    sent = []

    def post(url, body, headers):
        sent.append((body, headers))
        return 200

    emulator.webhooks.post = post
    emulator.sends_webhooks = False  # each test pumps when it wants
    return sent


def test_the_documented_vector_verifies_and_a_changed_byte_does_not():
    hooks = QboWebhooks("verifier-0001")
    assert hooks.verify(BODY, {"Intuit-Signature": VECTOR})
    assert not hooks.verify(BODY + b" ", {"intuit-signature": VECTOR})
    assert not hooks.verify(BODY, {"intuit-signature": "é"})
    assert not hooks.verify(BODY, {})
    assert not QboWebhooks("").verify(b"", {})


def test_the_older_body_is_read():
    (notice,) = QboWebhooks("k").parse(BODY)
    assert (notice.connection, notice.entity, notice.key, notice.operation) == (
        "9341454000000000",
        "Customer",
        "1",
        "create",
    )
    assert notice.occurred_at.isoformat() == "2026-01-05T14:42:19-07:00"


def test_a_merge_tells_the_record_that_went_away():
    body = BODY.replace(b'"Create"', b'"Merge"').replace(
        b'"2026-01-05T14:42:19-0700"', b'"2026-01-05T14:42:19-0700","deletedId":"57"'
    )
    merge, gone = QboWebhooks("k").parse(body)
    assert (merge.operation, merge.key) == ("merge", "1")
    assert (gone.operation, gone.key) == ("delete", "57")
    assert merge.event_id != gone.event_id


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b'{"eventNotifications":[1]}', b"\xff", b"null"]
)
def test_what_is_neither_format_is_a_surprise(body):
    with pytest.raises(SurpriseAnswer):
        QboWebhooks("k").parse(body)


@pytest.mark.parametrize("style", ["legacy", "cloud"])
def test_a_change_is_told_with_a_signature_that_verifies(bench, posted, style):
    bench.emulator.webhooks.subscribe("http://hook.test/", style)
    invoice = bench.invoice("1")
    bench.emulator.edit("Invoice", invoice.key, {"PrivateNote": "x"})
    bench.emulator.remove("Invoice", invoice.key)
    bench.emulator.webhooks.pump()
    notices = []
    for body, headers in posted:
        assert bench.connector.verify(body, headers)
        notices += bench.connector.parse(body)
    told = [(n.entity, n.key, n.operation) for n in notices]
    assert told == [("Invoice", invoice.key, o) for o in ("create", "update", "delete")]
    assert {n.connection for n in notices} == {bench.emulator.realm}
    assert all(n.occurred_at.tzinfo for n in notices)


def test_a_duplicate_delivery_carries_the_same_event_id(bench, posted):
    bench.emulator.webhooks.subscribe("http://hook.test/", "cloud")
    bench.arm(FaultKind.WEBHOOK_DUPLICATE)
    bench.customer()
    bench.emulator.webhooks.pump()
    ids = [n.event_id for body, _ in posted for n in bench.connector.parse(body)]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_late_and_reordered_deliveries_happen_on_request(bench, posted, clock):
    bench.emulator.webhooks.subscribe("http://hook.test/")
    bench.arm(FaultKind.WEBHOOK_LATE)
    late = bench.customer("Late")
    bench.emulator.webhooks.pump()
    bench.arm(FaultKind.WEBHOOK_REORDERED)
    one, two = bench.customer("One"), bench.customer("Two")
    bench.emulator.webhooks.pump()
    clock.advance(3600)
    bench.emulator.webhooks.pump()
    keys = [n.key for body, _ in posted for n in bench.connector.parse(body)]
    assert keys == [two.key, one.key, late.key]


def test_a_refused_delivery_is_tried_again_on_intuits_ladder(bench, posted, clock):
    tries = []
    bench.emulator.webhooks.post = lambda *_: tries.append(clock.now()) or 503
    bench.emulator.webhooks.subscribe("http://hook.test/")
    bench.customer()
    for _ in range(200):
        bench.emulator.webhooks.pump()
        clock.advance(60)
    gaps = [(b - a).total_seconds() / 60 for a, b in itertools.pairwise(tries)]
    assert gaps == [20, 30, 50]


def test_a_refused_change_is_not_told(bench, posted):
    bench.emulator.webhooks.subscribe("http://hook.test/")
    bench.customer("Taken")
    with pytest.raises(Exception, match="already has"):
        bench.customer("Taken")
    bench.emulator.webhooks.pump()
    assert len(posted) == 1


def test_a_change_reaches_a_real_listener_over_http(bench):
    from connectors.emulation.serve import Server
    from connectors.emulation.wsgi import Response, as_wsgi

    heard: queue.Queue = queue.Queue()

    def listen(request):
        heard.put((request.body, request.headers))
        return Response.text("")

    server = Server(as_wsgi(listen))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        bench.emulator.webhooks.subscribe(server.url + "/hook", "legacy")
        made = bench.customer()
        body, headers = heard.get(timeout=10)
    finally:
        server.stop()
        thread.join(5)
    assert bench.connector.verify(body, headers)
    assert bench.connector.parse(body)[0].key == made.key
