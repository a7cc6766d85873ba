"""SYSPRO's OData 4.0 service: read only, basic authentication, tables of one company (1.5).

Addresses and names of entity sets are invented: ``/SYSPROOData/<company>/<table>``; the real layout
is not published (reference 8.6).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any

from connectors.emulation.wsgi import Request, Response
from connectors.syspro.emulator.answers import BusinessError
from connectors.syspro.emulator.context import Context, Operator
from connectors.syspro.emulator.generic import Condition, comparable, ordered
from connectors.syspro.emulator.sessions import OPERATORS
from connectors.syspro.emulator.tables import Row
from connectors.syspro.facts import Column, Table
from engine.schema.model import FieldType

PREFIX = "/SYSPROOData"
MOST = 5000
"""Rows of one page; more are reached with ``$skip``."""

_TOKEN = re.compile(r"\s*([()]|(?:binary)?'(?:[^']|'')*'|[^\s()']+)")
_OPERATORS = ("eq", "ne", "gt", "ge", "lt", "le")


class BadQueryError(Exception):
    """A system query option that cannot be read."""


def answer(request: Request, context: Callable[[Operator], Context | None]) -> Response:
    """One entity set.

    Args:
        request: ``params`` holds ``table``.
        context: the company's tables as an operator sees them; None for an unknown company.
    """
    operator = _operator(request.header("authorization"))
    if operator is None:
        return Response(401, b"", {"WWW-Authenticate": 'Basic realm="SYSPRO"'})
    ctx = context(operator)
    if ctx is None:
        return _refused("Company not found", 404)
    try:
        table = ctx.table(request.params["table"])
    except BusinessError as error:
        return _refused(error.words, 404)
    try:
        rows = _rows(ctx, table, request)
    except BusinessError as error:
        return _refused(error.words, 403 if "denied" in error.words else 400)
    except (BadQueryError, ValueError) as error:
        return _refused(str(error), 400)
    return Response.json({"@odata.context": f"$metadata#{table.name}", "value": rows})


def _refused(words: str, status: int) -> Response:
    return Response.json({"error": {"code": "", "message": words}}, status)


def _operator(header: str) -> Operator | None:
    kind, _, coded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        code, _, password = base64.b64decode(coded).decode().partition(":")
    except ValueError:
        return None
    return next((o for o in OPERATORS if o.code == code.upper() and o.password == password), None)


def _rows(ctx: Context, table: Table, request: Request) -> list[dict[str, Any]]:
    tests = _tests(ctx, table, request.arg("$filter"))
    order, down = _order(ctx, table, request.arg("$orderby"))
    names = [n.strip() for n in request.arg("$select").split(",") if n.strip()]
    columns = [ctx.column(table.name, n) for n in names] or ctx.columns(table.name)
    found = ordered(ctx, table, tests, order)
    if down:
        found = reversed(list(found))
    skip, top = int(request.arg("$skip") or 0), int(request.arg("$top") or MOST)
    page = islice(found, skip, skip + min(top, MOST))
    return [{c.name: _value(c, row) for c in columns} for row in page]


def _value(column: Column, row: Row) -> Any:
    value = row.get(column.name)
    if column.name == "TimeStamp":
        return base64.b64encode(int(str(value or 0)).to_bytes(8, "big")).decode()
    if column.type is FieldType.DECIMAL:
        return Decimal(str(value or 0))
    if column.type is FieldType.INTEGER:
        return int(str(value or 0))
    if column.type is FieldType.DATE:
        return f"{value}T00:00:00Z" if value else None
    return str(value or "")


def _order(ctx: Context, table: Table, text: str) -> tuple[list[Column], bool]:
    """Columns, and whether all of them go down."""
    columns, directions = [], set()
    for part in filter(None, (p.split() for p in text.split(","))):
        columns.append(ctx.column(table.name, part[0]))
        directions.add(part[1].lower() if len(part) > 1 else "asc")
    if len(directions) > 1 or directions - {"asc", "desc"}:
        raise BadQueryError("$orderby: all columns up or all down")
    return columns, directions == {"desc"}


def _tests(ctx: Context, table: Table, text: str) -> list[Condition]:
    """A ``$filter`` as the conditions of a Where tree."""
    made: list[Condition] = []
    opens, word = 0, "And"
    tokens = _TOKEN.findall(text)
    while tokens:
        token = tokens.pop(0)
        if token == "(":  # noqa: S105 - a bracket
            opens += 1
        elif token == ")" and made:  # noqa: S105 - a bracket
            made[-1] = replace(made[-1], closes=made[-1].closes + 1)
        elif token in ("and", "or") and made:
            word = token.capitalize()
        elif len(tokens) >= 2 and tokens[0] in _OPERATORS:
            column = ctx.column(table.name, token)
            op, value = tokens.pop(0).upper(), comparable(column, _literal(tokens.pop(0)))
            made.append(Condition(column, op, value, word, opens, 0))
            opens = 0
        else:
            raise BadQueryError(f"$filter: syntax error near '{token}'")
    return made


def _literal(text: str) -> str:
    if text.startswith("binary'"):
        return "0x" + base64.urlsafe_b64decode(text[7:-1]).hex()
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return text[:10] if re.match(r"\d{4}-\d{2}-\d{2}T", text) else text
