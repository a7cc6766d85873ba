"""The second read routes: the same records come by e.net, by SQL (here SQLite) and by OData."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy.dialects import mssql

from connectors.config import Services
from connectors.emulation.clock import EmulatorClock
from connectors.emulation.serve import Running
from connectors.registry import sandbox
from connectors.syspro import routes
from connectors.syspro.connector import SysproConnector
from connectors.syspro.facts import by_name
from connectors.syspro.route_odata import query
from connectors.syspro.route_sql import SqlRoute
from connectors.syspro.routes import Wanted
from engine.errors import AccessDenied, RemoteRejected, ValueRefused
from engine.ports import Draft

TABLES = ("ArCustomer", "InvMaster", "SorMaster", "ArInvoice", "ApSupplier", "GenJournalCtl")


@pytest.fixture
def by(
    served: Running, clock: EmulatorClock, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[..., SysproConnector]:
    """A connector that reads by a route; SQL reads a copy of the company made now."""

    def made(route: str, **settings: str) -> SysproConnector:
        config = sandbox("syspro", served.hello())
        secrets = dict(config.secrets)
        if route == "sql":
            emulator: Any = served.emulator
            emulator.copy_to("EDU1", tmp_path / "EDU1.sqlite")
            secrets["sql_url"] = SecretStr(f"sqlite:///{tmp_path / 'EDU1.sqlite'}")
        base = f"{served.url}/SYSPROOData/EDU1"
        chosen = {**config.settings, "read": route, "odata_url": base, **settings}
        changed = config.model_copy(update={"settings": chosen, "secrets": secrets})
        connector = SysproConnector(changed, Services(clock=clock))
        request.addfinalizer(connector.close)
        return connector

    return made


@pytest.mark.parametrize("route", ["sql", "odata"])
def test_every_route_brings_the_same_records(
    by: Callable[..., SysproConnector], route: str
) -> None:
    usual, other = by("enet"), by(route)
    assert other.check().ok
    for table in TABLES:
        wanted = usual.changes(table, limit=7)
        found = other.changes(table, limit=7)
        assert found.records == wanted.records, table
        following = usual.changes(table, cursor=wanted.cursor, limit=7)
        assert other.changes(table, cursor=found.cursor, limit=7).records == following.records
        one = wanted.records[-1]
        assert other.read(table, one.key) == one
    assert other.read("ArCustomer", "0099999") is None
    by_reference = {"CustomerPoNumber": str(usual.changes("SorMaster", limit=1).records[0].data["CustomerPoNumber"])}  # fmt: skip
    assert other.find("SorMaster", by_reference) == usual.find("SorMaster", by_reference)


def test_what_is_written_by_e_net_is_read_by_odata(by: Callable[..., SysproConnector]) -> None:
    connector = by("odata")
    cursor = connector.changes("ArCustomer", limit=1000).cursor
    connector.create(Draft("ArCustomer", {"Customer": "9001", "Name": "O'Brien & Sons"}, "k"))
    found = connector.changes("ArCustomer", cursor=cursor, limit=10).records
    assert [r.data["Name"] for r in found] == ["O'Brien & Sons"]
    assert connector.find("ArCustomer", {"Name": "O'Brien & Sons"})


def test_operator_security_and_sign_in_hold_on_odata(
    by: Callable[..., SysproConnector], served: Running
) -> None:
    path = f"{served.url}/SYSPROOData/EDU1/InvWarehouse?$top=1"
    clerk = httpx.get(path, auth=("CLERK", served.hello()["operator_password"])).json()
    assert "UnitCost" not in clerk["value"][0]
    assert httpx.get(path).status_code == 401
    studio = ("STUDIO", served.hello()["operator_password"])
    assert httpx.get(f"{path}&$filter=Nope eq 'x'", auth=studio).status_code == 400
    assert httpx.get(f"{path}&$filter=Warehouse", auth=studio).status_code == 400
    down = (
        f"{served.url}/SYSPROOData/EDU1/ArCustomer?$orderby=Customer desc&$top=2&$select=Customer"
    )
    keys = [r["Customer"] for r in httpx.get(down, auth=studio).json()["value"]]
    assert keys == sorted(keys, reverse=True)
    with pytest.raises(AccessDenied):
        by("odata", operator="NOBODY").rows.raw("ArCustomer", (), (), 1)
    with pytest.raises(RemoteRejected):
        by("odata", odata_url=f"{served.url}/SYSPROOData/XXXX").rows.raw("ArCustomer", (), (), 1)


def test_a_missing_table_or_column_is_refused_and_a_route_needs_its_address(
    by: Callable[..., SysproConnector], tmp_path: Path
) -> None:
    route = SqlRoute(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    with pytest.raises(RemoteRejected, match="not found"):
        route.rows(Wanted("ArCustomer"), {})
    with pytest.raises(RemoteRejected, match="Column Nope"):
        by("sql").rows.raw("ArCustomer", (), (), 1, columns=["Nope"])
    with pytest.raises(ValueRefused):
        by("odata", odata_url="")


def test_sql_server_is_asked_with_exact_names_and_only_for_finished_transactions(
    by: Callable[..., SysproConnector],
) -> None:
    route = by("sql").rows.route
    assert isinstance(route, SqlRoute)
    wanted = Wanted(
        "CusSorMaster+", [routes.Test("SalesOrder", "EQ", "1"), routes.Test("SalesOrder", "EQ", "2", "Or")],
        ["SalesOrder"], 5,
    )  # fmt: skip
    text = str(route.statement(wanted, by_name("CusSorMaster+")).compile(dialect=mssql.dialect()))
    assert "FROM [CusSorMaster+]" in text
    assert "TOP" in text
    assert " OR " in text


def test_the_filter_of_odata_quotes_dates_numbers_and_row_versions() -> None:
    tests = [
        routes.Test("Name", "EQ", "O'Brien"), routes.Test("CreditLimit", "GE", "5"),
        routes.Test("DateLastSale", "GT", "2026-05-01"), routes.Test("TimeStamp", "GT", "0x01"),
    ]  # fmt: skip
    made = query(Wanted("ArCustomer", tests, ["Customer"]), by_name("ArCustomer"))["$filter"]
    assert made == (
        "Name eq 'O''Brien' and CreditLimit ge 5 and DateLastSale gt 2026-05-01T00:00:00Z "
        "and TimeStamp gt binary'AAAAAAAAAAE='"
    )


def test_a_nested_and_a_plain_condition_hold_together(
    by: Callable[..., SysproConnector],
) -> None:
    connector = by("enet")
    order = next(r for r in connector.changes("SorMaster", limit=20).records if r.data["SorDetail"])
    line = order.data["SorDetail"][0]  # type: ignore[index,call-overload]
    where = {"SorDetail[].MStockCode": str(line["MStockCode"]), "CustomerPoNumber": str(order.data["CustomerPoNumber"])}  # fmt: skip
    assert [r.key for r in connector.find("SorMaster", where)] == [order.key]
    assert connector.find("SorMaster", {**where, "CustomerPoNumber": "none"}) == []
