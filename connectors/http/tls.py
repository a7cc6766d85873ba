"""How the other side of a connection proves who it is, the same for every client."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def tls_floor() -> ssl.SSLContext:
    """A verifying TLS context that speaks 1.2 or newer; one for all, reading the authorities takes long."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
