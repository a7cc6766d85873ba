"""JSON in and out without ever passing money through a float."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

DEEPEST = 60
"""Nesting beyond this is an attack or a bug, in either direction."""


_WORDS = {None: "null", True: "true", False: "false"}


class JsonError(ValueError):
    """The text is not JSON as we accept it; the message never repeats the text."""


def dump(value: Any) -> bytes:
    """UTF-8 JSON with ``Decimal`` as plain numbers (no exponent, no float).

    Raises:
        JsonError: a value that has no exact JSON form (float, NaN, a foreign type).
    """
    parts: list[str] = []
    _write(value, parts, 0)
    return "".join(parts).encode()


def load(raw: bytes | str) -> Any:
    """Parse JSON; numbers with a fraction or exponent become ``Decimal``, the rest ``int``.

    Raises:
        JsonError: not JSON, not UTF-8, NaN or Infinity, absurdly deep or long numbers.
    """
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
        value = json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse_constant
        )
    except JsonError:
        raise
    except (ValueError, RecursionError) as fault:
        raise JsonError(f"not JSON ({type(fault).__name__})") from None
    if isinstance(value, dict | list) and _depth(value, 0) > DEEPEST:
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


def _depth(value: Any, level: int) -> int:
    if level > DEEPEST:
        return level
    inside = value.values() if isinstance(value, dict) else value
    return max(
        (_depth(v, level + 1) for v in inside if isinstance(v, dict | list)),
        default=level + 1 if inside else level,
    )


def _write(value: Any, parts: list[str], level: int) -> None:
    if level > DEEPEST:
        raise JsonError("nested too deep")
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise JsonError(f"{value} is not a number")
        parts.append(format(value, "f"))
    elif value is None or isinstance(value, bool):
        parts.append(_WORDS[value])
    elif isinstance(value, int):
        parts.append(int.__repr__(value))
    elif isinstance(value, Mapping):
        _write_object(value, parts, level)
    elif isinstance(value, Sequence):
        _write_array(value, parts, level)
    else:
        raise JsonError(f"{type(value).__name__} has no exact JSON form")


def _write_object(value: Mapping[str, Any], parts: list[str], level: int) -> None:
    parts.append("{")
    for n, (name, inner) in enumerate(value.items()):
        parts.append(("," if n else "") + encode_basestring(str(name)) + ":")
        _write(inner, parts, level + 1)
    parts.append("}")


def _write_array(value: Sequence[Any], parts: list[str], level: int) -> None:
    parts.append("[")
    for n, inner in enumerate(value):
        if n:
            parts.append(",")
        _write(inner, parts, level + 1)
    parts.append("]")
