from __future__ import annotations

import socket
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from connectors.emulation.faults import Fault, FaultBook, FaultKind, around
from connectors.emulation.serve import Server
from connectors.emulation.wsgi import Handler, Request, Response, Router, dump_json, parse_json

Start = Callable[[Handler], Server]


def _echo(request: Request) -> Response:
    return Response.json({"path": request.path, "q": request.arg("Name"), "n": len(request.body)})


def test_one_connection_carries_many_requests(served: Start) -> None:
    server = served(_echo)
    with httpx.Client(base_url=server.url) as client:
        for number in range(20):
            answer = client.post(f"/a b/{number}?name=é", content=b"x" * number)
            assert answer.json() == {"path": f"/a b/{number}", "q": "é", "n": number}


def test_a_chunked_body_is_read_whole(served: Start) -> None:
    server = served(_echo)
    answer = httpx.post(server.url, content=iter([b"abc", b"defg"]))
    assert answer.json()["n"] == 7


@pytest.mark.parametrize(
    "wire",
    [
        b"\xff\xfe\r\n\r\n",
        b"GET / HTTP/1.1\r\nnonsense\r\n\r\n",
        b"P / H\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_bytes_that_are_not_http_get_400(served: Start, wire: bytes) -> None:
    server = served(_echo)
    with socket.create_connection((server.host, server.port), timeout=5) as sock:
        sock.sendall(wire)
        assert sock.recv(100).startswith(b"HTTP/1.1 400")


def test_decimals_pass_digit_for_digit() -> None:
    text = '{"a":1.10,"b":12345678901234567890.123456789,"c":[0.00],"d":"1.1"}'
    assert dump_json(parse_json(text)) == text
    assert dump_json({"x": Decimal("1E+3")}) == '{"x":1000}'


def test_the_router_decodes_parameters_and_knows_wrong_methods() -> None:
    router = Router(ignore_case=True)
    router.add("GET", "/api.xro/2.0/Contacts/{id}", lambda r: Response.text(r.params["id"]))
    assert router.handle(Request("GET", "/api.xro/2.0/contacts/7")).body == b"7"
    assert router.handle(Request("PUT", "/api.xro/2.0/contacts/7")).status == 405
    assert router.handle(Request("GET", "/apixxro/2.0/contacts/7")).status == 404


def test_a_timeout_after_the_effect_has_the_effect(served: Start) -> None:
    done: list[str] = []
    book = FaultBook()
    book.arm(Fault(FaultKind.TIMEOUT_AFTER, path="/x", seconds=0.5))
    book.arm(Fault(FaultKind.DROP_BEFORE, path="/y"))

    def handle(request: Request) -> Response:
        done.append(request.path)
        return Response.text("ok")

    server = served(lambda r: around(book, r, handle, lambda f, _: Response.text(f.kind, 500)))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(server.url + "/x", timeout=0.1)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.url + "/y", timeout=2)
    assert done == ["/x"]
    assert httpx.get(server.url + "/x").text == "ok"


def test_the_same_seed_strikes_the_same_requests() -> None:
    def strikes(seed: int) -> list[bool]:
        book = FaultBook(seed)
        book.arm(Fault(FaultKind.UNAVAILABLE, count=None, probability=0.3))
        return [book.draw([FaultKind.UNAVAILABLE], "GET", "/") is not None for _ in range(50)]

    assert strikes(4) == strikes(4)
    assert strikes(4) != strikes(5)
    assert 5 < sum(strikes(4)) < 30


def test_a_fault_skips_counts_and_matches() -> None:
    book = FaultBook()
    book.arm(
        Fault.read({"kind": "500", "count": 2, "skip": 1, "path": "invoices$", "method": "put"})
    )
    hits = [
        book.draw([FaultKind.SERVER_ERROR], m, "/api/Invoices") is not None
        for m in ("PUT", "GET", "PUT", "PUT", "PUT")
    ]
    assert hits == [False, False, True, True, False]
    with pytest.raises(ValueError, match="not a"):
        Fault.read({"kind": "500", "wrong": 1})
