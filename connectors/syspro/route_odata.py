"""Reading SYSPRO's OData 4.0 service: read only, basic authentication, one entity set per table (1.5).

The layout of its addresses and the names of entity sets are not published (reference 8.6): the base
address is a setting and ends where a table's name is appended.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.config import ConnectionConfig, Services
from connectors.http.client import ApiClient
from connectors.http.jsontext import JsonError, load
from connectors.syspro import resolution
from connectors.syspro.facts import Column
from connectors.syspro.routes import Test, Wanted, digits
from connectors.syspro.xml import Node
from engine.errors import RecordMissing, RemoteRejected, SurpriseAnswer
from engine.schema.model import FieldType

STAMP = "TimeStamp"
_OPERATORS = {"EQ": "eq", "NE": "ne", "GT": "gt", "GE": "ge", "LT": "lt", "LE": "le"}


class ODataRoute:
    """Implements ``Route`` over HTTPS.

    Settings: ``odata_url`` (up to the entity sets), ``operator``; secret ``operator_password``.
    """

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        operator = config.setting("operator")
        pair = f"{operator}:{config.secret('operator_password')}".encode()
        self._http = ApiClient(
            "syspro",
            config.setting("odata_url").rstrip("/"),
            resolve=resolution.TABLE,
            budget=services.budget,
            transport=services.transport,
            evidence=services.evidence,
            clock=services.clock,
            headers={
                "Accept": "application/json",
                "Authorization": "Basic " + base64.b64encode(pair).decode(),
            },
        )

    def close(self) -> None:
        """Close pooled sockets."""
        self._http.close()

    def rows(self, wanted: Wanted, known: Mapping[str, Column]) -> list[Node]:
        """See ``Route``."""
        call = f"read {wanted.table} by OData"
        made: list[Node] = []
        while len(made) < wanted.limit:
            # Pages are asked for by $skip: a next link would carry the server's own host name.
            asked = {**query(wanted, known), "$skip": str(len(made))}
            asked["$top"] = str(wanted.limit - len(made))
            found = self._page(wanted.table, asked, call)
            made += [_row(one, known) for one in found]
            if not found:
                break
        return made[: wanted.limit]

    def _page(self, table: str, asked: dict[str, str], call: str) -> list[dict[str, Any]]:
        try:
            answer = self._http.send("GET", f"/{table}", call=call, safe=True, params=asked)
            body = load(answer.content)
            rows = body["value"]
        except RecordMissing as fault:
            raise RemoteRejected(
                system="syspro", call=call, detail=f"Table {table} not found."
            ) from fault
        except (JsonError, KeyError, TypeError):
            raise SurpriseAnswer(
                system="syspro", call=call, field="value", expected="a list of rows"
            ) from None
        return list(rows)


def query(wanted: Wanted, known: Mapping[str, Column]) -> dict[str, str]:
    """The system query options of a request."""
    made = {}
    if wanted.tests:
        groups = [
            " and ".join(_condition(t, known.get(t.column)) for t in group)
            for group in wanted.groups()
        ]
        made["$filter"] = " or ".join(f"({g})" if len(groups) > 1 else g for g in groups)
    if wanted.order:
        made["$orderby"] = ",".join(wanted.order)
    if wanted.columns:
        made["$select"] = ",".join(wanted.columns)
    return made


def _condition(test: Test, known: Column | None) -> str:
    return f"{test.column} {_OPERATORS[test.op]} {_literal(test, known)}"


def _literal(test: Test, known: Column | None) -> str:
    if test.column == STAMP:
        digits = test.value.lower().removeprefix("0x") or "0"
        raw = int(digits, 16).to_bytes(8, "big")
        return f"binary'{base64.urlsafe_b64encode(raw).decode()}'"
    kind = known.type if known is not None else FieldType.STRING
    if kind in (FieldType.INTEGER, FieldType.DECIMAL):
        return test.value
    if kind is FieldType.DATE:
        return f"{test.value[:10]}T00:00:00Z"
    return "'" + test.value.replace("'", "''") + "'"


def _row(values: dict[str, Any], known: Mapping[str, Column]) -> Node:
    cells = (Node(n, _text(n, v, known.get(n))) for n, v in values.items() if not n.startswith("@"))
    return Node("Row", children=tuple(cells))


def _text(name: str, value: Any, column: Column | None) -> str:
    if value is None:
        return ""
    if name == STAMP:
        return "0x" + base64.b64decode(str(value) + "==", altchars=b"-_").hex().upper()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return digits(Decimal(value), column)
    return str(value).strip()
