"""Which scope opens which resource: granular ones and the broad ones they replace."""

from __future__ import annotations

from collections.abc import Iterable

_AREAS = {
    "accounting.invoices": ("invoices", "creditnotes", "quotes", "purchaseorders", "repeatinginvoices",
                            "linkedtransactions"),
    "accounting.payments": ("payments", "batchpayments", "overpayments", "prepayments"),
    "accounting.banktransactions": ("banktransactions", "banktransfers"),
    "accounting.manualjournals": ("manualjournals",),
    "accounting.contacts": ("contacts", "contactgroups"),
    "accounting.settings": ("accounts", "brandingthemes", "currencies", "items", "organisation",
                            "taxrates", "trackingcategories", "users"),
}  # fmt: skip
_BROAD = {
    "accounting.invoices", "accounting.payments", "accounting.banktransactions",
    "accounting.manualjournals",
}  # fmt: skip


def allows(granted: Iterable[str], path: list[str], method: str) -> bool:
    """Whether the scopes allow the method on a path; unknown resources are not judged here.

    Args:
        granted: scopes of the token.
        path: segments below ``/api.xro/2.0``: resource, key, part.
        method: upper case.
    """
    held = set(granted)
    name = path[0].lower()
    if len(path) > 2 and path[2].lower() == "attachments":
        wanted = {"accounting.attachments"}
        return bool(
            held & (wanted | ({"accounting.attachments.read"} if method == "GET" else set()))
        )
    if name == "journals":
        return "accounting.journals.read" in held
    area = next((a for a, names in _AREAS.items() if name in names), None)
    if area is None:
        return True
    wanted = {area}
    if area in _BROAD:
        wanted.add("accounting.transactions")
    if method == "GET":
        wanted |= {f"{scope}.read" for scope in wanted}
    return bool(held & wanted)
