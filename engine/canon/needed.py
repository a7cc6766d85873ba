"""Fields without which a document that moves money has no amount, and those without which it has no tax.

Every canonical field is optional by itself, because no source has them all. What is listed here decides
what is posted: totals are derived from it (``engine.canon.totals``), so where it is open the document
goes out with amounts of zero, and nothing else would say so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

WITH_LINES = ("sales_order", "invoice", "credit_note", "bill")
AMOUNTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(WITH_LINES, ("lines[].net_amount",)),
    "payment": ("amount", "allocations[].amount"),
    "journal": ("lines[].debit", "lines[].credit"),
}
TAXES: dict[str, tuple[str, ...]] = dict.fromkeys(
    WITH_LINES, ("lines[].tax_code", "lines[].tax_rate")
)
# A payment that names no document stays on account; a list that is not filled at all needs no amount.
MAY_BE_EMPTY = ("allocations[]",)


def missing_amounts(kind: str, filled: Mapping[str, Collection[str]]) -> list[str]:
    """Paths of amounts that a mapping to a canonical kind leaves open.

    Args:
        kind: canonical kind, e.g. ``sales_order``.
        filled: loop (``lines[]``, ``lines[]#2``, empty for the document itself) -> full paths it fills.
    """
    return [p for p in AMOUNTS.get(kind, ()) if _is_open(kind, p, filled)]


def _is_open(kind: str, path: str, filled: Mapping[str, Collection[str]]) -> bool:
    place = path.rpartition(".")[0]
    loops = [paths for loop, paths in filled.items() if loop.partition("#")[0] == place]
    if not loops:
        return place not in MAY_BE_EMPTY
    if kind == "journal":
        # One loop may make the debits and another one the credits.
        return not any(path in paths for paths in loops)
    return not all(path in paths for paths in loops)


def open_taxes(kind: str, filled: Mapping[str, Collection[str]]) -> list[str]:
    """Paths of tax fields that are filled nowhere; a rate is not missed where the tax itself is said."""
    said = {path for paths in filled.values() for path in paths}
    wanted = TAXES.get(kind, ())
    if "lines[].tax_amount" in said:
        wanted = tuple(p for p in wanted if p != "lines[].tax_rate")
    return [p for p in wanted if p not in said]
