"""Which business objects this server knows, by verb."""

from __future__ import annotations

from connectors.syspro.emulator import forms, generic, orders_read, setup, system
from connectors.syspro.emulator.context import BusinessObject

_QUERY: dict[str, BusinessObject] = {
    "COMFND": generic.find,
    "COMFCH": generic.fetch,
    "COMFCM": generic.fetch_many,
    "COMBRW": generic.browse,
    "COMKEY": generic.neighbour,
    "COMQFM": forms.query,
    "COMQKY": system.edited_key,
    "COMQCO": system.companies,
    "IMPQIK": system.key_rules,
    "SORQRY": orders_read.one,
    "SORQSO": orders_read.listed,
}
_POST: dict[str, BusinessObject] = {
    "COMTFM": forms.post_row,
}
_SETUP: dict[str, dict[str, BusinessObject]] = {
    verb: {"COMSFM": forms.setup_field, **setup.objects(verb)}
    for verb in ("Add", "Update", "Delete")
}
_BUILD: dict[str, BusinessObject] = {}


def find(verb: str, bo: str) -> BusinessObject | None:
    """The business object for a verb, or None where it does not exist."""
    if verb in ("Add", "Update", "Delete"):
        return _SETUP[verb].get(bo)
    return {"Query": _QUERY, "Post": _POST, "Build": _BUILD}[verb].get(bo)
