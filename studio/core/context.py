"""What every template gets."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def studio(request: HttpRequest) -> dict[str, Any]:
    """Workspace and actor of the request."""
    return {
        "workspace": getattr(request, "workspace", None),
        "actor": getattr(request, "actor", None),
    }
