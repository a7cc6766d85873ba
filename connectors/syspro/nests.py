"""Which tables hang inside which record: lines, addresses, prices, custom forms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nest:
    """Rows of ``table`` inside a record, found by ``column`` = the parent's ``parent_key``.

    ``many``: a list under the table's name; otherwise one object.
    """

    table: str
    column: str
    parent_key: str
    many: bool = True


NESTS: dict[str, tuple[Nest, ...]] = {
    "ArCustomer": (Nest("ArMultAddress", "Customer", "Customer"),),
    "ApSupplier": (Nest("ApSupplierAddr", "Supplier", "Supplier", many=False),),
    "InvMaster": (
        Nest("InvWarehouse", "StockCode", "StockCode"),
        Nest("InvPrice", "StockCode", "StockCode"),
    ),
    "SorMaster": (Nest("SorDetail", "SalesOrder", "SalesOrder"),),
    "ArInvoice": (Nest("ArInvoicePay", "Invoice", "Invoice"),),
    "GenJournalCtl": (Nest("GenJournalDetail", "Journal", "GlJournal"),),
    "PorMasterHdr": (Nest("PorMasterDetail", "PurchaseOrder", "PurchaseOrder"),),
}
# The parent's column that must agree as well, where the join column alone is not unique.
ALSO: dict[str, tuple[tuple[str, str], ...]] = {
    "ArInvoicePay": (("Customer", "Customer"), ("DocumentType", "DocumentType")),
    "GenJournalDetail": (("GlYear", "GlYear"), ("GlPeriod", "GlPeriod")),
}
