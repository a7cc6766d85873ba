"""What expressions compute: plain functions on exact values, shared by every way of running.

Blank is ``None`` or an empty text. A blank operand makes an arithmetic result blank (a missing
price never becomes 0); aggregates skip blanks; texts join blanks as nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from engine.canon.money import MAX_PLACES, QUANTA, round_half_up
from engine.errors import CaseClass

MAX_RESULT = 32_767
D = Decimal


class FieldFault(Exception):
    """A value that cannot be made; becomes an Issue of its field.

    ``case_class`` and ``evidence`` travel into the issue.
    """

    def __init__(
        self,
        sentence: str,
        code: str = "value",
        case_class: CaseClass = CaseClass.VALUE,
        /,
        **evidence: Any,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.case_class = case_class
        self.evidence = evidence


def blank(value: Any) -> bool:
    """Whether there is nothing in it: None, empty text, empty list."""
    return value is None or value == "" or (value.__class__ is list and not value)


def number(value: Any) -> Decimal | None:
    """The value as an exact number; blank stays blank.

    Raises:
        FieldFault: a text that is not a number, or no scalar at all.
    """
    if value.__class__ is D:
        if not value.is_finite():
            raise FieldFault("A value is not a number.", value=str(value))
        return value
    if value is None:
        return None
    if value.__class__ is int:
        return D(value)
    if value.__class__ is str:
        plain = value.strip()
        if not plain:
            return None
        if len(plain) <= 40 and plain.lower().find("e") < 0:
            try:
                found = D(plain)
            except InvalidOperation:
                found = D("NaN")
            if found.is_finite():
                return found
        raise FieldFault(f"“{_short(value)}” is not a number.", value=_short(value))
    raise FieldFault("A number is expected here.", value=_short(str(value)))


def whole(value: Any) -> int | None:
    """The value as a whole number, cut at the point."""
    found = value if value.__class__ is D and value.is_finite() else number(value)
    if found is None:
        return None
    if abs(found) > 10**18:
        raise FieldFault("The number is too large.", value=str(found))
    return int(found)


def text(value: Any) -> str:
    """The value as text; numbers without exponent, blank as nothing."""
    if value.__class__ is str:
        return value
    if value is None:
        return ""
    if value.__class__ is bool:
        return "TRUE" if value else "FALSE"
    if value.__class__ is int:
        return str(value)
    if value.__class__ is D:
        return format(value, "f")
    raise FieldFault("A text is expected here.")


def truth(value: Any) -> bool:
    """The value as a condition; blank is false, ``Y``, ``YES``, ``TRUE`` and ``1`` are true."""
    if value.__class__ is bool:
        return value
    if value is None:
        return False
    if value.__class__ is int or value.__class__ is D:
        return bool(value)
    if value.__class__ is str:
        word = value.strip().upper()
        if word in ("Y", "YES", "TRUE", "1"):
            return True
        if word in ("", "N", "NO", "FALSE", "0"):
            return False
    raise FieldFault(f"“{_short(str(value))}” is neither yes nor no.", value=_short(str(value)))


def _short(value: str) -> str:
    return value if len(value) <= 60 else value[:57] + "…"


def day(value: Any) -> str:
    """The value as an ISO date; times lose their clock part; blank stays blank."""
    if value is None or value == "":
        return ""
    if value.__class__ is str:
        plain = value.strip()
        for shape in (plain[:10], plain):
            try:
                return dt.date.fromisoformat(shape).isoformat()
            except ValueError:
                continue
        raise FieldFault(f"“{_short(value)}” is not a date (YYYY-MM-DD).", value=_short(value))
    raise FieldFault("A date is expected here.")


def _date(value: Any) -> dt.date | None:
    if value.__class__ is str and len(value) == 10:
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    found = day(value)
    return dt.date.fromisoformat(found) if found else None


# Arithmetic -------------------------------------------------------------------------------------


def add(left: Any, right: Any) -> Decimal | None:
    """Sum; blank if one side is blank."""
    a, b = number(left), number(right)
    return None if a is None or b is None else a + b


def subtract(left: Any, right: Any) -> Decimal | None:
    """Difference; blank if one side is blank."""
    a, b = number(left), number(right)
    return None if a is None or b is None else a - b


def multiply(left: Any, right: Any) -> Decimal | None:
    """Product; blank if one side is blank."""
    a, b = number(left), number(right)
    return None if a is None or b is None else a * b


def divide(left: Any, right: Any) -> Decimal | None:
    """Quotient; blank if one side is blank."""
    a, b = number(left), number(right)
    if a is None or b is None:
        return None
    if not b:
        raise FieldFault("Division by zero.", "zero")
    return a / b


def negative(value: Any) -> Decimal | None:
    """Minus the value."""
    found = number(value)
    return None if found is None else -found


def join(left: Any, right: Any) -> str:
    """Both as one text."""
    return text(left) + text(right)


def equal(left: Any, right: Any) -> bool:
    """Whether both say the same; blank equals blank, a number equals a text of the same number."""
    if left.__class__ is right.__class__ or left is None or right is None:
        return bool(left == right) or (blank(left) and blank(right))
    if left.__class__ is bool or right.__class__ is bool:
        return truth(left) is truth(right)
    if {left.__class__, right.__class__} <= {int, D}:
        return bool(left == right)
    try:
        return number(left) == number(right)
    except FieldFault:
        return False


def unequal(left: Any, right: Any) -> bool:
    """The opposite of ``equal``."""
    return not equal(left, right)


def _order(left: Any, right: Any, test: Callable[[Any, Any], bool]) -> bool:
    if blank(left) or blank(right):
        return False
    if left.__class__ is str and right.__class__ is str:
        return test(left, right)
    a, b = number(left), number(right)
    return a is not None and b is not None and test(a, b)


def less(left: Any, right: Any) -> bool:
    """Left before right; false where one is blank. Dates compare as dates."""
    return _order(left, right, lambda a, b: a < b)


def at_most(left: Any, right: Any) -> bool:
    """Left before or equal to right; false where one is blank."""
    return _order(left, right, lambda a, b: a <= b)


def more(left: Any, right: Any) -> bool:
    """Left after right; false where one is blank."""
    return _order(left, right, lambda a, b: a > b)


def at_least(left: Any, right: Any) -> bool:
    """Left after or equal to right; false where one is blank."""
    return _order(left, right, lambda a, b: a >= b)


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "&": join,
    "=": equal,
    "<>": unequal,
    "<": less,
    "<=": at_most,
    ">": more,
    ">=": at_least,
}


# Functions --------------------------------------------------------------------------------------


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
    start, count = _date(value), whole(days)
    if start is None or count is None:
        return ""
    try:
        return (start + dt.timedelta(days=count)).isoformat()
    except OverflowError:
        raise FieldFault("The date is out of range.") from None


def days_between(first: Any, last: Any) -> Decimal | None:
    """DAYS from the first date to the last."""
    a, b = _date(first), _date(last)
    return None if a is None or b is None else D((b - a).days)


def end_of_month(value: Any) -> str:
    """ENDOFMONTH."""
    found = _date(value)
    if found is None:
        return ""
    after = dt.date(found.year + found.month // 12, found.month % 12 + 1, 1)
    return (after - dt.timedelta(days=1)).isoformat()


def year(value: Any) -> Decimal | None:
    """YEAR."""
    found = _date(value)
    return None if found is None else D(found.year)


def month(value: Any) -> Decimal | None:
    """MONTH."""
    found = _date(value)
    return None if found is None else D(found.month)


def day_of(value: Any) -> Decimal | None:
    """DAY."""
    found = _date(value)
    return None if found is None else D(found.day)


_PARTS = (("YYYY", "%Y"), ("MMM", "%b"), ("MM", "%m"), ("DD", "%d"), ("YY", "%y"))


def format_date(value: Any, shape: Any) -> str:
    """FORMATDATE with YYYY, YY, MMM, MM, DD."""
    found = _date(value)
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
        raise FieldFault(f"“{_short(plain)}” is not a date like {text(shape)}.") from None


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


KNOWN_DAYS: set[str] = set()
"""Texts that were found to be ISO dates; bounded, because days repeat and parsing costs."""
_MOST_DAYS = 50_000


def keep_day(value: Any) -> str | None:
    """The day for a date target; remembered so that the next one is a set look-up."""
    found = day(value)
    if found and len(KNOWN_DAYS) < _MOST_DAYS:
        KNOWN_DAYS.add(found)
    return found or None


# Targets ----------------------------------------------------------------------------------------


def fit_text(value: Any, limit: int | None, *, cut: bool = False) -> str:
    """The text for a target field of ``limit`` characters."""
    found = text(value)
    if limit is not None and len(found) > limit:
        if cut:
            return found[:limit]
        raise FieldFault(
            f"“{_short(found)}” has {len(found)} characters, {limit} are allowed.",
            "too_long",
            length=len(found),
            limit=limit,
        )
    return found


def fit_number(value: Any, places: int | None, *, cut: bool = False) -> Decimal | None:
    """The number for a target field with ``places`` digits after the point."""
    found = number(value)
    if found is None or places is None:
        return found
    rounded = found.quantize(QUANTA[min(places, MAX_PLACES)], ROUND_HALF_UP)
    if rounded != found and not cut:
        raise FieldFault(
            f"{text(found)} has more than {places} digits after the point.",
            "too_precise",
            limit=places,
        )
    return rounded if cut else found


def fit_whole(value: Any, *, cut: bool = False) -> int | None:
    """The whole number for an integer target."""
    found = number(value)
    if found is None:
        return None
    if found != found.to_integral_value() and not cut:
        raise FieldFault(f"{text(found)} is not a whole number.", "not_whole")
    return whole(found)


def fit_flag(value: Any) -> bool | None:
    """Yes or no for a boolean target; blank stays blank."""
    return None if blank(value) else truth(value)


def fit_enum(value: Any, allowed: frozenset[str]) -> str:
    """The code for a target with a fixed list."""
    found = text(value)
    if found and found not in allowed:
        listed = ", ".join(sorted(allowed)[:8])
        raise FieldFault(
            f"“{_short(found)}” is not allowed here; allowed: {listed}.", "not_in_list"
        )
    return found
