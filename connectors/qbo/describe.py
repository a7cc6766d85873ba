"""Labels and meanings of fields, for people and for proposals (``meanings.txt``)."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHORT = {
    "Addr": "address",
    "Ref": "",
    "Txn": "transaction",
    "Amt": "amount",
    "Num": "number",
    "Acct": "account",
    "Qty": "quantity",
    "Prefs": "preferences",
    "Desc": "description",
    "Curr": "currency",
    "CC": "card",
    "PO": "purchase order",
}


@cache
def _meanings() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in Path(__file__).with_name("meanings.txt").read_text(encoding="utf-8").splitlines():
        name, colon, meaning = line.partition(": ")
        if colon and not line.startswith("#"):
            found[name] = meaning
    return found


def words(name: str) -> str:
    """``ShipFromAddr`` as ``ship from address``."""
    pieces = (_SHORT.get(w, w if w.isupper() else w.lower()) for w in _WORDS.split(name))
    return " ".join(p for p in pieces if p)


def label(path: str) -> str:
    """The words a person would use: the last step, with its parent where that says more."""
    steps = path.replace("[]", "").split(".")
    if steps[-1] in ("value", "name") and len(steps) > 1:
        tail = " id" if steps[-1] == "value" else " name"
        return words(steps[-2]).capitalize() + tail
    inside = steps[-2] if len(steps) > 1 else ""
    if inside.endswith(("Addr", "Phone", "Email", "EmailAddr", "Mobile", "Fax")):
        return f"{words(inside)} {words(steps[-1])}".capitalize()
    return words(steps[-1]).capitalize()


@cache
def describe(entity: str, path: str) -> str:
    """What a field means; with an empty path, what the entity holds."""
    known = _meanings()
    if not path:
        return known.get(f"@{entity}", words(entity).capitalize())
    steps = path.replace("[]", "").split(".")
    if steps[-1] in ("value", "name") and len(steps) > 1:
        kind = "Key" if steps[-1] == "value" else "Name, filled in by QuickBooks,"
        return f"{kind} of: {_of(entity, steps[:-1])}"
    return _of(entity, steps)


def _of(entity: str, steps: list[str]) -> str:
    known = _meanings()
    whole = ".".join(steps)
    own = known.get(f"{entity}.{whole}") or known.get(whole) or known.get(".".join(steps[-2:]))
    leaf = own or known.get(steps[-1]) or f"{words(steps[-1])}".capitalize()
    if own or len(steps) == 1:
        return leaf
    above = known.get(steps[-2])
    place = above.partition(";")[0] if above else words(steps[-2])
    return f"{leaf} ({place[:1].lower()}{place[1:]})" if place else leaf
