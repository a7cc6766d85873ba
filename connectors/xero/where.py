"""Building ``where`` expressions: quoting, GUIDs, dates, numbers (xero.md section 8)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from engine.schema.model import FieldType

GUID = re.compile(r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", re.IGNORECASE)


def text(value: str) -> str:
    """A text literal; quotes and backslashes are escaped, control characters dropped."""
    plain = "".join(c for c in value if c >= " ")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(value: str, kind: FieldType, *, guid: bool = False) -> str:
    """A literal of the field's type from its text.

    Raises:
        ValueError: the text is not of that type.
    """
    if guid:
        if not GUID.match(value):
            raise ValueError(f"not a GUID: {value[:40]!r}")
        return f'Guid("{value}")'
    if kind in {FieldType.DECIMAL, FieldType.INTEGER}:
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise ValueError(f"not a number: {value[:40]!r}") from error
        if not number.is_finite():
            raise ValueError(f"not a number: {value[:40]!r}")
        return format(number, "f")
    if kind is FieldType.BOOLEAN:
        if value.lower() not in {"true", "false"}:
            raise ValueError(f"not true or false: {value[:40]!r}")
        return value.lower()
    if kind in {FieldType.DATE, FieldType.DATETIME}:
        day = date.fromisoformat(value[:10])
        return f"DateTime({day.year},{day.month:02d},{day.day:02d})"
    return text(value)


def equals(path: str, value: str, kind: FieldType = FieldType.STRING, *, guid: bool = False) -> str:
    """``path==literal``."""
    return f"{path}=={literal(value, kind, guid=guid)}"


def both(*parts: str) -> str:
    """Parts joined with ``AND``; empty ones are left out."""
    return " AND ".join(p for p in parts if p)
