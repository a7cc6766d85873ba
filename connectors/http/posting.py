"""Posting to an address that a customer chose: guarded, once, without following anybody elsewhere.

Such an address may point anywhere, also into our own network (server-side request forgery). So its host
is resolved here, every address it resolves to is judged, and the connection goes to the very one that
was judged: a name that says something else a moment later is not asked again.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

from connectors.http.redact import detail
from connectors.http.tls import tls_floor

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
# Who is told something answers at once and works afterwards; a worker waits no longer.
TIMEOUT = httpx.Timeout(10.0, connect=5.0)
LONGEST_SECONDS = 20.0
# Of an answer only its beginning is kept, for the person who looks why it was refused.
KEPT_BYTES = 2000
KEPT_TEXT = 300
LONGEST_WAIT = 86_400.0
# IPv6 addresses that carry an IPv4 address at their end.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one post.

    Attributes:
        status: of HTTP; 0 where none came.
        text: the beginning of the answer, or why there is none.
        milliseconds: until the answer.
        wait_seconds: the pause that the receiver asked for.
    """

    status: int
    text: str
    milliseconds: int = 0
    wait_seconds: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return 200 <= self.status < 300


def fault_of(url: str, *, inside: bool) -> str:
    """Why nothing may be posted to an address, as far as it says itself; empty when nothing is wrong.

    Args:
        url: the address.
        inside: private and loopback addresses, and plain HTTP, are allowed.
    """
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "This is no address."
    if read.scheme not in ("https", *(("http",) if inside else ())) or not read.host:
        return "Give an address that begins with https://."
    if read.userinfo:
        return "A name or password in the address would be readable for everybody. Leave it out."
    if read.fragment:
        return "Leave out what follows the #: it is never sent."
    try:
        literal = ipaddress.ip_address(read.host)
    except ValueError:
        local = read.host == "localhost" or read.host.endswith((".localhost", ".local"))
        return _INSIDE if local and not inside else ""
    return "" if allowed(literal, inside=inside) else _INSIDE


_INSIDE = "It leads into a private network; only public addresses can be told."


def allowed(address: Address, *, inside: bool) -> bool:
    """Whether an address may be connected to; link-local ones never (cloud machines keep secrets there)."""
    carried = _carried(address)
    if carried is not None:
        return allowed(carried, inside=inside)
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if inside and (address.is_loopback or address.is_private):
        return True
    return address.is_global and not address.is_reserved


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def addresses_of(host: str, port: int) -> list[str]:
    """What a host resolves to."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found]


class Poster:
    """Posts for one turn of a worker.

    Args:
        inside: private and loopback addresses, and plain HTTP, are allowed.
        resolve: replaces the resolver (tests).
    """

    def __init__(self, *, inside: bool, resolve: Resolve = addresses_of) -> None:
        self._inside = inside
        self._resolve = resolve
        self._http = httpx.Client(
            timeout=TIMEOUT,
            verify=tls_floor(),
            follow_redirects=False,
            # A proxy would resolve the host again, behind the guard.
            trust_env=False,
        )

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post once; whatever happens is an answer, nothing is raised."""
        fault = fault_of(url, inside=self._inside)
        if fault:
            return Answer(0, fault)
        asked = httpx.URL(url)
        try:
            pinned = self._pin(asked)
        except (OSError, UnicodeError) as error:
            return Answer(0, f"{asked.host} is not known ({type(error).__name__}).")
        if pinned is None:
            return Answer(0, f"{asked.host}: {_INSIDE}")
        began = time.monotonic()
        try:
            status, text, wait = self._send(asked, pinned, body, headers)
        except httpx.HTTPError as error:
            said = detail(str(error) or type(error).__name__, longest=KEPT_TEXT - 20)
            return Answer(0, f"No answer: {said}", _since(began))
        return Answer(status, text, _since(began), wait)

    def _pin(self, url: httpx.URL) -> str | None:
        """The address to connect to; None where one of those it resolves to is not allowed."""
        port = url.port or (443 if url.scheme == "https" else 80)
        found = [ipaddress.ip_address(a) for a in self._resolve(url.host, port)]
        if not found or not all(allowed(a, inside=self._inside) for a in found):
            return None
        # IPv4 first: a machine without an IPv6 route would wait in vain.
        return str(min(found, key=lambda a: a.version))

    def _send(
        self, url: httpx.URL, pinned: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str, float | None]:
        until = time.monotonic() + LONGEST_SECONDS
        with self._http.stream(
            "POST",
            url.copy_with(host=pinned),
            content=body,
            headers={**headers, "Host": url.netloc.decode(), "Accept-Encoding": "identity"},
            # The certificate is the one of the name, not of the number.
            extensions={"sni_hostname": url.host},
        ) as response:
            kept = b""
            for part in response.iter_raw():
                kept += part
                if len(kept) >= KEPT_BYTES or time.monotonic() > until:
                    break
        text = detail(kept.decode(errors="replace").replace("\0", ""), longest=KEPT_TEXT)
        if response.is_redirect:
            text = (
                "It answers with another address; redirects are not followed. Give that one here."
            )
        return response.status_code, text, _wait(response.headers.get("Retry-After"))


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _wait(said: str | None) -> float | None:
    """``Retry-After`` in seconds, at most a day."""
    if not said:
        return None
    try:
        seconds = float(said) if said.isdecimal() else _until(said)
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(said: str) -> float:
    return parsedate_to_datetime(said).timestamp() - time.time()
