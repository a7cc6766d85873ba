"""Faults of a transport of ours: httpx's own kinds, so that every client judges them alike, with words for people."""

from __future__ import annotations

import httpx


class Spoken(httpx.TransportError):
    """A fault that says itself what happened."""


class NeverSent(Spoken, httpx.ConnectError):
    """The request surely did not reach the system."""


class NoAgent(NeverSent):
    """Nobody is there who could carry it; the words say what to do."""


class Unanswered(Spoken, httpx.ReadError):
    """The request was on its way and no answer came back: it may have taken effect."""
