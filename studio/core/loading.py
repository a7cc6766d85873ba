"""Whether the sample company is being loaded just now: pages are up before it is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


def _mark() -> Path:
    return Path(settings.VAR_DIR) / "loading"


@contextmanager
def loading() -> Iterator[None]:
    """Pages say so while the body runs."""
    _mark().touch()
    try:
        yield
    finally:
        _mark().unlink(missing_ok=True)


def is_loading() -> bool:
    """Whether it is being loaded; only a sandbox has a sample company."""
    return bool(settings.SANDBOX) and _mark().exists()
