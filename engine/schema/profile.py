"""Value profiles: what a sample of values looks like, and the type it suggests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from engine.schema.model import FieldType, JsonValue, ValueProfile

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_FLAGS = {"y", "n", "yes", "no", "true", "false", "t", "f"}
SAMPLES = 10
PATTERNS = 5


def shape(value: str) -> str:
    """The shape of a text: letters as ``A``, digits as ``9``, runs shortened to two."""
    kinds = ["9" if c.isdigit() else "A" if c.isalpha() else c for c in value[:60]]
    out: list[str] = []
    for kind in kinds:
        if len(out) < 2 or kind not in "A9" or out[-1] != kind or out[-2] != kind:
            out.append(kind)
    return "".join(out)


def as_number(value: str) -> Decimal | None:
    """The number a text holds, or None; thousands commas are allowed."""
    try:
        number = Decimal(value.replace(",", "").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _text(value: JsonValue) -> str:
    if value is None or isinstance(value, (dict, list)):
        return ""
    return str(value).strip()


def profile(values: Iterable[JsonValue], *, keep: int = SAMPLES) -> ValueProfile:
    """Profile a sample of values of one field.

    Args:
        values: one per record; nulls and blanks count as rows without a value.
        keep: how many different samples to keep.

    Returns:
        Counts, most frequent samples and shapes, range (numbers by value, else text), longest.
    """
    texts = [_text(v) for v in values]
    filled = [t for t in texts if t]
    counted = Counter(filled)
    numbers = [n for n in map(as_number, counted) if n is not None]
    low = high = ""
    if numbers and len(numbers) == len(counted):
        low, high = str(min(numbers)), str(max(numbers))
    elif counted:
        low, high = min(counted)[:60], max(counted)[:60]
    return ValueProfile(
        rows=len(texts),
        filled=len(filled),
        distinct=len(counted),
        samples=tuple(v for v, _ in counted.most_common(keep)),
        patterns=tuple(s for s, _ in Counter(map(shape, filled)).most_common(PATTERNS)),
        low=low,
        high=high,
        longest=max(map(len, filled), default=0),
    )


def guess_type(values: Iterable[JsonValue]) -> FieldType:
    """The type a sample suggests; text when unsure or empty."""
    texts = {t for t in map(_text, values) if t}
    if not texts:
        return FieldType.STRING
    if all(t.lower() in _FLAGS for t in texts):
        return FieldType.BOOLEAN
    if all(_TIME.match(t) for t in texts):
        return FieldType.DATETIME
    if all(_DATE.fullmatch(t) for t in texts):
        return FieldType.DATE
    numbers = [as_number(t) for t in texts]
    if all(n is not None for n in numbers):
        whole = all(n == n.to_integral_value() and "." not in str(n) for n in numbers if n)
        # a code such as 00123 is text although it reads as a number
        if any(len(t) > 1 and t[0] == "0" and t.isdigit() for t in texts):
            return FieldType.STRING
        return FieldType.INTEGER if whole else FieldType.DECIMAL
    return FieldType.STRING


def is_iso_date(value: str) -> bool:
    """Whether the text is a real ``YYYY-MM-DD`` day."""
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return len(value) == 10
