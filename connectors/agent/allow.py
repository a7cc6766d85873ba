"""Where an agent may go: nowhere but to the addresses it was started with, whatever it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

import httpx

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_PORTS = {"http": 80, "https": 443}


class AllowList:
    """Addresses; what begins with one of them, path by path segment, may be asked.

    Raises:
        ValueError: one of them is no address; the words are for the person who wrote it.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._places = [_place(address) for address in addresses]

    @property
    def addresses(self) -> list[str]:
        """The list as it was understood, for people."""
        return [f"{scheme}://{host}:{port}{path}" for scheme, host, port, path in self._places]

    def refuses(self, method: str, url: httpx.URL) -> str:
        """Why the agent does not carry a request; empty where it may."""
        if method not in METHODS:
            return f"The agent carries no {method[:10]} requests."
        place = (url.scheme, url.host.lower(), url.port or _PORTS.get(url.scheme, 0))
        path = url.raw_path.partition(b"?")[0].decode("ascii", "replace")
        if not url.userinfo and _straight(path):
            for scheme, host, port, allowed in self._places:
                if place == (scheme, host, port) and _within(path, allowed):
                    return ""
        # The path is not said: who asks for what he may not is told no more than where.
        return (
            f"The agent may not go to {place[0]}://{place[1]}:{place[2]}: it is not among the addresses it "
            "was started with. Start it with one more --allow, or correct the address of the connection."
        )


def _within(path: str, allowed: str) -> bool:
    return path == allowed or path.startswith(allowed.rstrip("/") + "/")


def _straight(path: str) -> bool:
    """Whether no segment leads upwards, in whatever way it is written."""
    for _ in range(3):
        path = unquote(path)
    return not {".", ".."} & set(path.replace("\\", "/").split("/"))


def _place(address: str) -> tuple[str, str, int, str]:
    try:
        url = httpx.URL(address.strip())
    except httpx.InvalidURL as error:
        raise ValueError(f"--allow {address}: this is no address ({error}).") from error
    if url.scheme not in _PORTS or not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError(
            f"--allow {address}: give an address such as http://syspro-host:30661, without name or question."
        )
    path = url.raw_path.decode("ascii", "replace")
    if not _straight(path):
        raise ValueError(f"--allow {address}: the path leads upwards.")
    return url.scheme, url.host.lower(), url.port or _PORTS[url.scheme], path.rstrip("/")
