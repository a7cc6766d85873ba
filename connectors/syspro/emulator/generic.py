"""The generic read objects: COMFND, COMFCH, COMFCM, COMBRW and the key walkers."""

from __future__ import annotations

import fnmatch
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from connectors.syspro.emulator.answers import BusinessError, Piece, document, tag
from connectors.syspro.emulator.context import Context
from connectors.syspro.emulator.keys import stored
from connectors.syspro.emulator.tables import Row, key_text
from connectors.syspro.facts import Column, Table
from connectors.syspro.xml import Node
from engine.schema.model import FieldType

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "NE": operator.ne,
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
    "LIKE": lambda a, b: fnmatch.fnmatchcase(str(a), str(b).replace("%", "*")),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One expression of a Where tree."""

    column: Column
    op: str
    value: Any
    word: str
    opens: int
    closes: int

    def holds(self, row: Row) -> bool:
        """Whether the row fulfils it."""
        return _COMPARE[self.op](comparable(self.column, row.get(self.column.name)), self.value)


def comparable(column: Column, value: object) -> Any:
    """A value in a form that compares as SQL Server would."""
    if column.name == "TimeStamp":
        text = str(value or 0)
        return int(text, 16) if text.lower().startswith("0x") else int(text)
    if column.type in (FieldType.DECIMAL, FieldType.INTEGER):
        try:
            return Decimal(str(value or 0).strip() or "0")
        except InvalidOperation:
            words = f"'{value}' not numeric"
            raise BusinessError("Value", str(value), 990023, words) from None
    return str(value or "")


def conditions(ctx: Context, table: Table, where: Node | None) -> list[Condition]:
    """The Where tree as a list."""
    made = []
    for one in where.all("Expression") if where else ():
        column = ctx.column(table.name, one.value("Column"))
        op = one.value("Condition", "EQ").upper()
        if op not in _COMPARE:
            raise BusinessError("Condition", op, 990024, f"Condition '{op}' invalid")
        made.append(
            Condition(
                column=column,
                op=op,
                value=comparable(column, one.value("Value")),
                word=one.value("AndOr", "And").capitalize(),
                opens=one.value("OpenBracket").count("("),
                closes=one.value("CloseBracket").count(")"),
            )
        )
    return made


def accepts(tests: list[Condition], row: Row) -> bool:
    """Evaluate the tree: brackets first, And before Or."""
    tokens: list[str | Condition] = []
    for n, one in enumerate(tests):
        tokens += [one.word] if n else []
        tokens += ["("] * one.opens + [one] + [")"] * one.closes
    return not tokens or _either(tokens, row)


def _either(tokens: list[str | Condition], row: Row) -> bool:
    result = _both(tokens, row)
    while tokens and tokens[0] == "Or":
        tokens.pop(0)
        following = _both(tokens, row)
        result = result or following
    return result


def _both(tokens: list[str | Condition], row: Row) -> bool:
    result = _one(tokens, row)
    while tokens and tokens[0] == "And":
        tokens.pop(0)
        following = _one(tokens, row)
        result = result and following
    return result


def _one(tokens: list[str | Condition], row: Row) -> bool:
    here = tokens.pop(0) if tokens else ""
    if isinstance(here, Condition):
        return here.holds(row)
    if here != "(":
        raise BusinessError("Where", "", 990025, "Brackets do not match")
    result = _either(tokens, row)
    if not tokens or tokens.pop(0) != ")":
        raise BusinessError("Where", "", 990025, "Brackets do not match")
    return result


def find(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """COMFND: rows of one table by a Where tree."""
    table = ctx.table(query.value("TableName"))
    columns = _columns(ctx, table, query)
    tests = conditions(ctx, table, query.first("Where"))
    order = [ctx.column(table.name, c.text) for n in query.all("OrderBy") for c in n.all("Column")]
    limit = int(query.value("ReturnRows") or 0) or 10_000
    rows = list(islice(ordered(ctx, table, tests, order), limit))
    head = (
        tag("TableName", table.name),
        tag("Columns", [tag("Column", c.name) for c in columns]),
        tag("OrderBy", [tag("Column", c.name) for c in order]),
    )
    body = [tag("Row", ctx.cells(table.name, row, columns)) for row in rows]
    return document(
        table.name.rstrip("+"),
        [tag("HeaderDetails", head), *body, tag("RowsReturned", str(len(rows)).rjust(8))],
    )


def _columns(ctx: Context, table: Table, query: Node) -> list[Column]:
    wanted = query.first("Columns")
    if query.value("AllColumns").upper() == "Y" or wanted is None or not wanted.children:
        return ctx.columns(table.name)
    return [ctx.column(table.name, c.text) for c in wanted.all("Column")]


def ordered(
    ctx: Context, table: Table, tests: list[Condition], order: list[Column]
) -> Iterator[Row]:
    """Rows that pass the tests, in the order of the columns."""
    rows, sorted_by = _candidates(ctx, table, tests, [c.name for c in order])
    passing = (row for row in rows if accepts(tests, row))
    if [c.name for c in order] == sorted_by[: len(order)]:
        return passing
    return iter(sorted(passing, key=lambda r: tuple(comparable(c, r.get(c.name)) for c in order)))


def _candidates(
    ctx: Context, table: Table, tests: list[Condition], order: list[str]
) -> tuple[Iterable[Row], list[str]]:
    """Rows that may pass, and the columns they come ordered by."""
    only_and = all(t.word == "And" for t in tests[1:])
    equal = [t for t in tests if t.op == "EQ"]
    for column in ctx.db.indexed(table.name):
        values = [str(t.value) for t in equal if t.column.name == column]
        if values and (only_and or len(values) == len(tests)):
            found = [r for v in dict.fromkeys(values) for r in ctx.db.where(table.name, column, v)]
            return found, []
    keys = list(table.keys)
    if order == ["TimeStamp"]:
        after = [t.value for t in tests if t.column.name == "TimeStamp" and t.op == "GT"]
        start = max(after) if after and only_and else -1
        return ctx.db.from_stamp(table.name, start), ["TimeStamp"]
    first = [t for t in tests if t.column.name == keys[0] and only_and]
    if any(t.op == "EQ" for t in first) and len(keys) == 1:
        row = ctx.db.get(table.name, next(t.value for t in first if t.op == "EQ"))
        return ([row] if row else []), keys
    by_first = [t for t in tests if t.op == "EQ" and t.column.name == keys[0]]
    if by_first and len(by_first) == len(tests):
        wanted = sorted({str(t.value) for t in by_first})
        return [r for v in wanted for r in ctx.db.with_first(table.name, v)], keys
    low = [t.value for t in first if t.op in ("GT", "GE", "EQ") and isinstance(t.value, str)]
    high = [t.value for t in first if t.op in ("LT", "LE", "EQ") and isinstance(t.value, str)]
    return ctx.db.from_key(table.name, max(low, default=""), min(high, default="")), keys


def fetch(ctx: Context, request: Node, _parameters: Node | None) -> str:
    """COMFCH: one row, all columns."""
    table, row = _fetched(ctx, request)
    return document(table.name.rstrip("+"), ctx.cells(table.name, row))


def fetch_many(ctx: Context, query: Node, _parameters: Node | None) -> str:
    """COMFCM: several rows in one answer."""
    made = []
    for one in query.all("Fetch"):
        try:
            table, row = _fetched(ctx, one)
        except BusinessError as error:
            made.append(error.wrapped())
            continue
        made.append(tag(table.name.rstrip("+"), ctx.cells(table.name, row)))
    return document("Query", made)


def _fetched(ctx: Context, request: Node) -> tuple[Table, Row]:
    table = ctx.table(request.value("TableName"))
    given = [
        request.value("Key"),
        *(request.value(f"OptionalKey{n}") for n in range(1, 13)),
    ]
    parts: list[object] = []
    for column, text in zip(table.keys, given, strict=False):
        known = table.column(column)
        whole = known is not None and known.type is FieldType.INTEGER
        parts.append(int(text or 0) if whole else stored(column, text))
    row = ctx.db.store.get(ctx.db.kind(table.name), key_text(parts))
    if row is None:
        words = f"{table.label} '{given[0]}' not found"
        raise BusinessError("Key", given[0], 990001, words)
    return table, row


def browse(ctx: Context, request: Node, _parameters: Node | None) -> str:
    """COMBRW: a page of a look-up window."""
    table = ctx.table(request.value("BrowseName"))
    many = int(request.value("ReturnRows") or 20)
    start = request.value("StartAtKey")
    condition = request.value("StartCondition", "GE").upper()
    rows = list(islice(ctx.db.from_key(table.name, stored(table.keys[0], start)), many + 2))
    if condition == "GR":
        rows = [r for r in rows if str(r[table.keys[0]]) != stored(table.keys[0], start)]
    columns = [c for c in ctx.columns(table.name) if c.core][:6]
    page, more = rows[:many], rows[many : many + 1]
    made = [tag("Row", [_col(c, row) for c in columns]) for row in page]
    ends = (
        tag("PrevKey", str(page[0][table.keys[0]]) if page else ""),
        tag("NextKey", str(more[0][table.keys[0]]) if more else ""),
        tag("Fwd", str(bool(more))),
        tag("Back", str(bool(start))),
    )
    header = [
        tag(
            "Header",
            [tag("Key", table.keys[0]), tag("KeyDescription", c.label), tag("Table", table.name)],
        )
        for c in columns
    ]
    parts = [
        tag("Title", table.label),
        *made,
        tag("NextPrevKey", ends),
        tag("HeaderDetails", header),
    ]
    return document(table.name, parts)


def _col(column: Column, row: Row) -> Piece:
    from connectors.syspro.emulator.context import cell

    numeric = column.type in (FieldType.DECIMAL, FieldType.INTEGER)
    return tag(
        "Col",
        (
            tag("Value", cell(column, row.get(column.name))),
            tag("DataType", "Numeric" if numeric else "AlphaNumeric"),
        ),
    )


def neighbour(ctx: Context, request: Node, _parameters: Node | None) -> str:
    """COMKEY: the next or previous key of a table."""
    table = ctx.table(request.value("TableName"))
    here = stored(table.keys[0], request.value("Key"))
    back = request.value("ReadDirection").upper().startswith("P")
    if back:
        before = [
            str(r[table.keys[0]])
            for r in ctx.db.from_key(table.name, "")
            if str(r[table.keys[0]]) < here
        ]
        found = before[-1] if before else ""
    else:
        later = (str(r[table.keys[0]]) for r in ctx.db.from_key(table.name, here))
        found = next((k for k in later if k > here), "")
    return document("Keys", [tag("TableName", table.name), tag("Key", found)])
