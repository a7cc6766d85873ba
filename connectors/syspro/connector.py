"""The SYSPRO connector: one operator in one company, all ports in one object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from connectors.config import ConnectionConfig, Services
from connectors.parts import Assembled
from connectors.syspro.client import EnetClient
from connectors.syspro.form_design import FormDesign, FormField
from connectors.syspro.introspect import SysproIntrospector
from connectors.syspro.route_odata import ODataRoute
from connectors.syspro.route_sql import SqlRoute
from connectors.syspro.routes import Route
from connectors.syspro.rows import Rows
from connectors.syspro.selling import SysproSelling
from connectors.syspro.sink import SysproSink
from connectors.syspro.source import SysproSource
from engine.errors import RemoteFault, ValueRefused
from engine.ports import Connector, ForSale, Health, Quote, Sold, Standing


class SysproConnector(Assembled):
    """Implements ``engine.ports.Connector`` over e.net REST.

    Args:
        config: ``base_url``, ``company``; settings and secrets as ``EnetClient`` and
            ``SysproSource`` describe them.
        services: lane, clock, evidence, transport.
    """

    system = "syspro"

    def __init__(self, config: ConnectionConfig, services: Services) -> None:
        self.client = EnetClient(config, services)
        self.rows = Rows(
            self.client,
            listed=config.setting("columns") == "listed",
            codes=_form_codes(config.setting("form_types")),
            route=_route(config, services),
        )
        self.source = SysproSource(self.rows, config)
        self.sink = SysproSink(self.rows, self.source, config)
        self.selling = SysproSelling(self.client, self.rows, self.source)
        self.introspector = SysproIntrospector(self.rows, config.company, self.client.operator)

    def quote(
        self, customer: str, item: str, quantity: Decimal = Decimal(1), unit: str = ""
    ) -> Quote:
        """What the customer pays for the item (SORRSL)."""
        return self.selling.quote(customer, item, quantity, unit)

    def standing(self, customer: str) -> Standing | None:
        """The customer's hold and credit limit."""
        return self.selling.standing(customer)

    def for_sale(self, *, cursor: str = "", limit: int = 100) -> tuple[list[ForSale], str]:
        """Items, and the cursor to go on from."""
        return self.selling.for_sale(cursor=cursor, limit=limit)

    def on_sale(self, item: str) -> ForSale | None:
        """One item as it is now."""
        return self.selling.on_sale(item)

    def sold(self, customer: str, since: date) -> list[Sold]:
        """The customer's orders and invoices."""
        return self.selling.sold(customer, since)

    def design_form(self, form: str, wanted: Sequence[FormField]) -> FormDesign:
        """What an administrator has left to define so that a form holds these fields.

        Args:
            form: table of the form, such as ``CusSorMaster+``.
            wanted: the fields.

        Raises:
            ValueRefused: no such form, or a field that SYSPRO cannot hold.
        """
        return self.rows.forms.design(form, wanted)

    def companies(self) -> dict[str, str]:
        """Companies of the server: id and name (COMQCO)."""
        answer = self.client.query("COMQCO", "<Query/>", "list companies")
        return {n.value("CompanyId"): n.value("CompanyName") for n in answer.anywhere("Company")}

    def check(self) -> Health:
        """Log on and read the logon profile; a second read route reads one row."""
        try:
            answer = self.client.profile()
            if self.rows.route is not None:
                self.rows.raw("ArCustomer", (), (), 1)
        except RemoteFault as fault:
            return Health(ok=False, detail=str(fault), error=fault)
        name = next((n.text for n in answer.anywhere("CompanyName")), "")
        who = f"{self.client.operator} in {self.client.company}"
        return Health(ok=True, who=who, detail=name)

    def close(self) -> None:
        """Log off and close sockets."""
        self.client.close()
        if self.rows.route is not None:
            self.rows.route.close()


def _form_codes(setting: str) -> dict[str, str]:
    """``CusSorMaster+=ORD,ArCustomer+=CUS`` as pairs."""
    pairs = (part.partition("=") for part in setting.split(",") if "=" in part)
    return {form.strip(): code.strip() for form, _, code in pairs}


def _route(config: ConnectionConfig, services: Services) -> Route | None:
    """The read route of the setting ``read``: ``enet`` (none), ``sql`` or ``odata``.

    Raises:
        ValueRefused: another word, or the address of the route is missing.
    """
    kind = config.setting("read", "enet")
    if kind == "sql" and config.secret("sql_url"):
        return SqlRoute(config.secret("sql_url"))
    if kind == "odata" and config.setting("odata_url"):
        return ODataRoute(config, services)
    if kind == "enet":
        return None
    raise ValueRefused(
        system="syspro",
        call="connect",
        field="read",
        detail="read is enet, sql (with the secret sql_url) or odata (with odata_url).",
    )


def connect(config: ConnectionConfig, services: Services) -> Connector:
    """The connector of a SYSPRO connection; nothing is called before it is needed."""
    return SysproConnector(config, services)
