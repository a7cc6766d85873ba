"""What the emulators that run beside a sandbox say about themselves, for the pages where one connects."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# What a person would type from it; tokens come from the consent, as with the real vendor.
TYPED = ("operator", "operator_password", "company_password", "client_id", "client_secret", "webhook_key")  # fmt: skip


def hellos() -> dict[str, dict[str, Any]]:
    """What each running emulator told about itself (url, ids, sandbox secrets).

    Raises:
        ImproperlyConfigured: no emulator runs here.
    """
    file = settings.VAR_DIR / "emulators.json"
    if not file.exists():
        raise ImproperlyConfigured(
            f"{file} is missing: the emulators are not running. Start them with `make run`."
        )
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return found


def beside(system: str) -> dict[str, str]:
    """Address and made-up credentials of the emulator of a system; empty outside a sandbox."""
    if not settings.SANDBOX:
        return {}
    try:
        told = hellos().get(system, {})
    except (ImproperlyConfigured, ValueError):
        return {}
    wanted = ("url", "company", *TYPED)
    return {name: str(told[name]) for name in wanted if told.get(name)}
