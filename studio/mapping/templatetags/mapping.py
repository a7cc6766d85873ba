"""Template filters of mapping pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def spaced(name: str) -> str:
    """``sales_order`` as people write it."""
    return str(name).replace("_", " ")


@register.filter
def at(found: Mapping[Any, Any], key: Any) -> Any:
    """The entry of a dict under a key that is a variable; empty list where there is none."""
    return found.get(key, [])
