"""The functions people write, on exact values; see ``engine.mapping.functions`` for their words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from engine.canon.money import MAX_PLACES, round_half_up
from engine.mapping.runtime import (
    D,
    FieldFault,
    blank,
    date_of,
    less,
    more,
    number,
    short,
    text,
    whole,
)

MAX_RESULT = 32_767


def round_to(value: Any, places: Any = 0) -> Decimal | None:
    """ROUND."""
    found, digits = number(value), whole(places)
    if found is None:
        return None
    if digits is None or not 0 <= digits <= MAX_PLACES:
        raise FieldFault(f"ROUND takes 0 to {MAX_PLACES} digits.")
    return round_half_up(found, digits)


def absolute(value: Any) -> Decimal | None:
    """ABS."""
    found = number(value)
    return None if found is None else abs(found)


def integer(value: Any) -> Decimal | None:
    """INT: cut at the point towards zero."""
    found = number(value)
    return None if found is None else D(int(found))


def concat(*parts: Any) -> str:
    """CONCAT."""
    return "".join([text(p) for p in parts])


def left(value: Any, count: Any = 1) -> str:
    """LEFT."""
    return text(value)[: max(whole(count) or 0, 0)]


def right(value: Any, count: Any = 1) -> str:
    """RIGHT."""
    length = max(whole(count) or 0, 0)
    return text(value)[-length:] if length else ""


def mid(value: Any, start: Any, count: Any) -> str:
    """MID; the first character is number 1."""
    first = max((whole(start) or 1) - 1, 0)
    return text(value)[first : first + max(whole(count) or 0, 0)]


def trim(value: Any) -> str:
    """TRIM: blanks at both ends."""
    return text(value).strip()


def upper(value: Any) -> str:
    """UPPER."""
    return text(value).upper()


def lower(value: Any) -> str:
    """LOWER."""
    return text(value).lower()


def length(value: Any) -> Decimal:
    """LEN."""
    return D(len(text(value)))


def substitute(value: Any, old: Any, new: Any) -> str:
    """SUBSTITUTE: every ``old`` becomes ``new``."""
    whole_text, piece = text(value), text(old)
    if not piece:
        return whole_text
    found = whole_text.replace(piece, text(new))
    if len(found) > MAX_RESULT:
        raise FieldFault(f"The text becomes longer than {MAX_RESULT} characters.")
    return found


def split(value: Any, separator: Any, position: Any) -> str:
    """SPLIT: the part at ``position`` (from 1; negative from the end), or nothing."""
    parts = text(value).split(text(separator) or " ")
    index = whole(position) or 1
    index = index - 1 if index > 0 else len(parts) + index
    return parts[index].strip() if 0 <= index < len(parts) else ""


def strip_zeros(value: Any) -> str:
    """STRIPZEROS: a key without its leading zeros; keys with letters stay as they are."""
    plain = text(value).strip()
    return (plain.lstrip("0") or "0") if plain.isdigit() else plain


def pad(value: Any, count: Any, sign: Any = "0") -> str:
    """PAD: filled on the left to a length."""
    size = min(max(whole(count) or 0, 0), 255)
    plain = text(value)
    return plain.rjust(size, (text(sign) or " ")[0]) if plain else ""


def make_date(year: Any, month: Any, day_number: Any) -> str:
    """DATE."""
    y, m, d = whole(year), whole(month), whole(day_number)
    if y is None or m is None or d is None:
        return ""
    try:
        return dt.date(y, m, d).isoformat()
    except (ValueError, OverflowError):
        raise FieldFault(f"{y}-{m}-{d} is not a date.") from None


@lru_cache(maxsize=20_000, typed=True)
def add_days(value: Any, days: Any) -> str:
    """ADDDAYS; few dates and terms make most documents, so answers are kept."""
    start, count = date_of(value), whole(days)
    if start is None or count is None:
        return ""
    try:
        return (start + dt.timedelta(days=count)).isoformat()
    except OverflowError:
        raise FieldFault("The date is out of range.") from None


def days_between(first: Any, last: Any) -> Decimal | None:
    """DAYS from the first date to the last."""
    a, b = date_of(first), date_of(last)
    return None if a is None or b is None else D((b - a).days)


def end_of_month(value: Any) -> str:
    """ENDOFMONTH."""
    found = date_of(value)
    if found is None:
        return ""
    after = dt.date(found.year + found.month // 12, found.month % 12 + 1, 1)
    return (after - dt.timedelta(days=1)).isoformat()


def year(value: Any) -> Decimal | None:
    """YEAR."""
    found = date_of(value)
    return None if found is None else D(found.year)


def month(value: Any) -> Decimal | None:
    """MONTH."""
    found = date_of(value)
    return None if found is None else D(found.month)


def day_of(value: Any) -> Decimal | None:
    """DAY."""
    found = date_of(value)
    return None if found is None else D(found.day)


_PARTS = (("YYYY", "%Y"), ("MMM", "%b"), ("MM", "%m"), ("DD", "%d"), ("YY", "%y"))


def format_date(value: Any, shape: Any) -> str:
    """FORMATDATE with YYYY, YY, MMM, MM, DD."""
    found = date_of(value)
    if found is None:
        return ""
    pattern = text(shape).replace("%", "%%")
    for word, code in _PARTS:
        pattern = pattern.replace(word, code)
    return found.strftime(pattern)


def read_date(value: Any, shape: Any = "YYYY-MM-DD") -> str:
    """TODATE: reads a date written as ``shape`` says."""
    plain = text(value).strip()
    if not plain:
        return ""
    pattern = text(shape).replace("%", "%%")
    for word, code in _PARTS:
        pattern = pattern.replace(word, code)
    try:
        return dt.datetime.strptime(plain, pattern).date().isoformat()  # noqa: DTZ007 - no clock
    except ValueError:
        raise FieldFault(f"“{short(plain)}” is not a date like {text(shape)}.") from None


def fixed(value: Any, places: Any = 2) -> str:
    """FIXED: a number as text with so many digits after the point."""
    found = round_to(value, places)
    return "" if found is None else format(found, "f")


def largest(*values: Any) -> Any:
    """MAX of what is not blank."""
    return _pick(values, more)


def smallest(*values: Any) -> Any:
    """MIN of what is not blank."""
    return _pick(values, less)


def _pick(values: tuple[Any, ...], wins: Callable[[Any, Any], bool]) -> Any:
    best = None
    for value in values:
        if not blank(value) and (best is None or wins(value, best)):
            best = value
    return best


def contains(value: Any, piece: Any) -> bool:
    """CONTAINS: whether the text has the piece in it, without regard to case."""
    return text(piece).lower() in text(value).lower()
