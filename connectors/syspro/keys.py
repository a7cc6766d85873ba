"""Keys between the database (padded with zeros) and people (the presented form, reference 6.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.syspro.facts import Column
from connectors.syspro.xml import Node

_OF_TABLE = {
    "ArCustomer.Customer": "Customers",
    "ApSupplier.Supplier": "Suppliers",
    "InvMaster.StockCode": "StockCodes",
    "SorMaster.SalesOrder": "SalesOrders",
}
_OF_NAME = {
    "Customer": "Customers",
    "CustomerSub": "Customers",
    "Supplier": "Suppliers",
    "StockCode": "StockCodes",
    "SalesOrder": "SalesOrders",
    "Invoice": "ArInvoices",
    "LastInvoice": "ArInvoices",
    "InvoiceNumber": "ArInvoices",
}


def kind_of(column: Column, table: str = "") -> str:
    """Which numbering a column's values follow, or empty."""
    if table.startswith("Ap") and column.name == "Invoice":
        return ""  # suppliers number their own invoices
    return _OF_TABLE.get(column.references) or _OF_NAME.get(column.name, "")


@dataclass(frozen=True, slots=True)
class KeyRules:
    """How a company numbers its records: presented length by numbering, numeric ones only.

    ``widths`` are stored lengths that were read from a row; otherwise the column's length holds.
    """

    presented: dict[str, int] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def read(answer: Node) -> KeyRules:
        """The rules in an IMPQIK answer."""
        made = {}
        for kind in dict.fromkeys((*_OF_TABLE.values(), *_OF_NAME.values())):
            for node in answer.anywhere(kind):
                length = node.value("PresentationLength").strip()
                if node.value("KeyType").upper() == "N" and length.isdigit():
                    made[kind] = int(length)
        return KeyRules(made)

    def shows(self, column: Column, table: str) -> bool:
        """Whether a column holds keys that people know in another form."""
        return kind_of(column, table) in self.presented

    def show(self, column: Column, table: str, text: str) -> str:
        """A stored key as people know it."""
        length = self.presented.get(kind_of(column, table))
        if length is None or not text.isdigit():
            return text
        return text.lstrip("0").zfill(length)

    def store(self, column: Column, table: str, text: str) -> str:
        """A key in any form as the database holds it."""
        kind = kind_of(column, table)
        if kind not in self.presented or not text.isdigit():
            return text
        return text.lstrip("0").zfill(self.widths.get(kind) or column.length or len(text))
