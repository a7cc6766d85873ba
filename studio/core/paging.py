"""Keyset paging: the next page costs the same at row 50 as at row 50,000, and no row is shown twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Model, Q, QuerySet

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class KeysetPage(Generic[Row]):
    """A slice of a long table; ``after`` and ``before`` are tokens for the neighbouring pages."""

    rows: list[Row]
    after: str | None
    before: str | None

    def __len__(self) -> int:
        return len(self.rows)


def keyset(
    rows: QuerySet[Row],
    order: Sequence[str],
    *,
    after: str | None = None,
    before: str | None = None,
    size: int = 50,
) -> KeysetPage[Row]:
    """The page after (or before) a token.

    ``order`` names fields without NULLs, ``-`` for descending; the last one must be unique. An
    annotation works like a field. A token that cannot be read means the first page: it comes from
    an address bar.
    """
    backwards = bool(before) and not after
    token = _decode(before if backwards else after, rows, order)
    steps = [(name.lstrip("-"), name.startswith("-") != backwards) for name in order]
    found = rows.order_by(*(F(n).desc() if down else F(n).asc() for n, down in steps))
    if token is not None:
        found = found.filter(_beyond(steps, token))
    window = list(found[: size + 1])
    more = len(window) > size
    window = window[:size]
    if backwards:
        window.reverse()
    has_next = more if not backwards else True
    has_previous = (token is not None) if not backwards else more
    return KeysetPage(
        window,
        _encode(window[-1], order) if window and has_next else None,
        _encode(window[0], order) if window and has_previous else None,
    )


def _beyond(steps: Sequence[tuple[str, bool]], token: Sequence[Any]) -> Q:
    """Rows strictly after the token: equal in the first i fields and past it in the next."""
    beyond = Q()
    equal = Q()
    for (name, down), value in zip(steps, token, strict=True):
        beyond |= equal & Q(**{f"{name}__{'lt' if down else 'gt'}": value})
        equal &= Q(**{name: value})
    return beyond


def _encode(row: Model, order: Sequence[str]) -> str:
    values = [_value(row, name.lstrip("-")) for name in order]
    text = json.dumps(values, default=_plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _plain(value: object) -> str:
    # Not Django's encoder: it cuts times to milliseconds, and rows between two of them would vanish.
    return value.isoformat() if isinstance(value, date) else str(value)


def _decode(token: str | None, rows: QuerySet[Any], order: Sequence[str]) -> list[Any] | None:
    if not token:
        return None
    try:
        raw = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(raw, list) or len(raw) != len(order):
            return None
        return [
            _typed(rows.model, name.lstrip("-"), value)
            for name, value in zip(order, raw, strict=True)
        ]
    except (ValueError, binascii.Error, ValidationError):
        return None


def _value(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row


def _typed(model: type[Model], path: str, value: Any) -> Any:
    """JSON text back to the field's type; annotations stay as they are."""
    *parents, last = path.split("__")
    try:
        for name in parents:
            related = model._meta.get_field(name).related_model
            if not isinstance(related, type):
                return value
            model = related
        return model._meta.get_field(last).to_python(value)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return value
