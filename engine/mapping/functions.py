"""FUNCTIONS: every function a person may write, with its signature and the words shown to users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.mapping import calculations as c
from engine.mapping import runtime as r


class Kind(StrEnum):
    """The types of expressions."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "yes/no"
    DATE = "date"
    TIME = "time"
    BLANK = "blank"
    OBJECT = "object"
    ANY = "anything"


class Form(StrEnum):
    """How a function is evaluated.

    STRICT: arguments first. LAZY: only the branch that is needed. TABLE: reads the context.
    AGGREGATE: the first argument is taken for every element of a list.
    """

    STRICT = "strict"
    LAZY = "lazy"
    TABLE = "table"
    AGGREGATE = "aggregate"


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes:
        name: as written.
        takes: kinds of the arguments; the last repeats where ``repeats`` says so.
        gives: kind of the result; ANY means it follows the arguments.
        needs: how many arguments must be there.
        doc: one sentence for users.
        example: a use with its result.
        form: how it is evaluated.
        repeats: the last argument may come any number of times (at most 50).
        run: the implementation of a strict function.
    """

    name: str
    takes: tuple[Kind, ...]
    gives: Kind
    needs: int
    doc: str
    example: str
    form: Form = Form.STRICT
    repeats: bool = False
    run: Callable[..., Any] | None = None

    @property
    def most(self) -> int:
        """The greatest number of arguments."""
        return 50 if self.repeats else len(self.takes)

    def kind(self, index: int) -> Kind:
        """Kind of the argument at ``index``."""
        return self.takes[min(index, len(self.takes) - 1)] if self.takes else Kind.ANY


T, N, F, DAY, A = Kind.TEXT, Kind.NUMBER, Kind.FLAG, Kind.DATE, Kind.ANY
LAZY, TABLE, AGG = Form.LAZY, Form.TABLE, Form.AGGREGATE


def _strict(
    name: str, takes: tuple[Kind, ...], gives: Kind, needs: int, run: Callable[..., Any],
    doc: str, example: str,
) -> Function:  # fmt: skip
    return Function(name, takes, gives, needs, doc, example, Form.STRICT, False, run)  # noqa: FBT003


_LIST: tuple[Function, ...] = (
    Function("IF", (F, A, A), A, 2, "One value or another, by a condition.",
             'IF(paid, "Receipt", "Invoice")', LAZY),
    Function("AND", (F,), F, 1, "True when all conditions are.", "AND(quantity > 0, NOT(paid))",
             LAZY, repeats=True),
    Function("OR", (F,), F, 1, "True when one condition is.",
             'OR(status = "8", status = "9")', LAZY, repeats=True),
    Function("NOT", (F,), F, 1, "The opposite of a condition.", "NOT(paid)", LAZY),
    Function("SWITCH", (A,), A, 3, "The value beside the first equal case; a last one alone is for all others.",
             'SWITCH(status, "8", "ready", "9", "done", "other")', LAZY, repeats=True),
    Function("COALESCE", (A,), A, 1, "The first value that is not blank.",
             "COALESCE(name, legal_name)", LAZY, repeats=True),
    Function("ISBLANK", (A,), F, 1, "Whether there is nothing in it.", "ISBLANK(due_date)", LAZY),
    Function("LOOKUP", (T, A, A), A, 2, "Translates a code by a lookup table; a third argument is used where the table has no row.",
             'LOOKUP("terms", terms, "Net 30")', TABLE),
    Function("LINK", (T, A), T, 2, "Key at the target of a customer, supplier, item, … by the approved links.",
             'LINK("customer", party)', TABLE),
    Function("CONVERT", (N, T, T), N, 3, "Quantity in stock units.",
             'CONVERT(2, "CASE", item) is 24 where a case holds 12', TABLE),
    Function("CONVERTPRICE", (N, T, T), N, 3, "Price per stock unit, so that quantity x price stays the same.",
             'CONVERTPRICE(24.00, "CASE", item) is 2.00 where a case holds 12', TABLE),
    Function("CONST", (T,), A, 1, "A constant of the mapping.", 'CONST("freight_item")', TABLE),
    Function("FACT", (T,), A, 1, "A fact about the company, such as its base currency.",
             'FACT("base_currency")', TABLE),
    Function("SUM", (N,), N, 1, "Sum over the lines.", "SUM(lines.net_amount)", AGG),
    Function("COUNT", (A,), N, 1, "Number of lines.", "COUNT(lines)", AGG),
    Function("AVERAGE", (N,), N, 1, "Mean over the lines.", "AVERAGE(lines.unit_price)", AGG),
    Function("FIRST", (A,), A, 1, "First value over the lines that is not blank.",
             "FIRST(lines.warehouse)", AGG),
    Function("LAST", (A,), A, 1, "Last value over the lines that is not blank.",
             "LAST(lines.warehouse)", AGG),
    Function("JOIN", (A, T), T, 1, "Values over the lines as one text, with a separator.",
             'JOIN(lines.description, ", ")', AGG),
    Function("FILTER", (A, F), A, 2, "Keeps the lines that meet a condition; stands inside SUM, COUNT, ….",
             'SUM(FILTER(lines.net_amount, lines.kind = "freight"))', AGG),
    Function("MIN", (A,), A, 1, "Smallest of the values, or over the lines.", "MIN(lines.ship_date)",
             AGG, repeats=True, run=c.smallest),
    Function("MAX", (A,), A, 1, "Largest of the values, or over the lines.", "MAX(0, balance)",
             AGG, repeats=True, run=c.largest),
    Function("CONCAT", (A,), T, 1, "Joins texts.", 'CONCAT("SO ", number)', repeats=True, run=c.concat),
    _strict("ROUND", (N, N), N, 1, c.round_to, "Rounds half up.", "ROUND(2.345, 2) is 2.35"),
    _strict("ABS", (N,), N, 1, c.absolute, "Without its sign.", "ABS(-5) is 5"),
    _strict("INT", (N,), N, 1, c.integer, "Cut at the point.", "INT(2.9) is 2"),
    _strict("NUMBER", (A,), N, 1, r.number, "Reads a text as a number.", 'NUMBER("12.50")'),
    _strict("TEXT", (A,), T, 1, r.text, "Writes a value as text.", "TEXT(12.50)"),
    _strict("FIXED", (N, N), T, 1, c.fixed, "A number as text with fixed digits.", "FIXED(2, 2) is 2.00"),
    _strict("LEFT", (T, N), T, 1, c.left, "The first characters.", 'LEFT("ABCDE", 3) is ABC'),
    _strict("RIGHT", (T, N), T, 1, c.right, "The last characters.", 'RIGHT("ABCDE", 2) is DE'),
    _strict("MID", (T, N, N), T, 3, c.mid, "Characters from a place on.", 'MID("ABCDE", 2, 3) is BCD'),
    _strict("TRIM", (T,), T, 1, c.trim, "Without blanks at both ends.", 'TRIM("  A ") is A'),
    _strict("UPPER", (T,), T, 1, c.upper, "In capitals.", 'UPPER("ab") is AB'),
    _strict("LOWER", (T,), T, 1, c.lower, "In small letters.", 'LOWER("AB") is ab'),
    _strict("LEN", (T,), N, 1, c.length, "Number of characters.", 'LEN("ABC") is 3'),
    _strict("SUBSTITUTE", (T, T, T), T, 3, c.substitute, "Replaces one text by another.",
            'SUBSTITUTE("A:B", ":", "-") is A-B'),
    _strict("SPLIT", (T, T, N), T, 3, c.split, "The part between separators; -1 is the last.",
            'SPLIT("Ann Smith", " ", -1) is Smith'),
    _strict("CONTAINS", (T, T), F, 2, c.contains, "Whether a text has another in it.",
            'CONTAINS(memo, "urgent")'),
    _strict("STRIPZEROS", (T,), T, 1, c.strip_zeros, "A numeric key without leading zeros.",
            'STRIPZEROS("000121") is 121'),
    _strict("PAD", (T, N, T), T, 2, c.pad, "Filled on the left.", 'PAD("121", 6) is 000121'),
    _strict("DATE", (N, N, N), DAY, 3, c.make_date, "A date from year, month, day.", "DATE(2026, 11, 21)"),
    _strict("TODATE", (T, T), DAY, 1, c.read_date, "Reads a text as a date.",
            'TODATE("21/11/2026", "DD/MM/YYYY")'),
    _strict("ADDDAYS", (DAY, N), DAY, 2, c.add_days, "A date some days later.", "ADDDAYS(date, 30)"),
    _strict("DAYS", (DAY, DAY), N, 2, c.days_between, "Days from one date to another.",
            "DAYS(date, due_date)"),
    _strict("ENDOFMONTH", (DAY,), DAY, 1, c.end_of_month, "The last day of the month.", "ENDOFMONTH(date)"),
    _strict("YEAR", (DAY,), N, 1, c.year, "The year.", "YEAR(date)"),
    _strict("MONTH", (DAY,), N, 1, c.month, "The month, 1 to 12.", "MONTH(date)"),
    _strict("DAY", (DAY,), N, 1, c.day_of, "The day of the month.", "DAY(date)"),
    _strict("FORMATDATE", (DAY, T), T, 2, c.format_date, "A date as text; YYYY, YY, MMM, MM, DD.",
            'FORMATDATE(date, "DD.MM.YYYY")'),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {f.name: f for f in _LIST}
"""Name -> function, in the order users see them."""

AGGREGATES = frozenset(f.name for f in _LIST if f.form is Form.AGGREGATE)
