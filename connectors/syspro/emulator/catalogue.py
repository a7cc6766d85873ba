"""Which business objects this server knows, by verb."""

from __future__ import annotations

from connectors.syspro.emulator import (
    forms,
    generic,
    ledgers,
    orders_import,
    orders_read,
    orders_status,
    payables,
    payments,
    pricing,
    queries,
    receivables,
    setup,
    supplier_payments,
    system,
)
from connectors.syspro.emulator.context import BusinessObject

_QUERY: dict[str, BusinessObject] = {
    "APSQRY": queries.supplier,
    "ARSQRY": queries.customer,
    "COMBRW": generic.browse,
    "COMFCH": generic.fetch,
    "COMFCM": generic.fetch_many,
    "COMFND": generic.find,
    "COMKEY": generic.neighbour,
    "COMQCO": system.companies,
    "COMQER": queries.message,
    "COMQFM": forms.query,
    "COMQKY": system.edited_key,
    "GENQGL": queries.ledger_code,
    "IMPQIK": system.key_rules,
    "IMPQTX": queries.tax_codes,
    "INVQPL": pricing.price_list,
    "INVQRY": queries.stock,
    "SORQPL": pricing.for_customer,
    "SORQRY": orders_read.one,
    "SORQSO": orders_read.listed,
    "SORQUM": pricing.convert,
}
_POST: dict[str, BusinessObject] = {
    "APSTIN": payables.post,
    "APSTPM": supplier_payments.post,
    "ARSTIN": receivables.invoice,
    "ARSTPY": payments.post,
    "COMTFM": forms.post_row,
    "GENTJL": ledgers.journal,
    "SORTIC": orders_status.invoice,
    "SORTOI": orders_import.post,
    "SORTOS": orders_status.set_status,
    "SORTOX": orders_status.cancel_order,
}
_SETUP: dict[str, dict[str, BusinessObject]] = {
    verb: {"COMSFM": forms.setup_field, **setup.objects(verb)}
    for verb in ("Add", "Update", "Delete")
}
_BUILD: dict[str, BusinessObject] = {"SORRSL": pricing.line}


def find(verb: str, bo: str) -> BusinessObject | None:
    """The business object for a verb, or None where it does not exist."""
    if verb in ("Add", "Update", "Delete"):
        return _SETUP[verb].get(bo)
    return {"Query": _QUERY, "Post": _POST, "Build": _BUILD}[verb].get(bo)
