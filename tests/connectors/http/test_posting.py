"""The guard of addresses that customers choose: nothing inside, nothing elsewhere, the name judged once."""

from __future__ import annotations

import ipaddress
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.http.posting import Poster, allowed
from connectors.http.tls import tls_floor

INSIDE = [
    *("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("::1", "fd00::1", "fe80::1", "::", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::"),
    *("255.255.255.255", "198.18.0.1", "169.254.169.254"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_inner_address_is_refused(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address), inside=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert allowed(ipaddress.ip_address(address), inside=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "::ffff:192.168.1.1"])
def test_a_setting_allows_inner_addresses(address: str) -> None:
    assert allowed(ipaddress.ip_address(address), inside=True)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"])
def test_link_local_addresses_are_never_told(address: str) -> None:
    assert not allowed(ipaddress.ip_address(address), inside=True)


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that is its own authority, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(called, called, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    bare = serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, bare))
    return files


@pytest.fixture
def server() -> Iterator[tuple[int, list[Any]]]:
    yield from serving()


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[Any]]]:
    """The same over TLS, as hooks.example.com."""
    cert, key = certificate(tmp_path, "hooks.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    tls_floor.cache_clear()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    yield from serving(tls)
    tls_floor.cache_clear()


def serving(tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[Any]]]:
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, dict(self.headers)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        made.socket = tls.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made.server_port, seen
    made.shutdown()
    made.server_close()


def test_a_name_is_resolved_once_and_the_judged_address_is_used(server: Any) -> None:
    """DNS rebinding: the second answer of the resolver would be another one; nobody asks for it."""
    port, seen = server
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    poster = Poster(inside=True, resolve=lambda host, port: answers.pop(0))

    said = poster.post(f"http://hooks.example.com:{port}/a?b=c", b"{}", {})

    poster.close()
    assert said.status == 204
    assert seen[0][0] == "/a?b=c"
    assert seen[0][1]["Host"] == f"hooks.example.com:{port}"
    assert len(answers) == 1


@pytest.mark.parametrize("found", [["10.0.0.1"], ["8.8.8.8", "10.0.0.1"], []])
def test_a_name_that_leads_inside_is_not_called(found: list[str]) -> None:
    poster = Poster(inside=False, resolve=lambda host, port: found)

    said = poster.post("https://hooks.example.com/", b"{}", {})

    poster.close()
    assert (said.status, said.taken) == (0, False)
    assert "private network" in said.text


def test_a_name_that_nobody_knows_is_said() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    poster = Poster(inside=False, resolve=unknown)

    said = poster.post("https://hooks.example.com/", b"{}", {})

    poster.close()
    assert "is not known" in said.text


@pytest.mark.parametrize(("name", "status"), [("hooks.example.com", 204), ("other.example.com", 0)])
def test_the_certificate_must_be_of_the_name_though_the_address_is_called(
    name: str, status: int, secure: Any
) -> None:
    port, seen = secure
    poster = Poster(inside=True, resolve=lambda host, port: ["127.0.0.1"])

    said = poster.post(f"https://{name}:{port}/", b"{}", {})

    poster.close()
    assert said.status == status
    assert len(seen) == (1 if status else 0)
