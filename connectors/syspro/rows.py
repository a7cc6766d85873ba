"""Finding rows with COMFND: one table, a Where tree, keyset pages (reference 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from connectors.syspro import translate
from connectors.syspro.client import EnetClient
from connectors.syspro.facts import Column, Table, by_name, tables
from connectors.syspro.forms import FormReader
from connectors.syspro.keys import KeyRules, kind_of
from connectors.syspro.routes import Route, Test, Wanted
from connectors.syspro.xml import Node, Value, write
from engine.errors import PermissionMissing, RecordMissing, RemoteRejected
from engine.schema.model import Record

CHUNK = 20
"""Keys asked for in one Where tree; keeps the address below the length limit."""
SPAN = 200
"""Numbers between the ends of a range that is asked for instead of single keys."""


def where(tests: Sequence[Test]) -> dict[str, list[dict[str, str]]]:
    """The Where element of a list of conditions, each in its own brackets."""
    return {
        "Expression": [
            {
                **({"AndOr": one.word} if n else {}),
                "OpenBracket": "(",
                "Column": one.column,
                "Condition": one.op,
                "Value": one.value,
                "CloseBracket": ")",
            }
            for n, one in enumerate(tests)
        ]
    }


def any_of(column: str, values: Iterable[str]) -> list[Test]:
    """``column`` is one of ``values``."""
    return [Test(column, "EQ", v, "Or") for v in values]


def near(values: Iterable[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Ranges of numbers of which at least every other one is wanted, and the values outside of them.

    Documents that change together mostly have numbers in a row, and one call finds a whole range where single
    keys take a call for every ``CHUNK``. Numbers of different width are never in one range: stored keys are
    compared as text.

    Args:
        values: distinct keys in stored form.

    Returns:
        first and last of each range, both wanted; the rest in the order given.
    """
    wanted = list(values)
    groups: list[list[str]] = []
    for value in sorted((v for v in wanted if v.isascii() and v.isdigit()), key=_in_order):
        mine = groups[-1] if groups else []
        width = int(value) - int(mine[0]) + 1 if mine else 0
        if mine and len(mine[0]) == len(value) and width <= min(SPAN, 2 * (len(mine) + 1)):
            mine.append(value)
        else:
            groups.append([value])
    dense = [g for g in groups if len(g) >= CHUNK]
    inside = {v for g in dense for v in g}
    return [(g[0], g[-1]) for g in dense], [v for v in wanted if v not in inside]


def _cell(row: Node, column: str) -> str:
    """The text of one cell of a row."""
    return next((text for tag, text in row.cells() if tag == column), "")


def _in_order(value: str) -> tuple[int, str]:
    return len(value), value


class Rows:
    """Reads rows of tables as typed records of one company.

    Args:
        client: the session.
        listed: name the core columns instead of asking for all (servers without AllColumns).
        codes: form types that differ at this site, by form table.
        route: another way to read tables; None reads by COMFND and COMFCH.
    """

    def __init__(
        self,
        client: EnetClient,
        *,
        listed: bool = False,
        codes: Mapping[str, str] | None = None,
        route: Route | None = None,
    ) -> None:
        self.client = client
        self.route = route
        self._listed = listed
        self.forms = FormReader(client, codes)
        self._readers: dict[str, dict[str, tuple[Column, translate.Reader]]] = {}

    @cached_property
    def rules(self) -> KeyRules:
        """How this company numbers its records, with stored widths read from first rows."""
        try:
            answer = self.client.query("IMPQIK", "<Query/>", "read the key rules")
        except (RemoteRejected, PermissionMissing):
            return KeyRules()
        rules = KeyRules.read(answer)
        for table, column in (("ArCustomer", "Customer"), ("ApSupplier", "Supplier"),
                              ("SorMaster", "SalesOrder")):  # fmt: skip
            found = self.raw(table, [], [column], 1, columns=[column])
            kind = kind_of(by_name(table)[column], table)
            if found and kind in rules.presented and found[0].value(column).isdigit():
                rules.widths[kind] = len(found[0].value(column))
        return rules

    def columns(self, table: str) -> Mapping[str, Column]:
        """Known columns of a table by name, custom-form columns included."""
        if tables()[table].is_form:
            return {**by_name(table), **self.forms.columns(table)}
        return by_name(table)

    def raw(
        self,
        table: str,
        tests: Sequence[Test],
        order: Sequence[str],
        limit: int,
        columns: Sequence[str] = (),
    ) -> list[Node]:
        """Rows as they came."""
        chosen = list(columns)
        if not chosen and self._listed:
            chosen = [c.name for c in tables()[table].columns if c.core or c.key]
        if self.route is not None:
            wanted = Wanted(table, tests, order, limit, chosen)
            return self.route.rows(wanted, self.columns(table))
        request: dict[str, Value] = {
            "TableName": table,
            "ReturnRows": str(limit),
            **({"Columns": {"Column": chosen}} if chosen else {"AllColumns": "Y"}),
            **({"Where": where(tests)} if tests else {}),
            **({"OrderBy": {"Column": list(order)}} if order else {}),
        }
        answer = self.client.query("COMFND", write("Query", request), f"read {table}")
        return answer.all("Row")

    def find(
        self, table: str, tests: Sequence[Test], order: Sequence[str] = (), limit: int = 100
    ) -> list[Record]:
        """Rows as typed records."""
        found = self.raw(table, tests, order or tables()[table].keys, limit)
        return [self.typed(table, row) for row in found]

    def typed(self, table: str, row: Node) -> Record:
        """One row as a record."""
        readers = self._readers.get(table)
        if readers is None:
            readers = self._readers[table] = {
                name.lower(): (column, translate.reader(column, table, self.rules))
                for name, column in self.columns(table).items()
            }
        return translate.record(tables()[table], readers, row)

    def among(self, table: str, column: str, values: Iterable[str]) -> list[Record]:
        """Rows whose ``column`` is one of the stored ``values``: by ranges where they lie close, else in chunks."""
        wanted = dict.fromkeys(v for v in values if v)
        ranges, single = near(wanted)
        made: list[Record] = []
        for first, last in ranges:
            tests = [Test(column, "GE", first), Test(column, "LE", last)]
            found = self.raw(table, tests, tables()[table].keys, 100_000)
            made += [self.typed(table, row) for row in found if _cell(row, column) in wanted]
        for start in range(0, len(single), CHUNK):
            tests = any_of(column, single[start : start + CHUNK])
            made += self.find(table, tests, limit=100_000)
        return made

    def stored(self, table: str, column: str, value: str) -> str:
        """A value for a Where tree: keys padded as the database holds them."""
        known = self.columns(table).get(column)
        return self.rules.store(known, table, value) if known else value

    def fetch(self, table: Table, parts: Sequence[str]) -> Node:
        """One row by its stored key (COMFCH).

        Raises:
            RecordMissing: there is none.
        """
        if self.route is not None:
            tests = [Test(c, "EQ", p) for c, p in zip(table.keys, parts, strict=False)]
            found = self.raw(table.name, tests, (), 1)
            if not found:
                raise RecordMissing(
                    system="syspro", call=f"read {table.name}", detail=f"No {'|'.join(parts)}."
                )
            return found[0]
        first, *rest = parts
        keys = {"Key": first, **{f"OptionalKey{n}": p for n, p in enumerate(rest, start=1)}}
        request = {"TableName": table.name, **keys, "FullKeyProvided": "Y"}
        return self.client.fetch(write("Fetch", request), f"read {table.name}")
