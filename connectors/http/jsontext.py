"""JSON in and out without ever passing money through a float."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

DEEPEST = 60
"""Nesting beyond this is an attack or a bug, in either direction."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class JsonError(ValueError):
    """The text is not JSON as we accept it; the message never repeats the text."""


def dump(value: Any) -> bytes:
    """UTF-8 JSON with ``Decimal`` as plain numbers (no exponent, no float).

    Raises:
        JsonError: a value that has no exact JSON form (float, NaN, a foreign type).
    """
    return _text(value, 0).encode()


def load(raw: bytes | str) -> Any:
    """Parse JSON; numbers with a fraction or exponent become ``Decimal``, the rest ``int``.

    An escaped NUL is left out of a text: PostgreSQL keeps none, neither in text nor in ``jsonb``, and one
    record that cannot be kept would stop those that came with it.

    Raises:
        JsonError: not JSON, not UTF-8, NaN or Infinity, absurdly deep or long numbers.
    """
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
        if "\\u0000" in text:
            text = _NUL.sub(r"\1", text)
        value = json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse_constant
        )
    except JsonError:
        raise
    except (ValueError, RecursionError) as fault:
        raise JsonError(f"not JSON ({type(fault).__name__})") from None
    if isinstance(value, dict | list) and _deep(value):
        raise JsonError("nested too deep")
    return value


def _integer(text: str) -> int:
    if len(text) > 40:
        raise JsonError("a number with more than 40 digits")
    return int(text)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not -60 < number.adjusted() < 60:
        raise JsonError("a number outside any amount")
    return number


def _refuse_constant(name: str) -> Any:
    raise JsonError(f"{name} is not a number")


def _deep(value: list[Any] | dict[str, Any]) -> bool:
    """Whether arrays and objects nest deeper than we accept; level by level, it is run for every answer."""
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            v
            for one in level
            for v in (one.values() if isinstance(one, dict) else one)
            if isinstance(v, dict | list)
        ]
        if not level:
            return False
    return True


def _text(value: Any, level: int) -> str:
    """One value as text; the exact kinds first, this is run for every record that passes."""
    scalar = _SCALARS.get(type(value))
    return scalar(value) if scalar is not None else _foreign(value, level)


def _foreign(value: Any, level: int) -> str:
    """Objects, arrays and values of a subclass."""
    if level > DEEPEST:
        raise JsonError("nested too deep")
    if isinstance(value, Mapping):
        inside = [f"{encode_basestring(str(k))}:{_text(v, level + 1)}" for k, v in value.items()]
        return "{" + ",".join(inside) + "}"
    for kind in (str, Decimal, int):
        if isinstance(value, kind):
            return _SCALARS[kind](value)
    if isinstance(value, Sequence):
        return "[" + ",".join([_text(v, level + 1) for v in value]) + "]"
    raise JsonError(f"{type(value).__name__} has no exact JSON form")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise JsonError(f"{value} is not a number")
    return format(value, "f")


_SCALARS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    Decimal: _number,
    int: int.__repr__,
}


def plain(value: Any) -> Any:
    """The value as a JSON column holds it: numbers with a fraction as text, whole ones as ``int``.

    The same as writing it and reading it back with fractions kept as text.

    Raises:
        JsonError: a value that has no exact JSON form.
    """
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is dict:
        # Nine of ten values are leaves: looked at here, they cost no call.
        return {str(k): v if type(v) in _AS_IT_IS else plain(v) for k, v in value.items()}
    return _plain_foreign(value)


_AS_IT_IS = frozenset({str, type(None), bool, int})


def _plain_foreign(value: Any) -> Any:
    """Numbers with a fraction, arrays, and values of a subclass."""
    if isinstance(value, Decimal):
        text = _number(value)
        return text if "." in text else int(text)
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [plain(v) for v in value]
    raise JsonError(f"{type(value).__name__} has no exact JSON form")
