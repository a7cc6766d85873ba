"""What expressions compute: plain functions on exact values, shared by every way of running.

Blank is ``None`` or an empty text. A blank operand makes an arithmetic result blank (a missing
price never becomes 0); aggregates skip blanks; texts join blanks as nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

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
        raise FieldFault(f"“{short(value)}” is not a number.", value=short(value))
    raise FieldFault("A number is expected here.", value=short(str(value)))


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
    raise FieldFault(f"“{short(str(value))}” is neither yes nor no.", value=short(str(value)))


def short(value: str) -> str:
    """A value as it is shown inside a sentence."""
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
        raise FieldFault(f"“{short(value)}” is not a date (YYYY-MM-DD).", value=short(value))
    raise FieldFault("A date is expected here.")


def date_of(value: Any) -> dt.date | None:
    """The value as a date; None for blank."""
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
